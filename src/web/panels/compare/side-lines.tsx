// Both runs of a comparison as time lines that move together, with ready of both at the same place and the first difference marked in each.

import { useEffect, useMemo } from "preact/hooks";
import { signal } from "@preact/signals";
import type { PlacedDivergence } from "../../../sandbox/live/divergence-service.ts";
import type { PageWorker } from "../../../../workers/page-client.ts";
import { LineCache } from "../records/line-cache.ts";
import { createScreen } from "../timeline/screen.ts";
import { TimelineView } from "../timeline/timeline-view.tsx";
import type { TimeRange } from "../../store/contract.ts";
import { linkLines } from "./linked.ts";
import type { Side } from "./second-run.ts";

interface SideLinesProps {
  readonly sides: readonly [Side, Side];
  readonly first: PlacedDivergence | null;
  readonly workers: readonly [PageWorker, PageWorker] | null;
}

/** What the second is later than the first at ready, virtual ns. */
const shiftOf = ([{ data: first }, { data: second }]: SideLinesProps["sides"]): number => Math.max(0, second.readyAtNs) - Math.max(0, first.readyAtNs);

function createLine(worker: PageWorker | undefined) {
  const lines = new LineCache((question) => (worker === undefined ? Promise.resolve(undefined) : worker.lifeline.during(worker.host.look("records", question)).catch(() => undefined)));
  return { screen: createScreen(), record: signal<number | null>(null), range: signal<TimeRange | null>(null), lines };
}

/** Where a side's run parts from the other. */
interface Parting {
  readonly words: string;
  readonly atNs: number;
  /** Null: no record of that layer comes any more, where the other run has one. */
  readonly record: number | null;
}

function partingOf({ sides, first }: SideLinesProps, side: 0 | 1): Parting | null {
  if (first === null) return null;
  const { data } = sides[side];
  const record = side === 0 ? first.expectedRecord : first.actualRecord;
  if (record >= 0) return { words: `parts at record ${record}`, atNs: data.times[record] ?? data.endNs, record };
  // Where the other's record would stand, with ready of both at the same place.
  const shift = side === 0 ? -shiftOf(sides) : shiftOf(sides);
  return { words: `nothing more of layer ${first.layer} comes`, atNs: Math.min(data.endNs, (first.atNs ?? data.endNs) + shift), record: null };
}

export function SideLines(props: SideLinesProps) {
  const { sides, workers } = props;
  const both = useMemo(() => [createLine(workers?.[0]), createLine(workers?.[1])] as const, [sides, workers]);
  useEffect(() => {
    const [one, other] = sides;
    return linkLines({ screen: both[0].screen, data: one.data, shift: 0 }, { screen: both[1].screen, data: other.data, shift: shiftOf(sides) });
  }, [both, sides]);
  return (
    <div class="compare-lines">
      {both.map(({ screen, record, range, lines }, index) => {
        const side = sides[index === 0 ? 0 : 1];
        const parting = partingOf(props, index === 0 ? 0 : 1);
        const { data } = side;
        return (
          <section key={side.title} class="compare-line" aria-label={`Time line with ${side.title}`}>
            <h3>{side.title}{parting === null ? "" : `: ${parting.words}`}</h3>
            <TimelineView
              data={data} screen={screen} version={data.length} positionNs={parting?.atNs ?? null} record={record.value ?? parting?.record ?? null} range={range.value} part={null}
              lineOf={async (wanted) => {
                lines.keepTo(data.generation);
                await lines.want([wanted]);
                return lines.get(wanted);
              }}
              onRecord={(next) => void (record.value = next)} onGoToRecord={(next) => void (record.value = next)} onGoToTime={() => undefined}
              onRange={(next) => void (range.value = next)} onPart={() => undefined} onList={(next) => void (range.value = next)}
            />
          </section>
        );
      })}
    </div>
  );
}
