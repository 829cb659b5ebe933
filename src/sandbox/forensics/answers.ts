// Whether anybody answers behind addresses that somebody has been given: hmem hands out what the memory map says, complete interleave or not, decoders committed or not
// (seeds S10, S11). Asked of the hardware's routes, without an access.

import type { Range } from "../../kernel/resource/resource.ts";
import { resourceSize, subtract } from "../../kernel/resource/resource.ts";
import type { DownstreamPortDescription } from "../../platform/description.ts";
import { isSwitch, portsBelow } from "../../platform/description.ts";
import type { FirmwareRegion } from "../../platform/firmware-setup.ts";
import type { Scene } from "./scene.ts";
import { meet, rangeOf } from "./scene.ts";

/** The smallest granule, and more than the widest interleave repeats itself in: 16 ways of 16 KiB. */
const step = 256n;
const period = 16n * 16_384n;

/** Latency of the switches on the longest way down; a route that ends in a switch has no more. */
const switchLatency = (port: DownstreamPortDescription): number => Math.max(0, ...port.slots.map((slot) => (isSwitch(slot) ? slot.latency + Math.max(0, ...slot.ports.map(switchLatency)) : 0)));

/** By index of the root port. */
function switchLatencies({ system }: Scene): Map<number, number> {
  const { description, entities } = system.hardware;
  return new Map(description.hostBridges.flatMap(({ rootPorts }) => rootPorts).map((port) => [entities.ports.get(port.name)?.index ?? -1, switchLatency(port)]));
}

/** Bytes of one interleave set that reach no card, by its first period. */
function unansweredOf(scene: Scene, range: Range, latencies: ReadonlyMap<number, number>): bigint {
  let asked = 0n;
  let silent = 0n;
  for (let address = range.start; address <= range.end && address < range.start + period; address += step) {
    const route = scene.system.platform.memory.route(address);
    asked++;
    if (route === undefined || route.readLatency <= (latencies.get(route.table) ?? 0)) silent++;
  }
  return (resourceSize(range) * silent) / asked;
}

/** Members of a region of firmware whose root port no address of it leads to: what is meant for them lands on others. */
export function unreached(scene: Scene, region: FirmwareRegion): string[] {
  const { description, entities } = scene.system.hardware;
  const range = rangeOf(region);
  const reached = new Set<number>();
  for (let address = range.start; address <= range.end && address < range.start + period; address += step) reached.add(scene.system.platform.memory.route(address)?.table ?? -1);
  return description.hostBridges.flatMap(({ rootPorts }) => rootPorts).filter((port) => {
    const isMember = portsBelow([port]).some(({ slots }) => slots.some(({ name }) => region.targets.includes(name)));
    return isMember && port.present && !reached.has(entities.ports.get(port.name)?.index ?? -1);
  }).map(({ name }) => name);
}

/** Bytes of a range behind which no card answers; cut where firmware's regions end, each being one interleave set. */
export function unanswered(scene: Scene, range: Range): bigint {
  const latencies = switchLatencies(scene);
  const { ram } = scene.system.hardware.description;
  const sets = scene.firmware.regions.flatMap((region) => meet(range, rangeOf(region)));
  const rest = subtract(range, [...sets, ...ram.map(rangeOf)]);
  return [...sets, ...rest].reduce((sum, piece) => sum + unansweredOf(scene, piece, latencies), 0n);
}
