// The Command Effects Log (CXL 8.2.10.5.2.1): entries by opcode, and which effects each has on both sides.

import { commands } from "../../registers/commands.ts";
import { commandEffects } from "../../registers/payload-schema.ts";
import type { CommandEffect } from "../../registers/payload-schema.ts";
import type { Difference, Pointed } from "./compare.ts";

/** Effects by opcode. */
export type Effects = ReadonlyMap<number, number>;

export const effectsLog = "commandEffects";
const entryBytes = 4;

export const nameOf = (opcode: number): string => Object.entries(commands).find(([, command]) => command.opcode === opcode)?.[0] ?? `opcode 0x${opcode.toString(16).padStart(4, "0")}`;

/** Entries of a log's bytes, or of a part of it that begins with a whole entry. */
export const effectsOf = (bytes: Uint8Array): Effects => new Map(Array.from({ length: Math.floor(bytes.length / entryBytes) }, (_, index) => index * entryBytes).map((at) => [(bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8), (bytes[at + 2] ?? 0) | ((bytes[at + 3] ?? 0) << 8)]));

/** A difference for each effect of each command; an entry that only one of them has is `listed`. */
export function effectDifferences(place: Pointed, theirs: Effects, ours: Effects): Difference[] {
  return [...new Set([...theirs.keys(), ...ours.keys()])].toSorted((a, b) => a - b).flatMap((opcode): Difference[] => {
    const [left, right] = [theirs.get(opcode), ours.get(opcode)];
    const named = { ...place, structure: effectsLog, register: nameOf(opcode) };
    if (left === undefined || right === undefined) return [{ ...named, field: "listed", theirs: left === undefined ? 0 : 1, ours: right === undefined ? 0 : 1 }];
    const names = Object.keys(commandEffects) as CommandEffect[];
    const known = names.reduce((mask, name) => mask | (1 << commandEffects[name]), 0);
    const bit = (value: number, name: CommandEffect): number => (value >>> commandEffects[name]) & 1;
    const found = names.filter((name) => bit(left, name) !== bit(right, name)).map((name): Difference => ({ ...named, field: name, theirs: bit(left, name), ours: bit(right, name) }));
    return ((left ^ right) & ~known) === 0 ? found : [...found, { ...named, field: "reserved", theirs: left & ~known, ours: right & ~known }];
  });
}
