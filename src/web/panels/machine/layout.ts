// Where everything of the drawing stands. Pixels before zoom; the host is at the top, windows below it, then bridges, ports and cards level by level.

import type { LinkLook, MachineLook, PartLook, RegionLook, WindowLook } from "../../../sandbox/live/machine-types.ts";

export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface PartBox extends Box {
  readonly part: PartLook;
}

/** A slot without a card. */
export interface SlotBox extends Box {
  readonly port: PartLook;
}

/** A line from a part to what hangs below it. `link`: of a port; null: inside a bridge or switch, always there. */
export interface Wire {
  readonly from: string;
  readonly to: string;
  readonly x1: number;
  readonly y1: number;
  readonly x2: number;
  readonly y2: number;
  readonly link: LinkLook | null;
  /** Requests so far of what is below. */
  readonly requests: number;
}

export interface WindowBox extends Box {
  readonly window: WindowLook;
  readonly regions: readonly (Box & { readonly region: RegionLook })[];
}

export interface Layout {
  readonly width: number;
  readonly height: number;
  readonly host: Box;
  readonly windows: readonly WindowBox[];
  /** Regions without addresses: they are in no window. */
  readonly strays: readonly (Box & { readonly region: RegionLook })[];
  readonly parts: readonly PartBox[];
  readonly slots: readonly SlotBox[];
  readonly wires: readonly Wire[];
}

const edge = 10;
const gap = 12;
const bridgeGap = 24;
const leastLeaf = 116;
const mostLeaf = 176;
const hostHeight = 52;
/** Of a window's words above its bar. */
export const labelHeight = 18;
const barHeight = 26;
const windowGap = 12;
/** Width from which windows stand side by side. */
const wideWindow = 380;
/** What the drawing takes of a wide panel at least. */
const leastWidth = 480;
const heights: Readonly<Record<PartLook["kind"], number>> = { "host bridge": 54, "root port": 62, "downstream port": 48, switch: 54, device: 96 };
/** From a part to what is below it: a port's link has a label. */
const linkSpace = 42;
const innerSpace = 20;
const leastRegion = 6;

const leavesOf = ({ below }: PartLook): number => (below.length === 0 ? 1 : below.reduce((sum, part) => sum + leavesOf(part), 0));
const isPort = ({ link }: PartLook): boolean => link !== null;

/** Regions of a window, in proportion; what is very small is still seen. */
function windowBox(window: WindowLook, regions: readonly RegionLook[], x: number, y: number, width: number): WindowBox {
  const scale = width / Math.max(1, window.bytes);
  const own = regions.filter((region) => region.window === window.name).map((region) => {
    const wide = Math.min(width, Math.max(leastRegion, region.bytes * scale));
    return { region, x: x + Math.min((region.start - window.start) * scale, width - wide), y: y + labelHeight, width: wide, height: barHeight };
  });
  return { window, x, y, width, height: labelHeight + barHeight, regions: own };
}

interface Made {
  readonly parts: PartBox[];
  readonly slots: SlotBox[];
  readonly wires: Wire[];
}

/** Puts a part and all below it into columns from `x` on. Gives the width that they take. */
function place(made: Made, part: PartLook, x: number, y: number, leaf: number): number {
  const height = heights[part.kind];
  const span = leavesOf(part) * (leaf + gap) - gap;
  const below = y + height + (isPort(part) ? linkSpace : innerSpace);
  // Ports are plugs: no wider than a card. Bridges and switches stretch over what hangs on them.
  const width = isPort(part) ? Math.min(span, leaf) : span;
  const own: PartBox = { part, x: x + (span - width) / 2, y, width, height };
  made.parts.push(own);
  const middle = own.x + width / 2;
  if (isPort(part) && part.below.length === 0) {
    made.slots.push({ port: part, x, y: below, width: leaf, height: 40 });
    made.wires.push({ from: part.name, to: "", x1: middle, y1: y + height, x2: middle, y2: below, link: part.link, requests: 0 });
  }
  let at = x;
  for (const one of part.below) {
    const taken = place(made, one, at, below, leaf);
    const top = at + taken / 2;
    made.wires.push({ from: part.name, to: one.name, x1: isPort(part) ? middle : top, y1: y + height, x2: top, y2: below, link: part.link, requests: one.requests });
    at += taken + gap;
  }
  return span;
}

/** Smallest zoom that the machine is fitted with: its words can still be read. */
const leastFit = 0.7;
const fitSteps = 6;

/** Zoom, at most 1, at which the whole machine is seen, or as much of it as can be read. `height` null: as high as it gets. */
export function fitOf(look: MachineLook, width: number, height: number | null): number {
  const fits = (zoom: number): boolean => {
    const layout = layoutOf(look, width / zoom);
    return layout.width * zoom <= width + 1 && (height === null || layout.height * zoom <= height);
  };
  if (fits(1)) return 1;
  // Where it is smaller there is more room beside each other, so that the right one is searched.
  let [low, high] = [leastFit, 1];
  for (let step = 0; step < fitSteps; step++) {
    const middle = (low + high) / 2;
    if (fits(middle)) low = middle;
    else high = middle;
  }
  return low;
}

/** @param available pixels that are there; a large machine takes more */
export function layoutOf(look: MachineLook, available: number): Layout {
  const leaves = look.bridges.reduce((sum, part) => sum + leavesOf(part), 0);
  const fixed = 2 * edge + Math.max(0, look.bridges.length - 1) * (bridgeGap - gap);
  const leaf = Math.min(mostLeaf, Math.max(leastLeaf, Math.floor((available - fixed) / Math.max(1, leaves)) - gap));
  const treeWidth = fixed + leaves * (leaf + gap) - gap;
  const width = Math.max(Math.min(available, leastWidth), treeWidth);
  const inner = width - 2 * edge;
  const host: Box = { x: edge, y: edge, width: inner, height: hostHeight };
  const columns = Math.max(1, Math.min(look.windows.length, Math.floor((inner + windowGap) / wideWindow)));
  const windowWidth = (inner - (columns - 1) * windowGap) / columns;
  const top = host.y + hostHeight + windowGap;
  const windows = look.windows.map((window, index) => windowBox(window, look.regions, edge + (index % columns) * (windowWidth + windowGap), top + Math.floor(index / columns) * (labelHeight + barHeight + windowGap), windowWidth));
  const strayTop = top + Math.ceil(windows.length / columns) * (labelHeight + barHeight + windowGap);
  const strays = look.regions.filter((region) => region.window === null).map((region, index) => ({ region, x: edge + index * (leastLeaf + gap), y: strayTop, width: leastLeaf, height: barHeight }));
  const made: Made = { parts: [], slots: [], wires: [] };
  const bridgeTop = strayTop + (strays.length === 0 ? 0 : barHeight + windowGap) + 8;
  let at = (width - treeWidth) / 2 + edge;
  for (const bridge of look.bridges) at += place(made, bridge, at, bridgeTop, leaf) + bridgeGap;
  const height = Math.max(...[...made.parts, ...made.slots].map((box) => box.y + box.height), bridgeTop) + edge;
  return { width, height, host, windows, strays, ...made };
}
