// Text of build/include/cxl_sandbox.h: registers/ and the table of imports (src/drivers/wasm/abi.ts) as C11, for freestanding clang. Pure.

import { dvsecIdentity, messageNumbers } from "../registers/constants.ts";
import { DeclarationError, fieldBits, fieldMask, instancesOf } from "../registers/checks.ts";
import type { FieldDeclaration, RegisterDeclaration, StructureDeclaration } from "../registers/schema.ts";
import type { AbiFunction, AbiType } from "../src/drivers/wasm/abi.ts";
import { abiTypes, abiVersion, constants, errorNumbers, exports, importGroups, importModule, requests } from "../src/drivers/wasm/abi.ts";
import { declaredStructures, structureNumber } from "../src/drivers/wasm/structures.ts";
import { headerHelpers, headerStart } from "./c-header-text.ts";
import { shout } from "./register-tables.ts";

/** A name in capitals, of camelCase or of words. */
export const capitals = (name: string): string => shout(name).replaceAll(/\W+/g, "_");
const comment = (text: string): string => `/* ${text.replaceAll("*/", "* /")} */`;
const define = (name: string, value: string, text: string): string => `#define ${name} ${value}${text === "" ? "" : ` ${comment(text)}`}`;
const hex = (value: number | bigint): string => `0x${value.toString(16)}u`;

const clauseOf = (register: RegisterDeclaration, field?: FieldDeclaration): string => field?.clause ?? `${register.clause}${register.clauseInferred === true ? " (inferred)" : ""}`;
const words = /^[A-Za-z]\w*([ -]\w+){0,2}$/;

/** Values by name, not shifted; of a field whose values are all called by up to three words. */
function valueLines(field: string, values: Readonly<Record<number, string>>): string[] {
  if (!Object.values(values).every((text) => words.test(text))) return [];
  return Object.entries(values).map(([value, text]) => define(`${field}_${capitals(text)}`, `${value}u`, ""));
}

function fieldLines(prefix: string, register: RegisterDeclaration, name: string, field: FieldDeclaration): string[] {
  const [high, low] = fieldBits(field);
  const mask = `0x${fieldMask(field).toString(16)}${register.width === 64 ? "ull" : "u"}`;
  const of = `${prefix}_${capitals(name)}`;
  const values = Object.entries(field.values ?? {}).map(([value, text]) => `${value}: ${text}`).join("; ");
  return [
    define(of, mask, `${high === low ? low : `${high}:${low}`} ${field.access}, ${clauseOf(register, field)}: ${field.meaning}${values === "" ? "" : ` (${values})`}`),
    define(`${of}_SHIFT`, String(low), ""),
    ...valueLines(of, field.values ?? {}),
  ];
}

function registerLines(prefix: string, name: string, register: RegisterDeclaration): string[] {
  const of = `${prefix}_${capitals(name)}`;
  const repeat = register.repeat === undefined ? [] : [define(`${of}_STRIDE`, hex(register.repeat.stride), ""), define(`${of}_COUNT`, `${instancesOf(register)}u`, "At most")];
  return [
    define(of, hex(register.offset), `${register.width} bits, ${clauseOf(register)}: ${register.meaning}`),
    ...repeat,
    ...Object.entries(register.fields).flatMap(([fieldName, field]) => fieldLines(of, register, fieldName, field)),
  ];
}

/** How software finds it, as identifiers of the specification. */
function identityLines(prefix: string, { identity }: StructureDeclaration): string[] {
  if (identity === undefined) return [];
  const version = identity.list === "dvsec" ? ` revision ${identity.revision}` : identity.list === "capability" ? "" : ` version ${identity.version}`;
  return [define(`${prefix}_ID`, hex(identity.id), `In the ${identity.list} list${version}`)];
}

function structureLines(structure: StructureDeclaration): string[] {
  const prefix = `CXL_${capitals(structure.name)}`;
  return [
    "",
    comment(`${structure.name} (${structure.clause}), accesses of ${structure.widths.join(", ")} bytes`),
    define(prefix, hex(structureNumber(structure.name)), "For cxl_find and struct cxl_match"),
    define(`${prefix}_LENGTH`, hex(structure.length), "Bytes"),
    ...identityLines(prefix, structure),
    ...Object.entries(structure.registers).flatMap(([name, register]) => registerLines(prefix, name, register)),
  ];
}

const cType = (type: AbiType, name: string): string => `${abiTypes[type].c}${abiTypes[type].c.endsWith("*") ? "" : " "}${name}`;
const parametersOf = ({ parameters }: AbiFunction): string => (parameters.length === 0 ? "void" : parameters.map(([name, type]) => cType(type, name)).join(", "));

function importLines(): string[] {
  return Object.entries(importGroups).flatMap(([group, functions]) => [
    "",
    comment(group),
    ...Object.entries(functions).flatMap(([name, one]: [string, AbiFunction]) => [
      comment(`${one.meaning}.${one.errors === undefined ? "" : ` ${one.errors}.`}`),
      `CXL_IMPORT(${name}) ${cType(one.result, name)}(${parametersOf(one)});`,
    ]),
  ]);
}

const exportLines = (): string[] => Object.entries(exports).flatMap(([name, one]: [string, AbiFunction]) => (name.startsWith("_") ? [] : [comment(`${one.meaning}.`), `CXL_EXPORT(${name}) ${cType(one.result, name)}(${parametersOf(one)});`]));

const requestLines = (): string[] =>
  Object.entries(requests).map(([name, { number, parameters, meaning, result }]) => define(`CXL_REQUEST_${capitals(name)}`, String(number), `(${parameters.join(", ")}) ${meaning}. Result: ${result}`));

const constantLines = (): string[] =>
  Object.entries(constants).flatMap(([group, values]) => Object.entries(values).map(([name, value]) => define(`CXL_${capitals(group)}_${capitals(name)}`, `${value}u`, "")));

/** Two definitions of one name would silently give one of them the other's number. @throws DeclarationError */
function refuseTwice(lines: readonly string[]): readonly string[] {
  const seen = new Set<string>();
  for (const line of lines) {
    const name = /^#define (\w+)/.exec(line)?.[1];
    if (name === undefined) continue;
    if (seen.has(name)) throw new DeclarationError(name, "two definitions in cxl_sandbox.h have this name");
    seen.add(name);
  }
  return lines;
}

/** @throws DeclarationError two names fall together */
export function headerText(): string {
  const lines = refuseTwice([
    define("CXL_ABI_VERSION", String(abiVersion), "What cxl_driver_abi returns"),
    ...Object.entries(errorNumbers).map(([name, number]) => define(name, String(number), "")),
    "",
    ...constantLines(),
    "",
    comment("Operations of cxl_request; cxl_completed tells the result"),
    ...requestLines(),
    "",
    comment("Messages of ports (slot, aer, dpc) and of memory devices (doe, mailbox, event)"),
    ...Object.entries(messageNumbers).map(([name, number]) => define(`CXL_MESSAGE_${capitals(name)}`, `${number}u`, "")),
    define("CXL_DVSEC_VENDOR", hex(dvsecIdentity.vendor), ""),
    ...declaredStructures().flatMap(structureLines),
  ]);
  return [headerStart(importModule), ...lines, "", "struct cxl_match {\n\tuint32_t kind;      /* CXL_KIND_*, 0: any */\n\tuint32_t structure; /* CXL_<STRUCTURE> that it has, 0: any */\n\tuint32_t vendor;\n\tuint32_t device;\n\tuint32_t class_code;\n};", ...importLines(), "", comment("What a driver defines; CXL_DRIVER makes the first two"), ...exportLines(), "", headerHelpers, ""].join("\n");
}
