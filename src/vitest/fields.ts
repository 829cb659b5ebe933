// Fields of a register against what a test expects, in the words of the declaration.

import type { FieldDeclaration } from "../../registers/schema.ts";
import { cite } from "../sandbox/strict/rule.ts";
import type { RegisterAbout } from "../platform/registers.ts";

/** A register by name, as `StructureAccess` has them. */
export interface FieldRegister {
  readonly about: RegisterAbout;
  read(): Readonly<Record<string, number>>;
}

/** Fields by name with their unsigned values. */
export type FieldMatch = Readonly<Record<string, number>>;

export interface MatcherResult {
  readonly pass: boolean;
  readonly message: () => string;
}

function isRegister(value: unknown): value is FieldRegister {
  return typeof value === "object" && value !== null && "about" in value && "read" in value;
}

/** A value with its name, where the declaration has one. */
function valueText(field: FieldDeclaration | undefined, value: number): string {
  const named = field?.values?.[value];
  return named === undefined ? String(value) : `${value} (${named})`;
}

const placeOf = ({ part, name, declaration }: RegisterAbout): string => [part, name === "" ? declaration.meaning : name].filter((word) => word !== "").join(" ");

function difference(about: RegisterAbout, name: string, found: number, expected: number): string {
  const field = about.declaration.fields[name];
  const own = field?.clause === undefined ? "" : `, ${field.clause}`;
  return `${placeOf(about)}.${name}: got ${valueText(field, found)}, expected ${valueText(field, expected)} (${cite(about.declaration.clause)}${own}: ${field?.meaning ?? ""})`;
}

/** @throws TypeError what was given is no register; RangeError it has no such field */
export function toHaveFields(received: unknown, expected: FieldMatch): MatcherResult {
  if (!isRegister(received)) throw new TypeError("toHaveFields: expect() takes a register, as `machine.rootPort(\"rp0\").registers.timeoutIsolation.status`, not its value");
  const { about } = received;
  for (const name of Object.keys(expected)) {
    if (!Object.hasOwn(about.declaration.fields, name)) throw new RangeError(`toHaveFields: ${placeOf(about)} has no field "${name}"; it has ${Object.keys(about.declaration.fields).join(", ")}`);
  }
  const found = received.read();
  const wrong = Object.entries(expected).filter(([name, value]) => found[name] !== value);
  return {
    pass: wrong.length === 0,
    message: () => (wrong.length === 0 ? `${placeOf(about)} has ${Object.entries(expected).map(([name, value]) => `${name} ${value}`).join(", ")} (${cite(about.declaration.clause)}), and should not` : wrong.map(([name, value]) => difference(about, name, found[name] ?? 0, value)).join("\n")),
  };
}
