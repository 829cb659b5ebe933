// Every access of a real driver, in order, against the same topology. Config space is repeated on a machine that takes every write where it was
// written (bus numbers and BARs as in the capture); register blocks on one that keeps its own addresses and takes all other config writes too.

import { cacheMemoryRange, deviceBar } from "../../registers/constants.ts";
import { doeDevice } from "../../registers/doe.ts";
import { msix } from "../../registers/messages.ts";
import { serialNumber } from "../../registers/pci.ts";
import type { Hardware } from "../../src/hardware/machine.ts";
import type { HardwarePlatform } from "../../src/hardware/platform.ts";
import type { PciAddress } from "../../src/platform/pci-address.ts";
import { Answers } from "./answers.ts";
import type { Bench, BenchFunction } from "./bench.ts";
import { configRegisters, createBench, createUntouched, readerOf } from "./bench.ts";
import { BusTree, busAddress } from "./bus-tree.ts";
import type { Capture, Entry } from "./capture.ts";
import { CaptureError, bigOf, numberOf, textOf } from "./capture.ts";
import type { Pointed, Tally } from "./compare.ts";
import { count, theirsAlone, valueDifferences } from "./compare.ts";
import { circumstancesAt } from "./decoder-values.ts";
import { DeviceAccesses } from "./device-accesses.ts";
import type { Seen } from "./images.ts";
import { blockMask, imageReader, learn } from "./images.ts";
import type { Layout } from "./structures.ts";
import { layoutOf, translate, walkConfig } from "./structures.ts";
import type { PlacedFunction, Topology } from "./topology.ts";
import { functionKind, machineOf } from "./topology.ts";

const cm = cacheMemoryRange.offset;
const bar0 = 0x10;
const lastBar = 0x24;
const furthestBar = 1n << 20n;
const allOnes = 0xffff_ffffn;
/** Nanoseconds. */
const betweenAccesses = 1_000_000;
/** Header registers that say where a function answers: the machine of the register blocks keeps its own. */
const routing = { from: 0x04, to: 0x34 } as const;

interface Replay {
  readonly capture: Capture;
  readonly topology: Topology;
  readonly tally: Tally;
  readonly tree: BusTree;
  /** Takes everything where it was written. */
  readonly native: HardwarePlatform;
  readonly nativeHardware: Hardware;
  readonly bench: Bench;
  readonly seen: Seen;
  /** BARs by function and index, the one written last at the end. */
  readonly bars: Map<string, { readonly id: string; readonly index: number; base: bigint }>;
  readonly layouts: Map<string, Layout>;
  readonly bridges: ReadonlyMap<bigint, string>;
  readonly answers: Answers;
  readonly devices: DeviceAccesses;
}

function remember(replay: Replay, key: string, make: () => Layout): Layout {
  const known = replay.layouts.get(key) ?? make();
  replay.layouts.set(key, known);
  return known;
}

const functionOf = (replay: Replay, id: string): BenchFunction => {
  const found = replay.bench.functions.get(id);
  if (found === undefined) throw new CaptureError(replay.capture.file, "command line", `"${id}" is not plugged in anywhere`);
  return found;
};

const configLayout = (replay: Replay, found: PlacedFunction): Layout =>
  remember(replay, found.id, () => layoutOf(found.kind, "config", imageReader(replay.topology, replay.seen, found), readerOf(configRegisters(replay.bench.platform, functionOf(replay, found.id).address))));

const insideText = (inside: number): string => `+0x${(inside & ~3).toString(16)}`;

function noteBar(replay: Replay, id: string, offset: number, width: number, value: bigint): void {
  if (offset < bar0 || offset > lastBar || width !== 4 || value === allOnes) return;
  const index = (offset - bar0) / 4;
  const isHigh = index % 2 === 1;
  const key = `${id} ${isHigh ? index - 1 : index}`;
  const bar = replay.bars.get(key) ?? { id, index: isHigh ? index - 1 : index, base: 0n };
  bar.base = isHigh ? (bar.base & allOnes) | (value << 32n) : (bar.base & ~allOnes) | (value & ~0xfn);
  replay.bars.delete(key);
  replay.bars.set(key, bar);
}

function repeatConfig(replay: Replay, { value, place }: Entry): void {
  const [bdf, offset, width, theirs] = [textOf(value["bdf"]), numberOf(value["off"]), numberOf(value["w"]), bigOf(value["val"])];
  const { bus, devfn } = busAddress(bdf);
  const located = replay.tree.locate(bus, devfn);
  const text = `${place} ${bdf} ${textOf(value["off"])}`;
  if (located === undefined) return countElsewhere(replay, value, text);
  const { function: found, address } = located;
  const at: Pointed = { capture: "accesses", kind: found.kind, function: `${bdf} ${found.id}`, text };
  const { identity, declared, inside } = translate(configLayout(replay, found), offset);
  if (value["op"] === "w") {
    replay.tally.repeated++;
    replay.tree.note(found.id, offset, width, theirs);
    noteBar(replay, found.id, offset, width, theirs);
    if (declared === undefined) return;
    const here = declared.at + inside;
    configRegisters(replay.native, address).write(here, width, theirs);
    if (declared.at !== 0 || inside < routing.from || inside >= routing.to) writeBench(replay, found, here, width, theirs);
    if (declared.structure.name === doeDevice.name) replay.answers.noteWrite(found.id, inside, Number(theirs));
    return;
  }
  if (declared === undefined) return count(replay.tally, theirs === 0n ? [] : [theirsAlone(at, identity, insideText(inside), Number(theirs))]);
  const ours = configRegisters(replay.native, address).read(declared.at + inside, width);
  if (declared.structure.name === doeDevice.name && inside === doeDevice.registers.readMailbox.offset) return replay.answers.noteRead(found.id, at, Number(theirs), Number(ours));
  count(replay.tally, valueDifferences(at, declared, inside, width, theirs, ours));
}

/** A write that the machine of the register blocks takes too; a reset that it starts must not cost it its addresses. */
function writeBench(replay: Replay, found: PlacedFunction, at: number, width: number, value: bigint): void {
  const { address } = functionOf(replay, found.id);
  configRegisters(replay.bench.platform, address).write(at, width, value);
  replay.bench.restoreRouting();
}

/** An access to what is no port or device of the topology: QEMU's own host bridge function, or nothing that we know. */
function countElsewhere(replay: Replay, value: Entry["value"], text: string): void {
  const device = textOf(value["dev"]);
  if (value["op"] === "w") {
    replay.tally.repeated++;
    return;
  }
  if (device === "pxb-cxl") return count(replay.tally, [theirsAlone({ capture: "accesses", kind: "pxb-cxl", function: device, text }, "function", "", numberOf(value["val"]))]);
  if (functionKind(device) === undefined) {
    replay.tally.notModelled++;
    replay.tally.notes.add(`functions of kind ${device} are not modelled`);
    return;
  }
  count(replay.tally, [theirsAlone({ capture: "accesses", kind: functionKind(device) ?? "pxb-cxl", function: textOf(value["bdf"]), text }, "function at no place of the topology", "", numberOf(value["val"]))]);
}

/** The BAR that an address lies in: the nearest below it, the one written last among equals. */
function barOf(replay: Replay, address: bigint): { readonly id: string; readonly index: number; readonly base: bigint } | undefined {
  return [...replay.bars.values()].filter((bar) => bar.base !== 0n && bar.base <= address && address - bar.base < furthestBar).toReversed().toSorted((a, b) => (a.base < b.base ? 1 : a.base > b.base ? -1 : 0))[0];
}

/** Their component block at an address: its function, and where it begins. */
function blockAt(replay: Replay, address: bigint): { readonly id: string; readonly base: bigint } | undefined {
  const base = address & ~blockMask;
  const bridge = replay.bridges.get(base);
  if (bridge !== undefined) return { id: bridge, base };
  const bar = barOf(replay, address);
  return bar === undefined ? undefined : { id: bar.id, base };
}

function repeatComponent(replay: Replay, { value, place }: Entry): void {
  const [address, width, theirs] = [bigOf(value["addr"]), numberOf(value["w"]), bigOf(value["val"])];
  const block = blockAt(replay, address);
  const text = `${place} ${textOf(value["addr"])}`;
  if (block === undefined) return count(replay.tally, [theirsAlone({ capture: "accesses", kind: "pxb-cxl", function: "", text }, "block at no known address", "", Number(theirs & allOnes))]);
  const target = functionOf(replay, block.id);
  const image = replay.seen.blocks.get(block.base);
  const layout = remember(replay, `block ${block.base}`, () => layoutOf(target.kind, "component", (offset) => image?.dword(cm + offset), readerOf(target.block, cm)));
  const { identity, declared, inside } = translate(layout, Number(address - block.base) - cm);
  if (value["op"] === "w") {
    replay.tally.repeated++;
    if (declared !== undefined) target.block.write(cm + declared.at + inside, width, theirs);
    return;
  }
  const at: Pointed = { capture: "accesses", kind: target.kind, function: target.name, text };
  if (declared === undefined) return count(replay.tally, theirs === 0n ? [] : [theirsAlone(at, identity, insideText(inside), Number(theirs & allOnes))]);
  const circumstances = circumstancesAt(target.block, declared, cm + declared.at, inside);
  count(replay.tally, valueDifferences(at, declared, inside, width, theirs, target.block.read(cm + declared.at + inside, width), circumstances));
}

/** Device blocks: their registers and commands. */
function repeatDevice(replay: Replay, { value, place }: Entry): void {
  const [address, width, theirs] = [bigOf(value["addr"]), numberOf(value["w"]), bigOf(value["val"])];
  const bar = barOf(replay, address);
  const target = bar === undefined ? undefined : functionOf(replay, bar.id);
  const at: Pointed = { capture: "accesses", kind: target?.kind ?? "pxb-cxl", function: target?.name ?? "", text: `${place} ${textOf(value["addr"])}` };
  if (target === undefined) return count(replay.tally, [theirsAlone(at, "device block at no known address", "", Number(theirs & allOnes))]);
  const base = address & ~blockMask;
  const access = { target, offset: Number(address - base), image: (offset: number) => replay.seen.blocks.get(base)?.dword(offset), width, value: theirs, place: at };
  if (value["op"] === "w") replay.devices.write(access);
  else replay.devices.read(access);
}

const barIndex = 7;

/** MSI-X tables and pending bits: by the BARs and offsets of their capability. */
function repeatMessages(replay: Replay, { value, place }: Entry): void {
  const [address, width, theirs] = [bigOf(value["addr"]), numberOf(value["w"]), bigOf(value["val"])];
  const bar = barOf(replay, address);
  const target = bar === undefined ? undefined : replay.bench.functions.get(bar.id);
  const at: Pointed = { capture: "accesses", kind: target?.kind ?? "pxb-cxl", function: target?.name ?? "", text: `${place} ${textOf(value["addr"])}` };
  const inside = target === undefined || bar === undefined ? undefined : messageOffset(replay, target, Number(address - bar.base), bar.index);
  if (target?.messages === undefined || inside === undefined) return count(replay.tally, [theirsAlone(at, "message table at no known address", "", Number(theirs & allOnes))]);
  if (value["op"] === "w") {
    replay.tally.repeated++;
    return target.messages.write(inside, width, theirs);
  }
  const ours = target.messages.read(inside, width);
  count(replay.tally, ours === theirs ? [] : [{ ...at, structure: "msixTable", register: `dword ${(inside >>> 2) & 3}`, field: "", theirs: Number(theirs), ours: Number(ours) }]);
}

/** Byte of our message area that a byte of their BAR `index` stands for. */
function messageOffset(replay: Replay, target: BenchFunction, offset: number, index: number): number | undefined {
  const placed = replay.topology.functions.find((one) => one.id === target.name);
  if (placed === undefined) return undefined;
  const read = imageReader(replay.topology, replay.seen, placed);
  const capability = walkConfig(read).find((one) => one.identity === "cap 0x11");
  if (capability === undefined) return undefined;
  const [table, pending] = [msix.registers.table.offset, msix.registers.pending.offset].map((register) => read(capability.at + register) ?? 0);
  if (table === undefined || pending === undefined) return undefined;
  const isPending = (pending & barIndex) === index && offset >= (pending & ~barIndex) && (pending & ~barIndex) > (table & ~barIndex);
  const theirStart = (isPending ? pending : table) & ~barIndex;
  if (!isPending && (table & barIndex) !== index) return undefined;
  const ours = configRegisters(replay.bench.platform, target.address);
  const here = configLayout(replay, placed).declared.get("cap 0x11");
  const ourStart = here === undefined ? 0 : (Number(ours.read(here.at + (isPending ? msix.registers.pending.offset : msix.registers.table.offset), 4)) & ~barIndex) - deviceBar.messages;
  return ourStart + offset - theirStart;
}

/** CHBCRs: those of the table beside the capture, else the blocks that no BAR has, in ascending order. */
function bridgesOf(capture: Capture, topology: Topology, tally: Tally): ReadonlyMap<bigint, string> {
  const told = topology.bridges.flatMap(({ id, bus }) => {
    const base = capture.bridges?.get(bus);
    return base === undefined ? [] : [[base, id] as const];
  });
  if (told.length > 0) return new Map(told);
  const bars = new Set(capture.entries.flatMap(({ value }) => (value["k"] === "cfg" && value["op"] === "w" && numberOf(value["off"]) === bar0 ? [bigOf(value["val"]) & ~0xfn & ~blockMask] : [])));
  const blocks = [...new Set(capture.entries.flatMap(({ value }) => (value["block"] === "component" ? [bigOf(value["addr"]) & ~blockMask] : [])))].filter((base) => !bars.has(base)).toSorted((a, b) => (a < b ? -1 : 1));
  tally.notes.add("no CEDT.bin beside it: register blocks that no BAR has were taken as those of the host bridges, in ascending order");
  return new Map(blocks.slice(0, topology.bridges.length).map((base, index) => [base, topology.bridges[index]?.id ?? ""]));
}

/** Serial numbers tell the cards apart: a capture whose cards are others than its command line's is not compared. */
function checkSerials(replay: Replay): void {
  for (const placed of replay.topology.functions) {
    const read = replay.seen.config.get(placed.id)?.dword;
    const found = placed.kind !== "type3" || read === undefined ? undefined : walkConfig(read).find((one) => one.identity === "ext 0x3");
    const theirs = found === undefined ? undefined : read?.(found.at + serialNumber.registers.low.offset);
    const ours = found === undefined ? undefined : readSerial(replay, functionOf(replay, placed.id).address);
    if (theirs !== undefined && ours !== undefined && theirs !== ours) throw new CaptureError(replay.capture.file, "", `"${placed.id}" has the serial number 0x${theirs.toString(16)} in the capture and 0x${ours.toString(16)} in the command line beside it; are they of one machine?`);
  }
}

function readSerial(replay: Replay, address: PciAddress): number | undefined {
  const read = readerOf(configRegisters(replay.bench.platform, address));
  const found = walkConfig(read).find((one) => one.identity === "ext 0x3");
  return found === undefined ? undefined : read(found.at + serialNumber.registers.low.offset);
}

export function compareAccesses(module: WebAssembly.Module, capture: Capture, topology: Topology, entries: readonly Entry[], tally: Tally): void {
  const machine = machineOf(topology, { bridges: capture.bridges ?? new Map(), windows: [] });
  const { hardware, platform } = createUntouched(module, machine);
  const bench = createBench(module, topology, machine);
  const advance = (time: number): void => bench.hardware.advanceTo(bench.hardware.now + time);
  const replay: Replay = {
    capture, topology, tally, tree: new BusTree(topology), native: platform, nativeHardware: hardware, bench, seen: learn(topology, entries),
    bars: new Map(), layouts: new Map(), bridges: bridgesOf(capture, topology, tally), answers: new Answers(tally), devices: new DeviceAccesses(topology, tally, advance),
  };
  checkSerials(replay);
  tally.notes.add("captures of accesses have no times: accesses were made 1 ms apart, so that links train and commits end as they did there");
  for (const entry of entries) {
    const { value } = entry;
    for (const machineHere of [replay.nativeHardware, replay.bench.hardware]) machineHere.advanceTo(machineHere.now + betweenAccesses);
    if (value["k"] === "cfg") repeatConfig(replay, entry);
    else if (value["block"] === "component") repeatComponent(replay, entry);
    else if (value["block"] === "msix") repeatMessages(replay, entry);
    else if (textOf(value["block"]).startsWith("device/")) repeatDevice(replay, entry);
    else throw new CaptureError(capture.file, entry.place, `has the block "${textOf(value["block"])}"; those known here are component, device/... and msix`);
  }
  replay.answers.closeAll();
  replay.devices.closeAll();
}
