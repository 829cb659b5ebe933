// The reference machine's parts: host bridges, ports, switches and devices with their register files, as a description declares them.

import { blocks } from "../../../registers/blocks.ts";
import type { BlockDeclaration } from "../../../registers/schema.ts";
import type { DeviceDescription, DownstreamPortDescription, HostBridgeDescription, MachineDescription, RootPortDescription, SlotDescription, SwitchDescription } from "../../../src/platform/description.ts";
import { isSwitch } from "../../../src/platform/description.ts";
import { Exchange } from "./exchange.ts";
import { bridgeKeys, deviceKeys, downstreamPortKeys, rootPortKeys, switchKeys } from "./keys.ts";
import type { FieldHandle, Keys } from "./registers.ts";
import { RegisterFile } from "./registers.ts";

const portBar = 0x1_0000n;

export interface BridgePart {
  readonly kind: "bridge";
  readonly name: string;
  readonly description: HostBridgeDescription;
  readonly component: RegisterFile;
  readonly ports: readonly PortPart[];
}

/** What all PCI functions have. */
interface FunctionPart {
  readonly name: string;
  readonly config: RegisterFile;
  readonly component: RegisterFile;
  readonly barSize: bigint;
  readonly fields: HeaderFields;
}

export interface PortPart extends FunctionPart {
  readonly kind: "port";
  readonly description: DownstreamPortDescription;
  /** On the bus of its parent, function 0. */
  readonly deviceNumber: number;
  readonly parent: BridgePart | SwitchPart;
  readonly bridge: BridgeFields;
  /** The Timeout and Isolation structure, if there is one. */
  readonly hasIsolation: boolean;
  readonly messageNumber: number;
  /** What is plugged in; alternates stay in the drawer, only faults change cards. */
  readonly card: CardPart | undefined;
  isUp: boolean;
}

export interface SwitchPart extends FunctionPart {
  readonly kind: "switch";
  readonly description: SwitchDescription;
  readonly port: PortPart;
  readonly bridge: BridgeFields;
  readonly ports: readonly PortPart[];
  readonly exchange: Exchange;
}

export interface DevicePart extends FunctionPart {
  readonly kind: "device";
  readonly description: DeviceDescription;
  readonly port: PortPart;
  readonly messages: RegisterFile;
  readonly exchange: Exchange;
}

export type CardPart = SwitchPart | DevicePart;
export type Part = BridgePart | PortPart | CardPart;

export interface HeaderFields {
  readonly memorySpace: FieldHandle;
  readonly barLow: FieldHandle;
  readonly barHigh: FieldHandle;
}

export interface BridgeFields {
  readonly secondaryBus: FieldHandle;
  readonly subordinateBus: FieldHandle;
  readonly memoryBase: FieldHandle;
  readonly memoryLimit: FieldHandle;
  readonly prefetchableBase: FieldHandle;
  readonly prefetchableLimit: FieldHandle;
  readonly prefetchableBaseHigh: FieldHandle;
  readonly prefetchableLimitHigh: FieldHandle;
  readonly busReset: FieldHandle;
  readonly forwardsErrors: FieldHandle;
}

const headerFields = (config: RegisterFile, header: string): HeaderFields => ({
  memorySpace: config.field(header, "command", "memorySpaceEnable"), barLow: config.field(header, "bar0", "address31to16"), barHigh: config.field(header, "bar1", "address63to32"),
});

function bridgeFields(config: RegisterFile): BridgeFields {
  const of = (register: string, field: string): FieldHandle => config.field("bridgeHeader", register, field);
  return {
    secondaryBus: of("secondaryBus", "value"), subordinateBus: of("subordinateBus", "value"),
    memoryBase: of("memoryBase", "address31to20"), memoryLimit: of("memoryLimit", "address31to20"), prefetchableBase: of("prefetchableBase", "address31to20"), prefetchableLimit: of("prefetchableLimit", "address31to20"),
    prefetchableBaseHigh: of("prefetchableBaseHigh", "address63to32"), prefetchableLimitHigh: of("prefetchableLimitHigh", "address63to32"), busReset: of("bridgeControl", "secondaryBusReset"), forwardsErrors: of("bridgeControl", "serrEnable"),
  };
}

export interface Tree {
  readonly bridges: readonly BridgePart[];
  /** Every part with registers, by name; alternates that are not plugged in are left out. */
  readonly parts: ReadonlyMap<string, Part>;
}

/** Coherent Device Attribute Table of a card: data that the machine is given, as it is given a description. */
export type TableOf = (card: SlotDescription) => Uint8Array;

interface Builder {
  readonly tableOf: TableOf;
  readonly parts: Map<string, Part>;
  /** Declared ports so far, plugged in or not: slot numbers count them. */
  declared: number;
}

function countPorts(card: SlotDescription): number {
  return isSwitch(card) ? card.ports.reduce((sum, port) => sum + 1 + port.slots.reduce((below, slot) => below + countPorts(slot), 0), 0) : 0;
}

function buildPort(builder: Builder, parent: BridgePart | SwitchPart, description: DownstreamPortDescription, deviceNumber: number): PortPart {
  const order = builder.declared++;
  const isRoot = parent.kind === "bridge";
  const root = description as RootPortDescription;
  const keys: Keys = isRoot ? rootPortKeys(root, order) : downstreamPortKeys(description, order);
  const configBlock: BlockDeclaration = isRoot ? blocks.rootPortConfig : blocks.downstreamPortConfig;
  const config = new RegisterFile(configBlock, keys);
  const component = new RegisterFile(isRoot ? blocks.rootPortComponent : blocks.downstreamPortComponent, keys);
  const fields = headerFields(config, "bridgeHeader");
  const part: PortPart = { kind: "port", name: description.name, description, deviceNumber, parent, config, component, barSize: portBar, fields, bridge: bridgeFields(config), hasIsolation: component.has("timeoutIsolation"), messageNumber: isRoot ? Math.max(0, root.isolation?.interruptMessage ?? 0) : 0, card: undefined, isUp: false };
  builder.parts.set(part.name, part);
  for (const [slot, card] of description.slots.entries()) {
    if (slot === 0 && description.present) (part as { card: CardPart | undefined }).card = buildCard(builder, part, card);
    else builder.declared += countPorts(card);
  }
  return part;
}

function buildCard(builder: Builder, port: PortPart, description: SlotDescription): CardPart {
  if (!isSwitch(description)) return buildDevice(builder, port, description);
  const keys = switchKeys(description, port.description);
  const config = new RegisterFile(blocks.upstreamPortConfig, keys);
  const ports: PortPart[] = [];
  const part: SwitchPart = { kind: "switch", name: description.name, description, port, config, component: new RegisterFile(blocks.upstreamPortComponent, keys), barSize: portBar, fields: headerFields(config, "bridgeHeader"), bridge: bridgeFields(config), ports, exchange: new Exchange(config, builder.tableOf(description)) };
  builder.parts.set(part.name, part);
  for (const [number, below] of description.ports.entries()) ports.push(buildPort(builder, part, below, number));
  return part;
}

function buildDevice(builder: Builder, port: PortPart, description: DeviceDescription): DevicePart {
  const keys = deviceKeys(description, port.description);
  const config = new RegisterFile(blocks.deviceConfig, keys);
  const part: DevicePart = { kind: "device", name: description.name, description, port, config, component: new RegisterFile(blocks.deviceComponent, keys), messages: new RegisterFile(blocks.deviceMessages, keys), barSize: description.barSize, fields: headerFields(config, "endpointHeader"), exchange: new Exchange(config, builder.tableOf(description)) };
  builder.parts.set(part.name, part);
  return part;
}

export function buildTree({ hostBridges }: MachineDescription, tableOf: TableOf): Tree {
  const builder: Builder = { tableOf, parts: new Map(), declared: 0 };
  const bridges = hostBridges.map((description) => {
    const ports: PortPart[] = [];
    const part: BridgePart = { kind: "bridge", name: description.name, description, component: new RegisterFile(blocks.hostBridgeComponent, bridgeKeys(description)), ports };
    builder.parts.set(part.name, part);
    for (const [number, port] of description.rootPorts.entries()) ports.push(buildPort(builder, part, port, number));
    // 8.2.4.21: one entry for each root port, in order.
    for (const [entry, { portNumber }] of description.rootPorts.entries()) part.component.field("extendedSecurity", "rootPortId", "portNumber").set(portNumber, entry);
    return part;
  });
  return { bridges, parts: builder.parts };
}

/** Functions of a card and of everything below it, whether its links are up or not. */
export function functionsBelow(card: CardPart): (PortPart | CardPart)[] {
  return card.kind === "device" ? [card] : [card, ...card.ports.flatMap((port) => [port, ...(port.card === undefined ? [] : functionsBelow(port.card))])];
}
