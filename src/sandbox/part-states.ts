// The machine's parts where a run stands, peeked: what is plugged where, which links are up, what is cut off, what decodes what. Words and drawings are made of it.

import { blocks } from "../../registers/blocks.ts";
import { hdmDecoderDevice, hdmDecoderPort } from "../../registers/hdm-decoder.ts";
import { bridgeHeader } from "../../registers/pci.ts";
import type { Hardware, PortSummary } from "../hardware/machine.ts";
import { busDevices } from "../kernel/base/device.ts";
import type { Kernel } from "../kernel/base/kernel.ts";
import { cxlBus, isMemdev, memdevOf } from "../kernel/cxl/types.ts";
import type { DeviceDescription, DownstreamPortDescription, HostBridgeDescription, IsolationDescription, SlotDescription, SwitchDescription } from "../platform/description.ts";
import { deviceNumberOf, isSwitch } from "../platform/description.ts";
import { formatPciAddress, pciAddress } from "../platform/pci-address.ts";
import { registerAt } from "../platform/registers.ts";
import type { PartCondition, TopologyPart } from "../scenario/details.ts";
import { peekBus } from "./part-registers.ts";

/** A decoder that has a range, or was refused one. Bytes. */
export interface DecoderState {
  readonly index: number;
  readonly base: bigint;
  readonly size: bigint;
  /** As the register says it: "2", "256 B"; "?": a reserved code. */
  readonly ways: string;
  readonly granularity: string;
  readonly state: "committed" | "refused" | "not committed";
  readonly isLocked: boolean;
}

export interface PartState {
  readonly name: string;
  readonly kind: TopologyPart["kind"];
  /** PCI name; of a bridge its bus as pciSSSS:BB; "": nobody numbered it. */
  readonly address: string;
  readonly condition: PartCondition;
  /** A part above does not let anything through. */
  readonly isCutOff: boolean;
  /** Its number in the hardware. */
  readonly entity: number;
  /** Of a root or downstream port. */
  readonly port: PortSummary | null;
  /** Cards that a port declares, plugged or not. */
  readonly slots: readonly SlotDescription[];
  /** Of a root port: what it can do; null: no such structure, or another kind of part. */
  readonly isolation: IsolationDescription | null;
  readonly bridge: HostBridgeDescription | null;
  readonly device: DeviceDescription | null;
  /** The kernel's memdev of a device; null: none. */
  readonly memdev: string | null;
  /** Decoders that it has, and those of them that are used. */
  readonly decoderCount: number;
  readonly decoders: readonly DecoderState[];
  readonly below: readonly PartState[];
}

/** What is known on the way down. */
interface Way {
  readonly hardware: Hardware;
  /** Names of memdevs by the PCI name of their function. */
  readonly memdevs: ReadonlyMap<string, string>;
  readonly segment: number;
  /** Of the parts here; 0: nobody numbered it. */
  readonly bus: number;
  readonly isCutOff: boolean;
}

const granularityWords = hdmDecoderPort.registers.control.fields.interleaveGranularity.values as Readonly<Record<number, string>>;
const waysWords = hdmDecoderPort.registers.control.fields.interleaveWays.values as Readonly<Record<number, string>>;

type DecoderBlock = "hostBridgeComponent" | "upstreamPortComponent" | "deviceComponent";

function decodersOf(hardware: Hardware, entity: number, block: DecoderBlock, count: number): DecoderState[] {
  const isDevice = block === "deviceComponent";
  const { registers } = isDevice ? hdmDecoderDevice : hdmDecoderPort;
  const start = isDevice ? blocks.deviceComponent.placements.hdmDecoderDevice.at : blocks[block].placements.hdmDecoderPort.at;
  const bus = peekBus(hardware, entity, "component");
  return Array.from({ length: count }, (_, index): DecoderState => {
    const raw = (name: "baseLow" | "baseHigh" | "sizeLow" | "sizeHigh"): bigint => registerAt(bus, start, registers[name], index).readRaw();
    const control = registerAt(bus, start, registers.control, index).read();
    return {
      index, base: (raw("baseHigh") << 32n) | raw("baseLow"), size: (raw("sizeHigh") << 32n) | raw("sizeLow"), ways: waysWords[control.interleaveWays] ?? "?", granularity: granularityWords[control.interleaveGranularity] ?? "?",
      state: control.committed === 1 ? "committed" : control.errorNotCommitted === 1 ? "refused" : "not committed", isLocked: control.lockOnCommit === 1,
    };
  }).filter(({ size, state }) => size !== 0n || state !== "not committed");
}

const addressOf = ({ segment, bus }: Way, device: number): string => (bus === 0 ? "" : formatPciAddress(pciAddress(segment, bus, device, 0)));

/** Bus below a bridge, as it is programmed. */
const secondaryBus = (hardware: Hardware, entity: number): number => registerAt(peekBus(hardware, entity, "config"), 0, bridgeHeader.registers.secondaryBus).get("value");

function portCondition(summary: PortSummary, isCutOff: boolean): PartCondition {
  if (summary.device === null) return "empty";
  if (isCutOff || summary.isIsolated || summary.link === "down") return "dead";
  return summary.link === "training" || summary.isBusy ? "impaired" : "works";
}

/** What a part of another kind has not. */
const nothing = { port: null, slots: [], isolation: null, bridge: null, device: null, memdev: null, decoderCount: 0, decoders: [], below: [] } as const;

function portState(way: Way, port: DownstreamPortDescription & { readonly isolation?: IsolationDescription | null }, number: number): PartState {
  const { hardware } = way;
  const summary = hardware.port(port.name);
  const entity = hardware.entities.ports.get(port.name)?.id ?? 0;
  const condition = portCondition(summary, way.isCutOff);
  const slot = port.slots.find(({ name }) => name === summary.device);
  const inside: Way = { ...way, bus: secondaryBus(hardware, entity), isCutOff: condition === "dead" };
  return {
    ...nothing, name: port.name, kind: port.isolation === undefined ? "downstream port" : "root port", address: addressOf(way, number), condition, isCutOff: way.isCutOff, entity,
    port: summary, slots: port.slots, isolation: port.isolation ?? null, below: slot === undefined ? [] : [isSwitch(slot) ? switchState(inside, slot) : deviceState(inside, slot)],
  };
}

function switchState(way: Way, slot: SwitchDescription): PartState {
  const { hardware } = way;
  const entity = hardware.entities.switches.get(slot.name)?.id ?? 0;
  const inside: Way = { ...way, bus: secondaryBus(hardware, entity) };
  return {
    ...nothing, name: slot.name, kind: "switch", address: addressOf(way, 0), condition: way.isCutOff ? "dead" : "works", isCutOff: way.isCutOff, entity,
    decoderCount: slot.decoders, decoders: decodersOf(hardware, entity, "upstreamPortComponent", slot.decoders), below: slot.ports.map((port, index) => portState(inside, port, deviceNumberOf(port, index))),
  };
}

function deviceState(way: Way, device: DeviceDescription): PartState {
  const { hardware, memdevs } = way;
  const entity = hardware.entities.devices.get(device.name)?.id ?? 0;
  const address = addressOf(way, 0);
  const memdev = memdevs.get(address) ?? null;
  return {
    ...nothing, name: device.name, kind: "device", address, condition: way.isCutOff ? "dead" : memdev === null ? "impaired" : "works", isCutOff: way.isCutOff, entity,
    device, memdev, decoderCount: device.decoders, decoders: decodersOf(hardware, entity, "deviceComponent", device.decoders),
  };
}

function bridgeState(hardware: Hardware, memdevs: ReadonlyMap<string, string>, bridge: HostBridgeDescription): PartState {
  const entity = hardware.entities.bridges.get(bridge.name)?.id ?? 0;
  const way: Way = { hardware, memdevs, segment: bridge.segment, bus: bridge.busStart, isCutOff: false };
  return {
    ...nothing, name: bridge.name, kind: "host bridge", address: `pci${formatPciAddress(pciAddress(bridge.segment, bridge.busStart, 0, 0)).slice(0, 7)}`, condition: "works", isCutOff: false, entity, bridge,
    decoderCount: bridge.decoders, decoders: decodersOf(hardware, entity, "hostBridgeComponent", bridge.decoders), below: bridge.rootPorts.map((port, index) => portState(way, port, deviceNumberOf(port, index))),
  };
}

/** Host bridges with all that is below them. */
export function partStates(hardware: Hardware, kernel: Kernel): PartState[] {
  const memdevs = new Map(busDevices(kernel, cxlBus).filter(isMemdev).map((device) => [memdevOf(device).pciDevice.name, device.name] as const));
  return hardware.description.hostBridges.map((bridge) => bridgeState(hardware, memdevs, bridge));
}
