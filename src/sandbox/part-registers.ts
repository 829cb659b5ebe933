// The registers of one part of a machine as they stand: which structures it has, where each register lies, what is in it. Peeked, so that the run neither notices nor takes time.

import { blocks } from "../../registers/blocks.ts";
import type { Placement, RegisterSpace } from "../../registers/schema.ts";
import type { Hardware } from "../hardware/machine.ts";
import { findCapability, findComponentCapability, findDvsec, findFirstExtended } from "../platform/config-walk.ts";
import { portsBelow } from "../platform/description.ts";
import type { MachineDescription } from "../platform/description.ts";
import type { Place } from "../platform/register-places.ts";
import { placesOfStructure } from "../platform/register-places.ts";
import type { RegisterBus } from "../platform/registers.ts";
import type { EntityKind } from "../scenario/machine-parts.ts";
import { blocksOf, partsOf } from "../scenario/machine-parts.ts";

/** A part as the machine's description names it and the module numbers it. */
export interface RegisterPart {
  readonly name: string;
  readonly kind: EntityKind;
  readonly entity: number;
}

/** A structure that a part has in this machine. */
export interface PartStructure {
  readonly name: string;
  readonly space: RegisterSpace;
  readonly placement: Placement;
}

/** An entity's registers as a bus that only reads, aside from the run. */
export function peekBus(hardware: Hardware, entity: number, space: RegisterSpace): RegisterBus {
  const peeks = { component: hardware.peekComponent, config: hardware.peekConfig, device: hardware.peekDevice };
  const read32 = (offset: number): number => peeks[space].call(hardware, entity, offset - (offset % 4));
  const refuse = (): never => {
    throw new TypeError("registers are only looked at here");
  };
  return {
    read8: (offset) => (read32(offset) >>> ((offset % 4) * 8)) & 0xff,
    read16: (offset) => (read32(offset) >>> ((offset % 4) * 8)) & 0xffff,
    read32,
    read64: (offset) => BigInt(read32(offset)) | (BigInt(read32(offset + 4)) << 32n),
    write8: refuse, write16: refuse, write32: refuse, write64: refuse,
  };
}

const entityOf = ({ entities }: Hardware, name: string): number | undefined => (entities.bridges.get(name) ?? entities.ports.get(name) ?? entities.switches.get(name) ?? entities.devices.get(name))?.id;

/** Every part, in order of declaration. */
export function registerParts(hardware: Hardware): RegisterPart[] {
  return [...partsOf(hardware.description)].flatMap(([name, kind]) => {
    const entity = entityOf(hardware, name);
    return entity === undefined ? [] : [{ name, kind, entity }];
  });
}

/** A part by name; undefined: the machine has none. */
export function registerPart(hardware: Hardware, name: string): RegisterPart | undefined {
  const kind = partsOf(hardware.description).get(name);
  const entity = entityOf(hardware, name);
  return kind === undefined || entity === undefined ? undefined : { name, kind, entity };
}

/** Cards that are plugged in now; what is no card is always there. */
export function isThere(hardware: Hardware, name: string): boolean {
  const card = hardware.entities.switches.get(name) ?? hardware.entities.devices.get(name);
  return card === undefined || hardware.port(card.port).device === name;
}

/** Whether software would find the structure: the machine may have been built without it. */
function isPresent(bus: RegisterBus, { presentWith, structure }: Placement): boolean {
  const { identity } = structure;
  if (presentWith === undefined || identity === undefined) return true;
  if (identity.list === "component") return findComponentCapability(bus, identity.id) !== 0;
  if (identity.list === "dvsec") return findDvsec(bus, identity.id) !== 0;
  if (identity.list === "capability") return findCapability(bus, identity.id) !== 0;
  return findFirstExtended(bus, identity.id) !== 0;
}

/** Structures of a part, in order of their blocks and places. */
export function structuresOf(hardware: Hardware, { kind, entity }: RegisterPart): PartStructure[] {
  return blocksOf[kind].flatMap((block) => {
    const { kind: space, placements } = blocks[block];
    const bus = peekBus(hardware, entity, space);
    return Object.entries<Placement>(placements).filter(([, placement]) => isPresent(bus, placement)).map(([name, placement]) => ({ name, space, placement }));
  });
}

/** Instances of a repeated register that a part has: further ones are reserved. */
function implemented(machine: MachineDescription, name: string, { declaration: { repeat } }: Place): number {
  const count = repeat?.count ?? 1;
  const bridge = machine.hostBridges.find((one) => one.name === name);
  if (repeat?.implementedBy === "rootPortCount") return bridge?.rootPorts.length ?? count;
  if (repeat?.implementedBy !== "decoderCount") return count;
  const cards = machine.hostBridges.flatMap(({ rootPorts }) => portsBelow(rootPorts)).flatMap(({ slots }) => slots);
  return (bridge ?? cards.find((card) => card.name === name))?.decoders ?? count;
}

/** Registers of a structure, without instances that are reserved in this machine, by their places in the block. */
export function registersOf({ description }: Hardware, part: string, { name, placement }: PartStructure): Place[] {
  return placesOfStructure(name, placement).filter((place) => place.declaration.repeat?.implementedBy === undefined || place.instance < implemented(description, part, place));
}

/** What is in a register. */
export function valueAt(bus: RegisterBus, { declaration: { width }, at }: Place): bigint {
  if (width === 64) return bus.read64(at);
  return BigInt(width === 32 ? bus.read32(at) : width === 16 ? bus.read16(at) : bus.read8(at));
}

/** Hexadecimal, as wide as the register. */
export const registerHex = (value: bigint, width: number): string => `0x${value.toString(16).padStart(width / 4, "0")}`;

/** The specification's place: a bare number is one of CXL 3.2. */
export const clauseText = (clause: string): string => (/^\d/.test(clause) ? `CXL ${clause}` : clause);
