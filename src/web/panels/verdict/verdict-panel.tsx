// The scenario's recovery held against a reboot at once.

import { useSignal } from "@preact/signals";
import type { VerdictAnswer } from "../../../sandbox/live/verdict-service.ts";
import { shownText } from "../../shown-text.ts";
import type { PageStore } from "../../store/contract.ts";
import "./verdict.css";

type Judged = Extract<VerdictAnswer, { readonly kind: "judged" }>;

/** Runs that the search for what would flip the verdict may take. */
const searchBudget = 60;
const mostSeeds = 100;

export function VerdictPanel({ store }: { readonly store: PageStore }) {
  const count = useSignal(5);
  const isSearching = useSignal(true);
  const isBusy = useSignal(false);
  const answer = useSignal<VerdictAnswer | null>(null);
  const judged = useSignal("");
  const { file, text: own, seed } = store.document.value;
  const judge = async (): Promise<void> => {
    const { text, includes, schedule } = store.document.peek();
    isBusy.value = true;
    judged.value = text;
    const seeds = Array.from({ length: count.peek() }, (_, index) => (seed + index) >>> 0);
    answer.value = (await store.ask("verdict", { file, text, includes, schedule, seeds, budget: isSearching.peek() ? searchBudget : 0 })) ?? null;
    isBusy.value = false;
  };
  return (
    <div class="verdict">
      <form class="verdict-form" onSubmit={(event) => {
        event.preventDefault();
        void judge();
      }}>
        <label>Seeds from {seed} on <input type="number" min={1} max={mostSeeds} value={count.value} onInput={({ currentTarget: { valueAsNumber } }) => {
          if (Number.isInteger(valueAsNumber)) count.value = Math.min(mostSeeds, Math.max(1, valueAsNumber));
        }} /></label>
        <label><input type="checkbox" checked={isSearching.value} onChange={({ currentTarget }) => (isSearching.value = currentTarget.checked)} /> look for what would flip it</label>
        <button type="submit" disabled={isBusy.value}>Recovery or reboot?</button>
      </form>
      <p role="status" class="quiet verdict-note">{isBusy.value ? "Both sides run, seed by seed …" : <>Each seed is run to its end, and once more with a reboot at the first fault; the reboot is really done. Weights and times: the file's <code>verdict:</code>.</>}</p>
      {answer.value === null || isBusy.value || judged.value === own ? null : <p class="quiet">What stands below is of another text than the one that is open now.</p>}
      {answer.value === null || isBusy.value ? null : <Answer answer={answer.value} onSeed={(picked) => {
        store.document.value = { ...store.document.peek(), seed: picked };
        void store.run();
      }} />}
    </div>
  );
}

function Answer({ answer, onSeed }: { readonly answer: VerdictAnswer; readonly onSeed: (seed: number) => void }) {
  if (answer.kind === "refused") return <p class="verdict-refused" role="alert">No verdict: {shownText(answer.reason)}.</p>;
  if (answer.kind === "problems") return <p class="verdict-refused" role="alert">The scenario cannot be run: line {answer.problems[0]?.line}: {shownText(answer.problems[0]?.message ?? "")}</p>;
  return <VerdictView answer={answer} onSeed={onSeed} />;
}

/** A verdict as it was given. `onSeed`: run this seed on the page. */
export function VerdictView({ answer: { cell, words }, onSeed }: { readonly answer: Judged; readonly onSeed: (seed: number) => void }) {
  const wins = cell.winner === "recovery" ? "is-works" : "is-dead";
  return (
    <section aria-label="Verdict">
      <p class={`verdict-winner ${words.winner === null ? "" : wins}`}>{words.winner ?? "No seed says anything."}</p>
      <p>Verdict: {cell.judgement}</p>
      {cell.unfit.map(({ seed, reason }) => <p key={seed} class="verdict-refused">Seed {seed} proves nothing: {reason}.</p>)}
      {words.rows.length === 0 ? null : (
        <table class="verdict-table">
          <caption>{cell.recovery?.runs} {cell.recovery?.runs === 1 ? "seed" : "seeds"}; mean (least to most)</caption>
          <thead><tr><td /><th scope="col">recovery</th><th scope="col">reboot at once</th></tr></thead>
          <tbody>{words.rows.map(([name = "", left, right]) => <tr key={name} class={name.startsWith(" ") ? "is-inner" : ""}><th scope="row">{name.trim()}</th><td>{left}</td><td>{right}</td></tr>)}</tbody>
        </table>
      )}
      {cell.found.length === 0 ? null : <p>At reboot firmware finds {cell.found.map(({ port, bits }) => `${port}: ${bits.join(", ")}`).join("; ")}.</p>}
      {cell.sensitivity === null ? null : (
        <>
          <h3>{words.flips.length === 0 ? "No single parameter flips it, of those that were looked at" : "What alone would flip it"}</h3>
          <ul>{words.flips.map((flip) => <li key={flip}>{flip}</li>)}</ul>
        </>
      )}
      {cell.worst.length === 0 ? null : <h3>Worst runs of recovery</h3>}
      <ul>{cell.worst.map(({ seed, outcome }) => <li key={seed}><button type="button" onClick={() => onSeed(seed)}>Run seed {seed}</button> {outcome}</li>)}</ul>
    </section>
  );
}
