// Where registers lie, and which of them random accesses like: all from the declarations.

import type { BlockName } from "../../../registers/blocks.ts";
import { blocks } from "../../../registers/blocks.ts";
import type { BlockDeclaration, RegisterDeclaration } from "../../../registers/schema.ts";
import type { FoundFunction, FunctionKind } from "../../../src/firmware/enumerate.ts";
import type { MachineDescription, SwitchDescription } from "../../../src/platform/description.ts";
import { isSwitch, portsBelow } from "../../../src/platform/description.ts";
import type { Layout, Width } from "./bench.ts";

/** Bytes from the start of a block to a register. */
export function offsetIn(name: BlockName, structure: string, register: string, instance = 0): number {
  const block: BlockDeclaration = blocks[name];
  const placement = Object.values(block.placements).find((one) => one.structure.name === structure);
  const declaration = placement?.structure.registers[register];
  if (placement === undefined || declaration === undefined) throw new Error(`${name}.${structure}.${register} is not declared`);
  return placement.at + declaration.offset + instance * (declaration.repeat?.stride ?? 0);
}

/** Places that procedures use. A register of one name lies at one place in all blocks. */
export const places = {
  bridgeControl: offsetIn("rootPortConfig", "bridgeHeader", "bridgeControl"),
  barLow: offsetIn("rootPortConfig", "bridgeHeader", "bar0"),
  barHigh: offsetIn("rootPortConfig", "bridgeHeader", "bar1"),
  memoryBase: offsetIn("rootPortConfig", "bridgeHeader", "memoryBase"),
  memoryLimit: offsetIn("rootPortConfig", "bridgeHeader", "memoryLimit"),
  prefetchableBase: offsetIn("rootPortConfig", "bridgeHeader", "prefetchableBase"),
  prefetchableLimit: offsetIn("rootPortConfig", "bridgeHeader", "prefetchableLimit"),
  linkControl: offsetIn("rootPortConfig", "pcie", "linkControl"),
  portControl: offsetIn("rootPortConfig", "dvsecPort", "control"),
  dpcControl: offsetIn("rootPortConfig", "dpc", "control"),
  dpcStatus: offsetIn("rootPortConfig", "dpc", "status"),
  functionControl: offsetIn("deviceConfig", "pcie", "deviceControl"),
  deviceControl2: offsetIn("deviceConfig", "dvsecDevice", "control2"),
  deviceLock: offsetIn("deviceConfig", "dvsecDevice", "lock"),
  ranges: [offsetIn("deviceConfig", "dvsecDevice", "range1BaseHigh"), offsetIn("deviceConfig", "dvsecDevice", "range2BaseHigh")],
  messageControl: offsetIn("deviceConfig", "msix", "control"),
  doeControl: offsetIn("deviceConfig", "doe", "control"),
  doeStatus: offsetIn("deviceConfig", "doe", "status"),
  doeWrite: offsetIn("deviceConfig", "doe", "writeMailbox"),
  doeRead: offsetIn("deviceConfig", "doe", "readMailbox"),
  isolationControl: offsetIn("rootPortComponent", "timeoutIsolation", "control"),
  isolationStatus: offsetIn("rootPortComponent", "timeoutIsolation", "status"),
  globalControl: offsetIn("deviceComponent", "hdmDecoderDevice", "globalControl"),
  vectorControl: offsetIn("deviceMessages", "msixTable", "vectorControl"),
  pending: offsetIn("deviceMessages", "msixTable", "pending"),
} as const;

const decoder = { device: ["deviceComponent", "hdmDecoderDevice", "skipLow", "skipHigh"], hub: ["hostBridgeComponent", "hdmDecoderPort", "targetListLow", "targetListHigh"] } as const;

export type DecoderPlaces = Readonly<Record<"baseLow" | "baseHigh" | "sizeLow" | "sizeHigh" | "control" | "listLow" | "listHigh", number>>;

/** Registers of decoder `n`; `listLow` and `listHigh` are the target list of a hub, the DPA skip of a device. */
export function decoderPlaces(isDevice: boolean, n: number): DecoderPlaces {
  const [block, structure, low, high] = isDevice ? decoder.device : decoder.hub;
  const at = (register: string): number => offsetIn(block, structure, register, n);
  return { baseLow: at("baseLow"), baseHigh: at("baseHigh"), sizeLow: at("sizeLow"), sizeHigh: at("sizeHigh"), control: at("control"), listLow: at(low), listHigh: at(high) };
}

/** A register where random accesses go more often. */
export interface Spot {
  readonly structure: string;
  readonly register: string;
  readonly offset: number;
  readonly width: Width;
}

/** How often a register with a side effect is chosen, beside 1 for every other that can be written. */
const weights: Readonly<Record<string, number>> = {
  hdmControl: 8, hdmField: 2, hdmGlobalControl: 12, isolationControl: 8, isolationStatus: 8, command: 4, bar: 4, busNumbers: 4, bridgeWindow: 3, bridgeControl: 3, linkControl: 3, portControl: 4, dpcControl: 3, dpcStatus: 4, deviceRange: 4,
  deviceControl: 6, deviceControl2: 3, msi: 3, functionControl: 3, biDecoderControl: 6, biRouteControl: 6,
};
const fewInstances = 4;

function spotsOf(block: BlockDeclaration): Spot[] {
  return Object.values(block.placements).flatMap(({ at, structure }) =>
    Object.entries(structure.registers).flatMap(([register, declaration]: [string, RegisterDeclaration]) => {
      const isWritable = Object.values(declaration.fields).some(({ access }) => access !== "RO" && access !== "ROS" && access !== "HwInit");
      const times = isWritable ? (weights[declaration.onWrite ?? ""] ?? (register === "lock" ? 2 : 1)) : 1;
      const instances = Math.min(declaration.repeat?.count ?? 1, fewInstances);
      const spots = Array.from({ length: instances }, (_, n): Spot => ({ structure: structure.name, register, offset: at + declaration.offset + n * (declaration.repeat?.stride ?? 0), width: (declaration.width / 8) as Width }));
      return spots.flatMap((spot) => Array.from({ length: times }, () => spot));
    }),
  );
}

const spots = Object.fromEntries(Object.entries(blocks).map(([name, block]) => [name, spotsOf(block)])) as unknown as Readonly<Record<BlockName, readonly Spot[]>>;
const configBlocks: Readonly<Record<FunctionKind, BlockName>> = { "root port": "rootPortConfig", "upstream port": "upstreamPortConfig", "downstream port": "downstreamPortConfig", endpoint: "deviceConfig" };
const componentBlocks: Readonly<Record<FunctionKind, BlockName>> = { "root port": "rootPortComponent", "upstream port": "upstreamPortComponent", "downstream port": "downstreamPortComponent", endpoint: "deviceComponent" };

export const configSpots = (kind: FunctionKind): readonly Spot[] => spots[configBlocks[kind]];

/** Registers behind each mapped range; none where the range is more or less than one register file. */
export function spotsBehind({ ranges, functions }: Layout): readonly (readonly Spot[])[] {
  return ranges.map(({ owner, holds }) => {
    if (holds === "nothing") return [];
    if (holds === "messages") return spots.deviceMessages;
    const found = functions.find(({ address }) => address === owner);
    return found === undefined ? spots.hostBridgeComponent : spots[componentBlocks[found.kind]];
  });
}

/** A part with HDM decoders, by the handle of its registers. */
export interface Decoding {
  readonly handle: number;
  readonly isDevice: boolean;
  /** Port numbers below a hub, in order of device number. */
  readonly ports: readonly number[];
  readonly targetCount: number;
  /** Functions below a hub, in order of device number; the device itself. */
  readonly below: readonly FoundFunction[];
  /** Bytes of volatile capacity; 0 for hubs. */
  readonly volatileCapacity: bigint;
}

export const componentHandle = ({ ranges }: Layout, owner: number | string): number => ranges.findIndex((range) => range.owner === owner && range.holds === "component");

/** Host bridges, then upstream ports and devices in order of enumeration. */
export function decodingOf(description: MachineDescription, layout: Layout): Decoding[] {
  const roots = layout.functions.filter(({ kind }) => kind === "root port");
  let root = 0;
  const bridges = description.hostBridges.map(({ name, rootPorts, targetCount }): Decoding => ({ handle: componentHandle(layout, name), isDevice: false, ports: rootPorts.map(({ portNumber }) => portNumber), targetCount, below: roots.slice(root, (root += rootPorts.length)), volatileCapacity: 0n }));
  const cards = portsBelow(description.hostBridges.flatMap(({ rootPorts }) => rootPorts)).flatMap(({ slots, present }) => (present ? slots.slice(0, 1) : []));
  const switches = cards.filter(isSwitch);
  const devices = cards.filter((card) => !isSwitch(card));
  const hub = (found: FoundFunction, { ports, targetCount }: SwitchDescription): Decoding => ({ handle: componentHandle(layout, found.address), isDevice: false, ports: ports.map(({ portNumber }) => portNumber), targetCount, below: found.below, volatileCapacity: 0n });
  const below = layout.functions.flatMap((found): Decoding[] => {
    if (found.kind === "endpoint") return [{ handle: componentHandle(layout, found.address), isDevice: true, ports: [], targetCount: 0, below: [found], volatileCapacity: devices.shift()?.volatileCapacity ?? 0n }];
    const card = found.kind === "upstream port" ? switches.shift() : undefined;
    return card === undefined ? [] : [hub(found, card)];
  });
  return [...bridges, ...below];
}
