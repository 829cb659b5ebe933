// Buttons that lead from a result to a moment of the run, to a line of the file, or into the clipboard.

import { useSignal } from "@preact/signals";
import type { OutcomeMoment } from "../../../sandbox/live/outcome-look.ts";
import type { SourcePlace } from "../../../scenario/result.ts";
import { shownText } from "../../shown-text.ts";
import { timeWords } from "../../shell/words.ts";

/** What leads elsewhere. */
export interface Ways {
  readonly readyAtNs: number;
  readonly onMoment: (moment: OutcomeMoment) => void;
  readonly onLine: (place: SourcePlace) => void;
}

/** A text with a button that copies it. */
export function Copied({ text, what, onCopy }: { readonly text: string; readonly what: string; readonly onCopy: (text: string) => Promise<boolean> }) {
  const said = useSignal("");
  return (
    <p class="outcome-copied">
      <code>{shownText(text)}</code>
      <button type="button" aria-label={`Copy ${what}`} onClick={() => void onCopy(text).then((isCopied) => (said.value = isCopied ? "copied" : "not copied: mark the text and copy it"))}>Copy</button>
      <span role="status" class="quiet">{said.value}</span>
    </p>
  );
}

/** Buttons to a moment and to a line of the file. */
export function WaysTo({ moment, place, what, readyAtNs, onMoment, onLine }: Ways & { readonly moment: OutcomeMoment | null; readonly place: SourcePlace | undefined; readonly what: string }) {
  const file = place?.file;
  const when = moment === null ? "" : timeWords(readyAtNs < 0 ? moment.atNs : moment.atNs - readyAtNs);
  return (
    <span class="outcome-ways">
      {moment === null ? null : <button type="button" aria-label={`${when}: go to the moment of ${what}`} title={shownText(moment.text)} onClick={() => onMoment(moment)}>{when}</button>}
      {place === undefined ? null : file === undefined ? <button type="button" aria-label={`line ${place.line}: show the line of ${what}`} onClick={() => onLine(place)}>line {place.line}</button> : <span class="quiet">{shownText(file)}:{place.line}</span>}
    </span>
  );
}
