// The kernel's log at the position.

import { useEffect } from "preact/hooks";
import { useSignal } from "@preact/signals";
import type { LogLine } from "../../../scenario/details.ts";
import type { PageStore } from "../../store/contract.ts";

const mostLines = 2000;

export function LogPanel({ store }: { readonly store: PageStore }) {
  const lines = useSignal<readonly LogLine[]>([]);
  const moment = store.moment.value;
  useEffect(() => {
    void store.look("log", { from: 0, most: mostLines }).then((answer) => {
      if (answer !== undefined) lines.value = answer.lines;
    });
  }, [moment, store, lines]);
  return <LogLines lines={lines.value} />;
}

export function LogLines({ lines }: { readonly lines: readonly LogLine[] }) {
  if (lines.length === 0) return <p class="empty">The kernel has said nothing yet.</p>;
  return <ol class="log">{lines.map(({ atNs, text }) => <li key={`${atNs} ${text}`}>{text}</li>)}</ol>;
}
