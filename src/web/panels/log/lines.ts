// Lines of the kernel's log: which are shown, how they are written, which are new.

import type { LogLine } from "../../../scenario/details.ts";
import type { TimeRange } from "../../store/contract.ts";
import { shownText } from "../../shown-text.ts";

export const levels = ["emerg", "alert", "crit", "err", "warn", "notice", "info", "debug"] as const;

export interface LogFilter {
  /** The least grave level that is shown. */
  readonly level: string;
  /** Stands in the line, in capitals or not. */
  readonly text: string;
  readonly range: TimeRange | null;
}

/** A line with its number in the whole log. */
export interface ShownLine extends LogLine {
  readonly index: number;
}

export function filtered(lines: readonly LogLine[], { level, text, range }: LogFilter): ShownLine[] {
  const most = levels.indexOf(level as (typeof levels)[number]);
  const wanted = text.toLowerCase();
  return lines.flatMap((line, index) => {
    const isWanted = levels.indexOf(line.level as (typeof levels)[number]) <= most && (wanted === "" || line.text.toLowerCase().includes(wanted)) && (range === null || (line.atNs >= range.fromNs && line.atNs <= range.toNs));
    return isWanted ? [{ ...line, text: shownText(line.text), index }] : [];
  });
}

const places = 6;

/** Seconds as dmesg has them, of virtual ns since power-on. */
export function stampOf(atNs: number): string {
  const micros = Math.floor(atNs / 1000);
  return `${String(Math.floor(micros / 1e6)).padStart(5)}.${String(micros % 1e6).padStart(places, "0")}`;
}

/** As dmesg prints them. */
export const logText = (lines: readonly LogLine[]): string => lines.map(({ atNs, text }) => `[${stampOf(atNs)}] ${text}\n`).join("");
