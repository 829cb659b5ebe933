// The palette: every action, panel and scenario of the library by a few letters of its name (ARIA: combobox with a list).

import { useEffect } from "preact/hooks";
import { useSignal } from "@preact/signals";
import { Dialog } from "./dialog.tsx";

export interface Entry {
  readonly id: string;
  readonly kind: "action" | "panel" | "scenario";
  readonly title: string;
  /** Also searched; shown behind the title. */
  readonly detail?: string;
  readonly keys?: string;
  readonly run: () => void;
}

const mostShown = 60;

/** Every word of the question is somewhere in the entry; those that have it at the beginning of a word come first. */
export function found(entries: readonly Entry[], question: string): readonly Entry[] {
  const words = question.toLowerCase().split(/\s+/).filter((word) => word !== "");
  const scored = entries.flatMap((entry) => {
    const text = `${entry.title} ${entry.detail ?? ""} ${entry.kind}`.toLowerCase();
    if (!words.every((word) => text.includes(word))) return [];
    return [{ entry, score: words.filter((word) => text.startsWith(word) || text.includes(` ${word}`)).length }];
  });
  return scored.toSorted((a, b) => b.score - a.score).slice(0, mostShown).map(({ entry }) => entry);
}

interface PaletteProps {
  readonly entries: readonly Entry[];
  /** What comes later: scenarios of the library. */
  readonly loadMore?: (() => Promise<readonly Entry[]>) | undefined;
  readonly onClose: () => void;
}

export function Palette({ entries, loadMore, onClose }: PaletteProps) {
  const question = useSignal("");
  const at = useSignal(0);
  const more = useSignal<readonly Entry[]>([]);
  useEffect(() => {
    void loadMore?.().then((loaded) => (more.value = loaded), () => undefined);
  }, [loadMore, more]);
  const shown = found([...entries, ...more.value], question.value);
  const current = Math.min(at.value, shown.length - 1);
  const choose = (entry: Entry | undefined): void => {
    if (entry === undefined) return;
    document.querySelector<HTMLDialogElement>("dialog.palette")?.close();
    entry.run();
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (step !== 0 && shown.length > 0) at.value = (current + step + shown.length) % shown.length;
    else if (event.key === "Enter") choose(shown[current]);
    else return;
    event.preventDefault();
  };
  useEffect(() => document.querySelector("#palette-list [aria-selected=true]")?.scrollIntoView({ block: "nearest" }), [current]);
  return (
    <Dialog name="palette" title="Find" onClose={onClose}>
      <input type="text" role="combobox" aria-expanded="true" aria-controls="palette-list" aria-autocomplete="list" aria-label="An action, a panel or a scenario" placeholder="an action, a panel, a scenario" autocomplete="off" spellcheck={false} autofocus
        {...(shown.length === 0 ? {} : { "aria-activedescendant": `palette-${current}` })} value={question.value} onKeyDown={onKeyDown}
        onInput={(event) => {
          question.value = event.currentTarget.value;
          at.value = 0;
        }} />
      <ul id="palette-list" role="listbox" aria-label="Found">
        {shown.map((entry, index) => (
          <li key={entry.id} id={`palette-${index}`} role="option" aria-selected={index === current} onClick={() => choose(entry)}>
            <span class="kind">{entry.kind}</span>
            <span class="words">{entry.title}{entry.detail === undefined ? null : <span class="detail"> {entry.detail}</span>}</span>
            {entry.keys === undefined ? null : <kbd>{entry.keys}</kbd>}
          </li>
        ))}
      </ul>
      <p class="quiet" role="status">{shown.length === 0 ? "Nothing has these words." : shown.length === mostShown ? `The first ${mostShown}; more letters find fewer.` : `${shown.length} found`}</p>
    </Dialog>
  );
}
