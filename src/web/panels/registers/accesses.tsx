// Every access to a register in time; a row leads there.

import { useLayoutEffect, useRef } from "preact/hooks";
import type { AccessesLook, AccessRow } from "../../../sandbox/live/accesses-look.ts";
import type { FieldLook } from "../../../sandbox/live/registers-look.ts";
import { shownText } from "../../shown-text.ts";
import { countWords, timeWords } from "../../shell/words.ts";
import { fieldOf, valueWords } from "./bits.ts";

interface AccessesProps {
  readonly accesses: AccessesLook;
  /** The field that is picked: its value stands in a column of its own. */
  readonly field: FieldLook | undefined;
  /** Virtual ns of ready; -1: times count from power-on. */
  readonly readyAtNs: number;
  /** Records at the position: what comes later has not happened yet. */
  readonly records: number;
  readonly picked: number | null;
  readonly withoutReads: boolean;
  readonly shown: number;
  readonly onWithoutReads: (value: boolean) => void;
  readonly onPage: (from: number | null) => void;
  readonly onGo: (record: number) => void;
}

const marks: Readonly<Record<AccessRow["kind"], string>> = { read: "read", write: "write", change: "change" };

function Row({ row, field, readyAtNs, records, picked, onGo }: Pick<AccessesProps, "field" | "readyAtNs" | "records" | "picked" | "onGo"> & { readonly row: AccessRow }) {
  const { record, atNs, kind, value, before, refused, by, after, text } = row;
  const isLater = record >= records;
  return (
    <tr class={[kind, isLater ? "later" : ""].filter((one) => one !== "").join(" ")} aria-current={record === picked ? "true" : undefined}>
      <td><button type="button" class="registers-link" title={`Go to record ${record}${isLater ? ", which is not reached yet" : ""}`} onClick={() => onGo(record)}>{timeWords(readyAtNs < 0 ? atNs : atNs - readyAtNs)}</button></td>
      <td>{marks[kind]}{isLater ? <span class="unseen"> later</span> : null}</td>
      <td class="registers-mono">{kind === "change" ? "" : refused === "" ? value : refused}{before === null || before === value ? null : <span class="registers-was"> was {before}</span>}</td>
      {field === undefined ? null : <td>{value === "" ? "" : valueWords(field, fieldOf(value, field))}</td>}
      <td>{by === "" ? null : <strong>{by} </strong>}{kind === "change" ? shownText(text) : <span class="quiet">{after === "" ? "" : `after ${shownText(after)}`}</span>}</td>
    </tr>
  );
}

export function Accesses(props: AccessesProps) {
  const { accesses: { register, rows, from, total }, field, withoutReads, shown, onWithoutReads, onPage } = props;
  const until = from + rows.length;
  const window = useRef<HTMLDivElement>(null);
  const isNewest = until >= total;
  // The newest stands last, and is what one looks for.
  useLayoutEffect(() => {
    if (isNewest && window.current !== null) window.current.scrollTop = window.current.scrollHeight;
  }, [register, isNewest, total]);
  return (
    <section class="registers-accesses" aria-label={`Accesses to ${register}`}>
      <header>
        <h3>{total === 0 ? "No accesses" : `Accesses ${countWords(from + 1)} to ${countWords(until)} of ${countWords(total)}`}</h3>
        <label><input type="checkbox" checked={withoutReads} onChange={(event) => onWithoutReads(event.currentTarget.checked)} /> without reads</label>
        <span class="group">
          <button type="button" disabled={from === 0} onClick={() => onPage(Math.max(0, from - shown))}>Older</button>
          <button type="button" disabled={isNewest} onClick={() => onPage(until + shown >= total ? null : until)}>Newer</button>
        </span>
      </header>
      {rows.length === 0 ? <p class="empty">The trace, as far as it is known, has none.</p> : (
        <div class="registers-window" ref={window} tabIndex={0} role="group" aria-label={`Table of accesses to ${register}`}><table>
          <thead><tr><th scope="col">Time</th><th scope="col">Access</th><th scope="col">Value</th>{field === undefined ? null : <th scope="col">{field.name}</th>}<th scope="col">By, after what</th></tr></thead>
          <tbody>{rows.map((row) => <Row key={row.record} row={row} {...props} field={field} />)}</tbody>
        </table></div>
      )}
    </section>
  );
}
