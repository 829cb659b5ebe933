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

const grants = defineState("acpi.osc", () => ({ byUid: new Map<number, OscRequest>(), wantsIsolation: false }));
const nothing: OscRequest = { isolationControl: false, isolationNotification: false };

/** What the platform lets the operating system control below the host bridge with this UID. */
export const oscGranted = (kernel: Kernel, uid: number): OscRequest => grants(kernel).byUid.get(uid) ?? nothing;

/** Some driver can deal with isolation, so that boot will ask for it. */
export function wantIsolation(kernel: Kernel): void {
  grants(kernel).wantsIsolation = true;
}

/** Asks for what drivers want to use; the answer may be less. */
function negotiate(kernel: Kernel, bridge: AcpiHostBridge, index: number): void {
  const wants = grants(kernel).wantsIsolation;
  const name = `ACPI0016:${index.toString(16).padStart(2, "0")}`;
  const granted = kernel.platform.firmware.osc(bridge.uid, { isolationControl: wants, isolationNotification: wants, memoryErrors: true });
  grants(kernel).byUid.set(bridge.uid, granted);
  const list = [...(granted.memoryErrors === true ? ["CXLMemErrorReporting"] : []), ...(granted.isolationControl ? ["CXLIsolation"] : []), ...(granted.isolationNotification ? ["CXLIsolationNotify"] : [])];
  printk(kernel, "info", `acpi ${name}: _OSC: OS now controls [PCIeHotplug AER PCIeCapability]`);
  printk(kernel, "info", `acpi ${name}: _OSC: OS now controls [${list.join(" ")}]`);
}

const present = 0xf;
/** A device of the namespace: its identifiers as its firmware gives them. */
const nodeType = (identifiers: readonly string[], uid?: number): DeviceType => ({
  name: "acpi",
  attributes: [
    { name: "hid", show: () => `${identifiers[0] ?? ""}\n` }, { name: "modalias", show: () => `acpi:${identifiers.map((one) => `${one}:`).join("")}\n` }, { name: "status", show: () => `${present}\n` },
    ...(uid === undefined ? [] : [{ name: "uid", show: (): string => `${uid}\n` }]),
  ],
});
const acpiBus = "acpi";
const namespaceState = defineState("acpi.namespace", () => ({ byUid: new Map<number, Device>(), root: null as Device | null }));

const rootName = "ACPI0017:00";
/** What every CXL host bridge is beside ACPI0016: a PCI Express and a PCI host bridge. */
const bridgeIdentifiers = ["ACPI0016", "PNP0A08", "PNP0A03"];

/** Namespace devices of the CXL root and of the host bridges, below /sys/devices/LNXSYSTM:00/LNXSYBUS:00. */
function addNamespace(kernel: Kernel): void {
  const system = addDevice(kernel, { name: "LNXSYSTM:00", bus: acpiBus, type: nodeType(["LNXSYSTM"]), parent: null, data: {} });
  const bus = addDevice(kernel, { name: "LNXSYBUS:00", bus: acpiBus, type: nodeType(["LNXSYBUS"]), parent: system, data: {} });
  if (findTable(kernel, "CEDT") !== undefined) namespaceState(kernel).root = addDevice(kernel, { name: rootName, bus: acpiBus, type: nodeType(["ACPI0017"]), parent: bus, data: {} });
  for (const [index, bridge] of kernel.platform.firmware.hostBridges.entries()) {
    const name = `ACPI0016:${index.toString(16).padStart(2, "0")}`;
    namespaceState(kernel).byUid.set(bridge.uid, addDevice(kernel, { name, bus: acpiBus, type: nodeType(bridgeIdentifiers, bridge.uid), parent: bus, data: {} }));
  }
}

function linkBoth(device: Device, node: Device | null | undefined): void {
  if (node === null || node === undefined) return;
  linkDevice(device, "firmware_node", node);
  linkDevice(node, "physical_node", device);
}

/** Gives a host bridge its `firmware_node` link, and its device of the namespace the way back. */
export const linkFirmwareNode = (kernel: Kernel, uid: number, device: Device): void => linkBoth(device, namespaceState(kernel).byUid.get(uid));
/** The same for the platform device of the CXL root. */
export const linkRootFirmwareNode = (kernel: Kernel, device: Device): void => linkBoth(device, namespaceState(kernel).root);

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
