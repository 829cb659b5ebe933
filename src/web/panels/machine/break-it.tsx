// "Break it": what can be done to what is picked, asked for with its values, shown as it would be written, and then written into the scenario or done at once.

import { useSignal } from "@preact/signals";
import { useEffect, useId } from "preact/hooks";
import type { ActionOffer, ActionParameter, ActionsLook, ComposeLook } from "../../../sandbox/live/action-types.ts";
import { shownText } from "../../shown-text.ts";

/** What an action would write. */
export type Preview =
  | { readonly kind: "lines"; /** From 1. */ readonly line: number; readonly lines: readonly string[]; readonly text: string; readonly column: number; /** The text that it was worked out of. */ readonly of: string }
  | { readonly kind: "refused"; readonly reason: string };

export type Composed = Extract<ComposeLook, { kind: "action" }>;

export interface BreakItProps {
  readonly name: string;
  readonly look: ActionsLook;
  /** Where a fault would act, in words: "5 ms after ready". */
  readonly when: string;
  /** The scenario's text: what would be written is worked out of it, and anew when it changes. */
  readonly text: string;
  /** Why nothing can be done at once; null: it can. */
  readonly isOver: string | null;
  compose(id: string, values: Readonly<Record<string, string>>): Promise<ComposeLook | undefined>;
  preview(action: Composed): Promise<Preview | undefined>;
  write(action: Composed, preview: Extract<Preview, { kind: "lines" }>): void;
  touch(action: Composed): void;
  onClose(): void;
}

type Values = Readonly<Record<string, string>>;
const usual = (offer: ActionOffer): Values => Object.fromEntries(offer.parameters.map(({ key, value }) => [key, value]));

function Choice({ parameter, fields, value, list, onValue }: { readonly parameter: ActionParameter; readonly fields: readonly string[]; readonly value: string; readonly list: string; onValue(value: string): void }) {
  const choices = parameter.choices === "fields" ? fields : parameter.choices;
  // A short list of words is a choice; where other values fit as well, it is help for typing.
  const isClosed = choices.length > 0 && choices.length <= 12 && (value === "" || choices.includes(value)) && parameter.choices !== "fields";
  if (isClosed) return (
    <select value={value} onChange={(event) => onValue(event.currentTarget.value)}>
      {!parameter.isRequired && <option value="">(left out)</option>}
      {choices.map((choice) => <option key={choice} value={choice}>{choice}</option>)}
    </select>
  );
  return (
    <>
      <input type="text" spellcheck={false} autocomplete="off" value={value} {...(choices.length === 0 ? {} : { list })} placeholder={parameter.isRequired ? "" : "left out"} onInput={(event) => onValue(event.currentTarget.value)} />
      {choices.length > 0 && <datalist id={list}>{choices.map((choice) => <option key={choice} value={choice} />)}</datalist>}
    </>
  );
}

function Parameters({ offer, fields, values, onValues }: { readonly offer: ActionOffer; readonly fields: readonly string[]; readonly values: Values; onValues(values: Values): void }) {
  const id = useId();
  const usualKeys = offer.parameters.filter(({ value, isRequired }) => value !== "" || isRequired);
  const others = offer.parameters.filter((one) => !usualKeys.includes(one));
  const row = (parameter: ActionParameter) => (
    <label key={parameter.key} title={parameter.about}>
      <span>{parameter.key}{parameter.isRequired ? "" : <small> optional</small>}</span>
      <Choice parameter={parameter} fields={fields} value={values[parameter.key] ?? ""} list={`${id}-${parameter.key}`} onValue={(value) => onValues({ ...values, [parameter.key]: value })} />
      <small class="machine-about">{parameter.about}</small>
    </label>
  );
  return (
    <div class="machine-parameters">
      {usualKeys.map(row)}
      {others.length > 0 && <details><summary>{others.length} more that can be left out</summary>{others.map(row)}</details>}
    </div>
  );
}

function Lines({ preview }: { readonly preview: Preview | null }) {
  if (preview === null) return null;
  if (preview.kind === "refused") return <p class="machine-refused">This cannot be written into the text: {shownText(preview.reason)}</p>;
  return (
    <figure class="machine-lines">
      <figcaption>Would be written at line {preview.line}:</figcaption>
      <pre tabIndex={0} role="group" aria-label="Lines to be written">{preview.lines.join("\n")}</pre>
    </figure>
  );
}

export function BreakIt({ name, look, when, text, isOver, compose, preview, write, touch, onClose }: BreakItProps) {
  const first = look.offers[0];
  const chosen = useSignal(first?.id ?? "");
  const values = useSignal<Values>(first === undefined ? {} : usual(first));
  const composed = useSignal<ComposeLook | null>(null);
  const shown = useSignal<Preview | null>(null);
  const offer = look.offers.find(({ id }) => id === chosen.value) ?? first;
  const [id, given] = [chosen.value, values.value];
  useEffect(() => {
    let isLate = false;
    const ask = async (): Promise<void> => {
      const answer = await compose(id, given);
      if (isLate || answer === undefined) return;
      composed.value = answer;
      const lines = answer.kind === "action" ? await preview(answer) : undefined;
      if (!isLate) shown.value = lines ?? null;
    };
    void ask();
    return () => void (isLate = true);
  }, [id, given, when, text]);
  if (offer === undefined) return <p class="machine-break">There is nothing here that can be broken. <button type="button" onClick={onClose}>Close</button></p>;
  const groups = [...new Set(look.offers.map(({ group }) => group))];
  const choose = (next: string): void => {
    const found = look.offers.find((one) => one.id === next);
    chosen.value = next;
    values.value = found === undefined ? {} : usual(found);
  };
  const action = composed.value;
  const lines = shown.value;
  return (
    <form class="machine-break" aria-label={`Break ${name}`} onSubmit={(event) => event.preventDefault()} onKeyDown={(event) => { if (event.key === "Escape") onClose(); }}>
      <label>
        <span>What happens</span>
        <select value={chosen.value} ref={(element) => { if (element !== null && element.dataset["seen"] === undefined) { element.dataset["seen"] = ""; element.focus(); } }} onChange={(event) => choose(event.currentTarget.value)}>
          {groups.map((group) => <optgroup key={group} label={group}>{look.offers.filter((one) => one.group === group).map((one) => <option key={one.id} value={one.id}>{one.title}</option>)}</optgroup>)}
        </select>
      </label>
      <p class="machine-about">{offer.about}{offer.clause === "" ? "" : ` (${offer.clause})`}</p>
      <Parameters key={offer.id} offer={offer} fields={look.fields} values={given} onValues={(next) => (values.value = next)} />
      <p>Happens <b>{when}</b>.</p>
      <div role="status">
        {action?.kind === "problems" && <ul class="machine-refused">{action.problems.map((problem) => <li key={problem}>{shownText(problem)}</li>)}</ul>}
        {action?.kind === "action" && <Lines preview={lines} />}
      </div>
      <div class="machine-buttons">
        <button type="button" disabled={action?.kind !== "action" || lines?.kind !== "lines" || lines.of !== text} onClick={() => { if (action?.kind === "action" && lines?.kind === "lines") write(action, lines); }}>Write into the scenario</button>
        <button type="button" disabled={action?.kind !== "action" || isOver !== null} title={isOver ?? "By hand: the run is no longer the file's"} onClick={() => { if (action?.kind === "action") touch(action); }}>Do it now, by hand</button>
        <button type="button" onClick={onClose}>Close</button>
      </div>
      {isOver !== null && <p class="machine-about">{isOver}</p>}
    </form>
  );
}
