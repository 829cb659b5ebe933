// What the kernel knows of a memory device beside its memdev (cxl_memdev_state): mailbox, capacity, and the state of each service on it.

import type { CommandName } from "../../../registers/commands.ts";
import type { Device } from "../base/device.ts";
import type { Kernel } from "../base/kernel.ts";
import { defineState } from "../base/kernel.ts";
import type { Coordinates } from "../mm/access-coordinates.ts";
import { releaseRegion } from "../resource/resource.ts";
import type { DeviceRegisters } from "./device-registers.ts";

/** Who waits for a message of the device. */
export type VectorUser = "mailbox" | "events";

export interface DeviceState {
  /** The PCI function. */
  readonly device: Device;
  readonly registers: DeviceRegisters;
  /** Commands that the Command Effects Log names. */
  readonly commands: Set<CommandName>;
  /** Commands that user space may not send now: a driver has them to itself. */
  readonly exclusive: Set<CommandName>;
  /** Users of each message number. */
  readonly vectors: Map<number, Set<VectorUser>>;
  /** Bytes of the mailbox's payload. */
  payloadSize: number;
  /** Who waited in vain once gets it next. Tickets count those who asked. */
  readonly mailboxLock: { isHeld: boolean; heir: number | null; next: number };
  /** The memdev, once it is registered. */
  memdev: Device | null;
  firmwareVersion: string;
  /** Bytes. */
  labelSize: bigint;
  capacity: { readonly ram: bigint; readonly pmem: bigint };
  /** Of each partition, as far as the platform gives figures and some window has the class; null: nothing is known. */
  readonly performance: { ram: PartitionPerformance | null; pmem: PartitionPerformance | null };
  /** Media errors that the list can hold, as far as the kernel reads them. */
  poisonListSize: number;
  isPoisonHeld: boolean;
  /** Sanitize under way: seconds to the next look at it; 0: none. `pollAt`: virtual time of that look. */
  readonly sanitize: { isActive: boolean; pollSeconds: number; pollAt: number };
  /** Flags of Get Security State as last read. */
  security: number;
  readonly events: { isHeld: boolean; readonly threads: Map<number, EventThread> };
  readonly upload: FirmwareUpload;
}

/** What a partition can do (cxl_dpa_perf). */
export interface PartitionPerformance {
  /** DPA that the figures hold for, bytes. */
  readonly start: bigint;
  readonly size: bigint;
  /** From the processors to the media. */
  readonly coordinates: Coordinates;
  /** The device's own, as its CDAT gives them. */
  readonly own: Coordinates;
  readonly qosClass: number;
}

/** The handler of one vector that reads event logs. */
export interface EventThread {
  isRunning: boolean;
  /** An interrupt came while it ran. */
  isPending: boolean;
}

export type UploadStep = "idle" | "receiving" | "preparing" | "transferring" | "programming";

/** The firmware upload files of a memdev (fw_upload class). */
export interface FirmwareUpload {
  step: UploadStep;
  bytes: number[];
  remaining: number;
  /** "step:error" of the last upload; empty: none. */
  error: string;
  isCancelled: boolean;
}

const states = defineState("cxl.devices", () => ({ byFunction: new Map<number, DeviceState>() }));

export function addDeviceState(kernel: Kernel, device: Device, registers: DeviceRegisters): DeviceState {
  const state: DeviceState = {
    device, registers, commands: new Set(), exclusive: new Set(), vectors: new Map(), payloadSize: 0, mailboxLock: { isHeld: false, heir: null, next: 0 }, memdev: null, firmwareVersion: "", labelSize: 0n, capacity: { ram: 0n, pmem: 0n }, performance: { ram: null, pmem: null }, poisonListSize: 0, isPoisonHeld: false,
    sanitize: { isActive: false, pollSeconds: 0, pollAt: -1 }, security: 0, events: { isHeld: false, threads: new Map() },
    upload: { step: "idle", bytes: [], remaining: 0, error: "", isCancelled: false },
  };
  states(kernel).byFunction.set(device.id, state);
  return state;
}

/** State of the PCI function with this device id, while cxl_pci holds it. */
export const deviceStateOf = (kernel: Kernel, deviceId: number): DeviceState | undefined => states(kernel).byFunction.get(deviceId);

export function dropDeviceState(kernel: Kernel, device: Device): void {
  const registers = states(kernel).byFunction.get(device.id)?.registers;
  for (const resource of registers?.claimed ?? []) releaseRegion(kernel, resource);
  registers?.handle.unmap();
  states(kernel).byFunction.delete(device.id);
}
