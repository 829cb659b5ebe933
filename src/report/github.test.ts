import { describe, expect, it } from "vitest";
import { failedResult, hostileText, reportOf, resultWith, runResult, surroundings } from "../../test/support/reports.ts";
import type { AnyResult } from "./findings.ts";
import { github, githubSummary } from "./github.ts";

const actions = { GITHUB_ACTIONS: "true", GITHUB_STEP_SUMMARY: "/runner/summary.md", GITHUB_WORKSPACE: "/runner/work" };
const commands = (results: readonly AnyResult[], environment: Readonly<Record<string, string>> = actions): string[] => (github.report(reportOf(results), surroundings(environment), undefined).stderr ?? "").split("\n").filter((line) => line.startsWith("::"));

describe("GitHub's annotations", () => {
  it("stand at the file and line of what failed, and say how to repeat it", () => {
    const [command, ...others] = commands([resultWith({}), failedResult({ file: "./a/b.yaml", name: "one, two: three", reproduce: "cxl-sandbox run a/b.yaml" })]);
    expect(others).toEqual([]);
    expect(command).toBe("::error file=a/b.yaml,line=12,col=5,title=fail%3A one%2C two%3A three (seed 1)::./a/b.yaml:12:5: outcome panic: expected panic, got unaffected%0A%0Acxl-sandbox run a/b.yaml");
  });

  it("what stands nowhere is the file's", () => {
    expect(commands([resultWith({ file: "x.yaml", status: "error", reason: "the worker died" })])[0]).toMatch(/^::error file=x\.yaml,title=/);
  });

  it("paths count from the root of the repository, also below a folder of it", () => {
    expect(commands([failedResult({ file: "/runner/work/s/x.yaml" })])[0]).toContain(" file=s/x.yaml,");
    expect(commands([failedResult({ file: "./x.yaml" })], { ...actions, PWD: "/runner/work/below" })[0]).toContain(" file=below/x.yaml,");
    expect(commands([failedResult({ file: "/else/x.yaml" })])[0]).toContain(" file=/else/x.yaml,");
  });

  it("are at most ten of a step: each run's first, then the others; the tenth counts what is left out", () => {
    const two = failedResult({ expectations: [1, 2].map((line) => ({ text: `number ${line}`, pass: false, expected: "1", actual: "2", place: { line, column: 1 } })) });
    expect(commands([two, failedResult()]).map((line) => /line=(\d+)/.exec(line)?.[1])).toEqual(["1", "12", "2"]);
    const many = commands(Array.from({ length: 30 }, (_, index) => failedResult({ name: `run ${index}` })));
    expect(many).toHaveLength(10);
    expect(many[9]).toContain("title=21 more runs did not pass::");
    expect(many[9]).toContain("run 29");
  });

  it("text of others makes no command of its own and ends no property", () => {
    const hostile = failedResult({ file: hostileText, name: hostileText, reproduce: hostileText, expectations: [{ text: hostileText, pass: false, expected: hostileText, actual: hostileText, place: { line: 1, column: 1, file: hostileText } }] });
    const { stderr = "" } = github.report(reportOf([hostile]), surroundings(actions), undefined);
    expect(stderr.trimEnd().split("\n")).toHaveLength(1);
    const [, properties = ""] = /^::error ([^]*?)::/.exec(stderr) ?? [];
    expect(properties.split(",").map((pair) => pair.split("=")[0])).toEqual(["file", "line", "col", "title"]);
    expect(stderr).not.toMatch(/(?!\n)[\p{Cc}\p{Cs}\u202e\uffff]/u);
    expect(stderr).toContain("%250A");
  });
});

describe("GitHub's job summary", () => {
  it("is added to the file that GitHub names; without GitHub it is printed", () => {
    const run = reportOf([failedResult()]);
    expect(github.report(run, surroundings(actions), undefined).files).toEqual([{ name: "/runner/summary.md", content: githubSummary(run.result), isAppended: true }]);
    expect(github.report(run, surroundings(), undefined).stderr).toBe(`${commands([failedResult()], {}).join("\n")}\n${githubSummary(run.result)}`);
    expect(github.report(run, surroundings(actions), "s.md").files).toEqual([{ name: "s.md", content: githubSummary(run.result) }]);
  });

  it("has every run that did not pass with what went wrong and the command, the worst first", () => {
    const summary = githubSummary(runResult([resultWith({}), failedResult({ name: "a | b <i>", reproduce: "repeat this" }), resultWith({ status: "error", reason: "the worker died" })]));
    expect(summary).toContain("### cxl-sandbox: 1 pass, 1 fail, 1 error\n");
    expect(summary).toContain(String.raw`| fail | never\-fires.yaml`.replace(String.raw`\-`, "-"));
    expect(summary).toContain(String.raw`a \| b &lt;i&gt;`);
    expect(summary.indexOf("the worker died")).toBeLessThan(summary.indexOf("outcome panic"));
    expect(summary).toContain("\n\nrepeat this\n```\n");
    expect(githubSummary(runResult([resultWith({})]))).toBe("### cxl-sandbox: 1 pass\n\n");
  });

  it("foreign text stays in its block and its cell, and ten thousand failures in a mebibyte", () => {
    const ticks = "```\n# owned\n````";
    const hostile = failedResult({ expectations: [{ text: "t", pass: false, expected: ticks, actual: hostileText }] });
    expect(githubSummary(runResult([hostile]))).toMatch(/\n`{5}text\n[^]*\n`{5}\n/);
    const long = failedResult({ expectations: [{ text: "\u20ac".repeat(20_000), pass: false, expected: "1", actual: "2" }] });
    const summary = githubSummary(runResult(Array.from({ length: 10_000 }, () => long)));
    expect(new TextEncoder().encode(summary).length).toBeLessThan(1 << 20);
    expect(summary).toMatch(/\d+ more did not pass and are not told here\./);
  });
});
