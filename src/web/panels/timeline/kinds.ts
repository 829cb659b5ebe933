// How each kind of event looks: a sign of its own, a colour of the page, and what is drawn over what.

import type { ShownKind } from "../../../sandbox/live/columns.ts";
import { shownKinds } from "../../../sandbox/live/columns.ts";

/** Names of the page's colours (style/tokens.css) that the drawing uses. */
export const colourNames = ["ground", "raised", "sunken", "line", "text", "quiet", "accent", "works", "impaired", "dead", "poison", "focus", "changed"] as const;
export type ColourName = (typeof colourNames)[number];
export type Colours = Readonly<Record<ColourName, string>>;

export interface KindLook {
  readonly kind: ShownKind;
  /** One letter or shape, each kind another. */
  readonly sign: string;
  readonly colour: ColourName;
  /** Of several in one place the highest is shown. */
  readonly notability: number;
  /** What it is, for the legend. */
  readonly title: string;
}

const looks: Readonly<Record<ShownKind, Omit<KindLook, "kind">>> = {
  fault: { sign: "◆", colour: "dead", notability: 100, title: "a fault acts" },
  failure: { sign: "✕", colour: "dead", notability: 99, title: "an expectation does not hold" },
  host: { sign: "■", colour: "dead", notability: 98, title: "the host resets or hangs" },
  isolation: { sign: "I", colour: "dead", notability: 90, title: "isolation" },
  "machine check": { sign: "▲", colour: "dead", notability: 85, title: "machine checks" },
  link: { sign: "L", colour: "impaired", notability: 80, title: "link, plug" },
  error: { sign: "!", colour: "impaired", notability: 75, title: "errors, refusals" },
  reset: { sign: "R", colour: "impaired", notability: 70, title: "resets" },
  recovery: { sign: "►", colour: "accent", notability: 65, title: "states of a recovery" },
  mark: { sign: "▼", colour: "accent", notability: 60, title: "marks" },
  expectation: { sign: "✓", colour: "works", notability: 55, title: "an expectation holds" },
  memory: { sign: "M", colour: "poison", notability: 50, title: "lost, poisoned or stalled memory" },
  decoder: { sign: "D", colour: "accent", notability: 45, title: "decoders committed" },
  interrupt: { sign: "N", colour: "accent", notability: 40, title: "interrupts" },
  command: { sign: "$", colour: "text", notability: 35, title: "commands of steps" },
  mailbox: { sign: "B", colour: "text", notability: 30, title: "mailbox commands" },
  kernel: { sign: "K", colour: "text", notability: 25, title: "steps of the kernel" },
  task: { sign: "T", colour: "quiet", notability: 20, title: "a task goes on, chosen among several" },
  log: { sign: "=", colour: "quiet", notability: 15, title: "lines of the log" },
  access: { sign: "·", colour: "quiet", notability: 10, title: "accesses to registers and memory" },
};

/** By the number of the kind. */
export const kindLooks: readonly KindLook[] = shownKinds.map((kind) => ({ kind, ...looks[kind] }));
export const notability: readonly number[] = kindLooks.map((look) => look.notability);
/** Kinds by what is drawn over the others, as a legend lists them. */
export const legend: readonly KindLook[] = kindLooks.toSorted((a, b) => b.notability - a.notability);
