// Captures of registers one by one: config space and component blocks as they are after reset, read and written, and under masks.

import { cacheMemoryRange } from "../../registers/constants.ts";
import type { Bench, BenchFunction, Registers } from "./bench.ts";
import { configRegisters, readerOf } from "./bench.ts";
import type { Capture, Entry } from "./capture.ts";
import { CaptureError, bigOf, numberOf, textOf } from "./capture.ts";
import type { Circumstance, Difference, Pointed, Tally } from "./compare.ts";
import { count, theirsAlone, valueDifferences } from "./compare.ts";
import type { HardwarePlatform } from "../../src/hardware/platform.ts";
import { circumstancesAt } from "./decoder-values.ts";
import { CommandWrites, deviceCircumstances } from "./device-circumstances.ts";
import { payloadIdentity } from "./device-layout.ts";
import type { Declared, Found, Layout, Reader, Space } from "./structures.ts";
import { layoutOf, sharedDwords, translate } from "./structures.ts";
import { componentNamed, otherFunction } from "./topology.ts";

/** Machines of a capture's topologies. */
export interface Context {
  /** Built and enumerated; `fresh` makes it anew, as after a restart. */
  readonly bench: (topology: string) => Bench;
  readonly fresh: (topology: string) => Bench;
  /** Config space of a function as it is before any register of it was written: only its parents hold bus numbers. */
  readonly untouched: (topology: string, name: string) => HardwarePlatform;
}

const cm = cacheMemoryRange.offset;
const spaces: Readonly<Record<string, Space>> = { cfg: "config", comp: "component", device: "device" };

interface Group {
  readonly space: Space;
  readonly topology: string;
  readonly name: string;
  readonly entries: Entry[];
}

/** Entries of one function's config space or component block, in their order. */
function groupsOf(entries: readonly Entry[]): Group[] {
  const found = new Map<string, Group>();
  for (const entry of entries) {
    const space = spaces[textOf(entry.value["block"])] ?? "component";
    const [topology, name] = [textOf(entry.value["topo"]) || "main", textOf(entry.value["fn"])];
    const key = `${space}|${topology}|${name}`;
    const group = found.get(key) ?? { space, topology, name, entries: [] };
    group.entries.push(entry);
    found.set(key, group);
  }
  return [...found.values()];
}

/** What they read first at every dword: lists never change. */
function readerOfEntries(entries: readonly Entry[], base: number, leavesZerosOut: boolean): Reader {
  const values = new Map<number, number>();
  for (const { value } of entries) {
    const offset = numberOf(value["off"]) - base;
    const first = value["op"] === "mask" ? value["reset"] : value["val"];
    if (offset >= 0 && value["op"] !== "w" && first !== undefined && numberOf(value["w"]) === 4 && !values.has(offset)) values.set(offset, numberOf(first));
  }
  return (offset) => values.get(offset) ?? (leavesZerosOut ? 0 : undefined);
}

export function compareRegisters(capture: Capture, entries: readonly Entry[], context: Context, tally: Tally): void {
  for (const group of groupsOf(entries)) compareGroup(capture, group, context, tally);
}

/** What carries the accesses of a group; undefined: the function has no such block. */
function registersOf({ space, topology }: Group, target: BenchFunction, context: Context): Registers | undefined {
  if (space === "config") return configRegisters(context.untouched(topology, target.name), target.address);
  return space === "device" ? settled(target.device, context.bench(topology)) : target.block;
}

const restarted = (bench: Bench, name: string): Registers | undefined => settled(bench.functions.get(name)?.device, bench);

const pause = 10_000;
/** Theirs has ended a command before the next access comes: so has ours. */
function settled(registers: Registers | undefined, { hardware }: Bench): Registers | undefined {
  if (registers === undefined) return undefined;
  const write = (offset: number, width: number, value: bigint): void => {
    registers.write(offset, width, value);
    hardware.advanceTo(hardware.now + pause);
  };
  return { read: (offset, width) => registers.read(offset, width), write };
}

function compareGroup(capture: Capture, group: Group, context: Context, tally: Tally): void {
  const { space, topology, name, entries } = group;
  const bench = context.bench(topology);
  const target = bench.functions.get(componentNamed(bench.topology, name));
  const isMasks = entries.every((entry) => entry.kind === "masks");
  const shown = topology === "main" ? name : `${name} (${topology})`;
  const found = target === undefined || (space === "config" && target.kind === "hb") ? undefined : registersOf(group, target, context);
  if (target !== undefined && found === undefined && space === "device") throw new CaptureError(capture.file, entries[0]?.place ?? "", `"${name}" has no device block: it is no cxl-type3`);
  if (target === undefined || found === undefined) return countOther(capture, entries, bench, name, space, tally);
  const base = space === "component" ? cm : 0;
  const layout = layoutOf(target.kind, space, readerOfEntries(entries, base, capture.leavesZerosOut), readerOf(found, base));
  const place: Pointed = { capture: isMasks ? "masks" : space, kind: target.kind, function: shown, text: "" };
  if (layout.isWhole) compareLists({ ...place, text: "lists" }, layout, tally);
  else tally.notes.add("lists of capabilities that are not whole in the capture were not compared");
  let view: View = { registers: found, layout, base, writes: new CommandWrites() };
  for (const { kind, value } of entries) {
    const at: Pointed = { ...place, capture: kind === "masks" ? "masks" : space, text: `${textOf(value["off"])}${value["note"] === undefined ? "" : ` ${textOf(value["note"])}`}` };
    if (value["op"] === "ones-range") compareRange(value, view.registers, at, tally);
    else if (value["op"] === "w") repeatWrite(value, view, tally);
    else if (value["op"] === "mask") compareMask(value, view, at, tally);
    else if (value["op"] === "abort") {
      compareAbort(value, view, at, tally);
      view = { ...view, registers: restarted(context.fresh(topology), target.name) ?? view.registers, writes: new CommandWrites() };
    } else compareRead(value, view, at, tally);
  }
  if (capture.leavesZerosOut) compareZeros(entries, view, place, tally);
}

/** A function's registers as a group of entries meets them. */
interface View {
  readonly registers: Registers;
  readonly layout: Layout;
  readonly base: number;
  readonly writes: CommandWrites;
}

/** A function that is no port or device of ours: QEMU's own host bridge function, or one that is not modelled. */
function countOther(capture: Capture, entries: readonly Entry[], bench: Bench, name: string, space: Space, tally: Tally): void {
  const other = otherFunction(bench.topology, name.split("@")[0] ?? "");
  const isBridge = other === "pxb-cxl" || name.startsWith("pxb@") || bench.functions.get(componentNamed(bench.topology, name))?.kind === "hb";
  if (isBridge) {
    for (const { value } of entries) count(tally, [theirsAlone({ capture: space, kind: "pxb-cxl", function: name, text: textOf(value["off"]) }, "function", "", numberOf(value["val"]))]);
    return;
  }
  if (other === undefined) throw new CaptureError(capture.file, entries[0]?.place ?? "", `"${name}" is nowhere in its command line; there are ${[...bench.functions.keys()].join(", ")}`);
  tally.notModelled += entries.length;
  tally.notes.add(`functions of kind ${other} are not modelled`);
}

/** Parts of a device block that come with a structure of its list. */
const isPart = (identity: string): boolean => identity.startsWith("header of ") || identity === payloadIdentity;

/** Identities of two lists, and versions of component structures. */
function compareLists(place: Pointed, layout: Layout, tally: Tally): void {
  const listed = (all: readonly Found[]): Map<string, number> => new Map(all.filter(({ identity }) => !isPart(identity)).map((one) => [one.identity, one.version]));
  const [ours, theirs] = [listed(layout.ours), listed(layout.theirs)];
  const differences: Difference[] = [];
  for (const [identity, version] of theirs) {
    const here = ours.get(identity);
    if (here === undefined) differences.push(theirsAlone(place, identity, "list", 1));
    else if (here !== version) differences.push({ ...place, structure: layout.declared.get(identity)?.structure.name ?? identity, register: "list", field: "version", theirs: version, ours: here });
  }
  for (const identity of ours.keys()) if (!theirs.has(identity)) differences.push({ ...place, structure: layout.declared.get(identity)?.structure.name ?? identity, register: "list", field: "", theirs: 0, ours: 1 });
  tally.lists++;
  count(tally, differences);
}

/** Where `offset` of theirs is here; 64-bit values begin in the structure that holds their first byte. */
function placeHere(layout: Layout, base: number, offset: number): { readonly identity: string; readonly declared: Declared | undefined; readonly inside: number; readonly at: number } {
  const found = translate(layout, offset - base);
  return { ...found, at: found.declared === undefined ? -1 : base + found.declared.at + found.inside };
}

const insideText = (inside: number): string => `+0x${(inside & ~3).toString(16)}`;

/** What holds where an access of `width` bytes meets a structure at `start`. */
const holdsAt = ({ registers, writes }: View, declared: Declared, start: number, inside: number, width: number): readonly Circumstance[] => [...circumstancesAt(registers, declared, start, inside), ...deviceCircumstances(registers, declared, start, width, writes)];

function compareRead(value: Entry["value"], view: View, place: Pointed, tally: Tally): void {
  const { registers, layout, base } = view;
  const [width, theirs] = [numberOf(value["w"]), bigOf(value["val"])];
  const { identity, declared, inside, at } = placeHere(layout, base, numberOf(value["off"]));
  if (declared === undefined) return count(tally, theirs === 0n ? [] : [theirsAlone(place, identity, insideText(inside), Number(theirs & 0xffff_ffffn))]);
  count(tally, valueDifferences(place, declared, inside, width, theirs, registers.read(at, width), holdsAt(view, declared, at - inside, inside, width)));
}

/** A write that ended the emulator: ours takes it or not, and goes on answering. */
function compareAbort(value: Entry["value"], { registers, layout, base }: View, place: Pointed, tally: Tally): void {
  const { identity, declared, inside, at } = placeHere(layout, base, numberOf(value["off"]));
  if (declared === undefined) return count(tally, [theirsAlone(place, identity, insideText(inside), 1)]);
  const before = registers.read(base, 4);
  registers.write(at, numberOf(value["w"]), bigOf(value["val"]));
  const isAlive = registers.read(base, 4) === before;
  count(tally, [{ ...place, structure: declared.structure.name, register: registerAt(declared.structure, inside), field: "emulator ended", theirs: 1, ours: isAlive ? 0 : 1 }]);
}

const registerAt = ({ registers }: Declared["structure"], inside: number): string => Object.entries(registers).find(([, { offset, width }]) => inside >= offset && inside < offset + width / 8)?.[0] ?? insideText(inside);

function repeatWrite(value: Entry["value"], { registers, layout, base, writes }: View, tally: Tally): void {
  const { declared, inside, at } = placeHere(layout, base, numberOf(value["off"]));
  if (declared !== undefined) {
    registers.write(at, numberOf(value["w"]), bigOf(value["val"]));
    writes.note(declared, inside, numberOf(value["w"]));
  }
  tally.repeated++;
}

const steps = ["reset", "ones", "zeros", "restored"] as const;

/** Reset value, then what is read after ones, zeros and the first value again. */
function compareMask(value: Entry["value"], view: View, place: Pointed, tally: Tally): void {
  const { layout, base } = view;
  const width = numberOf(value["w"]);
  const { identity, declared, inside, at } = placeHere(layout, base, numberOf(value["off"]));
  const wanted = steps.map((step) => bigOf(value[step]));
  if (declared === undefined) return count(tally, wanted.every((one) => one === 0n) ? [] : [theirsAlone(place, identity, insideText(inside), Number((wanted[1] ?? 0n) & 0xffff_ffffn))]);
  count(tally, maskDifferences(place, declared, inside, width, wanted, masked(view, declared, at, inside, width)));
}

interface Seen {
  readonly value: bigint;
  readonly circumstances: readonly Circumstance[];
}

function masked(view: View, declared: Declared, at: number, inside: number, width: number): Seen[] {
  const { registers } = view;
  const look = (): Seen => ({ value: registers.read(at, width), circumstances: holdsAt(view, declared, at - inside, inside, width) });
  const first = look();
  return [first, ...[(1n << BigInt(8 * width)) - 1n, 0n, first.value].map((written) => {
    registers.write(at, width, written);
    return look();
  })];
}

const maskDifferences = (place: Pointed, declared: Declared, inside: number, width: number, theirs: readonly bigint[], ours: readonly Seen[]): Difference[] =>
  steps.flatMap((step, index) => valueDifferences({ ...place, text: `${place.text}, ${step}` }, declared, inside, width, theirs[index] ?? 0n, ours[index]?.value ?? 0n, ours[index]?.circumstances));

/** A stretch outside the CXL.cache/mem range written with ones: how many dwords read non-zero. */
function compareRange(value: Entry["value"], registers: Registers, place: Pointed, tally: Tally): void {
  let found = 0;
  for (let offset = numberOf(value["off"]); offset < numberOf(value["end"]); offset += 4) {
    registers.write(offset, 4, 0xffff_ffffn);
    if (registers.read(offset, 4) !== 0n) found++;
  }
  const theirs = numberOf(value["nonzero_count"]);
  count(tally, found === theirs ? [] : [{ ...theirsAlone({ ...place, text: `${textOf(value["off"])}..${textOf(value["end"])}` }, "outside the CXL.cache/mem range", "", theirs), ours: found }]);
}

/** Dwords of shared structures that the capture leaves out because they are 0 there, whatever is done to them. */
function compareZeros(entries: readonly Entry[], view: View, place: Pointed, tally: Tally): void {
  const { registers, layout, base } = view;
  const listed = new Set(entries.filter(({ value }) => value["op"] !== "ones-range").flatMap(({ value }) => Array.from({ length: Math.ceil(numberOf(value["w"]) / 4) }, (_, index) => (numberOf(value["off"]) & ~3) - base + 4 * index)));
  const isMask = place.capture === "masks";
  for (const offset of sharedDwords(layout)) {
    const { declared, inside, at } = placeHere(layout, base, offset + base);
    if (listed.has(offset) || declared === undefined) continue;
    const there = { ...place, text: `0x${(offset + base).toString(16).padStart(4, "0")}, left out as zero` };
    tally.zeros++;
    count(tally, isMask ? maskDifferences(there, declared, inside, 4, [0n, 0n, 0n, 0n], masked(view, declared, at, inside, 4)) : valueDifferences(there, declared, inside, 4, 0n, registers.read(at, 4)));
  }
}
