// The `machine:` part of a twin's file.

import type { DeviceContext } from "./device-file.ts";
import { decoderCount, deviceNode, encodable, linkNode, serialText } from "./device-file.ts";
import { bridgeRegisters, hostMemory } from "./iomem-capture.ts";
import type { IsolationWish } from "./isolation-wish.ts";
import { isolationOf, unsaid } from "./isolation-wish.ts";
import type { Entry, FileNode, Mapping } from "./nodes.ts";
import { entry, inLine, mapping, sizeText } from "./nodes.ts";
import type { Sources } from "./sources.ts";
import type { Topology, TwinBridge, TwinPort, TwinSwitch } from "./topology.ts";
import { lastBus } from "./topology.ts";

const portDecoders = [1, 2, 4, 6, 8, 10, 12, 14, 16, 20, 24, 28, 32];
const granule = 256n << 20n;
const component = 0x1_0000n;
const fourGigabytes = 4n << 30n;

interface Context extends DeviceContext {
  readonly isolation: IsolationWish;
}

/** What config space says of a port. Without it a port is as the sandbox has one. */
function portFacts({ sources }: Context, { name, facts }: TwinPort): Entry[] {
  if (facts === undefined || sources.lspci?.isShort === true) return [];
  return [...entry("hotplug", facts.hotplug ? undefined : false), ...entry("dpc", facts.hasDpc ? undefined : false), ...entry("powerController", facts.powerController ? true : undefined), ...linkNode(sources, name, facts.link)];
}

function portNode(context: Context, port: TwinPort, index: number): Mapping {
  const { card } = port;
  const isAbsent = card?.kind === "device" && card.isAbsent;
  return mapping(
    entry("name", port.name, port.address === undefined ? undefined : `captured at ${port.address}`),
    entry("portNumber", port.portNumber === index ? undefined : port.portNumber), entry("deviceNumber", port.deviceNumber === index ? undefined : port.deviceNumber),
    portFacts(context, port),
    entry("isolation", port.isRoot ? isolationOf(context.isolation, port.name) : undefined, context.isolation.kind === "unsaid" ? "assumed" : undefined),
    entry("present", isAbsent ? false : undefined, "assumed: no driver showed a card here"),
    entry("device", card?.kind === "device" ? deviceNode(context, port.name, card) : undefined), entry("switch", card?.kind === "switch" ? switchNode(context, card) : undefined),
  );
}

function hubDecoders({ sources, isIdleShown }: Context, name: string, listed: number): Entry[] {
  const { count, note } = decoderCount(sources, name, listed, isIdleShown);
  return entry("decoders", encodable(sources, name, count, portDecoders), note);
}

/** Everything passes without a decoder: Linux shows one all the same. */
const isPassthrough = ({ isIdleShown }: Context, listed: number, ports: number): boolean => isIdleShown && listed === 1 && ports === 1;

function switchNode(context: Context, card: TwinSwitch): Mapping {
  const { captured, facts } = card;
  const listed = captured.decoders.length;
  return mapping(
    entry("name", card.name), entry("serial", facts?.serial === undefined ? undefined : serialText(facts.serial)), isPassthrough(context, listed, card.ports.length) ? entry("decoders", 0) : hubDecoders(context, card.name, listed),
    linkNode(context.sources, card.name, facts?.link), entry("ports", card.ports.map((port, index) => portNode(context, port, index))),
  );
}

/** Figures of firmware's that give memdevs and windows classes of their own. */
const figures = (context: Context, topology: Topology): FileNode | undefined => {
  const { cxl } = context.sources;
  const memdevs = [...cxl.anonymous, ...topology.bus.ports.flatMap((port) => port.endpoints.flatMap(({ memdev }) => memdev ?? []))];
  return memdevs.some(({ hasClass }) => hasClass) ? inLine(entry("readLatency", "100ns"), entry("readBandwidth", "64GB/s")) : undefined;
};

/** Component registers of a bridge, where they do not lie in what is the host's memory here. */
function registersOf({ sources }: Context, bridge: TwinBridge, memory: bigint): bigint | undefined {
  const said = sources.cedt?.hostBridges.find(({ uid }) => uid === bridge.uid)?.base ?? (bridge.captured === undefined || sources.iomem === undefined ? undefined : bridgeRegisters(sources.iomem).get(bridge.captured.name));
  return said === undefined || bridge.isRestricted || said % component !== 0n || said < memory ? undefined : said;
}

function bridgeNode(context: Context, topology: Topology, bridge: TwinBridge, registers: bigint | undefined): Mapping {
  const { sources } = context;
  const listed = bridge.captured?.decoders.length ?? 0;
  const passes = bridge.isRestricted || isPassthrough(context, listed, bridge.rootPorts.length);
  if (passes && !bridge.isRestricted) sources.findings.add("assumed", bridge.name, "no decoders of its own: it has one root port and Linux shows one decoder");
  return mapping(
    entry("name", bridge.name), entry("uid", bridge.uid), entry("segment", bridge.place === undefined || bridge.place.segment === 0 ? undefined : bridge.place.segment),
    entry("buses", bridge.place === undefined ? undefined : [bridge.place.bus, lastBus(topology, sources, bridge.place)]), entry("registers", registers === undefined ? undefined : { hex: registers }),
    passes ? entry("passthrough", true, "assumed: one root port, one decoder in the listing") : hubDecoders(context, bridge.name, listed),
    entry("performance", figures(context, topology), "assumed: firmware gives figures, for the captures have classes"),
    entry("rootPorts", bridge.rootPorts.map((port, index) => portNode(context, port, index))),
  );
}

/** Host memory below the first window: one range from 0 on. */
function memoryOf({ sources, lowest }: { readonly sources: Sources; readonly lowest: bigint | undefined }): { readonly size: bigint; readonly note?: string } | undefined {
  const limit = lowest === undefined ? undefined : lowest - 3n * granule;
  if (sources.iomem === undefined) {
    sources.findings.add("assumed", "machine", "1GiB of host memory: --iomem was not given");
    return undefined;
  }
  const { size } = hostMemory(sources.iomem);
  const whole = (size + granule - 1n) / granule * granule;
  if (whole === 0n) return undefined;
  if (limit === undefined || whole <= fourGigabytes || whole <= limit) return { size: whole };
  const fits = limit > granule ? limit : granule;
  sources.findings.add("difference", "machine", `the host has ${whole >> 20n} MiB of memory, some of it above a CXL window; the sandbox has one range below the windows, here ${fits >> 20n} MiB`);
  return { size: fits, note: "less than captured: below the first window" };
}

export interface MachineWish {
  readonly sources: Sources;
  readonly topology: Topology;
  readonly isolation: IsolationWish;
  /** Where the first window begins. */
  readonly lowest: bigint | undefined;
}

/** A listing with idle decoders says how many there are. */
const isIdleShown = ({ cxl }: Sources, { bus }: Topology): boolean => cxl.isAsked || bus.ports.some((port) => port.decoders.some(({ size }) => size === undefined) || port.endpoints.some(({ decoders }) => decoders.some(({ size }) => size === undefined)));

export function machineNode({ sources, topology, isolation, lowest }: MachineWish): Mapping {
  const context: Context = { sources, isolation, isIdleShown: isIdleShown(sources, topology) };
  if (isolation.kind === "unsaid") sources.findings.add("assumed", "root ports", unsaid.replace(/^assumed: /, ""));
  const memory = memoryOf({ sources, lowest });
  const bytes = memory?.size ?? 1n << 30n;
  const registers = topology.bridges.map((bridge) => registersOf(context, bridge, bytes));
  // Addresses of the sandbox's own would lie where captured ones may be: all, or none.
  const isWhole = registers.every((one, index) => one !== undefined && registers.indexOf(one) === index);
  if (!isWhole) sources.findings.add("assumed", "host bridges", "where their component registers lie: no capture says it of all (--cedt), or they lie in what is host memory here");
  return mapping(entry("memory", memory === undefined ? undefined : sizeText(memory.size), memory?.note), entry("hostBridges", topology.bridges.map((bridge, index) => bridgeNode(context, topology, bridge, isWhole ? registers[index] : undefined))));
}
