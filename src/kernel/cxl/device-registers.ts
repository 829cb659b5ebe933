// CXL device registers of a memory device: found by the register locator and the capability array, read by name (device-registers.md 1, 2).

import { deviceCapabilities, deviceCapabilityIds, deviceStatus, memoryDeviceStatus, primaryMailbox } from "../../../registers/device-block.ts";
import type { IoHandle } from "../../platform/platform.ts";
import type { RegisterAccess } from "../../platform/registers.ts";
import { decode, registerAt } from "../../platform/registers.ts";
import type { Device } from "../base/device.ts";
import { SystemError } from "../base/errno.ts";
import type { Kernel } from "../base/kernel.ts";
import { printk } from "../base/kernel.ts";
import type { Resource } from "../resource/resource.ts";
import { requestRegion } from "../resource/resource.ts";
import { blockIds, findBlock } from "./registers.ts";

/** The mapped device block; offsets are bytes from its start. */
export interface DeviceRegisters {
  readonly handle: IoHandle;
  readonly status: number;
  readonly mailbox: number;
  readonly memoryStatus: number;
  /** Their ranges in /proc/iomem. */
  readonly claimed: readonly Resource[];
}

/** Registers of the first capability's header; the others follow at `headerStride`. */
const { array, header1, length1 } = deviceCapabilities.registers;
const headerStride = header1.offset;
const firstVendorId = 0x8000;
/** Enough for the capability array alone. */
export const arraySize = 0x1000n;
const hex = (value: number | bigint): string => `0x${value.toString(16)}`;

interface Found {
  readonly offsets: ReadonlyMap<number, number>;
  /** Bytes of each capability. */
  readonly lengths: ReadonlyMap<number, number>;
  /** Bytes that the capabilities reach. */
  readonly end: number;
}

const names: Readonly<Record<number, string>> = {
  [deviceCapabilityIds.deviceStatus]: "Status", [deviceCapabilityIds.primaryMailbox]: "Mailbox", [deviceCapabilityIds.secondaryMailbox]: "Secondary Mailbox", [deviceCapabilityIds.memoryDeviceStatus]: "Memory Device",
};

export interface DeviceCapability {
  readonly id: number;
  /** Bytes from the start of the block. */
  readonly offset: number;
  readonly length: number;
}

/** Entries of the capability array, each read when it is asked for. */
export function* deviceArray(handle: IoHandle): Generator<DeviceCapability> {
  const head = registerAt(handle, 0, array).read();
  if (head.id !== 0) return;
  for (let n = 0; n < head.count && (n + 2) * headerStride <= handle.size; n++) {
    const header = registerAt(handle, n * headerStride, header1);
    yield { id: header.get("id"), offset: header.get("offset"), length: registerAt(handle, n * headerStride, length1).get("length") };
  }
}

/** Reads the capability array; ids that nobody knows are skipped. */
function readArray(kernel: Kernel, device: Device, handle: IoHandle): Found {
  const offsets = new Map<number, number>();
  const lengths = new Map<number, number>();
  let end = 0;
  for (const { id, offset, length } of deviceArray(handle)) {
    if (names[id] === undefined) {
      printk(kernel, "debug", `cxl_pci ${device.name}: ${id >= firstVendorId ? "Vendor" : "Unknown"} cap ID: ${hex(id)} offset: ${hex(offset)}`);
      continue;
    }
    printk(kernel, "debug", `cxl_pci ${device.name}: found ${names[id]} capability (${hex(offset)})`);
    offsets.set(id, offset);
    lengths.set(id, length);
    end = Math.max(end, offset + length);
  }
  return { offsets, lengths, end };
}

/**
 * Finds and maps the device registers.
 * @throws SystemError ENXIO no such block, or one of device status, primary mailbox and memory device status is missing
 */
export function mapDeviceRegisters(kernel: Kernel, device: Device): DeviceRegisters {
  const block = findBlock(kernel, device, blockIds.device);
  if (block === undefined) throw new SystemError("ENXIO", `${device.name} has no device registers`);
  printk(kernel, "debug", `cxl_pci ${device.name}: Mapped CXL Memory Device resource 0x${block.base.toString(16).padStart(16, "0")}`);
  const probe = kernel.platform.ioremap(block.base, block.size < arraySize ? block.size : arraySize);
  const found = readArray(kernel, device, probe);
  probe.unmap();
  const status = found.offsets.get(deviceCapabilityIds.deviceStatus);
  const mailbox = found.offsets.get(deviceCapabilityIds.primaryMailbox);
  const memoryStatus = found.offsets.get(deviceCapabilityIds.memoryDeviceStatus);
  if (status === undefined || mailbox === undefined || memoryStatus === undefined || BigInt(found.end) > block.size) {
    const missing = [status === undefined ? "status " : "", mailbox === undefined ? "mbox " : "", memoryStatus === undefined ? "memdev " : ""].join("");
    printk(kernel, "err", `cxl_pci ${device.name}: registers not found: ${missing}`);
    throw new SystemError("ENXIO", `${device.name}: device registers missing: ${missing}`);
  }
  printk(kernel, "debug", `cxl_pci ${device.name}: Probing device registers...`);
  const used = [deviceCapabilityIds.deviceStatus, deviceCapabilityIds.primaryMailbox, deviceCapabilityIds.memoryDeviceStatus];
  const claimed = used.flatMap((id) => requestRegion(kernel, block.base + BigInt(found.offsets.get(id) ?? 0), BigInt(found.lengths.get(id) ?? 0), device.name) ?? []);
  return { handle: kernel.platform.ioremap(block.base, BigInt(found.end)), status, mailbox, memoryStatus, claimed };
}

type MailboxRegister = Exclude<keyof typeof primaryMailbox.registers, symbol>;

/** One register of the primary mailbox. */
export const mailboxRegister = <N extends MailboxRegister>(registers: DeviceRegisters, name: N): RegisterAccess<(typeof primaryMailbox.registers)[N]> => registerAt(registers.handle, registers.mailbox, primaryMailbox.registers[name]);
export const memoryStatusOf = (registers: DeviceRegisters) => decode(memoryDeviceStatus.registers.status, registers.handle.read64(registers.memoryStatus));
/** The lower half of the event status, one bit a log. */
export const eventStatusOf = (registers: DeviceRegisters): number => registers.handle.read32(registers.status + deviceStatus.registers.eventStatus.offset);

const percentDone = 100;

/** True when no background operation runs any more. */
export const isBackgroundDone = (registers: DeviceRegisters): boolean => mailboxRegister(registers, "background").get("percentage") === percentDone;

/** Media ready and its register answering: `mediaStatus` as the declaration names its values. */
export const mediaReady = 1;

/** What a device says of itself when it refuses (text of the driver's messages). */
export function describeState(registers: DeviceRegisters): string {
  const status = memoryStatusOf(registers);
  return `device state ${status.deviceFatal === 1 ? " fatal" : ""}${status.firmwareHalt === 1 ? " firmware-halt" : ""}`;
}

const wordBytes = 4;

/** Copies bytes to a place of the block: dwords, then what is left as a word and a byte (memcpy_toio). */
export function writeBytes(handle: IoHandle, at: number, bytes: Uint8Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let done = 0;
  for (; done + wordBytes <= bytes.length; done += wordBytes) handle.write32(at + done, view.getUint32(done, true));
  if (bytes.length - done >= 2) {
    handle.write16(at + done, view.getUint16(done, true));
    done += 2;
  }
  if (bytes.length > done) handle.write8(at + done, view.getUint8(done));
}

/** Copies `count` bytes from a place of the block (memcpy_fromio). */
export function readBytes(handle: IoHandle, at: number, count: number): Uint8Array {
  const bytes = new Uint8Array(count);
  const view = new DataView(bytes.buffer);
  let done = 0;
  for (; done + wordBytes <= count; done += wordBytes) view.setUint32(done, handle.read32(at + done), true);
  if (count - done >= 2) {
    view.setUint16(done, handle.read16(at + done), true);
    done += 2;
  }
  if (count > done) view.setUint8(done, handle.read8(at + done));
  return bytes;
}
