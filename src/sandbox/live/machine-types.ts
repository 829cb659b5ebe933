// What the page draws of a machine: plain data. Addresses are hexadecimal texts, sizes are texts with their unit; numbers (bytes below 2^53) are for the drawing alone.

import type { PortSummary } from "../../hardware/machine.ts";
import type { PartCondition, TopologyPart } from "../../scenario/details.ts";
import type { Standing } from "./standing.ts";

/** One thing that is known, in words. Labels of one thing differ, so that two positions can be compared. */
export interface Fact {
  readonly label: string;
  readonly value: string;
}

export interface LinkLook {
  readonly state: PortSummary["link"];
  /** Why it is not up: "cable", "isolation" ... */
  readonly heldBy: readonly string[];
}

/** Timeout and isolation of a root port. `none`: it has no such thing; `off`: nobody enabled it; `busy`: isolated, and still at work on what was under way. */
export type IsolationState = "none" | "off" | "armed" | "isolated" | "busy";

export interface DecoderLook {
  readonly index: number;
  /** The kernel's name, "decoder3.0"; "": it has none. */
  readonly name: string;
  readonly state: "committed" | "refused" | "not committed";
  readonly isLocked: boolean;
  readonly base: string;
  readonly size: string;
  /** Region of the kernel's that it is part of, or null. */
  readonly region: string | null;
  readonly words: string;
}

/** Lines of media that are poisoned. */
export interface PoisonLook {
  readonly lines: number;
  /** Neighbouring lines are one range; at most 16. */
  readonly ranges: readonly { readonly dpa: string; readonly bytes: number }[];
  /** There is more than the ranges show. */
  readonly isMore: boolean;
}

/** A card that could be put into a port. */
export interface CardLook {
  readonly name: string;
  readonly kind: "switch" | "device";
  readonly words: string;
}

export interface PartLook {
  readonly name: string;
  readonly kind: TopologyPart["kind"];
  /** PCI name; of a bridge pciSSSS:BB; "": nobody numbered it. */
  readonly address: string;
  readonly condition: PartCondition;
  /** The kernel's names for it: port1, mem0, endpoint3. */
  readonly kernel: readonly string[];
  /** One line under the name in the drawing: "4 GiB", "2 decoders". */
  readonly summary: string;
  /** Of a port. */
  readonly link: LinkLook | null;
  readonly isolation: IsolationState;
  /** Requests under way and how many there can be; 0 of 0: it is no root port. */
  readonly inFlight: number;
  readonly places: number;
  readonly isStalled: boolean;
  readonly decoders: readonly DecoderLook[];
  readonly decoderCount: number;
  readonly poison: PoisonLook | null;
  /** Something else is wrong with it, in a word or two each: "mailbox stuck", "media disabled", "errors logged". */
  readonly troubles: readonly string[];
  /** Declared cards that are not plugged in. */
  readonly cards: readonly CardLook[];
  /** Regions that lie on it or pass through it. */
  readonly regions: readonly string[];
  /** Requests that the lives of workloads that last sent through it: those of a life that is over no longer count. */
  readonly requests: number;
  readonly facts: readonly Fact[];
  readonly below: readonly PartLook[];
}

export interface WindowLook {
  /** "window 0": by its place in the description. */
  readonly name: string;
  /** The kernel's root decoder, or "". */
  readonly decoder: string;
  readonly base: string;
  readonly size: string;
  readonly start: number;
  readonly bytes: number;
  /** Host bridges by position. */
  readonly targets: readonly string[];
  readonly facts: readonly Fact[];
}

/** What becomes of memory: online as System RAM, a device that is mapped, a file system's, or nothing. */
export type MemoryUse = "system-ram" | "devdax" | "file-system" | "nothing";

export interface DaxLook {
  readonly name: string;
  readonly region: string | null;
  readonly start: number;
  readonly bytes: number;
  readonly use: MemoryUse;
  readonly words: string;
}

export interface RegionLook {
  readonly name: string;
  /** Window that it lies in, by name; null: it has no addresses. */
  readonly window: string | null;
  readonly base: string;
  readonly size: string;
  readonly start: number;
  readonly bytes: number;
  readonly ways: number;
  /** Bytes. */
  readonly granularity: number;
  readonly isCommitted: boolean;
  /** Every position of it can be reached. */
  readonly isReachable: boolean;
  readonly driver: string | null;
  /** By position: the part, and the kernel's memdev; null: nobody. */
  readonly members: readonly { readonly part: string | null; readonly memdev: string | null }[];
  readonly dax: readonly DaxLook[];
  readonly use: MemoryUse;
  readonly requests: number;
  readonly facts: readonly Fact[];
}

export interface HostLook {
  readonly state: "running" | "panicked" | "reset" | "hung";
  readonly processors: number;
  readonly summary: string;
  readonly facts: readonly Fact[];
}

export interface MachineLook extends Standing {
  /** Of the run (`LiveStatus`). */
  readonly generation: number;
  /** Virtual ns since power-on. */
  readonly atNs: number;
  /** Parts are shown as they are at the access, the kernel's things as they are when its step is over. */
  readonly isInsideStep: boolean;
  readonly host: HostLook;
  readonly windows: readonly WindowLook[];
  readonly regions: readonly RegionLook[];
  /** dax devices that belong to no region. */
  readonly loose: readonly DaxLook[];
  readonly bridges: readonly PartLook[];
  /** Parts that were left out: the machine is larger than what is drawn. */
  readonly leftOut: number;
}

export interface MachineQuestion {
  /** Parts that are wanted at most. */
  readonly most: number;
}
