// Memory as the kernel has it: the map of its pages by zone, the same as a table, and /proc/iomem.

import { useSignal } from "@preact/signals";
import type { IomemLine } from "../../../sandbox/live/host-look.ts";
import type { MemoryLook, MemoryRun } from "../../../sandbox/live/memory-look.ts";
import { shownText } from "../../shown-text.ts";
import { countWords } from "../../shell/words.ts";
import { sizeWords } from "../look.ts";
import { Mark, ZoneMaps } from "./zone-map.tsx";
import { kindOf, kindWords } from "./cells.ts";
import { IomemTree } from "./iomem-tree.tsx";
import "./memory.css";

export interface MemoryViewProps {
  readonly memory: MemoryLook;
  readonly iomem: readonly IomemLine[];
  readonly part: string | null;
  readonly onPart: (part: string) => void;
}

const views = { map: "Map", runs: "Table", iomem: "/proc/iomem" } as const;
type View = keyof typeof views;

/** Rows of the table at first, and more at each asking. */
const pageOfRows = 200;

function Runs({ runs, total, part, picked, onRun }: { readonly runs: readonly MemoryRun[]; readonly total: number; readonly part: string | null; readonly picked: MemoryRun | null; readonly onRun: (run: MemoryRun) => void }) {
  const most = useSignal(pageOfRows);
  const isSpecialOnly = useSignal(false);
  const shown = isSpecialOnly.value ? runs.filter((run) => !["free", "used", "kernel", "device", "idle"].includes(kindOf(run))) : runs;
  return (
    <>
      <p class="memory-bar">
        <label><input type="checkbox" checked={isSpecialOnly.value} onChange={({ currentTarget }) => void (isSpecialOnly.value = currentTarget.checked)} /> only what is lost, poisoned, held, offline or going</label>
        <span class="quiet">{total === runs.length ? `${countWords(runs.length)} runs of pages` : `${countWords(total)} runs of pages, small neighbours together`}</span>
      </p>
      {shown.length === 0 ? <p class="empty">No such run.</p> : (
        <table>
          <thead><tr>{["From", "To", "Size", "Node", "Zone", "State", "Owner", "Held by", "Behind it"].map((title) => <th key={title} scope="col">{title}</th>)}</tr></thead>
          <tbody>
            {shown.slice(0, most.value).map((run) => {
              const holders = [...run.longPins, ...run.shortPins.map((name) => `${name} (short)`)];
              const isPicked = picked?.start === run.start || (part !== null && run.parts.includes(part));
              const also = [run.isLost && run.isPoisoned ? "poisoned" : "", kindOf(run) === run.use ? "" : kindWords[run.use], run.kind === "" ? "" : `${run.kind} pages`, run.count > 1 ? `${run.count} runs together` : ""].filter((word) => word !== "");
              return (
                <tr key={run.start} aria-selected={isPicked} class={isPicked ? "memory-chosen" : ""}>
                  <th scope="row">{run.start}</th><td>{run.end}</td><td>{sizeWords(run.bytes)}</td><td>{run.node}</td><td>{run.zone === "" ? "none" : run.zone}</td>
                  <td><svg width="12" height="12" aria-hidden="true"><Mark kind={kindOf(run)} /></svg> {kindWords[kindOf(run)]}{also.length === 0 ? "" : <span class="quiet"> ({also.join(", ")})</span>}</td>
                  <td>{shownText(run.owner)}</td><td>{shownText(holders.join(", "))}</td>
                  <td>{run.backing === "" && run.parts.length === 0 ? <span class="quiet">DRAM</span> : <button type="button" onClick={() => onRun(run)} title={`Pick ${run.parts.join(", ")}`}>{run.backing === "" ? "no device" : run.backing}{run.parts.length === 0 ? "" : ` · ${run.parts.join(", ")}`}</button>}</td>
                </tr>
              );
            })}
          </tbody>
        </table>
      )}
      {shown.length > most.value ? <button type="button" class="memory-more" onClick={() => void (most.value += 5 * pageOfRows)}>{shown.length - most.value} more</button> : null}
    </>
  );
}

const runAt = (runs: readonly MemoryRun[], address: bigint): MemoryRun | null => runs.find(({ start, end }) => BigInt(start) <= address && address <= BigInt(end)) ?? null;

export function MemoryView({ memory, iomem, part, onPart }: MemoryViewProps) {
  const view = useSignal<View>("map");
  /** Where what was picked begins: what lies there changes with the run. */
  const place = useSignal<string | null>(null);
  const picked = place.value === null ? null : runAt(memory.runs, BigInt(place.value));
  const pick = (run: MemoryRun): void => {
    place.value = run.start;
    const [first] = run.parts;
    if (first !== undefined) onPart(first);
  };
  const isKnown = memory.isKnown && memory.runs.length > 0;
  return (
    <div class="memory">
      <div class="memory-bar" role="group" aria-label="Shown as">
        {(Object.keys(views) as View[]).map((name) => <button key={name} type="button" aria-pressed={view.value === name} onClick={() => void (view.value = name)}>{views[name]}</button>)}
        {picked === null || view.value !== "map" ? null : <span class="memory-picked-words" role="status">{picked.start} to {picked.end}, {sizeWords(picked.bytes)}: {kindWords[kindOf(picked)]}{picked.owner === "" ? "" : `, ${shownText(picked.owner)}`}{picked.longPins.length === 0 ? "" : `, held by ${shownText(picked.longPins.join(", "))}`}{picked.backing === "" ? "" : `, ${picked.backing}`}</span>}
      </div>
      <div class="memory-body" tabIndex={view.value === "iomem" ? -1 : 0} role="group" aria-label={views[view.value]}>
        {view.value === "iomem" ? <IomemTree lines={iomem} part={part} onPart={onPart} />
          : !isKnown ? <p class="empty">The kernel does not know its memory yet: go on a little.</p>
          : view.value === "map" ? <ZoneMaps runs={memory.runs} part={part} onRun={pick} />
          : <Runs runs={memory.runs} total={memory.total} part={part} picked={picked} onRun={pick} />}
      </div>
    </div>
  );
}
