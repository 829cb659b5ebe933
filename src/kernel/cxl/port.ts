// Ports, their downstream ports and decoders (region-assembly 4.2, 4.4): how they come to be and how they go.

import type { Task } from "../../sim/task.ts";
import { task, until, wake } from "../../sim/task.ts";
import type { Device } from "../base/device.ts";
import { addDevice, attach, linkDevice, removeDevice } from "../base/device.ts";
import { SystemError } from "../base/errno.ts";
import type { Kernel } from "../base/kernel.ts";
import { mark, printk } from "../base/kernel.ts";
import { failStep } from "../base/steps.ts";
import { noCoordinates } from "../mm/access-coordinates.ts";
import { portNumberOf } from "../pci/link.ts";
import { releaseRegion, requestRegion } from "../resource/resource.ts";
import { endpointDecoderType, portType, rootPortType, switchDecoderType } from "./attributes.ts";
import { switchFigures } from "./cdat-figures.ts";
import { reserveDpa } from "./dpa.ts";
import { readDecoder, settle } from "./hdm.ts";
import { unmaskRas } from "./ras.ts";
import type { ComponentRegisters } from "./registers.ts";
import { capabilityIds, capabilityRange, findComponentBlock, mapComponents, openHdm } from "./registers.ts";
import type { DecoderRecord, Dport, EndpointDecoderPart, PortKind, PortRecord } from "./types.ts";
import { cxlBus, cxlState, freeId, memdevOf, portOf, takeId, isPort, lastOf } from "./types.ts";

interface PortSpec {
  readonly kind: PortKind;
  readonly parent: Device;
  readonly uport: Device;
  readonly parentDport: Dport | null;
  readonly componentBlock: bigint | null;
}

/** Adds a port device named by the global id space; it is not probed yet. */
export function addPort(kernel: Kernel, spec: PortSpec): Device {
  const id = takeId(cxlState(kernel).portIds);
  const depth = spec.kind === "root" ? 0 : portOf(spec.parent).depth + 1;
  const record: PortRecord = {
    kind: spec.kind, id, depth, uport: spec.uport, parentDport: spec.parentDport, dports: [], decoders: [], componentBlock: spec.componentBlock, memdevs: new Set(),
    references: [], resources: [], components: null, cdat: null, hdm: null, commitEnd: -1, dpaEnd: -1, isBusy: false,
  };
  const name = `${{ root: "root", switch: "port", endpoint: "endpoint" }[spec.kind]}${id}`;
  const device = addDevice(kernel, { name, bus: cxlBus, type: spec.kind === "root" ? rootPortType : portType, parent: spec.parent, data: record });
  linkDevice(device, "uport", spec.uport);
  if (spec.parentDport !== null) linkDevice(device, "parent_dport", spec.parentDport.device);
  return device;
}

/** Removes a port with everything below it and frees its number. */
export const removePort = task("cxl.removePort", function* (kernel: Kernel, port: Device): Task<void> {
  if (port.isDead) return;
  yield* removeDevice(kernel, port);
  dropRegisters(kernel, port);
  freeId(cxlState(kernel).portIds, portOf(port).id);
});

/** A port's driver lets go: the ports below are removed, newest first, and with them their endpoints; then decoders, dports and registers. */
export const releasePort = task("cxl_port.release", function* (kernel: Kernel, port: Device): Task<void> {
  yield* lockPort(kernel, port);
  try {
    for (const child of port.children.filter(isPort).toReversed()) yield* removePort(kernel, child);
    yield* dropDecoders(kernel, port);
    dropRegisters(kernel, port);
    for (const dport of portOf(port).dports.splice(0)) port.links.delete(`dport${dport.id}`);
  } finally {
    unlockPort(kernel, port);
  }
});

const dropDecoders = task("cxl_port.dropDecoders", function* (kernel: Kernel, port: Device): Task<void> {
  const record = portOf(port);
  for (const decoder of record.decoders.splice(0).toReversed()) yield* removeDevice(kernel, decoder);
  record.commitEnd = -1;
});

/** Unmaps a port's registers and gives their ranges back. */
export function dropRegisters(kernel: Kernel, port: Device): void {
  const record = portOf(port);
  for (const resource of record.resources.splice(0)) releaseRegion(kernel, resource);
  for (const dport of record.dports) dport.components?.handle.unmap();
  if (record.components !== null && record.kind === "switch") record.components.handle.unmap();
  record.components = null;
  record.hdm = null;
}

/** Claims a capability's registers in /proc/iomem under the port's name. A range that is taken already is only a missing line. */
function claim(kernel: Kernel, port: Device, components: ComponentRegisters, id: number, decoderCount = 0): void {
  const range = capabilityRange(components, id, decoderCount);
  if (range === undefined) return;
  const resource = requestRegion(kernel, range.start, range.size, port.name);
  if (resource !== undefined) portOf(port).resources.push(resource);
}

/** What a step of a port is done to: the port, the device it stands on, and a memdev's PCI function. */
function namesOf(port: Device): string[] {
  const { kind, uport } = portOf(port);
  return [port.name, uport.name, ...(kind === "endpoint" ? [memdevOf(uport).pciDevice.name] : [])];
}

/** Opens a port's HDM capability over mapped registers. */
export function openPortHdm(kernel: Kernel, port: Device, components: ComponentRegisters): void {
  failStep(kernel, "port.hdm", ...namesOf(port));
  const record = portOf(port);
  record.components = components;
  record.hdm = openHdm(components, record.kind === "endpoint");
  claim(kernel, port, components, capabilityIds.ras);
  claim(kernel, port, components, capabilityIds.hdmDecoder, record.hdm?.capability.decoderCount ?? 0);
}

export interface NewDecoder {
  readonly port: Device;
  readonly id: number;
  readonly values: Pick<DecoderRecord, "start" | "size" | "ways" | "granularity" | "isLocked" | "isEnabled" | "isHostOnly">;
  readonly targetIds: readonly number[];
  readonly isPassThrough: boolean;
  readonly endpoint: EndpointDecoderPart | null;
}

function addDecoder(kernel: Kernel, spec: NewDecoder): Device {
  const port = portOf(spec.port);
  const targets = spec.targetIds.map((id) => port.dports.find((dport) => dport.id === id) ?? null);
  const record: DecoderRecord = {
    kind: spec.endpoint === null ? "switch" : "endpoint", id: spec.id, port: spec.port, ...spec.values, isPassThrough: spec.isPassThrough,
    targets, targetIds: [...spec.targetIds], region: null, root: null, endpoint: spec.endpoint,
  };
  const type = spec.endpoint === null ? switchDecoderType : endpointDecoderType;
  const device = addDevice(kernel, { name: `decoder${port.id}.${spec.id}`, bus: cxlBus, type, parent: spec.port, data: record });
  port.decoders.push(device);
  if (record.isEnabled) port.commitEnd = spec.id;
  // What has no registers is not read, and not told of.
  if (!spec.isPassThrough) printk(kernel, "debug", `cxl_port ${spec.port.name}: ${device.name}: range: 0x${record.start.toString(16)}-0x${lastOf(record).toString(16)} iw: ${record.ways} ig: ${record.granularity}`);
  return device;
}

/** Enumerates every HDM decoder of a port, ascending (4.4). @throws SystemError ENXIO, EINVAL of a decoder as found */
export const enumerateDecoders = task("cxl.enumerateDecoders", function* (kernel: Kernel, port: Device, memdev: Device | null): Task<void> {
  const record = portOf(port);
  const hdm = record.hdm;
  if (hdm === null) return;
  yield* settle(kernel, hdm);
  // Somebody may have taken the port away meanwhile.
  if (port.isDead) throw new SystemError("ENXIO", `${port.name} is gone`);
  let running = 0n;
  for (let id = 0; id < hdm.capability.decoderCount; id++) {
    failStep(kernel, "port.decoder", `decoder${record.id}.${id}`, ...namesOf(port));
    const found = readDecoder(kernel, port, hdm, id, record.commitEnd + 1);
    const endpoint: EndpointDecoderPart | null = memdev === null ? null : { memdev, dpa: null, mode: "none", state: found.isEnabled ? "auto" : "manual", stagedIn: null, position: -1 };
    const device = addDecoder(kernel, { port, id, values: found, targetIds: found.targetIds, isPassThrough: false, endpoint });
    if (endpoint === null || !found.isEnabled) continue;
    failStep(kernel, "port.dpa", device.name, ...namesOf(port));
    reserveDpa(device, running + found.skip, found.size / BigInt(found.ways), found.skip);
    running += found.skip + found.size / BigInt(found.ways);
  }
});

/** What a decoder has that no register says: a page. */
const unprogrammedGranularity = 4096;

/** The one decoder of a port without HDM capability that has a single dport (4.2). */
function addPassThrough(kernel: Kernel, port: Device, dport: Dport): void {
  addDecoder(kernel, { port, id: 0, values: { start: 0n, size: 0n, ways: 1, granularity: unprogrammedGranularity, isLocked: false, isEnabled: false, isHostOnly: true }, targetIds: [dport.id], isPassThrough: true, endpoint: null });
}

function mapDport(kernel: Kernel, device: Device): ComponentRegisters | null {
  const block = findComponentBlock(kernel, device);
  if (block === undefined) return null;
  try {
    return mapComponents(kernel, block);
  } catch (thrown) {
    if (!(thrown instanceof SystemError)) throw thrown;
    return null;
  }
}

/** A port's device lock: who adds or removes dports and ports below it waits here. */
export const lockPort = task("cxl.lockPort", function* (_kernel: Kernel, port: Device): Task<void> {
  const record = portOf(port);
  while (record.isBusy) yield until(`lock:${port.name}`);
  record.isBusy = true;
});

export function unlockPort(kernel: Kernel, port: Device): void {
  portOf(port).isBusy = false;
  wake(kernel.scheduler, `lock:${port.name}`);
}

/**
 * Adds a PCI root or downstream port as dport of a CXL port. The first one maps the port's registers and enumerates its decoders.
 * @throws SystemError ENXIO the port has no driver (any more); errors of the decoders
 */
export const addDport = task("cxl.addDport", function* (kernel: Kernel, port: Device, device: Device): Task<Dport> {
  yield* lockPort(kernel, port);
  try {
    if (port.driver === null) throw new SystemError("ENXIO", `${port.name} has no driver`);
    return portOf(port).dports.find((dport) => dport.device === device) ?? (yield* makeDport(kernel, port, device));
  } finally {
    unlockPort(kernel, port);
  }
});

const makeDport = task("cxl.makeDport", function* (kernel: Kernel, port: Device, device: Device): Task<Dport> {
  const record = portOf(port);
  failStep(kernel, "mem.dport", device.name, port.name);
  if (record.components === null && record.componentBlock !== null) {
    openPortHdm(kernel, port, mapComponents(kernel, record.componentBlock));
    try {
      yield* enumerateDecoders(kernel, port, null);
    } catch (thrown) {
      yield* dropDecoders(kernel, port);
      dropRegisters(kernel, port);
      throw thrown;
    }
  }
  const id = portNumberOf(kernel, device);
  const coordinates = record.cdat === null ? noCoordinates : switchFigures(record.cdat, id);
  const dport: Dport = { id, device, port, components: mapDport(kernel, device), isIsolated: false, coordinates };
  if (dport.components !== null) claim(kernel, port, dport.components, capabilityIds.ras);
  unmaskRas(kernel, device, dport.components);
  record.dports.push(dport);
  linkDevice(port, `dport${dport.id}`, device);
  for (const decoder of record.decoders) placeTarget(decoder, dport);
  if (record.hdm === null && record.decoders.length === 0) addPassThrough(kernel, port, dport);
  mark(kernel, `${port.name} dport added`, device.name);
  return dport;
});

/** A dport that appears fills every target slot that named its id. */
function placeTarget(decoder: Device, dport: Dport): void {
  const record = decoder.data as DecoderRecord;
  for (const [way, id] of record.targetIds.entries()) if (id === dport.id) record.targets[way] = dport;
}

/** Attaches a port's driver and says whether it bound. */
export const bindPort = task("cxl.bindPort", function* (kernel: Kernel, port: Device): Task<boolean> {
  return yield* attach(kernel, port);
});
