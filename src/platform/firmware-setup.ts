// What firmware does to a CXL machine before an operating system runs: regions that it decodes, single decoders, ranges that it keeps apart.
// Plain data; `src/scenario` makes it from a file, `src/firmware` carries it out.

/** A region that firmware programs and commits as the interleave rules ask (L3, L4 of the CEDT sheet). */
export interface FirmwareRegion {
  /** Index of the window. */
  readonly window: number;
  /** Bytes; a multiple of 256 MiB per target. */
  readonly base: bigint;
  readonly size: bigint;
  /** Bytes, 256..16384. */
  readonly granularity: number;
  /** Devices by name, in order of their position. One that is not plugged in is left out; the decoders above name its port all the same. */
  readonly targets: readonly string[];
  /** Lock On Commit of every decoder. */
  readonly isLocked: boolean;
}

/** One decoder as firmware programs it, right or wrong. It stands in for what a region would have put at the same place and index. */
export interface FirmwareDecoder {
  /** Host bridge, switch or device by name. */
  readonly place: string;
  readonly index: number;
  readonly base: bigint;
  readonly size: bigint;
  readonly ways: number;
  /** Bytes. */
  readonly granularity: number;
  /** Port numbers of a host bridge's or switch's targets, by way. */
  readonly targets: readonly number[];
  /** DPA skip of a device's decoder. */
  readonly skip: bigint;
  readonly isLocked: boolean;
  /** False: the registers are written, Commit is not. */
  readonly isCommitted: boolean;
  /** Target Range Type 0, as for a device with a coherent cache of its own; absent: host-only coherent. */
  readonly isDeviceCoherent?: boolean;
}

/** A range of the memory map that is kept for special purposes. */
export interface SoftReservedRange {
  readonly base: bigint;
  readonly size: bigint;
}

/** A QoS throttling group that firmware names for memory within these bounds; what is absent bounds nothing. */
export interface ThrottlingGroup {
  readonly id: number;
  /** Nanoseconds at most. */
  readonly readLatency?: number;
  readonly writeLatency?: number;
  /** MB/s at least. */
  readonly readBandwidth?: number;
  readonly writeBandwidth?: number;
}

export interface FirmwareSetup {
  readonly regions: readonly FirmwareRegion[];
  readonly decoders: readonly FirmwareDecoder[];
  readonly softReserved: readonly SoftReservedRange[];
  /** Best first; empty: there is no method. Absent: the classes of the windows, if a host bridge has figures. */
  readonly throttlingGroups?: readonly ThrottlingGroup[];
}

export const noSetup: FirmwareSetup = { regions: [], decoders: [], softReserved: [] };
