// `cxl-sandbox trace`: the records of a trace file as lines, counted, or searched.

import { RE2JS } from "re2js";
import { jsonStats, statsText } from "../report/trace-stats.ts";
import { onOneLine } from "../scenario/trace/names.ts";
import type { TraceFile } from "../scenario/trace/file.ts";
import type { SelectedRecord, TraceFilter } from "../scenario/trace/select.ts";
import { kindOf, partOf, selectRecords } from "../scenario/trace/select.ts";
import { statsOf } from "../scenario/trace/stats.ts";
import { createTraceWords, lineOfRecord } from "../scenario/trace/words.ts";
import { UsageError, countOf, parseWords } from "./arguments.ts";
import type { CommandModule } from "./commands.ts";
import { orComplaint } from "./complaints.ts";
import { writeLines } from "./line-writer.ts";
import { styleFor } from "./terminal.ts";
import { checkParts, filterHelp, filterOf, filterOptions, readTrace } from "./trace-input.ts";

const exits = { done: 0, none: 1 } as const;
const mostContext = 10_000;
const mostRegisters = 10_000;

const help = `usage: cxl-sandbox trace cat TRACE [options]
       cxl-sandbox trace stats TRACE [options]
       cxl-sandbox trace grep PATTERN TRACE [options]

Shows a trace file that \`cxl-sandbox run --trace on\` wrote: one line for each record (virtual seconds since power-on, layer,
what happened, in words and with registers by name), what it has in numbers, or the lines that a pattern matches.
PATTERN is a regular expression in the syntax of RE2; it is held against the layer and the words of a record.

${filterHelp}
  --json          cat, grep: one JSON object for each record; stats: one JSON object

of grep
  -i, --ignore-case    letters are alike in upper and lower case
  -C, --context N      N records before and behind each that matches (among those that the options let through)
  -c, --count          only how many match

of stats
  --registers N        so many of the registers that were touched most (default 20)

Records go to standard output; a pipe that is closed early is no error. docs/trace.md has the format.

exit status
  0  done; grep: something matched
  1  grep: nothing matched
  2  wrong usage, or no trace file
`;

const optionTable = {
  ...filterOptions,
  json: { type: "boolean", default: false },
  "ignore-case": { type: "boolean", short: "i", default: false },
  context: { type: "string", short: "C" },
  count: { type: "boolean", short: "c", default: false },
  registers: { type: "string" },
} as const;

type Values = ReturnType<typeof parseWords<typeof optionTable>>["values"];
type Say = (selected: SelectedRecord) => string;

function sayer(trace: TraceFile, isJson: boolean): Say {
  const words = createTraceWords(trace);
  if (!isJson) return ({ record }) => lineOfRecord(record, words(record));
  return ({ index, record }) => {
    const part = partOf(record);
    const { time, layer, a, b, c, d, e, f } = record;
    return JSON.stringify({ record: index, atNs: time, layer, kind: kindOf(record), ...(part === undefined ? {} : { part: trace.parts.get(part) ?? null }), text: words(record), arguments: [a, b, c, d, e, f] });
  };
}

function* linesOfAll(trace: TraceFile, filter: TraceFilter, say: Say): Generator<string> {
  for (const selected of selectRecords(trace, filter)) yield say(selected);
}

/** @throws UsageError */
function compile(pattern: string, ignoresCase: boolean): RE2JS {
  try {
    return RE2JS.compile(pattern, ignoresCase ? RE2JS.CASE_INSENSITIVE : 0);
  } catch (error) {
    throw new UsageError(`"${onOneLine(pattern.slice(0, 200))}" is no regular expression in the syntax of RE2 (${onOneLine(error instanceof Error ? error.message : String(error)).slice(0, 200)})`);
  }
}

/** What a search comes to, while its lines go out. */
interface Found {
  count: number;
}

/** Lines that match with those around them, `--` between groups. */
function* matches(trace: TraceFile, filter: TraceFilter, say: Say, regex: RE2JS, context: number, found: Found): Generator<string> {
  const words = createTraceWords(trace);
  const before: SelectedRecord[] = [];
  let following = 0;
  let isGap = false;
  for (const selected of selectRecords(trace, filter)) {
    const { record } = selected;
    if (regex.matcher(`${record.layer} ${words(record)}`).find()) {
      if (isGap && context > 0 && found.count > 0) yield "--";
      for (const one of before.splice(0)) yield say(one);
      yield say(selected);
      found.count++;
      following = context;
      isGap = false;
    } else if (following > 0) {
      following--;
      yield say(selected);
    } else {
      before.push(selected);
      if (before.length > context) {
        before.shift();
        isGap = true;
      }
    }
  }
}

async function grep(trace: TraceFile, filter: TraceFilter, pattern: string, values: Values): Promise<number> {
  const context = values.context === undefined ? 0 : countOf(values.context, "context", mostContext);
  const found: Found = { count: 0 };
  const lines = matches(trace, filter, sayer(trace, values.json === true), compile(pattern, values["ignore-case"] === true), context, found);
  if (values.count !== true) await writeLines(lines);
  else {
    for (const line of lines) void line;
    process.stdout.write(`${found.count}\n`);
  }
  return found.count > 0 ? exits.done : exits.none;
}

const actions = {
  cat: { words: 1, usage: "trace cat needs one trace file" },
  stats: { words: 1, usage: "trace stats needs one trace file" },
  grep: { words: 2, usage: "trace grep needs a pattern and one trace file" },
} as const;

const isAction = (name: string | undefined): name is keyof typeof actions => name !== undefined && Object.hasOwn(actions, name);

async function show(argv: readonly string[]): Promise<number> {
  const { values, positionals: [action, ...words] } = parseWords(argv, optionTable);
  if (!isAction(action)) throw new UsageError(action === undefined ? "trace needs a word: cat, stats or grep" : `trace has cat, stats and grep, not "${action}"`);
  if (words.length !== actions[action].words) throw new UsageError(actions[action].usage);
  const filter = filterOf(values);
  const trace = readTrace(words.at(-1) ?? "");
  checkParts(trace, filter);
  if (action === "grep") return grep(trace, filter, words[0] ?? "", values);
  if (action === "cat") await writeLines(linesOfAll(trace, filter, sayer(trace, values.json === true)));
  else {
    const stats = statsOf(trace, filter, values.registers === undefined ? 20 : countOf(values.registers, "registers", mostRegisters));
    process.stdout.write(values.json === true ? jsonStats(trace, stats) : statsText(trace, stats, styleFor(process.stdout)));
  }
  return exits.done;
}

export const command: CommandModule = { help, main: (argv) => orComplaint(() => show(argv)) };
