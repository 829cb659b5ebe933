// The time line of a run as a picture: a lane for each part, link, recovery and task, with what lasted as bars and what happened as marks. The page's script zooms it;
// without it the whole stands there.

import type { RunDetails } from "../scenario/details.ts";
import { timeText } from "../scenario/time-text.ts";
import type { EventKind, TimelineEvent, TimelineSpan } from "../scenario/trace/timeline.ts";
import { Markup, markup, nothing, percent } from "./html-text.ts";

/** Pixels. */
const laneHeight = 24;
const axisHeight = 22;

/** Kinds with a sign of their own; the others are strokes, tall ones for what matters more. */
const signs: Partial<Record<EventKind, string>> = { fault: "◆", expectation: "✕", mark: "▼", host: "■", "machine check": "▲" };
const tall: ReadonlySet<EventKind> = new Set<EventKind>(["isolation", "link", "error", "reset", "recovery"]);

/** What a window of the picture shows, ns. */
interface Window {
  readonly from: number;
  readonly until: number;
}

const lanesBefore = ["scenario", "steps"];
const lanesAfter = ["machine checks", "kernel", "log"];

function partNames(parts: RunDetails["topology"]): string[] {
  return parts.flatMap(({ name, below }) => [name, ...partNames(below)]);
}

/** Lanes in which something happened: the scenario, the machine from the top down, recoveries, the kernel. */
function lanesOf({ timeline, spans, topology }: RunDetails): string[] {
  const used = new Set([...timeline, ...spans].map(({ lane }) => lane));
  const known = new Set([...lanesBefore, ...lanesAfter, ...partNames(topology)]);
  const others = [...used].filter((lane) => !known.has(lane)).toSorted();
  return [...lanesBefore, ...partNames(topology), ...others, ...lanesAfter].filter((lane) => used.has(lane));
}

const endOf = ({ timeline, spans, moments }: RunDetails): number => Math.max(1, ...moments.map(({ atNs }) => atNs), ...spans.map(({ untilNs }) => untilNs), ...timeline.slice(-1).map(({ untilNs }) => untilNs));

/** With room on both sides, so that signs at its edges are whole. */
function withMargin(from: number, until: number, share: number): Window {
  const margin = Math.floor((until - from) / share) + 1;
  return { from: from - margin, until: until + margin };
}

/** From ready on, where there is a ready and something after it. */
const firstWindow = ({ readyAtNs }: RunDetails, end: number): Window => withMargin(readyAtNs > 0 && readyAtNs < end ? readyAtNs : 0, end, 60);

const within = (at: number, { from, until }: Window): boolean => at >= from && at <= until;
const place = (at: number, { from, until }: Window): string => percent(at - from, until - from);

function barOf(span: TimelineSpan, row: number, window: Window): Markup {
  const { kind, fromNs, untilNs, text, lane } = span;
  const [from, until] = [Math.max(fromNs, window.from), Math.min(untilNs, window.until)];
  const isHidden = until < from || untilNs < window.from || fromNs > window.until;
  const said = `${lane}: ${text}, ${timeText(fromNs)} to ${timeText(untilNs)} (${timeText(untilNs - fromNs)})`;
  const y = axisHeight + row * laneHeight + 4;
  return markup`<g class="bar ${kind.replaceAll(" ", "-")}" data-at="${fromNs}" data-until="${untilNs}" data-say="${said}"${isHidden ? markup` visibility="hidden"` : nothing}><title>${said}</title><rect x="${isHidden ? "0%" : place(from, window)}" width="${isHidden ? "0%" : percent(until - from, window.until - window.from)}" y="${y}" height="${laneHeight - 8}" rx="2"/><text y="${y + 12}" dx="5" visibility="hidden">${text}</text></g>`;
}

const sayEvent = ({ atNs, untilNs, lane, text, count }: TimelineEvent): string => `${timeText(atNs)} ${lane}: ${text}${count > 1 ? ` (${count} times until ${timeText(untilNs)})` : ""}`;

/** An expectation that holds is no sign of trouble. */
const signOf = ({ kind, text }: TimelineEvent): string | undefined => (kind === "expectation" && text.includes(": holds") ? undefined : signs[kind]);

function markOf(event: TimelineEvent, row: number, window: Window): Markup {
  const { kind, atNs } = event;
  const said = sayEvent(event);
  const sign = signOf(event);
  const y = axisHeight + row * laneHeight;
  const hidden = within(atNs, window) ? nothing : markup` visibility="hidden"`;
  const x = within(atNs, window) ? place(atNs, window) : "0%";
  const style = kind.replaceAll(" ", "-");
  if (sign !== undefined) return markup`<text class="event ${style}" data-at="${atNs}" data-say="${said}" x="${x}" y="${y + 17}"${hidden}>${sign}<title>${said}</title></text>`;
  const inset = tall.has(kind) ? 3 : 7;
  return markup`<rect class="event ${style}" data-at="${atNs}" data-say="${said}" x="${x}" y="${y + inset}" width="2" height="${laneHeight - 2 * inset}"${hidden}><title>${said}</title></rect>`;
}

function momentLine(at: number, text: string, kind: "failed" | "fault" | "ready", height: number, window: Window): Markup {
  const isHere = within(at, window);
  return markup`<g class="moment ${kind}" data-at="${at}" data-say="${`${timeText(at)}: ${text}`}"${isHere ? nothing : markup` visibility="hidden"`}><title>${`${timeText(at)}: ${text}`}</title><rect x="${isHere ? place(at, window) : "0%"}" y="${axisHeight}" width="1" height="${height - axisHeight}"/></g>`;
}

/** Divisions of the time that is shown; the script moves them. */
const divisions = 8;

/** Before power-on there is nothing to tell the time of. */
const tickText = (at: number): string => (at < 0 ? "" : timeText(at));

function axis(height: number, window: Window): Markup[] {
  return Array.from({ length: divisions }, (_, index) => {
    const x = percent(index, divisions);
    return markup`<g class="${index % 4 === 0 ? "tick" : "tick minor"}"><rect x="${x}" y="${axisHeight - 4}" width="1" height="${height - axisHeight + 4}"/><text x="${x}" y="14" dx="3">${tickText(window.from + Math.floor(((window.until - window.from) * index) / divisions))}</text></g>`;
  });
}

/** Up to so many faults get a line across all lanes. */
const mostFaultLines = 20;

function momentLines(details: RunDetails, height: number, window: Window): Markup[] {
  const { timeline, failedAtNs, readyAtNs } = details;
  const faults = timeline.filter(({ kind }) => kind === "fault").slice(0, mostFaultLines).map((event) => momentLine(event.atNs, event.text, "fault", height, window));
  const failed = failedAtNs === null ? [] : [momentLine(failedAtNs, "the first expectation failed", "failed", height, window)];
  return [...(readyAtNs < 0 ? [] : [momentLine(readyAtNs, "ready", "ready", height, window)]), ...faults, ...failed];
}

function buttons(details: RunDetails, end: number): Markup {
  const first = details.timeline.find(({ kind }) => kind === "fault");
  const around = details.failedAtNs ?? end;
  const from = Math.min(first?.atNs ?? around, around);
  const zoom = (text: string, window: Window): Markup => markup`<button type="button" data-from="${window.from}" data-until="${window.until}">${text}</button>`;
  return markup`<div class="tools" hidden>
${zoom("Whole run", withMargin(0, end, 60))}${details.readyAtNs >= 0 ? zoom("From ready", firstWindow(details, end)) : nothing}${first === undefined ? nothing : zoom("Fault to failure", withMargin(from, around, 10))}
<button type="button" data-zoom="in" aria-label="Zoom in at the marked moment">＋</button><button type="button" data-zoom="out" aria-label="Zoom out">－</button>
<label>from <input type="range" min="0" max="1000" value="0" data-edge="from"></label><label>to <input type="range" min="0" max="1000" value="1000" data-edge="until"></label>
</div>`;
}

/** The pattern of bars of isolation, once for the page. */
export const patterns = markup`<svg class="patterns" width="0" height="0" aria-hidden="true"><defs><pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect width="3" height="6"/></pattern></defs></svg>`;

/** Signs and what they stand for. */
const legend = markup`<p class="legend"><span class="k fault">◆ fault acts</span> <span class="k expectation">✕ expectation fails</span> <span class="k machine-check">▲ machine checks</span> <span class="k mark">▼ mark</span> <span class="k isolated">▨ isolated</span> <span class="k link-down">▬ link down</span> <span class="k recovery">▬ recovery</span> <span class="k">| other events</span></p>`;

export function timelineSection(details: RunDetails): Markup {
  const lanes = lanesOf(details);
  const end = endOf(details);
  const window = firstWindow(details, end);
  const height = axisHeight + lanes.length * laneHeight + 4;
  const rows = new Map(lanes.map((lane, row) => [lane, row] as const));
  const names = lanes.map((lane) => markup`<li>${lane}</li>`);
  const stripes = lanes.map((_, row) => markup`<rect class="lane" x="0" y="${axisHeight + row * laneHeight}" width="100%" height="${laneHeight}"/>`);
  const bars = details.spans.map((span) => barOf(span, rows.get(span.lane) ?? 0, window));
  const marks = details.timeline.map((event) => markOf(event, rows.get(event.lane) ?? 0, window));
  const left = details.timelineLeftOut === 0 ? nothing : markup`<p class="note">${details.timelineLeftOut} events were left out, old ones of log and mailbox first.</p>`;
  return markup`<div class="timeline" data-end="${end}" data-from="${window.from}" data-until="${window.until}">
${buttons(details, end)}
<div class="lanes"><ul class="names" aria-hidden="true">${names}</ul>
<div class="picture" tabindex="0" role="application" aria-label="Time line of ${String(details.timeline.length)} events in ${String(lanes.length)} lanes. Left and right go from event to event, plus and minus zoom."><svg width="100%" height="${height}" aria-hidden="true">${stripes}${axis(height, window)}${bars}${momentLines(details, height, window)}${marks}<rect class="cursor" x="0" y="${axisHeight}" width="1" height="${height - axisHeight}" visibility="hidden"/></svg></div></div>
<p class="said" role="status"></p>
${legend}${left}</div>`;
}
