// What a record says, in words: the one wording, of goldens, differences, reports, the prompt and the library. It holds nothing that differs between equal runs.

import type { TraceRecord } from "../../sim/trace.ts";
import { kernelKinds, resultKinds } from "../../sim/trace.ts";
import { hardwareWords } from "./hardware-words.ts";
import { many, onOneLine } from "./names.ts";
import type { TraceNames } from "./names.ts";
import { createRegisterWords } from "./register-words.ts";

export { hardwareKinds } from "./hardware-words.ts";
export { accessKinds } from "./register-words.ts";
export type { TraceNames } from "./names.ts";

function kernelWords(text: string, detail: string, { kind, e, f }: TraceRecord): string {
  const what = `${text}${detail === "" ? "" : `: ${detail}`}`;
  if (kind === kernelKinds.choice) return `${what}: task ${e + 1} of ${f} goes on`;
  if (kind === kernelKinds.interrupt) return `interrupt for ${what}, data 0x${e.toString(16)}`;
  if (kind === kernelKinds.machineCheck) return `${many(e, "machine check")} for ${what}`;
  return e === 0 && f === 0 ? what : `${what} [${e} ${f}]`;
}

function resultWords(text: string, detail: string, { kind, e }: TraceRecord): string {
  if (kind === resultKinds.fault) return `fault ${text}: ${detail}, ${many(e, "time")}`;
  if (kind === resultKinds.expectation) return `expectation ${text}: ${detail}`;
  if (kind === resultKinds.metric) return `metric ${text}: ${detail}`;
  if (kind === resultKinds.outcome) return `outcome ${text}: ${detail}`;
  if (kind === resultKinds.step) return `step ${text}: exit status ${e}${detail === "" ? "" : `: ${detail}`}`;
  if (kind === resultKinds.mark) return `mark ${text}`;
  return `${text}: ${detail}`;
}

/** Makes the words of one trace's records. */
export function createTraceWords(names: TraceNames): (record: TraceRecord) => string {
  const registers = createRegisterWords(names);
  return (record) => {
    const { layer, a, b } = record;
    if (layer === "hardware") return onOneLine(hardwareWords(record, names, registers));
    if (layer === "access") return onOneLine(registers.access(record));
    const text = names.strings[a] ?? "";
    const detail = names.strings[b] ?? "";
    if (layer === "log") return onOneLine(`${text}${detail === "" ? "" : ` (${detail})`}`);
    return onOneLine(layer === "kernel" ? kernelWords(text, detail, record) : resultWords(text, detail, record));
  };
}

/** Virtual seconds with all nine digits, in a column. */
export const timeColumn = (time: number): string => `${String(Math.floor(time / 1e9)).padStart(5)}.${String(time % 1e9).padStart(9, "0")}`;

/** A record as one line: virtual seconds, layer, what happened. */
export const lineOfRecord = ({ time, layer }: TraceRecord, words: string): string => `[${timeColumn(time)}] ${layer.padEnd(8)} ${words}`;
