// `describeScenarios`: scenario files as tests of Vitest, so that its reporters, shards, filters, watching, retries and concurrency serve them.

import type { TestOptions } from "vitest";
import { describe, expect, test } from "vitest";
import { loadModule } from "../hardware/module.ts";
import type { DriverModule } from "../platform/driver.ts";
import type { FinishedRun } from "../../workers/slices.ts";
import { runScenario } from "../../workers/run-scenario.ts";
import { goldenOf } from "../sandbox/goldens.ts";
import { formatGolden, goldenFileOf, parseGolden } from "../scenario/golden.ts";
import { includeTexts } from "../scenario/include-texts.ts";
import { decodeTrace } from "../scenario/trace/file.ts";
import { failureOf, fileFailure } from "./failure.ts";
import type { GlobbedTexts, ScenarioSource } from "./scenario-sources.ts";
import { scenarioSources } from "./scenario-sources.ts";

/** How scenario files become tests. */
export interface DescribeScenariosOptions {
  /** Folder that paths and patterns count from: the test file's. */
  readonly root?: string;
  /** One seed (1), several, or `"1..20"`: a test for each. 0..4294967295. */
  readonly seeds?: number | readonly number[] | `${number}..${number}`;
  readonly schedule?: "fixed" | "seeded";
  /** Bugs that the built-in recovery driver is given, by name (docs/defects.md). */
  readonly defects?: readonly string[];
  /** Drivers of yours, in place of those that a scenario names. */
  readonly drivers?: readonly DriverModule[];
  /** Which of the files; all. */
  readonly filter?: (scenario: { readonly file: string; readonly name: string; readonly text: string }) => boolean;
  /** Options of every test, as Vitest's `test` has them: timeout, retry, concurrent, tags ... */
  readonly test?: TestOptions;
  /** Keep the trace of each run, for `check` (false). */
  readonly keepTrace?: boolean;
  /** What else a run must be; called after it passed. */
  readonly check?: (run: FinishedRun) => void | Promise<void>;
}

const mostSeeds = 10_000;

/** @throws RangeError */
function seedsOf(seeds: DescribeScenariosOptions["seeds"] = 1): readonly number[] {
  if (typeof seeds === "number") return [seeds];
  if (typeof seeds !== "string") return seeds;
  const [, first = "", last = ""] = /^(\d{1,10})\.\.(\d{1,10})$/.exec(seeds) ?? [];
  const count = Number(last) - Number(first) + 1;
  if (first === "" || count < 1 || count > mostSeeds) throw new RangeError(`describeScenarios: seeds "${seeds}" is no range of 1 to ${mostSeeds} seeds; write "A..B"`);
  return Array.from({ length: count }, (_, index) => Number(first) + index);
}

/** The scenario's name as its file has it, before anything is checked: a bad file is a test that fails, not a suite that does. */
const nameIn = (text: string): string => /^name: *(["']?)(.*?)\1 *$/m.exec(text)?.[2] ?? "";
const lastOf = (path: string): string => path.split("/").at(-1) ?? path;
const folderOf = (path: string): string => path.split("/").slice(0, -1).join("/") || ".";

/** Whether Vitest was called with -u. Nothing public says so. */
function isUpdating(): boolean {
  const { snapshotState } = expect.getState() as unknown as { readonly snapshotState?: { readonly _updateSnapshot?: string } };
  // oxlint-disable-next-line no-underscore-dangle
  return snapshotState?._updateSnapshot === "all";
}

/** Writes the golden beside a scenario anew, where there is one of this seed and schedule. */
function updateGolden(source: ScenarioSource, { result, trace }: FinishedRun, text: string): void {
  const before = parseGolden(goldenFileOf(source.file), text);
  if (trace === null || before.seed !== result.seed || before.schedule !== result.schedule) return;
  const after = formatGolden(goldenOf(decodeTrace(trace), result));
  if (after !== text) source.write(goldenFileOf(source.path), after);
}

async function runTest(source: ScenarioSource, seed: number, module: WebAssembly.Module, options: DescribeScenariosOptions, signal: AbortSignal): Promise<void> {
  const { schedule, defects, drivers, check, keepTrace = false } = options;
  const golden = source.beside(goldenFileOf(source.file.split("/").at(-1) ?? ""));
  const isRenewed = golden !== undefined && isUpdating();
  let run: FinishedRun;
  try {
    run = await runScenario({ text: source.text, file: source.file, includes: includeTexts(source.file, source.text, source.beside) }, {
      seed, module, signal, keepTrace: keepTrace || isRenewed,
      ...(schedule === undefined ? {} : { schedule }), ...(defects === undefined ? {} : { defects }), ...(drivers === undefined ? {} : { drivers }), ...(golden === undefined || isRenewed ? {} : { golden }),
    });
  } catch (thrown) {
    throw fileFailure(source, thrown);
  }
  if (run.result.status !== "pass") throw failureOf(source, run.result);
  if (isRenewed) updateGolden(source, run, golden);
  await check?.(run);
}

function byFolder(sources: readonly ScenarioSource[]): ReadonlyMap<string, readonly ScenarioSource[]> {
  const found = new Map<string, ScenarioSource[]>();
  for (const source of sources) {
    const folder = folderOf(source.file);
    found.set(folder, [...(found.get(folder) ?? []), source]);
  }
  return found;
}

/** The folder of the test file that is being read. */
function testFolder(): string {
  const { testPath } = expect.getState();
  return folderOf((testPath ?? "").replaceAll("\\", "/"));
}

/**
 * Makes a `describe` of each folder and a `test` of each scenario and seed. `scenarios`: paths, folders and patterns (`*`, `**`, `?`, `{a,b}`, `!` leaves
 * out), or what `import.meta.glob("./scenarios/**\/*.yaml", { query: "?raw", import: "default", eager: true })` gives; then Vitest knows the files, runs their tests
 * again when they change, and shows their lines. A run is held against the golden beside its scenario, if it is of the same seed and schedule; Vitest's `-u` writes
 * it anew. A bad file is a test that fails with its place; the others run.
 * @throws Error no file was found; RangeError, TypeError an option
 */
export function describeScenarios(scenarios: string | readonly string[] | GlobbedTexts, options: DescribeScenariosOptions = {}): void {
  const seeds = seedsOf(options.seeds);
  const sources = scenarioSources(scenarios, options.root ?? testFolder()).filter(({ file, text }) => options.filter?.({ file, name: nameIn(text), text }) ?? true);
  let loading: Promise<{ readonly module: WebAssembly.Module }> | undefined;
  for (const [folder, files] of byFolder(sources)) {
    describe(folder, () => {
      for (const source of files) {
        for (const seed of seeds) {
          const title = [`${lastOf(source.file)}: ${nameIn(source.text)}`, ...(seeds.length > 1 ? [`seed ${seed}`] : [])].join(", ");
          test(title, options.test ?? {}, async ({ signal }) => {
            loading ??= loadModule();
            await runTest(source, seed, (await loading).module, options, signal);
          });
        }
      }
    });
  }
}
