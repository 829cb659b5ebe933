// Traces of served machines as a user of the command has them: replayed, shown, and refused where a run's is wanted.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { encodeTrace } from "../../src/scenario/trace/file.ts";
import { recordWords } from "../../src/sim/trace.ts";
import { commandIn } from "../support/command.ts";
import { fixture } from "../support/library.ts";
import { servedSession } from "../support/served-session.ts";

const folder = mkdtempSync(join(tmpdir(), "cxl-sandbox-served-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const run = (...argv: string[]) => commandIn(folder, ...argv);
const { trace } = servedSession();
writeFileSync(join(folder, "served.trace"), encodeTrace(trace));

test("replay drives the machine again from the file alone, and says that all is equal", async () => {
  const { status, stdout } = await run("replay", "served.trace", "--layers", "all");
  expect(stdout).toBe(`equal: ${trace.records.length / recordWords} records, digest ${trace.header.traceDigest}\n`);
  expect(status).toBe(0);
});

test("replay shows the first record that differs (1), and says what no served machine can have (2)", async () => {
  const records = trace.records.slice();
  const last = records.length - recordWords;
  records[last + 4] = (records[last + 4] ?? 0) ^ 1;
  writeFileSync(join(folder, "other.trace"), encodeTrace({ ...trace, records }));
  expect(await run("replay", "other.trace", "--layers", "all")).toMatchObject({ status: 1 });
  const { header } = trace;
  writeFileSync(join(folder, "unfit.trace"), encodeTrace({ ...trace, header: { ...header, served: { built: 1e6, acts: header.served?.acts ?? [] } } }));
  const unfit = await run("replay", "unfit.trace");
  expect([unfit.status, unfit.stderr]).toEqual([2, expect.stringMatching(/unfit.trace: .*header is damaged/s)]);
});

test("trace shows its accesses and counts its outside acts", async () => {
  expect((await run("trace", "stats", "served.trace")).stdout).toContain("served.yaml, seed 1, served to a driver outside, 9 outside acts");
  expect((await run("trace", "grep", "hdmDecoderDevice.control", "served.trace")).stdout).toMatch(/mem1.*hdmDecoderDevice\.control/);
});

test("run --schedule refuses it: it has no schedule", async () => {
  writeFileSync(join(folder, "small.yaml"), fixture("never-fires.yaml"));
  const { status, stderr } = await run("run", "small.yaml", "--schedule", "served.trace", "--no-worker");
  expect([status, stderr]).toEqual([2, expect.stringContaining("no kernel of ours ran")]);
});
