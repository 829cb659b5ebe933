// The machine's parts out of the captures: host bridges, ports, switches and cards, each with what was captured of it. Names are those of the file.

import type { CapturedBus, CapturedEndpoint, CapturedMemdev, CapturedPort } from "./cxl-capture.ts";
import { CaptureFileError } from "./findings.ts";
import { busesBelow, functionsOn, rootBuses } from "./iomem-capture.ts";
import type { FunctionFacts } from "./lspci-capture.ts";
import { memdevPlaces } from "./placing.ts";
import type { Sources } from "./sources.ts";

export interface TwinDevice {
  readonly kind: "device";
  readonly memdev: CapturedMemdev | undefined;
  readonly endpoint: CapturedEndpoint | undefined;
  readonly facts: FunctionFacts | undefined;
  /** Not in the captures: the member that an interleave set lacks, or a card that no driver has. */
  readonly isAbsent: boolean;
  /** Capacity of a card that says nothing of it. */
  readonly like?: TwinDevice;
}

export interface TwinSwitch {
  readonly kind: "switch";
  readonly name: string;
  readonly captured: CapturedPort;
  readonly facts: FunctionFacts | undefined;
  readonly ports: TwinPort[];
}

export interface TwinPort {
  readonly name: string;
  readonly isRoot: boolean;
  /** `0000:0c:00.0`; undefined where captures give no such name. */
  readonly address: string | undefined;
  readonly portNumber: number;
  readonly deviceNumber: number;
  readonly facts: FunctionFacts | undefined;
  card: TwinDevice | TwinSwitch | undefined;
}

export interface TwinBridge {
  readonly name: string;
  readonly uid: number;
  /** `pci0000:0c` */
  readonly host: string;
  readonly place: { readonly segment: number; readonly bus: number } | undefined;
  readonly captured: CapturedPort | undefined;
  readonly rootPorts: TwinPort[];
  /** Of CXL 1.1: its card has no port above it. */
  readonly isRestricted: boolean;
}

export interface Topology {
  readonly bus: CapturedBus;
  readonly bridges: readonly TwinBridge[];
}

interface Counts { root: number; downstream: number; switches: number }

interface Work {
  readonly sources: Sources;
  readonly counts: Counts;
  /** Memdevs without an endpoint, by the address of the port that they are below. */
  readonly loose: ReadonlyMap<string, CapturedMemdev>;
}

const addressPattern = /^([0-9a-f]{4}):([0-9a-f]{2}):([0-9a-f]{2})\.([0-7])$/;
const hostPattern = /^pci([0-9a-f]{4}):([0-9a-f]{2})$/;
const mostPorts = 32;

const isAddress = (name: string): boolean => addressPattern.test(name);
const deviceOf = (address: string): number => Number.parseInt(addressPattern.exec(address)?.[3] ?? "0", 16);
const functionOf = (address: string): number => Number(addressPattern.exec(address)?.[4] ?? "0");

/** `0000:0c` of a PCI function, or of a host bridge by its name. */
export const busOf = (name: string): string | undefined => (isAddress(name) ? name.slice(0, 7) : hostPattern.test(name) ? name.slice(3) : undefined);

interface FoundPort {
  readonly name: string;
  /** Undefined: nothing says it. */
  readonly portNumber: number | undefined;
}

/** Ports that other captures show on a bus beside those of the listing. */
function emptyPorts({ iomem, lspci }: Pick<Sources, "iomem" | "lspci">, bus: string | undefined, isRoot: boolean, known: readonly string[], taken: number): FoundPort[] {
  if (bus === undefined) return [];
  const kind = isRoot ? "root port" : "downstream port";
  const dumped = [...(lspci?.functions.values() ?? [])].filter((one) => one.bus === bus && one.kind === kind && !known.includes(one.address)).map((one): FoundPort => ({ name: one.address, portNumber: one.portNumber }));
  if (dumped.length > 0 || iomem === undefined || lspci !== undefined) return dumped;
  const spare = busesBelow(iomem, bus).length - taken;
  return functionsOn(iomem, bus).filter((name) => !known.includes(name)).slice(0, Math.max(0, spare)).map((name): FoundPort => ({ name, portNumber: undefined }));
}

/** Numbers of ports: what the captures say, then the first that is free. */
function numbered(found: readonly FoundPort[]): { readonly name: string; readonly portNumber: number; readonly isAssumed: boolean }[] {
  const taken = new Set(found.flatMap(({ portNumber }) => portNumber ?? []));
  return found.map(({ name, portNumber }) => {
    if (portNumber !== undefined) return { name, portNumber, isAssumed: false };
    let free = isAddress(name) && !taken.has(deviceOf(name)) ? deviceOf(name) : 0;
    while (taken.has(free)) free++;
    taken.add(free);
    return { name, portNumber: free, isAssumed: true };
  });
}

/** Device numbers as captured, where they rise; function numbers and names that are no PCI functions get the next place. */
function deviceNumbers(work: Work, names: readonly string[], nameOf: (index: number) => string): number[] {
  let last = -1;
  return names.map((name, index) => {
    const wanted = isAddress(name) ? deviceOf(name) : last + 1;
    const device = Math.max(wanted, last + 1);
    if (isAddress(name) && (device !== wanted || functionOf(name) !== 0)) work.sources.findings.add("difference", nameOf(index), `${name} is function ${functionOf(name)} of its device; the sandbox has one port to a device, here device ${device}`);
    last = device;
    return device;
  });
}

const inOrder = (a: string, b: string): number => (isAddress(a) && isAddress(b) ? (a < b ? -1 : a > b ? 1 : 0) : 0);

/** Ports of a bridge or switch, with what is below them. */
function portsOf(work: Work, captured: CapturedPort | undefined, extra: readonly FoundPort[], isRoot: boolean): TwinPort[] {
  const { sources } = work;
  const listed = captured?.dports.map(({ name, id }): FoundPort => ({ name, portNumber: id })) ?? [];
  const found = numbered([...listed, ...extra].toSorted((a, b) => inOrder(a.name, b.name)));
  if (found.length > mostPorts) throw new CaptureFileError("captures", captured?.name ?? "", `${found.length} ports of one host bridge or switch; a bus has ${mostPorts} devices`);
  const names = found.map(() => (isRoot ? `rp${work.counts.root++}` : `dsp${work.counts.downstream++}`));
  const devices = deviceNumbers(work, found.map(({ name }) => name), (index) => names[index] ?? "");
  return found.map(({ name, portNumber, isAssumed }, index): TwinPort => {
    const own = names[index] ?? "";
    const facts = sources.lspci?.functions.get(name);
    if (isAssumed) sources.findings.add("assumed", own, `port number ${portNumber}: no capture says it`);
    if (facts !== undefined && facts.portNumber !== portNumber) sources.findings.add("conflict", own, `cxl list says port number ${portNumber}, lspci ${facts.portNumber}; the former is taken`);
    return { name: own, isRoot, address: isAddress(name) ? name : undefined, portNumber, deviceNumber: devices[index] ?? index, facts, card: cardOf(work, captured, name, facts) };
  });
}

/** What is plugged into a port. */
function cardOf(work: Work, captured: CapturedPort | undefined, dport: string, facts: FunctionFacts | undefined): TwinPort["card"] {
  const { sources } = work;
  const below = captured?.ports.find(({ parentDport }) => parentDport === dport);
  if (below !== undefined) return switchOf(work, below);
  const endpoint = captured?.endpoints.find(({ parentDport }) => parentDport === dport);
  const functions = sources.lspci?.functions;
  if (endpoint !== undefined) return { kind: "device", memdev: endpoint.memdev, endpoint, facts: functions?.get(endpoint.memdev?.host ?? ""), isAbsent: false };
  const memdev = work.loose.get(dport);
  if (memdev !== undefined) return { kind: "device", memdev, endpoint: undefined, facts: functions?.get(memdev.host), isAbsent: false };
  const hidden = [...(functions?.values() ?? [])].find((one) => one.bus === facts?.secondary && one.memory !== undefined && one.isCxl);
  return hidden === undefined ? undefined : { kind: "device", memdev: undefined, endpoint: undefined, facts: hidden, isAbsent: true };
}

function switchOf(work: Work, captured: CapturedPort): TwinSwitch {
  const name = `sw${work.counts.switches++}`;
  const { sources } = work;
  const inner = captured.dports.map((one) => busOf(one.name)).find((bus) => bus !== undefined);
  const extra = emptyPorts(sources, inner, false, captured.dports.map((one) => one.name), captured.dports.length);
  return { kind: "switch", name, captured, facts: sources.lspci?.functions.get(captured.host), ports: portsOf(work, captured, extra, false) };
}

/** A card of CXL 1.1 hangs below its host bridge alone. */
function restrictedPort(work: Work, bus: CapturedBus, host: string): TwinPort | undefined {
  const endpoint = bus.endpoints.find(({ parentDport }) => parentDport === host);
  if (endpoint === undefined) return undefined;
  const name = `rp${work.counts.root++}`;
  work.sources.findings.add("difference", name, "a card of CXL 1.1 (restricted) has no root port in Linux's view; the sandbox gives it one");
  return { name, isRoot: true, address: undefined, portNumber: 0, deviceNumber: 0, facts: undefined, card: { kind: "device", memdev: endpoint.memdev, endpoint, facts: work.sources.lspci?.functions.get(endpoint.memdev?.host ?? ""), isAbsent: false } };
}

function bridgeOf(work: Work, bus: CapturedBus, name: string, host: string, uid: number): TwinBridge {
  const { sources } = work;
  const captured = bus.ports.find((port) => port.host === host);
  const place = hostPattern.exec(host);
  const known = captured?.dports.map((one) => one.name) ?? [];
  const loose = [...work.loose.keys()].filter((dport) => !known.includes(dport) && busOf(dport) === busOf(host));
  const seen = emptyPorts(sources, busOf(host), true, known, known.length);
  const extra = [...seen, ...loose.filter((dport) => !seen.some((one) => one.name === dport)).map((dport): FoundPort => ({ name: dport, portNumber: undefined }))];
  const restricted = restrictedPort(work, bus, host);
  const rootPorts = restricted === undefined ? portsOf(work, captured, extra, true) : [restricted];
  if (rootPorts.length === 0) {
    const port = `rp${work.counts.root++}`;
    sources.findings.add("assumed", port, "an empty root port: no capture shows one of its host bridge");
    rootPorts.push({ name: port, isRoot: true, address: undefined, portNumber: 0, deviceNumber: 0, facts: undefined, card: undefined });
  }
  return { name, uid, host, place: place === null ? undefined : { segment: Number.parseInt(place[1] ?? "0", 16), bus: Number.parseInt(place[2] ?? "0", 16) }, captured, rootPorts, isRestricted: restricted !== undefined };
}

/** Host bridges of windows that have no downstream port: the CEDT alone knows them. */
function unlistedBridges(sources: Sources, bus: CapturedBus): number[] {
  const listed = bus.dports.map(({ id }) => id);
  return [...new Set(sources.cedt?.windows.flatMap(({ targets }) => targets) ?? [])].filter((uid) => !listed.includes(uid));
}

const mostBridges = 16;

/** @throws CaptureFileError */
export function topologyOf(sources: Sources): Topology {
  const [bus, ...others] = sources.cxl.buses;
  if (bus === undefined) throw new CaptureFileError("captures", "", "no CXL bus");
  if (others.length > 0) sources.findings.add("difference", others.map(({ name }) => name).join(", "), `the host has ${others.length + 1} CXL roots, a scenario one; only ${bus.name} (${bus.provider}) is taken`);
  const work: Work = { sources, counts: { root: 0, downstream: 0, switches: 0 }, loose: memdevPlaces(sources, bus) };
  const hosts = [...bus.dports.map(({ name, id }) => ({ name, uid: id })), ...unlistedBridges(sources, bus).map((uid) => ({ name: "", uid }))];
  if (hosts.length > mostBridges) throw new CaptureFileError("captures", bus.name, `${hosts.length} host bridges; a machine has at most ${mostBridges}`);
  const sorted = hosts.toSorted((a, b) => (a.name === "" || b.name === "" || a.name === b.name ? 0 : a.name < b.name ? -1 : 1));
  return { bus, bridges: sorted.map(({ name, uid }, index) => bridgeOf(work, bus, `hb${index}`, name, uid)) };
}

/** Last bus of a host bridge: up to the next one that is known of its segment. */
export function lastBus(topology: Topology, sources: Sources, { segment, bus }: NonNullable<TwinBridge["place"]>): number {
  const known = [...topology.bridges.flatMap(({ place }) => place ?? []), ...(sources.iomem === undefined ? [] : rootBuses(sources.iomem)).map((name) => ({ segment: Number.parseInt(name.slice(0, 4), 16), bus: Number.parseInt(name.slice(5), 16) }))];
  const next = known.filter((one) => one.segment === segment && one.bus > bus).map((one) => one.bus - 1);
  return Math.min(255, ...next);
}

/** Every port below some ports, themselves first. */
export const allPorts = (ports: readonly TwinPort[]): TwinPort[] => ports.flatMap((port) => [port, ...(port.card?.kind === "switch" ? allPorts(port.card.ports) : [])]);
export const portsOfTopology = ({ bridges }: Topology): TwinPort[] => bridges.flatMap(({ rootPorts }) => allPorts(rootPorts));
