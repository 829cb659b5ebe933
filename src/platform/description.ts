// A machine as the hardware builds it: every default already filled in. `src/scenario` makes it from a file, `createMachine` from an object.
// Sizes and addresses in bytes (bigint), times in virtual nanoseconds.

import type { CommandName } from "../../registers/commands.ts";
import { commandNames, commands } from "../../registers/commands.ts";
import type { AccessFigures } from "./platform.ts";

/** The command interface of a device: mailboxes, event logs, and what the commands speak of. */
export interface MailboxDescription {
  /** Payload of the primary mailbox: a power of two, 256 bytes to 1 MiB; the device block of BAR 0 must hold it. */
  readonly payloadSize: number;
  /** Commands that the device has; the others answer Unsupported and are not in the Command Effects Log. */
  readonly commands: readonly CommandName[];
  /** ns from the doorbell to its clearing. */
  readonly commandTime: number;
  /** ns from link up (or reset) until the mailboxes accept commands; announced in whole seconds. */
  readonly readyTime: number;
  /** ms that every background operation takes; 0: as each one's size asks (docs/fidelity.md). */
  readonly backgroundTime: number;
  /** Records that the event logs hold, by log number, 1..4096; dynamic capacity 0: no such log. */
  readonly logDepths: readonly [number, number, number, number, number];
  /** Media error records that the poison list holds, 1..4096. */
  readonly poisonListSize: number;
  /** Lines poisoned by injection at a time; 0: no limit. */
  readonly injectPoisonLimit: number;
  /** Capacity moves between volatile and persistent in multiples of this, multiple of 256 MiB; 0: not partitionable. */
  readonly partitionAlignment: bigint;
  /** Revisions of the firmware slots, 2 to 4 of at most 16 ASCII characters; slot 1 is active. Empty: the slot is. */
  readonly firmware: readonly string[];
  readonly onlineActivation: boolean;
  /** Slot that is active from the start; absent: 1. */
  readonly activeSlot?: number;
  /** What Identify calls the firmware while that slot is active; absent: as the slot. */
  readonly revision?: string;
  /** Get Health Info and Get Alert Configuration as the device leaves the factory, by the names of their fields; absent: normal, 30 degrees, alerts off. */
  readonly health?: HealthValues;
  readonly alerts?: AlertValues;
  /** Dynamic capacity regions; empty: none. Behind the static capacity, in order. */
  readonly dynamicRegions: readonly DynamicRegionDescription[];
  /** Extents that the device holds at most. */
  readonly dynamicExtents: number;
}

/** Signed degrees, per cent, counts; bits by their place. */
export type HealthValues = Partial<Readonly<Record<keyof typeof commands.getHealth.output.fields, number>>>;
export type AlertValues = Partial<Readonly<Record<keyof typeof commands.getAlerts.output.fields, number>>>;

export interface DynamicRegionDescription {
  /** Bytes, multiple of 256 MiB. */
  readonly length: bigint;
  /** Bytes, power of two, at least 64; extents are multiples of it. */
  readonly blockSize: bigint;
}

/** Every command but those that need what a device may not have. */
const everyCommand = commandNames.filter((name) => !["dynamicCapacity", "labels"].includes(commands[name].set));

export const defaultMailbox: MailboxDescription = {
  payloadSize: 2048, commands: everyCommand, commandTime: 2000, readyTime: 0, backgroundTime: 0, logDepths: [8, 8, 8, 8, 0], poisonListSize: 256, injectPoisonLimit: 256, partitionAlignment: 0n,
  firmware: ["sandbox 1", "", "", ""], onlineActivation: true, dynamicRegions: [], dynamicExtents: 64,
};

/** A device's command interface with every default filled in; commands for labels and dynamic capacity where there are any. */
export function mailboxOf(device: Pick<DeviceDescription, "labelArea" | "mailbox">): MailboxDescription {
  const given = device.mailbox ?? {};
  const hasRegions = (given.dynamicRegions ?? []).length > 0;
  const added = commandNames.filter((name) => (commands[name].set === "labels" && (device.labelArea ?? 0n) > 0n) || (commands[name].set === "dynamicCapacity" && hasRegions));
  return { ...defaultMailbox, ...(hasRegions ? { logDepths: [8, 8, 8, 8, 8] as const } : {}), commands: [...everyCommand, ...added], ...given };
}

/** A type-3 device. Its device physical addresses (DPA) hold the volatile capacity first, then the persistent one. */
export interface DeviceDescription {
  readonly kind?: "device";
  readonly name: string;
  /** Bytes, multiple of 256 MiB; may be 0 if there is persistent capacity. */
  readonly volatileCapacity: bigint;
  /** Bytes, multiple of 256 MiB; absent: 0. Contents survive every reset. */
  readonly persistentCapacity?: bigint;
  /** Label storage area, bytes; absent: 0. */
  readonly labelArea?: bigint;
  readonly serial: bigint;
  /** Bytes, power of two, at least 256 KiB: component block at 0, MSI-X table at 64 KiB, device block at 128 KiB. */
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
  /** MB/s as the CDAT gives it; absent: 32000. */
  readonly bandwidth?: number;
  /** How it sends its messages; absent: MSI-X. */
  readonly messages?: "msi" | "msix";
  /** Vectors of the MSI-X table, 1..32, or messages that it asks for by MSI (the next power of two); absent: 16. */
  readonly vectors?: number;
  /** Back-invalidate capable: BI bit of the decoders, BI decoder structure; absent: false. */
  readonly backInvalidate?: boolean;
  /** CXL reset (DVSEC 0 control 2 bit 2) takes this long; absent: not capable. ns, at most 100 s. */
  readonly resetTime?: number;
  /** The card's end of its link; absent: as the port that it is declared at. */
  readonly link?: LinkDescription;
  /** Command interface, where it is not `defaultMailbox`. */
  readonly mailbox?: Partial<MailboxDescription>;
}

/** One upstream port with its downstream ports: a card, as a device is. */
export interface SwitchDescription {
  readonly kind: "switch";
  /** Name of the upstream port. */
  readonly name: string;
  readonly serial: bigint;
  /** HDM decoders of the upstream port, as for a host bridge; 0: none (one downstream port only: everything passes). */
  readonly decoders: number;
  /** 1, 2, 4 or 8. */
  readonly targetCount: number;
  readonly poisonOnDecodeError?: boolean;
  /** ns that a request and its answer together spend in the switch. */
  readonly latency: number;
  /** MB/s as the CDAT gives it; absent: 64000. */
  readonly bandwidth?: number;
  /** The upstream port's end of its link; absent: as the port that it is declared at. */
  readonly link?: LinkDescription;
  readonly backInvalidate?: boolean;
  /** 1..32; each is the function 0 of the device of its place on the switch's inner bus. */
  readonly ports: readonly DownstreamPortDescription[];
}

/** What can be plugged into a port. */
export type SlotDescription = DeviceDescription | SwitchDescription;

export const isSwitch = (slot: SlotDescription): slot is SwitchDescription => slot.kind === "switch";

export interface IsolationDescription {
  readonly memory: boolean;
  readonly memoryLinkDown: boolean;
  readonly timeout: boolean;
  /** Bitmap of ranges A..D (cap[3:0]); legal: 0,1,2,3,6,7,14,15. */
  readonly timeoutRanges: number;
  readonly errCor: boolean;
  /** Message number, or -1: no interrupt support. */
  readonly interruptMessage: number;
  /** The CXL.cache half: cap[18], [19], [12], [11:8]; absent: false, 0. */
  readonly cache?: boolean;
  readonly cacheLinkDown?: boolean;
  readonly cacheTimeout?: boolean;
  readonly cacheTimeoutRanges?: number;
}

/** What one end of a link can do; the link runs at what both can. */
export interface LinkDescription {
  /** Code of Link Capabilities: 3: 8 GT/s, 4: 16 GT/s, 5: 32 GT/s. */
  readonly speed: number;
  /** Lanes: 1, 2, 4, 8 or 16. */
  readonly width: number;
}

export const defaultLink: LinkDescription = { speed: 5, width: 8 };

/** A port with a slot: a switch's downstream port, or what a root port has in common with it. */
export interface DownstreamPortDescription {
  readonly name: string;
  readonly portNumber: number;
  /** On the bus of its parent, function 0; rises along the list. Absent: the place in the list. */
  readonly deviceNumber?: number;
  readonly hotplug: boolean;
  readonly linkTrainingTime: number;
  /** Slot 0 is plugged at power-on unless `present` is false; further ones are alternates for a replacement. */
  readonly slots: readonly SlotDescription[];
  readonly present: boolean;
  /** Downstream Port Containment; absent: true. */
  readonly dpc?: boolean;
  /** A power controller, with which software takes power off the slot (PCIe 7.5.3.10); absent: false. */
  readonly powerController?: boolean;
  /** BI decoder structure; absent: false. */
  readonly backInvalidate?: boolean;
  /** Absent: `defaultLink`. */
  readonly link?: LinkDescription;
}

/** Buses that a port and what is declared below it can need: its own, and for the largest of its cards the inner bus of a switch and its ports'. */
export const busesBelow = (port: DownstreamPortDescription): number => 1 + Math.max(0, ...port.slots.map((slot) => (isSwitch(slot) ? 1 + slot.ports.reduce((sum, below) => sum + busesBelow(below), 0) : 0)));

/** Device number of the port that stands at `index` of its parent's list. */
export const deviceNumberOf = (port: Pick<DownstreamPortDescription, "deviceNumber">, index: number): number => port.deviceNumber ?? index;

/** Every port below a list of ports, themselves first, depth first; plugged in or not. */
export const portsBelow = (ports: readonly DownstreamPortDescription[]): DownstreamPortDescription[] => ports.flatMap((port) => [port, ...port.slots.flatMap((slot) => (isSwitch(slot) ? portsBelow(slot.ports) : []))]);

export interface RootPortDescription extends DownstreamPortDescription {
  readonly isolation: IsolationDescription | null;
  /** Entries of the in-flight table, 1..256. */
  readonly inFlight: number;
  /** Snoop filter structure: group and capacity in 64 KiB units; absent: none. */
  readonly snoopFilter?: { readonly group: number; readonly capacity: number };
}

export interface HostBridgeDescription {
  readonly name: string;
  readonly uid: number;
  readonly segment: number;
  readonly busStart: number;
  readonly busEnd: number;
  /** CHBCR. */
  readonly componentBase: bigint;
  /** HDM decoders: 1..32 by the encodings of 6.2; 0: a passthrough bridge, with one root port only. */
  readonly decoders: number;
  /** 1, 2, 4 or 8. */
  readonly targetCount: number;
  /** HDM capability bit 10; absent: false. */
  readonly poisonOnDecodeError?: boolean;
  readonly rootPorts: readonly RootPortDescription[];
  /** What firmware says of the way from the processors to the bridge (SRAT, HMAT); absent: nothing. */
  readonly performance?: AccessFigures;
}

/** A fixed memory window as the CPU's address decoders route it. */
export interface WindowDescription {
  readonly base: bigint;
  readonly size: bigint;
  readonly ways: number;
  readonly granularity: number;
  /** Index of the host bridge per position. */
  readonly targets: readonly number[];
  /** Absent: modulo. XOR takes the bitmaps of `xorMaps`, one per way bit (CXIMS). */
  readonly arithmetic?: "modulo" | "xor";
  readonly xorMaps?: readonly bigint[];
  /** Restriction bits of the CFMWS; absent: host-only coherent, volatile and persistent. */
  readonly restrictions?: number;
  readonly qtg?: number;
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
  /** What a switch does with a request for a downstream port whose link is down (UNKNOWN); absent: no-response. */
  readonly switchDeadPort?: "no-response" | "all-ones";
  /** What clearing an isolation status while Root Port Busy does (undefined in the specification); absent: ignored. `ends`: isolation is over, what was pending is still answered as isolated. */
  readonly clearWhileBusy?: "ignored" | "ends";
  /** Whether software can make CPU caches agree for a range (wbinvd; a guest cannot); absent: true. */
  readonly cacheInvalidation?: boolean;
}

/** The processors' last-level cache, one for all of them: write-back, 64-byte lines, least recently used; of CXL memory only. */
export interface CacheDescription {
  /** Bytes: `ways` lines of 64 bytes in each of a power of two of sets; at most 256 MiB. */
  readonly size: bigint;
  /** 1..64. */
  readonly ways: number;
  /** Time of an answer out of the cache, ns. */
  readonly latency: number;
}

export interface MachineDescription {
  readonly hostBridges: readonly HostBridgeDescription[];
  readonly windows: readonly WindowDescription[];
  readonly ram: readonly { readonly base: bigint; readonly size: bigint }[];
  readonly costs: AccessCosts;
  /** Absent: every request reaches memory. */
  readonly cache?: CacheDescription;
  /** What a link-down or a timeout does without isolation. */
  readonly platformFailure: "reset" | "hang-until-watchdog" | "machine-check";
  readonly watchdogTime: number;
  readonly implementation: ImplementationChoices;
  readonly limits: { readonly mediaPages: number; readonly traceRecords: number; readonly probes: number; readonly requesters: number };
}
