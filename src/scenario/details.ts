// What a report shows of one run beyond its result: plain data, made where the run is.

import type { TraceLayer } from "../sim/trace.ts";

/** A part of the machine, for a drawing: bridges have root ports, ports a switch or a device below. */
export interface TopologyPart {
  readonly name: string;
  readonly kind: "host bridge" | "root port" | "switch" | "downstream port" | "device";
  /** PCI name, SSSS:BB:DD.F; "" where it has none yet. */
  readonly address: string;
  /** Capacity, capability and state in words, one each: "4GiB volatile", "link down", "isolated". */
  readonly facts: readonly string[];
  readonly below: readonly TopologyPart[];
}

/** A field by name with its value and, where the declaration names it, the value's name. */
export interface FieldDump {
  readonly name: string;
  readonly value: string;
  readonly meaning: string;
}

export interface RegisterDump {
  readonly of: string;
  /** `timeoutIsolation.status`. */
  readonly register: string;
  readonly value: string;
  /** The specification's place, as "CXL 8.2.4.24.3". */
  readonly clause: string;
  readonly fields: readonly FieldDump[];
}

/** Registers at one moment. */
export interface RegisterMoment {
  readonly atNs: number;
  /** "step 3: metric killed", or "the end". */
  readonly what: string;
  readonly registers: readonly RegisterDump[];
}

/** One line of a time line. */
export interface TimelineEvent {
  readonly atNs: number;
  readonly layer: TraceLayer;
  /** A part of the machine, "cpu 3", "kernel", "log", "result". */
  readonly lane: string;
  readonly text: string;
  /** How many times in a row. */
  readonly count: number;
}

export interface LogLine {
  readonly atNs: number;
  readonly level: string;
  readonly text: string;
}

export interface RunDetails {
  readonly topology: readonly TopologyPart[];
  /** The first failed expectation, if it was judged before the end, and the end. */
  readonly moments: readonly RegisterMoment[];
  readonly log: readonly LogLine[];
  readonly timeline: readonly TimelineEvent[];
  /** Events that were left out because there were too many. */
  readonly timelineLeftOut: number;
  readonly readyAtNs: number;
}
