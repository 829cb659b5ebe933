// From a QEMU command line to the same topology as a machine of ours: pxb-cxl, cxl-rp, cxl-upstream, cxl-downstream, cxl-type3, cxl-fmw.

import { commandNames, commands } from "../../registers/commands.ts";
import type { DeviceDescription, DownstreamPortDescription, HostBridgeDescription, MachineDescription, MailboxDescription, RootPortDescription, SlotDescription, SwitchDescription, WindowDescription } from "../../src/platform/description.ts";
import { CaptureError } from "./capture.ts";

/** As captures name components. */
export type FunctionKind = "hb" | "rp" | "usp" | "dsp" | "type3";

type Options = ReadonlyMap<string, string>;

interface Part {
  readonly kind: string;
  readonly id: string;
  readonly bus: string;
  readonly options: Options;
}

interface Window {
  readonly targets: string[];
  size: bigint;
  granularity: number;
}

/** What the other machine chose, or what a case changed; ours takes it over. */
export interface Addresses {
  /** Windows instead of those of the command line. */
  readonly replaced?: readonly Readonly<Window>[];
  /** CHBCRs by UID (the bus number), and window bases in order. */
  readonly bridges: ReadonlyMap<number, bigint>;
  readonly windows: readonly bigint[];
}

/** A function where QEMU put it. */
export interface PlacedFunction {
  readonly id: string;
  readonly kind: FunctionKind;
  /** Whose bus it is on: a bridge, port or switch. */
  readonly bus: string;
  /** Device number * 8 + function number. */
  readonly devfn: number;
}

export interface Topology {
  readonly file: string;
  readonly parts: readonly Part[];
  readonly memory: ReadonlyMap<string, bigint>;
  readonly windows: readonly Readonly<Window>[];
  /** Every CXL function but the host bridges', in order of the command line. */
  readonly functions: readonly PlacedFunction[];
  /** Host bridges in order, with their bus numbers. */
  readonly bridges: readonly { readonly id: string; readonly bus: number }[];
}

const units: Readonly<Record<string, bigint>> = { "": 1n, K: 1n << 10n, M: 1n << 20n, G: 1n << 30n, T: 1n << 40n };

function sizeOf(file: string, what: string, text: string): bigint {
  const match = /^(0x[0-9a-f]+|\d+)([KMGT]?)i?B?$/i.exec(text);
  if (match === null) throw new CaptureError(file, "command line", `the size of ${what} is "${text}"; write it like 256M`);
  return BigInt(match[1] ?? "0") * (units[(match[2] ?? "").toUpperCase()] ?? 1n);
}

/** Words of a shell line; quotes hold blanks together. */
function wordsOf(line: string): string[] {
  return [...line.matchAll(/(?:'[^']*'|"[^"]*"|[^\s'"])+/g)].map(([word]) => word.replaceAll(/['"]/g, ""));
}

/** `a,b=c,d=e` as a map; the first word is the kind. */
function optionsOf(text: string): { readonly kind: string; readonly options: Options } {
  const [kind = "", ...rest] = text.split(",");
  return { kind, options: new Map(rest.map((one) => [one.split("=")[0] ?? "", one.split("=").slice(1).join("=")])) };
}

const isOn = (options: Options, name: string): boolean => ["on", "true", "yes"].includes(options.get(name) ?? "");
const kinds: Readonly<Record<string, FunctionKind>> = { "cxl-rp": "rp", "cxl-upstream": "usp", "cxl-downstream": "dsp", "cxl-type3": "type3" };
/** What may hang where. */
const parents: Readonly<Record<string, readonly string[]>> = { "cxl-rp": ["pxb-cxl"], "cxl-upstream": ["cxl-rp", "cxl-downstream"], "cxl-downstream": ["cxl-upstream"], "cxl-type3": ["cxl-rp", "cxl-downstream"] };

export const functionKind = (device: string): FunctionKind | undefined => kinds[device];

function readWindows(file: string, value: string, windows: Window[]): void {
  for (const [, number = "0", key = "", text = ""] of value.matchAll(/cxl-fmw\.(\d+)\.([a-z-]+(?:\.\d+)?)=([^,]+)/g)) {
    const window = (windows[Number(number)] ??= { targets: [], size: 0n, granularity: 256 });
    if (key.startsWith("targets.")) window.targets[Number(key.slice(8))] = text;
    else if (key === "size") window.size = sizeOf(file, `window ${number}`, text);
    else if (key === "interleave-granularity") window.granularity = Number(sizeOf(file, `window ${number}`, text));
  }
}

/** Device and function numbers as QEMU gives them: `addr=` where there is one, else the next free device of the bus. */
function place(file: string, parts: readonly Part[]): PlacedFunction[] {
  const taken = new Map<string, Set<number>>();
  return parts.flatMap(({ kind, id, bus, options }): PlacedFunction[] => {
    const name = kinds[kind];
    if (name === undefined) return [];
    const used = taken.get(bus) ?? new Set<number>();
    taken.set(bus, used);
    const asked = /^(?:0x)?([0-9a-f]{1,2})(?:\.([0-7]))?$/i.exec(options.get("addr") ?? "");
    const next = Array.from({ length: 32 }, (_, device) => device * 8).find((free) => !used.has(free)) ?? 256;
    const devfn = asked === null ? next : Number.parseInt(asked[1] ?? "0", 16) * 8 + Number(asked[2] ?? 0);
    if (devfn > 255 || used.has(devfn)) throw new CaptureError(file, "command line", `"${id}" has no place of its own on the bus of "${bus}"; give it another addr=`);
    used.add(devfn);
    return [{ id, kind: name, bus, devfn }];
  });
}

function checkPart(file: string, part: Part, parts: readonly Part[]): void {
  const wanted = parents[part.kind];
  if (wanted === undefined) return;
  const parent = parts.find((one) => one.id === part.bus);
  if (parent === undefined || !wanted.includes(parent.kind)) throw new CaptureError(file, "command line", `"${part.id}" (${part.kind}) is on bus "${part.bus}", ${parent === undefined ? "which nothing has" : `a ${parent.kind}`}; it goes on a ${wanted.join(" or ")}`);
}

/** What a command line builds. @throws CaptureError */
export function readTopology(file: string, line: string): Topology {
  const words = wordsOf(line);
  const parts: Part[] = [];
  const memory = new Map<string, bigint>();
  const windows: Window[] = [];
  for (const [index, word] of words.entries()) {
    const value = words[index + 1] ?? "";
    const { kind, options } = optionsOf(value);
    if (word === "-object" && kind.startsWith("memory-backend")) memory.set(options.get("id") ?? "", sizeOf(file, `"${options.get("id") ?? ""}"`, options.get("size") ?? ""));
    if (word === "-device") parts.push({ kind, id: options.get("id") ?? `${kind}${parts.length}`, bus: options.get("bus") ?? "", options });
    if (word === "-M" || word === "-machine") readWindows(file, value, windows);
  }
  const bridges = parts.filter((part) => part.kind === "pxb-cxl").map((part) => ({ id: part.id, bus: Number(part.options.get("bus_nr") ?? "0") }));
  if (bridges.length === 0) throw new CaptureError(file, "command line", "has no pxb-cxl; the topology is read from -device pxb-cxl, cxl-rp, cxl-upstream, cxl-downstream and cxl-type3");
  for (const part of parts) checkPart(file, part, parts);
  for (const [index, window] of windows.entries()) if (window === undefined) throw new CaptureError(file, "command line", `window ${index} is missing; number cxl-fmw from 0`);
  return { file, parts, memory, windows, functions: place(file, parts), bridges };
}

const below = ({ parts }: Topology, bus: string, ...wanted: string[]): readonly Part[] => parts.filter((part) => part.bus === bus && wanted.includes(part.kind));
const component = 0x1_0000n;
/** What QEMU gives every component (its own constants), said to our machine so that nothing of it needs an explanation. */
const theirs = { decoders: 4, targetCount: 8, vectors: 8, readLatency: 150, writeLatency: 250, bandwidth: 16_000, switchLatency: 150, switchBandwidth: 16 * 1024, linkTrainingTime: 1000, restrictions: 0x2f } as const;
const barSize = 262_144n;

/** Opcodes of QEMU's Command Effects Log; those of dynamic capacity (set 0x48) only where a device has some. */
const theirOpcodes = new Set([
  0x0005, 0x0100, 0x0101, 0x0102, 0x0103, 0x0200, 0x0201, 0x0202, 0x0300, 0x0301, 0x0400, 0x0401, 0x0500, 0x0501, 0x0502, 0x0600, 0x4000, 0x4100, 0x4102, 0x4103, 0x4201, 0x4202,
  0x4300, 0x4301, 0x4302, 0x4303, 0x4304, 0x4305, 0x4400, 0x4402, 0x4500, 0x4800, 0x4801, 0x4802, 0x4803,
]);
/** QEMU's command interface: five logs on every device, two firmware slots, 256 lines of poison. */
const theirCommands = commandNames.filter((name) => theirOpcodes.has(commands[name].opcode));
const theirMailbox = {
  payloadSize: 2048, commands: theirCommands.filter((name) => commands[name].set !== "dynamicCapacity"), logDepths: [8, 8, 8, 8, 8], poisonListSize: 256, injectPoisonLimit: 256, firmware: ["BWFW VERSION 0", ""], onlineActivation: true,
} as const satisfies Partial<MailboxDescription>;

function memoryOf({ file, memory }: Topology, part: Part, option: string): bigint {
  const name = part.options.get(option);
  const size = name === undefined ? 0n : memory.get(name);
  if (size === undefined) throw new CaptureError(file, "command line", `"${part.id}" has ${option}=${name ?? ""}, but there is no -object memory-backend-... of that id`);
  return size;
}

/** Dynamic capacity in regions of equal size, with QEMU's blocks and extents. */
const regionsOf = (size: bigint, count: bigint): Partial<MailboxDescription> => ({ commands: theirCommands, dynamicExtents: 512, dynamicRegions: Array.from({ length: Number(count) }, () => ({ length: size / count, blockSize: 2n << 20n })) });

function deviceOf(topology: Topology, part: Part): DeviceDescription {
  const [legacy, volatileSize, persistent, dynamic] = ["memdev", "volatile-memdev", "persistent-memdev", "volatile-dc-memdev"].map((option) => memoryOf(topology, part, option));
  const nothingElse = (volatileSize ?? 0n) + (persistent ?? 0n) + (legacy ?? 0n) === 0n;
  const regions = nothingElse || dynamic === undefined || dynamic === 0n ? {} : regionsOf(dynamic, BigInt(part.options.get("num-dc-regions") ?? "1"));
  return {
    // The media of dynamic capacity is not modelled; a device that has nothing else still needs some.
    name: part.id, volatileCapacity: (volatileSize ?? 0n) + (nothingElse ? (dynamic ?? 0n) : 0n), persistentCapacity: (persistent ?? 0n) + (legacy ?? 0n), labelArea: memoryOf(topology, part, "lsa"), serial: BigInt(part.options.get("sn") ?? "0"),
    barSize, decoders: theirs.decoders, readLatency: theirs.readLatency, writeLatency: theirs.writeLatency, bandwidth: theirs.bandwidth, interleave3612: true, interleave16: true, mediaReadyTime: 0, preservesVolatile: false,
    vectors: theirs.vectors, backInvalidate: isOn(part.options, "hdm-db"), mailbox: { ...theirMailbox, ...regions },
  };
}

const partOf = (topology: Topology, id: string): DeviceDescription | undefined => {
  const part = topology.parts.find((one) => one.id === id && kinds[one.kind] === "type3");
  return part === undefined ? undefined : deviceOf(topology, part);
};

/** Bytes of a device's memory; 0 for what is no device. */
export const capacityOf = (topology: Topology, id: string): bigint => {
  const device = partOf(topology, id);
  return (device?.volatileCapacity ?? 0n) + (device?.persistentCapacity ?? 0n);
};

function portOf(topology: Topology, part: Part, fallback: number): DownstreamPortDescription {
  const cards = below(topology, part.id, "cxl-upstream", "cxl-type3").map((card): SlotDescription => (card.kind === "cxl-upstream" ? switchOf(topology, card) : deviceOf(topology, card)));
  return { name: part.id, portNumber: Number(part.options.get("port") ?? fallback), hotplug: true, linkTrainingTime: theirs.linkTrainingTime, slots: cards, present: cards.length > 0, dpc: false, backInvalidate: true };
}

function switchOf(topology: Topology, part: Part): SwitchDescription {
  const ports = below(topology, part.id, "cxl-downstream").map((port, index) => portOf(topology, port, index));
  return { kind: "switch", name: part.id, serial: BigInt(part.options.get("sn") ?? "0"), decoders: theirs.decoders, targetCount: theirs.targetCount, latency: theirs.switchLatency, bandwidth: theirs.switchBandwidth, backInvalidate: isOn(part.options, "x-256b-flit"), ports };
}

function bridgeOf(topology: Topology, { id, bus }: Topology["bridges"][number], componentBase: bigint): HostBridgeDescription {
  const later = topology.bridges.map((one) => one.bus).filter((other) => other > bus);
  const ports = below(topology, id, "cxl-rp");
  const rootPorts = ports.map((port, index): RootPortDescription => ({ ...portOf(topology, port, index), isolation: null, inFlight: 64, snoopFilter: { group: 0, capacity: 0 } }));
  const part = topology.parts.find((one) => one.id === id);
  const isPassthrough = rootPorts.length === 1 && !(part !== undefined && isOn(part.options, "hdm_for_passthrough"));
  return { name: id, uid: bus, segment: 0, busStart: bus, busEnd: Math.min(255, ...later.map((other) => other - 1)), componentBase, decoders: isPassthrough ? 0 : theirs.decoders, targetCount: theirs.targetCount, rootPorts };
}

const firstBridge = 0x1_0000_0000n;
const firstWindow = 0x1_1000_0000n;

/** The machine of a topology. @throws CaptureError */
export function machineOf(topology: Topology, addresses: Addresses): MachineDescription {
  const hostBridges = topology.bridges.map((bridge, index) => bridgeOf(topology, bridge, addresses.bridges.get(bridge.bus) ?? firstBridge + BigInt(index) * component));
  let next = firstWindow;
  const windows = (addresses.replaced ?? topology.windows).map((window, index): WindowDescription => {
    const base = addresses.windows[index] ?? next;
    next = base + window.size;
    return { base, size: window.size, ways: window.targets.length, granularity: window.granularity, targets: window.targets.map((id) => targetOf(topology, index, id)), restrictions: theirs.restrictions };
  });
  return {
    hostBridges, windows, ram: [{ base: 0n, size: 512n << 20n }], costs: { config: 1, mmioRead: 1, mmioWrite: 1, memory: 1 }, platformFailure: "reset", watchdogTime: 1_000_000_000,
    implementation: { isolationExit: "cxl-3.2", timeoutInstant: "middle", decoderCommitTime: 0, isolationResponseTime: 100, messageOrder: "isolation-first" },
    limits: { mediaPages: 4096, traceRecords: 4096, probes: 4, requesters: 4 },
  };
}

function targetOf(topology: Topology, window: number, id: string): number {
  const found = topology.bridges.findIndex((bridge) => bridge.id === id);
  if (found < 0) throw new CaptureError(topology.file, "command line", `window ${window} has the target "${id}", which is no pxb-cxl; there are ${topology.bridges.map((bridge) => bridge.id).join(", ")}`);
  return found;
}

/** A component by the name that programs and listings give it: its id, or hbN for the Nth host bridge. */
export function componentNamed(topology: Topology, name: string): string {
  const bridge = /^hb(\d+)$/.exec(name);
  const isId = topology.parts.some((part) => part.id === name);
  return bridge === null || isId ? name : (topology.bridges[Number(bridge[1])]?.id ?? name);
}

/** Functions of the command line that are no CXL port or device of ours, such as a switch's command interface. */
export const otherFunction = ({ parts }: Topology, id: string): string | undefined => parts.find((part) => part.id === id && kinds[part.kind] === undefined)?.kind;

/** Name and kind of every function of a machine, in order of declaration; the kinds are QEMU's. */
export function functionsOf(machine: MachineDescription): ReadonlyMap<string, FunctionKind> {
  const found = new Map<string, FunctionKind>();
  const addPorts = (ports: readonly DownstreamPortDescription[], kind: FunctionKind): void => {
    for (const port of ports) {
      found.set(port.name, kind);
      const card = port.present ? port.slots[0] : undefined;
      if (card === undefined) continue;
      found.set(card.name, card.kind === "switch" ? "usp" : "type3");
      if (card.kind === "switch") addPorts(card.ports, "dsp");
    }
  };
  for (const bridge of machine.hostBridges) {
    found.set(bridge.name, "hb");
    addPorts(bridge.rootPorts, "rp");
  }
  return found;
}
