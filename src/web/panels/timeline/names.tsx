// Names of the rows beside the drawing: groups that open and close, parts that can be picked.

import type { LaneGroup } from "../../../sandbox/live/columns.ts";
import { shownText } from "../../shown-text.ts";
import type { Row } from "./rows.ts";
import { axisHeight } from "./rows.ts";

interface NamesProps {
  readonly rows: readonly Row[];
  readonly scroll: number;
  readonly part: string | null;
  readonly focused: string | null;
  readonly onToggle: (group: LaneGroup) => void;
  readonly onPart: (part: string | null) => void;
}

function Name({ row, part, onToggle, onPart }: NamesProps & { readonly row: Row }) {
  const title = shownText(row.title);
  if (row.isOpen !== null) return <button type="button" class="timeline-group" aria-expanded={row.isOpen} title={title} onClick={() => onToggle(row.group)}><span aria-hidden="true">{row.isOpen ? "▾" : "▸"}</span> {title}</button>;
  if (row.part === null) return <span class="timeline-lane" title={title}>{title}</span>;
  const isPicked = row.part === part;
  return <button type="button" class="timeline-lane" aria-pressed={isPicked} title={title} onClick={() => onPart(isPicked ? null : row.part)}>{title}</button>;
}

/** @param props.rows those that can be seen */
export function Names(props: NamesProps) {
  return (
    <ul class="timeline-names" aria-label="Rows of the time line">
      {props.rows.map((row) => (
        <li key={row.key} class={row.key === props.focused ? "timeline-focused" : ""} style={{ top: `${axisHeight + row.y - props.scroll}px` }}><Name {...props} row={row} /></li>
      ))}
    </ul>
  );
}
