// A machine in one instance of the module: builds it from a description and implements what the platform needs of hardware.

import { blocks } from "../../registers/blocks.ts";
import { timeoutIsolation } from "../../registers/timeout-isolation.ts";
import type { MachineDescription } from "../platform/description.ts";
import type { TraceRing } from "../sim/trace.ts";
import { layerIndex, recordWords } from "../sim/trace.ts";
import type { TraceLayer } from "../sim/trace.ts";
import type { Entities } from "./build.ts";
import { buildMachine, entityNames } from "./build.ts";
import type { MemoryMap, ModuleExports } from "./module.ts";
import { readMemoryMap } from "./module.ts";

/** What a port's link does, and what keeps it from being up. */
export interface PortSummary {
  readonly link: "up" | "training" | "down";
  /** Why a link that is down stays so; empty while it is up. */
  readonly heldBy: readonly ("cable" | "disabled" | "bus reset" | "isolation" | "never retrains" | "empty slot" | "containment" | "slot power")[];
  readonly isIsolated: boolean;
  readonly isBusy: boolean;
  /** Entries of the in-flight table in use, and whether requesters wait for one. */
  readonly inFlight: number;
  readonly isStalled: boolean;
  /** Device or switch plugged now, or null. */
  readonly device: string | null;
}

export type HostState = "running" | "reset" | "hung";
const hostStates: readonly HostState[] = ["running", "reset", "hung"];

/** State and used media pages, copied. Restorable into the machine it was taken from. */
export interface HardwareSnapshot {
  readonly state: Uint8Array;
  readonly media: Uint8Array;
  used: number;
}

/** Called with whole 32-byte records before the ring is used again. The words are only valid during the call. */
export type TraceConsumer = (words: Uint32Array) => void;

const links = ["down", "training", "up"] as const;
const none = 0xffff_ffff;
/** Option of the module: whether records are handed out before the ring is used again. */
const storeOption = 11;
/** Number by which the module knows host DRAM among the devices' media. */
const ramDevice = 0xffff;
const statusOffset = blocks.rootPortComponent.placements.timeoutIsolation.at + timeoutIsolation.registers.status.offset;
const bit = (field: { readonly bits: number }) => ({ of: (value: number): boolean => ((value >>> field.bits) & 1) !== 0 });
const isolationFields = { memoryIsolation: bit(timeoutIsolation.registers.status.fields.memoryIsolation), rootPortBusy: bit(timeoutIsolation.registers.status.fields.rootPortBusy) };

const hex = (value: number | undefined): string => (value ?? 0).toString(16).padStart(8, "0");
const low = (value: number): number => value % 0x1_0000_0000 >>> 0;
const high = (value: number): number => Math.floor(value / 0x1_0000_0000);

/** The engine has no room for another instance of the module. */
export class OutOfInstancesError extends Error {
  constructor(cause: unknown) {
    super("no room for another machine in this process: each reserves address space, a browser has room for about 100 at a time, Node for about 10000; dispose of machines that are not used any more", { cause });
    this.name = "OutOfInstancesError";
  }
}

export class Hardware {
  readonly module: WebAssembly.Module;
  readonly description: MachineDescription;
  readonly exports: ModuleExports;
  readonly map: MemoryMap;
  readonly entities: Entities;
  /** Views of the module's memory; it does not grow after the machine is built. */
  readonly words: Uint32Array;
  readonly bytes: Uint8Array;
  readonly ring: TraceRing;
  #consumer: TraceConsumer | null = null;
  #watchers: readonly TraceConsumer[] = [];
  #stop: { readonly at: number; readonly look: () => void } | null = null;
  /** Records that the ring has room for. */
  readonly #capacity: number;
  /** Records that it takes before it hands them out. */
  #handOut: number;

  constructor(module: WebAssembly.Module, description: MachineDescription) {
    this.module = module;
    this.description = description;
    this.exports = instantiate(module, () => this.drainTrace());
    this.entities = buildMachine(this.exports, description);
    this.map = readMemoryMap(this.exports);
    this.words = new Uint32Array(this.exports.memory.buffer);
    this.bytes = new Uint8Array(this.exports.memory.buffer);
    this.#capacity = this.words[this.map.traceCapacity] ?? 0;
    this.#handOut = this.#capacity;
    this.ring = { write: (layer, kind, a, b, c, d, e, f) => this.exports.traceWrite(layer, kind, a, b, c, d, e, f) };
  }

  /** Reads a 64-bit field as a number; values of 2^53 and above do not occur but for "never". */
  #time(index: number): number {
    const upper = this.words[index + 1] ?? 0;
    return upper === 0xffff_ffff ? -1 : upper * 0x1_0000_0000 + (this.words[index] ?? 0);
  }

  /** Virtual nanoseconds since power-on. */
  get now(): number {
    return this.#time(this.map.now);
  }

  /** Time of the next thing that happens in the hardware by itself, or -1. */
  get nextDeadline(): number {
    return this.#time(this.map.nextDeadline);
  }

  /** Time of the next thing in the hardware beside undisturbed answers of requests, or -1: how far requests may be counted in closed form. */
  get nextEvent(): number {
    const lower = this.exports.nextEvent() >>> 0;
    const upper = this.resultHigh;
    return upper === 0xffff_ffff ? -1 : upper * 0x1_0000_0000 + lower;
  }

  get hostState(): HostState {
    return hostStates[this.words[this.map.hostState] ?? 0] ?? "running";
  }

  /** Since when the host is reset or hung (virtual ns). */
  get hostStateAt(): number {
    return this.#time(this.map.hostStateAt);
  }

  /** What ran out: media pages, completion queue. */
  get limitsReached(): readonly string[] {
    const bits = this.words[this.map.limits] ?? 0;
    return [...((bits & 1) !== 0 ? ["media pages"] : []), ...((bits & 2) !== 0 ? ["completion queue"] : [])];
  }

  /** Lets time pass to `time` (virtual ns), running everything due on the way. */
  advanceTo(time: number): void {
    const stop = this.#stop;
    if (stop !== null && stop.at >= this.now && stop.at < time) {
      this.#stop = null;
      this.exports.advanceTo(low(stop.at), high(stop.at));
      stop.look();
    }
    this.exports.advanceTo(low(time), high(time));
  }

  /** Calls `look` once, when time passes `at` (virtual ns) while nobody is at an access; it may look and take a snapshot, and nothing else. Null: nobody looks any more. */
  lookAt(at: number, look: (() => void) | null): void {
    this.#stop = look === null ? null : { at, look };
  }

  /**
   * Resets the whole machine, as a reboot does: `warm` spares sticky registers, `cold` none. What is broken stays broken; time goes on; links train anew.
   * Register handles are gone.
   */
  reset(kind: "warm" | "cold"): void {
    this.exports.unmapAll();
    this.exports.resetMachine(kind === "warm" ? 1 : 0);
  }

  /** Does something and goes back to where it was: neither state nor trace has anything of it. */
  aside<T>(action: () => T): T {
    const before = this.snapshot();
    const consumer = this.#consumer;
    const watchers = this.#watchers;
    this.#consumer = null;
    this.#watchers = [];
    this.#applyStoring();
    try {
      return action();
    } finally {
      this.drainTrace();
      this.restore(before);
      this.#watchers = watchers;
      this.storeTrace(consumer);
    }
  }

  /** Puts bytes into host DRAM as they are at power-on. */
  writeRam(address: bigint, bytes: Uint8Array): void {
    for (const [index, byte] of bytes.entries()) {
      const at = address + BigInt(index);
      this.exports.pokeRam(Number(at & 0xffff_ffffn), Number(at >> 32n), byte);
    }
  }

  /** Bytes of host DRAM, without time or trace. */
  readRam(address: bigint, length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    for (let i = 0; i < length; i++) {
      const at = address + BigInt(i);
      const lower = this.exports.peekMedia(ramDevice, Number(at & 0xffff_ffffn), Number(at >> 32n)) >>> 0;
      const byte = Number(at & 7n);
      bytes[i] = byte < 4 ? lower >>> (byte * 8) : this.resultHigh >>> ((byte - 4) * 8);
    }
    return bytes;
  }

  /** Eight aligned bytes as a load would get them now, from the processors' cache or from media, without time or trace; null: nothing answers with data. */
  viewOf(address: bigint): { readonly isCached: boolean; readonly value: bigint } | null {
    const from = this.exports.peekView(Number(address & 0xffff_ffffn), Number(address >> 32n)) >>> 0;
    if (from === none) return null;
    const at = this.map.syncValue;
    return { isCached: from === 0, value: (BigInt(this.words[at + 1] ?? 0) << 32n) | BigInt(this.words[at] ?? 0) };
  }

  /** Register of an entity without time, trace or side effect. `offset` in bytes of its component block's CXL.cache/mem range. */
  peekComponent(entity: number, offset: number): number {
    return this.exports.peek(entity, offset) >>> 0;
  }

  peekConfig(entity: number, offset: number): number {
    return this.exports.peek(entity, (offset | 0x8000_0000) >>> 0) >>> 0;
  }

  /** CXL device register of a device, by its offset in the device block. */
  peekDevice(entity: number, offset: number): number {
    return this.exports.peek(entity, (offset | 0x4000_0000) >>> 0) >>> 0;
  }

  /** Upper half of the last 64-bit result of an export. */
  get resultHigh(): number {
    return this.words[this.map.resultHigh] ?? 0;
  }

  /** What a port is doing. @throws RangeError */
  port(name: string): PortSummary {
    const found = this.entities.ports.get(name);
    if (found === undefined) throw new RangeError(`the machine has no port "${name}"; it has ${[...this.entities.ports.keys()].join(", ")}`);
    const state = (what: number): number => this.exports.portState(found.index, what) >>> 0;
    const plugged = state(2);
    const reasons = [["cable", state(4)], ["disabled", state(5)], ["bus reset", state(6)], ["isolation", state(7)], ["never retrains", state(8)], ["containment", state(10)], ["slot power", state(11)], ["empty slot", plugged === none && state(9) === none ? 1 : 0]] as const;
    const link = links[state(0)] ?? "down";
    const status = found.isRoot ? this.peekComponent(found.id, statusOffset) : 0;
    return {
      link,
      heldBy: link === "up" ? [] : reasons.filter(([, holds]) => holds !== 0).map(([reason]) => reason),
      isIsolated: isolationFields.memoryIsolation.of(status),
      isBusy: isolationFields.rootPortBusy.of(status),
      inFlight: state(1),
      isStalled: state(3) !== 0,
      device: entityNames(this.entities)[plugged] ?? null,
    };
  }

  /** Starts or stops handing out records as they are written. */
  storeTrace(consumer: TraceConsumer | null): void {
    this.drainTrace();
    this.#consumer = consumer;
    this.#applyStoring();
  }

  /** Hands records to one more, beside whoever stores them, for as long as this machine lives. */
  watchTrace(watcher: TraceConsumer): void {
    this.drainTrace();
    this.#watchers = [...this.#watchers, watcher];
    this.#applyStoring();
  }

  /** Hands records to nobody any more. */
  leaveTrace(): void {
    this.#watchers = [];
    this.storeTrace(null);
  }

  /**
   * After how many records they are handed out, in the midst of what the hardware does: the consumer is called before the next one is written, and may
   * take a snapshot. At most what the ring has room for, which is also the default. May be called by the consumer itself.
   */
  handOutAfter(records = this.#capacity): void {
    this.drainTrace();
    this.#handOut = Math.max(1, Math.min(records, this.#capacity));
    this.words[this.map.traceCapacity] = this.#handOut;
  }

  /** The module's own note of whether somebody takes the records, and how many at once: it lies in the state, but belongs to the instance. */
  #applyStoring(): void {
    this.exports.setOption(storeOption, this.#consumer === null && this.#watchers.length === 0 ? 0 : 1, 0);
    this.words[this.map.traceCapacity] = this.#handOut;
  }

  /** The state was exchanged for another: what belongs to the instance goes on beside it. */
  #keepInstance(): void {
    this.#applyStoring();
    this.exports.lookUpHandles();
  }

  /** Records in the ring that nobody has been handed yet. */
  get pendingRecords(): number {
    return this.words[this.map.tracePending] ?? 0;
  }

  /** Hands out what is in the ring now. */
  drainTrace(): void {
    const pending = this.pendingRecords;
    const start = (this.words[this.map.traceBase] ?? 0) >>> 2;
    if (pending === 0) return;
    const taken = this.words.subarray(start, start + pending * recordWords);
    // Before they are handed out: who takes them may look at the machine, and would drain it again.
    this.words[this.map.tracePending] = 0;
    this.#consumer?.(taken);
    for (const watcher of this.#watchers) watcher(taken);
  }

  /** Digest of one layer so far: 16 hexadecimal digits. */
  digest(layer: TraceLayer): string {
    const at = ((this.words[this.map.digests] ?? 0) >>> 2) + layerIndex[layer] * 2;
    return hex(this.words[at + 1]) + hex(this.words[at]);
  }

  /** Copies state and used media pages; give a snapshot back to reuse its buffers. */
  snapshot(into?: HardwareSnapshot): HardwareSnapshot {
    this.drainTrace();
    const root = this.exports.rootAddress();
    const end = this.words[this.map.stateEnd] ?? root;
    const mediaBase = this.words[this.map.mediaBase] ?? 0;
    const used = (this.words[this.map.mediaUsed] ?? 0) * 4096;
    const target = into !== undefined && into.media.length >= used ? into : { state: new Uint8Array(end - root), media: new Uint8Array(Math.max(used, 4096) * 2), used };
    target.state.set(this.bytes.subarray(root, end));
    target.media.set(this.bytes.subarray(mediaBase, mediaBase + used));
    target.used = used;
    return target;
  }

  /** Goes back to a snapshot. Records written before are handed out first; who takes records and what is mapped stays. */
  restore(snapshot: HardwareSnapshot): void {
    this.drainTrace();
    const mediaBase = this.words[this.map.mediaBase] ?? 0;
    this.bytes.set(snapshot.state, this.exports.rootAddress());
    this.bytes.set(snapshot.media.subarray(0, snapshot.used), mediaBase);
    this.#keepInstance();
  }

  /**
   * Becomes what another machine of the same module and description is now: registers, tables, media, time, digests. The memory map is the same, so
   * that state and used media pages are copied as they lie. Records are handed to nobody until `storeTrace`; what is mapped here stays mapped.
   */
  copyFrom(source: Hardware): void {
    if (source.module !== this.module || source.description !== this.description) throw new RangeError("a machine can only be copied into one of the same module and description");
    source.drainTrace();
    this.leaveTrace();
    const root = source.exports.rootAddress();
    const { words, map } = source;
    const mediaBase = words[map.mediaBase] ?? 0;
    this.bytes.set(source.bytes.subarray(root, words[map.stateEnd] ?? root), root);
    this.bytes.set(source.bytes.subarray(mediaBase, mediaBase + (words[map.mediaUsed] ?? 0) * 4096), mediaBase);
    this.#keepInstance();
  }
}

function instantiate(module: WebAssembly.Module, traceFull: () => void): ModuleExports {
  try {
    return new WebAssembly.Instance(module, { env: { traceFull, abort: reportAbort } }).exports as unknown as ModuleExports;
  } catch (error) {
    if (error instanceof RangeError) throw new OutOfInstancesError(error);
    throw error;
  }
}

function reportAbort(_message: number, _file: number, line: number, column: number): never {
  throw new Error(`hardware module: assertion failed at line ${line}, column ${column} of its source`);
}

/** Builds a machine. @throws MachineDescriptionError */
export function createHardware(module: WebAssembly.Module, description: MachineDescription): Hardware {
  return new Hardware(module, description);
}
