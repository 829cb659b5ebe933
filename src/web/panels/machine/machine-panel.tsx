// The panel of the machine: asks for the look where the run stands, keeps what is picked, and does what is pointed at.

import { useSignal } from "@preact/signals";
import { useCallback, useEffect, useMemo, useRef } from "preact/hooks";
import type { ActionsLook } from "../../../sandbox/live/action-types.ts";
import type { MachineLook } from "../../../sandbox/live/machine-types.ts";
import { placeWords } from "../../shell/words.ts";
import type { PageStore } from "../../store/contract.ts";
import type { Composed, Preview } from "./break-it.tsx";
import { BreakIt } from "./break-it.tsx";
import { Drawing } from "./drawing.tsx";
import { Inspector } from "./inspector.tsx";
import { fitOf, layoutOf } from "./layout.ts";
import { MachineList } from "./machine-list.tsx";
import { newLines, pointedAt } from "./pointed.ts";
import { partId, placesOf, treeOf } from "./tree.ts";
import type { Item } from "./tree.ts";
import "./machine.css";

const mostParts = 600;
const zooms = { least: 0.3, most: 2.5, step: 1.25 } as const;
const usualWidth = 800;

interface Seen {
  readonly look: MachineLook;
  /** At the position before, of the same run; null: there is none. */
  readonly before: MachineLook | null;
}

/** What the changes of a look are told since: where the run last stood. What it passes on its way is no position that somebody saw. */
function beforeOf({ generation, stoodAt }: MachineLook, last: Seen | null): MachineLook | null {
  if (last === null || last.look.generation !== generation) return null;
  return last.look.stoodAt === null || last.look.stoodAt === stoodAt ? last.before : last.look;
}

/** The machine where the run stands, and where it stood before. */
function useMachine(store: PageStore): Seen | null {
  const seen = useSignal<Seen | null>(null);
  const moment = store.moment.value;
  useEffect(() => {
    void store.look("machine", { most: mostParts }).then((look) => {
      // Answers come in the order of their questions: one that was asked where the run stood counts, though it has gone on since.
      seen.value = look === undefined || store.status.peek() === null ? null : { look, before: beforeOf(look, seen.value) };
    });
  }, [moment, store]);
  return seen.value;
}

interface Room {
  readonly width: number;
  /** Null: the page gives it as much as it takes. */
  readonly height: number | null;
}

/** Pixels that there are for the drawing; the element comes and goes. */
function useRoom(): Room & { readonly measure: (element: HTMLElement | null) => void } {
  const room = useSignal<Room>({ width: usualWidth, height: null });
  const observer = useRef<ResizeObserver | null>(null);
  const measure = useCallback((element: HTMLElement | null): void => {
    observer.current?.disconnect();
    observer.current = element === null ? null : new ResizeObserver(() => {
      // On a narrow screen, areas below each other are as high as what is in them.
      const next = { width: element.clientWidth, height: element.closest(".areas.narrow") === null ? element.clientHeight : null };
      if (next.width !== room.peek().width || next.height !== room.peek().height) room.value = next;
    });
    if (element !== null) observer.current?.observe(element);
  }, [room]);
  return { ...room.value, measure };
}

/** What a fault that is written now would wait for. */
function whenWords(store: PageStore): string {
  const status = store.status.value;
  return status === null ? "" : placeWords(status);
}

/** Writes a fault into the scenario, and runs again to where the run stands. */
async function writeFault(store: PageStore, { line }: Composed, { text, line: at, column }: Extract<Preview, { kind: "lines" }>): Promise<void> {
  const before = store.document.peek();
  const atNs = store.status.peek()?.position.atNs ?? 0;
  const again = async (): Promise<void> => {
    if (await store.reset()) await store.go({ kind: "time", atNs });
  };
  const undo = (): void => {
    if (store.document.peek().text !== text) {
      store.notice.value = { kind: "problem", text: `The text was changed since; take the fault out by hand, line ${at}.` };
      return;
    }
    store.document.value = before;
    store.notice.value = { kind: "info", text: `Taken out again: ${line}` };
    void again();
  };
  store.document.value = { ...before, text };
  store.place.value = { line: at, column };
  await again();
  store.notice.value = { kind: "info", text: `Added to the scenario, line ${at}: ${line}`, action: { label: "Undo", run: undo } };
}

async function previewFault(store: PageStore, { fault }: Composed): Promise<Preview | undefined> {
  const { file, text, includes } = store.document.peek();
  const answer = await store.ask("edit", { file, text, includes, edits: [{ kind: "addFault", fault }] });
  if (answer === undefined || answer.kind === "refused") return answer;
  return { kind: "lines", text: answer.text, column: answer.place.column, of: text, ...newLines(text, answer.text) };
}

function BreakPlace({ store, item, onClose, onWrite }: { readonly store: PageStore; readonly item: Item; onClose(): void; onWrite(): void }) {
  const look = useSignal<ActionsLook | null>(null);
  const question = pointedAt(item);
  const moment = store.moment.value;
  useEffect(() => {
    if (question === null) return undefined;
    let isLate = false;
    void store.look("actions", question).then((answer) => {
      if (!isLate && answer !== undefined) look.value = answer;
    });
    return () => void (isLate = true);
  }, [item.id, moment, store]);
  if (question === null || look.value === null) return null;
  const status = store.status.value;
  return (
    <BreakIt name={item.name} look={look.value} when={whenWords(store)} text={store.document.value.text} isOver={status?.death ?? null} onClose={onClose}
      compose={(id, values) => store.look("compose", { ...question, id, values })} preview={(action) => previewFault(store, action)}
      write={(action, preview) => { onWrite(); void writeFault(store, action, preview); }}
      touch={(action) => void store.touch({ kind: "inject", action: action.line }).then((result) => {
        store.notice.value = result.kind === "done" ? { kind: "info", text: `By hand: ${action.line}. The run is no longer the file's.` } : { kind: "problem", text: result.reason };
        if (result.kind === "done") onClose();
      })} />
  );
}

export function MachinePanel({ store }: { readonly store: PageStore }) {
  const seen = useMachine(store);
  const { width, height, measure } = useRoom();
  const panel = useRef<HTMLDivElement>(null);
  const picked = useSignal<string | null>(null);
  /** Null: as large as there is room for. */
  const ownZoom = useSignal<number | null>(null);
  const breaking = useSignal<string | null>(null);
  const part = store.part.value;
  useEffect(() => {
    if (part !== null) picked.value = partId(part);
  }, [part, picked]);
  const look = seen?.look ?? null;
  const zoom = useMemo(() => ownZoom.value ?? (look === null ? 1 : fitOf(look, width, height)), [look, width, height, ownZoom.value]);
  const layout = useMemo(() => (look === null ? null : layoutOf(look, width / Math.min(1, zoom))), [look, width, zoom]);
  if (seen === null || look === null || layout === null) return <div class="machine"><p class="empty">There is no machine to be seen: the scenario does not run yet.</p></div>;
  const { before } = seen;
  const items = placesOf(treeOf(look));
  const item = picked.value === null ? undefined : items.get(picked.value)?.item;
  const earlier = before === null || item === undefined ? null : (placesOf(treeOf(before)).get(item.id)?.item ?? null);
  const pick = (id: string): void => {
    picked.value = id;
    breaking.value = null;
    const { thing } = items.get(id)?.item ?? {};
    if (thing?.kind === "part") store.part.value = thing.part.name;
  };
  const zoomTo = (next: number): void => void (ownZoom.value = Math.min(zooms.most, Math.max(zooms.least, Math.round(next * 100) / 100)));
  const close = (): void => {
    [picked.value, breaking.value] = [null, null];
    panel.current?.querySelector<HTMLElement>("[role=treeitem][tabindex='0']")?.focus();
  };
  const open = (): void => void panel.current?.querySelector<HTMLElement>(".machine-open")?.focus();
  /** Who closes the menu goes on where it was opened; who writes goes on in the editor. */
  const closeBreaking = (): void => {
    breaking.value = null;
    requestAnimationFrame(open);
  };
  return (
    <div class="machine" ref={panel}>
      <div class="machine-bar" role="group" aria-label="Drawing">
        <button type="button" aria-label="Smaller" disabled={zoom <= zooms.least} onClick={() => zoomTo(zoom / zooms.step)}>−</button>
        <span class="machine-zoom" aria-live={ownZoom.value === null ? "off" : "polite"}>{Math.round(zoom * 100)} %</span>
        <button type="button" aria-label="Larger" disabled={zoom >= zooms.most} onClick={() => zoomTo(zoom * zooms.step)}>+</button>
        <button type="button" title="As large as there is room for" aria-pressed={ownZoom.value === null} onClick={() => (ownZoom.value = null)}>Fit</button>
        <Legend />
        {look.isInsideStep && <span class="machine-inside">inside a step: hardware as it is there, the kernel's things as they are when the step is over</span>}
        {look.leftOut > 0 && <span class="machine-inside">{look.leftOut} parts are not drawn</span>}
      </div>
      <div class="machine-body">
        <div class="machine-canvas" ref={measure}>
          <Drawing look={look} before={before} isMoving={store.status.value?.isMoving === true} picked={picked.value} layout={layout} zoom={zoom} onPick={pick} onOpen={open} />
        </div>
        {item === undefined ? null : (
          <Inspector item={item} before={earlier} onClose={close}>
            {pointedAt(item) !== null && breaking.value !== item.id && <button type="button" class="machine-open" onClick={() => (breaking.value = item.id)}>Break it…</button>}
            {breaking.value === item.id && <BreakPlace key={item.id} store={store} item={item} onClose={closeBreaking} onWrite={() => (breaking.value = null)} />}
          </Inspector>
        )}
      </div>
      <div class="machine-foot">
        <MachineList look={look} onPick={pick} />
        {item === undefined && <p class="machine-hint">Point at a part to look into it, and to break it.</p>}
      </div>
    </div>
  );
}

function Legend() {
  return (
    <ul class="machine-legend" aria-hidden="true">
      <li><svg width="22" height="8"><path class="machine-wire up" d="M1 4h20" /></svg>up</li>
      <li><svg width="22" height="8"><path class="machine-wire training" d="M1 4h20" /></svg>↻ training</li>
      <li><svg width="22" height="8"><path class="machine-wire down" d="M1 4h20" /></svg>✕ down</li>
      <li><svg width="12" height="12"><rect class="machine-key" x="1" y="1" width="9" height="9" rx="1.5" /></svg>committed</li>
    </ul>
  );
}
