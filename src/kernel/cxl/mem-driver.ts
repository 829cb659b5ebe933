// Drivers cxl_mem and cxl_port: a memdev finds its place below its host bridge, its endpoint port comes up, decoders are enabled and enumerated
// (region-assembly 4.2, 4.3, 8).

import type { Task } from "../../sim/task.ts";
import { task } from "../../sim/task.ts";
import type { Device, Driver } from "../base/device.ts";
import { manage, removeDevice, unbind } from "../base/device.ts";
import { SystemError } from "../base/errno.ts";
import type { Kernel } from "../base/kernel.ts";
import { printk } from "../base/kernel.ts";
import { failStep } from "../base/steps.ts";
import { pciFunctionOf } from "../pci/device.ts";
import { readCdat } from "./cdat.ts";
import { scheduleDetach } from "./detach.ts";
import { lockRegions, unlockRegions } from "./lock.ts";
import { addNvdimm } from "./nvdimm.ts";
import { evaluateCdat } from "./performance.ts";
import { addPort, bindPort, dropRegisters, enumerateDecoders, openPortHdm, releasePort, removePort } from "./port.ts";
import { poisonAttributes } from "./poison.ts";
import { unmaskRas } from "./ras.ts";
import { detachTarget } from "./region-attach.ts";
import { discoverRegions } from "./region-auto.ts";
import { deviceDvsec, hdmEnable } from "./registers.ts";
import { enumeratePorts, leavePorts, checkEnabled } from "./topology.ts";
import { reportingTrouble } from "./trouble.ts";
import { cxlBus, cxlState, isMemdev, isPort, memdevOf, portOf } from "./types.ts";

const removeEndpoint = task("cxl_mem.removeEndpoint", function* (kernel: Kernel, memdev: Device): Task<void> {
  const endpoint = memdevOf(memdev).endpoint;
  if (endpoint === null) return;
  memdevOf(memdev).endpoint = null;
  yield* removePort(kernel, endpoint);
});

const probeMemdev = task("cxl_mem.probe", function* (kernel: Kernel, memdev: Device): Task<void> {
  if (!memdevOf(memdev).isMediaReady) throw new SystemError("EBUSY", `${memdev.name}: media is not ready`);
  if (memdevOf(memdev).isDetaching) throw new SystemError("EBUSY", `${memdev.name}: is being detached`);
  manage(memdev, "ports", leavePorts);
  const { port, dport, way } = yield* enumeratePorts(kernel, memdev);
  if (kernel.policy.refuseIsolated && way.some((one) => one.isIsolated)) throw new SystemError("EBUSY", `${memdev.name}: port is under isolated CXL dport`);
  if (memdevOf(memdev).state.capacity.pmem > 0n) yield* addNvdimm(kernel, memdev);
  checkEnabled(kernel, memdev, port);
  failStep(kernel, "mem.endpoint", memdev.name, memdevOf(memdev).pciDevice.name);
  const endpoint = addPort(kernel, { kind: "endpoint", parent: port, uport: memdev, parentDport: dport, componentBlock: null });
  memdevOf(memdev).endpoint = endpoint;
  manage(memdev, "endpoint", removeEndpoint);
  if (yield* bindPort(kernel, endpoint)) return;
  printk(kernel, "err", `cxl_mem ${memdev.name}: endpoint: ${endpoint.name} failed probe`);
  throw new SystemError("ENXIO", `${endpoint.name} failed probe`);
});

/** A memdev that comes before its root is tried again: no failure yet. */
export const memDriver: Driver = reportingTrouble(
  { name: "cxl_mem", bus: cxlBus, match: (_kernel, device) => isMemdev(device), probe: probeMemdev, attributes: poisonAttributes, remove: task("cxl_mem.remove", function* (): Task<void> {}) },
  (kernel) => cxlState(kernel).isRootReady,
);

/** Decoders of an endpoint leave their regions one by one; then they are no more. */
const removeDecoders = task("cxl_port.removeDecoders", function* (kernel: Kernel, endpoint: Device): Task<void> {
  const { decoders } = portOf(endpoint);
  for (const decoder of [...decoders].toReversed()) {
    yield* lockRegions(kernel);
    const region = detachTarget(kernel, decoder);
    unlockRegions(kernel);
    if (region !== null) yield* unbind(kernel, region);
    yield* removeDevice(kernel, decoder);
    decoders.splice(decoders.indexOf(decoder), 1);
  }
  portOf(endpoint).commitEnd = -1;
  portOf(endpoint).dpaEnd = -1;
});

/** Last of all: turning decoders off still needs the registers. */
const dropEndpointRegisters = task("cxl_port.dropRegisters", function* (kernel: Kernel, endpoint: Device): Task<void> {
  dropRegisters(kernel, endpoint);
});

const disableHdm = task("cxl_port.disableHdm", function* (_kernel: Kernel, endpoint: Device): Task<void> {
  const { hdm, uport } = portOf(endpoint);
  if (hdm !== null && !pciFunctionOf(memdevOf(uport).pciDevice).isDisconnected) hdmEnable(hdm).set(false);
});

const disableMemory = task("cxl_port.disableMemory", function* (kernel: Kernel, endpoint: Device): Task<void> {
  const { pciDevice } = memdevOf(portOf(endpoint).uport);
  if (!pciFunctionOf(pciDevice).isDisconnected) deviceDvsec(kernel, pciDevice)?.control.modify({ memoryEnable: 0 });
});

/** HDM decoders and CXL.mem on, unless firmware did it (4.3). @throws SystemError ENODEV no decoders and no memory enabled */
function enableDecoding(kernel: Kernel, endpoint: Device): void {
  const { hdm, uport } = portOf(endpoint);
  const { pciDevice } = memdevOf(uport);
  const dvsec = deviceDvsec(kernel, pciDevice);
  if (hdm === null || dvsec === undefined) throw new SystemError("ENODEV", `${endpoint.name} has no HDM decoders`);
  const enable = hdmEnable(hdm);
  if (enable.isOn()) return;
  enable.set(true);
  manage(endpoint, "hdm", disableHdm);
  if (dvsec.control.get("memoryEnable") === 1) return;
  dvsec.control.modify({ memoryEnable: 1 });
  manage(endpoint, "memory", disableMemory);
}

const probePort = task("cxl_port.probe", function* (kernel: Kernel, port: Device): Task<void> {
  const record = portOf(port);
  yield* readCdat(kernel, port);
  if (record.kind !== "endpoint") {
    manage(port, "below", releasePort);
    return;
  }
  evaluateCdat(kernel, port);
  const { components } = memdevOf(record.uport);
  if (components === null) throw new SystemError("ENXIO", `${port.name} has no component registers`);
  manage(port, "detach", scheduleDetach);
  openPortHdm(kernel, port, components);
  manage(port, "registers", dropEndpointRegisters);
  unmaskRas(kernel, memdevOf(record.uport).pciDevice, components);
  enableDecoding(kernel, port);
  manage(port, "decoders", removeDecoders);
  yield* enumerateDecoders(kernel, port, record.uport);
  yield* discoverRegions(kernel, port);
});

export const portDriver: Driver = reportingTrouble({
  name: "cxl_port", bus: cxlBus, match: (_kernel, device) => isPort(device) && portOf(device).kind !== "root", probe: probePort,
  remove: task("cxl_port.remove", function* (): Task<void> {}),
});
