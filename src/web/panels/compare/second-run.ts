// The two runs of a comparison, one after the other in a worker of their own, beside the run that is on the page.

import type { LiveInput } from "../../../sandbox/live/contract.ts";
import type { Divergences } from "../../../sandbox/live/divergence-service.ts";
import type { LookAnswer } from "../../../sandbox/live/looks.ts";
import type { ScenarioResult } from "../../../scenario/result.ts";
import type { PageWorker } from "../../../../workers/page-client.ts";

/** What one of the two came to. */
export interface Side {
  /** What it has that the other has not: "isoact = recover". */
  readonly title: string;
  readonly input: LiveInput;
  readonly result: ScenarioResult;
  readonly readyAtNs: number;
  readonly columns: LookAnswer<"columns">;
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

interface Ran extends Side {
  readonly trace: Uint8Array;
}

async function varied(worker: PageWorker, base: LiveInput, path: string, value: string): Promise<LiveInput> {
  if (path === "schedule") return { ...base, schedule: value === "seeded" ? "seeded" : "fixed" };
  const { file, text, includes } = base;
  const answer = await worker.lifeline.during(worker.host.ask("vary", { file, text, includes, combination: [{ path, value }] }));
  if (answer.kind === "refused") throw new ComparisonError(answer.reason);
  if (answer.kind === "problems") throw new ComparisonError(answer.problems[0]?.message ?? "the scenario cannot be run");
  return path === "seed" ? { ...base, seed: answer.seed ?? base.seed } : { ...base, text: answer.text, includes: {} };
}

async function ran(worker: PageWorker, title: string, input: LiveInput): Promise<Ran> {
  const { host, lifeline } = worker;
  const opened = await lifeline.during(host.open(input));
  if (opened.kind === "problems") throw new ComparisonError(`${title}: ${opened.problems[0]?.message ?? "the scenario cannot be run"}`);
  if (opened.kind === "refused") throw new ComparisonError(`${title}: ${opened.reason}`);
  const { arrival, status } = await lifeline.during(host.go({ kind: "end" }, null));
  const trace = arrival === "there" ? await lifeline.during(host.traceFile()) : null;
  if (trace === null || status.result === null) throw new ComparisonError(`${title}: the run did not come to its end${status.death === null ? "" : `: ${status.death}`}`);
  return { title, input, result: status.result, readyAtNs: status.readyAtNs, trace, columns: await lifeline.during(host.look("columns", { from: 0 })) };
}

/** Runs both and holds them against each other. `onProgress`: hears what is being done. @throws ComparisonError, WorkerDiedError */
export async function compareRuns(worker: PageWorker, base: LiveInput, { path, values }: Difference, onProgress: (words: string) => void): Promise<Comparison> {
  const one = async (value: string): Promise<Ran> => {
    const title = `${path.replace(/^kernel\.(policies\.)?/, "")} = ${value}`;
    onProgress(`Running with ${title} …`);
    return ran(worker, title, await varied(worker, base, path, value));
  };
  const first = await one(values[0]);
  const second = await one(values[1]);
  onProgress("Comparing …");
  const divergences = await worker.lifeline.during(worker.host.ask("divergence", { expected: first.trace, actual: second.trace }));
  if (divergences.kind === "refused") throw new ComparisonError(divergences.reason);
  return { sides: [first, second], divergences };
}
