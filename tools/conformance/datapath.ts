// Captures of the data path: decoders programmed as theirs were, then which device and DPA each HPA reaches.

import { cacheMemoryRange } from "../../registers/constants.ts";
import { dvsecDevice } from "../../registers/dvsec.ts";
import { hdmDecoderDevice, hdmDecoderPort } from "../../registers/hdm-decoder.ts";
import { configBus, findDvsec } from "../../src/platform/config-walk.ts";
import type { DownstreamPortDescription } from "../../src/platform/description.ts";
import { isSwitch, portsBelow } from "../../src/platform/description.ts";
import { structureAt } from "../../src/platform/registers.ts";
import type { Bench, BenchFunction } from "./bench.ts";
import { readerOf } from "./bench.ts";
import type { Capture, Entry } from "./capture.ts";
import { CaptureError, bigOf, listOf, numberOf, textOf } from "./capture.ts";
import type { Circumstance, Difference, Pointed, Tally } from "./compare.ts";
import { count } from "./compare.ts";
import type { DecoderValues } from "./decoder-values.ts";
import { asksForCommit, decoderAt, decoderOf, decoderOffsets, isCommitted, limitsAt, refusedBy } from "./decoder-values.ts";
import { walkComponent } from "./structures.ts";
import { componentNamed } from "./topology.ts";

/** Where QEMU has the HDM decoders in every component block; programs name places of the block and show no list. */
const theirDecoders = 0x1128;
const cm = cacheMemoryRange.offset;
const identity = "component 0x5";
const lineBytes = 8;
const word = 0xffff_ffffn;

/** Decoders of one component: as programmed, and where they are here (-1: it has none, everything passes). */
interface Component {
  readonly target: BenchFunction;
  readonly at: number;
  readonly values: DecoderValues[];
  /** Decoders whose commit was asked for. */
  readonly asked: Set<number>;
}

const none: DecoderValues = { base: 0n, size: 0n, control: 0, targets: 0n };

function componentOf(bench: Bench, capture: Capture, place: string, name: string, known: Map<string, Component>): Component {
  const id = componentNamed(bench.topology, name);
  const target = bench.functions.get(id);
  if (target === undefined) throw new CaptureError(capture.file, place, `its program writes to "${name}", which its command line does not have; there are ${[...bench.functions.keys()].join(", ")}`);
  const found = walkComponent(readerOf(target.block, cm)).find((one) => one.identity === identity);
  const component = known.get(id) ?? { target, at: found === undefined ? -1 : cm + found.at, values: [], asked: new Set<number>() };
  known.set(id, component);
  return component;
}

/** A dword of a 64-bit value replaced. */
const withHalf = (value: bigint, isHigh: boolean, half: number): bigint => (isHigh ? (value & word) | (BigInt(half) << 32n) : (value & ~word) | BigInt(half));

function note(component: Component, inside: number, value: number): void {
  const index = decoderOf(inside);
  if (index < 0) return;
  const at = inside - decoderAt(index);
  const { base, size, control, targets } = component.values[index] ?? none;
  const isHigh = (at & 4) !== 0;
  const kept: DecoderValues = {
    base: (at & ~7) === decoderOffsets.base ? withHalf(base, isHigh, value) : base,
    size: (at & ~7) === decoderOffsets.size ? withHalf(size, isHigh, value) : size,
    control: at === decoderOffsets.control ? value : control,
    targets: at === decoderOffsets.targets ? withHalf(targets, false, value) : at === decoderOffsets.targets + 4 ? withHalf(targets, true, value) : targets,
  };
  component.values[index] = kept;
  if (at === decoderOffsets.control && asksForCommit(value)) component.asked.add(index);
}

/** Repeats a program; returns its components. */
function program(bench: Bench, capture: Capture, entry: Entry): ReadonlyMap<string, Component> {
  const known = new Map<string, Component>();
  for (const step of listOf(entry.value["program"])) {
    const [name, offset, value] = [textOf(listOf(step)[0]), numberOf(listOf(step)[1]), numberOf(listOf(step)[2])];
    const inside = offset - theirDecoders;
    if (inside < 0 || inside >= hdmDecoderPort.length) throw new CaptureError(capture.file, entry.place, `its program writes to 0x${offset.toString(16)} of "${name}", which is no HDM decoder register of QEMU's blocks (0x${theirDecoders.toString(16)} and up)`);
    const component = componentOf(bench, capture, entry.place, name, known);
    if (component.at >= 0) component.target.block.write(component.at + inside, 4, BigInt(value));
    note(component, inside, value);
  }
  return known;
}

/** What QEMU's data path does not ask for and ours does: CXL.mem and HDM decoders enabled in the devices. */
function prepare(bench: Bench, components: ReadonlyMap<string, Component>, tally: Tally): void {
  for (const { target: { kind, address, block } } of components.values()) {
    if (kind !== "type3") continue;
    const bus = configBus(bench.platform.config, address);
    structureAt(bus, findDvsec(bus, dvsecDevice.identity.id), dvsecDevice).control.modify({ memoryEnable: 1 });
    const found = walkComponent(readerOf(block, cm)).find((one) => one.identity === identity);
    const at = cm + (found?.at ?? 0) + hdmDecoderDevice.registers.globalControl.offset;
    const enable = 1n << BigInt(hdmDecoderDevice.registers.globalControl.fields.decoderEnable.bits);
    const control = block.read(at, 4);
    if (found === undefined || (control & enable) !== 0n) continue;
    block.write(at, 4, control | enable);
    tally.notes.add("HDM Decoder Enable was set in devices whose program leaves it 0: QEMU's data path does not look at it");
  }
  tally.notes.add("memory space and Mem_Enable (DVSEC 0) were set in the devices of the programs: QEMU's data path does not look at them");
}

/** Commits that ours refused: by a rule, which explains what follows from it, or not. */
function refusals(components: ReadonlyMap<string, Component>, place: Pointed, tally: Tally): boolean {
  let isExplained = false;
  for (const [name, component] of components) {
    for (const index of component.asked) {
      if (component.at < 0) continue;
      const seen = Number(component.target.block.read(component.at + decoderAt(index) + decoderOffsets.control, 4));
      const rule = refusedBy(component.values, index, limitsAt(component.target.block, component.at, component.target.kind === "type3"));
      if (isCommitted(seen) || !asksForCommit(component.values[index]?.control ?? 0)) continue;
      const structure = component.target.kind === "type3" ? hdmDecoderDevice.name : hdmDecoderPort.name;
      isExplained ||= rule !== undefined;
      tally.lists++;
      count(tally, [{ ...place, kind: component.target.kind, text: `${name} decoder ${index}${rule === undefined ? "" : `, ${rule}`}`, structure, register: "control", field: "committed", theirs: 1, ours: 0, ...(rule === undefined ? {} : { circumstances: ["commit refused" as const] }) }]);
    }
  }
  return isExplained;
}

const devicesBelow = (ports: readonly DownstreamPortDescription[]) => portsBelow(ports).flatMap((port) => port.slots.flatMap((slot) => (isSwitch(slot) ? [] : [slot])));

/** Which device and DPA a backing file and an offset in it are. */
export function mediaPlace(bench: Bench, file: string, offset: bigint): { readonly device: number; readonly dpa: bigint } | undefined {
  const name = file.replace(/-(vol|pmem)$/, "");
  const entity = bench.hardware.entities.devices.get(name);
  const description = bench.machine.hostBridges.flatMap((bridge) => devicesBelow(bridge.rootPorts)).find((one) => one.name === name);
  if (entity === undefined || description === undefined) return undefined;
  return { device: entity.index, dpa: file.endsWith("-pmem") ? description.volatileCapacity + offset : offset };
}

/** Bytes of a device's media, without time or trace. */
export function mediaBytes(bench: Bench, device: number, dpa: bigint, length: number): number[] {
  return Array.from({ length }, (_, index) => {
    const at = dpa + BigInt(index);
    const low = bench.hardware.exports.peekMedia(device, Number(at & word), Number(at >> 32n)) >>> 0;
    const byte = Number(at & 7n);
    return byte < 4 ? (low >>> (byte * 8)) & 0xff : (bench.hardware.resultHigh >>> ((byte - 4) * 8)) & 0xff;
  });
}

/** Eight bytes that no other row of a case has. */
const tagOf = (row: number): bigint => 0xa5c3_0000_0000_0001n + BigInt(row + 1) * 0x0001_0101_0101_0100n;
const bytesOf = (value: bigint): number[] => Array.from({ length: lineBytes }, (_, index) => Number((value >> BigInt(8 * index)) & 0xffn));
const asNumber = (bytes: readonly number[]): number => bytes.slice(0, 4).reduce((sum, byte, index) => sum + byte * 2 ** (8 * index), 0);

interface Row {
  readonly hpa: bigint;
  readonly file: string;
  readonly offset: bigint;
  readonly text: string;
  readonly tag: bigint;
}

export function compareDataPath(capture: Capture, entries: readonly Entry[], benchOf: (entry: Entry) => Bench, tally: Tally): void {
  for (const entry of entries) {
    const bench = benchOf(entry);
    const place: Pointed = { capture: "datapath", kind: "type3", function: textOf(entry.value["case"]), text: "" };
    const components = program(bench, capture, entry);
    prepare(bench, components, tally);
    const circumstances: readonly Circumstance[] = refusals(components, place, tally) ? ["commit refused"] : [];
    const rows = listOf(entry.value["rows"]).map((row, index): Row => ({ hpa: bigOf(entry.value["hpa_base"]) + bigOf(listOf(row)[0]), file: textOf(listOf(row)[1]), offset: bigOf(listOf(row)[2]), text: `HPA base + ${textOf(listOf(row)[0])}`, tag: tagOf(index) }));
    tally.entries += rows.length;
    const granularity = BigInt(numberOf(entry.value["ways"]) === 1 ? 0 : numberOf(entry.value["granularity"]));
    for (const row of rows) {
      if (row.file !== "" && mediaPlace(bench, row.file, row.offset) === undefined) throw new CaptureError(capture.file, entry.place, `its row "${row.text}" names the backing file "${row.file}"; files are named after the devices of the command line, with -vol or -pmem behind`);
      count(tally, rowDifferences({ ...place, text: row.text }, bench, row, granularity, circumstances));
    }
    checkAliases(place, bench, rows, tally);
  }
}

/** A row: the bytes of a store lie where theirs lay, and come back. */
function rowDifferences(place: Pointed, bench: Bench, { hpa, file, offset, tag }: Row, granularity: bigint, circumstances: readonly Circumstance[]): Difference[] {
  const { memory } = bench.platform;
  const status = memory.store(hpa, lineBytes, tag);
  const loaded = memory.load(hpa, lineBytes);
  const named = { ...place, structure: "data path", ...(circumstances.length === 0 ? {} : { circumstances }) };
  if (file === "") {
    if (loaded.status === "ok" || status === "ok") return [{ ...named, register: "unrouted", field: "reached", theirs: 0, ours: 1 }];
    return [{ ...named, register: "unrouted", field: "value", theirs: 0, ours: Number(loaded.value & word) }];
  }
  const there = mediaPlace(bench, file, offset);
  const found = there === undefined ? [] : mediaBytes(bench, there.device, there.dpa, lineBytes);
  const wanted = bytesOf(tag);
  const left = granularity === 0n ? lineBytes : Math.min(lineBytes, Number(granularity - (hpa % granularity)));
  const [ofWay, beyond] = [wanted.slice(0, left).every((byte, at) => found[at] === byte), wanted.slice(left).every((byte, at) => found[left + at] === byte)];
  const differences: Difference[] = [];
  if (status !== "ok" || !ofWay) differences.push({ ...named, register: "routed", field: "reached", theirs: 1, ours: 0 });
  else if (!beyond) differences.push({ ...named, circumstances: [...circumstances, "over a way"], register: "routed", field: "beyond the way", theirs: 1, ours: 0 });
  if (status === "ok" && loaded.value !== tag) differences.push({ ...named, register: "routed", field: "read back", theirs: asNumber(wanted), ours: Number(loaded.value & word) });
  return differences;
}

/** No two rows of a case share media: what the last store of each place left is still there after all of them. */
function checkAliases(place: Pointed, bench: Bench, rows: readonly Row[], tally: Tally): void {
  const isOverwritten = (row: Row, index: number): boolean => rows.slice(index + 1).some((later) => later.hpa < row.hpa + BigInt(lineBytes) && row.hpa < later.hpa + BigInt(lineBytes));
  const lost = rows.filter((row, index) => {
    if (row.file === "" || isOverwritten(row, index)) return false;
    const loaded = bench.platform.memory.load(row.hpa, lineBytes);
    return loaded.status === "ok" && loaded.value !== row.tag;
  });
  tally.lists++;
  count(tally, lost.map((row): Difference => ({ ...place, text: row.text, structure: "data path", register: "routed", field: "kept", theirs: 1, ours: 0 })));
}
