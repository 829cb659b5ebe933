// Statements follow their cells: fed with made cells, every rule says one thing, and the other when the cells it looks at are altered.

import { describe, expect, it } from "vitest";
import type { Cell, CellFacts } from "../../src/scenario/comparison.ts";
import { presetNames } from "../../src/scenario/policies.ts";
import { statementRules } from "../../src/report/statement-rules.ts";
import type { Sections, Statement } from "../../src/report/statements.ts";
import { judgeRule, statementsMarkdown, statementsOf } from "../../src/report/statements.ts";

const plain: CellFacts = {
  outcome: "unaffected", verdict: null, capacity: { promised: "1000", served: "1000", decoding: "1000", attainable: "1000", byCxl: "1000", byHmem: "0" }, innocents: { regions: 1, lost: [] },
  repair: { by: "nothing", lines: [], tried: 0 }, evidence: { partial: [], errors: 0, warnings: 0, explicit: 0, breadcrumbs: 0 }, schedules: { runs: 8, endStates: 1 }, violations: [],
  guests: { killed: 0, survived: 0 }, bytesLost: "0", bandwidth: [], refused: [], notFired: [], limit: null,
};
type Change = Partial<Omit<CellFacts, "capacity" | "evidence">> & { readonly capacity?: Partial<CellFacts["capacity"]>; readonly evidence?: Partial<CellFacts["evidence"]> };
const changed = (change: Change): CellFacts => ({ ...plain, ...change, capacity: { ...plain.capacity, ...change.capacity }, evidence: { ...plain.evidence, ...change.evidence } });

const cellOf = (file: string, label: string, facts: CellFacts): Cell => ({ file, name: file, combination: [{ path: "x", value: label }], seed: 1, pinned: [], dropped: [], policies: {} as Cell["policies"], facts });

/** Sections with one case; labels that are not named are plain. `failed`: a region of firmware did not come together. */
function sectionsOf(changes: Readonly<Record<string, Change>>, failed: boolean): Sections {
  const facts = (label: string): CellFacts => changed({ ...(failed && label === "maintainer-F0" ? { verdict: "needs-remediation" as const } : {}), ...changes[label] });
  const section = (labels: readonly string[]) => ({ variations: [], cells: labels.map((label) => cellOf("case.yaml", label, facts(label))) });
  return { presets: section(presetNames), decision: section(["barrier", "delay(10s)", "naive-wait"]), publication: section(["always", "never", "late"]), layouts: { variations: [], cells: ["contained", "spread", "vm-per-dax"].map((name) => cellOf(`layouts/${name}.yaml`, "isolation-safe", facts(name))) } };
}

/** The statement whose claim begins so. */
function say(claim: string, changes: Readonly<Record<string, Change>>, failed = true): Statement["outcome"] {
  const found = statementsOf(statementRules, sectionsOf(changes, failed)).filter((statement) => statement.claim.includes(claim));
  expect([claim, found.length]).toEqual([claim, 1]);
  return found[0]?.outcome ?? "not asked";
}

const less: Change = { capacity: { served: "500", decoding: "500" } };
const typed = (count: number): Change => ({ repair: { by: "unwind", lines: Array.from({ length: count }, () => "line"), tried: 1 } });
const none: Change = { repair: { by: "none", lines: [], tried: 3 } };
const partial: Change = { evidence: { partial: [{ region: "region0", expected: 2, arrived: 1 }] } };
const nobodys: Change = { violations: [{ invariant: 2, what: "w", allowedBy: "own: none" }] };
const harmed: Change = { verdict: "needs-remediation", innocents: { regions: 2, lost: ["region of a"] } };
const figures = (read: number): Change => ({ bandwidth: [{ members: ["a"], size: "1", read }] });

/** Claim, cells under which it holds, cells under which it does not. */
const flips: readonly (readonly [string, Readonly<Record<string, Change>>, Readonly<Record<string, Change>>])[] = [
  ["with failover (linux-7.2) users have", {}, { "linux-7.2": less }],
  ["the first symptom is missing capacity", { "maintainer-F0": less }, {}],
  ["is no memory to rely on", { "linux-7.2": { capacity: { byHmem: "500", decoding: "500" } } }, { "linux-7.2": { capacity: { byHmem: "500" } } }],
  ["no way to unwind (linux-6.x-old)", { "linux-6.x-old": none }, { "linux-6.x-old": typed(3) }],
  ["full unwind (maintainer-F0)", { "maintainer-F0": typed(5) }, { "maintainer-F0": none }],
  ["unwinding of slots alone (linux-7.2)", { "linux-7.2": none }, { "linux-7.2": typed(1) }],
  ["B serves more than A", { "ROADMAP-A": less }, {}],
  ["what B serves more can be used", { "ROADMAP-A": less }, { "ROADMAP-A": less, "ROADMAP-B": less }],
  ["B takes fewer lines", { "ROADMAP-A": typed(5), "ROADMAP-B": typed(2) }, { "ROADMAP-A": typed(2), "ROADMAP-B": typed(2) }],
  ["A leaves a region to look at", { "ROADMAP-A": partial }, { "ROADMAP-A": partial, "ROADMAP-B": partial }],
  ["an explicit log (author-F0)", { "author-F0": { evidence: { explicit: 1 } } }, { "author-F0": { evidence: { explicit: 1 } }, "linux-7.2": { evidence: { explicit: 1 } } }],
  ["without the log (maintainer-F0)", { "maintainer-F0": partial }, {}],
  ["the quiet log (linux-7.2) says nothing", { "linux-7.2": partial }, { "linux-7.2": { evidence: { ...partial.evidence, warnings: 1 } } }],
  ["regions of innocent devices along (maintainer-F3)", { "maintainer-F3": harmed }, { "maintainer-F3": { ...harmed, innocents: { regions: 2, lost: [] } } }],
  ["regions of innocent devices along (series-v5)", { "series-v5": harmed }, { "series-v5": { ...harmed, innocents: { regions: 2, lost: [] } } }],
  ["takes nothing from innocent devices", {}, { "linux-7.2": harmed }],
  ["taking everything down (maintainer-F3)", { "linux-7.2": less }, {}],
  ["taking everything down (series-v5)", { "linux-7.2": less }, {}],
  ...presetNames.map((preset) => [`ends in a dax device (${preset})`, {}, { [preset]: nobodys }] as const),
  ["trimming when a region is made (author-F3)", { "author-F3": less }, {}],
  ["where it does not (never)", { always: { ...less, refused: ["step 6"] } }, { always: less, never: { refused: ["step 6"] } }],
  ["where it does not (late)", { always: { ...less, refused: ["step 6"] } }, { always: { ...less, refused: ["step 6"] }, late: less }],
  ...presetNames.map((preset) => [`comes to the same end (${preset})`, {}, { [preset]: { schedules: { runs: 8, endStates: 3 } } }] as const),
  ["a fixed delay gives to hmem", { "delay(10s)": { capacity: { byCxl: "0" } } }, {}],
  ["waiting for what is in flight", { "naive-wait": { capacity: { byCxl: "0" } } }, {}],
  ["spares the reboot", { "linux-7.2": { outcome: "reset" } }, { "linux-7.2": { outcome: "reset" }, "isolation-safe": { outcome: "panic" } }],
  ["guests elsewhere live on", { "linux-7.2": { outcome: "reset" }, "isolation-safe": { guests: { killed: 1, survived: 1 } } }, { "linux-7.2": { outcome: "reset" }, "isolation-safe": { guests: { killed: 2, survived: 0 } } }],
  ["more bandwidth than a region of one port", { spread: figures(200), contained: figures(100) }, { spread: figures(100), contained: figures(100) }],
  ["when one port fails", { spread: { bytesLost: "9", guests: { killed: 4, survived: 0 } }, contained: { bytesLost: "3", guests: { killed: 1, survived: 3 } } }, { spread: { bytesLost: "9" }, contained: { bytesLost: "9" } }],
  ["no larger share of guests", { "vm-per-dax": { guests: { killed: 2, survived: 6 } }, contained: { guests: { killed: 1, survived: 3 } } }, { "vm-per-dax": { guests: { killed: 3, survived: 5 } }, contained: { guests: { killed: 1, survived: 3 } } }],
];

describe("statements", () => {
  it.each(flips)("%s: holds, and does not when its cells are altered", (claim, so, notSo) => {
    expect([say(claim, so), say(claim, notSo)]).toEqual(["holds", "does not hold"]);
  });

  it("[S53] trimming with leftovers is asked where no region failed and something that firmware promised is missing", () => {
    const claim = "trimming with leftovers to dax";
    expect([say(claim, { "linux-7.2": less }, false), say(claim, { "author-F3": less }, false), say(claim, { "author-F3": less, "linux-7.2": less }, false), say(claim, {}, false), say(claim, { "linux-7.2": less }, true)]).toEqual(["holds", "does not hold", "does not hold", "not asked", "not asked"]);
  });

  it("[S58] a host that is gone says nothing about its Soft Reserved", () => {
    expect(say("ends in a dax device (linux-7.2)", { "linux-7.2": { outcome: "reset" } })).toBe("not asked");
  });

  it("every rule is flipped above", () => {
    const claims = [...flips.map(([claim]) => claim), "trimming with leftovers to dax"];
    expect(statementRules.filter((rule) => !claims.some((claim) => rule.claim.includes(claim))).map(({ claim }) => claim)).toEqual([]);
  });

  it("where cases differ it depends, and each is told with its numbers", () => {
    const rule = statementRules.find(({ claim }) => claim.startsWith("with failover"));
    if (rule === undefined) throw new Error("the rule is gone");
    const caseOf = (name: string, today: Change) => ({ name, cells: new Map([["maintainer-F0", changed({ verdict: "needs-remediation" })], ["linux-7.2", changed(today)]]) });
    const gib = { promised: String(1 << 30), served: String(1 << 30) };
    const statement = judgeRule(rule, [caseOf("one", { capacity: gib }), caseOf("two", { capacity: { ...gib, served: "0" } })]);
    expect([statement.outcome, statement.holdsIn, statement.failsIn]).toEqual(["depends", ["one: 1024 MiB of 1024 MiB"], ["two: 0 MiB of 1024 MiB"]]);
    expect(statementsMarkdown([statement])).toContain("**depends** (1 of 2)");
  });

  it("a case without the presets of a rule is not asked", () => {
    const [rule] = statementRules;
    expect(rule === undefined ? "gone" : judgeRule(rule, [{ name: "one", cells: new Map([["ROADMAP-A", plain]]) }]).outcome).toBe("not asked");
  });
});
