// ras-page-offline: what rasdaemon does with pages that CXL's event logs name (error-recovery 6.2; the kernel itself does nothing with them). It sees the
// trace and the two files of sysfs, and nothing else. Its name and options are this project's own.

import { SystemError, errnoText } from "../kernel/base/errno.ts";
import type { FileSystem } from "../kernel/sysfs/file-system.ts";
import type { Task } from "../sim/task.ts";
import { UsageProblem, parseOptions } from "./options.ts";
import type { OptionSpec } from "./options.ts";
import type { Call } from "./programs.ts";
import { fieldsOf } from "./trace-fields.ts";
import { followTrace, listen, traceLines } from "./trace-follow.ts";

const usage = `Usage: ras-page-offline [OPTIONS]

Takes pages offline that general media and DRAM events of CXL devices name by host physical address.

  --once                  handle what the trace holds now, and end
  --daemon                go on in the background
  --threshold ACTION      events of corrected errors over a threshold: none, soft (default), hard, soft-then-hard
  --uncorrectable ACTION  events of uncorrectable errors: none, soft, hard (default), soft-then-hard
  --log FILE              append lines to a file, not to standard output

Exit: 0; 1 a page could not be taken offline (--once); 2 wrong words; 130 interrupted.
`;

const options: OptionSpec = { once: { short: "" }, daemon: { short: "d" }, threshold: { short: "", value: true }, uncorrectable: { short: "", value: true }, log: { short: "l", value: true }, help: { short: "h" } };
const actions = { none: [], soft: ["soft"], hard: ["hard"], "soft-then-hard": ["soft", "hard"] } as const satisfies Readonly<Record<string, readonly ("soft" | "hard")[]>>;
type Action = keyof typeof actions;
const exits = { done: 0, failed: 1, usage: 2, interrupted: 130 } as const;
const events = ["cxl_dram", "cxl_general_media"] as const;
const files = { soft: "/sys/devices/system/memory/soft_offline_page", hard: "/sys/devices/system/memory/hard_offline_page" } as const;
const pageMask = 0xfffn;
/** The address of a record whose DPA is in no region. */
const noAddress = 0xffff_ffff_ffff_ffffn;
/** Descriptor bits of both kinds of records. */
const descriptorBits = { uncorrectable: 1, threshold: 2 } as const;

interface Rules {
  readonly threshold: Action;
  readonly uncorrectable: Action;
}

interface Page {
  readonly address: bigint;
  readonly reason: keyof Rules;
}

/** The page that a line of the trace is about; undefined: none, or nothing is wrong with it. */
function pageOf(line: string): Page | undefined {
  const match = /: (cxl_\w+): (.*)$/.exec(line);
  const event = events.find((name) => name === match?.[1]);
  const fields = event === undefined ? undefined : fieldsOf(event, match?.[2] ?? "");
  const { hpa, descriptor } = fields ?? {};
  if (typeof hpa !== "bigint" || typeof descriptor !== "number" || hpa === noAddress) return undefined;
  const reason = (descriptor & descriptorBits.uncorrectable) !== 0 ? "uncorrectable" : (descriptor & descriptorBits.threshold) !== 0 ? "threshold" : undefined;
  return reason === undefined ? undefined : { address: hpa & ~pageMask, reason };
}

type Write = (line: string) => Task<void>;

/** Tries one way after the other. Returns whether the page is offline. */
function* takeOffline(tree: FileSystem, page: Page, action: Action, write: Write): Task<boolean> {
  const address = `0x${page.address.toString(16)}`;
  for (const way of actions[action]) {
    try {
      yield* tree.write(files[way], address);
      yield* write(`${address}: ${page.reason}: ${way} offline: done\n`);
      return true;
    } catch (thrown) {
      if (!(thrown instanceof SystemError)) throw thrown;
      yield* write(`${address}: ${page.reason}: ${way} offline: ${errnoText(thrown.errno)}\n`);
    }
  }
  return actions[action].length === 0;
}

/** Each page is tried once. Returns whether the line's page, if it has one, is offline. */
const handler = (tree: FileSystem, rules: Rules, write: Write) => {
  const tried = new Set<bigint>();
  return function* (line: string): Task<boolean> {
    const page = pageOf(line);
    if (page === undefined || tried.has(page.address)) return true;
    tried.add(page.address);
    return yield* takeOffline(tree, page, rules[page.reason], write);
  };
};

function actionOf(values: ReadonlyMap<string, string>, name: keyof Rules, usual: Action): Action {
  const given = values.get(name) ?? usual;
  if (!Object.hasOwn(actions, given)) throw new UsageProblem(`--${name}: "${given}" is no action; write none, soft, hard or soft-then-hard`);
  return given as Action;
}

interface Request {
  readonly mode: "help" | "once" | "daemon" | "follow";
  readonly rules: Rules;
  readonly log: string | undefined;
}

/** @throws UsageProblem */
function parse(argv: readonly string[]): Request {
  const { flags, values, words } = parseOptions(options, argv);
  if (words[0] !== undefined) throw new UsageProblem(`unknown word "${words[0]}"`);
  const rules = { threshold: actionOf(values, "threshold", "soft"), uncorrectable: actionOf(values, "uncorrectable", "hard") };
  const log = values.get("log");
  if (flags.has("daemon") && log === undefined) throw new UsageProblem("--daemon has no output of its own; write --log FILE");
  return { mode: flags.has("help") ? "help" : flags.has("once") ? "once" : flags.has("daemon") ? "daemon" : "follow", rules, log };
}

function* handleHeld(tree: FileSystem, handle: (line: string) => Task<boolean>): Task<number> {
  let isWhole = true;
  for (const line of traceLines(tree)) isWhole = (yield* handle(line)) && isWhole;
  return isWhole ? exits.done : exits.failed;
}

function* run({ files: tree, output }: Call, { mode, rules, log }: Request): Task<number> {
  const write: Write = log === undefined ? function* (line) { output.out(line); } : (line) => tree.append(log, line);
  if (log !== undefined) yield* tree.append(log, "");
  if (mode === "once") return yield* handleHeld(tree, handler(tree, rules, write));
  const listening = yield* listen(tree, "cxl", events);
  const follow = function* (own: FileSystem): Task<void> {
    const handle = handler(own, rules, write);
    try {
      yield* followTrace(own, listening, function* (line) { yield* handle(line); });
    } catch (thrown) {
      if (!(thrown instanceof SystemError)) throw thrown;
    }
  };
  if (mode === "daemon") tree.start("ras-page-offline", follow);
  else yield* follow(tree);
  return mode === "daemon" ? exits.done : exits.interrupted;
}

/** Takes pages offline by the events of the trace. Exit codes: see its usage. */
export function* rasPageOffline(call: Call): Task<number> {
  try {
    const request = parse(call.argv);
    if (request.mode !== "help") return yield* run(call, request);
    call.output.out(usage);
    return exits.done;
  } catch (thrown) {
    if (!(thrown instanceof UsageProblem) && !(thrown instanceof SystemError)) throw thrown;
    call.output.err(thrown instanceof UsageProblem ? `ras-page-offline: ${thrown.message}\n${usage}` : `ras-page-offline: ${errnoText(thrown.errno)}\n`);
    return thrown instanceof UsageProblem ? exits.usage : exits.failed;
  }
}
