// Rules of every register: widths, reserved bits, bits of hardware, events that are cleared without having been read, functions that do not answer.

import { blocks } from "../../../registers/blocks.ts";
import { endpointHeader } from "../../../registers/pci-header.ts";
import { timeoutIsolation } from "../../../registers/timeout-isolation.ts";
import { extract } from "../../platform/registers.ts";
import type { Part } from "./parts.ts";
import { held, unsupportedFields, valueAt } from "./parts.ts";
import type { Place } from "../../platform/register-places.ts";
import { maskOf, placesAt, spaces } from "../../platform/register-places.ts";
import type { Access, Finding, HardwareEvent, Known, Rule, Touch } from "./rule.ts";
import { hex } from "./rule.ts";

const verb = ({ isWrite, width }: Access): string => `${isWrite ? "write" : "read"} of ${width} byte${width === 1 ? "" : "s"}`;

/** First field with one of some bits. */
function fieldOf({ declaration }: Place, bits: bigint): string | null {
  return Object.entries(declaration.fields).find(([, field]) => (maskOf(field) & bits) !== 0n)?.[0] ?? null;
}

/** A finding at a place, or at an offset where no register is. */
function at(part: Part, place: Place | undefined, offset: number, field: string | null, did: string): Finding {
  if (place === undefined) return { part, register: `offset ${hex(offset)}`, field: null, did };
  return { part, register: place.label, field, clause: (field === null ? undefined : place.declaration.fields[field]?.clause) ?? place.declaration.clause, did };
}

function wrongWidth(access: Access): Finding | undefined {
  const { part, space, offset, width } = access;
  if (access.judgement !== "wrong width" || part === null || space === null) return undefined;
  const places = part.registers[space]?.places;
  const place = places === undefined ? undefined : placesAt(places, offset, width)[0];
  const alignment = offset % width === 0 ? "" : `, ${offset % width} beyond a multiple of ${width}`;
  return at(part, place, offset, null, `${verb(access)} at offset ${hex(offset)}${alignment}`);
}

/** Whoever sizes a BAR writes all ones, with no regard to what is reserved (PCIe 7.5.1.2.1). */
const isSizing = ({ place, value }: Touch): boolean => /\.bar[0-9]$/.test(place.name) && value === 0xffff_ffffn;

function reservedBits({ part, b, c, e }: HardwareEvent, { lastWrite }: Known): Finding | undefined {
  if (lastWrite.some(isSizing)) return undefined;
  const space = spaces[e];
  const places = space === undefined ? undefined : part.registers[space]?.places;
  const place = lastWrite.find((touch) => touch.part === part)?.place ?? (places === undefined ? undefined : placesAt(places, b, 4)[0]);
  return at(part, place, b, null, `${hex(c)} of the dword at offset ${hex(b)} was written, bits that no field names`);
}

function reservedPlace(access: Access): Finding | undefined {
  const { part, space, offset, low, high } = access;
  if (access.judgement !== "reserved" || !access.isWrite || part === null || space === null || space === "config" || (low | high) === 0) return undefined;
  return at(part, undefined, offset, null, `${verb(access)} with ${hex(low)}, where no register is`);
}

/** Bits written as 1 that hold 0 and that software did not read as 1. */
function risen({ registers, place, value, before }: Touch): bigint {
  return value & ~before & ~valueAt(registers.read, place);
}

function readOnly(touch: Touch): Finding | undefined {
  if (isSizing(touch)) return undefined;
  const { place, part } = touch;
  const bits = risen(touch) & place.masks.readOnly;
  const field = fieldOf(place, bits);
  return bits === 0n || field === null ? undefined : at(part, place, 0, field, `1 was written to ${field}, which only hardware sets`);
}

/** Capability bits that a field hangs on are in a register of the same structure. */
function unsupported(touch: Touch): Finding | undefined {
  const { part, place, access } = touch;
  const bits = risen(touch);
  if (bits === 0n || access.space === null) return undefined;
  const found = unsupportedFields(part, access.space, place).find(({ mask }) => (mask & bits) !== 0n);
  return found === undefined ? undefined : at(part, place, 0, found.field, `1 was written to ${found.field}, but ${found.capability} reads 0`);
}

/** Events that were pending and that nobody had read: gone. Of isolation TR1 asks this, and more. */
function blindClear({ registers, part, place, value, before }: Touch): Finding | undefined {
  const isIsolation = place.name === "timeoutIsolation.status" && (value & before & isolationBits) !== 0n;
  if (isIsolation) return undefined;
  const lost = value & before & place.masks.clear & ~valueAt(registers.seen, place);
  const field = fieldOf(place, lost);
  return field === null ? undefined : at(part, place, 0, field, `${field} was set and was cleared, without having been read as 1`);
}

const { memoryIsolation, cacheIsolation } = timeoutIsolation.registers.status.fields;
const isolationBits = maskOf(memoryIsolation) | maskOf(cacheIsolation);

function barOf(part: Part): bigint {
  const low = held(part, "config", `${headerOf(part)}.bar0`) & ~0xffffn;
  return (held(part, "config", `${headerOf(part)}.bar1`) << 32n) | low;
}

const headerOf = ({ kind }: Part): string => (kind === "device" ? "endpointHeader" : "bridgeHeader");
const isIn = (address: bigint, base: bigint, size: bigint): boolean => base !== 0n && address >= base && address < base + size;

function memorySpaceOff({ address, isWrite }: Access, { parts }: Known): Finding | undefined {
  if (address === null) return undefined;
  for (const part of parts.values()) {
    if (part.kind === "host bridge" || !isIn(address, barOf(part), part.barSize)) continue;
    const label = `${headerOf(part)}.command`;
    if (extract(endpointHeader.registers.command.fields.memorySpaceEnable, held(part, "config", label)) === 1) continue;
    return { part, register: label, field: "memorySpaceEnable", did: `${isWrite ? "write to" : "read of"} ${hex(address)} in BAR 0, while memorySpaceEnable is 0: nobody answers` };
  }
  return undefined;
}

/** A card that was reset has lost BAR and command; software that goes on at the old address reads all ones. */
function resetSince({ address, isWrite }: Access, { parts }: Known): Finding | undefined {
  if (address === null) return undefined;
  for (const part of parts.values()) {
    if (part.barBefore === null || !isIn(address, part.barBefore, part.barSize) || barOf(part) === part.barBefore) continue;
    const above = [...parts.values()].find(({ name }) => name === part.parent);
    if (above?.isLinkUp !== true) continue;
    return { part, register: `${headerOf(part)}.bar0`, field: "address31to16", did: `${isWrite ? "write to" : "read of"} ${hex(address)}, where BAR 0 was before the link went down` };
  }
  return undefined;
}

function configLocked({ part, b, e }: HardwareEvent, { lastWrite }: Known): Finding | undefined {
  const touch = lastWrite.find((one) => one.part === part && one.access.space === "config");
  if (e !== lockReason || touch === undefined) return undefined;
  return at(part, touch.place, b, fieldOf(touch.place, touch.before ^ touch.next), "it was written while CONFIG_LOCK is set, and keeps its value");
}

/** Reason of a refusal (assembly/trace/ring.ts). */
const lockReason = 8;

export const registerRules: readonly Rule[] = [
  {
    id: "width", title: "Registers are accessed in their width, at a multiple of it", clause: "8.2.2",
    asks: "registers of the CXL.cache/mem range are accessed whole, 4 bytes at a multiple of 4 (8 at a multiple of 8 for 64-bit ones), those of the device block and of config space in aligned 1, 2, 4 (8) bytes; others read 0 and write nothing",
    remedy: "use the access of the register's width",
    watches: [{ on: "access", judge: wrongWidth }],
  },
  {
    id: "reserved", title: "Reserved bits are written as 0", clause: "8.2.4",
    asks: "bits that no field names are written as they read, which is 0",
    remedy: "build the value from named fields, or read the register and change those alone",
    watches: [{ on: "event", of: ["reserved"], judge: reservedBits }, { on: "access", judge: reservedPlace }],
  },
  {
    id: "read-only", title: "Bits of hardware are not set by software", clause: "8.2.4",
    asks: "read-only fields take nothing from software",
    remedy: "write the field that asks for it (commit for committed), and read this one",
    watches: [{ on: "write", judge: readOnly }],
  },
  {
    id: "unsupported", title: "What the capability does not offer is not enabled", clause: "8.2.4",
    asks: "a field without its capability is read-only 0",
    remedy: "read the capability first, and do without what it does not offer",
    watches: [{ on: "write", judge: unsupported }],
  },
  {
    id: "blind-clear", title: "Only events that were read are cleared", clause: "8.2.4",
    asks: "writing 1 clears an event for good, so only bits that were read as 1 are written as 1",
    remedy: "read the status, handle what is set, and write back what was read",
    watches: [{ on: "write", judge: blindClear }],
  },
  {
    id: "memory-space", title: "Registers in memory are reached with Memory Space Enable set", clause: "PCIe 7.5.1.1.3",
    asks: "a function answers memory accesses only while Memory Space Enable is 1",
    remedy: "set it in the command register before anything behind the BAR is touched",
    watches: [{ on: "access", judge: memorySpaceOff }],
  },
  {
    id: "TR4", title: "After link down a device is set up anew", clause: "12.3",
    asks: "link down has reset everything below the port: BARs, Memory Space Enable, decoders and mailbox state are gone",
    remedy: "enumerate again, or restore what was saved, before the registers are touched",
    watches: [{ on: "access", judge: resetSince }],
  },
  {
    id: "config-lock", title: "What CONFIG_LOCK locks is not written", clause: blocks.deviceConfig.placements.dvsecDevice.structure.registers.lock.clause,
    asks: "locked fields are read-only until a conventional reset",
    remedy: "look at CONFIG_LOCK before, and take the register as firmware left it",
    watches: [{ on: "event", of: ["refused"], judge: configLocked }],
  },
];
