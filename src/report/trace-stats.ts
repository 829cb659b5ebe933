// What a trace has in numbers, for a person and for a program.

import type { TraceFile } from "../scenario/trace/file.ts";
import type { TraceStats } from "../scenario/trace/stats.ts";
import { timeText } from "../scenario/time-text.ts";
import { traceLayers } from "../sim/trace.ts";
import type { Style } from "./console.ts";

const span = (first: number | null, last: number | null): string => (first === null || last === null ? "none" : `${timeText(first)} to ${timeText(last)}`);
const counted = (counts: Readonly<Record<string, number>>): string[] => Object.entries(counts).map(([name, count]) => `  ${String(count).padStart(9)}  ${name}`);

/** @returns lines with their ends */
export function statsText({ header }: TraceFile, stats: TraceStats, style: Style): string {
  const { machineChecks: checks, registers } = stats;
  const title = (text: string): string => style.paint("bold", text);
  const lines = [
    title(`${header.file}, seed ${header.seed}, ${header.served === undefined ? `${header.schedule} schedule with ${header.choices.length} choices` : `served to a driver outside, ${header.served.acts.length} outside acts`}`),
    `written by cxl-sandbox ${header.tool.version || "(it does not say)"}, module ${header.tool.moduleHash || "(it does not say)"}, digest ${header.traceDigest}`,
    `${stats.records} records, ${span(stats.firstAtNs, stats.lastAtNs)}`,
  ];
  for (const name of traceLayers) {
    const layer = stats.layers[name];
    if (layer !== undefined) lines.push("", title(`${name}: ${layer.records} records, ${span(layer.firstAtNs, layer.lastAtNs)}`), ...counted(layer.kinds));
  }
  if (Object.keys(stats.parts).length > 0) lines.push("", title("by part"), ...counted(stats.parts));
  if (checks.bursts > 0) lines.push("", title("machine checks"), `  ${checks.checks} in ${checks.bursts} bursts, the largest of ${checks.largestBurst} at ${timeText(checks.largestAtNs ?? 0)}`);
  if (registers.length > 0) {
    lines.push("", title("registers touched most"), `  ${"reads".padStart(9)}  ${"writes".padStart(9)}`);
    for (const { part, register, reads, writes } of registers) lines.push(`  ${String(reads).padStart(9)}  ${String(writes).padStart(9)}  ${part} ${register}`);
    if (stats.registersLeftOut > 0) lines.push(`  and ${stats.registersLeftOut} more`);
  }
  return `${lines.join("\n")}\n`;
}

export function jsonStats({ header: { file, seed, schedule, choices, tool, traceDigest, digests } }: TraceFile, stats: TraceStats): string {
  return `${JSON.stringify({ file, seed, schedule, choices: choices.length, tool, traceDigest, digests, ...stats }, null, 2)}\n`;
}
