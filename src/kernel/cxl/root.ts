// Driver cxl_acpi: the root port, root decoders from CFMWS, windows in iomem, host bridges as ports (region-assembly 3).

import type { Task } from "../../sim/task.ts";
import { task } from "../../sim/task.ts";
import type { Cedt, WindowStructure } from "../acpi/cedt.ts";
import { readCedt, linkRootFirmwareNode } from "../acpi/acpi.ts";
import { genericPortCoordinates } from "../acpi/hmat.ts";
import type { Device, DeviceType, Driver } from "../base/device.ts";
import { addDevice, attach, busDevices, manage, linkDevice, unbind } from "../base/device.ts";
import { SystemError, errnoTable } from "../base/errno.ts";
import { platformBus, platformRoot } from "../base/platform-bus.ts";
import { failStep, stepFault } from "../base/steps.ts";
import type { Kernel } from "../base/kernel.ts";
import { mark, printk } from "../base/kernel.ts";
import { hostBridgeOf } from "../pci/buses.ts";
import { hostBridgeDevices } from "../pci/enumerate.ts";
import { createResource, createResourceTree, formatRange, insertConflict, removeResource } from "../resource/resource.ts";
import { rootDecoderType } from "./attributes.ts";
import { addNvdimmBridge } from "./nvdimm.ts";
import { addPort, bindPort, removePort } from "./port.ts";
import { removeRegion } from "./region.ts";
import type { DecoderRecord, Dport } from "./types.ts";
import { startRas } from "./ras.ts";
import { cxlBus, cxlState, decoderOf, freeId, isMemdev, portOf, rootPart, takeId } from "./types.ts";
import { lineOfRange, publishWindows } from "./windows.ts";

const platformType: DeviceType = { name: "platform", attributes: [{ name: "modalias", show: () => "acpi:ACPI0017:\n" }] };

function addHostBridges(kernel: Kernel, acpi: Device, root: Device, cedt: Cedt): void {
  for (const device of hostBridgeDevices(kernel)) {
    const { uid } = hostBridgeOf(device);
    const structure = cedt.hostBridges.find((candidate) => candidate.uid === uid);
    if (structure === undefined || structure.base === 0n) {
      printk(kernel, "warn", `cxl_acpi ${acpi.name}: No CHBS found for Host Bridge (UID ${uid})`);
      continue;
    }
    failStep(kernel, "acpi.dport", device.name);
    const dport: Dport = { id: uid, device, port: root, components: null, isIsolated: false, coordinates: genericPortCoordinates(kernel, uid) };
    portOf(root).dports.push(dport);
    linkDevice(root, `dport${uid}`, device);
  }
}

function addRootDecoder(kernel: Kernel, root: Device, window: WindowStructure): void {
  const port = portOf(root);
  const id = port.decoders.length;
  const targets = window.targets.map((uid) => port.dports.find((dport) => dport.id === uid) ?? null);
  const record: DecoderRecord = {
    kind: "root", id, port: root, start: window.base, size: window.size, ways: window.ways, granularity: window.granularity,
    isLocked: window.restrictions.isFixed, isEnabled: true, isHostOnly: window.restrictions.type3, isPassThrough: false,
    targets, targetIds: [...window.targets], region: null, endpoint: null,
    root: { restrictions: window.restrictions, qosClass: window.qosClass, xorMaps: window.xorMaps ?? [], resource: null, nextRegionId: takeId(cxlState(kernel).regionIds), isDead: false, isSearched: false, regions: [] },
  };
  port.decoders.push(addDevice(kernel, { name: `decoder${port.id}.${id}`, bus: cxlBus, type: rootDecoderType, parent: root, data: record }));
}

const endOf = ({ base, size }: { readonly base: bigint; readonly size: bigint }): bigint => base + size - 1n;

/** A root decoder per window; then the windows become lines of /proc/iomem, and each decoder finds the line that regions go below. */
function addWindows(kernel: Kernel, acpi: Device, root: Device, cedt: Cedt): void {
  const ranges = createResourceTree("CXL mem");
  for (const rejected of cedt.rejected) {
    printk(kernel, "err", `cxl_acpi ${acpi.name}: ${rejected.reason}`);
    printk(kernel, "err", `cxl_acpi ${acpi.name}: Failed to add decode range: ${formatRange(rejected.base, endOf(rejected))}`);
  }
  for (const window of cedt.windows) {
    if (window.isXor && window.ways !== 1 && window.ways !== 3 && window.xorMaps === undefined) {
      printk(kernel, "err", `cxl_acpi ${acpi.name}: CXIMS for ${window.ways} ways not found; Failed to add decode range: ${formatRange(window.base, endOf(window))}`);
      continue;
    }
    const id = portOf(root).decoders.length;
    const range = createResource(`CXL Window ${id}`, window.base, window.size);
    const errno = stepFault(kernel, "acpi.window", `decoder${portOf(root).id}.${id}`) ?? (insertConflict(ranges, range) === null ? undefined : "EBUSY");
    if (errno === undefined) addRootDecoder(kernel, root, window);
    else printk(kernel, "err", `cxl_acpi ${acpi.name}: Failed to add decode range: ${formatRange(window.base, endOf(window))} (-${errnoTable[errno][0]})`);
  }
  const published = publishWindows(kernel, ranges);
  cxlState(kernel).windows.push(...published.map((window) => window.line));
  for (const decoder of portOf(root).decoders) {
    const { start, size } = decoderOf(decoder);
    rootPart(decoder).resource = lineOfRange(published, { start, end: start + size - 1n });
  }
}

const removeRootPort = task("cxl_acpi.removeRootPort", function* (kernel: Kernel): Task<void> {
  const { root } = cxlState(kernel);
  if (root === null) return;
  yield* removePort(kernel, root);
  cxlState(kernel).root = null;
  cxlState(kernel).isRootReady = false;
});

const removeWindows = (root: Device) => task("cxl_acpi.removeWindows", function* (kernel: Kernel): Task<void> {
  for (const line of cxlState(kernel).windows.splice(0)) removeResource(line);
  for (const decoder of portOf(root).decoders) rootPart(decoder).resource = null;
});

/** A root decoder takes its regions with it and makes no more. */
const killDecoder = (decoder: Device) => task("cxl_acpi.killDecoder", function* (kernel: Kernel): Task<void> {
  const part = rootPart(decoder);
  if (part.isDead) return;
  part.isDead = true;
  for (const region of part.regions.slice()) yield* removeRegion(kernel, region);
  freeId(cxlState(kernel).regionIds, part.nextRegionId);
});

/** Memdevs below go first: without their ports they cannot stay bound (4.3). */
const removeBridgePort = (port: Device) => task("cxl_acpi.removeBridgePort", function* (kernel: Kernel): Task<void> {
  for (const memdev of [...portOf(port).memdevs].toReversed()) yield* unbind(kernel, memdev);
  yield* removePort(kernel, port);
});

const addBridgePort = task("cxl_acpi.addBridgePort", function* (kernel: Kernel, acpi: Device, root: Device, dport: Dport, cedt: Cedt): Task<void> {
  const structure = cedt.hostBridges.find((candidate) => candidate.uid === dport.id);
  if (structure === undefined) return;
  if (structure.version === 0) {
    printk(kernel, "info", ` ${dport.device.name}: host supports CXL (restricted)`);
    return;
  }
  failStep(kernel, "acpi.bridgePort", dport.device.name);
  const port = addPort(kernel, { kind: "switch", parent: root, uport: dport.device, parentDport: dport, componentBlock: structure.base });
  manage(acpi, port.name, removeBridgePort(port));
  yield* bindPort(kernel, port);
  printk(kernel, "info", ` ${dport.device.name}: host supports CXL`);
});

/** Memdevs that probed before the root was there get another try (cxl_bus_rescan). */
const rescanMemdevs = task("cxl.rescan", function* (kernel: Kernel): Task<void> {
  for (const device of busDevices(kernel, cxlBus).slice()) if (isMemdev(device)) yield* attach(kernel, device);
});

const probe = task("cxl_acpi.probe", function* (kernel: Kernel, acpi: Device): Task<void> {
  const cedt = readCedt(kernel);
  if (cedt === undefined) throw new SystemError("ENXIO", "no CEDT");
  failStep(kernel, "acpi.rootPort", acpi.name);
  const root = addPort(kernel, { kind: "root", parent: acpi, uport: acpi, parentDport: null, componentBlock: null });
  cxlState(kernel).root = root;
  manage(acpi, root.name, removeRootPort);
  printk(kernel, "debug", `cxl_acpi ${acpi.name}: ${root.name} added (root port)`);
  addHostBridges(kernel, acpi, root, cedt);
  addWindows(kernel, acpi, root, cedt);
  manage(acpi, "windows", removeWindows(root));
  for (const decoder of portOf(root).decoders) manage(acpi, decoder.name, killDecoder(decoder));
  for (const dport of portOf(root).dports) yield* addBridgePort(kernel, acpi, root, dport, cedt);
  yield* addNvdimmBridge(kernel, acpi, root);
  mark(kernel, "cxl root ready");
  cxlState(kernel).isRootReady = true;
  yield* rescanMemdevs(kernel);
});

export const acpiDriver: Driver = {
  name: "cxl_acpi", bus: platformBus, match: (_kernel, device) => device.name.startsWith("ACPI0017"), probe,
  remove: task("cxl_acpi.remove", function* (): Task<void> {}),
};

/** Lets go of all that the root device's driver made, in reverse: bridges' ports with what is below, root decoders with their regions, windows (S49). */
export const removeTopology = task("cxl.removeTopology", function* (kernel: Kernel): Task<void> {
  const acpi = busDevices(kernel, platformBus).find((device) => device.driver === acpiDriver);
  if (acpi !== undefined) yield* unbind(kernel, acpi);
});

/** Adds the ACPI0017 platform device when there is a CEDT; its driver probes it. */
export function addRootDevice(kernel: Kernel): void {
  if (readCedt(kernel) === undefined) return;
  startRas(kernel);
  const device = addDevice(kernel, { name: "ACPI0017:00", bus: platformBus, type: platformType, parent: platformRoot(kernel), data: {} });
  linkRootFirmwareNode(kernel, device);
}
