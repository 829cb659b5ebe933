// Structures, registers and fields of registers/ as words, with the parts of a machine that have them.

import { blocks } from "../../../registers/blocks.ts";
import type { BlockName } from "../../../registers/blocks.ts";
import { machineKeyMeanings } from "../../../registers/keys.ts";
import type { Access, BlockDeclaration, FieldDeclaration, Placement, RegisterDeclaration } from "../../../registers/schema.ts";
import type { Term } from "./term.ts";

/** Who has a block: in words, and what such a part is called where a scenario does not name it. */
const owners: Readonly<Record<BlockName, readonly [who: string, example: string]>> = {
  hostBridgeComponent: ["host bridges", "hb0"], rootPortComponent: ["root ports", "rp0"], upstreamPortComponent: ["switches", "sw0"],
  downstreamPortComponent: ["downstream ports", "dsp0"], deviceComponent: ["devices", "dev0"],
  rootPortConfig: ["root ports", "rp0"], upstreamPortConfig: ["switches", "sw0"], downstreamPortConfig: ["downstream ports", "dsp0"],
  deviceConfig: ["devices", "dev0"], deviceRegisters: ["devices", "dev0"], deviceMessages: ["devices", "dev0"],
};

const spaces: Readonly<Record<BlockDeclaration["kind"], string>> = { component: "CXL.cache/mem registers", config: "config space", device: "device registers", messages: "MSI-X table" };

const accesses: Readonly<Record<Access, string>> = {
  RO: "read only", ROS: "read only, sticky", RW: "read and write", RWS: "read and write, sticky", RWL: "read and write until its lock is set", RWO: "written once",
  RW1C: "writing 1 clears", RW1CS: "writing 1 clears, sticky", HwInit: "fixed by the machine",
};

const hex = (value: number): string => `0x${value.toString(16)}`;
const bitsOf = ({ bits }: FieldDeclaration): string => (typeof bits === "number" ? String(bits) : `${bits[0]}:${bits[1]}`);
const cite = (clause: string): string => (/^\d/.test(clause) ? `CXL ${clause}` : clause === "-" ? "" : clause);
const valueOf = ({ values }: FieldDeclaration, value: number): string => (values?.[value] === undefined ? String(value) : `${value} (${values[value]})`);

/** The clause of the register, and what the field cites besides: a rule's id. A clause of its own stands in its place. */
const sourceOf = (register: RegisterDeclaration, { clause }: FieldDeclaration): string => (clause === undefined ? cite(register.clause) : /^(?:\d|PCIe|CXL)/.test(clause) ? cite(clause) : [cite(register.clause), clause].filter((one) => one !== "").join(", "));

/** A structure in one or several blocks, declared alike. */
interface Home {
  readonly name: string;
  readonly places: readonly { readonly block: BlockName; readonly placement: Placement }[];
}

/** Structures by name; a variant that differs in anything is one of its own. */
function homes(): Home[] {
  const found = new Map<string, { name: string; places: { block: BlockName; placement: Placement }[] }>();
  for (const [block, { placements }] of Object.entries(blocks) as [BlockName, BlockDeclaration][]) {
    for (const [name, placement] of Object.entries(placements)) {
      const key = `${name} ${JSON.stringify(placement.structure)}`;
      const before = found.get(key);
      if (before === undefined) found.set(key, { name, places: [{ block, placement }] });
      else before.places.push({ block, placement });
    }
  }
  return [...found.values()];
}

const structureOf = ({ places }: Home): Placement["structure"] => (places[0] as Home["places"][number]).placement.structure;

/** Where something `offset` bytes into the structure lies, block by block. */
const whereOf = ({ places }: Home, offset: number): string => places.map(({ block, placement }) => {
  const given = placement.presentWith === undefined ? "" : ` (if ${placement.presentWith}: ${machineKeyMeanings[placement.presentWith]})`;
  return `${owners[block][0]}, ${hex(placement.at + offset)} of their ${spaces[blocks[block].kind]}${given}`;
}).join("; ");

const exampleOwner = ({ places }: Home): string => owners[(places[0] as Home["places"][number]).block][1];
/** MSI-X tables have no names in scenarios. */
const isNamed = ({ places }: Home): boolean => places.some(({ block }) => blocks[block].kind !== "messages");

function repetition({ repeat }: RegisterDeclaration): readonly (readonly [string, string])[] {
  if (repeat === undefined) return [];
  const some = repeat.implementedBy === undefined ? "" : `, as many as ${repeat.implementedBy} says (${machineKeyMeanings[repeat.implementedBy]})`;
  return [["repeated", `${repeat.count} times, ${repeat.stride} bytes apart${some}`]];
}

const examplesOf = (of: string, path: string, writable: boolean): string[] => [
  `expect: [{ register: { of: ${of}, field: ${path} }, equals: 0 }]`,
  `faults: [{ id: moment, when: { register: { of: ${of}, field: ${path}, equals: 1 } }, do: { linkDown: rp0 } }]`,
  ...(writable ? [`faults: [{ id: changed, when: { at: 5ms }, do: { corruptRegister: { of: ${of}, field: ${path}, value: 1 } } }]`] : []),
];

const notes = (field: FieldDeclaration): string[] => [
  ...(field.when === undefined ? [] : [`writable where ${field.when} is not 0`]), ...(field.whenKey === undefined ? [] : [`writable if ${field.whenKey}: ${machineKeyMeanings[field.whenKey]}`]),
  ...(field.key === undefined ? [] : [`shows ${field.key}: ${machineKeyMeanings[field.key]}`]), ...(field.readsZero === true ? ["reads 0"] : []), ...(field.unmodelled === true ? ["kept, without effect in the model"] : []),
];

function fieldTerm(home: Home, registerName: string, register: RegisterDeclaration, name: string, field: FieldDeclaration): Term {
  const path = `${home.name}.${registerName}.${name}`;
  const facts = [
    ["register", `${home.name}.${registerName}: ${register.meaning}`], ["bits", bitsOf(field)], ["access", `${field.access}: ${accesses[field.access]}`], ["after reset", valueOf(field, field.reset ?? 0)],
    ["on", whereOf(home, register.offset)], ...repetition(register), ...notes(field).map((note) => ["note", note] as const),
  ] as const;
  const values = Object.entries(field.values ?? {});
  return {
    kind: "field", name: path, meaning: field.meaning, source: sourceOf(register, field), facts, tables: values.length === 0 ? [] : [{ head: ["value", "means"], rows: values }],
    examples: isNamed(home) ? examplesOf(exampleOwner(home), path, true) : [], page: "docs/scenarios.md", also: [name, `${registerName}.${name}`],
  };
}

function registerTerm(home: Home, name: string, register: RegisterDeclaration): Term {
  const path = `${home.name}.${name}`;
  const facts = [
    ["structure", `${home.name}, ${cite(structureOf(home).clause)}`], ["offset", `${hex(register.offset)} in its structure`], ["width", `${register.width} bits`], ["on", whereOf(home, register.offset)], ...repetition(register),
    ...(register.onWrite === undefined ? [] : [["write", `has a side effect (${register.onWrite})`] as const]), ...(register.clauseInferred === true ? [["note", "INFERRED: the number of the clause was not read"] as const] : []),
  ] as const;
  const fields = Object.entries(register.fields);
  const rows = fields.map(([field, one]) => [bitsOf(one), field, one.access, String(one.reset ?? 0), one.meaning, notes(one).join("; ")]);
  const values = fields.flatMap(([field, one]) => Object.entries(one.values ?? {}).map(([value, means], index) => [index === 0 ? field : "", value, means]));
  return {
    kind: "register", name: path, meaning: register.meaning, source: cite(register.clause), facts, tables: [{ head: ["bits", "field", "access", "reset", "meaning", "note"], rows }, ...(values.length === 0 ? [] : [{ head: ["field", "value", "means"], rows: values }])],
    examples: isNamed(home) ? examplesOf(exampleOwner(home), path, false) : [], page: "docs/scenarios.md", also: [name],
  };
}

function structureTerm(home: Home): Term {
  const structure = structureOf(home);
  const { identity } = structure;
  const found = identity === undefined ? [] : [["found by", `id ${hex(identity.id)} in the list of ${{ component: "CXL.cache/mem capabilities", capability: "PCI capabilities", extended: "PCIe extended capabilities", dvsec: "DVSECs of CXL" }[identity.list]}`] as const];
  const rows = Object.entries(structure.registers).map(([name, register]) => [hex(register.offset), name, `${register.width} bits`, register.meaning, cite(register.clause)]);
  return {
    kind: "structure", name: home.name, meaning: `${rows.length} registers, ${structure.length} bytes`, source: cite(structure.clause), facts: [["on", whereOf(home, 0)], ...found, ["accesses", `${structure.widths.join(", ")} bytes`]],
    tables: [{ head: ["offset", "register", "width", "meaning", "clause"], rows }], examples: [], page: "docs/scenarios.md", also: structure.name === home.name ? [] : [structure.name],
  };
}

/** Every structure, then its registers, then their fields. */
export function registerTerms(): Term[] {
  return homes().flatMap((home) => [
    structureTerm(home),
    ...Object.entries(structureOf(home).registers).flatMap(([name, register]) => [registerTerm(home, name, register), ...Object.entries(register.fields).map(([field, one]) => fieldTerm(home, name, register, field, one))]),
  ]);
}
