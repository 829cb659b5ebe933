// The records of dax regions and dax devices (dax-memory sections 1 and 2).

import type { Device, DeviceType } from "../base/device.ts";
import type { FileRange, MappableFile } from "../mm/mapping.ts";

/** What the parent of a dax region brings: the data of the `dax_regionN` device that the cxl region driver adds. */
export interface DaxRegionParent {
  readonly range: { readonly start: bigint; readonly size: bigint };
  /** Region id. */
  readonly id: number;
  readonly targetNode: number;
}

export interface DaxRegion {
  readonly parent: Device;
  readonly id: number;
  readonly start: bigint;
  readonly size: bigint;
  readonly align: bigint;
  readonly targetNode: number;
  /** Default driver is kmem. */
  readonly prefersKmem: boolean;
  readonly memmapOnMemory: boolean;
  /** Type of its devices on the dax bus, with their attributes. */
  readonly deviceType: DeviceType;
  /** Every dax device, in order of creation. */
  readonly devices: Device[];
  nextInstance: number;
  /** First device that no driver has bound yet. */
  seed: Device | null;
  youngest: Device | null;
}

/** A dax device is the file that processes map. */
export interface DaxDevice extends MappableFile {
  readonly region: DaxRegion;
  readonly instance: number;
  readonly minor: number;
  readonly ranges: FileRange[];
  align: bigint;
  isAlive: boolean;
  /** Its pages are a file system's (driver fsdev_dax). */
  isFileSystem: boolean;
  memmapOnMemory: boolean;
}

export const pageSize = 4096n;
export const hugePageSize = 0x20_0000n;
export const gigaPageSize = 0x4000_0000n;

export const deviceMajor = 251;
export const daxBus = "dax";
export const daxRegionTypeName = "cxl_dax_region";

/** The record of a device on the dax bus. */
export const daxDeviceOf = (device: Device): DaxDevice => device.data as DaxDevice;
