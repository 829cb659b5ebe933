// The machine as a drawing: an SVG that is a tree for the keyboard and for screen readers. Pure: it knows a look, what is picked and whom to tell.

import { useMemo, useRef } from "preact/hooks";
import type { JSX } from "preact";
import type { MachineLook } from "../../../sandbox/live/machine-types.ts";
import type { Box, Layout, PartBox } from "./layout.ts";
import type { Sets } from "./nodes.tsx";
import { HostShape, PartShape, RegionShape, SlotShape, WindowShape, WireShape, setsOf } from "./nodes.tsx";
import type { Item } from "./tree.ts";
import { hostId, nextId, partId, placesOf, regionId, treeOf } from "./tree.ts";

export interface DrawingProps {
  readonly look: MachineLook;
  /** The look before it; what went through a link since then shows. */
  readonly before: MachineLook | null;
  /** The run goes on: only then do things move. */
  readonly isMoving: boolean;
  /** Id of what is picked, or null. */
  readonly picked: string | null;
  readonly layout: Layout;
  readonly zoom: number;
  onPick(id: string): void;
  /** Enter on what is picked: its facts are wanted. */
  onOpen(id: string): void;
}

/** Requests of each part so far. */
function requestsOf(look: MachineLook | null): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  const walk = ({ name, requests, below }: MachineLook["bridges"][number]): void => {
    found.set(name, requests);
    below.forEach(walk);
  };
  look?.bridges.forEach(walk);
  return found;
}

/** Parts that a region lies on, and the region that is picked. */
function related(root: Item, picked: string | null): ReadonlySet<string> {
  const item = picked === null ? undefined : placesOf(root).get(picked)?.item;
  if (item?.thing.kind === "region") return new Set(item.thing.region.members.flatMap(({ part }) => (part === null ? [] : [partId(part)])));
  if (item?.thing.kind === "part") return new Set(item.thing.part.regions.map(regionId));
  return new Set();
}

interface Scene {
  readonly layout: Layout;
  readonly sets: Sets;
  readonly related: ReadonlySet<string>;
  readonly picked: string | null;
  /** The one that the Tab key stops at. */
  readonly stop: string;
  readonly boxes: ReadonlyMap<string, PartBox>;
  onPick(id: string): void;
}

interface Shape {
  readonly box: Box;
  readonly drawn: JSX.Element;
}

/** What is drawn of an item, and where. */
function shapeOf({ layout, sets, boxes }: Scene, { id, name, thing }: Item): Shape | null {
  if (thing.kind === "host") return { box: layout.host, drawn: <HostShape {...layout.host} host={thing.host} /> };
  if (thing.kind === "window") {
    const box = layout.windows.find(({ window }) => window.name === name);
    return box === undefined ? null : { box, drawn: <WindowShape {...box} /> };
  }
  if (thing.kind === "region") {
    const box = [...layout.windows.flatMap(({ regions }) => regions), ...layout.strays].find(({ region }) => region.name === name);
    return box === undefined ? null : { box, drawn: <RegionShape {...box} sets={sets} /> };
  }
  const box = boxes.get(id);
  return box === undefined ? null : { box, drawn: <PartShape {...box} sets={sets} /> };
}

/** The picture: for the eye and the pointer. The tree beside it says the same. */
function Picture({ scene, items }: { readonly scene: Scene; readonly items: readonly Item[] }) {
  return <>{items.map((item) => <g key={item.id} class="machine-shape" data-of={item.id} onClick={() => scene.onPick(item.id)}>{shapeOf(scene, item)?.drawn}</g>)}</>;
}

function TreeItem({ scene, item, level }: { readonly scene: Scene; readonly item: Item; readonly level: number }) {
  const { picked, related: near, stop } = scene;
  const box = shapeOf(scene, item)?.box;
  return (
    <g role="treeitem" aria-level={level} aria-label={item.label} aria-selected={picked === item.id} {...(item.below.length === 0 ? {} : { "aria-expanded": true })} tabindex={stop === item.id ? 0 : -1} data-id={item.id}
      class={`machine-item ${picked === item.id ? "picked" : ""} ${near.has(item.id) ? "near" : ""}`}>
      {box !== undefined && <rect class="machine-frame" x={box.x} y={box.y} width={box.width} height={box.height} rx={6} />}
      {item.below.length > 0 && <g role="group">{item.below.map((one) => <TreeItem key={one.id} scene={scene} item={one} level={level + 1} />)}</g>}
    </g>
  );
}

export function Drawing({ look, before, isMoving, picked, layout, zoom, onPick, onOpen }: DrawingProps) {
  const svg = useRef<SVGSVGElement>(null);
  const root = useMemo(() => treeOf(look), [look]);
  const earlier = useMemo(() => requestsOf(before), [before]);
  const boxes = useMemo(() => new Map(layout.parts.map((box) => [partId(box.part.name), box])), [layout]);
  const stop = picked !== null && placesOf(root).has(picked) ? picked : hostId;
  const scene: Scene = { layout, sets: setsOf(look.regions.map(({ name }) => name)), related: related(root, picked), picked, stop, boxes, onPick };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const at = event.target instanceof Element ? (event.target.closest("[data-id]")?.getAttribute("data-id") ?? stop) : stop;
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      onPick(at);
      onOpen(at);
      return;
    }
    const next = nextId(root, at, event.key);
    if (next === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    onPick(next);
    const element = [...(svg.current?.querySelectorAll<SVGGElement>("[data-id]") ?? [])].find((one) => one.dataset["id"] === next);
    element?.focus();
    element?.querySelector(".machine-frame")?.scrollIntoView({ block: "nearest", inline: "nearest" });
  };
  return (
    <svg ref={svg} class="machine-drawing" width={layout.width * zoom} height={layout.height * zoom} viewBox={`0 0 ${layout.width} ${layout.height}`} onKeyDown={onKeyDown}>
      <g aria-hidden="true">
        {layout.wires.map((wire) => <WireShape key={`${wire.from} ${wire.to}`} {...wire} isBusy={isMoving && wire.to !== "" && before !== null && wire.requests > (earlier.get(wire.to) ?? 0)} />)}
        {layout.slots.map((slot) => <SlotShape key={slot.port.name} {...slot} />)}
        <Picture scene={scene} items={[...placesOf(root).values()].map(({ item }) => item)} />
      </g>
      <g role="tree" aria-label="The machine. Down and Up go along the tree, Left and Right along what hangs at the same place, Enter shows the facts.">
        <TreeItem scene={scene} item={root} level={1} />
      </g>
    </svg>
  );
}
