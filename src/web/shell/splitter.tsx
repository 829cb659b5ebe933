// A bar between two areas that is moved by pointer or arrow keys; Enter and a double click fold the area away and back (ARIA: window splitter).

import { useRef } from "preact/hooks";
import type { Signal } from "@preact/signals";
import { keep, kept } from "./keep.ts";

/** Size of an area in px; `least` and `most` bound it. */
export interface AreaSize {
  readonly name: string;
  readonly least: number;
  readonly most: () => number;
  readonly size: Signal<number>;
}

/** What was kept of a size, where it is one. */
export function keptSize(name: string, standard: number): number {
  const value = Number(kept(`size ${name}`) ?? Number.NaN);
  return Number.isFinite(value) && value >= 0 && value <= 4096 ? value : standard;
}

interface SplitterProps {
  readonly area: AreaSize;
  /** What is made larger or smaller, in words; the element it is. */
  readonly label: string;
  readonly controls: string;
  /** Of the bar itself. */
  readonly orientation: "vertical" | "horizontal";
  /** -1: the area lies behind the bar (right of it, below it). */
  readonly direction: 1 | -1;
}

const stepOf = 24;

export function Splitter({ area, label, controls, orientation, direction }: SplitterProps) {
  const { name, least, most, size } = area;
  const before = useRef(0);
  const drag = useRef<{ readonly from: number; readonly size: number } | null>(null);
  const set = (value: number): void => {
    size.value = value < least / 2 ? 0 : Math.round(Math.min(Math.max(value, least), most()));
    keep(`size ${name}`, String(size.value));
  };
  const fold = (): void => {
    if (size.peek() > 0) before.current = size.peek();
    set(size.peek() > 0 ? 0 : Math.max(before.current, least));
  };
  const at = (event: PointerEvent): number => (orientation === "vertical" ? event.clientX : event.clientY);
  const onKeyDown = (event: KeyboardEvent): void => {
    const [less, more] = orientation === "vertical" ? ["ArrowLeft", "ArrowRight"] : ["ArrowUp", "ArrowDown"];
    const sign = event.key === more ? 1 : event.key === less ? -1 : 0;
    if (sign !== 0) {
      const from = size.peek();
      const shrinks = sign * direction < 0;
      set(shrinks && from <= least ? 0 : from + sign * direction * stepOf);
    } else if (event.key === "Home") set(least);
    else if (event.key === "End") set(most());
    else if (event.key === "Enter") fold();
    else return;
    event.preventDefault();
  };
  const onPointerDown = (event: PointerEvent): void => {
    (event.currentTarget as HTMLElement).setPointerCapture(event.pointerId);
    drag.current = { from: at(event), size: size.peek() };
  };
  const onPointerMove = (event: PointerEvent): void => {
    if (drag.current !== null) set(drag.current.size + (at(event) - drag.current.from) * direction);
  };
  const onPointerEnd = (): void => {
    drag.current = null;
  };
  return (
    <div class={`splitter ${orientation}`} role="separator" tabIndex={0} aria-label={label} aria-controls={controls} aria-orientation={orientation} aria-valuenow={size.value} aria-valuemin={0} aria-valuemax={most()}
      onKeyDown={onKeyDown} onDblClick={fold} onPointerDown={onPointerDown} onPointerMove={onPointerMove} onPointerUp={onPointerEnd} onPointerCancel={onPointerEnd} />
  );
}
