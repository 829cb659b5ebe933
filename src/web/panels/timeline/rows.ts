// Rows of the time line from the top down: groups of lanes, open or closed, and the lanes of those that are open.

import type { LaneGroup } from "../../../sandbox/live/columns.ts";
import { laneGroups } from "../../../sandbox/live/columns.ts";
import type { Lane, Series, TimelineData } from "./data.ts";
import { lanesOf } from "./data.ts";

/** CSS pixels. */
export const axisHeight = 26;
export const rowHeight = 22;

export interface Row {
  /** Stays the same while rows come and go. */
  readonly key: string;
  readonly title: string;
  readonly group: LaneGroup;
  /** The lanes whose events it shows; none: the head of an open group. */
  readonly lanes: readonly Lane[];
  /** Whether it is the head of a group, and then whether that is open; null: a lane, or a group of one. */
  readonly isOpen: boolean | null;
  readonly part: string | null;
  /** From the top of the rows. */
  readonly y: number;
}

/** A group of more lanes than this is closed until somebody opens it. */
const mostOpen = 12;
const closedAtFirst: ReadonlySet<LaneGroup> = new Set<LaneGroup>(["Accesses"]);

/** @param chosen groups that the reader opened or closed */
export function rowsOf(data: TimelineData, chosen: ReadonlyMap<LaneGroup, boolean>): Row[] {
  const rows: Row[] = [];
  const add = (row: Omit<Row, "y">): void => void rows.push({ ...row, y: rows.length * rowHeight });
  for (const group of laneGroups) {
    const lanes = lanesOf(data, group);
    const [only] = lanes;
    if (only === undefined) continue;
    if (lanes.length === 1) {
      add({ key: `lane ${only.id}`, title: group.toLowerCase() === only.name ? group : `${group}: ${only.name}`, group, lanes, isOpen: null, part: only.part });
      continue;
    }
    const isOpen = chosen.get(group) ?? (lanes.length <= mostOpen && !closedAtFirst.has(group));
    add({ key: `group ${group}`, title: `${group} (${lanes.length})`, group, lanes: isOpen ? [] : lanes, isOpen, part: null });
    if (isOpen) for (const lane of lanes) add({ key: `lane ${lane.id}`, title: lane.name, group, lanes: [lane], isOpen: null, part: lane.part });
  }
  return rows;
}

export const seriesOf = ({ lanes }: Pick<Row, "lanes">): Series[] => lanes.flatMap(({ series }) => series);

/** The row at a height from the top of the rows. */
export const rowAt = (rows: readonly Row[], y: number): Row | undefined => rows[Math.floor(y / rowHeight)];

/** The row that shows a record of a lane: the lane's own, or that of its closed group. */
export const rowOfLane = (rows: readonly Row[], lane: number): Row | undefined => rows.find(({ lanes }) => lanes.some(({ id }) => id === lane));
