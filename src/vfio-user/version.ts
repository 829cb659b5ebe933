// VFIO_USER_VERSION: what client and server agree on before anything else. Major 0, minor up to 1; capabilities are those the client named and this server has.

import type { Errno } from "./wire.ts";
import { errnos, headerSize, limits, replyMessage, sizes } from "./wire.ts";

const major = 0;
const highestMinor = 1;
/** 4 KiB: what a client may take for granted. */
const pageSize = 4096;

export interface Agreement {
  /** Bytes of data in one access, the smaller of both sides' limits. */
  readonly data: number;
  /** The reply's payload. */
  readonly payload: Uint8Array;
}

type Capabilities = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Capabilities => typeof value === "object" && value !== null && !Array.isArray(value);

/** The capabilities of the JSON behind the version numbers; null: it is no such JSON. */
function capabilitiesOf(data: Uint8Array): Capabilities | null {
  if (data.length > limits.versionData || data.at(-1) !== 0) return null;
  try {
    const value: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(data.subarray(0, -1)));
    if (!isObject(value)) return null;
    const capabilities = value["capabilities"] ?? {};
    return isObject(capabilities) ? capabilities : null;
  } catch {
    return null;
  }
}

/** What each capability is answered with; undefined: with nothing, and the protocol's default holds. What is not here (write_multiple, migration, twin_socket) is not had, and not answered. */
const answers: Readonly<Record<string, (proposed: number) => number | undefined>> = {
  // None can be received here; but 1 is what a client does without a word, and QEMU divides vectors among messages by it.
  max_msg_fds: (proposed) => Math.min(proposed, 1),
  max_data_xfer_size: (proposed) => Math.min(proposed, limits.data),
  max_dma_maps: (proposed) => Math.min(proposed, limits.dmaRanges),
  pgsizes: (proposed) => (proposed % pageSize === 0 && proposed !== 0 && Number.isSafeInteger(proposed) ? proposed : undefined),
};

/**
 * What to answer to the payload of a VERSION command: its numbers, and the capabilities both have. An error says that there is no common version, or that
 * the message is malformed. The answer is never longer than a client that names these capabilities has room for.
 */
export function negotiate(payload: Uint8Array): Agreement | Errno {
  if (payload.length < sizes.version) return errnos.EINVAL;
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  if (view.getUint16(0, true) !== major) return errnos.EINVAL;
  const minor = Math.min(view.getUint16(2, true), highestMinor);
  const proposed = payload.length === sizes.version ? {} : capabilitiesOf(payload.subarray(sizes.version));
  if (proposed === null) return errnos.EINVAL;
  const agreed: Record<string, number> = {};
  for (const [name, answer] of Object.entries(answers)) {
    const value = proposed[name];
    if (value === undefined) continue;
    if (typeof value !== "number" || !Number.isInteger(value) || value < 0) return errnos.EINVAL;
    const own = answer(value);
    if (own !== undefined) agreed[name] = own;
  }
  const text = payload.length === sizes.version ? new Uint8Array(0) : new TextEncoder().encode(`${JSON.stringify({ capabilities: agreed })}\0`);
  const answer = new Uint8Array(sizes.version + text.length);
  new DataView(answer.buffer).setUint16(2, minor, true);
  answer.set(text, sizes.version);
  return { data: agreed["max_data_xfer_size"] ?? limits.data, payload: answer };
}

/** The reply that carries an agreement. */
export function versionReply(request: { readonly id: number; readonly command: number }, { payload }: Agreement): Uint8Array {
  const reply = replyMessage(request, payload.length);
  reply.set(payload, headerSize);
  return reply;
}
