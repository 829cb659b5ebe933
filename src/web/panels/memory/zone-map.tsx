// The map of pages: a strip of cells for each zone of each node, coloured and patterned, with a legend. The table of runs says the same in words.

import type { MemoryRun } from "../../../sandbox/live/memory-look.ts";
import { sizeWords } from "../look.ts";
import type { CellKind, ZoneRuns } from "./cells.ts";
import { cellKinds, cellsOf, kindOf, kindWords, zonesOf } from "./cells.ts";

const columns = 32;
const side = 12;
const gap = 2;
/** Cells of a zone: one for each unit, up to so many. */
const mostCells = 128;
const unit = 0x400_0000n;

/** Lines over the colour, so that kinds differ without it. */
const strokes: Readonly<Record<CellKind, string>> = {
  lost: "M2 2 L10 10 M10 2 L2 10", poisoned: "M6 2 V10 M2 6 H10", pinned: "M3 1 V11 M6 1 V11 M9 1 V11", going: "M2 10 L10 2", kernel: "M1 4 H11 M1 8 H11", used: "", device: "M6 6 h0.1", offline: "M1 11 L11 1 M1 6 L6 1 M6 11 L11 6", idle: "M4 6 H8", free: "",
};

export const Mark = ({ kind }: { readonly kind: CellKind }) => (
  <g class={`memory-cell memory-${kind}`}>
    <rect width={side} height={side} rx="1" />
    {strokes[kind] === "" ? null : <path d={strokes[kind]} />}
  </g>
);

export function Legend({ kinds }: { readonly kinds: readonly CellKind[] }) {
  return (
    <ul class="memory-legend" aria-label="What the cells mean">
      {kinds.map((kind) => <li key={kind}><svg width={side} height={side} aria-hidden="true"><Mark kind={kind} /></svg> {kindWords[kind]}</li>)}
    </ul>
  );
}

const zoneWords = (zone: string): string => (zone === "" ? "offline" : zone === "Device" ? "devices (no System RAM)" : `zone ${zone}`);

interface ZoneProps {
  readonly zone: ZoneRuns;
  readonly part: string | null;
  readonly onRun: (run: MemoryRun) => void;
}

function ZoneMap({ zone, part, onRun }: ZoneProps) {
  const count = Math.max(columns, Math.min(mostCells, Number(zone.bytes / unit)));
  const cells = cellsOf(zone, count);
  const rows = Math.ceil(count / columns);
  const sums = cellKinds.map((kind) => [kind, zone.runs.reduce((sum, run) => (kindOf(run) === kind ? sum + BigInt(run.bytes) : sum), 0n)] as const).filter(([, bytes]) => bytes > 0n);
  // What lies under something graver is told all the same.
  const also = ([["poisoned", (run: MemoryRun) => run.isPoisoned], ["pinned", (run: MemoryRun) => run.longPins.length > 0]] as const).flatMap(([kind, is]) => {
    const bytes = zone.runs.reduce((sum, run) => (is(run) && kindOf(run) !== kind ? sum + BigInt(run.bytes) : sum), 0n);
    return bytes === 0n ? [] : [`${sizeWords(String(bytes))} of that ${kindWords[kind]}`];
  });
  const words = [...sums.map(([kind, bytes]) => `${sizeWords(String(bytes))} ${kindWords[kind]}`), ...also].join(", ");
  const behind = [...new Set(zone.runs.flatMap(({ backing, parts }) => (backing === "" ? [] : [`${backing}${parts.length === 0 ? "" : ` (${parts.join(", ")})`}`])))];
  return (
    <section class="memory-zone">
      <h3>Node {zone.node}, {zoneWords(zone.zone)} <span class="quiet">{sizeWords(String(zone.bytes))}, a cell is {sizeWords(String(zone.bytes / BigInt(count)))}{behind.length === 0 ? "" : `, on ${behind.slice(0, 4).join(", ")}${behind.length > 4 ? ` and ${behind.length - 4} more` : ""}`}</span></h3>
      <svg role="img" aria-label={`Node ${zone.node}, ${zoneWords(zone.zone)}: ${words}`} viewBox={`0 0 ${columns * (side + gap)} ${rows * (side + gap)}`} class="memory-cells">
        {cells.map(({ kind, run }, index) => {
          const own = zone.runs[run];
          return (
            <g key={index} class={part !== null && own?.parts.includes(part) === true ? "memory-picked" : ""} transform={`translate(${(index % columns) * (side + gap) + 1} ${Math.floor(index / columns) * (side + gap) + 1})`} onClick={() => own !== undefined && onRun(own)}>
              <title>{own === undefined ? kindWords[kind] : `${own.start}: ${kindWords[kind]}${own.owner === "" ? "" : `, ${own.owner}`}${own.backing === "" ? "" : `, ${own.backing}`}`}</title>
              <Mark kind={kind} />
            </g>
          );
        })}
      </svg>
      <p class="memory-words">{words}</p>
    </section>
  );
}

export function ZoneMaps({ runs, part, onRun }: { readonly runs: readonly MemoryRun[]; readonly part: string | null; readonly onRun: (run: MemoryRun) => void }) {
  const present = cellKinds.filter((kind) => runs.some((run) => kindOf(run) === kind));
  return (
    <div class="memory-maps">
      <Legend kinds={present} />
      {zonesOf(runs).map((zone) => <ZoneMap key={`${zone.node} ${zone.zone}`} zone={zone} part={part} onRun={onRun} />)}
    </div>
  );
}
