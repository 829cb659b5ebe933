// From a memdev up to its host bridge: the ports between are found or made, top down, each with the dport that leads on, and the memdev is
// recorded at each of them (devm_cxl_enumerate_ports; region-assembly 4.2). A switch's port goes with the last memdev below it (section 5).

import type { Task } from "../../sim/task.ts";
import { task } from "../../sim/task.ts";
import type { Device } from "../base/device.ts";
import { SystemError } from "../base/errno.ts";
import type { Kernel } from "../base/kernel.ts";
import { mark, printk } from "../base/kernel.ts";
import { failStep } from "../base/steps.ts";
import { portAbove } from "../pci/device.ts";
import { isHostBridge } from "../pci/enumerate.ts";
import { addDport, addPort, bindPort, lockPort, removePort, unlockPort } from "./port.ts";
import { findComponentBlock } from "./registers.ts";
import type { Dport } from "./types.ts";
import { cxlState, isPort, memdevOf, portOf } from "./types.ts";

/** One level of the way down: a root or downstream port, and the host bridge or upstream port whose CXL port it is a dport of. */
interface Level {
  readonly dport: Device;
  readonly uport: Device;
}

/** Levels from the host bridge down to the port that a function is plugged into; undefined where no host bridge is above. */
function levelsAbove(pciDevice: Device): Level[] | undefined {
  const levels: Level[] = [];
  for (let dport = portAbove(pciDevice); dport?.parent != null; dport = portAbove(dport.parent)) {
    levels.unshift({ dport, uport: dport.parent });
    if (isHostBridge(dport.parent)) return levels;
  }
  return undefined;
}

const childPort = (parent: Device, uport: Device): Device | undefined => parent.children.find((child) => isPort(child) && !child.isDead && portOf(child).uport === uport);

/** The memdev is recorded at a port, which stays as long as it is. */
function recordAt(memdev: Device, port: Device): void {
  portOf(port).memdevs.add(memdev);
  memdevOf(memdev).ports.push(port);
}

/** The CXL port of a switch below a dport, made if it is not there (add_port_attach_ep). @throws SystemError ENXIO the port above has no driver */
const switchPort = task("cxl.switchPort", function* (kernel: Kernel, memdev: Device, parent: Device, above: Dport, uport: Device): Task<Device> {
  yield* lockPort(kernel, parent);
  try {
    let port = childPort(parent, uport);
    if (parent.driver === null) throw new SystemError("ENXIO", `${parent.name} has no driver`);
    if (port === undefined) {
      failStep(kernel, "mem.switchPort", uport.name);
      port = addPort(kernel, { kind: "switch", parent, uport, parentDport: above, componentBlock: findComponentBlock(kernel, uport) ?? null });
      mark(kernel, `${port.name} added`, uport.name);
      yield* bindPort(kernel, port);
    }
    recordAt(memdev, port);
    return port;
  } finally {
    unlockPort(kernel, parent);
  }
});

export interface Place {
  /** The port that the endpoint goes below, and its dport. */
  readonly port: Device;
  readonly dport: Dport;
  /** Every dport on the way, from the host bridge down. */
  readonly way: readonly Dport[];
}

/** @throws SystemError ENXIO */
export function checkEnabled(kernel: Kernel, memdev: Device, port: Device): void {
  if (port.driver !== null) return;
  printk(kernel, "err", `cxl_mem ${memdev.name}: CXL port topology ${port.name} not enabled`);
  throw new SystemError("ENXIO", `${port.name} has no driver`);
}

/**
 * Finds or makes every port above a memdev. Undo it with `leavePorts`, also when it fails.
 * @throws SystemError ENXIO the topology is not there (yet), or a port has no driver; errors of the decoders of a port
 */
export const enumeratePorts = task("cxl.enumeratePorts", function* (kernel: Kernel, memdev: Device): Task<Place> {
  failStep(kernel, "mem.ports", memdev.name, memdevOf(memdev).pciDevice.name);
  const [first, ...inner] = levelsAbove(memdevOf(memdev).pciDevice) ?? [];
  const { root } = cxlState(kernel);
  let port = first === undefined || root === null ? undefined : childPort(root, first.uport);
  if (first === undefined || port === undefined) {
    printk(kernel, "debug", `cxl_mem ${memdev.name}: CXL port topology not found`);
    throw new SystemError("ENXIO", `${memdev.name}: no CXL host bridge above`);
  }
  checkEnabled(kernel, memdev, port);
  let dport = yield* addDport(kernel, port, first.dport);
  recordAt(memdev, port);
  const way = [dport];
  for (const level of inner) {
    port = yield* switchPort(kernel, memdev, port, dport, level.uport);
    checkEnabled(kernel, memdev, port);
    dport = yield* addDport(kernel, port, level.dport);
    way.push(dport);
  }
  return { port, dport, way };
});

/** The memdev leaves the ports above it; a switch's port that nobody needs any more is removed (cxl_detach_ep). */
export const leavePorts = task("cxl.leavePorts", function* (kernel: Kernel, memdev: Device): Task<void> {
  const { ports } = memdevOf(memdev);
  for (let port = ports.pop(); port !== undefined; port = ports.pop()) {
    const { memdevs, depth } = portOf(port);
    memdevs.delete(memdev);
    if (depth > 1 && port.parent !== null) yield* removeUnused(kernel, port.parent, port);
  }
});

const removeUnused = task("cxl.removeUnused", function* (kernel: Kernel, parent: Device, port: Device): Task<void> {
  yield* lockPort(kernel, parent);
  try {
    if (portOf(port).memdevs.size === 0) yield* removePort(kernel, port);
  } finally {
    unlockPort(kernel, parent);
  }
});
