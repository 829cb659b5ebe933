// The machine look as one tree of things that can be picked: the host, its windows with their regions, its bridges with all below. Keys move in it.

import type { Fact, HostLook, MachineLook, PartLook, RegionLook, WindowLook } from "../../../sandbox/live/machine-types.ts";
import { hostWords, partWords, regionWords, windowWords } from "./words.ts";

export type Thing =
  | { readonly kind: "host"; readonly host: HostLook }
  | { readonly kind: "window"; readonly window: WindowLook }
  | { readonly kind: "region"; readonly region: RegionLook }
  | { readonly kind: "part"; readonly part: PartLook };

export interface Item {
  readonly id: string;
  readonly name: string;
  /** All that the drawing shows of it, in words. */
  readonly label: string;
  readonly facts: readonly Fact[];
  readonly thing: Thing;
  readonly below: readonly Item[];
}

export const hostId = "host";
export const partId = (name: string): string => `part:${name}`;
export const regionId = (name: string): string => `region:${name}`;
const windowId = (name: string): string => `window:${name}`;

const partItem = (part: PartLook): Item => ({ id: partId(part.name), name: part.name, label: partWords(part), facts: part.facts, thing: { kind: "part", part }, below: part.below.map(partItem) });
const regionItem = (region: RegionLook): Item => ({ id: regionId(region.name), name: region.name, label: regionWords(region), facts: region.facts, thing: { kind: "region", region }, below: [] });

export function treeOf({ host, windows, regions, bridges }: MachineLook): Item {
  const windowItem = (window: WindowLook): Item => ({ id: windowId(window.name), name: window.name, label: windowWords(window), facts: window.facts, thing: { kind: "window", window }, below: regions.filter((region) => region.window === window.name).map(regionItem) });
  return {
    id: hostId, name: "host", label: hostWords(host), facts: host.facts, thing: { kind: "host", host },
    below: [...windows.map(windowItem), ...regions.filter(({ window }) => window === null).map(regionItem), ...bridges.map(partItem)],
  };
}

/** An item with the one above it. */
interface Placed {
  readonly item: Item;
  readonly above: Item | null;
}

export function placesOf(root: Item): ReadonlyMap<string, Placed> {
  const found = new Map<string, Placed>();
  const walk = (item: Item, above: Item | null): void => {
    found.set(item.id, { item, above });
    for (const one of item.below) walk(one, item);
  };
  walk(root, null);
  return found;
}

/** Where a key leads from an item: up and down the tree, left and right along what hangs at the same place. Undefined: the key is none of these. */
export function nextId(root: Item, from: string, key: string): string | undefined {
  const { item, above } = placesOf(root).get(from) ?? { item: root, above: null };
  const row = above?.below ?? [item];
  const at = row.findIndex(({ id }) => id === item.id);
  switch (key) {
    case "ArrowDown": return (item.below[0] ?? item).id;
    case "ArrowUp": return (above ?? item).id;
    case "ArrowLeft": return (row[at - 1] ?? item).id;
    case "ArrowRight": return (row[at + 1] ?? item).id;
    case "Home": return root.id;
    case "End": return (row.at(-1) ?? item).id;
    default: return undefined;
  }
}

/** Facts that differ from those of another position, with what they were. */
export function changesOf(now: readonly Fact[], before: readonly Fact[] | undefined): ReadonlyMap<string, string> {
  if (before === undefined) return new Map();
  const known = new Map(before.map(({ label, value }) => [label, value]));
  return new Map(now.flatMap(({ label, value }) => (known.get(label) === value ? [] : [[label, known.get(label) ?? "not there"] as const])));
}
