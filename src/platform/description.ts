// A machine as the hardware builds it: every default already filled in. `src/scenario` makes it from a file, `createMachine` from an object.
// Sizes and addresses in bytes (bigint), times in virtual nanoseconds.

export interface DeviceDescription {
  readonly name: string;
  /** Bytes, multiple of 256 MiB. */
  readonly volatileCapacity: bigint;
  readonly serial: bigint;
  /** Bytes, power of two, at least 128 KiB: component block at 0, device block at 64 KiB. */
  readonly barSize: bigint;
  /** HDM decoders: 1, 2, 4, 6, 8 or 10. */
  readonly decoders: number;
  /** Undisturbed read and write latency of the media, including the link. */
  readonly readLatency: number;
  readonly writeLatency: number;
  /** HDM capability bits 11 and 12. */
  readonly interleave3612: boolean;
  readonly interleave16: boolean;
  /** Time from link up to Memory_Active. */
  readonly mediaReadyTime: number;
  /** DVSEC 0 Capability3: volatile contents survive a hot reset. */
  readonly preservesVolatile: boolean;
  /** HDM capability bit 10; absent: false. */
  readonly poisonOnDecodeError?: boolean;
}

export interface IsolationDescription {
  readonly memory: boolean;
  readonly memoryLinkDown: boolean;
  readonly timeout: boolean;
  /** Bitmap of ranges A..D (cap[3:0]); legal: 0,1,2,3,6,7,14,15. */
  readonly timeoutRanges: number;
  readonly errCor: boolean;
  /** Message number, or -1: no interrupt support. */
  readonly interruptMessage: number;
}

export interface RootPortDescription {
  readonly name: string;
  readonly portNumber: number;
  readonly isolation: IsolationDescription | null;
  /** Entries of the in-flight table, 1..256. */
  readonly inFlight: number;
  readonly hotplug: boolean;
  readonly linkTrainingTime: number;
  /** Slot 0 is plugged at power-on unless `present` is false; further ones are alternates for a replacement. */
  readonly slots: readonly DeviceDescription[];
  readonly present: boolean;
}

export interface HostBridgeDescription {
  readonly name: string;
  readonly uid: number;
  readonly segment: number;
  readonly busStart: number;
  readonly busEnd: number;
  /** CHBCR. */
  readonly componentBase: bigint;
  /** HDM decoders: 1..32 by the encodings of 6.2. */
  readonly decoders: number;
  /** 1, 2, 4 or 8. */
  readonly targetCount: number;
  /** HDM capability bit 10; absent: false. */
  readonly poisonOnDecodeError?: boolean;
  readonly rootPorts: readonly RootPortDescription[];
}

/** A fixed memory window as the CPU's address decoders route it. */
export interface WindowDescription {
  readonly base: bigint;
  readonly size: bigint;
  readonly ways: number;
  readonly granularity: number;
  /** Index of the host bridge per position. */
  readonly targets: readonly number[];
}

export interface AccessCosts {
  readonly config: number;
  readonly mmioRead: number;
  readonly mmioWrite: number;
  readonly memory: number;
}

/** Choices where the specification leaves one. Names are those of the reference page. */
export interface ImplementationChoices {
  readonly isolationExit: "cxl-3.2" | "seed-strict";
  /** Where inside its span a transaction timeout falls. */
  readonly timeoutInstant: "earliest" | "middle" | "latest";
  readonly decoderCommitTime: number;
  /** Answer time of an isolated port. */
  readonly isolationResponseTime: number;
  readonly messageOrder: "isolation-first" | "hotplug-first";
}

export interface MachineDescription {
  readonly hostBridges: readonly HostBridgeDescription[];
  readonly windows: readonly WindowDescription[];
  readonly ram: readonly { readonly base: bigint; readonly size: bigint }[];
  readonly costs: AccessCosts;
  /** What a link-down or a timeout does without isolation. */
  readonly platformFailure: "reset" | "hang-until-watchdog" | "machine-check";
  readonly watchdogTime: number;
  readonly implementation: ImplementationChoices;
  readonly limits: { readonly mediaPages: number; readonly traceRecords: number; readonly probes: number; readonly requesters: number };
}
