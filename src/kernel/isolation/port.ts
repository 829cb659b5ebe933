// The Timeout & Isolation registers of a root port by name (CXL 3.2 8.2.4.24).

import { timeoutIsolation } from "../../../registers/timeout-isolation.ts";
import type { StructureAccess } from "../../platform/registers.ts";
import { structureAt } from "../../platform/registers.ts";
import type { Device } from "../base/device.ts";
import { SystemError } from "../base/errno.ts";
import type { Kernel } from "../base/kernel.ts";
import { defineState } from "../base/kernel.ts";
import { capabilityIds, capabilityOffset, findComponentBlock, mapComponents } from "../cxl/registers.ts";
import { isRootPort, pciFunctionOf } from "../pci/device.ts";
import { hostBridgeOf } from "../pci/buses.ts";

export type IsolationRegisters = StructureAccess<typeof timeoutIsolation>;

const mapped = defineState("isolation.registers", () => ({ byPort: new Map<number, IsolationRegisters>() }));

/** Root ports in order of discovery. */
export const rootPorts = (kernel: Kernel): Device[] => [...kernel.devices.values()].filter(isRootPort);

/** UID of the host bridge above a root port. */
export const bridgeUidOf = (port: Device): number => hostBridgeOf(pciFunctionOf(port).hostBridge).uid;

/** The capability's registers, mapped once; undefined where the port has none. */
export function isolationRegisters(kernel: Kernel, port: Device): IsolationRegisters | undefined {
  const { byPort } = mapped(kernel);
  const known = byPort.get(port.id);
  if (known !== undefined) return known;
  const registers = mapIsolation(kernel, port);
  if (registers !== undefined) byPort.set(port.id, registers);
  return registers;
}

function mapIsolation(kernel: Kernel, port: Device): IsolationRegisters | undefined {
  try {
    const block = findComponentBlock(kernel, port);
    if (block === undefined) return undefined;
    const components = mapComponents(kernel, block);
    const offset = capabilityOffset(components, capabilityIds.timeoutIsolation);
    if (offset !== undefined) return structureAt(components.handle, offset, timeoutIsolation);
    components.handle.unmap();
  } catch (thrown) {
    if (!(thrown instanceof SystemError)) throw thrown;
  }
  return undefined;
}
