// Trace files: what is written is read back, damage is found at its place, and docs/trace.md says what there is.

import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { crc32 as zlibSum } from "node:zlib";
import { afterAll, describe, expect, it } from "vitest";
import { TraceFileError, decodeTrace, encodeTrace, linesOf } from "../../src/scenario/trace/file.ts";
import { kindsOf } from "../../src/scenario/trace/select.ts";
import { crc32 } from "../../src/sim/crc32.ts";
import { readRecord, recordWords, traceLayers } from "../../src/sim/trace.ts";
import { bundledScenarios } from "../support/library.ts";
import { tool, traceOf, withSections } from "../support/traces.ts";

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");
const file = "scenarios/isolation/a-link-down.yaml";
const text = bundledScenarios()[file] ?? "";
const trace = traceOf(file, text);
const bytes = encodeTrace(trace);
const encoder = new TextEncoder();
const folder = mkdtempSync(join(tmpdir(), "cxl-sandbox-trace-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function problem(of: Uint8Array): string {
  try {
    decodeTrace(of);
  } catch (error) {
    if (error instanceof TraceFileError) return error.message;
    throw error;
  }
  return "";
}

/** The file with a header that says other things. */
const withHeader = (changes: Readonly<Record<string, unknown>>): Uint8Array =>
  withSections(trace, ([, ...others]) => [{ tag: "HEAD", payload: encoder.encode(JSON.stringify({ ...trace.header, ...changes })) }, ...others]);

describe("a trace file", () => {
  it("is read back as it was written, with all that a run is made from", () => {
    expect(decodeTrace(bytes)).toEqual(trace);
    expect(trace.header).toMatchObject({ format: 1, tool, file, scenario: text, includes: {}, seed: 1, schedule: "fixed", defects: [], drivers: [] });
    expect(trace.header.choices.length).toBeGreaterThan(0);
    expect([...trace.parts.values()]).toContain("rp0");
    expect(trace.records.length / recordWords).toBeGreaterThan(5000);
  });

  it("a run that keeps no trace has none, and one that is not done throws", () => {
    expect(() => traceOf(file, text, { keepTrace: false })).toThrow("gave no trace");
  });

  it("texts of every script, empty ones and those with control characters come back", () => {
    const strings = ["", "日本 ☃ 🙂", "a\u0000b\n", "\ufeffmark"];
    expect(decodeTrace(encodeTrace({ ...trace, records: new Uint32Array(), strings })).strings).toEqual(strings);
  });

  it("more records than one section holds come back in order", () => {
    const records = new Uint32Array(70_000 * recordWords).map((_, index) => (index % recordWords === 0 ? index : 0));
    expect(Buffer.compare(Buffer.from(decodeTrace(encodeTrace({ ...trace, records })).records.buffer), Buffer.from(records.buffer))).toBe(0);
  });

  it("the checksum is zlib's, in one piece and in two", () => {
    expect(crc32(bytes)).toBe(zlibSum(bytes));
    expect(crc32(bytes.subarray(100), crc32(bytes.subarray(0, 100)))).toBe(zlibSum(bytes));
  });

  it("has in words what has another digest: no two records of one layer say the same and are not", () => {
    for (const layer of ["hardware", "log", "result"] as const) {
      const seen = new Map<string, string>();
      const numbers = Array.from({ length: trace.records.length / recordWords }, (_, index) => readRecord(trace.records, index)).filter((record) => record.layer === layer);
      for (const [index, line] of linesOf(trace, layer).entries()) {
        const { kind, a, b, c, d, e, f } = numbers[index] ?? readRecord(trace.records, 0);
        const digested = JSON.stringify(layer === "hardware" ? [kind, a, b, c, d, e, f] : [kind, c, d, e, f]);
        expect([line.text, seen.get(line.text) ?? digested]).toEqual([line.text, digested]);
        seen.set(line.text, digested);
      }
    }
  });
});

describe("a damaged trace file", () => {
  it("one that is none says so; one of another format says which", () => {
    expect(problem(new Uint8Array())).toBe("byte 0: this is no trace of cxl-sandbox: it does not begin as one");
    expect(problem(encoder.encode("version: 1\nname: a scenario\n"))).toContain("no trace of cxl-sandbox");
    expect(problem(Uint8Array.from(bytes, (byte, index) => (index === 8 ? 2 : byte)))).toBe("byte 8: format 2; this release reads format 1: use the release that wrote the file, or a newer one");
  });

  it("cut anywhere it is found, with the place", () => {
    for (let length = 0; length < bytes.length; length = length < 200 ? length + 1 : length + 997) expect([length, problem(bytes.subarray(0, length))]).toEqual([length, expect.stringMatching(/^byte \d+: /)]);
    expect(problem(bytes.subarray(0, 5000))).toMatch(/^byte \d+: section "STRS" goes beyond the end of the file \(5000 bytes\): it is cut short or damaged$/);
  });

  it("with a bit turned anywhere it is found", () => {
    const damaged = Uint8Array.from(bytes);
    for (let at = 0; at < bytes.length; at += at < 400 ? 1 : 499) {
      damaged[at] = (bytes[at] ?? 0) ^ (1 << (at % 8));
      expect([at, problem(damaged)]).toEqual([at, expect.stringMatching(/^byte \d+: /)]);
      damaged[at] = bytes[at] ?? 0;
    }
  });

  it("a section of a later release is skipped, one that is missing, twice or behind the end is not", () => {
    const later = { tag: "NEXT", payload: encoder.encode("what this release does not know") };
    expect(decodeTrace(withSections(trace, ([head, ...others]) => [head, later, ...others].filter((one) => one !== undefined)))).toEqual(trace);
    expect(problem(withSections(trace, (all) => all.filter(({ tag }) => tag !== "END ")))).toContain('the file ends without a section "END ": it is cut short');
    expect(problem(withSections(trace, (all) => all.filter(({ tag }) => tag !== "HEAD")))).toContain('the first section is "PART" and must be "HEAD"');
    expect(problem(withSections(trace, (all) => all.filter(({ tag }) => tag !== "RECS")))).toContain("the end tells of other counts than 0 records");
    expect(problem(withSections(trace, (all) => [...all.slice(0, 2), ...all.slice(1)]))).toContain('a second section "PART"');
    expect(problem(withSections(trace, (all) => [...all, later]))).toContain("there is something behind the end of the trace");
  });

  it("counts and lengths that lie cost nothing", () => {
    const lying = (tag: string, word: number): Uint8Array => withSections(trace, (all) => all.map((one) => (one.tag === tag ? { tag, payload: Uint8Array.from([...new Uint8Array(new Uint32Array([word]).buffer), ...one.payload.subarray(4)]) } : one)));
    expect(problem(lying("STRS", 0xffff_ffff))).toMatch(/^byte \d+: 4294967295 strings do not fit into a section of \d+ bytes$/);
    expect(problem(lying("PART", 0x1000_0000))).toMatch(/parts do not fit into a section of \d+ bytes$/);
    expect(problem(lying("STRS", 3))).toMatch(/^byte \d+: \d+ bytes behind the strings$/);
  });

  it("records of a layer or with a text that is not there are found at their byte", () => {
    const changed = (word: number, value: number): Uint8Array => {
      const records = trace.records.slice();
      records[word] = value;
      return encodeTrace({ ...trace, records });
    };
    const first = Buffer.from(bytes).indexOf("RECS") + 16;
    expect(problem(changed(recordWords + 1, 0x00e0_0000))).toBe(`byte ${first + 32}: record 1 is of layer 7, which does not exist`);
    expect(problem(changed(3, trace.strings.length))).toBe(`byte ${first}: record 0 names a text that is not there`);
  });

  it("a header that does not fit is one message with the key", () => {
    expect(problem(withHeader({ seed: -1 }))).toMatch(/^byte 32: the header does not fit at "seed": /);
    expect(problem(withHeader({ digests: {} }))).toContain('at "digests.access"');
    expect(problem(withHeader({ choices: [0, "1"] }))).toContain('at "choices.1"');
    expect(problem(withHeader({ later: "what a later release adds" }))).toBe("");
    expect(problem(withSections(trace, ([, ...others]) => [{ tag: "HEAD", payload: encoder.encode("{") }, ...others]))).toBe("byte 32: the header is no JSON");
  });
});

const python = spawnSync("python3", ["--version"], { encoding: "utf8" });

describe("docs/trace.md", () => {
  const page = read("docs/trace.md");

  it("shows the reader as it is", () => {
    expect(page).toContain(`\`\`\`python\n${read("docs/examples/read-trace.py")}\`\`\``);
  });

  it("has every kind of hardware and access records by number and name", () => {
    const bare = page.replaceAll(/ \([^)]*\)/g, "");
    for (const layer of ["access", "hardware"] as const) for (const [number, name] of kindsOf[layer].entries()) if (number > 0) expect(bare).toMatch(new RegExp(`[|,] ${number} ${name}\\b`));
  });

  if (python.status === 0) {
    it("its reader in Python says the same of every record as we do, and finds damage", () => {
      const path = join(folder, "a.trace");
      writeFileSync(path, bytes);
      const script = fileURLToPath(new URL("../../docs/examples/read-trace.py", import.meta.url));
      const { stdout, status } = spawnSync("python3", [script, path], { encoding: "utf8", maxBuffer: 1 << 26, env: { ...process.env, PYTHONIOENCODING: "utf-8" } });
      const escaped = (said: string): string => said.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll("\t", "\\t");
      const ours = Array.from({ length: trace.records.length / recordWords }, (_, index) => {
        const { time, layer, kind, a, b, c, d, e, f } = readRecord(trace.records, index);
        const texts = traceLayers.indexOf(layer) >= 2 ? [trace.strings[a] ?? "", trace.strings[b] ?? ""].map(escaped) : layer === "hardware" ? [trace.parts.get(a) ?? ""] : [];
        return [time, layer, kind, a, b, c, d, e, f, ...texts].join(" ");
      });
      expect([status, stdout.trimEnd().split("\n").map((line) => line.trimEnd())]).toEqual([0, ours.map((line) => line.trimEnd())]);
      writeFileSync(path, Uint8Array.from(bytes, (byte, index) => (index === 3000 ? byte ^ 1 : byte)));
      expect(spawnSync("python3", [script, path], { encoding: "utf8" }).stderr).toMatch(/^damaged between byte \d+ and \d+\n$/);
    });
  } else {
    console.warn("docs/examples/read-trace.py was not run: there is no python3 here");
  }
});
