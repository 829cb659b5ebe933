// One cell of a comparison: a scenario under one combination, run to its end, and the facts of it. Beside that run stand others, each on a system of its own:
// the boot alone, the same with nothing wrong, seeded schedules, and one for each way to repair.

import type { Capacity, CellFacts } from "../../scenario/comparison.ts";
import type { ScenarioPlan } from "../../scenario/plan.ts";
import { planScenario } from "../../scenario/plan.ts";
import type { OpenRun } from "../contract.ts";
import { endState } from "../end-state.ts";
import type { Span } from "../invariants.ts";
import type { Bench, Sliced } from "./drive.ts";
import { isHostAlive, runToEnd } from "./drive.ts";
import { bandwidthOf, evidenceOf, innocentsOf, violationsOf } from "./evidence.ts";
import type { RegionFacts } from "./memory.ts";
import { daxFacts, decodingBytes, regionFacts } from "./memory.ts";
import { attainableBytes, findRepair } from "./repair.ts";
import { bootOnly, healthy, measured, reference, touchedBy } from "./twin.ts";

/** What one cell is computed from: plain data, so that a worker can have it. */
export interface CellInput {
  readonly file: string;
  /** The file's text under the combination. */
  readonly text: string;
  readonly seed: number;
  /** Seeded schedules to be run for the end states (S37). */
  readonly schedules: number;
}

/** Bytes in a union of spans. */
export function unionSize(spans: readonly Span[]): bigint {
  let size = 0n;
  let end = 0n;
  for (const span of spans.toSorted((a, b) => (a.start < b.start ? -1 : 1))) {
    const from = span.start > end ? span.start : end;
    if (span.end > from) size += span.end - from;
    if (span.end > end) end = span.end;
  }
  return size;
}

function promisedBytes({ firmware }: ScenarioPlan, whole: OpenRun): bigint {
  const described = [...firmware.softReserved, ...firmware.regions].map(({ base, size }) => ({ start: base, end: base + size }));
  const used = daxFacts(whole.system.kernel).flatMap(({ ranges }) => ranges.map(({ start, size }) => ({ start, end: start + size })));
  return unionSize([...described, ...used]);
}

function capacityOf(plan: ScenarioPlan, run: OpenRun, whole: OpenRun, regions: readonly RegionFacts[]): Capacity {
  const isAlive = isHostAlive(run);
  const alive = isAlive ? daxFacts(run.system.kernel).filter((device) => device.isAlive) : [];
  const bytes = (devices: readonly { readonly size: bigint }[]): string => String(devices.reduce((sum, { size }) => sum + size, 0n));
  return {
    promised: String(promisedBytes(plan, whole)),
    served: run.result().metrics.bytesServed,
    decoding: String(isAlive ? decodingBytes(run.system) : 0n),
    attainable: String(attainableBytes(run.system, regions)),
    byCxl: bytes(alive.filter(({ region }) => region !== null)),
    byHmem: bytes(alive.filter(({ region }) => region === null)),
  };
}

/** Distinct end states over schedules of seeds 1 to `count` (S37). */
function* endStates(bench: Bench, plan: ScenarioPlan, count: number): Sliced<number> {
  const states = new Set<string>();
  for (let seed = 1; seed <= count; seed++) {
    const run = yield* runToEnd({ ...bench, seed }, plan, "seeded");
    states.add(isHostAlive(run) ? endState(run.system.kernel) : run.result().outcome);
  }
  return states.size;
}

/** The regions when nothing is wrong: those at the end, and firmware's that the steps of the file have taken apart. */
function* wholeRegions(bench: Bench, plan: ScenarioPlan, whole: OpenRun): Sliced<readonly RegionFacts[]> {
  const atEnd = regionFacts(whole.system);
  if (plan.steps.length === 0) return atEnd;
  const booted = yield* runToEnd(bench, bootOnly(reference(plan)));
  const isShared = (region: RegionFacts): boolean => atEnd.some(({ members }) => members.some((card) => region.members.includes(card)));
  return [...regionFacts(booted.system).filter((region) => !isShared(region)), ...atEnd];
}

/** All facts of a cell. @throws ScenarioFileError */
export function* scoreCell(module: WebAssembly.Module, input: CellInput): Sliced<CellFacts> {
  const plan = planScenario(input.file, input.text);
  const bench: Bench = { module, seed: input.seed };
  const run = yield* runToEnd(bench, plan);
  const quiet = yield* runToEnd(bench, bootOnly(plan));
  const twin = yield* runToEnd(bench, healthy(plan));
  const whole = yield* runToEnd(bench, reference(plan));
  const regions = yield* wholeRegions(bench, plan, whole);
  const result = run.result();
  const innocents = innocentsOf(run, twin, touchedBy(plan));
  const violations = violationsOf(plan, run, quiet, twin, innocents);
  const facts = { outcome: result.outcome, verdict: result.verdict, capacity: capacityOf(plan, run, whole, regions), innocents, evidence: evidenceOf(run) };
  const figures = measured(plan);
  const bandwidth = bandwidthOf(figures === null ? twin : yield* runToEnd(bench, figures));
  const repair = yield* findRepair(bench, plan, run, regions);
  const states = yield* endStates(bench, plan, input.schedules);
  return {
    ...facts, repair, schedules: { runs: input.schedules, endStates: states }, violations,
    guests: { killed: result.metrics.killed, survived: result.metrics.survived }, bytesLost: result.metrics.bytesLost,
    bandwidth, refused: run.refused, notFired: result.faults.filter(({ fired }) => !fired).map(({ id }) => id),
    limit: result.status === "limit" ? result.reason : null,
  };
}
