// Mouse, pen and fingers on the time line: dragging moves, with Shift picks a stretch, two fingers or the wheel with Ctrl zoom.

import type { View } from "./view.ts";
import { moved, timeAt, zoomed } from "./view.ts";

export interface GestureTarget {
  readonly view: () => View;
  readonly width: () => number;
  readonly setView: (view: View) => void;
  readonly scrollBy: (pixels: number) => void;
  /** Virtual ns from where to where. */
  readonly pickRange: (one: number, other: number) => void;
  /** CSS pixels in the canvas; null: the pointer has left. */
  readonly hover: (place: Place | null) => void;
  readonly click: (place: Place, isDouble: boolean) => void;
}

export interface Place {
  readonly x: number;
  readonly y: number;
}

/** CSS pixels that a pointer may move and still click. */
const still = 4;
/** Pixels of a line or page of wheels that count in those. */
const wheelPixels: readonly number[] = [1, 16, 320];

const distance = (one: Place, other: Place): number => Math.max(1, Math.abs(one.x - other.x));

class Gestures {
  readonly #target: GestureTarget;
  readonly #element: HTMLElement;
  /** Pointers that are down. */
  readonly #down = new Map<number, Place>();
  #from: Place | null = null;
  #hasMoved = false;
  #rangeFrom: number | null = null;

  constructor(element: HTMLElement, target: GestureTarget) {
    this.#element = element;
    this.#target = target;
  }

  #placeOf(event: MouseEvent): Place {
    const { left, top } = this.#element.getBoundingClientRect();
    return { x: event.clientX - left, y: event.clientY - top };
  }

  #timeAt({ x }: Place): number {
    return timeAt(this.#target.view(), this.#target.width(), x);
  }

  readonly pointerdown = (event: PointerEvent): void => {
    if (event.button !== 0) return;
    const place = this.#placeOf(event);
    this.#down.set(event.pointerId, place);
    // A pointer made by a script has nothing that could be captured.
    if (event.isTrusted) this.#element.setPointerCapture(event.pointerId);
    this.#hasMoved = this.#down.size > 1;
    this.#from = place;
    this.#rangeFrom = event.shiftKey ? this.#timeAt(place) : null;
  };

  readonly pointermove = (event: PointerEvent): void => {
    const place = this.#placeOf(event);
    const last = this.#down.get(event.pointerId);
    if (last === undefined) {
      this.#target.hover(place);
      return;
    }
    if (this.#from !== null && Math.hypot(place.x - this.#from.x, place.y - this.#from.y) > still) this.#hasMoved = true;
    if (!this.#hasMoved) return;
    this.#target.hover(null);
    if (this.#down.size === 2) this.#pinch(event.pointerId, last, place);
    else if (this.#rangeFrom !== null) this.#target.pickRange(this.#rangeFrom, this.#timeAt(place));
    else {
      this.#target.setView(moved(this.#target.view(), (last.x - place.x) / this.#target.width()));
      if (event.pointerType === "mouse") this.#target.scrollBy(last.y - place.y);
    }
    this.#down.set(event.pointerId, place);
  };

  #pinch(pointer: number, last: Place, place: Place): void {
    const [, other] = [...this.#down].find(([id]) => id !== pointer) ?? [];
    if (other === undefined) return;
    const view = this.#target.view();
    const middle = timeAt(view, this.#target.width(), (last.x + other.x) / 2);
    const zoom = zoomed(view, distance(last, other) / distance(place, other), middle);
    this.#target.setView(moved(zoom, (last.x - place.x) / 2 / this.#target.width()));
  }

  readonly pointerup = (event: PointerEvent): void => {
    if (!this.#down.delete(event.pointerId)) return;
    if (!this.#hasMoved && event.type === "pointerup") this.#target.click(this.#placeOf(event), false);
    if (this.#down.size === 0) this.#from = null;
  };

  readonly pointerleave = (): void => this.#target.hover(null);

  readonly dblclick = (event: MouseEvent): void => this.#target.click(this.#placeOf(event), true);

  readonly wheel = (event: WheelEvent): void => {
    const pixels = wheelPixels[event.deltaMode] ?? 1;
    const place = this.#placeOf(event);
    if (event.ctrlKey || event.metaKey) {
      event.preventDefault();
      this.#target.setView(zoomed(this.#target.view(), 1.002 ** (event.deltaY * pixels), this.#timeAt(place)));
      return;
    }
    const sideways = event.shiftKey && event.deltaX === 0 ? event.deltaY : event.deltaX;
    if (Math.abs(sideways) <= (event.shiftKey ? 0 : Math.abs(event.deltaY))) return;
    event.preventDefault();
    this.#target.setView(moved(this.#target.view(), (sideways * pixels) / this.#target.width()));
  };
}

/** Listens from now on; gives what ends it. */
export function listenForGestures(element: HTMLElement, target: GestureTarget): () => void {
  const ending = new AbortController();
  const { signal } = ending;
  const gestures = new Gestures(element, target);
  element.addEventListener("pointerdown", gestures.pointerdown, { signal });
  element.addEventListener("pointermove", gestures.pointermove, { signal });
  element.addEventListener("pointerup", gestures.pointerup, { signal });
  element.addEventListener("pointercancel", gestures.pointerup, { signal });
  element.addEventListener("pointerleave", gestures.pointerleave, { signal });
  element.addEventListener("dblclick", gestures.dblclick, { signal });
  element.addEventListener("wheel", gestures.wheel, { signal, passive: false });
  return () => ending.abort();
}
