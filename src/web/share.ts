// What a link holds: a scenario with the choices of its run, packed into the part behind the #, which no server is sent. Read with distrust: anybody can make one.

import { crc32 } from "../sim/crc32.ts";
import type { Document } from "./store/contract.ts";

/** A state of the page that a link leads to. */
export interface SharedState extends Document {
  /** Where in the run, virtual ns; absent: at its end. */
  readonly atNs?: number;
  readonly panel?: string;
}

/** A bundled scenario, unchanged. */
export interface SharedLibrary extends Pick<SharedState, "seed" | "schedule" | "atNs" | "panel"> {
  readonly path: string;
}

export type ReadLink =
  | { readonly kind: "none" }
  | { readonly kind: "state"; readonly state: SharedState }
  | { readonly kind: "library"; readonly library: SharedLibrary }
  /** A scenario or trace to be fetched. */
  | { readonly kind: "open"; readonly url: string }
  /** Nothing was opened, and why. */
  | { readonly kind: "refused"; readonly reason: string };

/** Letters of a hash. */
export const longestHash = 64 * 1024;
/** Bytes that a link unpacks to; unpacking stops there. */
export const mostUnpacked = 256 * 1024;
const version = "s1";
const highestSeed = 0xffff_ffff;
const longestName = 1024;
const mostIncludes = 32;

class LinkError extends Error {}

const chunk = 8192;
function toBase64(bytes: Uint8Array): string {
  let letters = "";
  for (let at = 0; at < bytes.length; at += chunk) letters += String.fromCharCode(...bytes.subarray(at, at + chunk));
  return btoa(letters).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

const damaged = "This link is damaged: letters of it are missing or changed. Ask for it again, or for the scenario as a file.";

function fromBase64(text: string): Uint8Array {
  if (!/^[A-Za-z0-9_-]*$/.test(text)) throw new LinkError(damaged);
  try {
    return Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));
  } catch {
    throw new LinkError(damaged);
  }
}

/** All bytes of a stream, of which there may be `most`. */
async function gathered(stream: ReadableStream<Uint8Array>, most: number): Promise<Uint8Array> {
  const reader = stream.getReader();
  const parts: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read().catch(() => {
      throw new LinkError(damaged);
    });
    if (done) break;
    length += value.length;
    if (length > most) {
      void reader.cancel().catch(() => undefined);
      throw new LinkError(`This link unpacks to more than ${most / 1024} KiB, which no scenario has. It was not opened.`);
    }
    parts.push(value);
  }
  const all = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

const through = (bytes: Uint8Array, transform: CompressionStream | DecompressionStream): ReadableStream<Uint8Array> => new Blob([bytes as Uint8Array<ArrayBuffer>]).stream().pipeThrough(transform as ReadableWritablePair<Uint8Array, Uint8Array>);

/** The hash of a link, with its #. */
export async function packState({ file, text, includes, seed, schedule, atNs, panel }: SharedState): Promise<{ readonly kind: "link"; readonly hash: string } | { readonly kind: "refused"; readonly reason: string }> {
  const bytes = new TextEncoder().encode(JSON.stringify({ file, text, includes, seed, schedule, atNs, panel }));
  const tooLong = { kind: "refused", reason: "The scenario is too long for a link. Download it, and send the file." } as const;
  if (bytes.length > mostUnpacked) return tooLong;
  const packed = await gathered(through(bytes, new CompressionStream("deflate-raw")), Number.MAX_SAFE_INTEGER);
  // What is packed has no check of its own: a changed letter could unpack to another scenario.
  const whole = new Uint8Array(4 + packed.length);
  new DataView(whole.buffer).setUint32(0, crc32(bytes), true);
  whole.set(packed, 4);
  const hash = `#${version}=${toBase64(whole)}`;
  return hash.length > longestHash ? tooLong : { kind: "link", hash };
}

type Mapping = Readonly<Record<string, unknown>>;
const isMapping = (value: unknown): value is Mapping => typeof value === "object" && value !== null && !Array.isArray(value);
const isName = (value: unknown): value is string => typeof value === "string" && value !== "" && value.length <= longestName;
const isSeed = (value: unknown): value is number => typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= highestSeed;
const isTime = (value: unknown): value is number => typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
const isSchedule = (value: unknown): value is Document["schedule"] => value === "fixed" || value === "seeded";
const isTexts = (value: unknown): value is Readonly<Record<string, string>> => isMapping(value) && Object.keys(value).length <= mostIncludes && Object.entries(value).every(([name, text]) => isName(name) && name !== "__proto__" && typeof text === "string");

function stateOf(value: unknown): SharedState {
  if (!isMapping(value)) throw new LinkError(damaged);
  const { file, text, includes, seed, schedule, atNs, panel } = value;
  if (!isName(file) || typeof text !== "string" || !isTexts(includes) || !isSeed(seed) || !isSchedule(schedule)) throw new LinkError("This link holds no scenario. It was not opened.");
  return { file, text, includes, seed, schedule, ...(isTime(atNs) ? { atNs } : {}), ...(isName(panel) ? { panel } : {}) };
}

async function unpacked(text: string): Promise<SharedState> {
  const whole = fromBase64(text);
  if (whole.length < 5) throw new LinkError(damaged);
  const bytes = await gathered(through(whole.subarray(4), new DecompressionStream("deflate-raw")), mostUnpacked);
  if (crc32(bytes) >>> 0 !== new DataView(whole.buffer).getUint32(0, true)) throw new LinkError(damaged);
  return stateOf(JSON.parse(new TextDecoder().decode(bytes)));
}

/** The hash of a link to a bundled scenario that was not changed. */
export function libraryHash({ path, seed, schedule, atNs, panel }: SharedLibrary): string {
  const words = [`lib=${path.split("/").map(encodeURIComponent).join("/")}`, `seed=${seed}`, ...(schedule === "fixed" ? [] : [`schedule=${schedule}`]), ...(atNs === undefined ? [] : [`at=${atNs}`]), ...(panel === undefined ? [] : [`panel=${encodeURIComponent(panel)}`])];
  return `#${words.join("&")}`;
}

const number = (text: string | null): number | undefined => (text !== null && /^\d{1,16}$/.test(text) ? Number(text) : undefined);

function libraryOf(words: URLSearchParams): SharedLibrary {
  const [path, seed, schedule, at, panel] = [words.get("lib") ?? "", number(words.get("seed") ?? "1"), words.get("schedule") ?? "fixed", number(words.get("at")), words.get("panel")];
  if (!isName(path)) throw new LinkError("This link names no scenario of the library.");
  if (!isSeed(seed)) throw new LinkError(`This link has no good seed; a seed is a whole number from 0 to ${highestSeed}.`);
  if (!isSchedule(schedule)) throw new LinkError("This link has no good schedule; it is fixed or seeded.");
  return { path, seed, schedule, ...(isTime(at) ? { atNs: at } : {}), ...(isName(panel) ? { panel } : {}) };
}

/** What a hash leads to. It never throws, and takes no more room than the limits above. */
export async function readLink(hash: string): Promise<ReadLink> {
  if (hash.length > longestHash) return { kind: "refused", reason: `This link is too long: ${Math.ceil(hash.length / 1024)} KiB, where ${longestHash / 1024} are possible. Ask for the scenario as a file.` };
  const body = hash.replace(/^#/, "");
  try {
    const packed = /^s(\d+)=(.*)$/s.exec(body);
    if (packed !== null && `s${packed[1]}` !== version) return { kind: "refused", reason: `This link was made by another version of the page (s${packed[1]?.slice(0, 9)}); this one reads ${version}. Use the page that it was made with, or ask for the scenario as a file.` };
    if (packed !== null) return { kind: "state", state: await unpacked(packed[2] ?? "") };
    const words = new URLSearchParams(body);
    const url = words.get("open");
    if (url !== null && url !== "") return { kind: "open", url };
    return words.has("lib") ? { kind: "library", library: libraryOf(words) } : { kind: "none" };
  } catch (error) {
    if (error instanceof LinkError) return { kind: "refused", reason: error.message };
    if (error instanceof SyntaxError) return { kind: "refused", reason: damaged };
    throw error;
  }
}
