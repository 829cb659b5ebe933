// Memdevs that no driver has: a listing does not say below which port they are. Their bus does, with what is known of the ports around.

import type { CapturedBus, CapturedMemdev, CapturedPort } from "./cxl-capture.ts";
import { functionsOn } from "./iomem-capture.ts";
import type { Sources } from "./sources.ts";

/** Buses below ports that have a card: `0000:0d` by the port's address. */
function knownBelow(port: CapturedPort, into: Map<string, string>): Map<string, string> {
  for (const { parentDport, memdev } of port.endpoints) if (memdev !== undefined) into.set(parentDport, memdev.host.slice(0, 7));
  for (const below of port.ports) {
    if (below.parentDport !== undefined) into.set(below.parentDport, below.host.slice(0, 7));
    knownBelow(below, into);
  }
  return into;
}

const allOf = (port: CapturedPort): CapturedPort[] => [port, ...port.ports.flatMap(allOf)];
const address = (bus: string, device: number): string => `${bus}:${device.toString(16).padStart(2, "0")}.0`;

/** Ports that may be the one: without a card in the listing, on the bus of some port of it. */
function emptyOnes(sources: Sources, buses: readonly string[], used: ReadonlyMap<string, string>, listed: readonly string[]): string[] {
  const shown = sources.iomem === undefined ? [] : buses.flatMap((bus) => (sources.iomem === undefined ? [] : functionsOn(sources.iomem, bus)));
  return [...new Set([...listed, ...shown])].filter((name) => !used.has(name)).toSorted();
}

/** The port that fits by its number: buses below ports rise with the ports, as they are walked. */
function fitting(candidates: readonly string[], bus: string, used: ReadonlyMap<string, string>): string | undefined {
  const fits = candidates.filter((candidate) => [...used].every(([port, below]) => port.slice(0, 7) !== candidate.slice(0, 7) || (port < candidate) === (below < bus)));
  return fits[0];
}

/** Memdevs without an endpoint by the address of the port above them; one that is not known is the next of its host bridge. */
export function memdevPlaces(sources: Sources, bus: CapturedBus): ReadonlyMap<string, CapturedMemdev> {
  const places = new Map<string, CapturedMemdev>();
  const used = bus.ports.reduce((into, port) => knownBelow(port, into), new Map<string, string>());
  const ports = bus.ports.flatMap(allOf);
  const listed = ports.flatMap(({ dports }) => dports.map(({ name }) => name));
  const hosts = bus.dports.map(({ name }) => name.slice(3)).toSorted();
  for (const memdev of sources.cxl.anonymous.toSorted((a, b) => (a.host < b.host ? -1 : 1))) {
    const below = memdev.host.slice(0, 7);
    const said = [...(sources.lspci?.functions.values() ?? [])].find(({ secondary }) => secondary === below)?.address;
    const host = hosts.filter((one) => one.slice(0, 4) === below.slice(0, 4) && one < below).at(-1);
    const inner = [...new Set(listed.map((name) => name.slice(0, 7)))].filter((one) => one < below);
    const candidate = said ?? fitting(emptyOnes(sources, [...new Set([...inner, ...(host === undefined ? [] : [host])])], used, listed), below, used) ?? nextOf(host ?? hosts[0] ?? "0000:00", used, listed);
    if (said === undefined) sources.findings.add("assumed", memdev.name, `below port ${candidate}: a listing does not say where a card without a driver is`);
    places.set(candidate, memdev);
    used.set(candidate, below);
  }
  return places;
}

function nextOf(host: string, used: ReadonlyMap<string, string>, listed: readonly string[]): string {
  const taken = new Set([...used.keys(), ...listed]);
  for (let device = 0; device < 32; device++) if (!taken.has(address(host, device))) return address(host, device);
  return address(host, 31);
}
