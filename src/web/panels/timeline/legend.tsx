// What signs and keys of the time line mean.

import { keyHelp } from "./keys.ts";
import { legend } from "./kinds.ts";

export function Legend() {
  return (
    <details class="timeline-legend">
      <summary>Signs and keys</summary>
      <div class="timeline-meanings" role="group" aria-label="Signs and keys" tabIndex={0}>
        <dl class="timeline-signs">{legend.map(({ kind, sign, colour, title }) => <div key={kind}><dt class={`timeline-in-${colour}`}>{sign}</dt><dd>{title}</dd></div>)}</dl>
        <dl class="timeline-keys">{keyHelp.map(([keys, what]) => <div key={keys}><dt><kbd>{keys}</kbd></dt><dd>{what}</dd></div>)}</dl>
        <p>Drag to move, wheel with Ctrl or two fingers to zoom, Shift and drag to pick a stretch of time; click picks an event, a second click goes to it; a click on the axis goes to that time.</p>
      </div>
    </details>
  );
}
