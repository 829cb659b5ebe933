// The platform's view of a machine: config space, register handles, memory, interrupts, clock (src/platform/platform.ts).

import type { Completion, ConfigSpace, InterruptMessage, IoHandle, MemoryStatus, PhysicalMemory, Platform } from "../platform/platform.ts";
import type { Hardware } from "./machine.ts";

export type HardwarePlatform = Omit<Platform, "firmware">;

const statuses: readonly MemoryStatus[] = ["ok", "poison", "dropped", "ones", "fatal", "never"];
/** Of an access in pieces the worst piece counts; by status number. */
const badness: readonly number[] = [0, 3, 1, 2, 4, 5];
const worse = (a: number, b: number): number => ((badness[a] ?? 0) >= (badness[b] ?? 0) ? a : b);
const lineBytes = 64;
const none = 0xffff_ffff;

const low = (value: bigint): number => Number(value & 0xffff_ffffn);
const high = (value: bigint): number => Number((value >> 32n) & 0xffff_ffffn);
const join = (lower: number, upper: number): bigint => (BigInt(upper >>> 0) << 32n) | BigInt(lower >>> 0);

/** All handles of the machine are mapped. */
export class OutOfHandlesError extends Error {
  constructor(handles: number) {
    super(`ioremap: all ${handles} register handles are in use; unmap some`);
    this.name = "OutOfHandlesError";
  }
}

function createConfig(hardware: Hardware): ConfigSpace {
  const { configRead, configWrite } = hardware.exports;
  return {
    read8: (address, offset) => configRead(address, offset, 1) >>> 0,
    read16: (address, offset) => configRead(address, offset, 2) >>> 0,
    read32: (address, offset) => configRead(address, offset, 4) >>> 0,
    write8: (address, offset, value) => configWrite(address, offset, 1, value),
    write16: (address, offset, value) => configWrite(address, offset, 2, value),
    write32: (address, offset, value) => configWrite(address, offset, 4, value),
  };
}

/** The largest range of a register handle, in bytes. */
const largestHandle = 1n << 31n;

/** Maps registers at a physical address, 1 byte to 2 GiB. @throws OutOfHandlesError, RangeError */
export function createHandle(hardware: Hardware, base: bigint, size: bigint): IoHandle {
  if (size < 1n || size > largestHandle) throw new RangeError(`ioremap: size ${size} is not within 1 byte to 2 GiB; map the part with the registers`);
  const { read, write, map, unmap } = hardware.exports;
  const handle = map(low(base), high(base), low(size), high(size));
  if (handle < 0) throw new OutOfHandlesError(hardware.entities.handles);
  const { words, map: fields } = hardware;
  return {
    base,
    size,
    read8: (offset) => read(handle, offset, 1) >>> 0,
    read16: (offset) => read(handle, offset, 2) >>> 0,
    read32: (offset) => read(handle, offset, 4) >>> 0,
    read64: (offset) => join(read(handle, offset, 8), words[fields.resultHigh] ?? 0),
    write8: (offset, value) => write(handle, offset, 1, value, 0),
    write16: (offset, value) => write(handle, offset, 2, value, 0),
    write32: (offset, value) => write(handle, offset, 4, value, 0),
    write64: (offset, value) => write(handle, offset, 8, low(value), high(value)),
    unmap: () => unmap(handle),
  };
}

/** Pieces of an access that do not cross an aligned 8-byte word: [byte offset, bytes]. */
function pieces(address: bigint, width: number): readonly (readonly [number, number])[] {
  const first = Math.min(width, 8 - Number(address & 7n));
  return first === width ? [[0, width]] : [[0, first], [first, width - first]];
}

function createMemory(hardware: Hardware): PhysicalMemory {
  const { exports, words, map } = hardware;
  const word = (index: number): number => words[index] ?? 0;
  const wide = (index: number): bigint => join(word(index), word(index + 1));
  const time = (index: number): number => word(index + 1) * 0x1_0000_0000 + word(index);
  const capacities = [...hardware.entities.ports.values()].map((port) => port.inFlight);
  const { requesters } = hardware.description.limits;
  const hasCache = hardware.description.cache !== undefined;

  const load: PhysicalMemory["load"] = (address, width) => {
    let status = 0;
    let value = 0n;
    for (const [offset, bytes] of pieces(address, width)) {
      const at = address + BigInt(offset);
      status = worse(status, exports.loadMemory(low(at), high(at), bytes));
      value |= wide(map.syncValue) << BigInt(offset * 8);
    }
    return { status: statuses[status] ?? "never", value };
  };

  const store: PhysicalMemory["store"] = (address, width, value) => {
    let status = 0;
    for (const [offset, bytes] of pieces(address, width)) {
      const at = address + BigInt(offset);
      const part = value >> BigInt(offset * 8);
      status = worse(status, exports.storeMemory(low(at), high(at), bytes, low(part), high(part)));
    }
    return statuses[status] ?? "never";
  };

  const takeCompletion = (): Completion | undefined => {
    const address = exports.takeCompletion() >>> 0;
    if (address === 0) return undefined;
    const at = address >>> 2;
    return {
      requester: word(at + map.completionRequester),
      kind: word(at + map.completionWidth) === 0 ? "read" : "write",
      address: wide(at + map.completionAddress),
      status: statuses[word(at + map.completionStatus)] ?? "never",
      issuedAt: time(at + map.completionIssued),
      completedAt: time(at + map.completionCompleted),
    };
  };

  const route: PhysicalMemory["route"] = (address) => {
    const table = exports.routeOf(low(address), high(address)) >>> 0;
    if (table === none) return undefined;
    const latency = (isWrite: number): number => exports.latencyOf(table, low(address), high(address), isWrite);
    return { table, capacity: capacities[table] ?? 1, readLatency: latency(0), writeLatency: latency(1) };
  };

  return {
    load,
    store,
    issue: (requester, kind, address, value, origin = "processor") => {
      if (!(requester >= 0 && requester < requesters)) throw new RangeError(`requester ${requester} is not in 0..${requesters - 1} (limits.requesters)`);
      return exports.request(requester, kind === "write" ? lineBytes : 0, low(address), high(address), low(value), high(value), origin === "device" ? 1 : 0) !== 0;
    },
    zero: (address, size) => exports.zeroMemory(low(address), high(address), low(size), high(size)),
    takeCompletion,
    isStalled: (requester) => exports.isStalled(requester) !== 0,
    get routeGeneration() {
      return word(map.routeGeneration);
    },
    route,
    get countsRequests() {
      return hasCache || word(map.armedRequest) !== 0 || word(map.pendingEffects) !== 0 || word(map.poisonedLines) !== 0;
    },
    get nextDisturbance() {
      const upper = word(map.nextProbeTime + 1);
      return upper === 0xffff_ffff ? -1 : upper * 0x1_0000_0000 + word(map.nextProbeTime);
    },
    account: (table, reads, writes, dropped) => exports.account(table, reads, writes, dropped),
  };
}

/** A message as the bus has it: a processor does not see who sent it. */
export interface SentMessage extends InterruptMessage {
  /** Entity of the function. */
  readonly sender: number;
}

/** The oldest pending message, taken before the processors get it; undefined: none is. */
export function takeMessage({ exports, words }: Hardware): SentMessage | undefined {
  const at = exports.takeInterrupt() >>> 2;
  return at === 0 ? undefined : { address: words[at] ?? 0, data: words[at + 1] ?? 0, sender: words[at + 2] ?? 0 };
}

/** Everything of the platform that hardware implements; firmware adds its own part. */
export function createPlatform(hardware: Hardware): HardwarePlatform {
  const { exports, words, map } = hardware;
  const take = (): InterruptMessage | undefined => {
    const message = takeMessage(hardware);
    return message === undefined ? undefined : { address: message.address, data: message.data };
  };
  return {
    clock: {
      get now() {
        return hardware.now;
      },
    },
    config: createConfig(hardware),
    memory: createMemory(hardware),
    interrupts: {
      take,
      get pending() {
        return (words[map.interruptCount] ?? 0) !== 0;
      },
    },
    ioremap: (base, size) => createHandle(hardware, base, size),
    invalidateCaches: (base, size) => {
      const { cache, implementation } = hardware.description;
      if (implementation.cacheInvalidation === false) return false;
      if (cache !== undefined) exports.invalidateCache(low(base), high(base), low(size), high(size));
      return true;
    },
    spend: (nanoseconds) => hardware.advanceTo(hardware.now + nanoseconds),
  };
}
