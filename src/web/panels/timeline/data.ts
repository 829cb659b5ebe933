// What the time line knows of a trace: columns as they came from the worker, and for each lane the records of each kind in order, so that drawing searches and never walks.

import type { Columns, LaneGroup, ShownLane, ShownSpan } from "../../../sandbox/live/columns.ts";

const notShown = 255;

/** Numbers in rising order, growing. */
export class IndexList {
  #values = new Uint32Array(16);
  length = 0;

  get values(): Uint32Array {
    return this.#values;
  }

  push(value: number): void {
    if (this.length === this.#values.length) {
      const wider = new Uint32Array(this.length * 2);
      wider.set(this.#values);
      this.#values = wider;
    }
    this.#values[this.length++] = value;
  }
}

/** Records of one kind in one lane. */
export interface Series {
  readonly kind: number;
  readonly indices: IndexList;
}

export interface Lane extends ShownLane {
  readonly id: number;
  readonly series: Series[];
  /** In order of their beginnings. Two of one lane do not overlap, but where one begins as another ends. */
  readonly spans: ShownSpan[];
}

export class TimelineData {
  generation = -1;
  /** Records that are here; the arrays are longer. */
  length = 0;
  times = new Float64Array(1024);
  kinds = new Uint8Array(1024);
  laneOf = new Uint16Array(1024);
  readyAtNs = -1;
  spansLeftOut = 0;
  readonly lanes: Lane[] = [];
  /** How many of the same a record stands for, where it is more than one. */
  readonly weights = new Map<number, number>();
  /** Lane and place in it of each span. */
  readonly #spans = new Map<number, { readonly lane: number; readonly place: number }>();

  /** Virtual ns of the last record. */
  get endNs(): number {
    return this.length === 0 ? 0 : (this.times[this.length - 1] ?? 0);
  }

  #clear(generation: number): void {
    this.generation = generation;
    this.length = 0;
    this.readyAtNs = -1;
    this.lanes.length = 0;
    this.weights.clear();
    this.#spans.clear();
  }

  #makeRoom(needed: number): void {
    if (needed <= this.times.length) return;
    const length = Math.max(needed, this.times.length * 2);
    const [times, kinds, laneOf] = [new Float64Array(length), new Uint8Array(length), new Uint16Array(length)];
    times.set(this.times);
    kinds.set(this.kinds);
    laneOf.set(this.laneOf);
    [this.times, this.kinds, this.laneOf] = [times, kinds, laneOf];
  }

  /** Takes what a look told. False: it does not join what is here (other records were asked for); nothing was taken. */
  append(told: Columns): boolean {
    if (told.generation !== this.generation || told.known < this.length) this.#clear(told.generation);
    if (told.from !== this.length) return false;
    const from = this.length;
    this.#makeRoom(from + told.times.length);
    this.times.set(told.times, from);
    this.kinds.set(told.kinds, from);
    this.laneOf.set(told.lanes, from);
    for (const lane of told.newLanes) this.lanes.push({ ...lane, id: this.lanes.length, series: [], spans: [] });
    for (const span of told.spans) this.#takeSpan(span);
    this.#index(told, from);
    this.length = from + told.times.length;
    this.readyAtNs = told.readyAtNs;
    this.spansLeftOut = told.spansLeftOut;
    return true;
  }

  #takeSpan(span: ShownSpan): void {
    const known = this.#spans.get(span.id);
    const lane = this.lanes[known?.lane ?? span.lane];
    if (lane === undefined) return;
    if (known === undefined) this.#spans.set(span.id, { lane: span.lane, place: lane.spans.push(span) - 1 });
    else lane.spans[known.place] = span;
  }

  #index({ times, kinds, lanes, weights }: Columns, from: number): void {
    /** List of each lane and kind, found once for these records. */
    const lists = new Map<number, IndexList>();
    for (let place = 0; place < times.length; place++) {
      const kind = kinds[place] ?? notShown;
      if (kind === notShown) continue;
      const key = ((lanes[place] ?? 0) << 8) | kind;
      let list = lists.get(key);
      if (list === undefined) {
        list = this.#listOf(lanes[place] ?? 0, kind);
        lists.set(key, list);
      }
      list.push(from + place);
      if (weights !== null && weights[place] !== 1) this.weights.set(from + place, weights[place] ?? 1);
    }
  }

  #listOf(lane: number, kind: number): IndexList {
    const series: Series[] = this.lanes[lane]?.series ?? [];
    const known = series.find((one) => one.kind === kind);
    if (known !== undefined) return known.indices;
    const indices = new IndexList();
    series.push({ kind, indices });
    return indices;
  }
}

/** Lanes of a group, in their order. */
export const lanesOf = ({ lanes }: TimelineData, group: LaneGroup): Lane[] => lanes.filter((lane) => lane.group === group).toSorted((a, b) => a.order - b.order);
