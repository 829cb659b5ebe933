// The time line: the canvas with the names of its rows, what is said of it, and its buttons. Plain data in, what the reader does out.

import { useEffect, useMemo, useRef } from "preact/hooks";
import type { RecordLine } from "../../../sandbox/live/records-look.ts";
import { momentText, rangeOf, rangeText } from "../../range.ts";
import type { TimeRange } from "../../store/contract.ts";
import { shownText } from "../../shown-text.ts";
import { coloursOf, onColours } from "./colours.ts";
import type { Desk } from "./commands.ts";
import { carryOut } from "./commands.ts";
import type { TimelineData } from "./data.ts";
import type { Scene } from "./drawing.ts";
import { TimelineDrawing, visibleRows } from "./drawing.ts";
import type { Place } from "./gestures.ts";
import { listenForGestures } from "./gestures.ts";
import { hitAt } from "./hit.ts";
import type { Command } from "./keys.ts";
import { commandOf } from "./keys.ts";
import { Legend } from "./legend.tsx";
import { Names } from "./names.tsx";
import type { Row } from "./rows.ts";
import { axisHeight, rowHeight, rowsOf } from "./rows.ts";
import type { Screen } from "./screen.ts";
import { createScreen, setView, shownView } from "./screen.ts";
import { Tip } from "./tip.tsx";
import "./timeline.css";

export interface TimelineProps {
  readonly data: TimelineData;
  /** What is shown and where, for who moves several at once; absent: it is the drawing's own. */
  readonly screen?: Screen;
  /** Counts up as the data grow. */
  readonly version: number;
  /** Virtual ns where the run stands; null: there is no run. */
  readonly positionNs: number | null;
  readonly record: number | null;
  readonly range: TimeRange | null;
  readonly part: string | null;
  readonly lineOf: (record: number) => Promise<RecordLine | undefined>;
  readonly onRecord: (record: number | null) => void;
  readonly onGoToRecord: (record: number) => void;
  readonly onGoToTime: (atNs: number) => void;
  readonly onRange: (range: TimeRange | null) => void;
  readonly onPart: (part: string | null) => void;
  /** Shows the records of a stretch as a list. */
  readonly onList: (range: TimeRange) => void;
}

type Handlers = ReturnType<typeof handlersOf>;

/** What the present drawing is made of, with what can be done to it. */
function handlersOf(props: TimelineProps, screen: Screen, rows: readonly Row[], scroller: { readonly current: HTMLElement | null }) {
  const { data } = props;
  const view = shownView(screen, data);
  const { width, height } = screen.size.value;
  const say = (record: number): void => {
    screen.asked.record = record;
    void props.lineOf(record).then((line) => {
      if (line !== undefined && screen.asked.record === record) screen.said.value = `${shownText(line.text)}, ${momentText(line.atNs, data.readyAtNs)}, record ${record} of ${data.length}`;
    });
  };
  const focus = (row: Row): void => {
    if (screen.focused.peek() !== row.key) screen.said.value = `${shownText(row.title)}${row.isOpen === null ? "" : row.isOpen ? ", open" : ", closed"}`;
    screen.focused.value = row.key;
    const element = scroller.current;
    if (element === null) return;
    if (row.y < element.scrollTop) element.scrollTop = row.y;
    else if (row.y + rowHeight + axisHeight > element.scrollTop + height) element.scrollTop = row.y + rowHeight + axisHeight - height;
  };
  const desk: Desk = {
    data, rows, view, focused: rows.find(({ key }) => key === screen.focused.value), record: props.record, range: props.range,
    setView: (next) => setView(screen, data, next),
    follow: (what) => void (screen.follows.value = what),
    focus,
    toggle: (group) => {
      const isOpen = rows.find((row) => row.group === group)?.isOpen === true;
      screen.chosen.value = new Map(screen.chosen.peek()).set(group, !isOpen);
      screen.focused.value = `group ${group}`;
    },
    pickRecord: (record) => {
      props.onRecord(record);
      if (record !== null) say(record);
    },
    pickRange: (range) => {
      props.onRange(range);
      screen.said.value = range === null ? "no stretch of time is picked" : `picked: ${rangeText(range, data.readyAtNs)}`;
    },
    goTo: props.onGoToRecord,
  };
  const hit = ({ x, y }: Place) => hitAt(data, rows, view, width, screen.scroll.peek(), x, y);
  const click = (place: Place, isDouble: boolean): void => {
    const { record, row, isAxis, atNs } = hit(place);
    if (isAxis && !isDouble) props.onGoToTime(Math.max(0, Math.round(atNs)));
    if (row !== null) focus(row);
    if (record === null) return;
    if (isDouble) props.onGoToRecord(record);
    else desk.pickRecord(record);
  };
  const run = (command: Command): void => carryOut(command, desk);
  return { desk, view, hit, click, run, width, height };
}

/** Draws at the next frame, however often something changed before it. */
function useDrawing(canvas: { readonly current: HTMLCanvasElement | null }, probe: { readonly current: HTMLElement | null }, scene: Omit<Scene, "colours" | "ratio">, coloursVersion: number): void {
  const drawing = useRef<TimelineDrawing | null>(null);
  const colours = useMemo(() => (probe.current === null ? null : coloursOf(probe.current)), [coloursVersion, probe.current]);
  useEffect(() => {
    const element = canvas.current;
    if (element === null || colours === null || scene.width <= 0 || scene.height <= 0) return undefined;
    const frame = requestAnimationFrame(() => {
      const ratio = Math.max(1, devicePixelRatio);
      const [wide, tall] = [Math.round(scene.width * ratio), Math.round(scene.height * ratio)];
      if (element.width !== wide || element.height !== tall) [element.width, element.height] = [wide, tall];
      const context = element.getContext("2d", { alpha: false });
      if (context === null) return;
      drawing.current ??= new TimelineDrawing(context);
      drawing.current.draw({ ...scene, colours, ratio });
    });
    return () => cancelAnimationFrame(frame);
  });
}

function useListening(canvas: { readonly current: HTMLCanvasElement | null }, scroller: { readonly current: HTMLElement | null }, screen: Screen, latest: { readonly current: Handlers }): void {
  useEffect(() => {
    const [element, outer] = [canvas.current, scroller.current];
    if (element === null || outer === null) return undefined;
    const measure = (): void => {
      const next = { width: element.clientWidth, height: outer.clientHeight };
      const { width, height } = screen.size.peek();
      if (next.width !== width || next.height !== height) screen.size.value = next;
    };
    const sizes = new ResizeObserver(measure);
    sizes.observe(outer);
    sizes.observe(element);
    measure();
    screen.colours.value++;
    const endColours = onColours(() => screen.colours.value++);
    const endGestures = listenForGestures(element, {
      view: () => latest.current.view,
      width: () => latest.current.width,
      setView: (view) => latest.current.desk.setView(view),
      scrollBy: (pixels) => void (outer.scrollTop += pixels),
      pickRange: (one, other) => latest.current.desk.pickRange(rangeOf(one, other)),
      hover: (place) => void (screen.hover.value = place),
      click: (place, isDouble) => latest.current.click(place, isDouble),
    });
    return () => {
      sizes.disconnect();
      endColours();
      endGestures();
    };
  }, [canvas, scroller, screen, latest]);
}

function Buttons({ run, onList, range, readyAtNs }: { readonly run: (command: Command) => void; readonly onList: () => void; readonly range: TimeRange | null; readonly readyAtNs: number }) {
  return (
    <div class="timeline-tools" role="group" aria-label="View of the time line">
      <button type="button" onClick={() => run({ kind: "whole" })}>Whole run</button>
      {readyAtNs < 0 ? null : <button type="button" onClick={() => run({ kind: "ready" })}>From ready</button>}
      <button type="button" aria-label="Zoom in" onClick={() => run({ kind: "zoom", factor: 0.6 })}>+</button>
      <button type="button" aria-label="Zoom out" onClick={() => run({ kind: "zoom", factor: 1 / 0.6 })}>{"\u2212"}</button>
      <button type="button" onClick={onList}>List what is shown</button>
      {range === null ? null : <>
        <button type="button" onClick={() => run({ kind: "range" })}>Zoom to range</button>
        <button type="button" class="timeline-range" title="Pick no range" onClick={() => run({ kind: "clear" })}>{rangeText(range, readyAtNs)} {"\u2715"}</button>
      </>}
    </div>
  );
}

export function TimelineView(props: TimelineProps) {
  const { data, version, positionNs, record, range, part } = props;
  const { screen: given } = props;
  const screen = useMemo(() => given ?? createScreen(), [given]);
  const canvas = useRef<HTMLCanvasElement>(null);
  const scroller = useRef<HTMLDivElement>(null);
  const probe = useRef<HTMLSpanElement>(null);
  const chosen = screen.chosen.value;
  const rows = useMemo(() => rowsOf(data, chosen), [data, version, chosen]);
  const handlers = handlersOf(props, screen, rows, scroller);
  const latest = useRef(handlers);
  latest.current = handlers;
  const { view, width, height, run, desk } = handlers;
  const scroll = screen.scroll.value;
  const focused = screen.focused.value;
  const zeroNs = Math.max(0, data.readyAtNs);
  useListening(canvas, scroller, screen, latest);
  useDrawing(canvas, probe, { data, rows, view, width, height, scroll, zeroNs, positionNs, record, range, focused, part }, screen.colours.value);
  const keydown = (event: KeyboardEvent): void => {
    const command = commandOf(event);
    if (command === undefined) return;
    event.preventDefault();
    run(command);
  };
  const label = `Time line of ${data.length} records in ${data.lanes.length} lanes. Arrows go from event to event and from row to row, W and S zoom, Enter goes there.`;
  return (
    <div class="timeline">
      <div class="timeline-head">
        <Buttons run={run} range={range} readyAtNs={data.readyAtNs} onList={() => props.onList(rangeOf(view.fromNs, view.untilNs))} />
        <p class="timeline-said" role="status" title={screen.said.value}>{screen.said.value}</p>
        <Legend />
      </div>
      <div class="timeline-scroll" ref={scroller} onScroll={(event) => void (screen.scroll.value = event.currentTarget.scrollTop)}>
        <div class="timeline-space" style={{ height: `${axisHeight + rows.length * rowHeight + 6}px` }}>
          <div class="timeline-stage" style={{ height: `${height}px` }}>
            <Names rows={visibleRows(rows, scroll, height)} scroll={scroll} part={part} focused={focused} onToggle={desk.toggle} onPart={props.onPart} />
            <div class="timeline-picture">
              <canvas ref={canvas} tabIndex={0} role="application" aria-roledescription="time line" aria-label={label} style={{ height: `${height}px` }} onKeyDown={keydown} />
              <Tip hover={screen.hover} width={width} hitAt={handlers.hit} readyAtNs={data.readyAtNs} lineOf={props.lineOf} />
            </div>
          </div>
        </div>
      </div>
      <span ref={probe} hidden />
    </div>
  );
}
