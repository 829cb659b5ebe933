// Figures of host bridges: HMAT from processors to generic ports (ACPI 6.4 5.2.27), which SRAT ties to the UIDs of host bridges (drivers/acpi/numa/hmat.c).

import type { Kernel } from "../base/kernel.ts";
import { defineState, printk } from "../base/kernel.ts";
import type { Coordinates } from "../mm/access-coordinates.ts";
import { noCoordinates, normalizeFigure, withFigure } from "../mm/access-coordinates.ts";
import type { GenericPort } from "./srat.ts";
import { parseSrat } from "./srat.ts";
import { findTable, headerBytes, read16, read32, read64 } from "./tables.ts";

/** System Locality Latency and Bandwidth Information: one data type between initiators and targets. */
export interface Locality {
  readonly type: number;
  /** Proximity domains. */
  readonly initiators: readonly number[];
  readonly targets: readonly number[];
  /** Normalised, by initiator, then target. */
  readonly values: readonly (readonly number[])[];
}

const reservedBytes = 4;
const structureBytes = 32;
const localityType = 1;
const knownRevision = 2;
const hierarchyMask = 0xf;
/** Order in which Linux prefers initiators: write latency, read latency, write bandwidth, read bandwidth; of a type, the access figure serves both. */
const preference: readonly (readonly number[])[] = [[0, 2], [0, 1], [3, 5], [3, 4]];
const firstBandwidthType = 3;

function parseLocality(bytes: Uint8Array, at: number): Locality {
  const [initiatorCount, targetCount] = [read32(bytes, at + 12), read32(bytes, at + 16)];
  const unit = read64(bytes, at + 24);
  const type = bytes[at + 9] ?? 0;
  const targetsAt = at + structureBytes + 4 * initiatorCount;
  const entriesAt = targetsAt + 4 * targetCount;
  const list = (from: number, count: number): number[] => Array.from({ length: count }, (_, index) => read32(bytes, from + 4 * index));
  return {
    type, initiators: list(at + structureBytes, initiatorCount), targets: list(targetsAt, targetCount),
    values: Array.from({ length: initiatorCount }, (_, row) => Array.from({ length: targetCount }, (_target, column) => normalizeFigure(type, unit, read16(bytes, entriesAt + 2 * (row * targetCount + column))))),
  };
}

/** Localities of memory (no caches) of a table of revision 2. A structure that is shorter than what it counts ends the reading. */
export function parseHmat(bytes: Uint8Array): Locality[] {
  const localities: Locality[] = [];
  for (let at = headerBytes + reservedBytes; at + 8 <= bytes.length; ) {
    const length = read32(bytes, at + 4);
    if (length < 8 || at + length > bytes.length) break;
    if (read16(bytes, at) === localityType) {
      const [initiators, targets] = [read32(bytes, at + 12), read32(bytes, at + 16)];
      if (length < structureBytes + 4 * (initiators + targets) + 2 * initiators * targets) break;
      if (((bytes[at + 8] ?? 0) & hierarchyMask) === 0) localities.push(parseLocality(bytes, at));
    }
    at += length;
  }
  return localities;
}

function valueOf(locality: Locality, initiator: number, target: number): number {
  return locality.values[locality.initiators.indexOf(initiator)]?.[locality.targets.indexOf(target)] ?? 0;
}

/** Figures of a target from the initiators that are best in turn by each type (hmat_update_target_attrs). */
export function coordinatesOf(localities: readonly Locality[], target: number): Coordinates {
  let candidates = [...new Set(localities.flatMap((locality) => locality.initiators))].toSorted((a, b) => a - b);
  let coordinates = noCoordinates;
  for (const types of preference) {
    const locality = localities.findLast(({ type }) => types.includes(type));
    if (locality === undefined) continue;
    const values = candidates.map((initiator) => valueOf(locality, initiator, target));
    const known = values.filter((value) => value > 0);
    const best = known.length === 0 ? 0 : locality.type < firstBandwidthType ? Math.min(...known) : Math.max(...known);
    candidates = candidates.filter((_, index) => values[index] === best);
    if (best > 0) coordinates = withFigure(coordinates, locality.type, best);
  }
  return coordinates;
}

const portState = defineState("acpi.genericPorts", () => ({ byUid: new Map<number, Coordinates>() }));

/**
 * What lies between the processors and a host bridge; no figures where firmware gives none. Every initiator has processors here, so that both access
 * classes (0: nearest initiator, 1: nearest processor) are the same.
 */
export const genericPortCoordinates = (kernel: Kernel, uid: number): Coordinates => portState(kernel).byUid.get(uid) ?? noCoordinates;

/** Reads the figures of every generic port; once, after the tables are loaded. */
export function initializeGenericPorts(kernel: Kernel): void {
  const [srat, hmat] = [findTable(kernel, "SRAT"), findTable(kernel, "HMAT")];
  if (srat === undefined || hmat === undefined) return;
  if (hmat.bytes[8] !== knownRevision) {
    printk(kernel, "notice", `acpi/hmat: Ignoring: Unknown revision:${hmat.bytes[8] ?? 0}`);
    return;
  }
  const localities = parseHmat(hmat.bytes);
  const ports: readonly GenericPort[] = parseSrat(srat.bytes).genericPorts;
  for (const { uid, domain } of ports) portState(kernel).byUid.set(uid, coordinatesOf(localities, domain));
}
