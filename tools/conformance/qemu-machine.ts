// From a QEMU command line to the same topology as a machine of ours: pxb-cxl, cxl-rp, cxl-upstream, cxl-downstream, cxl-type3, cxl-fmw.

import type { DeviceDescription, DownstreamPortDescription, HostBridgeDescription, MachineDescription, RootPortDescription, SlotDescription, SwitchDescription, WindowDescription } from "../../src/platform/description.ts";
import { CaptureError } from "./capture.ts";

type Options = ReadonlyMap<string, string>;

interface Part {
  readonly kind: string;
  readonly id: string;
  readonly bus: string;
  readonly options: Options;
}

/** What the other machine chose, or what a case changed; ours takes it over. */
export interface Addresses {
  /** Windows instead of those of the command line. */
  readonly replaced?: readonly { readonly targets: readonly string[]; readonly size: bigint; readonly granularity: number }[];
  /** CHBCRs by UID (the bus number), and window bases in order. */
  readonly bridges: ReadonlyMap<number, bigint>;
  readonly windows: readonly bigint[];
}

const units: Readonly<Record<string, bigint>> = { "": 1n, K: 1n << 10n, M: 1n << 20n, G: 1n << 30n };

function sizeOf(text: string): bigint {
  const match = /^(\d+)([KMG]?)B?$/i.exec(text);
  return match === null ? 0n : BigInt(match[1] ?? "0") * (units[(match[2] ?? "").toUpperCase()] ?? 1n);
}

/** `a,b=c,d=e` as a map; the first word is the kind. */
function optionsOf(text: string): { readonly kind: string; readonly options: Options } {
  const [kind = "", ...rest] = text.split(",");
  return { kind, options: new Map(rest.map((one) => [one.split("=")[0] ?? "", one.split("=").slice(1).join("=")])) };
}

const isOn = (options: Options, name: string): boolean => ["on", "true", "yes"].includes(options.get(name) ?? "");

interface CommandLine {
  readonly parts: readonly Part[];
  readonly memory: ReadonlyMap<string, bigint>;
  /** Windows: targets and size, by number. */
  readonly windows: readonly { readonly targets: readonly string[]; readonly size: bigint; readonly granularity: number }[];
}

function readCommandLine(text: string): CommandLine {
  const words = text.replaceAll("'", "").split(/\s+/);
  const parts: Part[] = [];
  const memory = new Map<string, bigint>();
  const windows: { targets: string[]; size: bigint; granularity: number }[] = [];
  for (const [index, word] of words.entries()) {
    const value = words[index + 1] ?? "";
    const { kind, options } = optionsOf(value);
    if (word === "-object") memory.set(options.get("id") ?? "", sizeOf(options.get("size") ?? ""));
    if (word === "-device") parts.push({ kind, id: options.get("id") ?? `${kind}${parts.length}`, bus: options.get("bus") ?? "", options });
    if (word !== "-M" && word !== "-machine") continue;
    for (const [, number = "0", key = "", text = ""] of value.matchAll(/cxl-fmw\.(\d+)\.([a-z-]+(?:\.\d+)?)=([^,]+)/g)) {
      const window = (windows[Number(number)] ??= { targets: [], size: 0n, granularity: 256 });
      if (key.startsWith("targets.")) window.targets[Number(key.slice(8))] = text;
      else if (key === "size") window.size = sizeOf(text);
      else if (key === "interleave-granularity") window.granularity = Number(sizeOf(text));
    }
  }
  return { parts, memory, windows };
}

interface Builder {
  readonly line: CommandLine;
}

const below = ({ line }: Builder, bus: string): readonly Part[] => line.parts.filter((part) => part.bus === bus);

function deviceOf({ line }: Builder, part: Part): DeviceDescription {
  const sizeAt = (option: string): bigint => line.memory.get(part.options.get(option) ?? "") ?? 0n;
  const dynamic = sizeAt("volatile-dc-memdev");
  const backInvalidate = isOn(part.options, "hdm-db");
  return {
    name: part.id, volatileCapacity: sizeAt("volatile-memdev") + (sizeAt("volatile-memdev") === 0n && sizeAt("persistent-memdev") === 0n ? dynamic : 0n), persistentCapacity: sizeAt("persistent-memdev"), labelArea: sizeAt("lsa"),
    serial: BigInt(part.options.get("sn") ?? "0"), barSize: 262_144n, decoders: 4, readLatency: 150, writeLatency: 250, bandwidth: 16_000, interleave3612: true, interleave16: true, mediaReadyTime: 0, preservesVolatile: false, vectors: 8, backInvalidate,
  };
}

function portOf(builder: Builder, part: Part, fallback: number): DownstreamPortDescription {
  const cards = below(builder, part.id).map((card): SlotDescription => (card.kind === "cxl-upstream" ? switchOf(builder, card) : deviceOf(builder, card)));
  return { name: part.id, portNumber: Number(part.options.get("port") ?? fallback), hotplug: true, linkTrainingTime: 1000, slots: cards, present: cards.length > 0, dpc: false, backInvalidate: true };
}

function switchOf(builder: Builder, part: Part): SwitchDescription {
  const ports = below(builder, part.id).filter((one) => one.kind === "cxl-downstream");
  const isFlit = isOn(part.options, "x-256b-flit");
  return { kind: "switch", name: part.id, serial: BigInt(part.options.get("sn") ?? "0"), decoders: 4, targetCount: 8, latency: 150, bandwidth: 16_000, backInvalidate: isFlit, ports: ports.map((port, index) => portOf(builder, port, index)) };
}

function bridgeOf(builder: Builder, part: Part, all: readonly Part[], componentBase: bigint): HostBridgeDescription {
  const busStart = Number(part.options.get("bus_nr") ?? "0");
  const later = all.map((one) => Number(one.options.get("bus_nr") ?? "0")).filter((bus) => bus > busStart);
  const ports = below(builder, part.id).filter((one) => one.kind === "cxl-rp");
  const rootPorts = ports.map((port, index): RootPortDescription => ({ ...portOf(builder, port, index), isolation: null, inFlight: 64, snoopFilter: { group: 0, capacity: 0 } }));
  const isPassthrough = rootPorts.length === 1 && !isOn(part.options, "hdm_for_passthrough");
  return { name: part.id, uid: busStart, segment: 0, busStart, busEnd: Math.min(255, ...later.map((bus) => bus - 1)), componentBase, decoders: isPassthrough ? 0 : 4, targetCount: 8, rootPorts };
}

const component = 0x1_0000n;

/** The machine of a command line. @throws CaptureError it has no CXL host bridge */
export function machineOf(file: string, text: string, addresses: Addresses): MachineDescription {
  const line = readCommandLine(text);
  const builder: Builder = { line };
  const bridges = line.parts.filter((part) => part.kind === "pxb-cxl");
  if (bridges.length === 0) throw new CaptureError(file, "command line", "has no pxb-cxl; the topology is read from -device pxb-cxl, cxl-rp, cxl-upstream, cxl-downstream and cxl-type3");
  const firstBridge = 0x1_0000_0000n;
  const hostBridges = bridges.map((part, index) => bridgeOf(builder, part, bridges, addresses.bridges.get(Number(part.options.get("bus_nr") ?? "0")) ?? firstBridge + BigInt(index) * component));
  let next = 0x1_1000_0000n;
  const windows = (addresses.replaced ?? line.windows).map((window, index): WindowDescription => {
    const base = addresses.windows[index] ?? next;
    next = base + window.size;
    return { base, size: window.size, ways: window.targets.length, granularity: window.granularity, targets: window.targets.map((id) => hostBridges.findIndex((bridge) => bridge.name === id)), restrictions: 0x2f };
  });
  return {
    hostBridges, windows, ram: [{ base: 0n, size: 512n << 20n }], costs: { config: 1, mmioRead: 1, mmioWrite: 1, memory: 1 }, platformFailure: "reset", watchdogTime: 1_000_000_000,
    implementation: { isolationExit: "cxl-3.2", timeoutInstant: "middle", decoderCommitTime: 0, isolationResponseTime: 100, messageOrder: "isolation-first" },
    limits: { mediaPages: 65_536, traceRecords: 4096, probes: 4, requesters: 4 },
  };
}

/** Devices with dynamic capacity: what they say of it belongs to the mailbox, which is not modelled yet. */
export const dynamicDevices = (text: string): ReadonlySet<string> => new Set(readCommandLine(text).parts.filter((part) => part.options.has("volatile-dc-memdev")).map((part) => part.id));

/** Name and kind of every function of a machine; the kinds are QEMU's. */
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

export type FunctionKind = "hb" | "rp" | "usp" | "dsp" | "type3";
