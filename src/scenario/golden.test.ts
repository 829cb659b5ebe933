import { describe, expect, it } from "vitest";
import type { GoldenLayer, GoldenRun } from "./golden.ts";
import { GoldenFileError, compareGolden, formatGolden, goldenFileOf, goldenFrom, goldenLayers, parseGolden } from "./golden.ts";

const digests = { result: "0".repeat(16), log: "1".repeat(16), hardware: "2".repeat(16) };

/** A run with these records; times are 1000 ns apart. */
const runOf = (lines: Partial<Record<GoldenLayer, readonly string[]>>, other: Partial<GoldenRun> = {}): GoldenRun => ({
  seed: 1, schedule: "fixed", digests,
  lines: Object.fromEntries(goldenLayers.map((layer) => [layer, (lines[layer] ?? []).map((text, index) => ({ atNs: index * 1000, text }))])) as unknown as GoldenRun["lines"],
  ...other,
});
const numbers = (count: number, from = 0): string[] => Array.from({ length: count }, (_, index) => `record ${from + index}`);
const small = runOf({ result: ["mark ready", "outcome recovered: pass"], log: ["first", "", "  indented", "ends in blanks  ", "~ 1 2 3", "end"], hardware: numbers(5) });
const text = formatGolden(goldenFrom(small));
const changed = (layer: GoldenLayer, lines: readonly string[]): GoldenRun => ({ ...small, digests: { ...digests, [layer]: "f".repeat(16) }, lines: { ...small.lines, [layer]: lines.map((line, index) => ({ atNs: index * 1000, text: line })) } });

describe("a golden as a file", () => {
  it("is read back as it was written, in plain lines", () => {
    const golden = parseGolden("x.golden", text);
    expect(formatGolden(golden)).toBe(text);
    expect([golden.seed, golden.schedule, golden.layers.log.lines]).toEqual([1, "fixed", ["first", "", "  indented", "ends in blanks", "~ 1 2 3", "end"]]);
    expect(text.split("\n").slice(0, 8)).toEqual(["cxl-sandbox golden 1", expect.stringMatching(/^# /), "seed 1", "schedule fixed", "", "result 0000000000000000 2", "  mark ready", "  outcome recovered: pass"]);
    expect(goldenFileOf("a/b.yaml")).toBe("a/b.golden");
  });

  it("ends of lines of another system, blanks at ends and a byte order mark do not count", () => {
    expect(parseGolden("x.golden", `\ufeff${text.replaceAll("\n", "  \r\n")}\r\n\n`)).toEqual(parseGolden("x.golden", text));
  });

  it.each([
    ["empty", "", /^x\.golden:1:1: "cxl-sandbox golden 1" is expected/],
    ["of a later format", text.replace("golden 1", "golden 2"), /^x\.golden:1:1: format 2; this release reads format 1/],
    ["with the mark of a merge", text.replace("seed 1", "<<<<<<< ours\nseed 1"), /^x\.golden:3:1: a merge left its mark/],
    ["with a word changed", text.replace("  first", "  second"), /^x\.golden:\d+:1: the lines above have another sum/],
    ["with a line gone", text.replace("  first\n", ""), /the lines above have another sum/],
    ["with two lines gone", text.replace("  first\n\n", ""), /^x\.golden:10:1: log is said to have 6 records, and 5 are there/],
    ["with a line more", text.replace("  record 4\n", "  record 4\n  record 5\n"), /is expected, not " {2}record 5"/],
    ["cut short", text.slice(0, text.indexOf("hardware")), /the file ends before the layer "hardware"/],
    ["without its end", text.slice(0, text.indexOf("end ")).replace(/end.*$/, ""), /the file ends before "end"/],
    ["with more behind its end", `${text}more\n`, /there is something behind the end/],
    ["of a seed that is none", text.replace("seed 1", "seed 4294967296"), /^x\.golden:3:1: seed 4294967296 is none/],
    ["that is huge", "x".repeat(9 << 20), /is this the right file/],
  ])("one %s is refused with its place", (_what, bad, message) => {
    expect(() => parseGolden("x.golden", bad)).toThrow(GoldenFileError);
    expect(() => parseGolden("x.golden", bad)).toThrow(message);
  });

  it("a long record keeps its beginning and is told from others all the same", () => {
    const long = (end: string): GoldenRun => ({ ...runOf({ log: [`${"x".repeat(5000)}${end}`] }), digests: { ...digests, log: digests.result.replace("0", end) } });
    const golden = parseGolden("x.golden", formatGolden(goldenFrom(long("a"))));
    expect(formatGolden(golden).length).toBeLessThan(1000);
    expect(compareGolden("x.golden", golden, long("b")).divergences[0]).toMatchObject({ layer: "log", index: 0, expected: expect.stringContaining("(5001 characters, ") as string });
  });

  it("a layer of more than 4000 records keeps the first thousand, and digests of blocks that name where another run parts", () => {
    const long = (lines: readonly string[], digest: string): GoldenRun => ({ ...runOf({ hardware: lines }), digests: { ...digests, hardware: digest } });
    const golden = parseGolden("x.golden", formatGolden(goldenFrom(long(numbers(10_100), "a".repeat(16)))));
    expect([golden.layers.hardware.lines.length, golden.layers.hardware.blocks.length]).toEqual([1000, 37]);
    const later = compareGolden("x.golden", golden, long([...numbers(7300), "another", ...numbers(2799, 7301)], "b".repeat(16))).divergences[0];
    expect(later).toMatchObject({ index: 7250, atNs: 7_250_000, expected: expect.stringContaining("records 7250 to 7499 are not kept") as string, actual: expect.stringContaining("record 7250") as string });
    const early = compareGolden("x.golden", golden, long(["another", ...numbers(10_099, 1)], "b".repeat(16))).divergences[0];
    expect(early).toMatchObject({ index: 0, expected: "record 0", actual: "another" });
    const shorter = compareGolden("x.golden", golden, long(numbers(10_000), "b".repeat(16))).divergences[0];
    expect(shorter).toMatchObject({ index: 10_000, actual: expect.stringContaining("nothing more") as string });
  });
});

describe("a run held against its golden", () => {
  const golden = parseGolden("x.golden", text);

  it("is the same when the digests are, whatever the words", () => {
    expect(compareGolden("x.golden", golden, { ...small, lines: runOf({}).lines })).toEqual({ state: "same", file: "x.golden", layers: [], divergences: [] });
  });

  it("parts at the first record that differs, with its line in the golden", () => {
    const result = compareGolden("x.golden", golden, changed("hardware", ["record 0", "record 1", "other", "record 3", "record 4"]));
    expect(result).toMatchObject({ state: "changed", layers: ["hardware"], divergences: [{ layer: "hardware", index: 2, atNs: 2000, expected: "record 2", actual: "other", before: ["record 0", "record 1"], expectedAfter: ["record 3", "record 4"] }] });
    expect(text.split("\n")[(result.line ?? 0) - 1]).toBe("  record 2");
  });

  it("may end sooner or go on", () => {
    expect(compareGolden("x.golden", golden, changed("hardware", numbers(3))).divergences[0]).toMatchObject({ index: 3, expected: "record 3", actual: null });
    expect(compareGolden("x.golden", golden, changed("hardware", numbers(6))).divergences[0]).toMatchObject({ index: 5, expected: null, actual: "record 5" });
  });

  it("may differ in what no word says", () => {
    expect(compareGolden("x.golden", golden, changed("hardware", numbers(5))).divergences[0]).toMatchObject({ expected: `digest ${digests.hardware} (in the same words)`, actual: `digest ${"f".repeat(16)} (in the same words)` });
  });

  it("of several layers the earliest comes first, at one moment the cause", () => {
    const both = (hardwareAt: number, logAt: number): GoldenRun => {
      const part = (lines: readonly string[], at: number): string[] => lines.map((line, index) => (index === at ? "other" : line));
      return { ...changed("hardware", part(numbers(5), hardwareAt)), digests: { result: digests.result, log: "e".repeat(16), hardware: "e".repeat(16) }, lines: { ...small.lines, hardware: changed("hardware", part(numbers(5), hardwareAt)).lines.hardware, log: changed("log", part(small.lines.log.map((one) => one.text), logAt)).lines.log } };
    };
    expect(compareGolden("x.golden", golden, both(2, 4)).layers).toEqual(["hardware", "log"]);
    expect(compareGolden("x.golden", golden, both(4, 2)).layers).toEqual(["log", "hardware"]);
    expect(compareGolden("x.golden", golden, both(1, 1)).layers).toEqual(["hardware", "log"]);
  });
});
