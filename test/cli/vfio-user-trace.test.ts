// The trace of a served machine on its way to its file: a piece at a time, whole or not at all.

import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { keepWriting } from "../../src/cli/vfio-user-trace.ts";
import { decodeTrace } from "../../src/scenario/trace/file.ts";
import { servedSession } from "../support/served-session.ts";

let folder = "";
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), "vfio-trace-"))));
afterEach(() => rmSync(folder, { recursive: true }));

const { trace } = servedSession();
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test("an end in the middle of a piece leaves the last of the trace, whole, and no part of the one before", { timeout: 30_000 }, async () => {
  const path = join(folder, "m.trace");
  let traceLength = 1;
  const keeper = keepWriting(path, folder, { traceFile: () => trace, get traceLength() { return traceLength; } }, () => {});
  traceLength = 2;
  while (!existsSync(`${path}.part`)) await turn();
  expect(existsSync(path)).toBe(false);
  expect(keeper.end()).toEqual({ path, trouble: null });
  expect(readdirSync(folder)).toEqual(["m.trace"]);
  expect(decodeTrace(readFileSync(path)).records).toEqual(trace.records);
  for (let turns = 0; turns < 20; turns++) await turn();
  expect(readdirSync(folder)).toEqual(["m.trace"]);
});

test("what its place does not take goes into the served folder, and that is said once however often it is written", { timeout: 30_000 }, async () => {
  const path = join(folder, "nowhere", "m.trace");
  const said: string[] = [];
  let traceLength = 1;
  const keeper = keepWriting(path, folder, { traceFile: () => trace, get traceLength() { return traceLength; } }, (line) => void said.push(line));
  const other = join(folder, "served.trace");
  for (let times = 0; times < 2; times++) {
    rmSync(other, { force: true });
    traceLength++;
    while (!existsSync(other)) await turn();
  }
  expect(said).toEqual([`${path}: the trace cannot be written (ENOENT)`]);
  expect(keeper.end()).toEqual({ path: other, trouble: said[0] });
  // Neither place: a folder stands in the way of the second.
  rmSync(other);
  mkdirSync(other);
  writeFileSync(join(other, "mine"), "");
  const last = keepWriting(path, folder, { traceFile: () => trace, traceLength: 1 }, () => {}).end();
  expect(last?.path).toBeNull();
  expect(last?.trouble).toContain("nor into");
  expect(readFileSync(join(other, "mine"), "utf8")).toBe("");
});
