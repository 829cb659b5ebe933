// The explanation of an open run at the moment where it stands, and the run's driver that keeps what can only be known on the way: when memory came and went, and the
// numbers of the log lines' trace records.

import { isDecisionPending, ownershipRecord } from "../../kernel/dax/decision.ts";
import { softReservedEntries } from "../../kernel/resource/soft-reserved.ts";
import type { Capacity, Explanation } from "../../scenario/explanation.ts";
import { timeText } from "../../scenario/time-text.ts";
import { readRecord, recordBytes } from "../../sim/trace.ts";
import type { OpenRun } from "../contract.ts";
import type { Arrival } from "../moment.ts";
import { approach, parseMoment } from "../moment.ts";
import { adviceFor } from "./advice.ts";
import { breadcrumbs } from "./breadcrumbs.ts";
import { balanceOf, promises } from "./capacity.ts";
import { holdings } from "./holdings.ts";
import { rangesNow } from "./owners.ts";
import { daxNow, regionsNow } from "./regions.ts";
import type { Scene } from "./scene.ts";
import type { Timeline } from "./timeline.ts";
import { firstSeen, gapSince, keepTimeline } from "./timeline.ts";

/** What there is to see of a run as it is now. */
export const sceneOf = ({ system, files, plan }: OpenRun, records: readonly number[] = []): Scene => ({ system, kernel: system.kernel, files, firmware: plan.firmware, policies: plan.policies, records });

export function capacityOf(scene: Scene, changes: Timeline["changes"]): Capacity {
  const { promised, delivered } = balanceOf(scene);
  const found = promises(scene);
  return {
    promises: found.promises, bytesPromised: String(promised), bytesDelivered: String(delivered), bytesGap: String(promised - delivered), bytesBeyond: String(found.beyond),
    bytesUnanswered: String(found.promises.flatMap(({ parts }) => parts).reduce((sum, part) => sum + BigInt(part.bytesUnanswered), 0n)),
    changes, firstSeen: firstSeen(changes), since: gapSince(changes),
  };
}

function decisionText({ kernel, policies }: Scene): string {
  const record = ownershipRecord(kernel);
  if (record !== null) return `decided at ${timeText(record.at)} (quiesce: ${policies.quiesce})`;
  if (isDecisionPending(kernel)) return `still pending (quiesce: ${policies.quiesce})`;
  return softReservedEntries(kernel).length === 0 ? "the memory map has no Soft Reserved range: there was nothing to decide" : "nobody asked for a decision";
}

export interface ExplainedRun {
  readonly run: OpenRun;
  /** Drives the run to the moment; once it is `there` or `missed`, `explain` tells. */
  readonly goOn: (shouldPause: () => boolean) => Arrival;
  readonly explain: () => Explanation;
}

/** Steps between two looks at the trace, so that it is never held whole. */
const traceSteps = 4096;

/** Numbers of the trace's log records, taken as the trace comes. */
function keepRecords(run: OpenRun): { readonly records: number[]; readonly look: () => void } {
  const records: number[] = [];
  let seen = 0;
  const look = (): void => {
    for (const chunk of run.takeTrace()) {
      const words = new Uint32Array(chunk.buffer, chunk.byteOffset, chunk.byteLength / 4);
      const count = chunk.byteLength / recordBytes;
      for (let index = 0; index < count; index++) if (readRecord(words, index).layer === "log") records.push(seen + index);
      seen += count;
    }
  };
  return { records, look };
}

/** @param run not begun, made with `keepTrace` if the records' numbers are wanted */
export function explainRun(run: OpenRun, moment: string, seed: number): ExplainedRun {
  const kept = keepRecords(run);
  const timeline = keepTimeline(run, () => sceneOf(run));
  const way = approach(run, parseMoment(moment));
  const look = (): void => {
    timeline.look();
    kept.look();
  };
  let steps = 0;
  return {
    run,
    goOn: (shouldPause) => {
      const arrival = way.goOn(() => {
        timeline.look();
        if (++steps % traceSteps === 0) kept.look();
        return shouldPause();
      });
      look();
      return arrival;
    },
    explain: () => {
      look();
      const scene = sceneOf(run, kept.records);
      const findings = { ranges: rangesNow(scene), capacity: capacityOf(scene, timeline.changes), regions: regionsNow(scene), dax: daxNow(scene), ledgers: holdings(scene), breadcrumbs: breadcrumbs(scene) };
      return {
        version: 1, file: run.plan.file, name: run.plan.name, seed, moment, atNs: run.system.hardware.now, policies: run.plan.policies,
        decidedAtNs: ownershipRecord(scene.kernel)?.at ?? null, decision: decisionText(scene), ...findings, advice: adviceFor(scene, findings),
      };
    },
  };
}
