// The bits of a register in rows of sixteen, the highest first; each a cell of a grid that the arrow keys walk, with the span of its field.

import { useSignal } from "@preact/signals";
import type { FieldLook, RegisterLook } from "../../../sandbox/live/registers-look.ts";
import { changedBits, fieldAt, hasBit, initials, parseHex } from "./bits.ts";

const rowBits = 16;

interface Grid {
  readonly register: RegisterLook;
  readonly value: string;
  readonly before: string | undefined;
  /** The field that is picked. */
  readonly picked: string | null;
  readonly onPick: (field: string | null) => void;
  /** The field under the pointer or the focus. */
  readonly onRest: (field: string | null) => void;
}

/** Bit where an arrow key leads; undefined: another key. */
function nextBit(key: string, bit: number, width: number): number | undefined {
  const row = Math.min(rowBits, width);
  const steps: Readonly<Record<string, number>> = { ArrowLeft: bit + 1, ArrowRight: bit - 1, ArrowUp: bit + row, ArrowDown: bit - row, Home: bit - (bit % row) + row - 1, End: bit - (bit % row), PageUp: width - 1, PageDown: 0 };
  const next = steps[key];
  return next === undefined ? undefined : Math.max(0, Math.min(width - 1, key === "ArrowUp" && next >= width ? bit : key === "ArrowDown" && next < 0 ? bit : next));
}

function cellWords(field: FieldLook | undefined, bit: number, isSet: boolean, isChanged: boolean): string {
  const value = isSet ? "1" : "0";
  const was = isChanged ? `, was ${isSet ? "0" : "1"}` : "";
  if (field === undefined) return `bit ${bit}, reserved, ${value}${was}`;
  return `bit ${bit}, ${field.name}${field.high === field.low ? "" : ` ${field.high}:${field.low}`}, ${field.access}, ${value}${was}`;
}

/** Names below a row of bits, each as wide as its field there. */
function NameRow({ fields, top, count, picked }: { readonly fields: readonly FieldLook[]; readonly top: number; readonly count: number; readonly picked: string | null }) {
  const bottom = top - count + 1;
  const inRow = fields.filter(({ high, low }) => high >= bottom && low <= top);
  return (
    <div class="registers-names" aria-hidden="true">
      {inRow.map((field) => {
        const from = Math.min(field.high, top);
        const to = Math.max(field.low, bottom);
        const cells = from - to + 1;
        const room = cells * 3;
        return <span key={field.name} class={field.name === picked ? "picked" : undefined} title={field.name} style={{ gridColumn: `${top - from + 1} / span ${cells}` }}>{field.name.length <= room ? field.name : initials(field.name)}</span>;
      })}
    </div>
  );
}

/** Cells are told apart by the value, a mark and a line below where a bit has changed, and hatching where it is reserved; never by colour alone. */
export function BitGrid({ register, value, before, picked, onPick, onRest }: Grid) {
  const { width, fields, name } = register;
  const focus = useSignal(width - 1);
  const bits = parseHex(value) ?? 0n;
  const changed = changedBits(value, before);
  const count = Math.min(rowBits, width);
  const rows = Array.from({ length: width / count }, (_, row) => width - 1 - row * count);
  const onKeyDown = (event: KeyboardEvent & { readonly currentTarget: HTMLElement }): void => {
    const next = nextBit(event.key, focus.peek(), width);
    if (next === undefined) return;
    event.preventDefault();
    focus.value = next;
    event.currentTarget.querySelector<HTMLElement>(`[data-bit="${next}"]`)?.focus();
  };
  return (
    <div class="registers-grid" role="grid" aria-label={`Bits of ${name}`} aria-rowcount={rows.length} aria-colcount={count} onKeyDown={onKeyDown} onMouseLeave={() => onRest(null)} style={{ "--bits": String(count) }}>
      {rows.map((top) => (
        <div key={top} class="registers-row">
          <div class="registers-numbers" aria-hidden="true">{Array.from({ length: count }, (_, index) => <span key={index}>{top - index}</span>)}</div>
          <div class="registers-bits" role="row">
            {Array.from({ length: count }, (_, index) => {
              const bit = top - index;
              const field = fieldAt(fields, bit);
              const isSet = hasBit(bits, bit);
              const isChanged = hasBit(changed, bit);
              const classes = ["registers-bit", field === undefined ? "reserved" : "", isSet ? "set" : "", isChanged ? "changed" : "", field !== undefined && field.name === picked ? "picked" : "", field?.high === bit ? "first" : "", field?.low === bit ? "last" : ""];
              return (
                <button key={bit} type="button" role="gridcell" data-bit={bit} tabIndex={focus.value === bit ? 0 : -1} class={classes.filter((one) => one !== "").join(" ")} aria-label={cellWords(field, bit, isSet, isChanged)} aria-selected={field !== undefined && field.name === picked}
                  onFocus={() => { focus.value = bit; onRest(field?.name ?? `reserved ${bit}`); }} onMouseEnter={() => onRest(field?.name ?? `reserved ${bit}`)} onClick={() => onPick(field === undefined || field.name === picked ? null : field.name)}>
                  {isSet ? "1" : "0"}
                </button>
              );
            })}
          </div>
          <NameRow fields={fields} top={top} count={count} picked={picked} />
        </div>
      ))}
    </div>
  );
}

/** What the field under the pointer or the focus means. */
export function FieldMeaning({ register, field, value }: { readonly register: RegisterLook; readonly field: string | null; readonly value: string }) {
  const found = register.fields.find(({ name }) => name === field);
  if (field !== null && found === undefined) return <p class="registers-meaning">Bit {field.replace("reserved ", "")} is reserved: it reads 0 and ignores writes.</p>;
  if (found === undefined) return <p class="registers-meaning quiet">Point at a bit, or walk them with the arrow keys, to read what it means.</p>;
  const { name, high, low, access, about, clause, reset, remark, names } = found;
  const number = Number(((parseHex(value) ?? 0n) >> BigInt(low)) & ((1n << BigInt(high - low + 1)) - 1n));
  return (
    <p class="registers-meaning">
      <strong>{name}</strong> {high === low ? `bit ${high}` : `bits ${high}:${low}`} = {names[number] === undefined ? `0x${number.toString(16)}` : `${names[number]} (0x${number.toString(16)})`}. {about}. <span class="quiet">{access}, {clause}, {reset === null ? "after a reset as the machine's description says" : `0x${reset.toString(16)} after a reset`}{remark === "" ? "" : `; ${remark}`}</span>
    </p>
  );
}
