// Ascending numbers in little room, and a page of several such lists in one order.

const firstRoom = 4;

export class NumberList {
  #numbers = new Uint32Array(firstRoom);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** Adds one that is not less than the last. */
  push(value: number): void {
    if (this.#length === this.#numbers.length) {
      const larger = new Uint32Array(2 * this.#length);
      larger.set(this.#numbers);
      this.#numbers = larger;
    }
    this.#numbers[this.#length++] = value;
  }

  at(index: number): number {
    return this.#numbers[index] ?? 0;
  }

  /** The greatest that is less than `limit`; -1: none is. */
  lastBelow(limit: number): number {
    let [low, high] = [0, this.#length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.at(middle) < limit) low = middle + 1;
      else high = middle;
    }
    return low === 0 ? -1 : this.at(low - 1);
  }
}

/** Numbers `from` to `from + most` of lists taken together in ascending order. */
export function pageOf(lists: readonly NumberList[], from: number, most: number): number[] {
  const total = lists.reduce((sum, { length }) => sum + length, 0);
  const first = Math.max(0, Math.min(from, total));
  const last = Math.min(total, first + most);
  // From the nearer end: what is asked for most stands at the end.
  return first > total - last ? backwards(lists, total, first, last) : forwards(lists, first, last);
}

function forwards(lists: readonly NumberList[], first: number, last: number): number[] {
  const heads = lists.map(() => 0);
  const page: number[] = [];
  for (let rank = 0; rank < last; rank++) {
    let best = -1;
    for (let index = 0; index < lists.length; index++) {
      const list = lists[index];
      const head = heads[index] ?? 0;
      if (list !== undefined && head < list.length && (best < 0 || list.at(head) < (lists[best]?.at(heads[best] ?? 0) ?? 0))) best = index;
    }
    const value = lists[best]?.at(heads[best] ?? 0) ?? 0;
    heads[best] = (heads[best] ?? 0) + 1;
    if (rank >= first) page.push(value);
  }
  return page;
}

function backwards(lists: readonly NumberList[], total: number, first: number, last: number): number[] {
  const tails = lists.map(({ length }) => length - 1);
  const page: number[] = [];
  for (let rank = total - 1; rank >= first; rank--) {
    let best = -1;
    for (let index = 0; index < lists.length; index++) {
      const tail = tails[index] ?? -1;
      if (tail >= 0 && (best < 0 || (lists[index]?.at(tail) ?? 0) > (lists[best]?.at(tails[best] ?? 0) ?? 0))) best = index;
    }
    if (rank < last) page.push(lists[best]?.at(tails[best] ?? 0) ?? 0);
    tails[best] = (tails[best] ?? 0) - 1;
  }
  return page.toReversed();
}
