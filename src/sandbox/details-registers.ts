// Registers that matter after a failure, by name, at several moments: peeked, so that the run neither notices nor takes time.

import type { RegisterDeclaration, RegisterSpace } from "../../registers/schema.ts";
import type { Hardware } from "../hardware/machine.ts";
import type { Place } from "../platform/register-places.ts";
import { extract } from "../platform/registers.ts";
import type { FieldDump, RegisterDump } from "../scenario/details.ts";
import type { EntityKind } from "../scenario/machine-parts.ts";
import type { PartStructure, RegisterPart } from "./part-registers.ts";
import { clauseText, isThere, peekBus, registerHex, registerParts, registersOf, structuresOf, valueAt } from "./part-registers.ts";

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

/** One register of one part. */
interface WatchedRegister {
  readonly of: RegisterPart;
  /** Of a repeated register: what it has in common with the others of its instance. */
  readonly instance: string | null;
  readonly space: RegisterSpace;
  readonly place: Place;
}

function watchedOf(hardware: Hardware, of: RegisterPart, structure: PartStructure): WatchedRegister[] {
  const wanted = (chosen[structure.name] ?? []).map((register) => `${structure.name}.${register}`).filter((name) => onlyOf[name]?.includes(of.kind) !== false);
  if (wanted.length === 0) return [];
  const places = registersOf(hardware, of.name, structure);
  return wanted.flatMap((name) => places.filter((place) => place.name === name)).map((place) => ({
    of, place, space: structure.space, instance: place.declaration.repeat === undefined ? null : `${of.name} ${structure.name} ${place.instance}`,
  }));
}

const allWatched = (hardware: Hardware): WatchedRegister[] => registerParts(hardware).flatMap((part) => structuresOf(hardware, part).flatMap((structure) => watchedOf(hardware, part, structure)));

/** Registers of a machine, looked at whenever `look` is called. */
export interface RegisterWatch {
  look(): void;
  dumps(): RegisterDump[];
}

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
function usedInstances(places: readonly WatchedRegister[], looks: readonly (readonly (bigint | null)[])[]): ReadonlySet<string> {
  const used = new Set<string>();
  for (const [index, { instance, place: { declaration } }] of places.entries()) {
    const says = (value: bigint): boolean => Object.entries(declaration.fields).some(([name, field]) => name !== idleField && extract(field, value) !== 0);
    if (instance !== null && looks.some((look) => says(look[index] ?? 0n))) used.add(instance);
  }
  return used;
}

export function watchRegisters(hardware: Hardware): RegisterWatch {
  const watched = allWatched(hardware);
  const looks: (bigint | null)[][] = [];
  return {
    look: () => {
      const there = new Map<string, boolean>();
      looks.push(watched.map(({ of, space, place }) => {
        const isHere = there.get(of.name) ?? isThere(hardware, of.name);
        there.set(of.name, isHere);
        return isHere ? valueAt(peekBus(hardware, of.entity, space), place) : null;
      }));
    },
    dumps: () => {
      const used = usedInstances(watched, looks);
      return watched.flatMap(({ of, instance, place: { label, declaration } }, index) => {
        const values = looks.map((look) => look[index] ?? null);
        if ((instance !== null && !used.has(instance)) || values.every((value) => value === null)) return [];
        const { meaning, clause, width } = declaration;
        return [{ of: of.name, register: label, about: meaning, clause: clauseText(clause), values: values.map((value) => (value === null ? null : registerHex(value, width))), fields: fieldsOf(declaration, values) }];
      });
    },
  };
}
