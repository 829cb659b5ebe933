// The machine and the kernel's regions where a run stands, in words: what is plugged where, which links are up, what is isolated, what decodes what.

import { blocks } from "../../registers/blocks.ts";
import { hdmDecoderDevice, hdmDecoderPort } from "../../registers/hdm-decoder.ts";
import { bridgeHeader } from "../../registers/pci.ts";
import type { Hardware, PortSummary } from "../hardware/machine.ts";
import type { Device } from "../kernel/base/device.ts";
import { busDevices } from "../kernel/base/device.ts";
import type { Kernel } from "../kernel/base/kernel.ts";
import { cxlBus, endpointPart, isMemdev, isRegion, memdevOf, regionOf, regionStates } from "../kernel/cxl/types.ts";
import { resourceSize } from "../kernel/resource/resource.ts";
import type { DeviceDescription, DownstreamPortDescription, HostBridgeDescription, IsolationDescription, MachineDescription, SlotDescription, SwitchDescription } from "../platform/description.ts";
import { deviceNumberOf, isSwitch } from "../platform/description.ts";
import { formatPciAddress, pciAddress } from "../platform/pci-address.ts";
import { registerAt } from "../platform/registers.ts";
import type { PartCondition, RegionSummary, TopologyPart } from "../scenario/details.ts";
import { peekBus } from "./part-registers.ts";
import { sizeText } from "./forensics/scene.ts";
import type { System } from "./system.ts";

/** What is known on the way down. */
interface Way {
  readonly hardware: Hardware;
  /** Names of memdevs by the PCI name of their function. */
  readonly memdevs: ReadonlyMap<string, string>;
  readonly segment: number;
  /** Of the parts here; 0: nobody numbered it. */
  readonly bus: number;
  /** A part above does not let anything through. */
  readonly isCutOff: boolean;
}

const hex = (value: bigint): string => `0x${value.toString(16)}`;
const granularityWords = hdmDecoderPort.registers.control.fields.interleaveGranularity.values as Readonly<Record<number, string>>;
const waysWords = hdmDecoderPort.registers.control.fields.interleaveWays.values as Readonly<Record<number, string>>;

/** Decoders that have a range, in words. */
function decoderFacts(hardware: Hardware, entity: number, block: "hostBridgeComponent" | "upstreamPortComponent" | "deviceComponent", count: number): string[] {
  const isDevice = block === "deviceComponent";
  const { registers } = isDevice ? hdmDecoderDevice : hdmDecoderPort;
  const base = isDevice ? blocks.deviceComponent.placements.hdmDecoderDevice.at : blocks[block].placements.hdmDecoderPort.at;
  const bus = peekBus(hardware, entity, "component");
  return Array.from({ length: count }, (_, index) => {
    const raw = (name: "baseLow" | "baseHigh" | "sizeLow" | "sizeHigh"): bigint => registerAt(bus, base, registers[name], index).readRaw();
    const size = (raw("sizeHigh") << 32n) | raw("sizeLow");
    const control = registerAt(bus, base, registers.control, index).read();
    if (size === 0n && control.committed === 0 && control.errorNotCommitted === 0) return "";
    const state = control.committed === 1 ? "committed" : control.errorNotCommitted === 1 ? "refused" : "not committed";
    const start = (raw("baseHigh") << 32n) | raw("baseLow");
    return `decoder ${index}: ${sizeText(size)} at ${hex(start)}, ${waysWords[control.interleaveWays] ?? "?"} way(s) of ${granularityWords[control.interleaveGranularity] ?? "?"}, ${state}${control.lockOnCommit === 1 ? ", locked" : ""}`;
  }).filter((text) => text !== "");
}

const addressOf = ({ segment, bus }: Way, device: number): string => (bus === 0 ? "" : formatPciAddress(pciAddress(segment, bus, device, 0)));

/** Bus below a bridge, as it is programmed. */
const secondaryBus = (hardware: Hardware, entity: number): number => registerAt(peekBus(hardware, entity, "config"), 0, bridgeHeader.registers.secondaryBus).get("value");

function isolationFact(isolation: IsolationDescription | null): string {
  if (isolation === null) return "no timeout and isolation";
  const parts = [isolation.memory ? "isolation" : "", isolation.timeout ? "timeout" : "", isolation.memoryLinkDown ? "forced link down" : "", isolation.interruptMessage >= 0 ? `interrupt ${isolation.interruptMessage}` : "", isolation.errCor ? "ERR_COR" : ""];
  return `can do ${parts.filter((part) => part !== "").join(", ") || "nothing of timeout and isolation"}`;
}

const linkFact = ({ link, heldBy }: PortSummary): string => `link ${link}${heldBy.length === 0 ? "" : `: ${heldBy.join(", ")}`}`;

function portCondition(summary: PortSummary, isCutOff: boolean): PartCondition {
  if (summary.device === null) return "empty";
  if (isCutOff || summary.isIsolated || summary.link === "down") return "dead";
  return summary.link === "training" || summary.isBusy ? "impaired" : "works";
}

function portPart(way: Way, port: DownstreamPortDescription & { readonly isolation?: IsolationDescription | null }, number: number): TopologyPart {
  const { hardware } = way;
  const summary = hardware.port(port.name);
  const entity = hardware.entities.ports.get(port.name)?.id ?? 0;
  const condition = portCondition(summary, way.isCutOff);
  const slot = port.slots.find(({ name }) => name === summary.device);
  const inside: Way = { ...way, bus: secondaryBus(hardware, entity), isCutOff: condition === "dead" };
  const facts = [
    linkFact(summary), summary.isIsolated ? "isolated" : "", summary.isBusy ? "root port busy" : "", summary.inFlight === 0 ? "" : `${summary.inFlight} requests under way`, summary.isStalled ? "requesters stall" : "",
    port.isolation === undefined ? "" : isolationFact(port.isolation), slot === undefined ? "empty slot" : "",
  ];
  return { name: port.name, kind: port.isolation === undefined ? "downstream port" : "root port", address: addressOf(way, number), condition, facts: facts.filter((fact) => fact !== ""), below: slot === undefined ? [] : [cardPart(inside, slot)] };
}

const cardPart = (way: Way, slot: SlotDescription): TopologyPart => (isSwitch(slot) ? switchPart(way, slot) : devicePart(way, slot));

function switchPart(way: Way, slot: SwitchDescription): TopologyPart {
  const { hardware } = way;
  const entity = hardware.entities.switches.get(slot.name)?.id ?? 0;
  const inside: Way = { ...way, bus: secondaryBus(hardware, entity) };
  return {
    name: slot.name, kind: "switch", address: addressOf(way, 0), condition: way.isCutOff ? "dead" : "works", facts: decoderFacts(hardware, entity, "upstreamPortComponent", slot.decoders),
    below: slot.ports.map((port, index) => portPart(inside, port, deviceNumberOf(port, index))),
  };
}

function devicePart(way: Way, device: DeviceDescription): TopologyPart {
  const { hardware, memdevs } = way;
  const entity = hardware.entities.devices.get(device.name)?.id ?? 0;
  const address = addressOf(way, 0);
  const memdev = memdevs.get(address);
  const facts = [
    device.volatileCapacity === 0n ? "" : `${sizeText(device.volatileCapacity)} volatile`, (device.persistentCapacity ?? 0n) === 0n ? "" : `${sizeText(device.persistentCapacity ?? 0n)} persistent`,
    `serial ${hex(device.serial)}`, way.isCutOff ? "not reachable" : "", memdev === undefined ? "no memdev of the kernel's" : `the kernel's ${memdev}`,
    ...decoderFacts(hardware, entity, "deviceComponent", device.decoders),
  ];
  return { name: device.name, kind: "device", address, condition: way.isCutOff ? "dead" : memdev === undefined ? "impaired" : "works", facts: facts.filter((fact) => fact !== ""), below: [] };
}

function bridgePart(hardware: Hardware, memdevs: ReadonlyMap<string, string>, bridge: HostBridgeDescription): TopologyPart {
  const entity = hardware.entities.bridges.get(bridge.name)?.id ?? 0;
  const way: Way = { hardware, memdevs, segment: bridge.segment, bus: bridge.busStart, isCutOff: false };
  return {
    name: bridge.name, kind: "host bridge", address: `pci${formatPciAddress(pciAddress(bridge.segment, bridge.busStart, 0, 0)).slice(0, 7)}`, condition: "works",
    facts: bridge.decoders === 0 ? ["passes everything through"] : decoderFacts(hardware, entity, "hostBridgeComponent", bridge.decoders), below: bridge.rootPorts.map((port, index) => portPart(way, port, deviceNumberOf(port, index))),
  };
}

/** The machine as it is now. */
export function topologyOf({ hardware, kernel }: Pick<System, "hardware" | "kernel">): TopologyPart[] {
  const description: MachineDescription = hardware.description;
  const memdevs = new Map(busDevices(kernel, cxlBus).filter(isMemdev).map((device) => [memdevOf(device).pciDevice.name, device.name] as const));
  return description.hostBridges.map((bridge) => bridgePart(hardware, memdevs, bridge));
}

const stateWords: Readonly<Record<number, string>> = { [regionStates.idle]: "idle", [regionStates.interleaveActive]: "interleave set", [regionStates.active]: "all members there", [regionStates.resetPending]: "being reset", [regionStates.commit]: "committed" };

function regionFacts(device: Device): string[] {
  const region = regionOf(device);
  const members = region.targets.map((target, position) => `${position}: ${target === null ? "nobody" : `${endpointPart(target).memdev.name} (${memdevOf(endpointPart(target).memdev).pciDevice.name})`}`);
  return [
    region.resource === null ? "no addresses" : `${sizeText(resourceSize(region.resource))} at ${hex(region.resource.start)}`, `${region.mode}, ${region.ways} way(s) of ${region.granularity} B`, stateWords[region.state] ?? `state ${region.state}`,
    device.driver === null ? "no driver" : `driver ${device.driver.name}`, ...(region.isAuto ? ["made from firmware's decoders"] : []), ...(region.isAwaited ? ["waits for members"] : []), `members ${members.join(", ")}`,
  ];
}

/** The regions that the kernel has now. */
export const regionSummaries = (kernel: Kernel): RegionSummary[] => busDevices(kernel, cxlBus).filter(isRegion).map((device) => ({ name: device.name, facts: regionFacts(device) }));
