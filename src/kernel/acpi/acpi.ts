// ACPI's part of boot: tables, the memory map in /proc/iomem, and what _OSC grants on each CXL host bridge (timeout-isolation.md section 9).

import type { AcpiHostBridge, OscRequest } from "../../platform/platform.ts";
import type { Device, DeviceType } from "../base/device.ts";
import { addDevice, linkDevice } from "../base/device.ts";
import type { Kernel } from "../base/kernel.ts";
import { defineState, printk } from "../base/kernel.ts";
import { isPlanned } from "../base/module-plan.ts";
import { createResource, insertConflict, iomem } from "../resource/resource.ts";
import { addSoftReserved, softReservedName } from "../resource/soft-reserved.ts";
import type { Cedt } from "./cedt.ts";
import { parseCedt } from "./cedt.ts";
import { initializeGenericPorts } from "./hmat.ts";
import { initializeNodes } from "./srat.ts";
import { findTable, loadTables } from "./tables.ts";

const grants = defineState("acpi.osc", () => ({ byUid: new Map<number, OscRequest>() }));
const nothing: OscRequest = { isolationControl: false, isolationNotification: false };

/** What the platform lets the operating system control below the host bridge with this UID. */
export const oscGranted = (kernel: Kernel, uid: number): OscRequest => grants(kernel).byUid.get(uid) ?? nothing;

/** Asks for what policy wants to use; the answer may be less. */
function negotiate(kernel: Kernel, bridge: AcpiHostBridge, index: number): void {
  const wants = kernel.policy.isolationAction !== "none";
  const name = `ACPI0016:${index.toString(16).padStart(2, "0")}`;
  const granted = kernel.platform.firmware.osc(bridge.uid, { isolationControl: wants, isolationNotification: wants, memoryErrors: true });
  grants(kernel).byUid.set(bridge.uid, granted);
  const list = [...(granted.memoryErrors === true ? ["CXLMemErrorReporting"] : []), ...(granted.isolationControl ? ["CXLIsolation"] : []), ...(granted.isolationNotification ? ["CXLIsolationNotify"] : [])];
  printk(kernel, "info", `acpi ${name}: _OSC: OS now controls [PCIeHotplug AER PCIeCapability]`);
  printk(kernel, "info", `acpi ${name}: _OSC: OS now controls [${list.join(" ")}]`);
}

const nodeType: DeviceType = { name: "acpi", attributes: [] };
const namespaceState = defineState("acpi.namespace", () => ({ byUid: new Map<number, Device>() }));

/** Namespace devices of the host bridges, below /sys/devices/LNXSYSTM:00/LNXSYBUS:00. */
function addNamespace(kernel: Kernel): void {
  const system = addDevice(kernel, { name: "LNXSYSTM:00", bus: null, type: nodeType, parent: null, data: {} });
  const bus = addDevice(kernel, { name: "LNXSYBUS:00", bus: null, type: nodeType, parent: system, data: {} });
  for (const [index, bridge] of kernel.platform.firmware.hostBridges.entries()) {
    const name = `ACPI0016:${index.toString(16).padStart(2, "0")}`;
    namespaceState(kernel).byUid.set(bridge.uid, addDevice(kernel, { name, bus: null, type: nodeType, parent: bus, data: {} }));
  }
}

/** Gives a host bridge its `firmware_node` link. */
export function linkFirmwareNode(kernel: Kernel, uid: number, device: Device): void {
  const node = namespaceState(kernel).byUid.get(uid);
  if (node !== undefined) linkDevice(device, "firmware_node", node);
}

const mapNames = { usable: "System RAM", reserved: "Reserved", "soft-reserved": softReservedName } as const;
const mapKinds = { usable: "System RAM", reserved: "device reserved", "soft-reserved": "soft reserved" } as const;

function addMemoryMap(kernel: Kernel): void {
  const entries = kernel.platform.firmware.memoryMap ?? [];
  const range = (start: bigint, end: bigint): string => `0x${start.toString(16).padStart(16, "0")}-0x${end.toString(16).padStart(16, "0")}`;
  if (entries.length > 0) printk(kernel, "info", "BIOS-provided physical RAM map:");
  let next = 0n;
  for (const { base, size, kind } of entries) {
    if (base > next) printk(kernel, "info", `BIOS-e820: [gap ${range(next, base - 1n)}]`);
    printk(kernel, "info", `BIOS-e820: [mem ${range(base, base + size - 1n)}]  ${mapKinds[kind]}`);
    next = base + size;
    if (kind === "soft-reserved") addSoftReserved(kernel, base, size);
    // Soft Reserved lives in a tree of its own, unless policy has it in iomem as before (S39), or nobody is there to use it (S62).
    if (kind === "soft-reserved" && kernel.policy.softReserved.publication !== "always" && isPlanned(kernel, "dax_hmem")) continue;
    insertConflict(iomem(kernel), createResource(mapNames[kind], base, size, kind === "usable"));
  }
}

/** Tables and memory map: the first thing at boot. */
export function initializeAcpi(kernel: Kernel): void {
  addMemoryMap(kernel);
  loadTables(kernel);
  initializeNodes(kernel);
  initializeGenericPorts(kernel);
  addNamespace(kernel);
  for (const [index, bridge] of kernel.platform.firmware.hostBridges.entries()) negotiate(kernel, bridge, index);
}

/** The CEDT's contents, or undefined without one. */
export function readCedt(kernel: Kernel): Cedt | undefined {
  const table = findTable(kernel, "CEDT");
  return table === undefined ? undefined : parseCedt(table.bytes);
}
