// The run in the process of a contained run: hardware, kernel and drivers together, from plan to result.

import type { RunProgress, ScenarioRun } from "../src/sandbox/contract.ts";
import type { DriverWatch } from "../src/sandbox/contained/watch.ts";
import { originOf } from "../src/sandbox/trace-kept.ts";
import type { DriverModule } from "../src/sandbox.ts";
import { createRun, loadModule, planScenario } from "../src/sandbox.ts";
import type { DriverSource, ToProcess } from "./driver-messages.ts";
import type { FinishedRun } from "./slices.ts";
import { finishedRun } from "./slices.ts";

/** Milliseconds of wall time between two looks at what else waits, and between two words about progress. */
const slice = 8;
const progressEvery = 100;

/** Timers that are due go first, in the order in which they were set. */
const timersDue = (): Promise<void> => new Promise((resolve) => void setTimeout(resolve, 0));
const nextTurn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

/** Drives the run; between slices what the driver left to the event loop has its turn, so that its rejections are heard. */
async function drive(run: ScenarioRun, onProgress: (progress: RunProgress) => void): Promise<void> {
  let toldAt = 0;
  for (;;) {
    const until = performance.now() + slice;
    const state = run.run(() => performance.now() >= until);
    await nextTurn();
    // A short run is over before the event loop comes to its timers.
    if (state === "done") return timersDue();
    if (performance.now() - toldAt < progressEvery) continue;
    toldAt = performance.now();
    onProgress(run.progress);
  }
}

interface LoadedDrivers {
  readonly drivers: readonly DriverModule[];
  /** By the driver's name. */
  readonly driverParameters: Readonly<Record<string, DriverSource["parameters"]>>;
}

/** Runs what is ordered with its drivers, loaded and watched. */
export async function runToEnd({ input, drivers: sources }: Extract<ToProcess, { kind: "run" }>, { drivers, driverParameters }: LoadedDrivers, watch: DriverWatch, onProgress: (progress: RunProgress) => void): Promise<FinishedRun> {
  const { module } = await loadModule();
  const run = createRun(module, planScenario(input.file, input.text, "allowed", input.includes), { seed: input.seed, schedule: input.schedule, keepTrace: input.keepTrace, drivers, driverParameters, ...(input.choices === undefined ? {} : { choices: input.choices }), ...(input.scheduleFile === undefined ? {} : { scheduleFile: input.scheduleFile }), origin: originOf(input, sources.map(({ file, digest }) => ({ file, digest }))) });
  watch.readTime(() => run.progress.virtualTimeNs);
  await drive(run, onProgress);
  return finishedRun(run);
}
