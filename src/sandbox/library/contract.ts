// The library: a machine without a kernel, or with one attached, as a driver author holds it. Synchronous; what waits for the outside (loading, workers) is
// async and stands around it. Addresses, sizes and 64-bit values are bigint, 8/16/32-bit values unsigned number, times virtual nanoseconds (number).

import type { blocks } from "../../../registers/blocks.ts";
import type { MachineDescription } from "../../platform/description.ts";
import type { DriverModule } from "../../platform/driver.ts";
import type { PciAddress } from "../../platform/pci-address.ts";
import type { InterruptMessage, IoHandle, MemoryStatus } from "../../platform/platform.ts";
import type { RegisterBus, StructureAccess } from "../../platform/registers.ts";
import type { HostState, PortSummary } from "../../hardware/machine.ts";
import type { z } from "zod";
import type { actionSchemas, machineSchema, scenarioSchema } from "../../scenario/schema.ts";
import type { TraceLayer } from "../../sim/trace.ts";

/** The scenario's `machine:` value. */
export type MachineValue = z.input<typeof machineSchema>;
/** A whole scenario; only `machine`, `firmware` and (for `attachKernel`) `kernel` are read, and name and version may be left out. */
export type ScenarioValue = Partial<z.input<typeof scenarioSchema>> & { readonly machine: MachineValue };
/** One action of the table in docs/faults.md: `{ linkDown: "rp0" }`. */
export type FaultValue = { readonly [K in keyof typeof actionSchemas]?: z.input<(typeof actionSchemas)[K]> };
type WithoutFrom<T> = T extends unknown ? Omit<T, "from"> : never;
/** When a fault acts, as in a scenario; absent: at once. Times count from now. `after` waits for a mark of an attached kernel. */
export type TriggerValue = WithoutFrom<NonNullable<z.input<typeof scenarioSchema>["faults"]>[number]["when"]>;

/** An object (a `machine:` value or a scenario), a file (path or `file:` URL in Node, URL elsewhere), or a file's text with those of files that it includes, by the paths that it gives. */
export type MachineSource = MachineValue | ScenarioValue | URL | string | { readonly text: string; readonly file?: string; readonly includes?: Readonly<Record<string, string>> };

/** What `createMachine` may be told beside the machine. */
export interface MachineOptions {
  /** A compiled module, to share one between machines; absent: the package's own is loaded. */
  readonly module?: WebAssembly.Module;
  /** `enumerated`: firmware gave buses, BARs and bridge windows and opened memory space; `none`: config space as at power-on. Default `enumerated`. */
  readonly pci?: "enumerated" | "none";
  /** Keep trace records for `trace()`, so many at most (the oldest go first); default 0: digests only. */
  readonly keepTrace?: number;
  /** Look at every access for what a driver must not do (see `violations`); default false. */
  readonly strict?: boolean;
}

type Blocks = typeof blocks;
/** Named registers of one block: `structure.register.read()`. A structure that this machine does not have throws MissingStructureError when it is reached for. */
export type BlockAccess<B extends keyof Blocks> = { readonly [K in keyof Blocks[B]["placements"]]: Blocks[B]["placements"][K] extends { readonly structure: infer S extends import("../../../registers/schema.ts").StructureDeclaration } ? StructureAccess<S> : never };

/** What all functions have. */
interface PartView<Component extends keyof Blocks, Config extends keyof Blocks> {
  readonly name: string;
  /** SSSS:BB:DD.F; changes when buses are numbered anew. @throws NotPlacedError not plugged in, or a port above has no bus number below it */
  readonly address: PciAddress;
  /** The address as text. */
  readonly bdf: string;
  /** Config space, offsets 0..4095. */
  readonly config: RegisterBus;
  readonly configRegisters: BlockAccess<Config>;
  /** CXL.cache/mem registers (8.2.4) behind BAR 0, where it is now; what was taken from here stays where it was mapped. @throws NotPlacedError, MissingStructureError */
  readonly registers: BlockAccess<Component>;
  /** Physical address of `registers`: BAR 0 + 4 KiB (8.2.3); after a reset took BAR 0 away, where firmware had put it. @throws NotPlacedError */
  readonly registersAt: bigint;
  /** Whether this machine gives the part a structure, by its name in registers/. */
  has(structure: string): boolean;
}

/** A function that can send messages. */
interface MessageView {
  /**
   * Programs MSI (ports, PCIe 7.7.1) or MSI-X (devices, PCIe 7.7.2) for up to `count` (32) messages and turns bus mastering on; message n arrives with
   * data `first + n`. MSI grants powers of two. @throws KernelAttachedError
   */
  enableMessages(count?: number): { readonly first: number; readonly count: number };
}

/** A CXL host bridge: its component registers (8.2.4). */
export interface HostBridgeView {
  readonly name: string;
  readonly registers: BlockAccess<"hostBridgeComponent">;
  readonly registersAt: bigint;
  has(structure: string): boolean;
}
/** A root port of a host bridge. */
export interface RootPortView extends PartView<"rootPortComponent", "rootPortConfig">, MessageView {
  /** Link, isolation and in-flight state as the machine knows them, without an access. */
  readonly state: PortSummary;
}
/** The upstream port of a switch. */
export interface UpstreamPortView extends PartView<"upstreamPortComponent", "upstreamPortConfig"> {}
/** A downstream port of a switch. */
export interface DownstreamPortView extends PartView<"downstreamPortComponent", "downstreamPortConfig">, MessageView {
  readonly state: PortSummary;
}
/** A type-3 device. */
export interface DeviceView extends PartView<"deviceComponent", "deviceConfig">, MessageView {
  readonly deviceRegisters: BlockAccess<"deviceRegisters">;
  readonly deviceRegistersAt: bigint;
  /** Runs a mailbox command on the primary mailbox, polling the doorbell in virtual time. @throws MailboxTimeoutError */
  mailbox(opcode: number, input?: Uint8Array): { readonly returnCode: number; readonly output: Uint8Array };
}

/** Physical addresses, one access each. For many accesses to one place `ioremap` is faster. */
export interface MemoryBus {
  read8(address: bigint): number;
  read16(address: bigint): number;
  read32(address: bigint): number;
  read64(address: bigint): bigint;
  write8(address: bigint, value: number): void;
  write16(address: bigint, value: number): void;
  write32(address: bigint, value: number): void;
  write64(address: bigint, value: bigint): void;
}

/** Config space by SSSS:BB:DD.F or its number. */
export interface ConfigBus {
  read8(address: PciAddress | string, offset: number): number;
  read16(address: PciAddress | string, offset: number): number;
  read32(address: PciAddress | string, offset: number): number;
  write8(address: PciAddress | string, offset: number, value: number): void;
  write16(address: PciAddress | string, offset: number, value: number): void;
  write32(address: PciAddress | string, offset: number, value: number): void;
}

/** CXL.mem and host memory by host physical address. */
export interface MemoryAccess {
  /** CPU load of 1, 2, 4 or 8 bytes; waits in virtual time for the answer. `value` is all ones where nothing answered. */
  load(address: bigint, width?: 1 | 2 | 4 | 8): { readonly status: MemoryStatus; readonly value: bigint };
  store(address: bigint, value: bigint, width?: 1 | 2 | 4 | 8): MemoryStatus;
}

/** A message as it was delivered. */
export interface MachineInterrupt extends InterruptMessage {
  /** Virtual ns of the delivery. */
  readonly at: number;
}

/** Messages of the machine. They are delivered while time is moved (`advance`, `runUntil`) and by `deliver`. */
export interface MachineInterrupts {
  /** Returns what takes the listener away again. @throws KernelAttachedError messages are the kernel's */
  on(listener: (message: MachineInterrupt) => void): () => void;
  /** Takes what is pending now to listeners and iterators; how many. */
  deliver(): number;
  readonly pending: boolean;
  /** Ends when the machine is disposed. An iterator hears of messages from its making on. */
  [Symbol.asyncIterator](): AsyncIterableIterator<MachineInterrupt>;
}

/** A fault that was asked for, with the evidence of what it did. */
export interface MachineFault {
  readonly id: string;
  /** How often its trigger matched and how often it acted, with times. */
  readonly evidence: { readonly matches: number; readonly fired: number; readonly firstAt: number | null; readonly lastAt: number | null };
  /** Takes it back if it has not acted. */
  cancel(): void;
}

/** State of a machine, for `restore` on the machine it was taken from. */
export interface MachineSnapshot {
  readonly at: number;
}

/** A record of the trace. */
export interface MachineRecord {
  readonly at: number;
  readonly layer: TraceLayer;
  /** "mmio read", "link", ... */
  readonly kind: string;
  readonly text: string;
  readonly arguments: readonly [number, number, number, number, number, number];
}

/** Something a driver did that a sheet forbids, found by the machine as it happened. */
export interface Violation {
  /** Rule id (TR1, C9 ...) or "width", "reserved". */
  readonly rule: string;
  readonly at: number;
  /** Part, `structure.register` and field, clause. */
  readonly part: string;
  readonly register: string;
  readonly field: string | null;
  readonly clause: string;
  /** One sentence: what was done, what the rule asks, what to do. */
  readonly message: string;
}

/** How long `runUntil` waits, and what for. */
export interface RunUntilOptions {
  /** Virtual ns that may pass; default 10 s. */
  readonly limit?: number;
  /** What is waited for, for the message of the error. */
  readonly what?: string;
}

/** The Linux model that `attachKernel` boots. */
export interface KernelOptions {
  /** Named set of policies (docs/policies.md); default the scenario's, or linux-7.2. */
  readonly preset?: string;
  readonly policies?: Readonly<Record<string, string | number>>;
  /** Plug-ins, before the built-in drivers. */
  readonly drivers?: readonly DriverModule[];
  readonly seed?: number;
  readonly schedule?: "fixed" | "seeded";
}

/** A Linux model on the machine. It owns what it drives; the user's own accesses go to the same registers. Ends with its machine: run, read, write and settle throw DisposedError. */
export interface MachineKernel {
  /**
   * Runs a line of the sandbox's shell to its end, virtual time included; references like `${mem:rp0}` are replaced. A host that has stopped gives status 1
   * and says why. @throws KernelWaitsError it waits for somebody, and nothing is due that could end that
   */
  run(line: string): { readonly status: number; readonly stdout: string; readonly stderr: string };
  /** A file of sysfs, /proc or /dev. @throws SystemError */
  read(path: string): string;
  write(path: string, text: string): void;
  readonly log: readonly { readonly at: number; readonly level: string; readonly text: string }[];
  readonly panic: string | null;
  /** Why the host does nothing any more: a panic, a reset, a driver's mistake, a limit; null while it goes on. */
  readonly stopped: string | null;
  /** Goes on until nothing is left to do, at most `limit` virtual ns (1 s). */
  settle(limit?: number): void;
}

/** A machine in the hand. Two of them know nothing of each other. */
export interface Machine {
  readonly description: MachineDescription;
  /** Virtual ns since power-on. */
  readonly now: number;
  /** The host that the machine stands in; without isolation a lost link or a timeout can reset or hang it (policy `platform`). */
  readonly host: HostState;

  readonly bus: MemoryBus;
  readonly config: ConfigBus;
  readonly memory: MemoryAccess;
  /** Maps registers, 1 byte to 2 GiB. @throws RangeError, OutOfHandlesError; TypeError base or size is no bigint */
  ioremap(base: bigint, size: bigint): IoHandle;
  /** Firmware numbers buses and gives BARs and bridge windows to everything that is plugged in now; also after a card came or was reset. */
  enumerate(): void;

  /** @throws RangeError with the names there are */
  hostBridge(name: string): HostBridgeView;
  rootPort(name: string): RootPortView;
  upstreamPort(name: string): UpstreamPortView;
  downstreamPort(name: string): DownstreamPortView;
  device(name: string): DeviceView;

  readonly interrupts: MachineInterrupts;
  /** Lets so many virtual ns pass; deadlines, faults and interrupts on the way happen at their times. */
  advance(nanoseconds: number): void;
  /**
   * Lets time pass until the condition holds. It is asked after everything that happens in the machine, and at the limit: where nothing is due, time goes to the limit at once.
   * For a time, use `advance`. Gives the time. @throws RunUntilError
   */
  runUntil(condition: () => boolean, options?: RunUntilOptions): number;

  /** @throws FaultError what the machine does not have; the table is full */
  inject(fault: FaultValue, when?: TriggerValue): MachineFault;
  /** Faults that have not acted yet: a test that ends with some has tested nothing. */
  readonly unfired: readonly MachineFault[];

  /** @throws KernelAttachedError for all four while a kernel is attached */
  snapshot(): MachineSnapshot;
  restore(snapshot: MachineSnapshot): void;
  /** A machine of its own in the same state. Instances are pooled: `dispose` gives one back. */
  fork(): Machine;
  /** The machine may not be used any more; its instance serves the next fork. */
  dispose(): void;
  [Symbol.dispose](): void;

  /** Records kept so far, oldest first (`keepTrace`). */
  trace(): IterableIterator<MachineRecord>;
  /** Digest of a layer: equal accesses and events have equal digests. */
  digest(layer: TraceLayer): string;
  /** Whether accesses are looked at (`strict`). */
  readonly isStrict: boolean;
  /** What was done against a sheet so far (`strict`; docs/strict.md). */
  readonly violations: readonly Violation[];

  /**
   * Boots the Linux model on this machine as it stands, a fork too, to the end of probing. Time, faults and interrupts are the kernel's from now on;
   * listeners hear nothing any more. A driver that goes wrong at boot ends it: see `stopped`. @throws MachineValueError a preset or policy that is not
   * there, or is the hardware's, the platform's or firmware's; TypeError a driver that is none; KernelAttachedError
   */
  attachKernel(options?: KernelOptions): MachineKernel;
  readonly kernel: MachineKernel | null;
}
