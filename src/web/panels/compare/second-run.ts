// The two runs of a comparison, each in a worker of its own, beside the run that is on the page.

import type { LiveInput } from "../../../sandbox/live/contract.ts";
import type { Divergences } from "../../../sandbox/live/divergence-service.ts";
import type { ScenarioResult } from "../../../scenario/result.ts";
import type { PageWorker } from "../../../../workers/page-client.ts";
import { createFeed } from "../timeline/feed.ts";
import type { TimelineData } from "../timeline/data.ts";

/** What one of the two came to. */
export interface Side {
  /** What it has that the other has not: "isoact = recover". */
  readonly title: string;
  readonly input: LiveInput;
  readonly result: ScenarioResult;
  readonly data: TimelineData;
}

export interface Comparison {
  readonly sides: readonly [Side, Side];
  readonly divergences: Extract<Divergences, { readonly kind: "compared" }>;
}

/** What differs: the same document, but for this. */
export interface Difference {
  /** `seed`, `schedule`, `kernel.preset`, `kernel.policies.isoact`, or any path of the file. */
  readonly path: string;
  readonly values: readonly [string, string];
}

/** A comparison that cannot be made; the message says why. */
export class ComparisonError extends Error {}

interface Ran {
  readonly side: Side;
  readonly trace: Uint8Array;
}

async function varied({ host, lifeline }: PageWorker, base: LiveInput, path: string, value: string): Promise<LiveInput> {
  if (path === "schedule") return { ...base, schedule: value === "seeded" ? "seeded" : "fixed" };
  const { file, text, includes } = base;
  const answer = await lifeline.during(host.ask("vary", { file, text, includes, combination: [{ path, value }] }));
  if (answer.kind === "refused") throw new ComparisonError(answer.reason);
  if (answer.kind === "problems") throw new ComparisonError(answer.problems[0]?.message ?? "the scenario cannot be run");
  return path === "seed" ? { ...base, seed: answer.seed ?? base.seed } : { ...base, text: answer.text, includes: {} };
}

async function ran({ host, lifeline }: PageWorker, title: string, input: LiveInput): Promise<Ran> {
  const opened = await lifeline.during(host.open(input));
  if (opened.kind === "problems") throw new ComparisonError(`${title}: ${opened.problems[0]?.message ?? "the scenario cannot be run"}`);
  if (opened.kind === "refused") throw new ComparisonError(`${title}: ${opened.reason}`);
  const { arrival, status } = await lifeline.during(host.go({ kind: "end" }, null));
  const trace = arrival === "there" ? await lifeline.during(host.traceFile()) : null;
  if (trace === null || status.result === null) throw new ComparisonError(`${title}: the run did not come to its end${status.death === null ? "" : `: ${status.death}`}`);
  const feed = createFeed((question) => lifeline.during(host.look("columns", question)), () => undefined);
  await feed.update();
  return { side: { title, input, result: status.result, data: feed.data }, trace };
}

/** The words of a side: what it alone has. */
export const titleOf = (path: string, value: string): string => `${path.replace(/^kernel\.(policies\.)?/, "")} = ${value}`;

/** Runs both and holds them against each other; each worker keeps its run. @throws ComparisonError, WorkerDiedError */
export async function compareRuns(workers: readonly [PageWorker, PageWorker], base: LiveInput, { path, values }: Difference): Promise<Comparison> {
  const one = async (worker: PageWorker, value: string): Promise<Ran> => ran(worker, titleOf(path, value), await varied(worker, base, path, value));
  const [first, second] = await Promise.all([one(workers[0], values[0]), one(workers[1], values[1])]);
  const divergences = await workers[0].lifeline.during(workers[0].host.ask("divergence", { expected: first.trace, actual: second.trace }));
  if (divergences.kind === "refused") throw new ComparisonError(divergences.reason);
  return { sides: [first.side, second.side], divergences };
}
