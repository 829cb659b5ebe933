import { describe, expect, it } from "vitest";
import { failedResult, hostileText, invalidResult, reportOf, resultWith, runResult, surroundings } from "../../test/support/reports.ts";
import { consoleReporter, consoleSteps, consoleTable, consoleVerdict } from "./console.ts";

const linesOf = (text: string): string[] => text.trimEnd().split("\n");

describe("what the console shows", () => {
  it("what did not pass stands before what did, the worst first", () => {
    const table = consoleTable(runResult([resultWith({ name: "good" }), failedResult({ name: "wrong" }), resultWith({ name: "good too" }), resultWith({ name: "broken", status: "error", reason: "the worker died" })]));
    expect(linesOf(table).slice(1).map((line) => line.split(/ {2,}/)[1])).toEqual(["broken", "wrong", "good", "good too"]);
  });

  it("the last line of a run that fails is the command that repeats it; of several, the first of the worst", () => {
    const last = (...scenarios: Parameters<typeof runResult>[0]): string | undefined => linesOf(consoleVerdict(runResult(scenarios))).at(-1);
    expect(last(failedResult({ reproduce: "cxl-sandbox run x.yaml" }))).toBe("cxl-sandbox run x.yaml");
    expect(last(resultWith({}), failedResult({ reproduce: "one" }), invalidResult({ reproduce: "two" }), invalidResult({ reproduce: "three" }))).toBe("two");
    expect(last(resultWith({}))).toBe("1 pass");
  });

  it("names what failed at its file and line, of an included file at that one's", () => {
    expect(consoleVerdict(runResult([failedResult({ file: "a/b.yaml" })]))).toContain("\n  a/b.yaml:12:5: outcome panic: expected panic, got unaffected\n");
    const included = failedResult({ file: "a/b.yaml", expectations: [{ text: "t", pass: false, expected: "1", actual: "2", place: { line: 3, column: 4, file: "a/parts/c.yaml" } }] });
    expect(consoleVerdict(runResult([included]))).toContain("\n  a/parts/c.yaml:3:4: t: expected 1, got 2\n");
  });

  it("of a fault that did not fire, how far it came", () => {
    const { faults: [waits] } = invalidResult();
    expect(waits?.evidence?.missing).toMatch(/./);
    expect(consoleVerdict(runResult([invalidResult()]))).toContain(`fault waits did not fire\n    waits for: ${waits?.evidence?.trigger}\n    did not act: ${waits?.evidence?.missing}\n`);
  });

  it("of a run that did not pass, what its faults had changed, in part where that is long; of one that passed nothing", () => {
    const evidence = { trigger: "time 5 ms", matches: 1, acts: [{ atNs: 5_000_000, changed: ["rp0 link: up, now down"] }], lastAtNs: 5_000_000, drawnNs: null, missing: null };
    const fired = { id: "cable", fired: true, count: 1, firstAtNs: 5_000_000, evidence };
    const verdict = consoleVerdict(runResult([failedResult({ faults: [fired] })]));
    expect(verdict).toMatch(/got unaffected\n {2}fault cable fired\n {4}waits for: time 5 ms\n {4}acted once\n {4}at 5 ms\n {6}rp0 link: up, now down\n {2}cxl-sandbox run /);
    expect(consoleVerdict(runResult([resultWith({ faults: [fired] })]))).toBe("\n1 pass\n");
    const long = { ...fired, evidence: { ...evidence, acts: [{ atNs: 0, changed: Array.from({ length: 100 }, (_, index) => `change ${index}`) }] } };
    const lines = linesOf(consoleVerdict(runResult([failedResult({ faults: Array.from({ length: 20 }, () => long) })])));
    expect(lines.length).toBeLessThan(50);
    expect(lines.filter((line) => /^ +\(\d+ more lines; the JSON report has all\)$/.test(line)).length).toBeGreaterThan(1);
  });

  it("blocks of lines stand below each other", () => {
    const block = failedResult({ expectations: [{ text: "iomem", pass: false, expected: "one\ntwo", actual: "one\nthree\n" }] });
    expect(consoleVerdict(runResult([block]))).toContain("  iomem: not as expected\n    expected:\n    | one\n    | two\n    got:\n    | one\n    | three\n");
  });

  it("a golden's divergence is told with what both have before it, what was expected and what came", () => {
    const divergences = [{ layer: "log", index: 12, atNs: 5_000_000, expected: "left", actual: "right", before: ["same"], expectedAfter: ["down"], actualAfter: [] }] as const;
    const golden = { state: "changed", file: "x.golden", layers: ["log"], divergences, line: 40 } as const;
    const verdict = consoleVerdict(runResult([resultWith({ status: "fail", reason: "not the golden: log record 12", golden })]));
    expect(verdict).toContain('\n  x.golden:40:1: not the golden: log record 12 at 5 ms: expected "left", got "right"\n      same\n    - left\n    - down\n    + right\n');
    expect(verdict.match(/not the golden/g)).toHaveLength(1);
  });

  it("text of others does nothing to a terminal, and no line of it begins as one of ours or of GitHub's commands", () => {
    const hostile = resultWith({
      file: hostileText, name: hostileText, status: "driver", reason: "x", warnings: [hostileText], faults: [{ id: hostileText, fired: false, count: 0, firstAtNs: null }],
      driver: { ending: "threw", driver: hostileText, hook: hostileText, device: hostileText, atNs: 0, message: hostileText, lastLog: hostileText },
      expectations: [{ text: hostileText, pass: false, expected: hostileText, actual: hostileText }],
      commands: [{ step: 1, atNs: 0, command: hostileText, exitCode: 0, stdout: hostileText, stderr: "" }],
    });
    const shown = `${consoleSteps(runResult([hostile]))}${consoleTable(runResult([hostile]))}${consoleVerdict(runResult([hostile]))}`;
    expect(shown).not.toMatch(/(?!\n)[\p{Cc}\p{Cs}\u202e\uffff]/u);
    expect(shown.split("\n").filter((line) => /^\s*(?:::|##\[)/.test(line))).toEqual([]);
  });

  it("as a file has both parts and no colours", () => {
    const { files, stdout } = consoleReporter.report(reportOf([failedResult()]), { ...surroundings(), out: { paint: (_style, text) => `<${text}>` } }, "out.txt");
    expect(stdout).toBeUndefined();
    expect(files?.[0]?.content).toBe(`${consoleTable(runResult([failedResult()]))}${consoleVerdict(runResult([failedResult()]))}`);
  });
});
