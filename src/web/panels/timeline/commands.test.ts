import { describe, expect, it } from "vitest";
import { syntheticColumns } from "../../../../test/support/synthetic-columns.ts";
import type { TimeRange } from "../../store/contract.ts";
import type { Desk } from "./commands.ts";
import { carryOut } from "./commands.ts";
import { TimelineData } from "./data.ts";
import { commandOf } from "./keys.ts";
import { rowsOf, seriesOf } from "./rows.ts";
import type { View } from "./view.ts";
import { wholeView } from "./view.ts";

const data = new TimelineData();
data.append(syntheticColumns(2000));
const rows = rowsOf(data, new Map());
const log = rows.find(({ title }) => title === "Log");
if (log === undefined) throw new Error("no row for the log");
const logs = seriesOf(log).flatMap(({ indices: { values, length } }) => [...values.subarray(0, length)]).toSorted((a, b) => a - b);

/** A desk whose state changes as a time line's does. */
function desk(): { state: { view: View; record: number | null; range: TimeRange | null; focused: string; gone: number[]; followed: string[] }; press: (key: string, held?: Partial<KeyboardEvent>) => void } {
  const state = { view: wholeView(0, data.endNs), record: null as number | null, range: null as TimeRange | null, focused: log?.key ?? "", gone: [] as number[], followed: [] as string[] };
  const now = (): Desk => ({
    data, rows, view: state.view, record: state.record, range: state.range, focused: rows.find(({ key }) => key === state.focused),
    setView: (view) => void (state.view = view), follow: (what) => void state.followed.push(what), focus: ({ key }) => void (state.focused = key), toggle: (group) => void state.followed.push(group),
    pickRecord: (record) => void (state.record = record), pickRange: (range) => void (state.range = range), goTo: (record) => void state.gone.push(record),
  });
  const press = (key: string, held: Partial<KeyboardEvent> = {}): void => {
    const command = commandOf({ key, shiftKey: false, ctrlKey: false, metaKey: false, altKey: false, ...held });
    if (command !== undefined) carryOut(command, now());
  };
  return { state, press };
}

describe("keys on the time line", () => {
  it("walk the events of a row from the first to the last, and stay there", () => {
    const { state, press } = desk();
    const walked: (number | null)[] = [];
    for (let step = 0; step < 5; step++) {
      press("ArrowRight");
      walked.push(state.record);
    }
    expect(walked).toEqual(logs.slice(0, 5));
    press("ArrowLeft");
    expect(state.record).toBe(logs[3]);
    press("End");
    expect(state.record).toBe(logs.at(-1));
    press("ArrowRight");
    expect(state.record).toBe(logs.at(-1));
    press("Home");
    expect(state.record).toBe(logs[0]);
    press("Enter");
    expect(state.gone).toEqual([logs[0]]);
  });

  it("keep the picked event in sight, and zoom about it", () => {
    const { state, press } = desk();
    press("End");
    const at = data.times[logs.at(-1) ?? 0] ?? 0;
    for (let step = 0; step < 30; step++) press("w");
    expect(state.view.fromNs).toBeLessThanOrEqual(at);
    expect(state.view.untilNs).toBeGreaterThanOrEqual(at);
    const narrow = state.view.untilNs - state.view.fromNs;
    press("Home");
    expect(state.view.untilNs - state.view.fromNs).toBeCloseTo(narrow, 3);
    expect(state.view.fromNs).toBeLessThanOrEqual(data.times[logs[0] ?? 0] ?? 0);
    press("s");
    expect(state.view.untilNs - state.view.fromNs).toBeGreaterThan(narrow);
  });

  it("go on from what is in sight where the picked event is not", () => {
    const { state, press } = desk();
    const middle = logs[Math.floor(logs.length / 2)] ?? 0;
    const at = data.times[middle] ?? 0;
    state.record = logs[0] ?? 0;
    state.view = { fromNs: at, untilNs: at + 1000 };
    press("ArrowRight");
    expect(data.times[state.record ?? 0]).toBe(at);
  });

  it("pick a stretch from event to event, in either direction, and give it up before the event", () => {
    const { state, press } = desk();
    press("Home");
    press("ArrowRight");
    press("ArrowRight", { shiftKey: true });
    press("ArrowRight", { shiftKey: true });
    const time = (place: number): number => data.times[logs[place] ?? 0] ?? 0;
    expect(state.range).toEqual({ fromNs: time(1), toNs: time(3) });
    press("ArrowLeft", { shiftKey: true });
    expect(state.range).toEqual({ fromNs: time(1), toNs: time(2) });
    press("f");
    expect(state.view.fromNs).toBeLessThan(time(1));
    expect(state.view.untilNs).toBeGreaterThan(time(2));
    press("Escape");
    expect([state.range, state.record]).toEqual([null, logs[2]]);
    press("Escape");
    expect(state.record).toBeNull();
  });

  it("go from row to row, open and close groups, and show the whole", () => {
    const { state, press } = desk();
    press("ArrowUp");
    expect(rows.findIndex(({ key }) => key === state.focused)).toBe(rows.findIndex(({ key }) => key === log.key) - 1);
    press("PageDown");
    expect(state.focused).toBe("group Accesses");
    press(" ");
    press("0");
    press("9");
    expect(state.followed).toEqual(["Accesses", "whole", "ready"]);
  });

  it("leave keys of the page and the browser alone", () => {
    for (const held of [{ ctrlKey: true }, { metaKey: true }, { altKey: true }]) expect(commandOf({ key: "a", shiftKey: false, ctrlKey: false, metaKey: false, altKey: false, ...held })).toBeUndefined();
    expect(commandOf({ key: "x", shiftKey: false, ctrlKey: false, metaKey: false, altKey: false })).toBeUndefined();
    expect(commandOf({ key: "F6", shiftKey: false, ctrlKey: false, metaKey: false, altKey: false })).toBeUndefined();
  });
});
