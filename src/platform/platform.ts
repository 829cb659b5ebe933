// What a CPU and its kernel see of a machine. Types only: nothing here knows what stands behind them.
// Addresses and 64-bit values are bigint, 32-bit values are unsigned number, times are virtual nanoseconds (number < 2^53).

import type { PciAddress } from "./pci-address.ts";

/** Config space of every function; a function that does not answer reads all ones. Offsets 0..4095. */
export interface ConfigSpace {
  read8(address: PciAddress, offset: number): number;
  read16(address: PciAddress, offset: number): number;
  read32(address: PciAddress, offset: number): number;
  write8(address: PciAddress, offset: number, value: number): void;
  write16(address: PciAddress, offset: number, value: number): void;
  write32(address: PciAddress, offset: number, value: number): void;
}

/** A mapped range of memory-mapped registers. Offsets are bytes from `base`. Nothing behind an offset reads all ones. */
export interface IoHandle {
  readonly base: bigint;
  readonly size: bigint;
  read8(offset: number): number;
  read16(offset: number): number;
  read32(offset: number): number;
  read64(offset: number): bigint;
  write8(offset: number, value: number): void;
  write16(offset: number, value: number): void;
  write32(offset: number, value: number): void;
  write64(offset: number, value: bigint): void;
  unmap(): void;
}

/**
 * How a memory request ended. `poison`: a synchronous exception for a load (TB1). `dropped`: a store that was acknowledged and
 * thrown away (TB2). `ones`: no decoder claims the address. `fatal`: an uncontained machine check (platform without isolation).
 * `never`: no completion will come.
 */
export type MemoryStatus = "ok" | "poison" | "dropped" | "ones" | "fatal" | "never";

export type RequestKind = "read" | "write";

/** Who asks: a processor, through its caches; or a device by DMA, which leaves nothing in them. */
export type RequestOrigin = "processor" | "device";

/** A completed request of a requester. `count` > 1: a burst of identical completions at one instant. */
export interface Completion {
  readonly requester: number;
  readonly kind: RequestKind;
  readonly address: bigint;
  readonly status: MemoryStatus;
  readonly issuedAt: number;
  readonly completedAt: number;
}

export interface PhysicalMemory {
  /** CPU load of 1, 2, 4 or 8 bytes by the CPU that runs the kernel; waits, in virtual time, for the answer. */
  load(address: bigint, width: 1 | 2 | 4 | 8): { readonly status: MemoryStatus; readonly value: bigint };
  store(address: bigint, width: 1 | 2 | 4 | 8, value: bigint): MemoryStatus;
  /**
   * Clears CXL memory, bytes: what was written in the range and is reached through decode now becomes zero, as by stores one after another; behind the processors'
   * caches, and without time. Call it where stores were just seen to land; what is not reached stays as it is.
   */
  zero(address: bigint, size: bigint): void;
  /**
   * Puts a 64-byte request of `requester` on the way without waiting. A full in-flight table stalls the requester: the request
   * waits in order of arrival and is issued when an entry becomes free. At most one request of a requester may be stalled;
   * returns false (and does nothing) when that is already so. `origin` absent: a processor.
   */
  issue(requester: number, kind: RequestKind, address: bigint, value: bigint, origin?: RequestOrigin): boolean;
  /** Next completion in order of completion time, if one is due. */
  takeCompletion(): Completion | undefined;
  /** True while the requester has a stalled request. */
  isStalled(requester: number): boolean;
  /** Rises whenever the answer to some request may have changed (link, isolation, decode, media). */
  readonly routeGeneration: number;
  /**
   * What requests to this address meet now, for callers that count in closed form: a key that names the port's in-flight table (equal
   * keys share one), its capacity in entries and the latency in nanoseconds of an undisturbed read and write. Undefined: not routed.
   */
  route(address: bigint): { readonly table: number; readonly capacity: number; readonly readLatency: number; readonly writeLatency: number } | undefined;
  /** True while something watches single requests, or caches answer some of them, so that none may be skipped. */
  readonly countsRequests: boolean;
  /** Virtual ns at which a disturbance is due that may have come up since somebody looked at what is due, or -1: nothing is counted beyond it. */
  readonly nextDisturbance: number;
  /** Accounts for requests that were counted in closed form instead of issued one by one. Written into the trace. */
  account(table: number, reads: number, writes: number, dropped: number): void;
}

/** A message-signalled interrupt as the CPU's interrupt controller sees it. */
export interface InterruptMessage {
  readonly address: number;
  readonly data: number;
}

export interface Interrupts {
  /** Oldest pending message, or undefined. A message that is pending already is not queued twice. */
  take(): InterruptMessage | undefined;
  readonly pending: boolean;
}

export interface Clock {
  /** Virtual nanoseconds since power-on. */
  readonly now: number;
}

/** ACPI devices of interest, as evaluated from the namespace (no AML here). */
export interface AcpiHostBridge {
  readonly hid: "ACPI0016";
  readonly uid: number;
  readonly segment: number;
  readonly busStart: number;
  readonly busEnd: number;
  /** Windows for BARs below the bridge (_CRS). */
  readonly memory: readonly { readonly base: bigint; readonly size: bigint }[];
  /** Firmware numbered the bridges below, with room for what can be plugged in, and wants that kept; absent: they are not numbered. */
  readonly keepsBuses?: boolean;
}

export interface OscRequest {
  readonly isolationControl: boolean;
  readonly isolationNotification: boolean;
  /** Event logs of memory devices; absent: not asked for, not granted. */
  readonly memoryErrors?: boolean;
}

/** One range of the firmware's memory map (e820). */
export interface MemoryMapEntry {
  readonly base: bigint;
  readonly size: bigint;
  readonly kind: "usable" | "reserved" | "soft-reserved";
}

/** Latency and bandwidth (MB/s) of one way to memory. Latencies are in nanoseconds unless said otherwise. */
export interface AccessFigures {
  readonly readLatency: number;
  readonly writeLatency: number;
  readonly readBandwidth: number;
  readonly writeBandwidth: number;
}

/** A check that takes a processor into firmware first. */
export interface FirmwareCheck {
  /** Logical processor. */
  readonly cpu: number;
  readonly address: bigint;
  /** The processor cannot go on: its context is corrupt, or an earlier error was lost. */
  readonly isFatal: boolean;
  /** The processor waits for the data; false: it may go on without. */
  readonly isActionRequired: boolean;
}

/** Error handling of firmware that comes before the system's (POL-MCESRC). */
export interface FirmwareErrors {
  /** A processor met an error; when this returns a record lies where the HEST says. Returns the virtual ns that all processors were in firmware. */
  takeCheck(check: FirmwareCheck): number;
  /** Next error source that signals by SCI: its id in the HEST. */
  takeNotify(): number | undefined;
}

export interface FirmwareInterface {
  /** Firmware handles errors first; absent: processors tell the system of them. */
  readonly errors?: FirmwareErrors;
  /** The firmware's memory map, when it gives one; ascending. */
  readonly memoryMap?: readonly MemoryMapEntry[];
  /** Physical address of the XSDT in memory; tables are read from there. */
  readonly xsdt: bigint;
  readonly hostBridges: readonly AcpiHostBridge[];
  /** _OSC of the CXL host bridge with this UID: what the operating system may control. */
  osc(uid: number, request: OscRequest): OscRequest;
  /**
   * _DSM of the CXL root device (ACPI0017) that names QoS throttling groups for figures, best first (CXL 3.2 9.17.3); absent: no such method. Its
   * argument has latencies in picoseconds, bandwidths in MB/s.
   */
  qtgIds?(figures: AccessFigures): readonly number[];
  /** Next ACPI Notify (value 0x80: isolation) to a host bridge, when firmware owns notification. */
  takeNotify(): { readonly uid: number; readonly value: number } | undefined;
}

export interface Platform {
  readonly clock: Clock;
  readonly config: ConfigSpace;
  readonly memory: PhysicalMemory;
  readonly interrupts: Interrupts;
  readonly firmware: FirmwareInterface;
  ioremap(base: bigint, size: bigint): IoHandle;
  /** Makes memory contents and caches agree for a range before decode changes (wbinvd). False: the platform cannot. */
  invalidateCaches(base: bigint, size: bigint): boolean;
  /** Spends virtual time on the executing CPU without an access (a busy wait, a handler's cost). */
  spend(nanoseconds: number): void;
}
