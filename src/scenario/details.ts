// What a report shows of one run beyond its result: plain data, made where the run is. It goes through a structured clone and JSON as it is.

import type { Timeline } from "./trace/timeline.ts";

/** Whether a part does its work; `empty`: nothing is plugged in there. */
export type PartCondition = "works" | "impaired" | "dead" | "empty";

/** A part of the machine at the end, for a drawing: bridges have root ports, ports a switch or a device below. */
export interface TopologyPart {
  readonly name: string;
  readonly kind: "host bridge" | "root port" | "switch" | "downstream port" | "device";
  /** PCI name, SSSS:BB:DD.F; "" where it has none (yet). */
  readonly address: string;
  readonly condition: PartCondition;
  /** Capacity, capability and state in words, one each: "4GiB volatile", "link down: cable", "isolated". */
  readonly facts: readonly string[];
  readonly below: readonly TopologyPart[];
}

/** A region as the kernel has it at the end. */
export interface RegionSummary {
  readonly name: string;
  readonly facts: readonly string[];
}

/** A field by name with its declaration's words and, for each moment, its value and the value's name ("" where the declaration has none). */
export interface FieldDump {
  readonly name: string;
  readonly about: string;
  readonly values: readonly (readonly [value: number, meaning: string] | null)[];
}

/** A register by name with its values at the moments of `RunDetails.moments`, in their order. */
export interface RegisterDump {
  readonly of: string;
  /** `timeoutIsolation.status`, `hdmDecoderDevice.control[1]`. */
  readonly register: string;
  readonly about: string;
  /** The specification's place, as "CXL 8.2.4.24.3". */
  readonly clause: string;
  /** Hexadecimal, as wide as the register; null: the part was not there. */
  readonly values: readonly (string | null)[];
  readonly fields: readonly FieldDump[];
}

/** A moment at which registers were looked at. */
export interface RegisterMoment {
  readonly atNs: number;
  /** "ready", "step 3: metric killed", or "the end". */
  readonly what: string;
}

export interface LogLine {
  readonly atNs: number;
  readonly level: string;
  readonly text: string;
}

export interface RunDetails extends Timeline {
  readonly topology: readonly TopologyPart[];
  readonly regions: readonly RegionSummary[];
  /** Ready, the first expectation of a step that failed, and the end, in order of time; those that were reached. */
  readonly moments: readonly RegisterMoment[];
  readonly registers: readonly RegisterDump[];
  /** The last lines of the kernel's log. */
  readonly log: readonly LogLine[];
  readonly logLeftOut: number;
  /** Virtual ns; -1: it was not reached. */
  readonly readyAtNs: number;
  /** When the first expectation failed, at the end where it was judged there; null: none did. */
  readonly failedAtNs: number | null;
  /** Texts of the scenario and of what it includes, by file. */
  readonly sources: Readonly<Record<string, string>>;
}
