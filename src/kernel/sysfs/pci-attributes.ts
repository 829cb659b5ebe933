// What a PCI function's directory says of it (sysfs-bus-pci; drivers/pci/pci-sysfs.c): identity, resources, link, interrupts, power.

import type { Task } from "../../sim/task.ts";
import { task } from "../../sim/task.ts";
import type { Device } from "../base/device.ts";
import { SystemError } from "../base/errno.ts";
import type { Kernel } from "../base/kernel.ts";
import { parseUnsigned } from "../base/parse.ts";
import type { Bar, PciFunction } from "../pci/device.ts";
import { disableDevice, enableDevice, findCapability, pciFunctionOf } from "../pci/device.ts";
import { capabilityIds, headerOf, pcieOf } from "../pci/registers.ts";
import type { Resource } from "../resource/resource.ts";
import type { Node } from "./node.ts";
import { directory, file } from "./node.ts";
import { configNode } from "./pci-config.ts";
import { ueventNode } from "./uevent.ts";

const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, "0");
const upper = (value: number, digits: number): string => hex(value, digits).toUpperCase();

/** Flags of resources as the kernel numbers them (include/linux/ioport.h); the low bits of a BAR are its own. */
const flags = { memory: 0x200, prefetch: 0x2000, sizeAlign: 0x4_0000, is64Bit: 0x10_0000, unset: 0x2000_0000 } as const;
const ownBits = { is64Bit: 4, prefetchable: 8, window64Bit: 1 } as const;
const resourceLines = { bars: 6, rom: 1, virtualFunctions: 6 } as const;

function line(start: bigint, end: bigint, bits: number): string {
  const digits = (value: bigint): string => `0x${value.toString(16).padStart(16, "0")}`;
  return `${digits(start)} ${digits(end)} ${digits(BigInt(bits))}\n`;
}

const emptyLine = line(0n, 0n, 0);

function barLine(bar: Bar): string {
  let bits: number = flags.memory + flags.sizeAlign;
  if (bar.isPrefetchable) bits += flags.prefetch + ownBits.prefetchable;
  if (bar.is64Bit) bits += flags.is64Bit + ownBits.is64Bit;
  return bar.resource === null ? line(0n, bar.size - 1n, bits + flags.unset) : line(bar.resource.start, bar.resource.end, bits);
}

const windowLine = (window: Resource | null, bits: number): string => (window === null ? emptyLine : line(window.start, window.end, bits));

/** BARs, expansion ROM, those of virtual functions, and of a bridge its windows: I/O (none here), memory, prefetchable, one unused. */
function resourceTable(record: PciFunction): string {
  const bars = Array.from({ length: resourceLines.bars }, (_, index) => record.bars.find((bar) => bar.index === index));
  const own = bars.map((bar) => (bar === undefined ? emptyLine : barLine(bar))).join("") + emptyLine.repeat(resourceLines.rom + resourceLines.virtualFunctions);
  if (record.bridge === null) return own;
  const { memory, prefetchable } = record.bridge.windows;
  return own + emptyLine + windowLine(memory, flags.memory) + windowLine(prefetchable, flags.memory + flags.prefetch + flags.is64Bit + ownBits.window64Bit) + emptyLine;
}

interface Subsystem {
  readonly vendor: number;
  readonly device: number;
}

/** Of a bridge: what a subsystem capability says; none has one here. */
function subsystemOf(kernel: Kernel, record: PciFunction): Subsystem {
  if (record.bridge !== null) return { vendor: 0, device: 0 };
  const raw = headerOf(kernel, record.address).subsystemId.get("value");
  return { vendor: raw & 0xffff, device: raw >>> 16 };
}

function moduleAlias(kernel: Kernel, record: PciFunction): string {
  const { vendor, device } = subsystemOf(kernel, record);
  const { classCode } = record;
  return `pci:v${upper(record.vendor, 8)}d${upper(record.device, 8)}sv${upper(vendor, 8)}sd${upper(device, 8)}bc${upper(classCode >>> 16, 2)}sc${upper((classCode >>> 8) & 0xff, 2)}i${upper(classCode & 0xff, 2)}`;
}

function uevent(kernel: Kernel, device: Device): string {
  const record = pciFunctionOf(device);
  const { vendor, device: id } = subsystemOf(kernel, record);
  const driver = device.driver === null ? "" : `DRIVER=${device.driver.name}\n`;
  return `${driver}PCI_CLASS=${upper(record.classCode, 4)}\nPCI_ID=${upper(record.vendor, 4)}:${upper(record.device, 4)}\nPCI_SUBSYS_ID=${upper(vendor, 4)}:${upper(id, 4)}\nPCI_SLOT_NAME=${device.name}\nMODALIAS=${moduleAlias(kernel, record)}\n`;
}

/** By the number that link registers have for a speed. */
const speeds: Readonly<Record<number, string>> = { 1: "2.5 GT/s PCIe", 2: "5.0 GT/s PCIe", 3: "8.0 GT/s PCIe", 4: "16.0 GT/s PCIe", 5: "32.0 GT/s PCIe", 6: "64.0 GT/s PCIe" };
const speedText = (number: number): string => speeds[number] ?? "Unknown";

/** @throws SystemError EINVAL no PCIe capability, or no answer */
function pcieRegisters(kernel: Kernel, device: Device): ReturnType<typeof pcieOf> {
  const at = findCapability(kernel, device, capabilityIds.pcie);
  if (at === undefined) throw new SystemError("EINVAL", `${device.name} has no PCIe capability`);
  return pcieOf(kernel, pciFunctionOf(device).address, at);
}

/** With MSI the first message's number; else that of INTx, of which functions here have none. */
const interruptOf = (record: PciFunction): number => (record.messages !== null && record.messages.table === null ? record.messages.data : 0);

function messageFiles(record: PciFunction): ReadonlyMap<string, Node> {
  const { messages } = record;
  if (messages === null) return new Map();
  const kind = messages.table === null ? "msi" : "msix";
  return new Map(Array.from({ length: messages.count }, (_, n) => [String(messages.data + n), file(() => `${kind}\n`)] as const));
}

/** @throws SystemError EINVAL no number; EBUSY a driver has the function; EIO it is not enabled; ENODEV it does not answer */
const storeEnable = task("enable.store", function* (kernel: Kernel, device: Device, text: string): Task<void> {
  let isOn: boolean;
  try {
    isOn = parseUnsigned(text) !== 0n;
  } catch (thrown) {
    if (!(thrown instanceof SystemError)) throw thrown;
    throw new SystemError("EINVAL", thrown.message);
  }
  if (device.driver !== null) throw new SystemError("EBUSY", `${device.name} is ${device.driver.name}'s`);
  if (isOn) enableDevice(kernel, device);
  else if (pciFunctionOf(device).enableCount === 0) throw new SystemError("EIO", `${device.name} is not enabled`);
  else disableDevice(kernel, device);
});

/** Files of every function; what a running machine here never changes is a constant. */
export function functionFiles(kernel: Kernel, device: Device): readonly (readonly [string, Node])[] {
  const record = pciFunctionOf(device);
  const text = (name: string, show: () => string | number): readonly [string, Node] => [name, file(() => `${show()}\n`)];
  const files: (readonly [string, Node])[] = [
    ["config", configNode(kernel, device)],
    ["enable", file(() => `${record.enableCount}\n`, (value) => storeEnable(kernel, device, value))],
    ["resource", file(() => resourceTable(record))],
    ["uevent", ueventNode(kernel, () => uevent(kernel, device))],
    text("ari_enabled", () => 0),
    text("broken_parity_status", () => 0),
    text("current_link_speed", () => speedText(pcieRegisters(kernel, device).linkStatus.get("speed"))),
    text("current_link_width", () => pcieRegisters(kernel, device).linkStatus.get("width")),
    text("d3cold_allowed", () => 1),
    text("irq", () => interruptOf(record)),
    text("local_cpulist", () => 0),
    text("local_cpus", () => 1),
    text("max_link_speed", () => speedText(pcieRegisters(kernel, device).linkCapabilities.get("maxSpeed"))),
    text("max_link_width", () => pcieRegisters(kernel, device).linkCapabilities.get("maxWidth")),
    text("modalias", () => moduleAlias(kernel, record)),
    text("msi_bus", () => 1),
    text("power_state", () => "D0"),
    text("subsystem_device", () => `0x${hex(subsystemOf(kernel, record).device, 4)}`),
    text("subsystem_vendor", () => `0x${hex(subsystemOf(kernel, record).vendor, 4)}`),
  ];
  if (record.messages !== null) files.push(["msi_irqs", directory(() => messageFiles(record))]);
  return files;
}
