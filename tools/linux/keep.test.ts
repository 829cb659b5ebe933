// What becomes of a recorded trace when the hardware has changed: kept, where the driver would have done the same.

import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { decodeTrace } from "../../src/scenario/trace/file.ts";
import { accessKinds } from "../../src/scenario/trace/words.ts";
import { readRecord, recordWords } from "../../src/sim/trace.ts";
import { modules } from "../../test/support/machine.ts";
import { tool } from "../../test/support/traces.ts";
import { renewed } from "./keep.ts";
import { RigProblem } from "./problem.ts";

const recorded = decodeTrace(gunzipSync(readFileSync(new URL("../../test/fixtures/linux-traces/one-way.trace.gz", import.meta.url))));
const count = recorded.records.length / recordWords;
const indices = Array.from({ length: count }, (_, index) => index);

test("a trace that the module still makes is kept as it is, under the name of today's tool", () => {
  const { trace, changed } = renewed(modules.release, tool, recorded);
  expect(changed).toBeNull();
  expect(trace.records).toEqual(recorded.records);
  expect(trace.header).toEqual({ ...recorded.header, tool });
});

test("a record of the hardware's that is gone is told, and the trace is kept without it: the driver did not see it", () => {
  const index = indices.find((at) => readRecord(recorded.records, at).layer === "hardware" && at > (recorded.header.served?.built ?? 0)) ?? 0;
  const cut = index * recordWords;
  const records = new Uint32Array([...recorded.records.subarray(0, cut), ...recorded.records.subarray(cut, cut + recordWords), ...recorded.records.subarray(cut)]);
  const served = recorded.header.served ?? { built: 0, acts: [] };
  const acts = served.acts.map((act) => (act.records > index ? { ...act, records: act.records + 1 } : act));
  const { trace, changed } = renewed(modules.release, tool, { ...recorded, records, header: { ...recorded.header, served: { ...served, acts } } });
  expect(changed?.before).not.toBe(changed?.now);
  expect(trace.records).toEqual(recorded.records);
});

test("a trace with an answer that the module does not give any more is refused, with both answers", () => {
  const index = indices.findLast((at) => readRecord(recorded.records, at).layer === "access" && accessKinds[readRecord(recorded.records, at).kind] === "mmio read") ?? 0;
  const records = recorded.records.slice();
  records[index * recordWords + 4] = (records[index * recordWords + 4] ?? 0) ^ 1;
  expect(() => renewed(modules.release, tool, { ...recorded, records })).toThrow(RigProblem);
  expect(() => renewed(modules.release, tool, { ...recorded, records })).toThrow(/another answer than the driver had: mmio read .* then, mmio read .* now; record the case anew/);
});
