// Messages that a hostile client might send: well-formed ones with lengths, commands, flags and counts changed, cut, doubled, in pieces of any size, with clients
// who go in the middle and who do not read. Everything follows from the seed. What has to be answered is found by a second reading of the same bytes.

import type { RandomState } from "../../src/sim/random.ts";
import { createRandom, nextBelow, nextUint32 } from "../../src/sim/random.ts";
import type { Connection } from "../../src/vfio-user/connection.ts";
import { createConnection } from "../../src/vfio-user/connection.ts";
import type { InterruptSink, ServedFunction } from "../../src/vfio-user/contract.ts";
import { commandMessage, commands, headerOf, headerSize, limits, payloadOf } from "../../src/vfio-user/wire.ts";
import { registerTable } from "../support/register-table.ts";
import { clientReply, joined, mapCommand, readCommand, received, unmapCommand, versionCommand, wordsCommand, writeCommand } from "../support/vfio-client.ts";

export interface FuzzSummary {
  /** Sent, whole or not. */
  readonly messages: number;
  /** That came whole to a client not yet sent away, as their frames say. */
  readonly taken: number;
  readonly clients: number;
  /** Clients whom the server sent away. */
  readonly sentAway: number;
  readonly replies: number;
  readonly refused: number;
  readonly interrupts: number;
  /** The most DMA ranges a client had. */
  readonly ranges: number;
}

const oneOf = <T>(random: RandomState, values: readonly T[]): T => values[nextBelow(random, values.length)] as T;
const chance = (random: RandomState, outOf: number): boolean => nextBelow(random, outOf) === 0;
const edges = [0, 1, 3, 15, 16, 17, 31, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff, limits.data, limits.message, limits.message + 1];
const numberOf = (random: RandomState): number => (chance(random, 2) ? oneOf(random, edges) : nextUint32(random));

const builders: readonly ((random: RandomState, id: number) => Uint8Array)[] = [
  (random, id) => readCommand(id, nextBelow(random, 9), nextBelow(random, 4100), oneOf(random, [1, 2, 3, 4, 7, 8])),
  (random, id) => readCommand(id, oneOf(random, [0, 2, 7]), nextBelow(random, 4096), chance(random, 20) ? nextBelow(random, 65_536) : nextBelow(random, 70), !chance(random, 10)),
  (random, id) => writeCommand(id, nextBelow(random, 9), nextBelow(random, 4100), Array.from({ length: nextBelow(random, 20) }, () => nextBelow(random, 256)), !chance(random, 4)),
  (random, id) => mapCommand(id, BigInt(nextBelow(random, 4096)) << 12n, BigInt(1 + nextBelow(random, 3)) << 12n),
  (random, id) => unmapCommand(id, BigInt(nextBelow(random, 64)) << 12n, BigInt(1 + nextBelow(random, 3)) << 12n),
  (random, id) => (chance(random, 50) ? unmapCommand(id, 0n, 0n, 2) : mapCommand(id, BigInt(id) << 16n, 4096n)),
  (random, id) => wordsCommand(id, commands.deviceGetInfo, [numberOf(random), 0, 0, 0]),
  (random, id) => wordsCommand(id, commands.deviceGetRegionInfo, [32, 0, nextBelow(random, 10), 0, 0, 0, 0, 0]),
  (random, id) => wordsCommand(id, commands.deviceGetIrqInfo, [16, 0, nextBelow(random, 6), 0]),
  (random, id) => wordsCommand(id, commands.deviceGetRegionIoFds, [16, 0, nextBelow(random, 10), 0]),
  (random, id) => wordsCommand(id, commands.deviceSetIrqs, [20, oneOf(random, [0x24, 0x21, 0x22, 0x0c, nextUint32(random)]), nextBelow(random, 6), nextBelow(random, 20), oneOf(random, [0, 1, 16, 0xffff_ffff])]),
  (random, id) => commandMessage(id, oneOf(random, [commands.deviceReset, commands.deviceFeature, nextBelow(random, 0x1_0000)]), nextBelow(random, 40)),
  (random, id) => (chance(random, 3) ? versionCommand(id) : clientReply(id, nextBelow(random, 3))),
  (_random, id) => commandMessage(id, commands.deviceReset, 0),
];

/** Changes a message so that it may be none any more. */
const mutations: readonly ((random: RandomState, message: Uint8Array) => Uint8Array)[] = [
  (random, message) => {
    for (let flips = 1 + nextBelow(random, 4); flips > 0; flips--) message[nextBelow(random, message.length)] = nextBelow(random, 256);
    return message;
  },
  (random, message) => {
    new DataView(message.buffer).setUint32(4, message.length + nextBelow(random, 9) - 4, true);
    return message;
  },
  (random, message) => {
    new DataView(message.buffer).setUint32(4, numberOf(random), true);
    return message;
  },
  (random, message) => {
    new DataView(message.buffer).setUint16(2, nextBelow(random, 20), true);
    return message;
  },
  (random, message) => {
    new DataView(message.buffer).setUint32(8, chance(random, 2) ? nextBelow(random, 64) : nextUint32(random), true);
    return message;
  },
  (random, message) => {
    const payload = payloadOf(message);
    if (payload.byteLength >= 4) payload.setUint32(4 * nextBelow(random, Math.floor(payload.byteLength / 4)), numberOf(random), true);
    return message;
  },
  // Cut or lengthened, the stated size with it: the frame stays whole.
  (random, message) => {
    const changed = new Uint8Array(Math.max(headerSize, message.length + nextBelow(random, 60) - 40));
    changed.set(message.subarray(0, changed.length));
    new DataView(changed.buffer).setUint32(4, changed.length, true);
    return changed;
  },
  // Cut or lengthened behind the stated size's back.
  (random, message) => message.slice(0, nextBelow(random, message.length)),
  (random, message) => joined(message, Uint8Array.from({ length: nextBelow(random, 40) }, () => nextBelow(random, 256))),
];

/** Those that leave the frame whole. */
const framed = mutations.slice(3, 7);

function messageOf(random: RandomState): Uint8Array {
  const message = oneOf(random, builders)(random, nextBelow(random, 0x1_0000));
  // What loses the frame ends a client; most changes keep it, or few messages would be read at all.
  return chance(random, 3) ? oneOf(random, chance(random, 40) ? mutations : framed)(random, message) : message;
}

/** Ids and commands that want an answer, in order, by the bytes alone; isWhole: no half message is left. */
function wanted(stream: Uint8Array): { readonly answers: string[]; readonly isWhole: boolean } {
  const answers: string[] = [];
  let at = 0;
  while (stream.length - at >= headerSize) {
    const view = new DataView(stream.buffer, stream.byteOffset + at);
    const size = view.getUint32(4, true);
    const flags = view.getUint32(8, true);
    const isBroken = size < headerSize || size > limits.message;
    if (!isBroken && size > stream.length - at) break;
    const isAnswered = (flags & 0x10) === 0 && (isBroken ? (flags & 0xf) === 0 : (flags & 0xf) !== 1);
    if (isAnswered) answers.push(`${view.getUint16(0, true)}:${view.getUint16(2, true)}`);
    if (isBroken) break;
    at += size;
  }
  return { answers, isWhole: at === stream.length };
}

interface Totals {
  messages: number;
  taken: number;
  clients: number;
  sentAway: number;
  replies: number;
  refused: number;
  interrupts: number;
  ranges: number;
}

/** Feeds a client's bytes in pieces, reading what it is answered at times only. */
function feed(random: RandomState, connection: Connection, stream: Uint8Array, sink: () => InterruptSink | null): void {
  for (let at = 0; at < stream.length; ) {
    const piece = stream.slice(at, at + 1 + nextBelow(random, oneOf(random, [4, 40, 2000])));
    at += piece.length;
    connection.receive(piece);
    if (connection.isBlocked && chance(random, 2)) connection.resume();
    if (chance(random, 8)) sink()?.send({ address: 0xfee0_0000n, data: nextBelow(random, 0x1_0000) });
  }
}

/** One client, from its coming to its going. */
function client(random: RandomState, served: ServedFunction, totals: Totals): void {
  const sent: Uint8Array[] = chance(random, 20) ? [] : [versionCommand(1)];
  const count = 1 + nextBelow(random, oneOf(random, [4, 60, 600]));
  for (let message = 0; message < count; message++) sent.push(messageOf(random));
  const written: Uint8Array[] = [];
  let sink: InterruptSink | null = null;
  const connection = createConnection(served, {
    write: (message) => {
      written.push(message);
      return !chance(random, 16);
    },
    beforeAccess: () => {},
    attach: (way) => void (sink = way),
  });
  const stream = joined(...sent);
  feed(random, connection, stream, () => sink);
  while (connection.isBlocked) connection.resume();
  totals.ranges = Math.max(totals.ranges, connection.ranges.length);
  const messages = received(written);
  const replies = messages.filter(({ type }) => type === "reply");
  const { answers } = wanted(stream);
  const given = replies.map(({ id, command }) => `${id}:${command}`);
  // Who was sent away early is answered no more; everybody else has every answer, in order.
  const due = connection.ended === null ? answers : answers.slice(0, given.length);
  if (given.join() !== due.join()) throw new Error(`answered ${given.length} of ${answers.length} messages, or not these, in order`);
  if (replies.some(({ isError, errno, size }) => isError && (errno === 0 || size !== headerSize))) throw new Error("a refusal without its errno, or with more");
  if (messages.some((message) => message.type === "command" && headerOf(message.bytes).command !== commands.dmaWrite)) throw new Error("the server asked for something that is no interrupt");
  totals.messages += count;
  totals.taken += connection.counts.messages;
  totals.clients++;
  totals.replies += replies.length;
  totals.refused += replies.filter(({ isError }) => isError).length;
  totals.interrupts += connection.counts.interrupts;
  if (connection.ended !== null) totals.sentAway++;
  connection.end();
  if (connection.ranges.length > 0 || sink !== null) throw new Error("something is left of a client who is gone");
}

/**
 * Sends messages by as many clients as it takes, one after the other, to one function, until `count` have come whole. Throws of whatever is not as it has to be.
 * @param served stays as its clients leave it
 */
export function fuzzMessages(seed: number, count: number, served: ServedFunction = registerTable(false)): FuzzSummary {
  const random = createRandom(seed, 11);
  const totals: Totals = { messages: 0, taken: 0, clients: 0, sentAway: 0, replies: 0, refused: 0, interrupts: 0, ranges: 0 };
  while (totals.taken < count) client(random, served, totals);
  return totals;
}

/** Bytes that a client might send to a socket before it drops it: an agreed version, messages, and perhaps half of one. */
export function fuzzStream(seed: number, count: number): Uint8Array {
  const random = createRandom(seed, 12);
  const all = joined(versionCommand(1), ...Array.from({ length: count }, () => messageOf(random)));
  return chance(random, 2) ? all : all.slice(0, nextBelow(random, all.length));
}
