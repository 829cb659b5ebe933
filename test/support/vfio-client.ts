// A client's side of vfio-user, as a test needs it: commands as bytes, replies taken apart.

import { commandMessage, commands, createFramer, headerOf, headerSize, payloadOf, setAccess, sizes } from "../../src/vfio-user/wire.ts";
import type { Header } from "../../src/vfio-user/wire.ts";

/** What QEMU 11.1.3 proposes. */
export const qemuCapabilities = { capabilities: { migration: { pgsize: 4096, max_bitmap_size: 268_435_456 }, max_msg_fds: 16, max_data_xfer_size: 1_048_576, pgsizes: 4096, max_dma_maps: 65_535, write_multiple: true } };

/** VERSION with the text behind its numbers; null: none. */
export function versionCommand(id: number, text: string | null = `${JSON.stringify(qemuCapabilities)}\0`, major = 0, minor = 0): Uint8Array {
  const data = new TextEncoder().encode(text ?? "");
  const message = commandMessage(id, commands.version, sizes.version + data.length);
  payloadOf(message).setUint16(0, major, true);
  payloadOf(message).setUint16(2, minor, true);
  message.set(data, headerSize + sizes.version);
  return message;
}

/** A command whose payload is 32-bit words. */
export function wordsCommand(id: number, command: number, words: readonly number[], isReplyWanted = true): Uint8Array {
  const message = commandMessage(id, command, words.length * 4, isReplyWanted);
  words.forEach((word, at) => payloadOf(message).setUint32(at * 4, word, true));
  return message;
}

export function readCommand(id: number, region: number, offset: bigint | number, count: number, isReplyWanted = true): Uint8Array {
  const message = commandMessage(id, commands.regionRead, sizes.access, isReplyWanted);
  setAccess(payloadOf(message), { region, offset: BigInt(offset), count });
  return message;
}

/** @param count what the message states; the bytes that come with it otherwise */
export function writeCommand(id: number, region: number, offset: bigint | number, data: readonly number[], isReplyWanted = true, count = data.length): Uint8Array {
  const message = commandMessage(id, commands.regionWrite, sizes.access + data.length, isReplyWanted);
  setAccess(payloadOf(message), { region, offset: BigInt(offset), count });
  message.set(data, headerSize + sizes.access);
  return message;
}

export function mapCommand(id: number, address: bigint, size: bigint, flags = 3, argsz: number = sizes.dmaMap): Uint8Array {
  const message = wordsCommand(id, commands.dmaMap, [argsz, flags, 0, 0, 0, 0, 0, 0]);
  payloadOf(message).setBigUint64(16, address, true);
  payloadOf(message).setBigUint64(24, size, true);
  return message;
}

export function unmapCommand(id: number, address: bigint, size: bigint, flags = 0, argsz: number = sizes.dmaUnmap): Uint8Array {
  const message = wordsCommand(id, commands.dmaUnmap, [argsz, flags, 0, 0, 0, 0]);
  payloadOf(message).setBigUint64(8, address, true);
  payloadOf(message).setBigUint64(16, size, true);
  return message;
}

/** The client's answer to a command of the server. */
export function clientReply(id: number, errno = 0): Uint8Array {
  const message = commandMessage(id, commands.dmaWrite, 0);
  const view = new DataView(message.buffer);
  view.setUint32(8, errno === 0 ? 1 : 0x21, true);
  view.setUint32(12, errno, true);
  return message;
}

export interface Received extends Header {
  readonly bytes: Uint8Array;
  /** Behind the header. */
  readonly payload: Uint8Array;
}

/** Takes what the server sent apart; whatever is no whole message is an error of the server. */
export function received(pieces: readonly Uint8Array[]): Received[] {
  const framer = createFramer();
  const messages: Received[] = [];
  for (const piece of pieces) {
    framer.push(Uint8Array.from(piece));
    for (;;) {
      const message = framer.next();
      if (message === null) break;
      if (message === "broken") throw new Error("the server sent no message");
      messages.push({ ...headerOf(message), bytes: message, payload: message.subarray(headerSize) });
    }
  }
  if (framer.held !== 0) throw new Error(`${framer.held} bytes of the server are no message`);
  return messages;
}

/** Words of 32 bits, the last ones that are no whole word left out. */
export const wordsOf = (bytes: Uint8Array): number[] => Array.from({ length: Math.floor(bytes.length / 4) }, (_, at) => new DataView(bytes.buffer, bytes.byteOffset).getUint32(at * 4, true));

export const joined = (...pieces: readonly Uint8Array[]): Uint8Array => {
  const all = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
};
