// A list of records of any length: only the rows in the window are made. A grid for screen readers, moved through by keys.

import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { useSignal } from "@preact/signals";
import type { RecordLine } from "../../../sandbox/live/records-look.ts";
import { exactText } from "../../range.ts";
import { shownText } from "../../shown-text.ts";
import { rowHeight, scrollMap } from "./scroll-map.ts";
import type { ScrollMap } from "./scroll-map.ts";

export interface RecordGridProps {
  /** Counts up when there are more rows or lines, or others. */
  readonly version: number;
  readonly rows: number;
  /** Number of the record in a row. */
  readonly recordAt: (row: number) => number | undefined;
  /** Undefined: not known yet. */
  readonly lineAt: (record: number) => RecordLine | undefined;
  /** Told which records are in the window. */
  readonly onShown: (records: readonly number[]) => void;
  /** The row that is picked; -1: none. */
  readonly picked: number;
  /** Records that the trace has at the position of the run. */
  readonly position: number;
  readonly readyAtNs: number;
  readonly label: string;
  readonly onPick: (row: number) => void;
  readonly onGo: (row: number) => void;
  readonly onCopy: (from: number, to: number) => void;
  /** Counts up when a row is to be brought into the window, though it was picked before. */
  readonly reveal: number;
}

/** Rows made above and below the window. */
const spare = 4;
/** Rows made at most, whatever the window's height is said to be. */
const mostMade = 400;
const columns = 5;

interface RowProps {
  readonly row: number;
  readonly record: number;
  readonly line: RecordLine | undefined;
  readonly top: number;
  readonly isPicked: boolean;
  readonly isFuture: boolean;
  readonly isHere: boolean;
  readonly readyAtNs: number;
}

function GridRow({ row, record, line, top, isPicked, isFuture, isHere, readyAtNs }: RowProps) {
  const name = `records-row${isPicked ? " records-picked" : ""}${isFuture ? " records-future" : ""}${isHere ? " records-here" : ""}`;
  return (
    <div role="row" id={`records-row-${row}`} class={name} aria-rowindex={row + 2} aria-selected={isPicked} data-row={row} style={{ top: `${top}px` }}>
      <span role="gridcell" class="records-number">{isHere ? <span class="records-mark" title="The run stands behind this record">►</span> : null}{record}</span>
      <span role="gridcell" class="records-time">{line === undefined ? "" : exactText(line.atNs, readyAtNs)}</span>
      <span role="gridcell" class="records-layer">{line?.layer ?? ""}</span>
      <span role="gridcell" class="records-part">{shownText(line?.part ?? "")}</span>
      <span role="gridcell" class="records-text" title={shownText(line?.text ?? "")}>{line === undefined ? "…" : shownText(line.text)}</span>
    </div>
  );
}

/** Where a stroke of a key leads from a row; undefined: nowhere. */
function targetOf(key: string, row: number, rows: number, page: number): number | undefined {
  const steps: Readonly<Record<string, number>> = { ArrowUp: -1, ArrowDown: 1, PageUp: -page, PageDown: page, Home: -Infinity, End: Infinity };
  const step = steps[key];
  return step === undefined ? undefined : Math.max(0, Math.min(rows - 1, (row < 0 ? (step > 0 ? -1 : 0) : row) + step));
}

/** Brings a row into the window when another one is picked. */
function useReveal(scroller: { readonly current: HTMLDivElement | null }, map: ScrollMap, picked: number, reveal: number, height: number): void {
  useLayoutEffect(() => {
    const element = scroller.current;
    if (element === null || picked < 0 || height <= 0) return;
    const first = map.rowAt(element.scrollTop);
    const fits = Math.max(1, Math.floor((height - rowHeight) / rowHeight));
    if (picked < first) element.scrollTop = map.topOf(picked);
    else if (picked > first + fits - 1) element.scrollTop = map.topOf(picked - fits + 1);
  }, [picked, reveal, height > 0]);
}

export function RecordGrid(props: RecordGridProps) {
  const { rows, recordAt, lineAt, onShown, picked, position, readyAtNs } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const top = useSignal(0);
  const height = useSignal(0);
  const anchor = useRef(-1);
  const map = scrollMap(rows, Math.max(0, height.value - rowHeight));
  const first = map.rowAt(top.value);
  const from = Math.max(0, Math.floor(first) - spare);
  const until = Math.min(rows, Math.ceil(first + height.value / rowHeight) + spare, from + mostMade);
  const shown = Array.from({ length: Math.max(0, until - from) }, (_, index) => from + index).flatMap((row) => {
    const record = recordAt(row);
    return record === undefined ? [] : [{ row, record }];
  });
  useEffect(() => onShown(shown.map(({ record }) => record)));
  useEffect(() => {
    const element = scroller.current;
    if (element === null) return undefined;
    const sizes = new ResizeObserver(() => void (height.value = element.clientHeight));
    sizes.observe(element);
    height.value = element.clientHeight;
    return () => sizes.disconnect();
  }, [height]);
  useReveal(scroller, map, picked, props.reveal, height.value);
  const keydown = (event: KeyboardEvent): void => {
    if (event.altKey) return;
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "c") {
      if (picked < 0 || (getSelection()?.toString() ?? "") !== "") return;
      event.preventDefault();
      props.onCopy(Math.min(picked, anchor.current < 0 ? picked : anchor.current), Math.max(picked, anchor.current));
      return;
    }
    if (event.ctrlKey || event.metaKey) return;
    const page = Math.max(1, Math.floor(height.value / rowHeight) - 2);
    const target = targetOf(event.key, picked, rows, page);
    if (target !== undefined && rows > 0) {
      event.preventDefault();
      if (!event.shiftKey) anchor.current = -1;
      else if (anchor.current < 0) anchor.current = Math.max(0, picked);
      props.onPick(target);
    } else if (event.key === "Enter" && picked >= 0) {
      event.preventDefault();
      props.onGo(picked);
    }
  };
  const rowOf = (event: MouseEvent): number => Number((event.target instanceof Element ? event.target.closest<HTMLElement>("[data-row]") : null)?.dataset["row"] ?? -1);
  const click = (event: MouseEvent): void => {
    const row = rowOf(event);
    if (row < 0) return;
    if (!event.shiftKey) anchor.current = -1;
    else if (anchor.current < 0) anchor.current = picked;
    props.onPick(row);
  };
  const go = (event: MouseEvent): void => {
    const row = rowOf(event);
    if (row >= 0) props.onGo(row);
  };
  const isPicked = (row: number): boolean => row === picked || (anchor.current >= 0 && picked >= 0 && row >= Math.min(picked, anchor.current) && row <= Math.max(picked, anchor.current));
  return (
    <div
      class="records-grid" ref={scroller} role="grid" tabIndex={0} aria-label={props.label} aria-rowcount={rows + 1} aria-colcount={columns} aria-multiselectable="true"
      aria-activedescendant={picked >= from && picked < until ? `records-row-${picked}` : undefined}
      onScroll={(event) => void (top.value = event.currentTarget.scrollTop)} onKeyDown={keydown} onClick={click} onDblClick={go}
    >
      <div class="records-head records-row" role="row" aria-rowindex={1}>
        {["Record", readyAtNs < 0 ? "Seconds" : "Seconds from ready", "Layer", "Part", "What happened"].map((name) => <span key={name} role="columnheader">{name}</span>)}
      </div>
      <div class="records-space" role="rowgroup" style={{ height: `${map.height}px` }}>
        {shown.map(({ row, record }) => (
          <GridRow key={row} row={row} record={record} line={lineAt(record)} top={top.value + (row - first) * rowHeight} isPicked={isPicked(row)} isFuture={record >= position} isHere={record === position - 1} readyAtNs={readyAtNs} />
        ))}
      </div>
    </div>
  );
}
