// `dmesg` of util-linux over /dev/kmsg: formats, levels, following, clearing. Dates count from 1 January 1970 at power-on: the machine has no clock of days.

import { SystemError } from "../kernel/base/errno.ts";
import type { FileSystem } from "../kernel/sysfs/file-system.ts";
import type { Task } from "../sim/task.ts";
import type { Options } from "./options.ts";
import { parseOptions } from "./options.ts";
import type { Output } from "./output.ts";
import { Interrupted } from "./process-files.ts";

const spec = {
  level: { short: "l", value: true }, follow: { short: "w" }, "follow-new": { short: "W" }, ctime: { short: "T" }, human: { short: "H" }, reltime: { short: "e" }, "show-delta": { short: "d" }, notime: { short: "t" },
  decode: { short: "x" }, raw: { short: "r" }, kernel: { short: "k" }, userspace: { short: "u" }, clear: { short: "C" }, "read-clear": { short: "c" }, nopager: { short: "P" },
} as const;

const levels = ["emerg", "alert", "crit", "err", "warn", "notice", "info", "debug"];

interface Entry {
  readonly level: number;
  readonly sequence: number;
  /** Microseconds since power-on. */
  readonly at: number;
  readonly text: string;
}

function entriesOf(files: FileSystem): Entry[] {
  return files.read("/dev/kmsg").split("\n").flatMap((line) => {
    const match = /^(\d+),(\d+),(\d+),-;(.*)$/.exec(line);
    return match === null ? [] : [{ level: Number(match[1]), sequence: Number(match[2]), at: Number(match[3]), text: match[4] ?? "" }];
  });
}

/** Levels that are shown; debug lines only when named, as without dynamic debug. Or the name that is none. */
function wantedLevels(text: string | undefined): ReadonlySet<number> | string {
  const wanted = new Set<number>();
  for (const name of text?.split(",") ?? ["info+"]) {
    const index = levels.indexOf(name.replace(/\+$/, ""));
    if (index < 0) return name;
    for (let level = name.endsWith("+") ? 0 : index; level <= index; level++) wanted.add(level);
  }
  return wanted;
}

const two = (value: number): string => String(value).padStart(2, "0");
const million = 1_000_000;
const seconds = (microseconds: number, width: number): string => `${String(Math.floor(microseconds / million)).padStart(width)}.${String(microseconds % million).padStart(6, "0")}`;

const weekdays = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
const months = [["Jan", 31], ["Feb", 28], ["Mar", 31], ["Apr", 30], ["May", 31], ["Jun", 30], ["Jul", 31], ["Aug", 31], ["Sep", 30], ["Oct", 31], ["Nov", 30], ["Dec", 31]] as const;

/** A moment of the first year after power-on; later ones begin it again. */
function calendar(microseconds: number): { readonly month: string; readonly day: number; readonly weekday: string; readonly clock: string; readonly second: string } {
  const whole = Math.floor(microseconds / million);
  const days = Math.floor(whole / 86_400);
  let left = days % 365;
  let index = 0;
  while (left >= (months[index]?.[1] ?? 365)) left -= months[index++]?.[1] ?? 365;
  return { month: months[index]?.[0] ?? "", day: left + 1, weekday: weekdays[days % 7] ?? "", clock: `${two(Math.floor(whole / 3600) % 24)}:${two(Math.floor(whole / 60) % 60)}`, second: two(whole % 60) };
}

/** Formats entries one after the other; some forms look back at the one before. */
function createFormat({ flags }: Options): (entry: Entry) => string {
  let before: Entry | null = null;
  const time = ({ at }: Entry): string => {
    const delta = at - (before?.at ?? at);
    if (flags.has("notime")) return "";
    if (flags.has("ctime")) {
      const { weekday, month, day, clock, second } = calendar(at);
      return `[${weekday} ${month} ${String(day).padStart(2)} ${clock}:${second} 1970] `;
    }
    if (flags.has("show-delta")) return `[${seconds(at, 5)} <${seconds(delta, 5)}>] `;
    if (!flags.has("human") && !flags.has("reltime")) return `[${seconds(at, 5)}] `;
    const { month, day, clock } = calendar(at);
    const isNewMinute = before === null || Math.floor(before.at / (60 * million)) !== Math.floor(at / (60 * million));
    return isNewMinute ? `[${month}${String(day).padStart(2)} ${clock}] ` : `[${`+${seconds(delta, 0)}`.padStart(11)}] `;
  };
  return (entry) => {
    const prefix = flags.has("raw") ? `<${entry.level}>` : flags.has("decode") ? `kern  :${(levels[entry.level] ?? "").padEnd(6)}: ` : "";
    const line = `${prefix}${time(entry)}${entry.text}\n`;
    before = entry;
    return line;
  };
}

/** @throws Interrupted a signal: dmesg has nothing to put in order */
function* awaitMore(files: FileSystem): Task<void> {
  try {
    yield* files.poll("/dev/kmsg");
  } catch (thrown) {
    if (thrown instanceof SystemError && thrown.errno === "EINTR") throw new Interrupted();
    throw thrown;
  }
}

/** `dmesg`: exit code. -w goes on until a signal. */
export function* dmesg(files: FileSystem, argv: readonly string[], output: Output): Task<number> {
  const options = parseOptions(spec, argv);
  const { flags } = options;
  const wanted = wantedLevels(options.values.get("level"));
  if (typeof wanted === "string") {
    output.err(`dmesg: unknown level '${wanted}'\n`);
    return 1;
  }
  if (flags.has("clear")) {
    files.clearLog();
    return 0;
  }
  const format = createFormat(options);
  const isShown = (entry: Entry): boolean => wanted.has(entry.level) && (flags.has("kernel") || !flags.has("userspace"));
  let next = flags.has("follow-new") ? (entriesOf(files).at(-1)?.sequence ?? -1) + 1 : 0;
  for (;;) {
    const fresh = entriesOf(files).filter((entry) => entry.sequence >= next);
    output.out(fresh.filter(isShown).map(format).join(""));
    next = (fresh.at(-1)?.sequence ?? next - 1) + 1;
    if (flags.has("read-clear")) files.clearLog();
    if (!flags.has("follow") && !flags.has("follow-new")) return 0;
    yield* awaitMore(files);
  }
}
