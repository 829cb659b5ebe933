// Every access of a real driver, in order, against the same topology. Config space is replayed twice: on a machine that takes every write where
// it was written (bus numbers and BARs as in the capture), and on one that keeps its own addresses and serves the register blocks.

import { cacheMemoryRange } from "../../registers/constants.ts";
import type { HardwarePlatform } from "../../src/hardware/platform.ts";
import type { PciAddress } from "../../src/platform/pci-address.ts";
import { pciAddress } from "../../src/platform/pci-address.ts";
import type { Bench, BenchFunction } from "./bench.ts";
import { createBench, createUntouched } from "./bench.ts";
import type { Capture, JsonObject } from "./capture.ts";
import { CaptureError, bigOf, numberOf, textOf } from "./capture.ts";
import type { Difference, Place, Tally } from "./compare.ts";
import { count, dwordDifferences } from "./compare.ts";
import type { FunctionKind } from "./qemu-machine.ts";
import { machineOf } from "./qemu-machine.ts";
import type { Declared, Found } from "./structures.ts";
import { declaredStructures, presentStructures, structureAt, walkComponent, walkConfig } from "./structures.ts";

const kinds: Readonly<Record<string, FunctionKind>> = { "cxl-rp": "rp", "cxl-upstream": "usp", "cxl-downstream": "dsp", "cxl-type3": "type3" };
const cm = cacheMemoryRange.offset;
const blockMask = 0xffffn;
const bar0 = 0x10;
const lastBar = 0x24;
/** Header registers that say where a function answers: the second machine keeps its own. */
const routing = { from: 0x04, to: 0x34 } as const;

function addressOf(file: string, bdf: string, line: number): PciAddress {
  const match = /^(?:([0-9a-f]{4}):)?([0-9a-f]{2}):([0-9a-f]{2})\.([0-7])$/i.exec(bdf);
  if (match === null) throw new CaptureError(file, `line ${line}`, `"${bdf}" is no PCI address; write it like 0d:00.0`);
  const part = (index: number): number => Number.parseInt(match[index] ?? "0", 16);
  return pciAddress(match[1] === undefined ? 0 : part(1), part(2), part(3), part(4));
}

/** Bytes as they were read first: what a capture says of places that never change, lists among them. */
class Image {
  readonly #bytes = new Map<number, number>();

  learn(offset: number, width: number, value: bigint): void {
    for (let i = 0; i < width; i++) if (!this.#bytes.has(offset + i)) this.#bytes.set(offset + i, Number((value >> BigInt(8 * i)) & 0xffn));
  }

  readonly dword = (offset: number): number => [0, 1, 2, 3].reduce((sum, i) => sum + (this.#bytes.get(offset + i) ?? 0) * 2 ** (8 * i), 0);
}

interface Theirs {
  /** By PCI address. */
  readonly config: Map<string, Image>;
  /** By start of the 64 KiB block. */
  readonly blocks: Map<bigint, Image>;
}

function learn(entries: readonly JsonObject[]): Theirs {
  const theirs: Theirs = { config: new Map(), blocks: new Map() };
  const imageOf = <K>(images: Map<K, Image>, key: K): Image => {
    const found = images.get(key) ?? new Image();
    images.set(key, found);
    return found;
  };
  for (const entry of entries) {
    if (entry["op"] !== "r") continue;
    if (entry["k"] === "cfg") imageOf(theirs.config, textOf(entry["bdf"])).learn(numberOf(entry["off"]), numberOf(entry["w"]), bigOf(entry["val"]));
    else if (entry["block"] === "component") imageOf(theirs.blocks, bigOf(entry["addr"]) & ~blockMask).learn(Number(bigOf(entry["addr"]) & blockMask), numberOf(entry["w"]), bigOf(entry["val"]));
  }
  return theirs;
}

interface Bar {
  readonly bdf: string;
  readonly index: number;
  base: bigint;
}

interface Replay {
  readonly capture: Capture;
  readonly tally: Tally;
  /** Takes everything where it was written. */
  readonly native: HardwarePlatform;
  readonly bench: Bench;
  readonly theirs: Theirs;
  readonly bars: Map<string, Bar>;
  readonly layouts: Map<string, readonly Found[]>;
  /** Functions of the second machine by their bus address in the capture. */
  readonly functions: Map<string, BenchFunction>;
  readonly bridges: ReadonlyMap<bigint, BenchFunction>;
}

/** The second machine's function that a bus address of the capture stands for: of its kind, in order of appearance. */
function functionOf(replay: Replay, bdf: string, kind: FunctionKind): BenchFunction | undefined {
  const known = replay.functions.get(bdf);
  if (known !== undefined) return known;
  const taken = new Set([...replay.functions.values()].map((one) => one.name));
  const serial = kind === "type3" ? serialOf(replay, bdf) : undefined;
  const all = [...replay.bench.functions.values()].filter((one) => one.kind === kind);
  const next = (kind === "rp" ? all.find((one) => one.address === addressOf(replay.capture.file, bdf, 0)) : undefined) ?? all.find((one) => serial !== undefined && ourSerial(replay, one) === serial) ?? all.find((one) => !taken.has(one.name));
  if (next !== undefined) replay.functions.set(bdf, next);
  return next;
}

/** Serial number by the extended capability 3 of the capture, or undefined. */
function serialOf(replay: Replay, bdf: string): number | undefined {
  const read = replay.theirs.config.get(bdf)?.dword;
  const found = read === undefined ? undefined : walkConfig(read).find((one) => one.identity === "ext 0x3");
  return read === undefined || found === undefined ? undefined : read(found.at + 4);
}

function ourSerial(replay: Replay, target: BenchFunction): number | undefined {
  const found = walkConfig((offset) => replay.bench.platform.config.read32(target.address, offset)).find((one) => one.identity === "ext 0x3");
  return found === undefined ? undefined : replay.bench.platform.config.read32(target.address, found.at + 4);
}

/** Structures that our function has; a structure that it lacks is theirs alone. */
function presentIn(replay: Replay, bdf: string, kind: FunctionKind): ReadonlyMap<string, Declared> {
  const target = functionOf(replay, bdf, kind);
  const declared = declaredStructures(kind, "config");
  if (target === undefined) return declared;
  return presentStructures(declared, layoutOf(replay, `ours ${target.name}`, () => walkConfig((offset) => replay.bench.platform.config.read32(target.address, offset))));
}

function layoutOf(replay: Replay, key: string, walk: () => readonly Found[]): readonly Found[] {
  const known = replay.layouts.get(key) ?? walk();
  replay.layouts.set(key, known);
  return known;
}

interface Translated {
  readonly identity: string;
  readonly declared: Declared | undefined;
  readonly inside: number;
}

function translate(layout: readonly Found[], declared: ReadonlyMap<string, Declared>, offset: number): Translated {
  const found = structureAt(layout, offset);
  if (found === undefined) return { identity: "no structure", declared: undefined, inside: 0 };
  const ours = declared.get(found.identity);
  const inside = offset - found.at;
  return { identity: found.identity, declared: ours !== undefined && inside < ((ours.structure.length + 3) & ~3) ? ours : undefined, inside };
}

type Pointed = Omit<Place, "register" | "field" | "structure">;
const absent = (place: Pointed, structure: string, theirs: number): Difference => ({ ...place, structure, register: "", field: "", theirs, ours: 0 });

/** Values of 1, 2 or 4 bytes at a byte of a structure, compared within their dword. */
function valueDifferences(place: Pointed, declared: Declared, inside: number, width: number, theirs: number, ours: number): Difference[] {
  const shift = (inside & 3) * 8;
  const lanes = width >= 4 ? 0xffff_ffff : ((2 ** (8 * width) - 1) << shift) >>> 0;
  const found = dwordDifferences(place, declared, inside & ~3, (theirs << shift) >>> 0, (ours << shift) >>> 0, lanes);
  return found.filter(({ register, field }) => !["header.next", "capabilitiesPointer.value", "entry.id", "entry.version", "entry.pointer", "header.arraySize"].includes(`${register}.${field}`));
}

const readConfig = (platform: HardwarePlatform, address: PciAddress, offset: number, width: number): number =>
  width === 1 ? platform.config.read8(address, offset) : width === 2 ? platform.config.read16(address, offset) : platform.config.read32(address, offset);

function writeConfig(platform: HardwarePlatform, address: PciAddress, offset: number, width: number, value: number): void {
  if (width === 1) platform.config.write8(address, offset, value);
  else if (width === 2) platform.config.write16(address, offset, value);
  else platform.config.write32(address, offset, value);
}

function noteBar(replay: Replay, bdf: string, offset: number, value: number): void {
  if (offset < bar0 || offset > lastBar || value === 0xffff_ffff) return;
  const set = (index: number, change: (base: bigint) => bigint): void => {
    const bar = replay.bars.get(`${bdf} ${index}`) ?? { bdf, index, base: 0n };
    bar.base = change(bar.base);
    replay.bars.set(`${bdf} ${index}`, bar);
  };
  const index = (offset - bar0) / 4;
  if (index % 2 === 0) set(index, (base) => (base & ~0xffff_ffffn) | BigInt((value & ~0xf) >>> 0));
  else set(index - 1, (base) => (base & 0xffff_ffffn) | (BigInt(value) << 32n));
}

function replayConfig(replay: Replay, entry: JsonObject, line: number): void {
  const bdf = textOf(entry["bdf"]);
  const kind = kinds[textOf(entry["dev"])];
  const [offset, width, theirs] = [numberOf(entry["off"]), numberOf(entry["w"]), numberOf(entry["val"])];
  const isRead = entry["op"] === "r";
  const text = `line ${line} ${bdf} ${textOf(entry["off"])}`;
  if (kind === undefined) {
    if (isRead) count(replay.tally, [absent({ capture: "accesses", kind: "pxb-cxl", function: textOf(entry["dev"]), text }, "function", theirs)]);
    return;
  }
  const place: Pointed = { capture: "accesses", kind, function: bdf, text };
  const image = replay.theirs.config.get(bdf) ?? new Image();
  const { identity, declared, inside } = translate(layoutOf(replay, bdf, () => walkConfig(image.dword)), presentIn(replay, bdf, kind), offset);
  const address = addressOf(replay.capture.file, bdf, line);
  if (!isRead) {
    noteBar(replay, bdf, offset, theirs);
    if (declared === undefined) return;
    writeConfig(replay.native, address, declared.at + inside, width, theirs);
    const target = functionOf(replay, bdf, kind);
    if (target !== undefined && (declared.at !== 0 || inside < routing.from || inside >= routing.to)) writeConfig(replay.bench.platform, target.address, declared.at + inside, width, theirs);
    return;
  }
  if (declared === undefined) return count(replay.tally, theirs === 0 ? [] : [absent(place, identity, theirs)]);
  count(replay.tally, valueDifferences(place, declared, inside, width, theirs, readConfig(replay.native, address, declared.at + inside, width)));
}

const readBlock = (target: BenchFunction, offset: number, width: number): number =>
  width === 1 ? target.block.read8(offset) : width === 2 ? target.block.read16(offset) : width === 4 ? target.block.read32(offset) : Number(target.block.read64(offset) & 0xffff_ffffn);

function replayComponent(replay: Replay, entry: JsonObject, line: number): void {
  const address = bigOf(entry["addr"]);
  const base = address & ~blockMask;
  const bar = [...replay.bars.values()].find((one) => one.base === base && one.index === 0);
  const target = replay.bridges.get(base) ?? (bar === undefined ? undefined : replay.functions.get(bar.bdf));
  const text = `line ${line} ${textOf(entry["addr"])}`;
  const [width, value] = [numberOf(entry["w"]), numberOf(entry["val"])];
  const place: Pointed = { capture: "accesses", kind: target?.kind ?? "pxb-cxl", function: target?.name ?? "", text };
  if (target === undefined) return count(replay.tally, [absent(place, "block at no known address", value)]);
  const image = replay.theirs.blocks.get(base) ?? new Image();
  const layout = layoutOf(replay, `block ${base}`, () => walkComponent((offset) => image.dword(cm + offset)));
  const offset = Number(address & blockMask) - cm;
  const { identity, declared, inside } = translate(layout, declaredStructures(target.kind, "component"), offset);
  if (entry["op"] === "w") {
    if (declared !== undefined) target.block.write32(cm + declared.at + inside, value);
    return;
  }
  if (declared === undefined) return count(replay.tally, value === 0 ? [] : [absent(place, identity, value)]);
  count(replay.tally, valueDifferences(place, declared, inside, width, value, readBlock(target, cm + declared.at + inside, width)));
}

/** MSI-X tables: by the BAR and the table offset of their capability. */
function replayMessages(replay: Replay, entry: JsonObject, line: number): void {
  const address = bigOf(entry["addr"]);
  const bar = [...replay.bars.values()].filter((one) => one.base !== 0n && one.base <= address).toSorted((a, b) => (a.base < b.base ? 1 : -1))[0];
  const target = bar === undefined ? undefined : replay.functions.get(bar.bdf);
  const place: Pointed = { capture: "accesses", kind: "type3", function: target?.name ?? "", text: `line ${line} ${textOf(entry["addr"])}` };
  if (target?.messages === undefined || bar === undefined) return count(replay.tally, [absent(place, "message table at no known address", numberOf(entry["val"]))]);
  const image = replay.theirs.config.get(bar.bdf) ?? new Image();
  const capability = layoutOf(replay, bar.bdf, () => walkConfig(image.dword)).find((one) => one.identity === "cap 0x11");
  const table = capability === undefined ? 0 : image.dword(capability.at + 4) & ~7;
  const inside = Number(address - bar.base) - table;
  if (entry["op"] === "w") return target.messages.write32(inside, numberOf(entry["val"]));
  const ours = target.messages.read32(inside);
  count(replay.tally, ours === numberOf(entry["val"]) ? [] : [{ ...place, structure: "msixTable", register: `dword ${(inside >>> 2) & 3}`, field: "", theirs: numberOf(entry["val"]), ours }]);
}

export function compareAccesses(module: WebAssembly.Module, capture: Capture, tally: Tally): void {
  const machine = machineOf(capture.file, capture.commandLines.get("main") ?? "", { bridges: capture.bridges ?? new Map(), windows: [] });
  const bench = createBench(module, machine);
  const { platform } = createUntouched(module, machine);
  const bridges = new Map(machine.hostBridges.flatMap((bridge) => {
    const found = bench.functions.get(bridge.name);
    return found === undefined ? [] : [[bridge.componentBase, found] as const];
  }));
  const replay: Replay = { capture, tally, native: platform, bench, theirs: learn(capture.entries), bars: new Map(), layouts: new Map(), functions: new Map(), bridges };
  for (const [index, entry] of capture.entries.entries()) {
    const line = index + 1;
    if (entry["k"] === "cfg") replayConfig(replay, entry, line);
    else if (entry["block"] === "component") replayComponent(replay, entry, line);
    else if (entry["block"] === "msix") replayMessages(replay, entry, line);
    else if (entry["op"] === "r") tally.notModelled++;
  }
}
