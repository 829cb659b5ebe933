// One register, open: its bits, its fields with editors for a write by hand, and every access to it.

import { useSignal } from "@preact/signals";
import type { FieldLook, RegisterLook } from "../../../sandbox/live/registers-look.ts";
import type { TouchResult } from "../../../sandbox/live/contract.ts";
import { BitGrid, FieldMeaning } from "./bit-grid.tsx";
import { clearsByOne, draftOf, fieldOf, isWritable, parseHex, valueWords, withField } from "./bits.ts";

interface RegisterViewProps {
  readonly register: RegisterLook;
  readonly value: string;
  readonly before: string | undefined;
  readonly picked: string | null;
  readonly onPick: (field: string | null) => void;
  readonly written: TouchResult | null;
  readonly onWrite: (value: string) => void;
}

export function RegisterView({ register, value, before, picked, onPick, written, onWrite }: RegisterViewProps) {
  const rest = useSignal<string | null>(null);
  /** Null: nothing is being written. */
  const draft = useSignal<string | null>(null);
  return (
    <div class="registers-open">
      <p class="registers-about">{register.about}. <span class="quiet">{register.clause}, {register.width} bits, {register.where}</span></p>
      <BitGrid register={register} value={value} before={before} picked={picked} onPick={onPick} onRest={(name) => (rest.value = name)} />
      <FieldMeaning register={register} field={rest.value ?? picked} value={value} />
      <Fields register={register} value={value} before={before} picked={picked} onPick={onPick} draft={draft.value} onDraft={(next) => (draft.value = next)} />
      <WriteForm register={register} value={value} draft={draft.value} onDraft={(next) => (draft.value = next)} written={written} onWrite={onWrite} />
    </div>
  );
}

/** A name that may go on in the next line where a word of it begins. */
const Breakable = ({ name }: { readonly name: string }) => <>{name.split(/(?=[A-Z])/).map((part, index) => <span key={index}>{index === 0 ? null : <wbr />}{part}</span>)}</>;

interface FieldsProps extends Pick<RegisterViewProps, "register" | "value" | "before" | "picked" | "onPick"> {
  readonly draft: string | null;
  readonly onDraft: (value: string) => void;
}

function Fields({ register, value, before, picked, onPick, draft, onDraft }: FieldsProps) {
  return (
    <table class="registers-fields">
      <caption class="unseen">Fields of {register.name}</caption>
      <thead><tr><th scope="col">Bits</th><th scope="col">Field</th><th scope="col">Kind</th><th scope="col">Value</th>{draft === null ? null : <th scope="col">To write</th>}</tr></thead>
      <tbody>
        {register.fields.map((field) => {
          const now = fieldOf(value, field);
          const was = before === undefined ? now : fieldOf(before, field);
          return (
            <tr key={field.name} class={field.name === picked ? "picked" : undefined}>
              <td>{field.high === field.low ? field.high : `${field.high}:${field.low}`}</td>
              <th scope="row"><button type="button" class="registers-link" aria-pressed={field.name === picked} title={field.about} onClick={() => onPick(field.name === picked ? null : field.name)}><Breakable name={field.name} /></button></th>
              <td title={field.remark}>{field.access}</td>
              <td class={now === was ? undefined : "registers-changed"}>{valueWords(field, now)}{now === was ? null : <span class="registers-was"> was {valueWords(field, was)}</span>}</td>
              {draft === null ? null : <td>{isWritable(field) ? <FieldEditor field={field} value={fieldOf(draft, field)} onValue={(next) => onDraft(withField(draft, field, next, register.width))} /> : <span class="quiet">not writable</span>}</td>}
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

/** Named values as a choice, a single bit as a box, others as a number. */
function FieldEditor({ field, value, onValue }: { readonly field: FieldLook; readonly value: number; readonly onValue: (value: number) => void }) {
  const { name, high, low, names } = field;
  const label = `${name} to write`;
  const known = Object.entries(names);
  if (high === low && known.length === 0) {
    return <label class="registers-bit-editor"><input type="checkbox" aria-label={label} checked={value === 1} onChange={(event) => onValue(event.currentTarget.checked ? 1 : 0)} />{clearsByOne(field) ? "clear" : ""}</label>;
  }
  if (known.length > 0) {
    return (
      <select aria-label={label} value={String(value)} onChange={(event) => onValue(Number(event.currentTarget.value))}>
        {names[value] === undefined ? <option value={String(value)}>0x{value.toString(16)}</option> : null}
        {known.map(([number, text]) => <option key={number} value={number}>{text} ({number})</option>)}
      </select>
    );
  }
  return (
    <input type="text" class="registers-number" aria-label={label} spellcheck={false} value={`0x${value.toString(16)}`} onChange={(event) => {
      const next = parseHex(event.currentTarget.value);
      if (next === undefined || next >> BigInt(high - low + 1) !== 0n) event.currentTarget.value = `0x${value.toString(16)}`;
      else onValue(Number(next));
    }} />
  );
}

interface WriteFormProps extends Pick<RegisterViewProps, "register" | "value" | "written" | "onWrite"> {
  readonly draft: string | null;
  readonly onDraft: (value: string | null) => void;
}

function WriteForm({ register, value, draft, onDraft, written, onWrite }: WriteFormProps) {
  const said = written === null ? null : written.kind === "done" ? written.said : written.reason;
  return (
    <div class="registers-write">
      {draft === null ? (
        <button type="button" disabled={!register.fields.some(isWritable)} title={register.fields.some(isWritable) ? undefined : "Software can write none of its fields"} onClick={() => onDraft(draftOf(register, value))}>Write by hand …</button>
      ) : (
        <form onSubmit={(event) => {
          event.preventDefault();
          onWrite(draft.trim());
        }}>
          <label>Value <input type="text" spellcheck={false} autocomplete="off" value={draft} onInput={(event) => onDraft(event.currentTarget.value)} /></label>
          <button type="submit">Write</button>
          <button type="button" onClick={() => onDraft(null)}>Close</button>
        </form>
      )}
      <p class={written?.kind === "refused" ? "registers-refused" : "registers-said"} role="status">{said === null ? "" : `${written?.kind === "refused" ? "Not written: " : ""}${said}`}</p>
    </div>
  );
}
