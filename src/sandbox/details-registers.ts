// Registers that matter after a failure, by name, at several moments: peeked, so that the run neither notices nor takes time.

import { blocks } from "../../registers/blocks.ts";
import type { Placement, RegisterDeclaration, RegisterSpace, StructureDeclaration } from "../../registers/schema.ts";
import type { Hardware } from "../hardware/machine.ts";
import { findComponentCapability, findDvsec, findFirstExtended } from "../platform/config-walk.ts";
import type { RegisterBus } from "../platform/registers.ts";
import { extract } from "../platform/registers.ts";
import type { FieldDump, RegisterDump } from "../scenario/details.ts";
import type { EntityKind } from "../scenario/machine-parts.ts";
import { blocksOf, partsOf } from "../scenario/machine-parts.ts";

/** Timeout and isolation, link, slot, decoders, errors, containment, device and mailbox status. */
const chosen: Readonly<Record<string, readonly string[]>> = {
  timeoutIsolation: ["capability", "control", "status"],
  pcie: ["deviceStatus", "linkControl", "linkStatus", "slotControl", "slotStatus"],
  dvsecFlexBus: ["status"],
  hdmDecoderPort: ["globalControl", "baseLow", "baseHigh", "sizeLow", "sizeHigh", "control", "targetListLow", "targetListHigh"],
  hdmDecoderDevice: ["globalControl", "baseLow", "baseHigh", "sizeLow", "sizeHigh", "control", "skipLow", "skipHigh"],
  ras: ["uncorrectableStatus", "uncorrectableMask", "correctableStatus", "control"],
  aer: ["uncorrectableStatus", "correctableStatus", "rootErrorStatus", "errorSource"],
  dpc: ["control", "status", "source"],
  dvsecDevice: ["control", "status", "status2"],
  deviceStatus: ["eventStatus"],
  memoryDeviceStatus: ["status"],
  primaryMailbox: ["control", "status", "background"],
};

const slotPorts: readonly EntityKind[] = ["root port", "downstream port"];
/** Registers that other parts only have the place of. */
const onlyOf: Readonly<Record<string, readonly EntityKind[]>> = { "pcie.slotControl": slotPorts, "pcie.slotStatus": slotPorts, "aer.rootErrorStatus": ["root port"], "aer.errorSource": ["root port"] };

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

/** Whether software would find the structure: the machine may have been built without it. */
function isPresent(bus: RegisterBus, { presentWith, structure }: Placement): boolean {
  const { identity } = structure;
  if (presentWith === undefined || identity === undefined) return true;
  if (identity.list === "component") return findComponentCapability(bus, identity.id) !== 0;
  if (identity.list === "dvsec") return findDvsec(bus, identity.id) !== 0;
  return identity.list === "capability" || findFirstExtended(bus, identity.id) !== 0;
}

/** One register of one part. */
interface Place {
  readonly of: string;
  /** Of a repeated register: what it has in common with the others of its instance. */
  readonly instance: string | null;
  readonly entity: number;
  readonly space: RegisterSpace;
  readonly name: string;
  readonly offset: number;
  readonly declaration: RegisterDeclaration;
  readonly clause: string;
}

const specification = (clause: string): string => (/^\d/.test(clause) ? `CXL ${clause}` : clause);

function placesOf(part: { readonly of: string; readonly kind: EntityKind; readonly entity: number }, space: RegisterSpace, placement: Placement): Place[] {
  const { of, kind, entity } = part;
  const structure: StructureDeclaration = placement.structure;
  return (chosen[structure.name] ?? []).flatMap((register) => {
    const declaration = structure.registers[register];
    if (declaration === undefined || onlyOf[`${structure.name}.${register}`]?.includes(kind) === false) return [];
    const { repeat } = declaration;
    return Array.from({ length: repeat?.count ?? 1 }, (_, instance): Place => ({
      of, entity, space, declaration, name: `${structure.name}.${register}${repeat === undefined ? "" : `[${instance}]`}`, instance: repeat === undefined ? null : `${of} ${structure.name} ${instance}`,
      offset: placement.at + declaration.offset + instance * (repeat?.stride ?? 0), clause: specification(declaration.clause),
    }));
  });
}

const entityOf = ({ entities }: Hardware, name: string): number | undefined => (entities.bridges.get(name) ?? entities.ports.get(name) ?? entities.switches.get(name) ?? entities.devices.get(name))?.id;

/** Cards that are plugged in now; what is no card is always there. */
function isThere(hardware: Hardware, name: string): boolean {
  const card = hardware.entities.switches.get(name) ?? hardware.entities.devices.get(name);
  return card === undefined || hardware.port(card.port).device === name;
}

function allPlaces(hardware: Hardware): Place[] {
  return [...partsOf(hardware.description)].flatMap(([name, kind]) => {
    const entity = entityOf(hardware, name);
    if (entity === undefined) return [];
    return blocksOf[kind].flatMap((block) => {
      const { kind: space, placements } = blocks[block];
      const bus = peekBus(hardware, entity, space);
      return Object.values<Placement>(placements).filter((placement) => isPresent(bus, placement)).flatMap((placement) => placesOf({ of: name, kind, entity }, space, placement));
    });
  });
}

function valueAt(bus: RegisterBus, { declaration: { width }, offset }: Place): bigint {
  if (width === 64) return bus.read64(offset);
  return BigInt(width === 32 ? bus.read32(offset) : width === 16 ? bus.read16(offset) : bus.read8(offset));
}

/** Registers of a machine, looked at whenever `look` is called. */
export interface RegisterWatch {
  look(): void;
  dumps(): RegisterDump[];
}

const hexOf = (value: bigint, width: number): string => `0x${value.toString(16).padStart(width / 4, "0")}`;

function fieldsOf({ fields }: RegisterDeclaration, values: readonly (bigint | null)[]): FieldDump[] {
  return Object.entries(fields).map(([name, field]) => ({
    name, about: field.meaning,
    values: values.map((value) => {
      if (value === null) return null;
      const part = extract(field, value);
      return [part, field.values?.[part] ?? ""] as const;
    }),
  }));
}

/** Bits that are set in a decoder that nobody uses. */
const idleField = "targetRangeType";

/** Instances of repeated registers (decoders) that somebody used at some moment. */
function usedInstances(places: readonly Place[], looks: readonly (readonly (bigint | null)[])[]): ReadonlySet<string> {
  const used = new Set<string>();
  for (const [index, { instance, declaration }] of places.entries()) {
    const says = (value: bigint): boolean => Object.entries(declaration.fields).some(([name, field]) => name !== idleField && extract(field, value) !== 0);
    if (instance !== null && looks.some((look) => says(look[index] ?? 0n))) used.add(instance);
  }
  return used;
}

export function watchRegisters(hardware: Hardware): RegisterWatch {
  const places = allPlaces(hardware);
  const looks: (bigint | null)[][] = [];
  return {
    look: () => {
      const there = new Map<string, boolean>();
      looks.push(places.map((place) => {
        const isHere = there.get(place.of) ?? isThere(hardware, place.of);
        there.set(place.of, isHere);
        return isHere ? valueAt(peekBus(hardware, place.entity, place.space), place) : null;
      }));
    },
    dumps: () => {
      const used = usedInstances(places, looks);
      return places.flatMap((place, index) => {
        const values = looks.map((look) => look[index] ?? null);
        if ((place.instance !== null && !used.has(place.instance)) || values.every((value) => value === null)) return [];
        const { of, name, clause, declaration } = place;
        return [{ of, register: name, about: declaration.meaning, clause, values: values.map((value) => (value === null ? null : hexOf(value, declaration.width))), fields: fieldsOf(declaration, values) }];
      });
    },
  };
}
