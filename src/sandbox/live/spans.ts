// What lasts on the time line, from when to when; kept so that only what began or ended in a stretch of records is told again.

import type { ShownSpan } from "./columns.ts";

/** Spans that are kept; further ones are counted. */
const mostSpans = 50_000;

type OpenSpan = { -readonly [K in keyof ShownSpan]: ShownSpan[K] };

export class Spans {
  readonly #spans: OpenSpan[] = [];
  /** Spans under way, by lane and kind. */
  readonly #open = new Map<string, OpenSpan>();
  /** Records at which spans began or ended, in order, and which span it was. */
  readonly #changes: { readonly record: number; readonly id: number }[] = [];
  leftOut = 0;

  #change(record: number, id: number): void {
    this.#changes.push({ record, id });
  }

  #add(record: number, span: Omit<ShownSpan, "id">): OpenSpan | undefined {
    if (this.#spans.length >= mostSpans) {
      this.leftOut++;
      return undefined;
    }
    const made: OpenSpan = { id: this.#spans.length, ...span };
    this.#spans.push(made);
    this.#change(record, made.id);
    return made;
  }

  /** Begins one; what was under way of the same kind in the same lane ends. `at` in virtual ns. */
  begin(record: number, lane: number, kind: ShownSpan["kind"], at: number, text: string): void {
    this.end(record, lane, kind, at);
    const span = this.#add(record, { lane, kind, fromNs: at, untilNs: null, text });
    if (span !== undefined) this.#open.set(`${kind} ${lane}`, span);
  }

  end(record: number, lane: number, kind: ShownSpan["kind"], at: number): void {
    const key = `${kind} ${lane}`;
    const span = this.#open.get(key);
    if (span === undefined) return;
    this.#open.delete(key);
    span.untilNs = at;
    this.#change(record, span.id);
  }

  /** One that is over already. */
  whole(record: number, span: Omit<ShownSpan, "id">): void {
    this.#add(record, span);
  }

  /** Those that began or ended at records from `from` until before `until`, as they are now. */
  changed(from: number, until: number): ShownSpan[] {
    let low = 0;
    let high = this.#changes.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#changes[middle]?.record ?? 0) < from) low = middle + 1;
      else high = middle;
    }
    const ids = new Set<number>();
    for (let index = low; index < this.#changes.length; index++) {
      const change = this.#changes[index];
      if (change === undefined || change.record >= until) break;
      ids.add(change.id);
    }
    return [...ids].flatMap((id) => {
      const span = this.#spans[id];
      return span === undefined ? [] : [{ ...span }];
    });
  }
}
