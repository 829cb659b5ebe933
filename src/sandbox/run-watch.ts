// Reads a run's records as they pass: what its faults did, and what its expectations of order and time ask for. It keeps little, whatever a run writes.

import type { Hardware } from "../hardware/machine.ts";
import type { FollowedExpectation, Following, SaidLine } from "../scenario/expectations/sequence.ts";
import { follow, take } from "../scenario/expectations/sequence.ts";
import { createTraceWords } from "../scenario/trace/words.ts";
import type { TraceRecord } from "../sim/trace.ts";
import { kernelKinds, layerIndex, readRecord, recordWords, resultKinds } from "../sim/trace.ts";
import type { ScenarioPlan } from "../scenario/plan.ts";
import type { FaultTable } from "./faults.ts";
import { createActWatch, faultOfProbe, probeKind } from "./fault-acts.ts";
import { partNames } from "./trace-reader.ts";

/** What is known of a run from its records so far. */
export interface RunWatch {
  following(expectation: FollowedExpectation): Following;
}

/** An expectation that is asked for was not among those that are followed. */
class NotFollowedError extends Error {}

const isFollowed = (one: object): one is FollowedExpectation => "order" in one || "never" in one || "mark" in one || "hardware" in one;

/** Expectations of the end, of the steps and of the second boot, as far as they need the records. */
const followedOf = ({ steps, expectations }: ScenarioPlan): FollowedExpectation[] => [...steps.flatMap((step) => ("expect" in step ? step.expect : [])), ...expectations].filter(isFollowed);

const marks: readonly number[] = [kernelKinds.step, kernelKinds.state];

/** What a record says to expectations; undefined: nothing. */
function lineOf(record: TraceRecord, strings: readonly string[], wordsOf: (record: TraceRecord) => string): SaidLine | undefined {
  const { layer, kind, a, b, time: at } = record;
  const text = strings[a] ?? "";
  const detail = strings[b] ?? "";
  const whole = detail === "" ? text : `${text}: ${detail}`;
  if (layer === "log") return { source: "log", at, text, level: detail };
  if (layer === "kernel") return marks.includes(kind) ? { source: "mark", at, text: whole, level: "" } : undefined;
  if (layer === "result") return kind === resultKinds.mark ? { source: "mark", at, text: whole, level: "" } : undefined;
  return layer === "hardware" ? { source: "hardware", at, text: wordsOf(record), level: "" } : undefined;
}

/** Watches a run from now on. A run without faults and without such expectations is not slowed down. */
export function watchRun(plan: ScenarioPlan, hardware: Hardware, strings: readonly string[], faults: FaultTable): RunWatch {
  const followings = new Map(followedOf(plan).map((one) => [one, follow(one)] as const));
  const wordsOf = createTraceWords({ ...partNames(hardware), strings });
  const acts = createActWatch(faults, wordsOf);
  const spoken = (record: TraceRecord): string => {
    const words = wordsOf(record);
    const fault = record.kind === probeKind ? plan.faults[faultOfProbe(faults, record.b)] : undefined;
    return fault === undefined ? words : `fault ${fault.id} acts: ${words}`;
  };
  let readyAt = -1;
  const see = (record: TraceRecord): void => {
    if (record.layer === "result" && record.kind === resultKinds.mark && strings[record.a] === "ready") readyAt = record.time;
    const line = lineOf(record, strings, spoken);
    if (line !== undefined) for (const following of followings.values()) take(following, line, readyAt);
  };
  const wants = followings.size > 0;
  if (wants || plan.faults.length > 0) {
    hardware.watchTrace((words) => {
      for (let index = 0, at = 1; at < words.length; index++, at += recordWords) {
        const layer = ((words[at] ?? 0) >>> 21) & 7;
        if (layer === layerIndex.access || (!wants && layer !== layerIndex.hardware)) continue;
        const kind = (words[at] ?? 0) >>> 24;
        const isAct = layer === layerIndex.hardware && acts.wants(kind);
        if (!isAct && !wants) continue;
        const record = readRecord(words, index);
        if (isAct) acts.take(record);
        if (wants) see(record);
      }
    });
  }
  return {
    following: (expectation) => {
      const found = followings.get(expectation);
      if (found === undefined) throw new NotFollowedError("an expectation is judged that the plan does not have");
      hardware.drainTrace();
      return found;
    },
  };
}
