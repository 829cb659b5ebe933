import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { detailed, failingFile, hostileReport, scriptText } from "../../test/support/shown-runs.ts";
import { emptyDetails, failedResult, reportOf, resultWith, surroundings } from "../../test/support/reports.ts";
import { html, htmlPage } from "./html.ts";
import { pageScript, scriptDigest } from "./html-script.ts";
import { pageStyle, styleDigest } from "./html-style.ts";
import { escapeText, markup, percent } from "./html-text.ts";

const digest = (text: string): string => `sha256-${createHash("sha256").update(text).digest("base64")}`;
const failing = detailed(failingFile, ["no-link-down"]);
const page = htmlPage(reportOf([resultWith({ file: "scenarios/a.yaml", name: "fine" }), failing.result], new Map([[1, failing.details]])));

describe("the page of the html reporter", () => {
  it("its policy allows its own style and script by their digests, and nothing else", () => {
    expect([styleDigest, scriptDigest]).toEqual([digest(pageStyle), digest(pageScript)]);
    expect(page).toContain(`content="default-src &#39;none&#39;; script-src &#39;${scriptDigest}&#39;; style-src &#39;${styleDigest}&#39;; base-uri &#39;none&#39;; form-action &#39;none&#39;"`);
    expect(page.match(/ style=| on[a-z]+=| src=|https?:|@import|url\((?!#)/g)).toBe(null);
  });

  it("says first how many did not pass, then what failed, then everything", () => {
    const places = ["1 of 2 runs did not pass", "<h2><span class=\"badge fail\">", "<b>rp0</b>", "<h2 id=\"all\">All runs"].map((text) => page.indexOf(text));
    expect(places).toEqual(places.toSorted((a, b) => a - b));
    expect(places[0]).toBeGreaterThan(0);
  });

  it("shows what was expected and what came, the command that repeats it, and the dead parts in words", () => {
    expect(page).toContain("<td><pre>recovered</pre></td><td class=\"got\"><pre>rebooted</pre></td>");
    expect(page).toContain(`data-copy="cxl-sandbox run ${failingFile} --seed 1 --schedule fixed --defect no-link-down"`);
    expect(page).toMatch(/<b>rp0<\/b>[^\n]*✕ dead/);
  });

  it("marks registers that changed, with their fields and clauses", () => {
    expect(page).toMatch(/<code>timeoutIsolation\.status<\/code> <small>CXL 8\.2\.4\.24\.3<\/small><\/th><td><code>0x00000000<\/code><\/td><td class="changed"><code>0x00000100<\/code> <span class="flag">changed<\/span>/);
    expect(page).toContain("memoryIsolation = 0 → 1");
  });

  it("has the fault, the failure and the recovery in its time line", () => {
    expect(page).toContain("rp0: fault lost-response: dropResponse");
    expect(page).toContain("the first expectation failed");
    expect(page).toContain("recovery 0000:0c:00.0: UNBOUND");
  });

  it("shows the line of the scenario where an expectation stands", () => {
    const report = reportOf([failedResult({ file: "b.yaml" })], new Map([[0, { ...emptyDetails, sources: { "b.yaml": "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n  - { outcome: panic }\n" } }]]));
    expect(htmlPage(report)).toContain('<code class="place">b.yaml:12:5</code><pre class="source"><span class="number">12</span>   - { outcome: panic }</pre>');
  });

  it("shows the first difference from a golden with its lines", () => {
    const golden = { state: "changed", file: "b.golden", layers: ["log"], divergences: [{ layer: "log", index: 7, atNs: 1500, expected: "was <b>", actual: null, before: ["before"], expectedAfter: ["later"], actualAfter: [] }] } as const;
    const text = htmlPage(reportOf([failedResult({ golden })]));
    expect(text).toContain("record 7, at 1.5 us");
    expect(text).toContain('<pre class="diff"><span>  before</span>\n<span class="minus">- was &lt;b&gt;</span>\n<span class="minus after">- later</span>\n<span class="plus">+ (nothing more)</span>\n</pre>');
  });

  it("every run can be linked to by its file and seed, also two of one name", () => {
    const text = htmlPage(reportOf([failedResult({ file: "x/a b.yaml", seed: 3 }), failedResult({ file: "x/a-b.yaml", seed: 3 }), resultWith({ file: "ok.yaml", seed: 4 })]));
    expect([...text.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id)).toEqual(expect.arrayContaining(["x-a-b.yaml-3", "x-a-b.yaml-3-2", "ok.yaml-4"]));
  });

  it("an id is there once", () => {
    const ids = [...page.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
    expect(ids.length).toBe(new Set(ids).size);
  });

  it("a run without details says so, and runs beyond the page's size do too", () => {
    expect(htmlPage(reportOf([failedResult()]))).toContain("Of this run no details were kept.");
    const long = { ...emptyDetails, log: [{ atNs: 0, level: "info", text: "x".repeat(5000) }] };
    const both = reportOf([failedResult(), failedResult({ seed: 2 })], new Map([[0, long], [1, long]]));
    expect(htmlPage(both, 4000).match(/The page is full/g)).toHaveLength(1);
    expect(htmlPage(both).match(/The page is full/g)).toBe(null);
  });

  it("goes to report.html, or to the file that is named", () => {
    const { report } = html;
    expect(report(reportOf([]), surroundings(), undefined).files?.map(({ name }) => name)).toEqual(["report.html"]);
    expect(report(reportOf([]), surroundings(), "/x/y.html").files?.map(({ name }) => name)).toEqual(["/x/y.html"]);
  });
});

describe("foreign text on the page", () => {
  const text = htmlPage(hostileReport());

  it("opens no element, ends none, and brings no attribute", () => {
    expect(text.match(/<script/g)).toHaveLength(1);
    expect(text.match(/<\/script/g)).toHaveLength(1);
    const tags = text.slice(text.indexOf("<body>"), text.indexOf("<script>")).replaceAll(/"[^"]*"/g, '""').match(/<[^>]*>/g) ?? [];
    expect(tags.filter((tag) => /^<img|\son[a-z]+=|^<!--/.test(tag))).toEqual([]);
    expect(tags.length).toBeGreaterThan(1000);
    expect(text.includes(escapeText(scriptText))).toBe(true);
  });

  it("controls nothing: neither direction of writing nor anything unseen", () => {
    expect(text.search(/(?![\t\n])[\p{Cc}\p{Cs}\u2028-\u202e\u2066-\u2069]/u)).toBe(-1);
    expect(text.includes("[U+202E]")).toBe(true);
  });

  it("is escaped wherever a template takes it, markup alone is not", () => {
    expect(markup`<a title="${"\"<&'>"}">${markup`<b>`}${7}</a>`.text).toBe('<a title="&quot;&lt;&amp;&#39;&gt;"><b>7</a>');
  });
});

describe("shares of a picture", () => {
  it.each([[0, 7, "0.000%"], [1, 3, "33.333%"], [-1, 8, "-12.500%"], [5, 0, "0.000%"], [9, 9, "100.000%"]])("%i of %i is %s", (part, whole, text) => {
    expect(percent(part, whole)).toBe(text);
  });
});
