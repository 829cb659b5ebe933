// What a fault's `when:` comes to: one thing that happens, which time, how long after it, how often. The same for scenarios and for what is injected.

import { hashText } from "../../sim/hash.ts";
import { createRandom, nextBelow, nextUint32 } from "../../sim/random.ts";
import type { StepName } from "../../kernel/base/steps.ts";
import type { MomentFile, WhenFile } from "./trigger-schema.ts";
import { timeText } from "../units.ts";

type Direction = "read" | "write" | "any";

/** What happens, as far as one thing is told from another. */
export type Cause =
  /** Power-on or ready. */
  | { readonly kind: "time" }
  | { readonly kind: "access"; readonly of: string; readonly register: string; readonly direction: Direction }
  | { readonly kind: "request"; readonly port: string | null; readonly direction: Direction }
  /** `equals` null: whenever it changes. */
  | { readonly kind: "register"; readonly of: string; readonly field: string; readonly equals: number | null }
  /** A line of the kernel's log (of one level, or any), a mark, or either of them. */
  | { readonly kind: "text"; readonly text: string; readonly in: "log" | "mark" | "any"; readonly level: string | null }
  | { readonly kind: "step"; readonly step: StepName; readonly of: string | null }
  | { readonly kind: "fault"; readonly id: string }
  /** A step of the scenario says when, by its number. */
  | { readonly kind: "inject"; readonly step: number };

export interface Trigger {
  readonly cause: Cause;
  readonly from: "boot" | "ready";
  /** Which time it happens, from 1. */
  readonly nth: number;
  /** How often the fault acts in all. */
  readonly times: number;
  /** Virtual ns from one act to the next; null: each has a happening of its own. */
  readonly every: number | null;
  /** Virtual ns from the happening to the first act: at least, at most; the seed picks where they differ. */
  readonly delay: { readonly least: number; readonly most: number };
}

const rangeOf = (moment: MomentFile | undefined): Trigger["delay"] => {
  if (moment === undefined) return { least: 0, most: 0 };
  return typeof moment === "number" ? { least: moment, most: moment } : { least: moment.between[0], most: moment.between[1] };
};

/** `rp0.timeoutIsolation.status.memoryIsolation` as a part and the path of a field of it. */
export function splitField(dotted: string): { readonly of: string; readonly field: string } {
  const dot = dotted.indexOf(".");
  return dot < 0 ? { of: dotted, field: "" } : { of: dotted.slice(0, dot), field: dotted.slice(dot + 1) };
}

function causeOf(when: Exclude<WhenFile, { at: unknown }>): Cause {
  if ("access" in when) return { kind: "access", of: when.access.of, register: when.access.register, direction: when.access.direction ?? "any" };
  if ("request" in when) return { kind: "request", port: when.request.port ?? null, direction: when.request.direction ?? "any" };
  if ("register" in when) {
    const place = typeof when.register === "string" ? splitField(when.register) : when.register;
    const equals = typeof when.register === "string" ? when.equals : (when.register.equals ?? when.equals);
    return { kind: "register", of: place.of, field: place.field, equals: equals ?? null };
  }
  if ("after" in when) return { kind: "text", text: when.after, in: "any", level: null };
  if ("mark" in when) return { kind: "text", text: when.mark, in: "mark", level: null };
  if ("log" in when) return { kind: "text", text: when.log, in: "log", level: when.level ?? null };
  if ("step" in when) return { kind: "step", step: when.step.name, of: when.step.of };
  return { kind: "fault", id: typeof when.fault === "string" ? when.fault : when.fault.id };
}

/** Keys that may stand inside the happening or beside it. */
export function innerKeys(when: WhenFile): { readonly nth?: number | undefined; readonly delay?: MomentFile | undefined; readonly within?: number | undefined } {
  if ("access" in when) return when.access;
  if ("request" in when) return when.request;
  return "fault" in when && typeof when.fault !== "string" ? when.fault : {};
}

/** What a trigger that has been checked comes to. */
export function triggerOf(when: WhenFile): Trigger {
  const every = when.every ?? null;
  const times = when.times ?? 1;
  if ("at" in when) return { cause: { kind: "time" }, from: when.from ?? "ready", nth: 1, times, every, delay: rangeOf(when.at) };
  const inner = innerKeys(when);
  const within = when.within ?? inner.within;
  const delay = within === undefined ? rangeOf(when.delay ?? inner.delay) : { least: 0, most: within };
  // Another fault may have acted before ready.
  return { cause: causeOf(when), from: when.from ?? ("fault" in when ? "boot" : "ready"), nth: when.nth ?? inner.nth ?? 1, times, every, delay };
}

/** The trigger of what a step of the scenario injects. */
export const injectedBy = (step: number): Trigger => ({ cause: { kind: "inject", step }, from: "boot", nth: 1, times: 1, every: null, delay: { least: 0, most: 0 } });

/** Whether a fault can act before ready: it counts from boot, and so does what it follows. */
export function countsFromBoot(faults: readonly { readonly id: string; readonly trigger: Trigger }[], { trigger: { cause, from } }: { readonly trigger: Trigger }): boolean {
  if (cause.kind === "inject" || from !== "boot") return false;
  if (cause.kind !== "fault") return true;
  const other = faults.find(({ id }) => id === cause.id);
  return other !== undefined && countsFromBoot(faults, other);
}

const wholeWord = 0x1_0000_0000;

/** Uniform integer in 0..limit-1, `limit` up to 2^53. */
function drawBelow(random: ReturnType<typeof createRandom>, limit: number): number {
  if (limit <= wholeWord) return nextBelow(random, limit);
  const words = Math.floor((limit - 1) / wholeWord) + 1;
  for (;;) {
    const value = nextBelow(random, words) * wholeWord + nextUint32(random);
    if (value < limit) return value;
  }
}

/** How long after its happening a fault acts (virtual ns). Each fault has numbers of its own, so that another one in the file changes nothing. */
export function drawDelay({ delay: { least, most } }: Trigger, id: string, seed: number): number {
  return least === most ? least : least + drawBelow(createRandom(seed, hashText(`fault ${id}`).low), most - least + 1);
}

const ordinal = (nth: number): string => `${nth}${nth % 100 >= 11 && nth % 100 <= 13 ? "th" : ({ 1: "st", 2: "nd", 3: "rd" }[nth % 10] ?? "th")}`;

const accesses: Readonly<Record<Direction, string>> = { read: "read", write: "write", any: "access" };
const requests: Readonly<Record<Direction, string>> = { read: "read request", write: "write request", any: "request" };

function causeWords(cause: Cause): string {
  switch (cause.kind) {
    case "time": return "time";
    case "access": return `${accesses[cause.direction]} of ${cause.of} ${cause.register}`;
    case "request": return `${requests[cause.direction]}${cause.port === null ? "" : ` of ${cause.port}`}`;
    case "register": return cause.equals === null ? `change of ${cause.of} ${cause.field}` : `${cause.of} ${cause.field} = ${cause.equals}`;
    case "text": return `${cause.in === "any" ? "mark or log line" : cause.in === "log" ? `log line${cause.level === null ? "" : ` of level ${cause.level}`}` : "mark"} "${cause.text}"`;
    case "step": return `kernel step ${cause.step}${cause.of === null ? "" : ` of ${cause.of}`}`;
    case "fault": return `act of fault ${cause.id}`;
    default: return `step ${cause.step}`;
  }
}

const rangeWords = ({ least, most }: Trigger["delay"]): string => (least === most ? timeText(least) : `${timeText(least)} to ${timeText(most)}`);

/** A trigger in words: "2nd write of rp0 timeoutIsolation.control, 1ms later, 3 times, every 10ms". */
export function triggerWords({ cause, from, nth, times, every, delay }: Trigger): string {
  const repeats = times === 1 ? "" : `, ${times} times${every === null ? "" : `, every ${timeText(every)}`}`;
  if (cause.kind === "time") return `${rangeWords(delay)} after ${from === "boot" ? "power-on" : "ready"}${repeats}`;
  const later = delay.most === 0 ? "" : `, ${rangeWords(delay)} later`;
  return `${nth === 1 ? "" : `${ordinal(nth)} `}${causeWords(cause)}${later}${repeats}`;
}
