// The twin test of a case: what the real kernel showed beside what ours does on the same hardware with the same faults and commands.

import type { Facts } from "../conformance/linux/facts.ts";
import { documentIn, iomemFacts, outputFacts } from "../conformance/linux/facts.ts";
import type { Names } from "../conformance/linux/names.ts";
import { lasting, nameless, namesIn } from "../conformance/linux/names.ts";
import { CaptureError } from "../conformance/capture.ts";
import type { LinuxCase } from "./cases.ts";
import type { Explanation } from "./explained.ts";
import { explanations } from "./explained.ts";
import type { TraceFile } from "../../src/scenario/trace/file.ts";
import { driverWrites, partings } from "./driver-writes.ts";
import type { CaseRecord } from "./record.ts";
import type { LogLine, Shown } from "./twin.ts";
import { runTwin } from "./twin.ts";

/** One place where the two differ; absent values: only the other side has it. */
export interface Difference {
  readonly place: string;
  readonly real: string | undefined;
  readonly ours: string | undefined;
}

export interface TwinResult {
  readonly case: string;
  readonly title: string;
  readonly entries: number;
  readonly equal: number;
  readonly explained: ReadonlyMap<Explanation, readonly Difference[]>;
  readonly different: readonly Difference[];
  /** Debug lines of the real kernel that ours does not write. */
  readonly debugLines: number;
}

const rawLine = /^<(\d+)>\[ *\d+\.\d+\] ?(.*)$/;
const consoleLine = /^\[ *\d+\.\d+\] ?(.*)$/;

/** What a record of a real run shows. Lines that came from the console alone have no level: 6 stands for it. */
function shownOf(record: CaseRecord, trace: TraceFile | null): Shown {
  const log = record.dmesg.map((line): LogLine => {
    const [, level, text] = rawLine.exec(line) ?? [];
    return level === undefined ? { level: 6, text: consoleLine.exec(line)?.[1] ?? line } : { level: Number(level) & 7, text: text ?? "" };
  });
  return {
    commands: record.commands, log, iomem: record.iomem, registers: record.registers,
    faults: record.faults.map(({ count }) => count), problems: record.problem === null ? [] : [record.problem],
    writes: trace === null ? null : driverWrites(trace),
  };
}

/** Names as the first listing that has them says: devices do not change theirs within a case. */
function namesOf({ commands }: Shown): Names {
  const names = new Map<string, string>();
  for (const { stdout } of commands) {
    try {
      for (const [name, last] of namesIn(documentIn(stdout), names)) if (!names.has(name)) names.set(name, last);
    } catch (error) {
      if (!(error instanceof CaptureError)) throw error;
    }
  }
  return names;
}

const isOfCxl = (text: string): boolean => /\bcxl|\bdax|\bregion\d|\bmem\d|\bhmem|\bkmem|\bdecoder\d|\bendpoint\d|\bpcieport\b|Secondary Bus|\bAER\b/.test(text) && !/[Cc]ommand line|_OSC|dyndbg/.test(text);
const debugLevel = 7;

/** What is different in every boot and says nothing: addresses of register blocks, times, numbers of sequence. */
const plain = (text: string): string => text.replaceAll(/0x0*([0-9a-f]+)\b/g, "0x$1").trim();

/** Lines with how often each is there. */
function counted(lines: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const line of lines) counts.set(line, (counts.get(line) ?? 0) + 1);
  return counts;
}

interface Side {
  readonly shown: Shown;
  readonly names: Names;
  /** No listing of one of the two tells whose its names are: all are compared by kind. */
  readonly isNameless: boolean;
}

const named = ({ names, isNameless }: Side, text: string): string => (isNameless ? nameless(lasting(names, text)) : lasting(names, text));
const linesOf = (side: Side, levels: (level: number) => boolean): string[] => side.shown.log.filter(({ level, text }) => levels(level) && isOfCxl(text)).map(({ text }) => plain(named(side, text)));

function logFacts(real: Side, ours: Side): { readonly real: Facts; readonly ours: Facts; readonly debugLines: number } {
  const [realLines, ourLines] = [real, ours].map((side) => counted(linesOf(side, (level) => level < debugLevel)));
  const [realDebug, ourDebug] = [real, ours].map((side) => counted(linesOf(side, (level) => level === debugLevel)));
  const into = [new Map<string, string>(), new Map<string, string>()] as const;
  for (const [index, lines] of [realLines, ourLines].entries()) for (const [line, count] of lines ?? []) into[index === 0 ? 0 : 1].set(`log "${line}"`, `${count} times`);
  let debugLines = 0;
  for (const line of new Set([...(realDebug ?? new Map<string, number>()).keys(), ...(ourDebug ?? new Map<string, number>()).keys()])) {
    const [theirs, own] = [realDebug?.get(line) ?? 0, ourDebug?.get(line) ?? 0];
    // What ours does not say at all is no claim of ours.
    if (own === 0) debugLines += theirs;
    else {
      into[1].set(`debug log "${line}"`, "said");
      if (theirs > 0) into[0].set(`debug log "${line}"`, "said");
    }
  }
  return { real: into[0], ours: into[1], debugLines };
}

function factsOfOutput(title: string, output: string): Facts {
  try {
    return outputFacts(title, output);
  } catch (error) {
    if (!(error instanceof CaptureError)) throw error;
    return new Map([[`${title} text`, output]]);
  }
}

/** Outputs, exit statuses, addresses, registers and evidence by place, with lasting names. */
function shownFacts(side: Side): Facts {
  const { shown } = side;
  const facts = new Map<string, string>();
  const add = (place: string, value: string): void => void facts.set(named(side, place), named(side, value));
  for (const [index, { command, exitCode, stdout, stderr }] of shown.commands.entries()) {
    const title = `${index + 1} $ ${command}`;
    add(`${title} exit code`, String(exitCode));
    for (const [place, value] of factsOfOutput(title, stderr + stdout)) add(place, value);
  }
  for (const [place, value] of iomemFacts(shown.iomem)) add(place, value);
  for (const [place, value] of Object.entries(shown.registers ?? {})) facts.set(`register ${place}`, value);
  for (const [index, count] of shown.faults.entries()) facts.set(`fault ${index + 1} acted`, String(count));
  for (const [index, problem] of shown.problems.entries()) facts.set(`problem ${index + 1}`, problem);
  return facts;
}

/** Runs the twin of a recorded case and holds the two against each other. `trace`: of the recorded one, if there is one. */
export async function compareCase(linux: LinuxCase, record: CaseRecord, trace: TraceFile | null): Promise<TwinResult> {
  const shown = [shownOf(record, trace), await runTwin(linux, record.iomem)] as const;
  const names = [namesOf(shown[0]), namesOf(shown[1])] as const;
  const isNameless = names.some(({ size }) => size === 0);
  const [real, ours] = [{ shown: shown[0], names: names[0], isNameless }, { shown: shown[1], names: names[1], isNameless }];
  const log = logFacts(real, ours);
  const sides = [new Map([...shownFacts(real), ...log.real]), new Map([...shownFacts(ours), ...log.ours])] as const;
  const explained = new Map<Explanation, Difference[]>();
  const different: Difference[] = [];
  const judge = (difference: Difference): void => {
    const found = explanations.find((one) => one.holds(difference, linux.name));
    if (found === undefined) different.push(difference);
    else explained.set(found, [...(explained.get(found) ?? []), difference]);
  };
  const places = [...new Set([...sides[0].keys(), ...sides[1].keys()])].map((place): Difference => ({ place, real: sides[0].get(place), ours: sides[1].get(place) }));
  const unequal = places.filter((one) => one.real !== one.ours);
  const writes = shown[0].writes === null || shown[1].writes === null ? { equal: 0, partings: [] } : partings(shown[0].writes, shown[1].writes);
  for (const difference of [...unequal, ...writes.partings]) judge(difference);
  const equal = places.length - unequal.length + writes.equal;
  return { case: linux.name, title: linux.plan.name, entries: equal + unequal.length + writes.partings.length, equal, explained, different, debugLines: log.debugLines };
}
