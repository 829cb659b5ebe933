// A register written by hand: one write and one read of a processor, through the platform, with all that follows of them. What would reach nobody is refused with its reason.

import type { OpenRun } from "../contract.ts";
import type { Hardware } from "../../hardware/machine.ts";
import { OutOfHandlesError } from "../../hardware/platform.ts";
import type { Place } from "../../platform/register-places.ts";
import { lowBit, maskOf } from "../../platform/register-places.ts";
import { blocksOf, partsOf } from "../../scenario/machine-parts.ts";
import { suggestion } from "../../scenario/suggest.ts";
import { fieldsIn, registerAccessOf } from "../../scenario/trace/register-words.ts";
import type { RegisterAccess } from "../../scenario/trace/register-words.ts";
import { createTraceWords } from "../../scenario/trace/words.ts";
import type { TraceRecord } from "../../sim/trace.ts";
import { readRecord, recordWords } from "../../sim/trace.ts";
import { blocks } from "../../../registers/blocks.ts";
import { partNames } from "../trace-reader.ts";
import type { PartStructure, RegisterPart } from "../part-registers.ts";
import { peekBus, registerHex, registerPart, registersOf, structuresOf, valueAt } from "../part-registers.ts";
import type { Touch, TouchResult } from "./contract.ts";
import type { RegisterWay } from "./register-way.ts";
import { wayTo } from "./register-way.ts";

type WriteTouch = Extract<Touch, { readonly kind: "write" }>;

/** A register that was named. */
interface Found {
  readonly part: RegisterPart;
  readonly structure: PartStructure;
  readonly place: Place;
}

const refused = (reason: string): TouchResult => ({ kind: "refused", reason });

/** Structures that a part of this kind can have. */
const declaredStructures = ({ kind }: RegisterPart): string[] => blocksOf[kind].flatMap((block) => Object.keys(blocks[block].placements));

/** The register with this name; a text says what is wrong. */
function find(hardware: Hardware, of: string, register: string): Found | string {
  const part = registerPart(hardware, of);
  if (part === undefined) return `no "${of}" in the machine; ${suggestion(of, [...partsOf(hardware.description).keys()])}`;
  const name = register.split(".", 1)[0] ?? "";
  const structures = structuresOf(hardware, part);
  const structure = structures.find((one) => one.name === name);
  if (structure === undefined) return declaredStructures(part).includes(name) ? `${of} was built without ${name}; the machine of the scenario can give it one (docs/settings.md)` : `${of} has no structure "${name}"; ${suggestion(name, structures.map((one) => one.name))}`;
  const places = registersOf(hardware, of, structure);
  const place = places.find(({ label }) => label === register);
  if (place !== undefined) return { part, structure, place };
  const same = places.filter((one) => one.name === register.replace(/\[[^\]]*\]$/, ""));
  if (same.length > 1) return `${of} has ${same[0]?.label ?? ""} to ${same.at(-1)?.label ?? ""}; say which one`;
  return `${of} has no register "${register}"; ${suggestion(register, places.map(({ label }) => label))}`;
}

/** A value in hexadecimal that fits; a text says what is wrong. */
function registerValue(text: string, width: number): bigint | string {
  if (!/^0x[0-9a-f]+$/i.test(text)) return `"${text.slice(0, 40)}" is no value; write it in hexadecimal, as 0x1f`;
  const digits = text.slice(2).replace(/^0+/, "");
  if (digits.length * 4 > width + 3 || BigInt(`0x0${digits}`) >> BigInt(width) !== 0n) return `${text.slice(0, 40)} does not fit into ${width} bits; the largest value is 0x${"f".repeat(width / 4)}`;
  return BigInt(`0x0${digits}`);
}

/** What an access and the read after it would meet, tried aside from the run. */
interface Trial {
  readonly write: readonly RegisterAccess[];
  readonly read: readonly RegisterAccess[];
  readonly readBack: bigint;
  /** What the hardware said of it, in words. */
  readonly came: readonly string[];
}

const unanswered = (accesses: readonly RegisterAccess[]): boolean => accesses.some(({ judgement }) => judgement === "unanswered" || judgement === undefined);

function tryAside(hardware: Hardware, strings: readonly string[], way: RegisterWay, value: bigint): Trial {
  return hardware.aside(() => {
    const records: TraceRecord[] = [];
    hardware.storeTrace((words) => {
      for (let index = 0; index * recordWords < words.length; index++) records.push(readRecord(words, index));
    });
    way.write(value);
    const readBack = way.read();
    hardware.drainTrace();
    const accesses = records.flatMap((record) => registerAccessOf(record) ?? []);
    const words = createTraceWords({ ...partNames(hardware), strings });
    return { write: accesses.filter(({ isWrite }) => isWrite), read: accesses.filter(({ isWrite }) => !isWrite), readBack, came: records.filter(({ layer }) => layer === "hardware").map(words) };
  });
}

/** Why a write to a place that firmware or the kernel gave reaches nobody. */
function whyNobody(hardware: Hardware, { part, structure }: Found, where: string): string {
  const place = `nobody answers at ${where}`;
  if (structure.space === "config") return `${place}: bus numbers above ${part.name} do not lead to it now; go on until the kernel has numbered them`;
  if (part.kind === "bridge") return `${place}: the registers of ${part.name} cannot be reached`;
  const header = structuresOf(hardware, part).find(({ name }) => name === "endpointHeader" || name === "bridgeHeader");
  const command = header === undefined ? undefined : registersOf(hardware, part.name, header).find(({ label }) => label.endsWith(".command"));
  const field = command?.declaration.fields["memorySpaceEnable"];
  const isOn = command === undefined || field === undefined || (valueAt(peekBus(hardware, part.entity, "config"), command) & maskOf(field)) !== 0n;
  if (!isOn) return `memory decoding of ${part.name} is off, so that ${place}; set memorySpaceEnable of ${command.label} first`;
  return `${place}: a bridge above ${part.name} lets no memory accesses through (memorySpaceEnable of its command, its memory window)`;
}

const mostNotes = 6;
const mostRecords = 3;

/** Fields that hold another value than was written, each with what its access kind says. */
function differences({ declaration: { fields, width } }: Place, written: bigint, readBack: bigint): string[] {
  const named = Object.values(fields).reduce((mask, field) => mask | maskOf(field), 0n);
  const reserved = written & ~named & ((1n << BigInt(width)) - 1n);
  const notes = Object.entries(fields).flatMap(([name, field]) => {
    const mask = maskOf(field);
    const [asked, came] = [(written & mask) >> BigInt(lowBit(field)), (readBack & mask) >> BigInt(lowBit(field))];
    if (field.access === "RW1C" || field.access === "RW1CS") return asked === 0n ? [] : [(asked & came) === 0n ? `${name} is cleared` : `${name} is not cleared (${field.access})`];
    return asked === came ? [] : [`${name} is 0x${came.toString(16)} (${field.access})`];
  });
  const shown = notes.length > mostNotes ? [...notes.slice(0, mostNotes), `and ${notes.length - mostNotes} fields more`] : notes;
  return reserved === 0n ? shown : [...shown, `bits 0x${reserved.toString(16)} are reserved and take nothing`];
}

function said({ part, place }: Found, where: string, written: bigint, trial: Trial): string {
  const { declaration } = place;
  const wrote = `${part.name} ${place.label} <- ${registerHex(written, declaration.width)} at ${where}`;
  const wrong = trial.write.find(({ judgement }) => judgement !== "done");
  const reads = unanswered(trial.read) ? "nobody answers any more: all ones" : `reads back ${registerHex(trial.readBack, declaration.width)}${trial.readBack === 0n ? "" : fieldsIn(declaration, trial.readBack).replace(/^0x[0-9a-f]+/, "")}`;
  const notes = unanswered(trial.read) ? [] : differences(place, written, trial.readBack);
  const came = trial.came.slice(0, mostRecords);
  return [wrote, ...(wrong === undefined ? [] : [`the hardware ignores it: ${wrong.judgement ?? ""}`]), reads, ...notes, ...came].join("; ");
}

/**
 * Writes a register and reads it back, as a processor does; both take virtual time and are in the trace. A register that is wider than what its structure
 * allows goes in two dwords, low first. `refused`: nothing was done (no such register, a value that does not fit, nobody who answers). @throws KernelPanic the host dies of it
 */
export function writeRegister(run: OpenRun, { of, register, value }: WriteTouch): TouchResult {
  const { hardware, platform, kernel } = run.system;
  if (run.phase === "done" || hardware.hostState !== "running" || kernel.panic !== null) return refused("the machine has stopped: no processor makes accesses any more; go back, or start again");
  const found = find(hardware, of, register);
  if (typeof found === "string") return refused(found);
  const { part, structure, place } = found;
  const written = registerValue(value, place.declaration.width);
  if (typeof written === "string") return refused(`${register}: ${written}`);
  try {
    const way = wayTo(hardware, platform, part, structure.space, place, structure.placement.structure.widths);
    if ("reason" in way) return refused(way.reason);
    const trial = tryAside(hardware, kernel.trace.strings, way, written);
    if (unanswered(trial.write)) return refused(whyNobody(hardware, found, way.where));
    way.write(written);
    way.read();
    return { kind: "done", said: said(found, way.where, written, trial) };
  } catch (thrown) {
    if (thrown instanceof OutOfHandlesError) return refused("every mapping of registers is in use (1024); close what holds them");
    throw thrown;
  }
}
