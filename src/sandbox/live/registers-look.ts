// Registers of one part at the position, by structure: which there are, and of those that are asked for every register with its fields, their values and what they mean.

import type { FieldDeclaration, RegisterDeclaration } from "../../../registers/schema.ts";
import type { Hardware } from "../../hardware/machine.ts";
import type { Place } from "../../platform/register-places.ts";
import { lowBit, maskOf } from "../../platform/register-places.ts";
import { extract } from "../../platform/registers.ts";
import type { EntityKind } from "../../scenario/machine-parts.ts";
import type { PartStructure, RegisterPart } from "../part-registers.ts";
import { clauseText, isThere, peekBus, registerHex, registerPart, registerParts, registersOf, structuresOf, valueAt } from "../part-registers.ts";
import type { LiveRun } from "./contract.ts";
import { baseOf, placeText } from "./register-way.ts";
import type { Standing } from "./standing.ts";
import { standingOf } from "./standing.ts";

export interface RegistersQuestion {
  /** Name of the part. */
  readonly of: string;
  /** Structures whose registers are wanted; absent: none but those of `registers`. */
  readonly structures?: readonly string[];
  /** Single registers that are wanted, as `timeoutIsolation.status`. */
  readonly registers?: readonly string[];
  /** Values only: what they mean is known already. */
  readonly isBrief?: boolean;
}

/** A field with what it says now. */
export interface FieldLook {
  readonly name: string;
  readonly high: number;
  readonly low: number;
  /** RO, RW, RW1C ... (registers/schema.ts). */
  readonly access: string;
  readonly about: string;
  readonly clause: string;
  readonly value: number;
  /** The value's name; "": it has none. */
  readonly meaning: string;
  /** Names of values, where they have some. */
  readonly names: Readonly<Record<number, string>>;
  /** After a conventional reset; null: the machine's description says (HwInit). */
  readonly reset: number | null;
  /** What hangs on it: "writable where capability.memoryTimeout is 1", "without effect in the model"; "": nothing. */
  readonly remark: string;
}

export interface RegisterLook {
  /** `timeoutIsolation.control`, `hdmDecoderDevice.control[1]`. */
  readonly name: string;
  /** Bytes from the start of its block: config space, CXL.cache/mem registers or device registers. */
  readonly offset: number;
  /** Where a processor finds it now; or why it does not. */
  readonly where: string;
  readonly width: number;
  readonly about: string;
  /** "CXL 8.2.4.24.2" */
  readonly clause: string;
  /** Kinds of access of its fields, each once. */
  readonly access: string;
  readonly fields: readonly FieldLook[];
}

export interface StructureLook {
  readonly name: string;
  readonly clause: string;
  readonly space: "component" | "config" | "device";
  /** Bytes from the start of its block. */
  readonly offset: number;
  readonly registers: number;
}

export interface RegistersLook extends Standing {
  readonly of: string;
  /** Every part of the machine that has registers, in order of its description. */
  readonly parts: readonly { readonly name: string; readonly kind: string }[];
  /** "root port", "device" ...; "": the machine has no such part. */
  readonly kind: string;
  /** False: the card is not plugged in; what is shown is what it holds in the drawer. */
  readonly isThere: boolean;
  readonly structures: readonly StructureLook[];
  /** What was asked for, in order of structures and offsets, so that what is of one decoder stands together; empty where only values were. */
  readonly registers: readonly RegisterLook[];
  /** Hexadecimal, as wide as each register, by its name. */
  readonly values: Readonly<Record<string, string>>;
  /** Registers that were asked for and left out because there are too many. */
  readonly leftOut: number;
}

/** Registers of one answer; the largest structure has 226. */
const mostRegisters = 1024;

function remarkOf({ when, whenKey, readsZero, unmodelled, key }: FieldDeclaration): string {
  return [
    when === undefined ? "" : `writable where ${when} is not 0`, whenKey === undefined ? "" : "writable where the machine gives it", key === undefined ? "" : "the machine's description says",
    readsZero === true ? "reads 0" : "", unmodelled === true ? "kept, without effect in the model" : "",
  ].filter((part) => part !== "").join("; ");
}

function fieldLook(name: string, field: FieldDeclaration, { clause }: RegisterDeclaration, value: bigint): FieldLook {
  const part = extract(field, value);
  const low = lowBit(field);
  return {
    name, low, high: maskOf(field).toString(2).length - 1, access: field.access, about: field.meaning, clause: clauseText(field.clause ?? clause), value: part, meaning: field.values?.[part] ?? "", names: field.values ?? {},
    reset: field.access === "HwInit" ? null : (field.reset ?? 0), remark: remarkOf(field),
  };
}

const kindWords = (kind: EntityKind): string => (kind === "bridge" ? "host bridge" : kind);

/** A register of a part, with its structure. */
interface Wanted {
  readonly structure: PartStructure;
  readonly place: Place;
}

function registerLook(hardware: Hardware, part: RegisterPart, { structure, place }: Wanted, value: bigint): RegisterLook {
  const { declaration, label, at } = place;
  const fields = Object.entries(declaration.fields).map(([name, field]) => fieldLook(name, field, declaration, value)).toSorted((a, b) => b.high - a.high);
  return {
    name: label, offset: at, where: placeText(baseOf(hardware, part, structure.space), at), width: declaration.width, about: declaration.meaning, clause: clauseText(declaration.clause),
    access: [...new Set(fields.map(({ access }) => access))].join(", "), fields,
  };
}

function look(hardware: Hardware, { of, structures = [], registers = [], isBrief = false }: RegistersQuestion): Omit<RegistersLook, keyof Standing> {
  const part = registerPart(hardware, of);
  const parts = registerParts(hardware).map(({ name, kind }) => ({ name, kind: kindWords(kind) }));
  if (part === undefined) return { of, parts, kind: "", isThere: false, structures: [], registers: [], values: {}, leftOut: 0 };
  const present = structuresOf(hardware, part).map((structure) => ({ structure, places: registersOf(hardware, of, structure).toSorted((a, b) => a.at - b.at) }));
  const single = new Set(registers);
  const wanted = present.flatMap(({ structure, places }) => places.filter(({ label }) => structures.includes(structure.name) || single.has(label)).map((place): Wanted => ({ structure, place })));
  const shown = wanted.slice(0, mostRegisters).map((one) => ({ ...one, value: valueAt(peekBus(hardware, part.entity, one.structure.space), one.place) }));
  return {
    of, parts, kind: kindWords(part.kind), isThere: isThere(hardware, of),
    structures: present.map(({ structure: { name, space, placement }, places }) => ({ name, space, clause: clauseText(placement.structure.clause), offset: placement.at, registers: places.length })),
    registers: isBrief ? [] : shown.map((one) => registerLook(hardware, part, one, one.value)),
    values: Object.fromEntries(shown.map(({ place, value }) => [place.label, registerHex(value, place.declaration.width)])),
    leftOut: wanted.length - shown.length,
  };
}

/** Peeks: the run neither notices nor takes time. */
export const registersLook = (live: Pick<LiveRun, "atHardware" | "status">, question: RegistersQuestion): RegistersLook => ({ ...standingOf(live), ...live.atHardware((hardware) => look(hardware, question)) });
