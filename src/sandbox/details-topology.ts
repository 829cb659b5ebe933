// The machine and the kernel's regions where a run stands, in words: what is plugged where, which links are up, what is isolated, what decodes what.

import type { PortSummary } from "../hardware/machine.ts";
import type { Device } from "../kernel/base/device.ts";
import { busDevices } from "../kernel/base/device.ts";
import type { Kernel } from "../kernel/base/kernel.ts";
import { cxlBus, endpointPart, isRegion, memdevOf, regionOf, regionStates } from "../kernel/cxl/types.ts";
import { resourceSize } from "../kernel/resource/resource.ts";
import type { DeviceDescription, IsolationDescription } from "../platform/description.ts";
import type { RegionSummary, TopologyPart } from "../scenario/details.ts";
import { hex, sizeText } from "./forensics/scene.ts";
import type { DecoderState, PartState } from "./part-states.ts";
import { partStates } from "./part-states.ts";
import type { System } from "./system.ts";

const decoderFact = ({ index, base, size, ways, granularity, state, isLocked }: DecoderState): string =>
  `decoder ${index}: ${sizeText(size)} at ${hex(base)}, ${ways} way(s) of ${granularity}, ${state}${isLocked ? ", locked" : ""}`;

/** What a root port can do about requests without an answer. */
export function isolationFact(isolation: IsolationDescription | null): string {
  if (isolation === null) return "no timeout and isolation";
  const parts = [isolation.memory ? "isolation" : "", isolation.timeout ? "timeout" : "", isolation.memoryLinkDown ? "forced link down" : "", isolation.interruptMessage >= 0 ? `interrupt ${isolation.interruptMessage}` : "", isolation.errCor ? "ERR_COR" : ""];
  return `can do ${parts.filter((part) => part !== "").join(", ") || "nothing of timeout and isolation"}`;
}

export const linkFact = ({ link, heldBy }: PortSummary): string => `link ${link}${heldBy.length === 0 ? "" : `: ${heldBy.join(", ")}`}`;

const portFacts = ({ kind, isolation, below }: PartState, port: PortSummary): string[] => [
  linkFact(port), port.isIsolated ? "isolated" : "", port.isBusy ? "root port busy" : "", port.inFlight === 0 ? "" : `${port.inFlight} requests under way`, port.isStalled ? "requesters stall" : "",
  kind === "root port" ? isolationFact(isolation) : "", below.length === 0 ? "empty slot" : "",
];

const deviceFacts = ({ isCutOff, memdev }: PartState, device: DeviceDescription): string[] => [
  device.volatileCapacity === 0n ? "" : `${sizeText(device.volatileCapacity)} volatile`, (device.persistentCapacity ?? 0n) === 0n ? "" : `${sizeText(device.persistentCapacity ?? 0n)} persistent`,
  `serial ${hex(device.serial)}`, isCutOff ? "not reachable" : "", memdev === null ? "no memdev of the kernel's" : `the kernel's ${memdev}`,
];

function topologyPart(part: PartState): TopologyPart {
  const { name, kind, address, condition, port, device, decoders } = part;
  const facts = [
    ...(port === null ? [] : portFacts(part, port)), ...(device === null ? [] : deviceFacts(part, device)),
    ...(kind === "host bridge" && part.decoderCount === 0 ? ["passes everything through"] : decoders.map(decoderFact)),
  ];
  return { name, kind, address, condition, facts: facts.filter((fact) => fact !== ""), below: part.below.map(topologyPart) };
}

/** The machine as it is now. */
export const topologyOf = ({ hardware, kernel }: Pick<System, "hardware" | "kernel">): TopologyPart[] => partStates(hardware, kernel).map(topologyPart);

export const stateWords: Readonly<Record<number, string>> = { [regionStates.idle]: "idle", [regionStates.interleaveActive]: "interleave set", [regionStates.active]: "all members there", [regionStates.resetPending]: "being reset", [regionStates.commit]: "committed" };

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
