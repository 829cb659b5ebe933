// `--post URL` and `cxl-sandbox post`: results for a collector. A result is in the spool before it is sent and leaves it when the collector has it, so that none is
// lost; its key is the hash of its content, so that none is taken for new twice.

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { RunResult } from "../scenario/result.ts";
import { UsageError, parseWords } from "./arguments.ts";
import type { CommandModule } from "./commands.ts";
import type { SpoolLimits } from "./post-spool.ts";
import { SpoolError, addTo, drop, lock, putAside, spoolLimits, textOf, waiting } from "./post-spool.ts";
import type { Surroundings } from "./post-send.ts";
import { send, shownUrl } from "./post-send.ts";

/** What became of results: counts, and lines for standard error. */
export interface PostOutcome {
  readonly sent: number;
  /** They wait in the spool. */
  readonly left: number;
  /** The collector does not want them, or the spool had no room. */
  readonly refused: number;
  readonly lines: readonly string[];
}

export const defaultSpool = ".cxl-sandbox-spool";

const surroundings = (): Surroundings => ({
  token: process.env["CXL_SANDBOX_POST_TOKEN"],
  sleep: (time) => new Promise((resume) => setTimeout(resume, time)),
  random: Math.random, now: Date.now, timeout: (time) => AbortSignal.timeout(time),
});

/** An address to post to. @throws UsageError */
export function collectorOf(text: string, option: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isGood = url !== undefined && ["http:", "https:"].includes(url.protocol) && [url.username, url.password].every((word) => !/%(?![0-9a-fA-F]{2})/.test(word));
  if (!isGood) throw new UsageError(`${option} is an address like https://collector.example/results${url === undefined ? "" : `, not of ${url.protocol}`}`);
  return url;
}

/** A result as it is sent, and its key. `label` tells runs apart that came to the same: the number of a build. */
export function messageOf(result: RunResult, label: string | undefined): { readonly key: string; readonly text: string } {
  const content = JSON.stringify({ ...(label === undefined ? {} : { label }), result });
  const key = createHash("sha256").update(content).digest("hex");
  return { key, text: `{"id":"${key}",${content.slice(1)}` };
}

/** Sends what waits, the oldest first, until the collector is away. @throws SpoolError */
export async function flush(url: URL, spool: string, around: Surroundings): Promise<PostOutcome> {
  const lines: string[] = [];
  const shown = shownUrl(url);
  const held = lock(spool, around.now());
  const count = { sent: 0, refused: 0 };
  const rest = (): number => waiting(spool).length;
  if (held === undefined) return { ...count, left: rest(), lines: [`post ${shown}: another process is sending what is in ${spool}; ${rest()} wait there`] };
  try {
    for (const one of waiting(spool)) {
      const { state, reason } = await send(url, one.key, textOf(spool, one), around);
      if (state === "sent") {
        drop(spool, one);
        count.sent++;
      } else if (state === "refused") {
        lines.push(`post ${shown}: a result was refused (${reason}); it is kept as ${putAside(spool, one)}`);
        count.refused++;
      } else {
        lines.push(`post ${shown}: ${reason}; ${rest()} ${rest() === 1 ? "result waits" : "results wait"} in ${spool}, cxl-sandbox post sends them`);
        break;
      }
    }
  } finally {
    held.release();
  }
  return { ...count, left: rest(), lines };
}

const sum = (outcomes: readonly PostOutcome[], left: number): PostOutcome => ({
  sent: outcomes.reduce((total, { sent }) => total + sent, 0), left, refused: outcomes.reduce((total, { refused }) => total + refused, 0), lines: [...new Set(outcomes.flatMap(({ lines }) => lines))],
});

/** Where the spool cannot hold it: sent from here, or told. */
async function sendUnspooled(url: URL, message: { readonly key: string; readonly text: string }, why: string, around: Surroundings): Promise<PostOutcome> {
  const { state, reason } = await send(url, message.key, message.text, around);
  const told = `post ${shownUrl(url)}: ${why}`;
  return state === "sent" ? { sent: 1, left: 0, refused: 0, lines: [told] } : { sent: 0, left: 0, refused: 1, lines: [`${told}, and the collector did not take the result (${reason}): it is not kept`] };
}

/**
 * Posts results: into the spool, then everything that waits there goes out in order. Never throws for what goes wrong on the way: it is told, and what was not
 * sent waits. `url`: http or https.
 */
export async function postResults(url: URL, spool: string, results: readonly RunResult[], around: Surroundings = surroundings(), limits: SpoolLimits = spoolLimits): Promise<PostOutcome> {
  const outcomes: PostOutcome[] = [];
  const messages = results.map((result) => messageOf(result, process.env["CXL_SANDBOX_POST_LABEL"]));
  try {
    const beyond = messages.filter(({ key, text }) => !addTo(spool, key, text, limits));
    outcomes.push(await flush(url, spool, around));
    for (const message of beyond) outcomes.push(await sendUnspooled(url, message, `the spool ${spool} is full (it holds ${limits.files} results, or ${limits.bytes} bytes)`, around));
    return sum(outcomes, waiting(spool).length);
  } catch (error) {
    if (!(error instanceof SpoolError)) throw error;
    for (const message of messages) outcomes.push(await sendUnspooled(url, message, error.message, around));
    return sum(outcomes, 0);
  }
}

/** Posts the result of a run. */
export const postResult = (url: URL, spool: string, result: RunResult): Promise<PostOutcome> => postResults(url, spool, [result]);

const help = `usage: cxl-sandbox post [FILES...] [options]

Sends results to a collector: those that wait in the spool since it was away, then those of FILES (written with
\`run --reporter json=FILE\`). Each is an HTTP POST of JSON, { id, label, result }, whose id is also its Idempotency-Key.

  --url URL           the collector, http or https (default: CXL_SANDBOX_POST_URL)
  --spool DIR         where results wait (default: ${defaultSpool})

environment
  CXL_SANDBOX_POST_URL    the collector's address
  CXL_SANDBOX_POST_TOKEN  sent as a bearer token; never printed or written
  CXL_SANDBOX_POST_LABEL  a word sent with each new result, which tells equal results of two builds apart

exit status
  0    the collector has everything
  1    it is away, or address or token are wrong: what was not sent waits in the spool
  2    wrong usage, or a file that is no result
  3    it refused a result, which was put aside in the spool's folder refused
  5    internal error
`;

const options = { url: { type: "string" }, spool: { type: "string", default: defaultSpool } } as const;

/** @throws UsageError */
function readResult(file: string): RunResult {
  let result: Partial<RunResult> | null;
  try {
    result = JSON.parse(readFileSync(file, "utf8")) as Partial<RunResult> | null;
  } catch (error) {
    throw new UsageError(`${file} cannot be read as a result (${error instanceof Error ? error.message : String(error)})`);
  }
  if (result?.version !== 1 || !Array.isArray(result.scenarios)) throw new UsageError(`${file} is no result of a run; cxl-sandbox run FILES --reporter json=${file} writes one`);
  return result as RunResult;
}

async function main(argv: readonly string[]): Promise<number> {
  const { values, positionals } = parseWords(argv, options);
  const address = values.url ?? process.env["CXL_SANDBOX_POST_URL"];
  if (address === undefined) throw new UsageError("post needs --url URL, or CXL_SANDBOX_POST_URL");
  const url = collectorOf(address, values.url === undefined ? "CXL_SANDBOX_POST_URL" : "--url");
  const spool = values.spool ?? defaultSpool;
  const { sent, left, refused, lines } = await postResults(url, spool, positionals.map(readResult));
  process.stderr.write([...lines, `${sent} sent, ${left} waiting, ${refused} refused`, ""].join("\n"));
  return refused > 0 ? 3 : left > 0 ? 1 : 0;
}

export const command: CommandModule = { help, main };
