// Parts of a machine by name, and the registers that a scenario names of them.

import { blocks } from "../../registers/blocks.ts";
import type { BlockName } from "../../registers/blocks.ts";
import { fieldBits } from "../../registers/checks.ts";
import type { RegisterSpace, StructureDeclaration } from "../../registers/schema.ts";
import type { MachineDescription } from "../platform/description.ts";
import { isSwitch, portsBelow } from "../platform/description.ts";
import { suggestion } from "./suggest.ts";

/** A register field of an entity as the hardware's probes and peeks name it. */
export interface FieldPlace {
  readonly entity: string;
  readonly space: RegisterSpace;
  /** Byte offset of the dword in the block. */
  readonly offset: number;
  readonly mask: number;
  readonly shift: number;
}

export type EntityKind = "bridge" | "root port" | "downstream port" | "switch" | "device";
/** Register blocks of each kind of part, by name. */
export const blocksOf: Readonly<Record<EntityKind, readonly Exclude<BlockName, "deviceMessages">[]>> = {
  bridge: ["hostBridgeComponent"],
  "root port": ["rootPortComponent", "rootPortConfig"],
  "downstream port": ["downstreamPortComponent", "downstreamPortConfig"],
  switch: ["upstreamPortComponent", "upstreamPortConfig"],
  device: ["deviceComponent", "deviceConfig", "deviceRegisters"],
};

/** Every part of the machine by name, in order of declaration. */
export function partsOf(machine: MachineDescription): ReadonlyMap<string, EntityKind> {
  const parts = new Map<string, EntityKind>();
  for (const bridge of machine.hostBridges) {
    parts.set(bridge.name, "bridge");
    for (const port of portsBelow(bridge.rootPorts)) {
      parts.set(port.name, bridge.rootPorts.some((root) => root.name === port.name) ? "root port" : "downstream port");
      for (const slot of port.slots) parts.set(slot.name, isSwitch(slot) ? "switch" : "device");
    }
  }
  return parts;
}

export const kindOf = (machine: MachineDescription, name: string): EntityKind | undefined => partsOf(machine).get(name);
export const isPort = (kind: EntityKind): boolean => kind === "root port" || kind === "downstream port";
export const namesOf = (machine: MachineDescription, suits: (kind: EntityKind) => boolean): string[] => [...partsOf(machine)].filter(([, kind]) => suits(kind)).map(([name]) => name);
const entityNames = (machine: MachineDescription): string[] => namesOf(machine, () => true);

/** What a table has at a name; not what every object has by itself. */
const ownOf = <T>(table: Readonly<Record<string, T>>, name: string): T | undefined => (Object.hasOwn(table, name) ? table[name] : undefined);

/** Finds `structure.register.field` (or `structure.register`, whole) of an entity. Returns a message when there is none. */
export function findField(machine: MachineDescription, entity: string, path: string): FieldPlace | string {
  const kind = kindOf(machine, entity);
  if (kind === undefined) return `no "${entity}" in the machine; ${suggestion(entity, entityNames(machine))}`;
  const [structureName = "", registerName = "", fieldName] = path.split(".");
  const known: string[] = [];
  for (const blockName of blocksOf[kind]) {
    const block = blocks[blockName];
    for (const [name, placement] of Object.entries(block.placements) as [string, { readonly at: number; readonly structure: StructureDeclaration }][]) {
      known.push(name);
      if (name !== structureName) continue;
      const register = ownOf(placement.structure.registers, registerName);
      if (register === undefined) return `${structureName} has no register "${registerName}"; ${suggestion(registerName, Object.keys(placement.structure.registers))}`;
      const field = fieldName === undefined ? undefined : ownOf(register.fields, fieldName);
      if (fieldName !== undefined && field === undefined) return `${structureName}.${registerName} has no field "${fieldName}"; ${suggestion(fieldName, Object.keys(register.fields))}`;
      const [high, low] = field === undefined ? [Math.min(register.width, 32) - 1, 0] : fieldBits(field);
      const start = (placement.at + register.offset) * 8 + low;
      return { entity, space: block.kind, offset: Math.floor(start / 32) * 4, mask: ((2 ** (high - low + 1) - 1) * 2 ** (start % 32)) >>> 0, shift: start % 32 };
    }
  }
  return `${entity} has no register structure "${structureName}"; ${suggestion(structureName, known)}`;
}
