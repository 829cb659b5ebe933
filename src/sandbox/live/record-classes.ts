// Which lane and kind each record of a trace has on the time line, and what lasts: by numbers alone, with texts looked at once for each lane, span or step.

import { lastStates, meaningOf, recoveryStep } from "../../scenario/trace/timeline-words.ts";
import type { TraceNames } from "../../scenario/trace/words.ts";
import { accessKinds, createTraceWords, hardwareKinds } from "../../scenario/trace/words.ts";
import type { TraceRecord } from "../../sim/trace.ts";
import { kernelKinds, layerIndex, readRecord, recordWords, resultKinds } from "../../sim/trace.ts";
import type { LaneGroup, ShownKind } from "./columns.ts";
import { notShown, shownKinds } from "./columns.ts";
import type { Facet } from "./lanes.ts";
import { facets, Lanes } from "./lanes.ts";
import { Spans } from "./spans.ts";

/** Where classes of records go: places of equal length. */
export interface Classes {
  readonly times: Float64Array;
  readonly lanes: Uint16Array;
  readonly kinds: Uint8Array;
  /** How many of the same a record stands for. */
  readonly weights: Uint32Array;
}

const numberOf = (kind: ShownKind): number => shownKinds.indexOf(kind);
const numbers = Object.fromEntries(shownKinds.map((kind) => [kind, numberOf(kind)])) as Readonly<Record<ShownKind, number>>;
const hardwareNumber = (name: (typeof hardwareKinds)[number]): number => hardwareKinds.indexOf(name);
const accessNumber = (name: (typeof accessKinds)[number]): number => accessKinds.indexOf(name);

const facetNames: Readonly<Partial<Record<(typeof hardwareKinds)[number], Facet>>> = {
  link: "link", plug: "link", dropped: "traffic", poison: "traffic", stall: "traffic", command: "mailbox", background: "mailbox", event: "events",
};
/** By number of a hardware record's kind. */
const hardwareShown = Uint8Array.from({ length: 256 }, (_, kind) => {
  const meaning = meaningOf(kind);
  return meaning === undefined ? notShown : numbers[meaning.kind];
});
const hardwareFacet = Uint8Array.from({ length: 256 }, (_, kind) => facets.indexOf(facetNames[hardwareKinds[kind] ?? ""] ?? "part"));

const [link, isolation, isolationCleared, background] = [hardwareNumber("link"), hardwareNumber("isolation"), hardwareNumber("isolation cleared"), hardwareNumber("background")];
const [configWrite, mmioWrite, store] = [accessNumber("config write"), accessNumber("mmio write"), accessNumber("store")];
const accessFacet = facets.indexOf("accesses");

const processStep = /^process (.+) (started|killed)$/;

/** What a step or state of the kernel says by its text. */
interface StepMeaning {
  readonly port: string;
  readonly state: string;
  readonly process: string;
  readonly what: string;
  /** Its lane; -1: not needed yet. */
  lane: number;
}

/** Lanes that there is one of each, by place; made when they are first needed. */
const fixedLanes = [
  ["Processors", "loads and stores", 0], ["Processors", "requests of workloads", 1], ["Log", "log", 0], ["Kernel tasks", "kernel", 0], ["Kernel tasks", "interrupts", 1], ["Scenario and steps", "steps", 1],
] as const satisfies readonly (readonly [group: LaneGroup, name: string, order: number])[];
const [loads, requests, log, kernel, interrupts, steps] = [0, 1, 2, 3, 4, 5];

export class RecordClasses {
  readonly lanes: Lanes;
  readonly spans = new Spans();
  /** Virtual ns; -1: no record told of it. */
  readyAtNs = -1;
  /** Layers and kinds that occur: place `layer << 8 | kind`. */
  readonly seen = new Uint8Array(8 << 8);
  readonly #names: TraceNames;
  /** What a record says. */
  readonly say: (record: TraceRecord) => string;
  readonly #scenario: number;
  /** By number of the text. */
  readonly #steps = new Map<number, StepMeaning>();
  /** Lanes by number of the text of a choice or a machine check. */
  readonly #tasks = new Map<number, number>();
  readonly #checked = new Map<number, number>();
  readonly #fixed = new Int32Array(fixedLanes.length).fill(-1);
  #stepFrom = 0;

  constructor(names: TraceNames) {
    this.#names = names;
    this.say = createTraceWords(names);
    this.lanes = new Lanes(names);
    this.#scenario = this.lanes.of("Scenario and steps", "scenario", 0, null, 0);
    this.spans.begin(0, this.#scenario, "boot", 0, "boot");
  }

  /** Classifies whole records. @param first number of the first one; @param at where in `to` its class goes */
  add(words: Uint32Array, first: number, to: Classes, at: number): void {
    const count = words.length / recordWords;
    for (let index = 0; index < count; index++) {
      const place = index * recordWords;
      const packed = words[place + 1] ?? 0;
      const layer = (packed >>> 21) & 7;
      const kind = packed >>> 24;
      const time = (packed & 0x1fffff) * 0x1_0000_0000 + (words[place] ?? 0);
      const record = first + index;
      this.seen[(layer << 8) | kind] = 1;
      to.times[at + index] = time;
      const shown = layer === layerIndex.access ? numbers.access : layer === layerIndex.hardware ? (hardwareShown[kind] ?? notShown) : this.#shownAbove(words, place, layer, kind);
      to.kinds[at + index] = shown;
      to.weights[at + index] = shown === numbers["machine check"] ? (words[place + 6] ?? 1) : 1;
      if (shown === notShown) continue;
      to.lanes[at + index] = layer === layerIndex.access ? this.#accessLane(words, place, kind, record) : layer === layerIndex.hardware ? this.#hardware(words, index, kind, record, time) : this.#above(words, place, layer, kind, record, time);
    }
  }

  #fixedLane(place: number, record: number): number {
    const known = this.#fixed[place] ?? -1;
    const one = fixedLanes[place];
    if (known >= 0 || one === undefined) return known;
    const [group, name, order] = one;
    return (this.#fixed[place] = this.lanes.of(group, name, record, null, order));
  }

  #textOf(words: Uint32Array, place: number): string {
    return this.#names.strings[words[place + 2] ?? 0] ?? "";
  }

  #accessLane(words: Uint32Array, place: number, kind: number, record: number): number {
    if (kind <= configWrite) return this.lanes.ofPart(words[place + 7] ?? 0, accessFacet, record);
    if (kind <= mmioWrite) return this.lanes.ofPart(words[place + 2] ?? 0, accessFacet, record);
    return this.#fixedLane(kind <= store ? loads : requests, record);
  }

  #hardware(words: Uint32Array, index: number, kind: number, record: number, time: number): number {
    const place = index * recordWords;
    const lane = this.lanes.ofPart(words[place + 2] ?? 0, hardwareFacet[kind] ?? 0, record);
    if (kind === link || kind === isolation || kind === isolationCleared || kind === background) this.#follow(words, index, kind, lane, record, time);
    return lane;
  }

  /** What lasts in the hardware: links that are not up, isolation, background commands. */
  #follow(words: Uint32Array, index: number, kind: number, lane: number, record: number, time: number): void {
    const one = readRecord(words, index);
    const part = `${this.#names.parts.get(one.a) ?? "machine"}: `;
    const said = this.say(one);
    const text = said.startsWith(part) ? said.slice(part.length) : said;
    if (kind === link) {
      this.spans.end(record, lane, "link down", time);
      this.spans.end(record, lane, "training", time);
      if (one.b < 2) this.spans.begin(record, lane, one.b === 0 ? "link down" : "training", time, text);
    } else if (kind === isolation) {
      if (one.b < 2) this.spans.begin(record, lane, "isolated", time, text);
    } else if (kind === isolationCleared) {
      if (one.c === 0) this.spans.end(record, lane, "isolated", time);
    } else if (one.f === 0) this.spans.begin(record, lane, "background", time, text);
    else this.spans.end(record, lane, "background", time);
  }

  /** Kind of a record above the hardware. */
  #shownAbove(words: Uint32Array, place: number, layer: number, kind: number): number {
    if (layer === layerIndex.log) return numbers.log;
    if (layer === layerIndex.result) {
      if (kind === resultKinds.mark) return numbers.mark;
      if (kind === resultKinds.step) return numbers.command;
      if (kind !== resultKinds.expectation) return notShown;
      return (this.#names.strings[words[place + 3] ?? 0] ?? "").startsWith("holds") ? numbers.expectation : numbers.failure;
    }
    if (layer !== layerIndex.kernel) return notShown;
    if (kind === kernelKinds.machineCheck) return numbers["machine check"];
    if (kind === kernelKinds.interrupt) return numbers.interrupt;
    if (kind === kernelKinds.choice) return numbers.task;
    if (kind === kernelKinds.step) return this.#stepOf(words, place).port === "" ? numbers.kernel : numbers.recovery;
    return kind === kernelKinds.state && this.#textOf(words, place).startsWith("process ") ? numbers.kernel : notShown;
  }

  #stepOf(words: Uint32Array, place: number): StepMeaning {
    const id = words[place + 2] ?? 0;
    const known = this.#steps.get(id);
    if (known !== undefined) return known;
    const text = this.#textOf(words, place);
    const [, port = "", state = ""] = recoveryStep.exec(text) ?? [];
    const [, process = "", what = text] = processStep.exec(text) ?? [];
    const made: StepMeaning = { port, state, process, what, lane: -1 };
    this.#steps.set(id, made);
    return made;
  }

  #above(words: Uint32Array, place: number, layer: number, kind: number, record: number, time: number): number {
    if (layer === layerIndex.log) return this.#fixedLane(log, record);
    if (layer === layerIndex.result) return this.#result(words, place, kind, record, time);
    if (kind === kernelKinds.machineCheck) return this.#machineCheck(words, place, record);
    if (kind === kernelKinds.interrupt) return this.#fixedLane(interrupts, record);
    if (kind === kernelKinds.choice) return this.#laneByText(this.#tasks, words, place, () => this.lanes.of("Kernel tasks", this.#textOf(words, place), record));
    return this.#step(this.#stepOf(words, place), kind, record, time);
  }

  #laneByText(known: Map<number, number>, words: Uint32Array, place: number, make: () => number): number {
    const id = words[place + 2] ?? 0;
    const lane = known.get(id) ?? make();
    known.set(id, lane);
    return lane;
  }

  #machineCheck(words: Uint32Array, place: number, record: number): number {
    return this.#laneByText(this.#checked, words, place, () => this.lanes.of("Machine checks", this.#textOf(words, place), record));
  }

  #step(meaning: StepMeaning, kind: number, record: number, time: number): number {
    const { port, state, process, what } = meaning;
    if (process !== "") return this.#life(meaning, kind, record, time);
    if (port !== "") {
      if (meaning.lane < 0) meaning.lane = this.lanes.of("Recoveries", port, record);
      const { lane } = meaning;
      if (lastStates.has(state)) this.spans.end(record, lane, "recovery", time);
      else this.spans.begin(record, lane, "recovery", time, state);
      return lane;
    }
    if (what === "booted" && kind === kernelKinds.step) {
      this.spans.end(record, this.#scenario, "boot", time);
      this.#stepFrom = time;
    }
    return this.#fixedLane(kernel, record);
  }

  /** A process of a workload lives from its start until it is killed. */
  #life(meaning: StepMeaning, kind: number, record: number, time: number): number {
    const { process, what } = meaning;
    if (meaning.lane < 0) meaning.lane = this.lanes.of("Workloads", process, record);
    const { lane } = meaning;
    if (what === "started" && kind === kernelKinds.step) this.spans.begin(record, lane, "life", time, process);
    else if (what === "killed") this.spans.end(record, lane, "life", time);
    return lane;
  }

  #result(words: Uint32Array, place: number, kind: number, record: number, time: number): number {
    if (kind !== resultKinds.step) {
      if (kind === resultKinds.mark && this.readyAtNs < 0 && this.#textOf(words, place) === "ready") this.readyAtNs = time;
      return this.#scenario;
    }
    // The record of a command comes when it has ended; it began when the one before had, or the kernel was up.
    const lane = this.#fixedLane(steps, record);
    this.spans.whole(record, { lane, kind: "step", fromNs: Math.min(this.#stepFrom, time), untilNs: time, text: this.#textOf(words, place) });
    this.#stepFrom = time;
    return lane;
  }
}
