// Carries out what keys and buttons ask of the time line.

import type { LaneGroup } from "../../../sandbox/live/columns.ts";
import { rangeOf } from "../../range.ts";
import type { TimeRange } from "../../store/contract.ts";
import { neighbour } from "./columns-of.ts";
import type { TimelineData } from "./data.ts";
import type { Command } from "./keys.ts";
import type { Row } from "./rows.ts";
import { rowOfLane, seriesOf } from "./rows.ts";
import type { View } from "./view.ts";
import { moved, showing, zoomed } from "./view.ts";

/** What commands see of the time line, and what they can do to it. */
export interface Desk {
  readonly data: TimelineData;
  readonly rows: readonly Row[];
  readonly view: View;
  readonly focused: Row | undefined;
  readonly record: number | null;
  readonly range: TimeRange | null;
  readonly setView: (view: View) => void;
  /** Shows the whole, or all from ready on, and goes on doing so while the run grows. */
  readonly follow: (what: "whole" | "ready") => void;
  readonly focus: (row: Row) => void;
  readonly toggle: (group: LaneGroup) => void;
  readonly pickRecord: (record: number | null) => void;
  readonly pickRange: (range: TimeRange | null) => void;
  readonly goTo: (record: number) => void;
}

/** The row in which the keyboard is; where it was nowhere, that of the picked record, or the first with events. */
export function rowInUse({ data, rows, focused, record }: Desk): Row | undefined {
  if (focused !== undefined) return focused;
  const ofRecord = record === null ? undefined : rowOfLane(rows, data.laneOf[record] ?? 0);
  return ofRecord ?? rows.find(({ lanes }) => lanes.length > 0);
}

/** The record that a row goes on from: the picked one where it is in sight, else what lies before the view. */
function recordBefore({ data, view, record }: Desk, direction: 1 | -1): number {
  const at = record === null ? undefined : data.times[record];
  if (record !== null && at !== undefined && at >= view.fromNs && at <= view.untilNs) return record;
  let low = 0;
  let high = data.length;
  const edge = direction === 1 ? view.fromNs : view.untilNs;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((data.times[middle] ?? 0) < edge) low = middle + 1;
    else high = middle;
  }
  return direction === 1 ? low - 1 : low;
}

function pick(desk: Desk, row: Row, record: number): void {
  desk.focus(row);
  desk.pickRecord(record);
  desk.setView(showing(desk.view, desk.data.times[record] ?? 0));
}

function toEvent(desk: Desk, direction: 1 | -1, extend: boolean): void {
  const row = rowInUse(desk);
  if (row === undefined) return;
  const record = neighbour(seriesOf(row), recordBefore(desk, direction), direction);
  if (record === null) return;
  if (extend) extendRange(desk, record);
  pick(desk, row, record);
}

/** The range's end that lies at the picked record moves to the next one; a new range begins at the picked one. */
function extendRange({ data, record, range, pickRange }: Desk, next: number): void {
  const from = data.times[record ?? next] ?? 0;
  const to = data.times[next] ?? 0;
  const other = range === null ? from : range.fromNs === from ? range.toNs : range.toNs === from ? range.fromNs : from;
  pickRange(rangeOf(other, to));
}

function toEdge(desk: Desk, end: "first" | "last"): void {
  const row = rowInUse(desk);
  const record = row === undefined ? null : neighbour(seriesOf(row), end === "first" ? -1 : desk.data.length, end === "first" ? 1 : -1);
  if (row !== undefined && record !== null) pick(desk, row, record);
}

function toRow(desk: Desk, step: number): void {
  const { rows } = desk;
  const row = rowInUse(desk);
  // The first stroke enters the rows.
  const at = row === undefined ? -1 : rows.findIndex(({ key }) => key === row.key);
  const next = rows[desk.focused === undefined ? Math.max(0, at) : Math.max(0, Math.min(rows.length - 1, at + step))];
  if (next !== undefined) desk.focus(next);
}

export function carryOut(command: Command, desk: Desk): void {
  const { data, view, record, range } = desk;
  const at = record === null ? undefined : data.times[record];
  const isInSight = at !== undefined && at >= view.fromNs && at <= view.untilNs;
  if (command.kind === "zoom") desk.setView(zoomed(view, command.factor, isInSight ? at : (view.fromNs + view.untilNs) / 2));
  else if (command.kind === "pan") desk.setView(moved(view, command.share));
  else if (command.kind === "event") toEvent(desk, command.direction, command.extends);
  else if (command.kind === "edge") toEdge(desk, command.end);
  else if (command.kind === "row") toRow(desk, command.step);
  else if (command.kind === "whole" || command.kind === "ready") desk.follow(command.kind);
  else if (command.kind === "range") {
    const margin = range === null ? 0 : (range.toNs - range.fromNs) / 20 + 10;
    if (range !== null) desk.setView({ fromNs: range.fromNs - margin, untilNs: range.toNs + margin });
  } else if (command.kind === "go") {
    if (record !== null) desk.goTo(record);
  } else if (command.kind === "toggle") {
    const row = rowInUse(desk);
    if (row !== undefined && row.isOpen !== null) desk.toggle(row.group);
  } else if (range !== null) desk.pickRange(null);
  else desk.pickRecord(null);
}
