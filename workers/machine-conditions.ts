// Conditions of `runUntil` that travel: what they ask of a machine, and how they are named in messages.

import { blocks } from "../registers/blocks.ts";
import type { BlockName } from "../registers/blocks.ts";
import type { Machine } from "../src/sandbox/library/contract.ts";
import type { RegisterAccess } from "../src/platform/registers.ts";
import type { RegisterDeclaration } from "../registers/schema.ts";
import type { RunCondition } from "./machine-contract.ts";

export interface Condition {
  /** For the message when it does not come true. */
  readonly what: string;
  holds(): boolean;
  /** Nobody asks any more. */
  end(): void;
}

/** Kinds of parts with the blocks behind each of their members. */
const parts = [
  { kind: "rootPort", registers: "rootPortComponent", configRegisters: "rootPortConfig" },
  { kind: "device", registers: "deviceComponent", configRegisters: "deviceConfig", deviceRegisters: "deviceRegisters" },
  { kind: "downstreamPort", registers: "downstreamPortComponent", configRegisters: "downstreamPortConfig" },
  { kind: "upstreamPort", registers: "upstreamPortComponent", configRegisters: "upstreamPortConfig" },
  { kind: "hostBridge", registers: "hostBridgeComponent" },
] as const satisfies readonly ({ readonly kind: keyof Machine; readonly registers: BlockName } & Partial<Record<Member, BlockName>>)[];
type Member = "registers" | "configRegisters" | "deviceRegisters";
const members: readonly Member[] = ["registers", "configRegisters", "deviceRegisters"];

type Structures = Readonly<Record<string, Readonly<Record<string, RegisterAccess<RegisterDeclaration>>>>>;

const forms = 'a condition is { register: "rp0.timeoutIsolation.status.memoryIsolation", equals: 1 }, { interrupt: true } or { time: 1_000_000 }';
const form = 'a register is named as in "rp0.timeoutIsolation.status" or "rp0.timeoutIsolation.status.memoryIsolation"';

/** The part of that name and the blocks that its kind has. @throws RangeError */
function partNamed(machine: Machine, name: string): { readonly view: object; readonly has: Partial<Record<Member, BlockName>> } {
  for (const part of parts) {
    try {
      return { view: machine[part.kind](name), has: part };
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
    }
  }
  throw new RangeError(`the machine has no part "${name}": ${form}`);
}

function structureNamed(machine: Machine, partName: string, name: string): Structures[string] {
  const { view, has } = partNamed(machine, partName);
  const names: string[] = [];
  for (const member of members) {
    const block = has[member];
    if (block === undefined) continue;
    if (Object.hasOwn(blocks[block].placements, name)) return (Reflect.get(view, member) as Structures)[name] as Structures[string];
    names.push(...Object.keys(blocks[block].placements));
  }
  throw new RangeError(`${partName} has no structure "${name}"; it has ${names.join(", ")}`);
}

function registerCondition(machine: Machine, path: string, equals: number | bigint): Condition {
  const [partName = "", structureName, indexed = "", field, more] = path.split(".");
  const [, name = "", index] = /^(\w+)(?:\[(\d+)\])?$/.exec(indexed) ?? [];
  if (structureName === undefined || name === "" || more !== undefined) throw new RangeError(`"${path}" names no register: ${form}`);
  const structure = structureNamed(machine, partName, structureName);
  const found = Object.hasOwn(structure, name) ? structure[name] : undefined;
  if (found === undefined) throw new RangeError(`${structureName} has no register "${name}"; it has ${Object.keys(structure).join(", ")}`);
  const register = index === undefined ? found : found.at(Number(index));
  const what = `${path} = ${equals}`;
  if (field === undefined) return { what, holds: () => register.readRaw() === BigInt(equals), end: () => undefined };
  return { what, holds: () => register.get(field) === Number(equals), end: () => undefined };
}

function interruptCondition(machine: Machine, wanted: true | number): Condition {
  let isSeen = false;
  const end = machine.interrupts.on(({ data }) => {
    if (wanted === true || data === wanted) isSeen = true;
  });
  return { what: wanted === true ? "an interrupt" : `an interrupt with data ${wanted}`, holds: () => isSeen, end };
}

function timeCondition(machine: Machine, time: number): Condition {
  if (!Number.isSafeInteger(time) || time < 0) throw new RangeError(`a time is a whole number of nanoseconds since power-on, not ${time}`);
  return { what: `time ${time} ns`, holds: () => machine.now >= time, end: () => undefined };
}

/** @throws RangeError what the condition names is not there, or it is no condition */
export function conditionOf(machine: Machine, condition: RunCondition): Condition {
  if (typeof condition !== "object" || condition === null) throw new RangeError(forms);
  if ("register" in condition) return registerCondition(machine, condition.register, condition.equals);
  if ("interrupt" in condition) return interruptCondition(machine, condition.interrupt);
  if ("time" in condition) return timeCondition(machine, condition.time);
  throw new RangeError(forms);
}
