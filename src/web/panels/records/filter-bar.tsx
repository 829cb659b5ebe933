// What a list of records is chosen by: layer, kind, part, a text, and the stretch of time that is picked; and finding a text in it.

import type { RecordChoices } from "../../../sandbox/live/records-look.ts";
import type { TraceLayer } from "../../../sim/trace.ts";
import { shownText } from "../../shown-text.ts";

/** As the reader set it; "": all. */
export interface Chosen {
  readonly layer: TraceLayer | "";
  readonly kind: string;
  readonly part: string;
  readonly text: string;
}

export const chosenAll: Chosen = { layer: "", kind: "", part: "", text: "" };

interface FilterBarProps {
  readonly chosen: Chosen;
  readonly choices: RecordChoices | null;
  /** The stretch of time, in words; null: none is picked. */
  readonly range: string | null;
  readonly needle: string;
  readonly onChoose: (chosen: Chosen) => void;
  readonly onNoRange: () => void;
  readonly onNeedle: (needle: string) => void;
  readonly onFind: (direction: "forward" | "back") => void;
}

const layers = ["access", "hardware", "kernel", "log", "result"] as const satisfies readonly TraceLayer[];
const isLayer = (text: string): text is TraceLayer => layers.some((layer) => layer === text);

interface SelectProps {
  readonly label: string;
  readonly value: string;
  readonly all: string;
  readonly options: readonly string[];
  readonly onValue: (value: string) => void;
}

function Select({ label, value, all, options, onValue }: SelectProps) {
  const shown = value === "" || options.includes(value) ? options : [...options, value];
  return (
    <select aria-label={label} value={value} onChange={(event) => onValue(event.currentTarget.value)}>
      <option value="">{all}</option>
      {shown.map((option) => <option key={option} value={option}>{shownText(option)}</option>)}
    </select>
  );
}

export function FilterBar({ chosen, choices, range, needle, onChoose, onNoRange, onNeedle, onFind }: FilterBarProps) {
  const kinds = choices === null ? [] : chosen.layer === "" ? [...new Set(layers.flatMap((layer) => choices.kinds[layer]))] : choices.kinds[chosen.layer];
  const isChosen = chosen !== chosenAll && (chosen.layer !== "" || chosen.kind !== "" || chosen.part !== "" || chosen.text !== "");
  return (
    <div class="records-filter" role="search" aria-label="Records">
      <Select label="Layer" value={chosen.layer} all="All layers" options={layers} onValue={(layer) => onChoose({ ...chosen, layer: isLayer(layer) ? layer : "", kind: "" })} />
      <Select label="Kind" value={chosen.kind} all="All kinds" options={kinds} onValue={(kind) => onChoose({ ...chosen, kind })} />
      <Select label="Part" value={chosen.part} all="All parts" options={choices?.parts ?? []} onValue={(part) => onChoose({ ...chosen, part })} />
      <input type="search" aria-label="Only records with this text" placeholder="Only with text" value={chosen.text} onInput={(event) => onChoose({ ...chosen, text: event.currentTarget.value })} />
      {isChosen ? <button type="button" onClick={() => onChoose(chosenAll)}>All records</button> : null}
      {range === null ? null : <button type="button" class="records-range" title="Records of all times" onClick={onNoRange}>{range} {"\u2715"}</button>}
      <span class="records-find">
        <input type="search" aria-label="Find in the list" placeholder="Find" value={needle} onInput={(event) => onNeedle(event.currentTarget.value)} onKeyDown={(event) => {
          if (event.key !== "Enter") return;
          event.preventDefault();
          onFind(event.shiftKey ? "back" : "forward");
        }} />
        <button type="button" aria-label="Find previous" disabled={needle === ""} onClick={() => onFind("back")}>{"\u2191"}</button>
        <button type="button" aria-label="Find next" disabled={needle === ""} onClick={() => onFind("forward")}>{"\u2193"}</button>
      </span>
    </div>
  );
}
