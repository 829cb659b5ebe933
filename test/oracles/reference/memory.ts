// The reference machine's memory: loads and stores through routing, links and isolation to a sparse copy of every device's contents.

import type { MachineDescription } from "../../../src/platform/description.ts";
import type { MemoryStatus } from "../../../src/platform/platform.ts";
import { detectsTimeouts, isIsolated, isolateOnRequest, timeOut } from "./links.ts";
import type { LoadAnswer } from "./machine.ts";
import type { RegisterFile } from "./registers.ts";
import type { Answer, Decoder, DeviceProgramming, HubProgramming, Programming, Range } from "./routing.ts";
import { route } from "./routing.ts";
import type { DevicePart, PortPart, Tree } from "./tree.ts";

const word = 8n;
const ones = (width: number): bigint => (1n << BigInt(width * 8)) - 1n;

/** Eight bytes; `known` marks those whose contents are certain. */
interface Word {
  readonly value: bigint;
  readonly known: bigint;
}

/** A device's words by DPA / 8, or host DRAM's. What is not in it reads 0, or is unknown below `lostBelow`. */
interface Contents {
  readonly words: Map<bigint, Word>;
  lostBelow: bigint;
}

const everything = ones(8);

/** Of an access in pieces the worst piece counts. */
const badness: Readonly<Record<MemoryStatus, number>> = { ok: 0, dropped: 1, ones: 2, poison: 3, fatal: 4, never: 5 };

/** Pieces of an access, each inside one aligned word of 8 bytes. */
function pieces(address: bigint, width: number): { readonly at: bigint; readonly bytes: number; readonly shift: bigint }[] {
  const first = Math.min(width, Number(word - (address % word)));
  return first === width ? [{ at: address, bytes: width, shift: 0n }] : [{ at: address, bytes: first, shift: 0n }, { at: address + BigInt(first), bytes: width - first, shift: BigInt(first * 8) }];
}

type Target = { readonly contents: Contents; readonly at: bigint } | { readonly status: MemoryStatus };

export class ReferenceMemory {
  readonly #description: MachineDescription;
  readonly #tree: Tree;
  readonly #ram: Contents = { words: new Map(), lostBelow: 0n };
  readonly #devices: ReadonlyMap<string, Contents>;
  readonly #programming: Programming;
  #hasMoved = false;

  constructor(description: MachineDescription, tree: Tree) {
    this.#description = description;
    this.#tree = tree;
    this.#devices = new Map([...tree.parts.values()].filter(({ kind }) => kind === "device").map(({ name }) => [name, { words: new Map(), lostBelow: 0n }]));
    this.#programming = programmingOf(tree);
  }

  save(): ReadonlyMap<string, { readonly words: ReadonlyMap<bigint, Word>; readonly lostBelow: bigint }> {
    return new Map([["", this.#ram] as const, ...this.#devices].map(([name, { words, lostBelow }]) => [name, { words: new Map(words), lostBelow }]));
  }

  restore(state: ReturnType<ReferenceMemory["save"]>): void {
    for (const [name, saved] of state) {
      const contents = name === "" ? this.#ram : this.#devices.get(name);
      if (contents === undefined) continue;
      contents.words.clear();
      for (const [at, value] of saved.words) contents.words.set(at, value);
      contents.lostBelow = saved.lostBelow;
    }
  }

  /** Whether a request has changed what keeps links down since the last call. */
  takeMoved(): boolean {
    const moved = this.#hasMoved;
    this.#hasMoved = false;
    return moved;
  }

  /** TB3: volatile contents are gone after a reset unless the device preserves them; `always`: it was told to clear. */
  lose({ name, description }: DevicePart, always: boolean): void {
    const contents = this.#devices.get(name);
    if (contents === undefined || (description.preservesVolatile && !always)) return;
    contents.lostBelow = description.volatileCapacity;
    for (const at of contents.words.keys()) if (at * word < description.volatileCapacity) contents.words.delete(at);
  }

  load(address: bigint, width: number): LoadAnswer {
    let status: MemoryStatus = "ok";
    let value = 0n;
    let known = 0n;
    for (const { at, bytes, shift } of pieces(address, width)) {
      const target = this.#targetOf(at, false);
      const piece = "status" in target ? { status: target.status, value: target.status === "ones" ? ones(bytes) : 0n, known: target.status === "ones" ? ones(bytes) : 0n } : { status: "ok" as const, ...fetch(target.contents, target.at, bytes) };
      if (badness[piece.status] > badness[status]) status = piece.status;
      value |= piece.value << shift;
      known |= piece.known << shift;
    }
    // Beside an error there are no data to speak of.
    return { status, value, known: status === "ok" || status === "ones" ? known : 0n };
  }

  store(address: bigint, width: number, value: bigint): MemoryStatus {
    let status: MemoryStatus = "ok";
    for (const { at, bytes, shift } of pieces(address, width)) {
      const target = this.#targetOf(at, true);
      if (!("status" in target)) keep(target.contents, target.at, bytes, (value >> shift) & ones(bytes));
      else if (badness[target.status] > badness[status]) status = target.status;
    }
    return status;
  }

  #targetOf(address: bigint, isStore: boolean): Target {
    if (this.#description.ram.some(({ base, size }) => base <= address && address < base + size)) return { contents: this.#ram, at: address };
    const answer = route(this.#description, this.#programming, address);
    const root = "path" in answer ? this.#port(answer.path[0]?.name) : undefined;
    // TB1, TB2, TB4: an isolated port answers by itself, whatever is below it.
    if (root !== undefined && isIsolated(root)) return { status: isStore ? "dropped" : "poison" };
    if (answer.kind === "dead end" && root !== undefined) return { status: this.#deadEnd(answer, root, isStore) };
    if (answer.kind !== "device") return { status: isStore ? "dropped" : answer.kind === "miss" ? answer.read : "ones" };
    const contents = this.#devices.get(answer.device.name);
    // A DPABase that is no multiple of 8 (C12 leaves that to software): byte lanes stay those of the address.
    return contents === undefined ? { status: "never" } : { contents, at: answer.dpa - (answer.dpa % word) + (address % word) };
  }

  #port(name: string | undefined): PortPart | undefined {
    const part = name === undefined ? undefined : this.#tree.parts.get(name);
    return part?.kind === "port" ? part : undefined;
  }

  /** The link of the last port is down: the root port's own (T1, T7), or a switch's (UNKNOWN: switchDeadPort). */
  #deadEnd({ path }: Extract<Answer, { kind: "dead end" }>, root: PortPart, isStore: boolean): MemoryStatus {
    const isAtRoot = path.length === 1;
    if (isAtRoot) {
      if (!isolateOnRequest(root)) return isStore ? "dropped" : "fatal";
      this.#hasMoved = true;
      return isStore ? "dropped" : "poison";
    }
    if (this.#description.implementation.switchDeadPort === "all-ones") return isStore ? "dropped" : "ones";
    if (!detectsTimeouts(root)) return "never";
    if (!timeOut(root)) return isStore ? "dropped" : "fatal";
    this.#hasMoved = true;
    return isStore ? "dropped" : "poison";
  }
}

function fetch(contents: Contents, at: bigint, bytes: number): { readonly value: bigint; readonly known: bigint } {
  const found = contents.words.get(at / word) ?? { value: 0n, known: at < contents.lostBelow ? 0n : everything };
  const shift = (at % word) * 8n;
  return { value: (found.value >> shift) & ones(bytes), known: (found.known >> shift) & ones(bytes) };
}

function keep(contents: Contents, at: bigint, bytes: number, value: bigint): void {
  const found = contents.words.get(at / word) ?? { value: 0n, known: at < contents.lostBelow ? 0n : everything };
  const shift = (at % word) * 8n;
  const mask = ones(bytes) << shift;
  contents.words.set(at / word, { value: (found.value & ~mask) | (value << shift), known: found.known | mask });
}

/** Decoders of a component, read out of its registers anew only when they changed. */
function decodersOf(file: RegisterFile, structure: string): () => readonly Decoder[] {
  if (!file.has(structure)) return () => [];
  const count = file.keys.decoderCount ?? 0;
  let version = -1;
  let decoders: readonly Decoder[] = [];
  const committed = file.field(structure, "control", "committed");
  return () => {
    if (version === file.version) return decoders;
    version = file.version;
    decoders = Array.from({ length: count }, (_, n) => {
      const at = file.offsetOf(structure, "baseLow", n);
      const wide = (offset: number): bigint => (BigInt(file.word(at + offset + 4)) << 32n) | BigInt(file.word(at + offset));
      const control = file.word(at + 16);
      const list = wide(20);
      return { isCommitted: committed.get(n) !== 0, base: wide(0), size: wide(8), granularity: control & 15, ways: (control >> 4) & 15, targets: Array.from({ length: 8 }, (_way, way) => Number((list >> BigInt(8 * way)) & 0xffn)), skip: list };
    });
    return decoders;
  };
}

/** Routing's view of the tree: registers by name, and cards behind links that are up. */
function programmingOf(tree: Tree): Programming {
  const hubs = new Map<string, () => HubProgramming>();
  const devices = new Map<string, () => DeviceProgramming>();
  for (const part of tree.parts.values()) {
    if (part.kind === "port") continue;
    const structure = part.kind === "device" ? "hdmDecoderDevice" : "hdmDecoderPort";
    const decoders = decodersOf(part.component, structure);
    const poison = part.component.has(structure) ? part.component.field(structure, "globalControl", "poisonOnDecodeErrorEnable") : undefined;
    const hub = (): HubProgramming => ({ returnsPoison: poison !== undefined && poison.get() !== 0, decoders: decoders() });
    if (part.kind === "device") devices.set(part.name, deviceProgramming(part, hub));
    else hubs.set(part.name, hub);
  }
  const hubOf = (name: string): HubProgramming => hubs.get(name)?.() ?? { returnsPoison: false, decoders: [] };
  return {
    bridge: hubOf,
    upstream: hubOf,
    device: (name) => (devices.get(name) as () => DeviceProgramming)(),
    card: ({ name }) => {
      const port = tree.parts.get(name);
      return port?.kind === "port" && port.isUp ? port.card?.description : undefined;
    },
  };
}

/** Bits 63:32 and 31:28 of a multiple of 256 MiB. */
const joinGranules = (high: number, low: number): bigint => (BigInt(high) << 32n) | (BigInt(low) << 28n);

function deviceProgramming({ config, component }: DevicePart, hub: () => HubProgramming): () => DeviceProgramming {
  const dvsec = (register: string, field: string): (() => number) => config.field("dvsecDevice", register, field).get;
  const usesDecoders = component.field("hdmDecoderDevice", "globalControl", "decoderEnable");
  const memoryEnable = dvsec("control", "memoryEnable");
  const rangeOf = (range: 1 | 2): (() => Range) => {
    const [baseHigh, baseLow, sizeHigh, sizeLow, active] = [dvsec(`range${range}BaseHigh`, "base63to32"), dvsec(`range${range}BaseLow`, "base31to28"), dvsec(`range${range}SizeHigh`, "size63to32"), dvsec(`range${range}SizeLow`, "size31to28"), dvsec(`range${range}SizeLow`, "memoryActive")];
    return () => ({ base: joinGranules(baseHigh(), baseLow()), size: joinGranules(sizeHigh(), sizeLow()), isActive: active() !== 0 });
  };
  const ranges = [rangeOf(1), rangeOf(2)] as const;
  return () => ({ ...hub(), usesDecoders: usesDecoders.get() !== 0, isMemoryEnabled: memoryEnable() !== 0, ranges: [ranges[0](), ranges[1]()] });
}
