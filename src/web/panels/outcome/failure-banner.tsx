// What one sees first after a run: the first thing that went wrong, with the way to its moment and its line; one short line when all is well.

import type { ScenarioResult } from "../../../scenario/result.ts";
import { shownText } from "../../shown-text.ts";
import type { PageStore } from "../../store/contract.ts";
import { focusArea } from "../../shell/areas.tsx";
import { goTo, showLine, troublesOf } from "./moments.ts";
import type { Trouble } from "./moments.ts";
import { useOutcome } from "./use-outcome.ts";
import "./outcome.css";

const longest = 300;
const cut = (text: string): string => shownText(text.length <= longest ? text : `${text.slice(0, longest)} …`);

export const statusWords: Readonly<Record<ScenarioResult["status"], string>> = { pass: "✓ pass", fail: "✕ fail", invalid: "⚠ invalid", error: "✕ error", limit: "⚠ limit", driver: "✕ driver" };

interface BannerProps {
  readonly result: ScenarioResult;
  readonly troubles: readonly Trouble[];
  readonly onMoment: (trouble: Trouble) => void;
  readonly onLine: (trouble: Trouble) => void;
  readonly onMore: () => void;
}

export function Banner({ result, troubles, onMoment, onLine, onMore }: BannerProps) {
  const { status, outcome, verdict, expectations } = result;
  const [first] = troubles;
  if (first === undefined) {
    return <p class={`outcome-banner ${status}`}><strong>{statusWords[status]}</strong> outcome {outcome}{verdict === null ? "" : `, ${verdict}`}{expectations.length === 0 ? "" : `; ${expectations.length === 1 ? "its expectation holds" : `all ${expectations.length} expectations hold`}`}</p>;
  }
  return (
    <div class={`outcome-banner ${status}`}>
      <p><strong>{statusWords[status]}</strong> {cut(first.what)}{first.expected === "" ? null : <>: expected <code>{cut(first.expected)}</code>, got <code>{cut(first.actual)}</code></>}</p>
      <span class="outcome-ways">
        {first.moment === null ? null : <button type="button" title={cut(first.moment.text)} onClick={() => onMoment(first)}>Jump to the moment</button>}
        {first.place === null || first.place.file !== undefined ? null : <button type="button" onClick={() => onLine(first)}>Show the line ({first.place.line})</button>}
        <button type="button" onClick={onMore}>{troubles.length === 1 ? "Details" : `Details, ${troubles.length - 1} more`}</button>
      </span>
    </div>
  );
}

/** Nothing while the run has no result; the place is always there, so that what comes into it is read out. */
export function FailureBanner({ store }: { readonly store: PageStore }) {
  return <div role="status"><Found store={store} /></div>;
}

function Found({ store }: { readonly store: PageStore }) {
  const look = useOutcome(store);
  const result = store.status.value?.result ?? null;
  if (result === null || store.isChanged.value) return null;
  const troubles = troublesOf(result, look.value);
  return (
    <Banner result={result} troubles={troubles} onMore={() => {
      store.show("outcome");
      // On a narrow screen it stands far below.
      requestAnimationFrame(() => focusArea("side"));
    }}
      onMoment={({ moment }) => moment !== null && goTo(store, moment)} onLine={({ place }) => place !== null && showLine(store, place)} />
  );
}
