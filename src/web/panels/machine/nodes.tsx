// The shapes of the drawing, one part or bar each. What colour says stands there as text or symbol too.

import type { DecoderLook, HostLook, PartLook } from "../../../sandbox/live/machine-types.ts";
import { labelHeight } from "./layout.ts";
import type { Box, PartBox, SlotBox, Wire, WindowBox } from "./layout.ts";
import { isolationText, linkText, poisonText, useText } from "./words.ts";

/** Regions have one of so many colours, by their place in the look. */
const colours = 8;
/** Number of a region's colour by its name. */
export type Sets = ReadonlyMap<string, number>;
export const setsOf = (names: readonly string[]): Sets => new Map(names.map((name, index) => [name, index % colours]));
const setClass = (sets: Sets, region: string | null): string => (region === null || !sets.has(region) ? "" : `machine-set-${sets.get(region) ?? 0}`);

/** Pixels that a letter takes, about: of names, of small text, of addresses. */
const letterWidths = { "machine-name": 7.6, "machine-small": 5.7, "machine-small machine-mono": 6.4, "": 6.3 } as const;
type TextKind = keyof typeof letterWidths;

/** A text as far as there is room for it. */
export const fitting = (text: string, width: number, kind: TextKind = ""): string => {
  const most = Math.floor(width / letterWidths[kind]);
  return text.length <= most ? text : most < 2 ? "" : `${text.slice(0, most - 1)}…`;
};

interface TextProps {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly kind?: TextKind;
  readonly children: string;
}
function Line({ x, y, width, kind = "", children }: TextProps) {
  return <text x={x} y={y} class={kind}>{fitting(children, width, kind)}</text>;
}

const conditionMark: Readonly<Record<PartLook["condition"], string>> = { works: "", impaired: "!", dead: "✕", empty: "" };
const mostProcessors = 64;
const slotSize = 9;
const mostSlots = 10;

/** Decoders as slots: full where committed, crossed where refused, a bar below where locked. */
function Decoders({ decoders, count, x, y, sets }: { readonly decoders: readonly DecoderLook[]; readonly count: number; readonly x: number; readonly y: number; readonly sets: Sets }) {
  const shown = Math.min(count, mostSlots);
  return (
    <g class="machine-decoders">
      {Array.from({ length: shown }, (_, index) => {
        const decoder = decoders.find((one) => one.index === index);
        const left = x + index * (slotSize + 3);
        return (
          <g key={index} class={decoder === undefined ? "machine-free" : `machine-decoder ${decoder.state.replace(" ", "-")} ${setClass(sets, decoder.region)}`}>
            <title>{decoder === undefined ? `decoder ${index}: free` : `decoder ${index}${decoder.name === "" ? "" : ` (${decoder.name})`}: ${decoder.words}`}</title>
            <rect x={left} y={y} width={slotSize} height={slotSize} rx={1.5} />
            {decoder?.state === "refused" && <path d={`M${left + 2} ${y + 2}l5 5m0 -5l-5 5`} />}
            {decoder?.isLocked === true && <path d={`M${left} ${y + slotSize + 2.5}h${slotSize}`} />}
          </g>
        );
      })}
      {count > shown && <text x={x + shown * (slotSize + 3) + 1} y={y + slotSize} class="machine-small">+{count - shown}</text>}
    </g>
  );
}

/** Words in a frame; gives nothing where there is no room. */
function Badge({ x, y, kind, children }: { readonly x: number; readonly y: number; readonly kind: string; readonly children: string }) {
  return (
    <g class={`machine-badge ${kind}`}>
      <rect x={x} y={y} width={children.length * 6.2 + 8} height={14} rx={3} />
      <text x={x + 4} y={y + 10.5}>{children}</text>
    </g>
  );
}

export function HostShape({ x, y, width, height, host }: Box & { readonly host: HostLook }) {
  const shown = Math.min(host.processors, mostProcessors);
  const step = Math.min(9, (width - 20) / Math.max(1, shown));
  return (
    <>
      <rect class={`machine-box machine-host ${host.state === "running" ? "works" : "dead"}`} x={x} y={y} width={width} height={height} rx={5} />
      <Line x={x + 10} y={y + 19} width={width - 20} kind="machine-name">{`Host · ${host.state === "running" ? "running" : `✕ ${host.state}`} · ${host.summary}`}</Line>
      <g class={host.state === "running" ? "machine-processors" : "machine-processors dead"}>
        {Array.from({ length: shown }, (_, index) => <rect key={index} x={x + 10 + index * step} y={y + 31} width={step * 0.67} height={10} rx={1} />)}
      </g>
    </>
  );
}

export function WindowShape({ x, y, width, height, window }: WindowBox) {
  return (
    <>
      <Line x={x} y={y + 12} width={width} kind="machine-small">{`${window.name}${window.decoder === "" ? "" : ` · ${window.decoder}`} · ${window.size} at ${window.base} → ${window.targets.join(", ")}`}</Line>
      <rect class="machine-window" x={x} y={y + labelHeight} width={width} height={height - labelHeight} rx={3} />
    </>
  );
}

export function RegionShape({ x, y, width, height, region, sets }: WindowBox["regions"][number] & { readonly sets: Sets }) {
  const words = `${region.isReachable ? "" : "✕ "}${region.name}${region.ways > 1 ? ` ×${region.ways}` : ""} · ${useText[region.use]}`;
  return (
    <>
      <rect class={`machine-region ${setClass(sets, region.name)} ${region.isCommitted ? "" : "not-committed"} ${region.isReachable ? "" : "dead"}`} x={x} y={y} width={width} height={height} rx={3} />
      <Line x={x + 6} y={y + 17} width={width - 10}>{width < 150 ? region.name : words}</Line>
    </>
  );
}

function PortLines({ x, y, width, part }: PartBox) {
  const isRoot = part.kind === "root port";
  const isShut = part.isolation === "isolated" || part.isolation === "busy";
  return (
    <>
      {isRoot && (isShut ? <Badge x={x + 7} y={y + 34} kind="dead">{part.isolation === "busy" ? "✕ isolated, busy" : "✕ isolated"}</Badge> : <Line x={x + 8} y={y + 45} width={width - 14} kind="machine-small">{isolationText[part.isolation]}</Line>)}
      {part.places > 0 && <InFlight x={x + 8} y={y + 53} width={width - 16} part={part} />}
    </>
  );
}

/** How full the table of requests under way is. */
function InFlight({ x, y, width, part }: { readonly x: number; readonly y: number; readonly width: number; readonly part: PartLook }) {
  return (
    <g class={part.isStalled ? "machine-flight stalled" : "machine-flight"}>
      <title>{`${part.inFlight} of ${part.places} requests under way${part.isStalled ? ", requesters wait" : ""}`}</title>
      <rect x={x} y={y} width={width} height={3} rx={1.5} />
      {part.inFlight > 0 && <rect class="full" x={x} y={y} width={Math.max(2, (width * part.inFlight) / part.places)} height={3} rx={1.5} />}
    </g>
  );
}

function RegionChips({ x, y, width, regions, sets }: { readonly x: number; readonly y: number; readonly width: number; readonly regions: readonly string[]; readonly sets: Sets }) {
  let left = x;
  const chips = regions.flatMap((name) => {
    const wide = name.length * 6.2 + 8;
    if (left + wide > x + width) return [];
    const at = left;
    left += wide + 4;
    return [<g key={name} class={`machine-chip ${setClass(sets, name)}`}><rect x={at} y={y} width={wide} height={14} rx={3} /><text x={at + 4} y={y + 10.5}>{name}</text></g>];
  });
  return <>{chips}{chips.length < regions.length && <text class="machine-small" x={left} y={y + 11}>+{regions.length - chips.length}</text>}</>;
}

function DeviceLines({ x, y, width, part, sets }: PartBox & { readonly sets: Sets }) {
  const troubles = [...(part.poison === null ? [] : [{ kind: "poison", text: poisonText(part.poison.lines) }]), ...part.troubles.map((text) => ({ kind: "impaired", text: `! ${text}` }))];
  const first = troubles[0];
  return (
    <>
      <Line x={x + 8} y={y + 44} width={width - 14} kind="machine-small">{`${part.summary}${part.kernel.length === 0 ? " · not Linux's" : ` · ${part.kernel[0] ?? ""}`}`}</Line>
      {first === undefined ? null : <Badge x={x + 7} y={y + 49} kind={first.kind}>{fitting(`${first.text}${troubles.length > 1 ? ` +${troubles.length - 1}` : ""}`, width - 14, "machine-small")}</Badge>}
      <RegionChips x={x + 7} y={y + (first === undefined ? 51 : 65)} width={width - 14} regions={part.regions} sets={sets} />
      <Decoders decoders={part.decoders} count={part.decoderCount} x={x + 8} y={y + 82} sets={sets} />
    </>
  );
}

export function PartShape({ sets, ...box }: PartBox & { readonly sets: Sets }) {
  const { x, y, width, height, part } = box;
  const mark = conditionMark[part.condition];
  const isWide = part.kind === "host bridge" || part.kind === "switch";
  const isShut = part.isolation === "isolated" || part.isolation === "busy";
  return (
    <>
      <rect class={`machine-box ${part.kind.replace(" ", "-")} ${part.condition} ${isShut ? "isolated" : ""}`} x={x} y={y} width={width} height={height} rx={part.link === null ? 5 : 10} />
      <Line x={x + 8} y={y + 17} width={width - 14} kind="machine-name">{`${mark === "" ? "" : `${mark} `}${part.name}`}</Line>
      <Line x={x + 8} y={y + 31} width={width - 14} kind="machine-small machine-mono">{`${part.address === "" ? "no address" : part.address}${isWide && part.kernel.length > 0 ? ` · ${part.kernel.join(" ")}` : ""}${isWide && width < 200 ? "" : part.kind === "host bridge" ? ` · ${part.summary}` : ""}`}</Line>
      {isWide && <Decoders decoders={part.decoders} count={part.decoderCount} x={x + 8} y={y + 38} sets={sets} />}
      {part.kind === "device" && <DeviceLines {...box} sets={sets} />}
      {part.link !== null && <PortLines {...box} />}
    </>
  );
}

export function SlotShape({ x, y, width, height, port }: SlotBox) {
  return (
    <g class="machine-slot">
      <rect x={x} y={y} width={width} height={height} rx={5} />
      <Line x={x + 8} y={y + 17} width={width - 14} kind="machine-small">empty slot</Line>
      {port.cards.length > 0 && <Line x={x + 8} y={y + 31} width={width - 14} kind="machine-small">{`+ ${port.cards.map(({ name }) => name).join(", ")}`}</Line>}
    </g>
  );
}

const wireMark = { up: "", training: "↻ training", down: "✕ down" } as const;

/** A link with its state; `isBusy`: requests went through it since the last look. */
export function WireShape({ to, x1, y1, x2, y2, link, isBusy }: Wire & { readonly isBusy: boolean }) {
  const half = (y1 + y2) / 2;
  const path = x1 === x2 ? `M${x1} ${y1}V${y2}` : `M${x1} ${y1}V${half}H${x2}V${y2}`;
  const state = link === null ? "inside" : to === "" && link.state === "down" ? "empty" : link.state;
  return (
    <g class={`machine-wire ${state}`}>
      <path d={path} />
      {isBusy && <path class="machine-traffic" d={path} />}
      {link !== null && link.state !== "up" && state !== "empty" && <text x={x1 + 8} y={y1 + 17}>{wireMark[link.state]}</text>}
      {link !== null && state === "down" && link.heldBy.length > 0 && <text class="machine-small" x={x1 + 8} y={y1 + 30}>{link.heldBy.join(", ")}</text>}
      {link !== null && <title>{linkText(link)}</title>}
    </g>
  );
}
