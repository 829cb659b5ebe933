// What panels know and can do: signals that they read, actions that they call. Made once by `createStore`; the only thing that talks to the worker.

import type { ReadonlySignal, Signal } from "@preact/signals";
import type { Arrival, LiveInput, LiveStatus, LiveUpdate, Pace, Target, Touch, TouchResult } from "../../sandbox/live/contract.ts";
import type { LookAnswer, LookName, LookQuestion } from "../../sandbox/live/looks.ts";
import type { ServiceAnswer, ServiceName, ServiceQuestion } from "../../sandbox/live/services.ts";
import type { Finding } from "../../scenario/lint.ts";

/** What is in the editor, and how it is run. */
export interface Document {
  /** As the command would be given it. */
  readonly file: string;
  readonly text: string;
  readonly includes: Readonly<Record<string, string>>;
  readonly seed: number;
  readonly schedule: "fixed" | "seeded";
}

/** Something said to the reader, beside the panels. */
export interface Notice {
  readonly kind: "info" | "problem";
  readonly text: string;
  /** A way out: a button with its words. */
  readonly action?: { readonly label: string; readonly run: () => void };
}

/** Virtual ns since power-on, both inclusive. */
export interface TimeRange {
  readonly fromNs: number;
  readonly toNs: number;
}

/** Where something stands in the editor's text, from 1. */
export interface TextPlace {
  readonly line: number;
  readonly column: number;
}

export type PanelId = string;

export interface PageStore {
  // What is edited
  readonly document: Signal<Document>;
  /** Problems and warnings of the text, the newest known. */
  readonly findings: ReadonlySignal<readonly Finding[]>;
  /** What the run was made from; null: none is open. */
  readonly opened: ReadonlySignal<LiveInput | null>;
  /** The text has changed since the run was opened. */
  readonly isChanged: ReadonlySignal<boolean>;
  /** Where the editor is to show its cursor; a panel sets it, the editor takes it. */
  readonly place: Signal<TextPlace | null>;

  // The run
  /** Null: none is open (the text is no scenario, or the worker starts). */
  readonly status: ReadonlySignal<LiveStatus | null>;
  /** Counts up when what looks show may have changed: the position, a touch, another run. Read it in an effect and look again. While the run moves it counts about ten times a second. */
  readonly moment: ReadonlySignal<number>;
  readonly pace: Signal<Pace>;
  /** Why there is no worker; null while there is one. */
  readonly death: ReadonlySignal<string | null>;

  // What is picked; every panel goes by it
  readonly range: Signal<TimeRange | null>;
  /** Name of a part of the machine. */
  readonly part: Signal<string | null>;
  /** Number of a record. */
  readonly record: Signal<number | null>;
  /** The panel shown in each area. */
  readonly shown: Signal<Readonly<Record<"left" | "main" | "side" | "bottom", PanelId>>>;
  /** The panel that `show` was called for last; another object each time, so that what is the shown one already is brought into sight as well. */
  readonly asked: ReadonlySignal<{ readonly panel: PanelId } | null>;
  readonly theme: Signal<"system" | "light" | "dark">;
  readonly notice: Signal<Notice | null>;

  // Actions. They never throw: what goes wrong becomes a notice.
  /** Opens the document as a fresh run at power-on. False: it could not be, and `findings` or `notice` say why. */
  reset(): Promise<boolean>;
  /** Goes on; after changes of the text, from power-on with the new text. */
  run(): Promise<void>;
  pause(): Promise<void>;
  go(target: Target): Promise<Arrival>;
  touch(touch: Touch): Promise<TouchResult>;
  complete(line: string): Promise<readonly string[]>;
  /** Undefined: there is no run, or the worker died on the way. */
  look<N extends LookName>(name: N, question: LookQuestion<N>): Promise<LookAnswer<N> | undefined>;
  /** Undefined: the worker died on the way. */
  ask<N extends ServiceName>(name: N, question: ServiceQuestion<N>): Promise<ServiceAnswer<N> | undefined>;
  /** A file of either kind, dropped, chosen or fetched. */
  openFile(name: string, bytes: Uint8Array): Promise<void>;
  openScenario(file: string, text: string, includes?: Readonly<Record<string, string>>): Promise<void>;
  traceFile(): Promise<Uint8Array | null>;
  /** Starts a new worker after the death of the old one; the text stays. */
  restart(): Promise<void>;
  show(panel: PanelId): void;
  /** Hears what is told between slices, also what the terminal prints. Gives what ends it. */
  hear(listener: (update: LiveUpdate) => void): () => void;
}
