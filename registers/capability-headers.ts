// Headers of the capability lists (PCIe 7.5.3.1, 7.6.3; CXL 3.2 8.1.1), and registers that a kind of function does not implement.

import type { RegisterDeclaration } from "./schema.ts";

export const capabilityHeader = { offset: 0x00, width: 16, clause: "PCIe 7.5.3.1", meaning: "Capability id and next pointer (filled in from the layout)", fields: { id: { bits: [7, 0], access: "RO", meaning: "Capability id" }, next: { bits: [15, 8], access: "RO", meaning: "Next capability" } } } as const;

export const extendedHeader = { offset: 0x00, width: 32, clause: "PCIe 7.6.3", meaning: "Extended capability header (filled in from the layout)", fields: { id: { bits: [15, 0], access: "RO", meaning: "Capability id" }, version: { bits: [19, 16], access: "RO", meaning: "Version" }, next: { bits: [31, 20], access: "RO", meaning: "Next capability" } } } as const;

/** First registers of a DVSEC. */
export const dvsecHeaders = {
  header: { offset: 0x00, width: 32, clause: "8.1.1", meaning: "Extended capability header (filled in from the layout)", fields: { id: { bits: [15, 0], access: "RO", meaning: "0x0023" }, version: { bits: [19, 16], access: "RO", meaning: "Version" }, next: { bits: [31, 20], access: "RO", meaning: "Next capability" } } },
  header1: { offset: 0x04, width: 32, clause: "8.1.1", meaning: "DVSEC header 1 (filled in from the layout)", fields: { vendor: { bits: [15, 0], access: "RO", meaning: "0x1e98" }, revision: { bits: [19, 16], access: "RO", meaning: "DVSEC revision" }, length: { bits: [31, 20], access: "RO", meaning: "Bytes" } } },
  header2: { offset: 0x08, width: 16, clause: "8.1.1", meaning: "DVSEC header 2 (filled in from the layout)", fields: { id: { bits: [15, 0], access: "RO", meaning: "DVSEC id" } } },
} as const;

export type Registers = Readonly<Record<string, RegisterDeclaration>>;

const readOnly = (fields: RegisterDeclaration["fields"]): RegisterDeclaration["fields"] => Object.fromEntries(Object.entries(fields).map(([name, { bits, meaning }]) => [name, { bits, access: "RO", meaning }]));

/** The same registers as a function shows them that does not implement them: all read 0 (PCIe 7.5.3). */
export function unimplemented<T extends Registers>(registers: T): T {
  return Object.fromEntries(Object.entries(registers).map(([name, register]) => [name, { ...register, onWrite: undefined, fields: readOnly(register.fields) }])) as unknown as T;
}
