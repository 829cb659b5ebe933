// What a hardware record means to somebody who looks at a time line. What it says, in words, is said by trace-words.ts; where bursts are one event it has words of its own.

import { hardwareKinds } from "./words.ts";

export type EventKind =
  | "fault" | "mark" | "expectation" | "command" | "log" | "kernel" | "recovery" | "machine check" | "interrupt"
  | "link" | "isolation" | "error" | "decoder" | "reset" | "mailbox" | "memory" | "host";

export interface EventMeaning {
  readonly kind: EventKind;
  /** Records in a row are one burst under these words, whatever their arguments; absent: each says its own. */
  readonly burst?: string;
}

/** By name of the kind of record. Those that say nothing to a reader of a time line (reserved bits, requests that were accounted for) are absent. */
const meanings: Readonly<Partial<Record<(typeof hardwareKinds)[number], EventMeaning>>> = {
  link: { kind: "link" }, plug: { kind: "link" },
  isolation: { kind: "isolation" }, "isolation cleared": { kind: "isolation" }, busy: { kind: "isolation" }, timeout: { kind: "isolation" },
  interrupt: { kind: "interrupt" }, "interrupt lost": { kind: "interrupt" },
  commit: { kind: "decoder" }, reset: { kind: "reset" }, host: { kind: "host" }, limit: { kind: "host" },
  probe: { kind: "fault" }, register: { kind: "fault" },
  violation: { kind: "error" }, "error message": { kind: "error" }, ras: { kind: "error" }, contained: { kind: "error" }, refused: { kind: "error", burst: "writes refused" }, event: { kind: "error" },
  dropped: { kind: "memory", burst: "writes dropped" }, poison: { kind: "memory", burst: "reads answered with poison" }, stall: { kind: "memory", burst: "requesters stall: the in-flight table is full" },
  ready: { kind: "memory" }, media: { kind: "memory" }, "caches invalidated": { kind: "memory" },
  command: { kind: "mailbox" }, background: { kind: "mailbox" },
};

/** Meaning of a hardware record by the number of its kind; undefined: nothing that a time line shows. */
export function meaningOf(kind: number): EventMeaning | undefined {
  const name = hardwareKinds[kind];
  return name === undefined ? undefined : meanings[name];
}

/** A step of the kernel that says how far a recovery is: its port and its state. */
export const recoveryStep = /^([0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]) ([A-Z][A-Z_-]+)$/;
/** States in which a recovery ends. */
export const lastStates: ReadonlySet<string> = new Set(["RECOVERED", "RECOVERED-REDUCED", "BLOCKED", "STRANDED", "REBOOT_CHOSEN"]);
