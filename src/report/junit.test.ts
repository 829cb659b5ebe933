import { describe, expect, it } from "vitest";
import { validateXML } from "xmllint-wasm";
import { emptyDetails, failedResult, hostileText, invalidResult, reportOf, resultWith, surroundings } from "../../test/support/reports.ts";
import { fixture } from "../../test/support/library.ts";
import type { RunDetails } from "../scenario/details.ts";
import { junit, junitReport } from "./junit.ts";

const schema = fixture("junit-10.xsd");

/** What the schema of Jenkins' xunit plug-in has against a document. */
async function complaints(xml: string): Promise<string[]> {
  const { errors } = await validateXML({ xml: [{ fileName: "report.xml", contents: xml }], schema: [schema] });
  return errors.map(({ message }) => message);
}

const log = (lines: readonly string[]): RunDetails => ({ ...emptyDetails, log: lines.map((text, index) => ({ atNs: 1_000_002_000 + index, level: "info", text })) });
const hostile = resultWith({
  file: hostileText, name: hostileText, status: "driver", reason: hostileText, faults: [{ id: hostileText, fired: false, count: 0, firstAtNs: null }], reproduce: hostileText,
  driver: { ending: "threw", driver: hostileText, hook: hostileText, device: hostileText, atNs: 0, message: hostileText, lastLog: hostileText },
  expectations: [{ text: hostileText, pass: false, expected: hostileText, actual: hostileText }],
});

describe("JUnit", () => {
  it("every kind of result, and text that would end an element, keep to the schema", async () => {
    const endings = (["error", "driver", "invalid", "limit", "fail", "pass"] as const).map((status) => resultWith({ status, reason: status }));
    const ended = { ...failedResult(), status: "error", outcome: null, traceDigest: null, digests: null, metrics: null, verdict: null } as const;
    const xml = junitReport(reportOf([...endings, failedResult(), invalidResult(), ended, hostile], new Map([[1, log(["one", hostileText])], [9, log([])]])));
    expect(await complaints(xml)).toEqual([]);
    expect(await complaints(junitReport(reportOf([])))).toEqual([]);
    expect(xml).not.toMatch(/(?![\n\t])[\p{Cc}\p{Cs}\u202e\uffff]/u);
  });

  it("the schema has something against what is none", async () => {
    const xml = junitReport(reportOf([failedResult()]));
    expect(await complaints(xml.replace("<testcase name", "<testcase line=\"3\" name"))).toHaveLength(1);
    expect((await complaints(xml.replace(" tests=", " test="))).length).toBeGreaterThan(0);
  });

  it("a suite is a file, a case one of its seeds; failures say that it does not hold, errors that nothing can be said", () => {
    const xml = junitReport(reportOf([failedResult({ file: "./a/b.yaml", seed: 1 }), resultWith({ file: "c.yaml" }), invalidResult({ file: "./a/b.yaml", seed: 2 })]));
    expect(xml).toContain('<testsuites name="cxl-sandbox" tests="3" failures="1" errors="1" time="0">');
    expect(xml).toContain('<testsuite name="./a/b.yaml" tests="2" failures="1" errors="1" skipped="0" time="0" file="./a/b.yaml">');
    expect(xml.match(/classname="a\.b"/g)).toHaveLength(2);
    expect(xml).toContain('<failure message="./a/b.yaml:12:5: outcome panic: expected panic, got unaffected" type="expectation">./a/b.yaml:12:5: outcome panic');
    expect(xml).toMatch(/<error message="\.\/a\/b\.yaml:10:\d+: fault waits did not fire" type="fault">[^<]*fault waits did not fire\n {2}waits for: [^<]*\n\ncxl-sandbox run [^<]*<\/error>/);
    expect(xml).toMatch(/name="seed 2: virtual time in ns" value="\d{3,}"/);
  });

  it("has the end of the kernel's log of runs that kept it", () => {
    const xml = junitReport(reportOf([failedResult(), failedResult()], new Map([[1, log(Array.from({ length: 150 }, (_, index) => `line ${index} <`))]])));
    expect(xml.match(/<system-out>/g)).toHaveLength(1);
    expect(xml).toContain("<system-out>(50 lines before)\n[    1.000002] line 50 &lt;\n");
    expect(xml).not.toContain("line 49 ");
  });

  it("goes to standard output, or to the file that is named", () => {
    const run = reportOf([failedResult()]);
    expect(junit.report(run, surroundings(), undefined)).toEqual({ stdout: junitReport(run) });
    expect(junit.report(run, surroundings(), "j.xml")).toEqual({ files: [{ name: "j.xml", content: junitReport(run) }] });
  });
});
