// What lies under the pointer, in words; asked for when the pointer rests.

import { useEffect } from "preact/hooks";
import type { ReadonlySignal } from "@preact/signals";
import { useSignal } from "@preact/signals";
import type { RecordLine } from "../../../sandbox/live/records-look.ts";
import { timeWords } from "../../shell/words.ts";
import { momentText } from "../../range.ts";
import { shownText } from "../../shown-text.ts";
import type { Place } from "./gestures.ts";
import type { Hit } from "./hit.ts";

interface TipProps {
  readonly hover: ReadonlySignal<Place | null>;
  readonly width: number;
  readonly hitAt: (place: Place) => Hit;
  readonly readyAtNs: number;
  readonly lineOf: (record: number) => Promise<RecordLine | undefined>;
}

/** Milliseconds that the pointer rests before the worker is asked. */
const rest = 60;
/** CSS pixels that the tip takes at most. */
const widest = 320;

function spanText({ span, atNs }: Hit, readyAtNs: number): string | null {
  if (span === null) return null;
  const until = span.untilNs === null ? "and lasts" : `to ${momentText(span.untilNs, readyAtNs)}, ${timeWords(span.untilNs - span.fromNs)} long`;
  return atNs < span.fromNs ? null : `${span.kind === span.text ? "" : `${span.kind}: `}${span.text}, ${momentText(span.fromNs, readyAtNs)} ${until}`;
}

export function Tip({ hover, width, hitAt, readyAtNs, lineOf }: TipProps) {
  const line = useSignal<RecordLine | null>(null);
  const place = hover.value;
  const hit = place === null ? null : hitAt(place);
  const record = hit?.record ?? null;
  useEffect(() => {
    line.value = null;
    if (record === null) return undefined;
    let isOver = false;
    const timer = setTimeout(() => void lineOf(record).then((told) => {
      if (!isOver) line.value = told ?? null;
    }), rest);
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }, [record, lineOf, line]);
  if (place === null || hit === null) return null;
  const span = spanText(hit, readyAtNs);
  const told = line.value?.index === record ? line.value : null;
  return (
    <div class="timeline-tip" aria-hidden="true" style={{ left: `${Math.max(4, Math.min(place.x + 14, width - widest))}px`, top: `${place.y + 18}px` }}>
      <p class="timeline-when">{momentText(told?.atNs ?? hit.atNs, readyAtNs)}</p>
      {told === null ? null : <p>{shownText(told.text)}</p>}
      {hit.count > 1 ? <p class="timeline-more">and {hit.count - 1} more here</p> : null}
      {span === null ? null : <p>{shownText(span)}</p>}
      {told === null && span === null && hit.isAxis ? <p>Click: go to this time</p> : null}
    </div>
  );
}
