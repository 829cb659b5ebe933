// The reference page of all registers, in Markdown. Pure.

import { fieldBits, instancesOf } from "../registers/checks.ts";
import { deviceBar } from "../registers/constants.ts";
import { machineKeyMeanings, machineKeys } from "../registers/keys.ts";
import { blockSize } from "../registers/layout.ts";
import type { FieldDeclaration, Placement, RegisterDeclaration } from "../registers/schema.ts";
import { declaredBlocks, hex } from "./register-tables.ts";

const legend: readonly string[] = [
  "Access: RO read only; RW read-write; RWL read-write until its lock is active; RWO can be set once; RW1C cleared by writing 1; HwInit fixed by",
  "the machine (its key is named); a trailing S: sticky, survives a hot reset. Bits that no field names are reserved: they read 0 and ignore writes.",
  "",
  "## Machine keys",
  "",
  "| key | meaning |",
  "|---|---|",
  ...machineKeys.map((key) => `| ${key} | ${machineKeyMeanings[key]} |`),
  "",
];

function notesOf(field: FieldDeclaration): string {
  const values = Object.entries(field.values ?? {}).map(([value, text]) => `${value}: ${text}`);
  const notes = [
    field.meaning,
    field.when === undefined ? "" : `writable with ${field.when}`,
    field.whenKey === undefined ? "" : `writable with machine key ${field.whenKey}`,
    field.key === undefined ? "" : `machine key ${field.key}`,
    field.readsZero === true ? "reads 0" : "",
    field.unmodelled === true ? "not modelled" : "",
    field.hardwired === true ? "hardwired, may be written" : "",
    values.join("; "),
  ];
  return notes.filter((note) => note !== "").join(". ").replaceAll("|", "\\|");
}

/** Text of build/docs/registers.md. */
export function referencePage(): string {
  const lines = ["# Registers", "", "Generated from the declarations in `registers/`. Offsets in bytes from the start of the block; component blocks are the CXL.cache/mem range,", `the messages block lies at ${hex(deviceBar.messages)} of a device's BAR 0. "(inferred)": the clause number follows from the order of registers, it was not read.`, ""];
  lines.push(...legend);
  for (const block of declaredBlocks()) {
    lines.push(`## ${block.name} (${blockSize(block)} bytes, ${block.clause})`, "");
    for (const placement of Object.values(block.placements).toSorted((a, b) => a.at - b.at)) lines.push(...structureReference(placement));
  }
  return lines.join("\n");
}

/** The field's own clause was read; only the register's can follow from the order of registers. */
const clauseOf = (register: RegisterDeclaration, field: FieldDeclaration): string => field.clause ?? `${register.clause}${register.clauseInferred === true ? " (inferred)" : ""}`;

function structureReference({ at, structure, presentWith }: Placement): string[] {
  const presence = presentWith === undefined ? "" : `, present with machine key ${presentWith}`;
  const lines = [`### ${structure.name} at ${hex(at)} (${structure.length} bytes, ${structure.clause}, access widths ${structure.widths.join(", ")} bytes${presence})`, "", "| offset | register | bits | field | access | reset | clause | meaning |", "|---|---|---|---|---|---|---|---|"];
  for (const [name, register] of Object.entries(structure.registers)) {
    const offset = hex(at + register.offset) + (instancesOf(register) > 1 ? ` + ${hex(register.repeat?.stride ?? 0)}n, n < ${register.repeat?.implementedBy ?? instancesOf(register)}` : "");
    for (const [fieldName, field] of Object.entries(register.fields)) {
      const [high, low] = fieldBits(field);
      lines.push(`| ${offset} | ${name} | ${high === low ? high : `${high}:${low}`} | ${fieldName} | ${field.access} | ${hex(field.reset ?? 0)} | ${clauseOf(register, field)} | ${notesOf(field)} |`);
    }
  }
  return [...lines, ""];
}
