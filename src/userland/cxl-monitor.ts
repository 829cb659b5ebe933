// `cxl monitor`: events of the system `cxl` as they come, one JSON object each, until it is interrupted; or in the background into a file.

import { SystemError, errnoTable } from "../kernel/base/errno.ts";
import type { FileSystem } from "../kernel/sysfs/file-system.ts";
import type { Task } from "../sim/task.ts";
import { cxlUsage } from "./cxl-usage.ts";
import type { Json } from "./json.ts";
import { toJson, toJsonLine } from "./json.ts";
import { UsageProblem, parseOptions } from "./options.ts";
import type { Output } from "./output.ts";
import { fieldsOf } from "./trace-fields.ts";
import type { Listening } from "./trace-follow.ts";
import { followTrace, listen } from "./trace-follow.ts";

const defaultLog = "/var/log/cxl-monitor.log";
/** Exit codes: of a command that SIGINT ended; of a program that returns a negative error number. */
const interrupted = 130;
const exitOfErrno = 256;

/** Where a line goes. */
type Write = (files: FileSystem, line: string) => Task<void>;

/** An event of a line of the trace. Time in nanoseconds since power-on; the trace's text has microseconds. */
function eventOf(line: string): Json | undefined {
  const match = /\s(\d+)\.(\d{6}): (cxl_\w+): (.*)$/.exec(line);
  if (match === null) return undefined;
  const [, seconds = "0", microseconds = "0", event = "", text = ""] = match;
  const fields = fieldsOf(event, text);
  return fields === undefined ? undefined : { system: "cxl", event, timestamp: (BigInt(seconds) * 1_000_000n + BigInt(microseconds)) * 1000n, ...fields };
}

/** Writes every event, until it is interrupted. @throws SystemError EINTR, and what writing a line throws */
const follow = (files: FileSystem, listening: Listening, isHuman: boolean, write: Write): Task<never> =>
  followTrace(files, listening, function* (line) {
    const event = eventOf(line);
    if (event !== undefined) yield* write(files, isHuman ? toJson(event) : `${toJsonLine(event)}\n`);
  });

/** In the background: what goes wrong ends it, and nobody hears of it. */
function* followQuietly(files: FileSystem, listening: Listening, isHuman: boolean, write: Write): Task<void> {
  try {
    yield* follow(files, listening, isHuman, write);
  } catch (thrown) {
    if (!(thrown instanceof SystemError)) throw thrown;
  }
}

const fail = (output: Output, text: string, errno: keyof typeof errnoTable): number => {
  output.err(`  Error: ${text}\n\n`);
  return exitOfErrno - errnoTable[errno][0];
};

export function* monitor(files: FileSystem, argv: readonly string[], output: Output): Task<number> {
  const { flags, values, words } = parseOptions(cxlUsage.monitor.options, argv);
  if (words.length > 0) throw new UsageProblem(`unknown parameter "${words[0] ?? ""}"\n`);
  const isDaemon = flags.has("daemon");
  const log = values.get("log") ?? (isDaemon ? defaultLog : "standard");
  if (isDaemon && !log.startsWith("/")) return fail(output, "relative path or 'standard' are not compatible with daemon mode", "EINVAL");
  const write: Write = log === "standard" ? function* (_files, line) { output.out(line); } : (into, line) => into.append(log, line);
  try {
    if (log !== "standard") yield* files.append(log, "");
  } catch (thrown) {
    if (!(thrown instanceof SystemError)) throw thrown;
    return fail(output, `open ${log} failed: -${thrown.number}`, thrown.errno);
  }
  const listening = yield* listen(files, "cxl");
  if (isDaemon) {
    files.start("cxl monitor", (own) => followQuietly(own, listening, flags.has("human"), write));
    return 0;
  }
  try {
    return yield* follow(files, listening, flags.has("human"), write);
  } catch (thrown) {
    if (!(thrown instanceof SystemError)) throw thrown;
    return thrown.errno === "EINTR" ? interrupted : fail(output, `failed: -${thrown.number}`, thrown.errno);
  }
}
