// What a comparison found: where the runs part first, both time lines on one axis, and both results fact by fact.

import type { PlacedDivergence } from "../../../sandbox/live/divergence-service.ts";
import type { PageWorker } from "../../../../workers/page-client.ts";
import { afterWords } from "../../shell/words.ts";
import { shownText } from "../../shown-text.ts";
import { factRows } from "./facts.ts";
import type { Comparison, Side } from "./second-run.ts";
import { SideLines } from "./side-lines.tsx";

interface ComparisonViewProps {
  readonly comparison: Comparison;
  /** Those that hold the runs; null: they have ended. */
  readonly workers: readonly [PageWorker, PageWorker] | null;
  /** Puts a side onto the page. */
  readonly onOpen: (side: Side) => void;
}

const momentText = (atNs: number | null): string => (atNs === null ? "" : afterWords(atNs, -1));

function DivergenceText({ one: { layer, index, atNs, before, expected, actual, expectedAfter, actualAfter }, titles }: { readonly one: PlacedDivergence; readonly titles: readonly [string, string] }) {
  const side = (title: string, line: string | null, after: readonly string[]) => (
    <div>
      <h4>{title}</h4>
      <ol>
        {before.map((text, at) => <li key={`before ${at}`} class="quiet">{shownText(text)}</li>)}
        <li class="compare-parts"><span class="compare-mark">parts here:</span> {line === null ? "nothing more comes" : shownText(line)}</li>
        {after.map((text, at) => <li key={`after ${at}`}>{shownText(text)}</li>)}
      </ol>
    </div>
  );
  return (
    <section aria-label={`First difference of layer ${layer}`} class="compare-divergence">
      <h3>Layer {layer}, record {index} of the layer{atNs === null ? "" : `, ${momentText(atNs)}`}</h3>
      <div class="compare-sides">{side(titles[0], expected, expectedAfter)}{side(titles[1], actual, actualAfter)}</div>
    </section>
  );
}

export function ComparisonView({ comparison: { sides, divergences: { divergences, records } }, workers, onOpen }: ComparisonViewProps) {
  const [first, second] = sides;
  const titles: readonly [string, string] = [first.title, second.title];
  const [earliest] = divergences;
  const rows = factRows(first.result, second.result);
  return (
    <section aria-label="Comparison">
      <p class="compare-head">{earliest === undefined ? `Nothing differs: ${records[0]} records of hardware, kernel, log and result are the same.` : `The runs part in layer ${earliest.layer}, ${momentText(earliest.atNs)}.`}</p>
      <SideLines sides={sides} first={earliest ?? null} workers={workers} />
      <table class="compare-table">
        <caption>Results</caption>
        <thead><tr><td />{sides.map((side) => <th key={side.title} scope="col">{side.title} <button type="button" onClick={() => onOpen(side)}>Open on the page</button></th>)}</tr></thead>
        <tbody>{rows.map(({ name, values: [one, other] }) => (
          <tr key={name} class={one === other ? "" : "is-different"}><th scope="row">{shownText(name)}{one === other ? null : <span class="compare-mark"> differs</span>}</th><td>{shownText(one)}</td><td>{shownText(other)}</td></tr>
        ))}</tbody>
      </table>
      {divergences.map((one) => <DivergenceText key={one.layer} one={one} titles={titles} />)}
    </section>
  );
}
