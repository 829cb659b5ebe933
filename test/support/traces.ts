// Traces for tests, and trace files taken apart and put together again.

import { startScenario } from "../../src/sandbox.ts";
import type { RunInput } from "../../src/sandbox.ts";
import type { TraceFile, TraceTool } from "../../src/scenario/trace/file.ts";
import { encodeTrace } from "../../src/scenario/trace/file.ts";
import { crc32 } from "../../src/sim/crc32.ts";
import { modules } from "./machine.ts";

export const tool: TraceTool = { version: "1.2.3", moduleHash: "0123456789abcdef" };

export function traceOf(file: string, text: string, input: Partial<RunInput> & { readonly slice?: number } = {}): TraceFile {
  const { slice, ...options } = input;
  const run = startScenario(modules.release, { file, text, seed: 1, schedule: "fixed", keepTrace: true, tool, ...options });
  let steps = 0;
  while (run.run(() => slice !== undefined && ++steps % slice === 0) !== "done") continue;
  const trace = run.traceFile();
  if (trace === null) throw new Error(`${file} gave no trace`);
  return trace;
}

/** Scenarios whose trace files are made in every engine. */
const everywhere = ["isolation/h-behind-switch.yaml", "recovery/second-port.yaml", "device/events.yaml", "machine-checks/overflow-amd.yaml", "verdict/reboot-warm.yaml"];

/** Length and checksum of their trace files, by name; `files`: texts of scenarios by any path. */
export function traceSums(files: Readonly<Record<string, string>>): Record<string, readonly number[]> {
  return Object.fromEntries(everywhere.map((name) => {
    const bytes = encodeTrace(traceOf(name, Object.entries(files).find(([path]) => path.endsWith(name))?.[1] ?? "", { schedule: "seeded", seed: 3 }));
    return [name, [bytes.length, crc32(bytes)]] as const;
  }));
}

export interface Section {
  readonly tag: string;
  readonly payload: Uint8Array;
}

/** Sections of a trace that is whole. */
export function sectionsOf(bytes: Uint8Array): Section[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const sections: Section[] = [];
  for (let at = 16; at < bytes.length; ) {
    const length = view.getUint32(at + 8, true);
    sections.push({ tag: String.fromCharCode(...bytes.subarray(at, at + 4)), payload: bytes.slice(at + 16, at + 16 + length) });
    at += 16 + ((length + 7) & ~7);
  }
  return sections;
}

/** A trace file of sections, with checksums that fit. */
export function fileOf(sections: readonly Section[]): Uint8Array {
  const chunks = sections.map(({ tag, payload }) => {
    const bytes = new Uint8Array(16 + ((payload.length + 7) & ~7));
    const view = new DataView(bytes.buffer);
    for (let index = 0; index < 4; index++) bytes[index] = tag.charCodeAt(index);
    view.setUint32(8, payload.length, true);
    bytes.set(payload, 16);
    view.setUint32(4, crc32(bytes.subarray(8), crc32(bytes.subarray(0, 4))), true);
    return bytes;
  });
  const start = Uint8Array.of(0x89, 0x43, 0x58, 0x54, 0x0d, 0x0a, 0x1a, 0x0a, 1, 0, 0, 0, 0, 0, 0, 0);
  return Uint8Array.from(Buffer.concat([start, ...chunks]));
}

/** The file of a trace with sections changed. */
export const withSections = (trace: TraceFile, change: (sections: Section[]) => readonly Section[]): Uint8Array => fileOf(change(sectionsOf(encodeTrace(trace))));
