// The kernel's log at the position.

import { useEffect, useRef } from "preact/hooks";
import { useSignal } from "@preact/signals";
import type { LogLine } from "../../../scenario/details.ts";
import { toClipboard } from "../../clipboard.ts";
import type { PageStore } from "../../store/contract.ts";
import { useIsShown } from "../shown.ts";
import type { ShownLine } from "./lines.ts";
import { LogView } from "./log-view.tsx";

/** Lines of one look. */
const linesAtOnce = 5000;

interface Known {
  /** Of which run these lines are. */
  readonly generation: number;
  readonly lines: readonly LogLine[];
  readonly newFrom: number;
}

const nothing: Known = { generation: -1, lines: [], newFrom: 0 };

/** Goes just behind the record of a line: the log's records in order of their writing are its lines. */
async function goToLine(store: PageStore, lines: readonly LogLine[], { atNs, index }: ShownLine): Promise<void> {
  const before = index - lines.findIndex((line) => line.atNs === atNs);
  const found = await store.look("find", { filter: { layers: ["log"], fromNs: atNs, toNs: atNs }, from: 0, direction: "forward", most: before + 1 });
  const record = found?.indices[before];
  if (record === undefined) return void (await store.go({ kind: "time", atNs }));
  store.record.value = record;
  await store.go({ kind: "record", index: record });
}

async function copy(store: PageStore, text: string): Promise<void> {
  if (await toClipboard(text)) store.notice.value = { kind: "info", text: "The shown lines are in the clipboard." };
  else store.notice.value = { kind: "problem", text: "The browser does not let the page write to the clipboard: select the lines and copy them by hand." };
}

export function LogPanel({ store }: { readonly store: PageStore }) {
  const known = useSignal<Known>(nothing);
  const asking = useRef(0);
  const isShown = useIsShown();
  const moment = isShown ? store.moment.value : -1;
  const status = store.status.value;
  const generation = status?.generation ?? -1;
  const isOpen = status !== null;
  useEffect(() => {
    if (!isShown) return;
    const number = ++asking.current;
    const look = async (): Promise<void> => {
      const first = known.peek().generation === generation ? known.peek().lines : [];
      let lines: readonly LogLine[] = first;
      for (;;) {
        const answer = await store.look("log", { from: lines.length, most: linesAtOnce });
        if (number !== asking.current) return;
        if (answer === undefined) return void (known.value = nothing);
        // The run stands before lines that were known.
        lines = answer.total < lines.length ? lines.slice(0, answer.total) : [...lines.slice(0, answer.from), ...answer.lines];
        if (lines.length >= answer.total || answer.lines.length === 0) break;
      }
      const isSame = lines.length === first.length && known.peek().generation === generation;
      known.value = { generation, lines, newFrom: isSame ? known.peek().newFrom : Math.min(first.length, lines.length) };
    };
    void look();
  }, [moment, generation, isOpen, isShown, store, known]);
  if (status === null) return <p class="empty">No run is open.</p>;
  const { lines, newFrom } = known.value;
  return <LogView lines={lines} readyAtNs={status.readyAtNs} newFrom={newFrom} isMoving={status.isMoving} range={store.range.value} onRange={(range) => void (store.range.value = range)} onGo={(line) => void goToLine(store, lines, line)} onCopy={(text) => void copy(store, text)} />;
}
