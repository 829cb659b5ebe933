// Trace files damaged at random, byte by byte and piece by piece: reading, showing, counting, comparing and replaying them ends with an answer or one clear message.
// 1,000 here; CXL_SANDBOX_FUZZ_TRACES says how many (npm run campaign).

import { describe, expect, it } from "vitest";
import { headerDiff } from "../../src/report/header-diff.ts";
import { plain } from "../../src/report/console.ts";
import { jsonStats, statsText } from "../../src/report/trace-stats.ts";
import { replayTrace } from "../../src/sandbox/replay.ts";
import { ScenarioFileError } from "../../src/sandbox.ts";
import { compareTraces } from "../../src/scenario/trace/compare.ts";
import type { TraceFile } from "../../src/scenario/trace/file.ts";
import { TraceFileError, decodeTrace, encodeTrace, linesOf } from "../../src/scenario/trace/file.ts";
import { statsOf } from "../../src/scenario/trace/stats.ts";
import { createRandom, nextBelow } from "../../src/sim/random.ts";
import { recordWords, traceLayers } from "../../src/sim/trace.ts";
import { fixture } from "../support/library.ts";
import { modules } from "../support/machine.ts";
import { damaged } from "../support/trace-damage.ts";
import { tool, traceOf } from "../support/traces.ts";

const count = Number(process.env["CXL_SANDBOX_FUZZ_TRACES"] ?? "1000");
const batch = 100;
const whole = traceOf("never-fires.yaml", fixture("never-fires.yaml"));
/** Some of each layer. */
const trace: TraceFile = { ...whole, records: Uint32Array.from([...whole.records.subarray(0, 200 * recordWords), ...whole.records.subarray(-100 * recordWords)]) };
const bytes = encodeTrace(trace);
const unsafe = /\p{Cc}|[\u2028\u2029]/u;

/** What every command makes of a trace that could be read. */
function useAll(read: TraceFile): void {
  const said: string[] = [];
  for (const layer of traceLayers) for (const { text } of linesOf(read, layer)) said.push(text);
  const stats = statsOf(read, {}, 5);
  expect(statsText(read, stats, plain).length + jsonStats(read, stats).length).toBeGreaterThan(0);
  const { divergences } = compareTraces(trace, read, { layers: traceLayers, withTimes: true, context: 2 });
  for (const { expected, actual } of divergences) said.push(`${expected ?? ""}${actual ?? ""}`);
  said.push(...headerDiff(trace.header, read.header, null));
  expect(said.filter((text) => unsafe.test(text))).toEqual([]);
}

function replayOf(read: TraceFile): "replayed" | "refused" {
  try {
    replayTrace(modules.release, read, { tool });
    return "replayed";
  } catch (error) {
    if (error instanceof ScenarioFileError) return "refused";
    throw error;
  }
}

describe("damaged trace files", () => {
  for (let from = 0; from < count; from += batch) {
    it(`${from} to ${Math.min(from + batch, count) - 1}: an answer, or one message with its byte`, () => {
      const seen = { read: 0, unreadable: 0, replayed: 0, refused: 0 };
      for (let seed = from; seed < Math.min(from + batch, count); seed++) {
        const random = createRandom(seed, 9);
        const file = damaged(random, trace, bytes);
        let read: TraceFile;
        try {
          read = decodeTrace(file);
        } catch (error) {
          if (!(error instanceof TraceFileError)) throw new Error(`seed ${seed}`, { cause: error });
          expect(error.message).toMatch(/^byte \d+: [^\n]+$/);
          expect(error.offset).toBeLessThanOrEqual(file.length);
          seen.unreadable++;
          continue;
        }
        seen.read++;
        try {
          useAll(read);
          if (nextBelow(random, 10) === 0) seen[replayOf(read)]++;
        } catch (error) {
          throw new Error(`seed ${seed}`, { cause: error });
        }
      }
      // Both are met: a fuzzer whose files are never read shows nothing.
      expect([seen.read > 0, seen.unreadable > 0]).toEqual([true, true]);
    });
  }
});
