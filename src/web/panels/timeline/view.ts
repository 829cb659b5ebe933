// The stretch of time that is shown: zooming, moving, and the ticks of its axis. Times are virtual ns since power-on; the axis counts from ready.

/** Inclusive at its start; `untilNs` is greater. */
export interface View {
  readonly fromNs: number;
  readonly untilNs: number;
}

/** The least that is shown at once, ns. */
const least = 20;

/** All of a run that ends at `endNs`, with some room so that signs at the edges are whole. */
export function wholeView(fromNs: number, endNs: number): View {
  const margin = Math.max(10, (endNs - fromNs) / 40);
  return { fromNs: fromNs - margin, untilNs: Math.max(endNs, fromNs + least) + margin };
}

/** Kept between the edges of what there is to see, and not too narrow. */
export function kept({ fromNs, untilNs }: View, bounds: View): View {
  const width = Math.max(least, Math.min(untilNs - fromNs, bounds.untilNs - bounds.fromNs));
  const from = Math.max(bounds.fromNs, Math.min(fromNs, bounds.untilNs - width));
  return { fromNs: from, untilNs: from + width };
}

/** @param factor below 1: nearer; @param at what stays in its place */
export const zoomed = ({ fromNs, untilNs }: View, factor: number, at: number): View => {
  const width = Math.max(least, (untilNs - fromNs) * factor);
  const share = (at - fromNs) / (untilNs - fromNs);
  return { fromNs: at - width * share, untilNs: at + width * (1 - share) };
};

/** @param share of what is shown, to the right */
export const moved = ({ fromNs, untilNs }: View, share: number): View => ({ fromNs: fromNs + (untilNs - fromNs) * share, untilNs: untilNs + (untilNs - fromNs) * share });

/** Moved so far that a time is well inside; the same where it is. */
export function showing(view: View, at: number): View {
  const width = view.untilNs - view.fromNs;
  const inside = at >= view.fromNs + width / 20 && at <= view.untilNs - width / 20;
  return inside ? view : { fromNs: at - width / 2, untilNs: at + width / 2 };
}

export const pixelOf = ({ fromNs, untilNs }: View, width: number, at: number): number => ((at - fromNs) / (untilNs - fromNs)) * width;
export const timeAt = ({ fromNs, untilNs }: View, width: number, pixel: number): number => fromNs + ((untilNs - fromNs) * pixel) / width;

export interface Tick {
  readonly atNs: number;
  readonly text: string;
}

const units = [["s", 1e9], ["ms", 1e6], ["us", 1e3], ["ns", 1]] as const;
const minus = "\u2212";

/** A time on the axis, with as many decimals as tell ticks of `step` ns apart. */
function tickText(atNs: number, step: number): string {
  if (atNs === 0) return "0";
  const size = Math.abs(atNs);
  const [unit, scale] = units.find(([, one]) => size >= one) ?? ["ns", 1];
  const decimals = Math.max(0, Math.ceil(Math.log10(scale / step) - 1e-9));
  const text = (size / scale).toFixed(Math.min(9, decimals));
  return `${atNs < 0 ? minus : ""}${text} ${unit}`;
}

/** The step of ticks: 1, 2 or 5 times a power of ten ns, at least `least`. */
export function tickStep(leastNs: number): number {
  const power = 10 ** Math.max(0, Math.floor(Math.log10(Math.max(1, leastNs))));
  return power * ([1, 2, 5].find((one) => power * one >= leastNs) ?? 10);
}

/** Ticks at least `apart` pixels from each other. @param zeroNs the time that the axis counts from */
export function ticksOf(view: View, width: number, zeroNs: number, apart = 110): Tick[] {
  const step = tickStep(((view.untilNs - view.fromNs) / Math.max(1, width)) * apart);
  const first = Math.ceil((view.fromNs - zeroNs) / step);
  const last = Math.floor((view.untilNs - zeroNs) / step);
  return Array.from({ length: Math.max(0, Math.min(200, last - first + 1)) }, (_, index) => (first + index) * step).map((at) => ({ atNs: at + zeroNs, text: tickText(at, step) }));
}
