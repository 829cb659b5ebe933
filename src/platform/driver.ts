// The driver plug-in interface: what a driver gives to a kernel and what the kernel gives to it. Types only. Times are virtual nanoseconds (number),
// addresses and sizes bytes (bigint). A hook that may wait is a generator function: inside it services that return a `Task` are called with `yield*`.
// The built-in recovery from isolation (src/drivers/isolation) is written against this page and nothing else.

import type { StructureDeclaration } from "../../registers/schema.ts";
import type { Task } from "../sim/task.ts";
import type { PciAddress } from "./pci-address.ts";
import type { IoHandle, OscRequest, PhysicalMemory } from "./platform.ts";
import type { RegisterBus, StructureAccess } from "./registers.ts";

/** A hook that may wait, or need not. */
export type MaybeTask<T> = T | Task<T>;

/** What a PCI function is in the CXL topology. */
export type FunctionKind = "root-port" | "upstream-port" | "downstream-port" | "endpoint";

/** A PCI function as a driver knows it. */
export interface DriverDevice {
  /** The kernel's number of it; not given again. */
  readonly id: number;
  /** SSSS:BB:DD.F */
  readonly name: string;
  readonly address: PciAddress;
  readonly kind: FunctionKind;
}

/** Every key that is given must fit. */
export interface DriverMatch {
  readonly kind?: FunctionKind;
  /** A structure of the component registers that the function has, by its name in registers/ (`timeoutIsolation`, `ras` ...). */
  readonly capability?: string;
  readonly vendor?: number;
  readonly device?: number;
  /** 24-bit class code, as 0x050210 for a CXL memory device. */
  readonly class?: number;
}

/**
 * A driver. It is bound as a service beside Linux's own driver of the function (as port services are); of two drivers that match one function by the same
 * `capability` the first registered has it, those of a scenario before the built-in ones. With `takesFunction` it is the function's driver itself, before Linux's.
 */
export interface DriverModule {
  /** As modules are named: a-z, 0-9 and _. */
  readonly name: string;
  readonly match: DriverMatch | readonly DriverMatch[];
  readonly takesFunction?: boolean;
  /** Called once per kernel; what the driver keeps for all its devices lives in what it returns. */
  start(kernel: DriverServices): DriverInstance;
}

/** What a driver's `start` gives. */
export interface DriverInstance {
  /** A function that matches: hooks for it, or null when the driver does not want it. An error number thrown here leaves the function without this driver. */
  probe(device: DriverDevice): MaybeTask<DeviceHooks | null>;
}

/** An event record as the device's log had it (CXL 3.2 8.2.10.2.1). */
export interface DriverEvent {
  readonly log: "informational" | "warning" | "failure" | "fatal" | "dynamicCapacity";
  /** 128 bytes. */
  readonly record: Uint8Array;
}

/** Severity of an AER error as the driver is told of it. */
export type ErrorSeverity = "correctable" | "nonfatal" | "fatal";
/** What a driver says to an error: it goes on; it needs a reset first; the function is lost; no opinion. */
export type ErrorAnswer = "can-recover" | "need-reset" | "disconnect" | "none";

/** What is told to a driver of one function. Hooks without a generator run in interrupt context: they may not wait, and start work with `schedule`. */
export interface DeviceHooks {
  /** A message that the driver asked for with `requestInterrupt`. */
  interrupt?(message: number): void;
  /** Somebody else noticed that a port may be isolated: firmware by ACPI notify 0x80, or the first machine check. Read the status before believing it. */
  isolation?(source: "ACPI notify" | "machine check"): void;
  /** AER, once per error that the function reported. `status`: the status register that names it. */
  error?(severity: ErrorSeverity, status: number): MaybeTask<ErrorAnswer>;
  /** The function was reset, its config space put back. */
  resetDone?(): MaybeTask<void>;
  /** Records of the event logs of a memory device, in order of their logs, after Linux has read them. */
  event?(event: DriverEvent): void;
  /** The driver is to let go: the function goes, or the driver does. What it mapped, claimed and bound is taken back afterwards. */
  remove?(): MaybeTask<void>;
}

/** Level of a line in the kernel's log. */
export type DriverLogLevel = "emerg" | "alert" | "crit" | "err" | "warn" | "notice" | "info" | "debug";

/** An error number of the kernel, as a service throws it and a driver may. */
export interface DriverError {
  /** "EBUSY" ... */
  readonly name: string;
  /** Positive. */
  readonly number: number;
  readonly message: string;
}

/** Where a structure lies: on `bus`, `offset` bytes from its start, which is mapped up to `size`. */
export interface RegisterPlace {
  readonly bus: RegisterBus;
  readonly offset: number;
  readonly size: number;
}

/** A file of a driver's in sysfs. */
export interface DriverAttribute {
  /** Its text, with the line end. Absent: it cannot be read. An error number thrown here is what the reader gets. */
  show?(): string;
  /** Takes what was written, with the line end if there was one. Absent: it cannot be written. An error number thrown here is what the writer gets. */
  store?(text: string): MaybeTask<void>;
}

/** A claim in /proc/iomem. */
export interface ClaimedRange {
  release(): void;
}

/** Somebody waits, somebody else wakes. A wake-up with nobody waiting is lost, as in Linux: look at the condition before waiting. */
export interface WaitQueue {
  wait(): Task<void>;
  wake(): void;
}

/** The kernel as a driver sees it. Every call costs what it costs the kernel; nothing here sees behind registers, tables and interrupts. */
export interface DriverServices {
  /** Virtual nanoseconds since power-on. */
  readonly now: number;
  /** Of the scenario's `driver:`, or of the policies for a built-in driver. */
  readonly parameters: Readonly<Record<string, string>>;

  // Registers
  /** Config space of a function: offsets 0..4095. */
  config(device: DriverDevice): RegisterBus;
  /** Component registers of a function, behind its Register Locator; undefined: it has none or they cannot be mapped. Mapped once, taken back at removal. */
  component<S extends StructureDeclaration>(device: DriverDevice, structure: S): StructureAccess<S> | undefined;
  /** A structure of the device registers of a memory device (`primaryMailbox` ...). */
  deviceRegisters<S extends StructureDeclaration>(device: DriverDevice, structure: S): StructureAccess<S> | undefined;
  /** A PCI capability, extended capability or DVSEC in config space. */
  capability<S extends StructureDeclaration>(device: DriverDevice, structure: S): StructureAccess<S> | undefined;
  /** The place of any of these structures, for drivers that address registers by offset; undefined as above. */
  locate(device: DriverDevice, structure: StructureDeclaration): RegisterPlace | undefined;
  /** Declarations by structure name, for drivers that cannot import them. */
  structure(name: string): StructureDeclaration;
  /** Maps physical addresses. @throws EINVAL size 0 or over 2 GiB; ENOMEM no handle left */
  map(base: bigint, size: bigint): IoHandle;
  readonly memory: Pick<PhysicalMemory, "load" | "store">;
  /** False: the platform cannot. */
  invalidateCaches(base: bigint, size: bigint): boolean;

  // Log and outcome
  log(level: DriverLogLevel, text: string): void;
  /** A step worth finding in the trace and waiting for in a scenario (`after:`). */
  mark(text: string, detail?: string): void;
  /** Ends the host. */
  panic(text: string): never;
  /** An error number to throw. */
  error(name: string, message: string): Error;
  /** The error number in what was thrown, or undefined: then it is not the driver's to handle. */
  errorOf(thrown: unknown): DriverError | undefined;

  // Resources and interrupts
  /** Claims addresses by name in /proc/iomem. @throws EBUSY somebody has them */
  claim(device: DriverDevice, start: bigint, size: bigint): ClaimedRange;
  /** Files in a folder of the function's own in sysfs, until the driver lets it go. @throws EEXIST the folder is there */
  attributes(device: DriverDevice, group: string, files: Readonly<Record<string, DriverAttribute>>): void;
  /** Calls the `interrupt` hook for message `message` of the function. @throws EINVAL the function was not granted it */
  requestInterrupt(device: DriverDevice, message: number): void;
  freeInterrupt(device: DriverDevice, message: number): void;

  // Work and time
  /** Starts a task of its own as soon as the scheduler lets it. */
  schedule(name: string, work: () => Task<void>): void;
  /** The same after `delay` ns. */
  scheduleAfter(delay: number, name: string, work: () => Task<void>): void;
  sleep(nanoseconds: number): Task<void>;
  /** Lets others run; `name` is a choice of the schedule. */
  point(name: string): Task<void>;
  /** Spends CPU time without letting anybody else run (udelay). */
  delay(nanoseconds: number): void;
  waitQueue(): WaitQueue;

  readonly link: LinkServices;
  readonly slot: SlotServices;
  readonly cxl: CxlServices;
}

/** The link below a port. */
export interface LinkServices {
  isUp(port: DriverDevice): boolean;
  disable(port: DriverDevice): void;
  enable(port: DriverDevice): void;
  /** Polls every 10 ms; false after `timeout` ns. */
  wait(port: DriverDevice, isUp: boolean, timeout: number): Task<boolean>;
}

/** Functions below a port. */
export interface SlotServices {
  /** While it is held, hot-plug events of the slot do nothing. */
  hold(port: DriverDevice, isHeld: boolean): void;
  /** Config space below does not answer any more: nobody touches it. */
  disconnect(port: DriverDevice): void;
  removeBelow(port: DriverDevice): Task<void>;
  /** Finds and probes what answers; how many functions. */
  rescan(port: DriverDevice): Task<number>;
}

/** A CXL region. */
export interface DriverRegion {
  readonly name: string;
  /** It does not exist any more. */
  readonly isGone: boolean;
}

/** What a region was, so that it can be made again: geometry, members by place, dax devices. */
export interface DriverRegionPlan {
  readonly name: string;
  readonly start: bigint;
  readonly size: bigint;
  /** Bytes of dax devices that were alive. */
  readonly aliveBytes: bigint;
}

/** A region that a driver made. */
export interface MadeDriverRegion {
  readonly region: DriverRegion;
  readonly start: bigint;
  readonly size: bigint;
}

/** What a recovery comes to, for the report. */
export interface DriverRecovery {
  /** A state of error-recovery 9; logged and marked. */
  enter(state: RecoveryState, detail?: string): void;
  readonly state: RecoveryState;
  /** Owners that it waits for; "" none. */
  blockedOn: string;
  bytesBefore: bigint;
  bytesAfter: bigint;
  end(): void;
}

/** Steps of a recovery in order, then the ways it can end or wait. */
export type RecoveryState =
  | "NOTIFIED" | "FENCED" | "EVACUATED" | "UNBOUND" | "REMOVED" | "LINK_DOWN" | "CLEARED" | "LINK_UP" | "ENUMERATED" | "RECREATED"
  | "RECOVERED" | "RECOVERED-REDUCED" | "BLOCKED" | "STRANDED" | "REBOOT_CHOSEN";

/** CPU caches of a region whose decode changes: the kernel makes them agree (default), or leaves them to the caller. */
export type CacheHandling = "invalidate" | "leave";

/** What Linux's CXL and dax subsystems do for a driver; what a shell could do through sysfs, and fencing. Error numbers are those of the stores. */
export interface CxlServices {
  /** What _OSC granted for the host bridge above. */
  granted(device: DriverDevice): OscRequest;
  /** Tells the CXL core that memory below the root port is not reachable, or is again. */
  setIsolated(port: DriverDevice, isIsolated: boolean): void;
  /** Opens the record of a recovery, which the report and `outcome` read. */
  recovery(port: DriverDevice): DriverRecovery;
  /** Committed regions with a member below the port, those that wait for members to come back, and memory of hmem's that the port leads to. */
  regionsBelow(port: DriverDevice): readonly DriverRegion[];
  plan(region: DriverRegion): DriverRegionPlan;
  /** Revokes every mapping of the regions' dax devices. */
  fence(regions: readonly DriverRegion[]): Task<void>;
  /** The kernel itself lives in some of it: it cannot be evacuated. */
  isKernelMapped(plan: DriverRegionPlan): boolean;
  /** Who pins pages of device-dax, and of System RAM that offlining would wait for. */
  pinOwners(regions: readonly DriverRegion[]): readonly string[];
  /** Without limit. */
  waitForPins(regions: readonly DriverRegion[]): Task<void>;
  /** Takes its System RAM offline, then unbinds its driver. @throws EBUSY a memory block stays online */
  unbind(region: DriverRegion): Task<void>;
  /** Takes the region out of the way of removal below the port: its members leave, or all of it goes. */
  release(region: DriverRegion, plan: DriverRegionPlan, port: DriverDevice, caches?: CacheHandling): Task<void>;
  /** Makes and commits a region like the one there was; smaller when a member is. @throws ENODEV it was hmem's: only firmware decodes that */
  recreate(plan: DriverRegionPlan, caches?: CacheHandling): Task<MadeDriverRegion>;
  /** Writes zeros. False: the memory does not answer. */
  clear(start: bigint, size: bigint): Task<boolean>;
  /** Binds the region's driver and waits for its dax device. */
  activate(region: DriverRegion): Task<void>;
  /** Splits the region's memory as it was. */
  restoreDax(region: DriverRegion, plan: DriverRegionPlan): Task<void>;
  aliveBytes(region: DriverRegion): bigint;
}
