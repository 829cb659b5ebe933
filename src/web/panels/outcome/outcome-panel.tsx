// What the run came to: what failed and where, evidence of faults, who died of what, figures, commands, and how to repeat it.

import type { OutcomeLook, OutcomeMoment } from "../../../sandbox/live/outcome-look.ts";
import type { ExpectationResult, ScenarioResult } from "../../../scenario/result.ts";
import { toClipboard } from "../../clipboard.ts";
import { shownText } from "../../shown-text.ts";
import { timeWords } from "../../shell/words.ts";
import type { PageStore } from "../../store/contract.ts";
import { statusWords } from "./failure-banner.tsx";
import { goTo, showLine } from "./moments.ts";
import { Faults, Workloads } from "./evidence-sections.tsx";
import { Commands, CrashDumpSection, Digests, Metrics, RebootSection } from "./figures-sections.tsx";
import { useOutcome } from "./use-outcome.ts";
import { Copied, WaysTo } from "./ways.tsx";
import type { Ways } from "./ways.tsx";
import "./outcome.css";

export function OutcomePanel({ store }: { readonly store: PageStore }) {
  const look = useOutcome(store);
  const status = store.status.value;
  if (status === null) return <p class="empty">No run is open.</p>;
  const { result, touches, death } = status;
  if (result === null) {
    return (
      <div class="empty">
        {touches.length > 0
          ? <p>Touched by hand: this is no longer the run of the file, so that it has no verdict and its digests are not shown. {death === null ? "" : `It ended: ${shownText(death)}.`} Start again for the file’s own run.</p>
          : <p>The run has not come to its end yet: what is expected of it is judged there.</p>}
        {touches.length > 0
          ? <button type="button" onClick={() => void store.reset()}>Start again</button>
          : <button type="button" disabled={status.isMoving} onClick={() => void store.go({ kind: "end" })}>Run to the end</button>}
      </div>
    );
  }
  return <OutcomeView result={result} look={look.value} readyAtNs={status.readyAtNs} isTouched={touches.length > 0} onMoment={(moment) => goTo(store, moment)} onLine={(place) => showLine(store, place)} onCopy={toClipboard} />;
}

interface OutcomeViewProps extends Ways {
  readonly result: ScenarioResult;
  readonly look: OutcomeLook | null;
  readonly isTouched: boolean;
  /** False: nothing was copied. */
  readonly onCopy: (text: string) => Promise<boolean>;
}

export function OutcomeView({ result, look, isTouched, onCopy, ...ways }: OutcomeViewProps) {
  const { status, reason, outcome, verdict, virtualTimeNs, warnings, driver, seed, schedule } = result;
  return (
    <div class="outcome">
      <p class="outcome-head"><strong class={`outcome-status ${status}`}>{statusWords[status]}</strong> <span>outcome <strong>{outcome}</strong>{verdict === null ? "" : `, ${verdict}`}</span> <span class="quiet">{timeWords(virtualTimeNs)} of virtual time, seed {seed}, schedule {schedule}</span></p>
      {reason === null ? null : <p class="outcome-reason">{shownText(reason)}</p>}
      {driver === undefined ? null : <p class="outcome-reason">Driver {shownText(driver.driver)}, {shownText(driver.hook)}{driver.device === "" ? "" : ` of ${driver.device}`}: {driver.ending}, {shownText(driver.message)}</p>}
      <Expectations result={result} look={look} {...ways} />
      <Faults result={result} look={look} {...ways} />
      <Workloads result={result} look={look} {...ways} />
      <CrashDumpSection result={result} />
      <RebootSection result={result} />
      {warnings.length === 0 ? null : <section><h3>Warnings</h3><ul>{warnings.map((text) => <li key={text}>{shownText(text)}</li>)}</ul></section>}
      <Metrics result={result} />
      <Commands result={result} readyAtNs={ways.readyAtNs} onMoment={ways.onMoment} />
      <Digests result={result} isTouched={isTouched} onCopy={onCopy} />
      <section><h3>Repeat it</h3><Copied text={result.reproduce} what="the command" onCopy={onCopy} /></section>
    </div>
  );
}

function Expectations({ result, look, ...ways }: Ways & { readonly result: ScenarioResult; readonly look: OutcomeLook | null }) {
  const all = result.expectations.map((one, index) => ({ one, moments: look?.expectations[index] }));
  const failed = all.filter(({ one }) => !one.pass);
  const held = all.filter(({ one }) => one.pass);
  if (all.length === 0) return <p class="quiet">The scenario expects nothing.</p>;
  const row = ({ one, moments }: (typeof all)[number], index: number) => <ExpectationRow key={index} one={one} judged={moments?.judged ?? null} decided={moments?.decided ?? null} {...ways} />;
  return (
    <section>
      <h3>{failed.length === 0 ? (all.length === 1 ? "Its expectation holds" : `All ${all.length} expectations hold`) : `${failed.length} of ${all.length} expectations failed`}</h3>
      {failed.length === 0 ? null : <ul class="outcome-list">{failed.map(row)}</ul>}
      {held.length === 0 ? null : <details open={failed.length === 0}><summary>{held.length} that hold</summary><ul class="outcome-list">{held.map(row)}</ul></details>}
    </section>
  );
}

/** Characters of an expected or actual text. */
const mostText = 4000;
const cut = (text: string): string => shownText(text.length <= mostText ? text : `${text.slice(0, mostText)}\n… ${text.length - mostText} more characters`);

function ExpectationRow({ one, judged, decided, ...ways }: Ways & { readonly one: ExpectationResult; readonly judged: OutcomeMoment | null; readonly decided: OutcomeMoment | null }) {
  const { text, pass, expected, actual, place } = one;
  return (
    <li class={pass ? "holds" : "fails"}>
      <span class="outcome-what">{pass ? "✓" : "✕"} {shownText(text)}</span> <WaysTo moment={decided ?? judged} place={place} what={text} {...ways} />
      {pass ? <span class="outcome-value"> {cut(actual)}</span> : (
        <dl>
          <dt>expected</dt><dd><pre>{cut(expected)}</pre></dd>
          <dt>got</dt><dd><pre>{cut(actual)}</pre></dd>
          {decided === null || decided.record === judged?.record ? null : <><dt>decided by</dt><dd>{shownText(decided.text)}</dd></>}
        </dl>
      )}
    </li>
  );
}
