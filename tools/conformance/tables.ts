// CEDT structures of a capture, or a whole table, against what our firmware builds for the same topology (CXL 9.18.1).

import { buildCedt } from "../../src/firmware/tables.ts";
import type { MachineDescription } from "../../src/platform/description.ts";
import type { Capture, Entry } from "./capture.ts";
import { CaptureError, textOf } from "./capture.ts";
import type { Difference, Pointed, Tally } from "./compare.ts";
import { count } from "./compare.ts";
import { bytesOf } from "./exchange.ts";
import type { Addresses } from "./topology.ts";
import { machineOf, readTopology } from "./topology.ts";

const headerBytes = 36;
const names = ["CHBS", "CFMWS", "CXIMS"] as const;

interface Structure {
  readonly key: string;
  readonly name: string;
  readonly bytes: readonly number[];
}

/** CEDT of a machine of ours. */
function cedtOf(machine: MachineDescription): Uint8Array {
  const windows = machine.windows.map(({ base, size, ways, granularity, restrictions, qtg, targets, arithmetic, xorMaps }) => ({
    base, size, ways, granularity, restrictions: restrictions ?? 0, qosClass: qtg ?? 0, targets: targets.map((index) => machine.hostBridges[index]?.uid ?? 0), ...(arithmetic === "xor" ? { xorMaps: xorMaps ?? [] } : {}),
  }));
  return buildCedt(machine.hostBridges.map(({ uid, componentBase }) => ({ uid, componentBase })), windows);
}

const little = (bytes: readonly number[], at: number, size: number): bigint => Array.from({ length: size }, (_, index) => BigInt(bytes[at + index] ?? 0) << BigInt(8 * index)).reduce((sum, part) => sum | part, 0n);

/** A structure with a key that does not depend on its place in the table. */
function structureOf(bytes: readonly number[]): Structure {
  const name = names[bytes[0] ?? 0xff] ?? `type ${bytes[0]}`;
  const key = name === "CHBS" ? `CHBS ${little(bytes, 4, 4)}` : name === "CFMWS" ? `CFMWS 0x${little(bytes, 8, 8).toString(16)}` : `${name} ${bytes[6] ?? 0}`;
  return { key, name, bytes };
}

/** Structures of a table. @throws CaptureError */
function structuresOf(file: string, table: Uint8Array): Structure[] {
  const found: Structure[] = [];
  const view = new DataView(table.buffer, table.byteOffset, table.byteLength);
  for (let at = headerBytes; at < table.length; ) {
    const length = at + 4 <= table.length ? view.getUint16(at + 2, true) : 0;
    if (length < 4 || at + length > table.length) throw new CaptureError(file, `byte ${at}`, `a structure says that it has ${length} bytes; is the file whole?`);
    found.push(structureOf([...table.subarray(at, at + length)]));
    at += length;
  }
  return found;
}

/** CHBCRs by UID and window bases: those of the table, so that everything else can be compared. */
function addressesOf(structures: readonly Structure[]): Addresses {
  const of = (name: string): readonly Structure[] => structures.filter((one) => one.name === name);
  return { bridges: new Map(of("CHBS").map(({ bytes }) => [Number(little(bytes, 4, 4)), little(bytes, 16, 8)])), windows: of("CFMWS").map(({ bytes }) => little(bytes, 8, 8)) };
}

/** Registers by their first byte (CXL 9.18.1.2, 9.18.1.3), for the name of a difference. */
const fields: Readonly<Record<string, readonly (readonly [at: number, size: number, name: string])[]>> = {
  CHBS: [[0, 1, "type"], [1, 1, "reserved"], [2, 2, "length"], [4, 4, "uid"], [8, 4, "version"], [12, 4, "reserved"], [16, 8, "base"], [24, 8, "block length"]],
  CFMWS: [[0, 1, "type"], [1, 1, "reserved"], [2, 2, "length"], [4, 4, "reserved"], [8, 8, "base"], [16, 8, "size"], [24, 1, "ways"], [25, 1, "arithmetic"], [26, 2, "reserved"], [28, 4, "granularity"], [32, 2, "restrictions"], [34, 2, "qtg"]],
};

function nameAt(name: string, at: number): { readonly at: number; readonly size: number; readonly register: string } {
  const found = fields[name]?.find(([start, size]) => at >= start && at < start + size);
  if (found !== undefined) return { at: found[0], size: found[1], register: found[2] };
  return { at: at & ~3, size: 4, register: name === "CFMWS" ? `target ${((at & ~3) - headerBytes) / 4}` : `dword ${at >> 2}` };
}

function structureDifferences(place: Pointed, theirs: Structure, ours: Structure | undefined): Difference[] {
  if (ours === undefined) return [{ ...place, structure: theirs.name, register: "list", field: "", theirs: 1, ours: 0 }];
  const found = new Map<string, Difference>();
  for (let at = 0; at < Math.max(theirs.bytes.length, ours.bytes.length); at++) {
    if (theirs.bytes[at] === ours.bytes[at]) continue;
    const { at: start, size, register } = nameAt(theirs.name, at);
    found.set(register, { ...place, structure: theirs.name, register, field: "", theirs: Number(little(theirs.bytes, start, size)), ours: Number(little(ours.bytes, start, size)) });
  }
  return [...found.values()];
}

/** Theirs one by one, then what only we have. */
function compareAll(theirs: readonly Structure[], table: Uint8Array, topology: string, tally: Tally): void {
  const ours = new Map(structuresOf("", table).map((one) => [one.key, one]));
  for (const structure of theirs) {
    const place: Pointed = { capture: "cedt", kind: "table", function: topology, text: structure.key };
    count(tally, structureDifferences(place, structure, ours.get(structure.key)));
    ours.delete(structure.key);
  }
  tally.lists++;
  count(tally, [...ours.values()].map(({ name, key }) => ({ capture: "cedt" as const, kind: "table" as const, function: topology, text: key, structure: name, register: "list", field: "", theirs: 0, ours: 1 })));
  tally.notes.add("addresses of host bridges and windows are those of the capture");
}

export function compareCedt(capture: Capture, entries: readonly Entry[], tally: Tally): void {
  const groups = new Map<string, Structure[]>();
  for (const { value } of entries) {
    const topology = textOf(value["topology"]) || "main";
    groups.set(topology, [...(groups.get(topology) ?? []), structureOf(bytesOf(textOf(value["raw"])))]);
  }
  for (const [topology, structures] of groups) {
    const line = capture.commandLines.get(topology);
    if (line === undefined) throw new CaptureError(capture.file, `topology ${topology}`, "has no command line in meta.cmdline");
    compareAll(structures, cedtOf(machineOf(readTopology(capture.file, line), addressesOf(structures))), topology, tally);
  }
}

const signature = (table: Uint8Array): string => String.fromCharCode(...table.subarray(0, 4));

/** CHBCRs by UID as a CEDT gives them. @throws CaptureError */
export const bridgesOf = (file: string, table: Uint8Array): ReadonlyMap<number, bigint> => addressesOf(structuresOf(file, table)).bridges;

/** CEDT of a machine that was booted with this command line. @throws CaptureError */
export function compareTable(file: string, table: Uint8Array, commandLine: string, tally: Tally): void {
  const sum = table.reduce((total, byte) => total + byte, 0) & 0xff;
  if (signature(table) !== "CEDT" || table.length < headerBytes || sum !== 0) throw new CaptureError(file, "", `is no CEDT (signature "${signature(table)}", ${table.length} bytes that sum to ${sum}); is the file whole?`);
  const theirs = structuresOf(file, table);
  const ours = cedtOf(machineOf(readTopology(file, commandLine), addressesOf(theirs)));
  tally.entries += theirs.length + 1;
  const place: Pointed = { capture: "cedt", kind: "table", function: "main", text: "header" };
  const header = ([["length", 4, 4], ["revision", 8, 1]] as const).flatMap(([register, at, size]): Difference[] => {
    const [left, right] = [Number(little([...table], at, size)), Number(little([...ours], at, size))];
    return left === right ? [] : [{ ...place, structure: "CEDT header", register, field: "", theirs: left, ours: right }];
  });
  count(tally, header);
  compareAll(theirs, ours, "main", tally);
}
