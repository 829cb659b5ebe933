// The list of records, joined to the store: what is picked here is picked everywhere, and the stretch of time that is picked elsewhere chooses its rows.

import { useEffect, useMemo } from "preact/hooks";
import { batch, computed, effect, signal, untracked } from "@preact/signals";
import type { RecordFilter } from "../../../sandbox/live/record-filter.ts";
import type { RecordChoices } from "../../../sandbox/live/records-look.ts";
import { toClipboard } from "../../clipboard.ts";
import { rangeText } from "../../range.ts";
import type { PageStore, TimeRange } from "../../store/contract.ts";
import { useIsShown } from "../shown.ts";
import type { Chosen } from "./filter-bar.tsx";
import { chosenAll, FilterBar } from "./filter-bar.tsx";
import { LineCache } from "./line-cache.ts";
import { RecordGrid } from "./record-grid.tsx";
import { RecordIndex } from "./record-index.ts";
import "./records.css";

/** Records whose lines are copied at most. */
const mostCopied = 2000;

const filterOf = ({ layer, kind, part, text }: Chosen, range: TimeRange | null): RecordFilter => ({
  ...(layer === "" ? {} : { layers: [layer] }), ...(kind === "" ? {} : { kinds: [kind] }), ...(part === "" ? {} : { parts: [part] }), ...(text === "" ? {} : { text }), ...range,
});

function createRecords(store: PageStore) {
  const version = signal(0);
  const said = signal("");
  const chosen = signal<Chosen>(chosenAll);
  const needle = signal("");
  const choices = signal<RecordChoices | null>(null);
  const reveal = signal(0);
  const index = new RecordIndex((question) => store.look("find", question), () => version.value++);
  const lines = new LineCache((question) => store.look("records", question));
  const filter = computed(() => filterOf(chosen.value, store.range.value));

  const update = (): void => {
    const status = store.status.peek();
    if (status === null) return;
    lines.keepTo(status.generation);
    index.grow(status.reached.records, status.generation);
  };
  const choicesWanted = async (): Promise<void> => void (choices.value = (await store.look("recordChoices", {})) ?? choices.peek());
  const pick = (row: number): void => void (store.record.value = index.recordAt(row) ?? null);
  const shown = (records: readonly number[]): void => void lines.want(records).then((isNew) => isNew && version.value++);

  const copy = async (from: number, to: number): Promise<void> => {
    const records = Array.from({ length: Math.min(mostCopied, to - from + 1) }, (_, place) => index.recordAt(from + place)).filter((record) => record !== undefined);
    const told = await store.look("records", { indices: records });
    if (told === undefined) return;
    const isCopied = await toClipboard(told.lines.map(({ index: record, atNs, layer, text }) => `${record}\t${atNs}\t${layer}\t${text}`).join("\n"));
    said.value = isCopied ? `${told.lines.length} ${told.lines.length === 1 ? "line" : "lines"} copied${to - from + 1 > mostCopied ? `, no more than ${mostCopied} at once` : ""}` : "The browser lets nothing be copied here.";
  };

  /** Looks for a text among the rows, piece by piece, from behind the picked record. */
  const find = async (direction: "forward" | "back"): Promise<void> => {
    const wanted = needle.peek();
    if (wanted === "") return;
    const own = filter.peek();
    const step = direction === "forward" ? 1 : -1;
    let from: number | null = store.record.peek() === null ? (direction === "forward" ? 0 : index.known - 1) : (store.record.peek() ?? 0) + step;
    const words = (text: string): string => `${text}: "${wanted}"`;
    said.value = words("Looking for");
    while (from !== null && from >= 0) {
      const told: Awaited<ReturnType<typeof store.look<"find">>> = await store.look("find", { filter: { ...own, text: wanted }, from, direction, most: 20 });
      if (told === undefined || needle.peek() !== wanted || filter.peek() !== own) return;
      const found = await firstShown(own.text, told.indices);
      if (found !== undefined) {
        batch(() => {
          store.record.value = found;
          reveal.value++;
          said.value = words(`Found in record ${found}`);
        });
        return;
      }
      from = told.next;
    }
    said.value = words(direction === "forward" ? "Not found from here to the end" : "Not found from here to the start");
  };
  /** A filter's own text must be there beside the one that is looked for. */
  const firstShown = async (text: string | undefined, found: Uint32Array): Promise<number | undefined> => {
    if (text === undefined || found.length === 0) return found[0];
    const told = await store.look("records", { indices: [...found] });
    return told?.lines.find((line) => line.text.toLowerCase().includes(text.toLowerCase()))?.index;
  };

  const start = (): (() => void) => effect(() => {
    const wanted = filter.value;
    untracked(() => {
      said.value = "";
      index.choose(wanted);
    });
  });
  /** What was said of another text is no longer so. */
  const typed = (text: string): void => batch(() => {
    needle.value = text;
    said.value = "";
  });
  return { version, said, chosen, needle, choices, reveal, index, lines, update, choicesWanted, pick, shown, copy, find, typed, start };
}

export function RecordsPanel({ store }: { readonly store: PageStore }) {
  const records = useMemo(() => createRecords(store), [store]);
  const { version, said, chosen, needle, choices, reveal, index, lines } = records;
  const isShown = useIsShown();
  const moment = isShown ? store.moment.value : -1;
  useEffect(() => records.start(), [records]);
  useEffect(() => {
    if (isShown) records.update();
  }, [records, moment, isShown]);
  const isMoving = store.status.value?.isMoving === true;
  useEffect(() => {
    if (isShown) void records.choicesWanted();
  }, [records, isMoving, store.status.value?.generation, isShown]);
  const status = store.status.value;
  if (status === null) return <p class="empty">There is no run yet. Run the scenario, or open a trace: its records are listed here.</p>;
  const picked = store.record.value;
  const row = picked === null ? -1 : index.rowOf(picked);
  const isListed = picked !== null && index.recordAt(row) === picked;
  const range = store.range.value;
  return (
    <div class="records">
      <FilterBar
        chosen={chosen.value} choices={choices.value} range={range === null ? null : rangeText(range, status.readyAtNs)} needle={needle.value}
        onChoose={(next) => void (chosen.value = next)} onNoRange={() => void (store.range.value = null)} onNeedle={records.typed} onFind={(direction) => void records.find(direction)}
      />
      {index.rows === 0 && !index.isLooking ? <p class="empty">{index.known === 0 ? "No records yet." : "No record is like that. Choose other layers, kinds or parts, or no range."}</p> : (
        <RecordGrid
          version={version.value} rows={index.rows} recordAt={(one) => index.recordAt(one)} lineAt={(record) => lines.get(record)} onShown={records.shown} picked={isListed ? row : -1} position={status.position.records} readyAtNs={status.readyAtNs}
          label="Records" reveal={reveal.value} onPick={records.pick} onGo={(one) => void store.go({ kind: "record", index: index.recordAt(one) ?? 0 })} onCopy={(from, to) => void records.copy(from, to)}
        />
      )}
      <p class="records-said" role="status" aria-live={isMoving || index.isLooking ? "off" : "polite"}>{said.value === "" ? `${index.rows} of ${index.known} records${index.isLooking ? `, looked at ${index.passed} so far` : ""}` : said.value}</p>
    </div>
  );
}
