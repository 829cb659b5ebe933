// `explain` over the bundled library: the owner it names is the tree's, the policies it names are those whose change turns the outcome, sums add up, and what lies idle
// is in a listing. Reasons read differently.

import { describe, expect, it } from "vitest";
import { consoleExplanation } from "../../src/report/explain.ts";
import { breadcrumbs } from "../../src/sandbox/forensics/breadcrumbs.ts";
import type { ScenarioPlan } from "../../src/scenario/plan.ts";
import { planScenario } from "../../src/scenario/plan.ts";
import type { Explanation } from "../../src/scenario/explanation.ts";
import { createFileSystem } from "../../src/kernel/sysfs/file-system.ts";
import { bootSystem } from "../support/invariants.ts";
import { explain, foreseenText, sharesText, treeText } from "../support/explained.ts";
import { bundledScenarios } from "../support/library.ts";
import { randomSystem } from "../support/random-systems.ts";

const texts = bundledScenarios();
const plans = new Map<string, ScenarioPlan>();
/** Read once: plans are not changed. */
function planOf(file: string): ScenarioPlan {
  const plan = plans.get(file) ?? planScenario(`scenarios/${file}`, texts[`scenarios/${file}`] ?? "");
  plans.set(file, plan);
  return plan;
}
const all = Object.keys(texts).map((file) => file.slice("scenarios/".length));

/** A file's machine under its policies, with nobody at the keyboard. */
const bare = (file: string): ScenarioPlan => ({ ...planOf(file), steps: [], workloads: [], expectations: [] });

const toldBare = new Map<string, Explanation>();
/** What is said of the bare machine at the end, worked out once. */
function bareTold(file: string): Explanation {
  const told = toldBare.get(file) ?? explain(bare(file)).told;
  toldBare.set(file, told);
  return told;
}

/** Machines with Soft Reserved memory, those that differ. */
function different(): string[] {
  const seen = new Set<string>();
  return all.filter((file) => {
    const { machine, firmware, policies, faults, modules } = bare(file);
    if (firmware.softReserved.length === 0) return false;
    const key = JSON.stringify([machine, firmware, policies, faults, modules], (_, value: unknown) => (typeof value === "bigint" ? String(value) : value));
    return !seen.has(key) && seen.add(key) !== undefined;
  });
}

const sum = (values: readonly string[]): bigint => values.reduce((total, value) => total + BigInt(value), 0n);

function checkSums({ capacity }: Explanation): void {
  expect(BigInt(capacity.bytesPromised)).toBe(BigInt(capacity.bytesDelivered) + BigInt(capacity.bytesGap));
  expect(sum(capacity.promises.map(({ bytes }) => bytes))).toBe(BigInt(capacity.bytesPromised));
  for (const promise of capacity.promises) {
    expect(BigInt(promise.bytes)).toBe(BigInt(promise.bytesDelivered) + BigInt(promise.bytesGap));
    expect(sum(promise.parts.map(({ bytes }) => bytes))).toBe(BigInt(promise.bytes));
  }
  for (const change of capacity.changes) expect(BigInt(capacity.bytesPromised)).toBe(BigInt(change.bytesDelivered) + BigInt(change.bytesGap));
}

/** Every third file with memory that somebody is to own, and every eighth of the others. */
const telling = all.filter((file, index) => index % (planOf(file).firmware.softReserved.length > 0 ? 3 : 8) === 0);

describe("bundled scenarios", () => {
  it.each(telling)("%s: the owner is the tree's (S38), sums add up (S58), nothing idle hides (invariant 4), 120 columns", (file) => {
    const { told, run } = explain(planOf(file));
    expect(told.ranges.map(sharesText)).toEqual(told.ranges.map((range) => treeText(run.files, range)));
    checkSums(told);
    expect(told.breadcrumbs.filter(({ listing }) => listing === null)).toEqual([]);
    const text = consoleExplanation(told);
    expect(text.split("\n").filter((line) => line.length > 120 && line.trim().includes(" "))).toEqual([]);
    expect(text).not.toContain("\u001b");
    expect(JSON.parse(JSON.stringify(told))).toEqual(told);
  });
});

describe("policies that decided", () => {
  // Every third of them: most differ by one word from another one.
  it.each(different().filter((_, index) => index % 3 === 0))("%s: for each policy named the value named brings about what is foreseen, which is something else; no other is named", (file) => {
    const plan = bare(file);
    const told = bareTold(file);
    const others = new Map<string, Explanation>();
    /** Of several ranges one policy often decides: it is changed once. */
    const under = (otherwise: Partial<ScenarioPlan["policies"]>): Explanation => {
      const key = JSON.stringify(otherwise);
      const other = others.get(key) ?? explain({ ...plan, policies: { ...plan.policies, ...otherwise } }).told;
      others.set(key, other);
      return other;
    };
    for (const [index, range] of told.ranges.entries()) {
      for (const { values, otherwise, outcome } of range.policies) {
        expect(Object.entries(values).every(([name, value]) => plan.policies[name as "own"] === value)).toBe(true);
        const other = under(otherwise).ranges[index];
        expect([otherwise, sharesText(other)]).toEqual([otherwise, foreseenText(outcome, range)]);
        // Where things went on after the decision, it is the decision that a policy made, and the text says so.
        if (!range.why.some((text) => text.startsWith("By the decision:"))) expect(sharesText(other)).not.toBe(sharesText(range));
      }
    }
  });
});

type Row = readonly [file: string, range: number, owner: string, reason: string, said: RegExp];

/** One sentence for each way of getting or losing a range. */
const reasons: readonly Row[] = [
  ["assembly/whole.yaml", 0, "cxl", "claimed", /region0 .* was complete at the decision and holds all of the range/],
  ["assembly/missing-member.yaml", 0, "hmem", "missing-member", /1 of 2 members at the decision: a member is missing\. rp1: no card answers: the link is down/],
  ["assembly/wrong-granularity.yaml", 0, "hmem", "refused-check", /all 4 members at the decision, and the kernel refused to put it together: .*its decoder is programmed otherwise/],
  ["assembly/s08-hmem.yaml", 2, "nobody", "geometry", /holds 256 MiB of the 512 MiB of the range: no single region.* dax8\.0 of hmem is over it and has no driver/],
  ["assembly/s08-nobody.yaml", 1, "wasted", "missing-member", /a member is missing/],
  ["assembly/s12-region-construct.yaml", 0, "hmem", "unplaced", /the kernel made none of decoder2\.0: .*-12/],
  ["assembly/s05-arrives-late.yaml", 0, "wasted", "missing-member", /given up at .* \(asm: timeout\(5s\)\): 1 of 2 endpoints arrived/],
  ["ownership/s30-erange.yaml", 0, "hmem", "undecoded", /Firmware programmed no region over it/],
  ["ownership/s36-none.yaml", 0, "nobody", "left-to-cxl", /left to CXL, come what may \(own: none\)/],
  ["ownership/s36-global-teardown.yaml", 1, "hmem", "elsewhere", /lost it for a failure elsewhere: region0: not assembled/],
  ["trimming/s48-nothing.yaml", 1, "hmem", "elsewhere", /cxl_mem mem0: probe failed: -12/],
  ["trimming/s61-delay.yaml", 0, "hmem", "slow-device", /a device was slow\. rp1 \(mem1\): came at 40\.\d+ s, 30\.\d+ s after the decision/],
  ["trimming/s59-too-early.yaml", 0, "hmem", "slow-device", /No region was there .* at the decision: a device was slow/],
  ["trimming/s53-waste.yaml", 0, "split", "geometry", /512 MiB at 0x400000000 had been cut out of it when a region was made there/],
  ["trimming/s65-trim.yaml", 0, "nobody", "trimmed", /No decision was asked for\. .*a member is missing\. rp1/],
  ["trimming/s62-no-consumer.yaml", 0, "nobody", "no-consumer", /dax_hmem is not loaded/],
  ["trimming/s63-not-only-cxl.yaml", 1, "hmem", "outside-windows", /touches no CXL window/],
];

describe("reasons", () => {
  it.each(reasons)("%s, range %i: %s, %s", (file, index, owner, reason, said) => {
    const range = bareTold(file).ranges[index];
    expect([range?.owner, range?.reason]).toEqual([owner, reason]);
    expect(range?.why.join(" ")).toMatch(said);
  });

  it("before the decision a range is nobody's, and that is said", () => {
    const { told, arrival } = explain(bare("trimming/s61-delay.yaml"), "region0 constructed");
    expect([arrival, told.ranges[0]?.owner, told.ranges[0]?.reason, told.decidedAtNs]).toEqual(["there", "nobody", "pending", null]);
    expect(told.advice[0]?.text).toBe("Wait for the decision over Soft Reserved.");
  });

  it("a machine without Soft Reserved says so and names whose the regions' memory is", () => {
    const { told } = explain(planOf("assembly/s06-no-soft-reserved.yaml"));
    expect(told.ranges).toEqual([]);
    expect(told.decision).toContain("no Soft Reserved range");
    expect(consoleExplanation(told)).toContain("The memory map has no Soft Reserved range.");
  });

  it("the lines that decided it carry their times and the numbers of their trace records", () => {
    const { told, run } = explain(bare("assembly/wrong-granularity.yaml"), "end", true);
    const evidence = told.ranges[0]?.evidence ?? [];
    expect(evidence.some(({ text }) => text.includes("cxl_port_setup_targets expected iw"))).toBe(true);
    expect(evidence.some(({ text }) => text.includes("failed to attach decoder"))).toBe(true);
    expect(evidence.at(-1)?.text).toContain("CXL did not claim resource, registering");
    for (const { atNs, text } of evidence) expect(run.system.kernel.log.some((line) => line.at === atNs && line.text === text)).toBe(true);
    const records = evidence.map(({ record }) => record ?? -1);
    expect(records).toEqual(records.toSorted((a, b) => a - b));
    expect(records[0]).toBeGreaterThan(0);
  });

  it("[S10] [S11] memory that hmem hands out although a card is missing, decoders were reset, or an interleave leads astray: said, in bytes; memory that works: not", () => {
    const said = (one: Explanation): string => one.ranges.flatMap(({ why }) => why).filter((line) => line.startsWith("Beware")).join(" ");
    const silent = ["assembly/missing-member.yaml", "assembly/s10-broken-interleave-reset.yaml", "assembly/s19-roadmap-b.yaml", "assembly/s11-refused-but-working.yaml", "assembly/whole.yaml"].map(bareTold);
    expect(silent.map(({ capacity }) => [BigInt(capacity.bytesDelivered) >> 20n, BigInt(capacity.bytesUnanswered) >> 20n])).toEqual([[512n, 256n], [1024n, 256n], [512n, 512n], [512n, 0n], [512n, 0n]]);
    expect(silent.map((one) => said(one) !== "")).toEqual([true, true, true, false, false]);
    expect(said(bareTold("assembly/wrong-granularity.yaml"))).toMatch(/no address leads to rp1:.*two addresses are one byte/);
  });

  it("explaining changes nothing of a run", () => {
    const { run } = explain(planOf("assembly/s17-tool.yaml"));
    const { run: again } = explain(planOf("assembly/s17-tool.yaml"), "ready");
    again.run(() => false);
    expect(again.result()).toEqual(run.result());
  });
});

describe("capacity over time", () => {
  it("[S23] half a gigabyte is missing for whoever looks from the end of boot on", () => {
    const { capacity } = explain(planOf("assembly/s23-missing-capacity.yaml")).told;
    expect([capacity.bytesPromised, capacity.bytesDelivered, capacity.bytesGap]).toEqual([String(1 << 30), String(1 << 29), String(1 << 29)]);
    expect([capacity.firstSeen?.event, capacity.since?.event]).toEqual(["end of boot", "end of boot"]);
  });

  it("what comes with a late decision was missing until then", () => {
    const { capacity, decidedAtNs } = explain(planOf("ownership/s31-premature.yaml")).told;
    expect(capacity.bytesGap).toBe("0");
    expect(capacity.changes.find(({ bytesGap }) => bytesGap === "0")?.atNs).toBeGreaterThanOrEqual(decidedAtNs ?? -1);
  });

  it("memory that a user takes away is a gap from that moment on", () => {
    const file = "trimming/s52-equals-window.yaml";
    const plan = { ...planOf(file), expectations: [], steps: [{ run: "cxl destroy-region -f region0" }] } as ScenarioPlan;
    const { told, run } = explain(plan);
    expect(told.capacity.bytesGap).toBe(told.capacity.bytesPromised);
    expect(told.capacity.since?.atNs).toBeGreaterThan(told.decidedAtNs ?? -1);
    expect(run.commands.map(({ exitCode }) => exitCode)).toEqual([0]);
  });
});

describe("what lies idle", () => {
  // A hundred others are asked for what is in no listing in test/kernel/invariants.test.ts.
  it("25 random systems: every idle object is in a listing (invariant 4)", () => {
    const hidden: string[] = [];
    let found = 0;
    for (let seed = 1; seed <= 25; seed++) {
      const { kernel } = bootSystem(randomSystem(seed), true);
      const left = breadcrumbs({ kernel, files: createFileSystem(kernel) });
      found += left.length;
      hidden.push(...left.filter(({ listing }) => listing === null).map(({ name, what }) => `system ${seed}: ${name}, ${what}`));
    }
    expect(hidden).toEqual([]);
    expect(found).toBeGreaterThan(25);
  });
});

describe("[S16] ledgers and what frees them", () => {
  it("a region that nobody uses holds all three under leave and targets, and no tool frees the decoders", () => {
    const told = bareTold("assembly/s16-stuck-triad.yaml");
    const stuck = told.ledgers.filter(({ isStuck }) => isStuck);
    expect(new Set(stuck.map(({ ledger }) => ledger))).toEqual(new Set(["HPA", "DPA", "decoder"]));
    expect(stuck.find(({ ledger }) => ledger === "DPA")?.remedy).toContain("the card is reset");
  });

  it("what hmem uses is not stuck", () => {
    const told = bareTold("assembly/missing-member.yaml");
    expect(told.ledgers.length).toBeGreaterThan(2);
    expect(told.ledgers.filter(({ isStuck }) => isStuck)).toEqual([]);
  });

  it.each(["assembly/s16-stuck-triad.yaml", "assembly/s19-roadmap-a.yaml", "assembly/s19-misread-a.yaml", "trimming/s65-trim.yaml", "assembly/s23-missing-capacity.yaml"])("%s: the commands of each entry free it", (file) => {
    const plan = bare(file);
    const stuck = bareTold(file).ledgers.filter(({ isStuck, commands }) => isStuck && commands.length > 0);
    expect(stuck.length).toBeGreaterThan(0);
    for (const { ledger, holder, commands } of stuck) {
      const { told, run } = explain({ ...plan, steps: [{ settle: true }, ...commands.map((line) => ({ run: line }))] } as ScenarioPlan);
      expect([commands, run.failure]).toEqual([commands, null]);
      expect([commands, told.ledgers.some((one) => one.ledger === ledger && one.holder === holder)]).toEqual([commands, false]);
    }
  });
});

describe("what can be done next", () => {
  // A time limit that has yet to pass takes the region away while the commands are typed. Every second of the others: machines recur, and so does what is advised.
  it.each(all.filter((file) => planOf(file).firmware.regions.length > 0 && !planOf(file).policies.asm.startsWith("timeout")).filter((_, index) => index % 2 === 0))("%s: the commands work in their order, no memory is lost by them, and those that are to bring some do", (file) => {
    const plan = bare(file);
    const told = bareTold(file);
    const advice = told.advice.filter(({ isOptional }) => !isOptional);
    const commands = advice.flatMap((one) => one.commands);
    if (commands.length === 0) return;
    const after = explain({ ...plan, steps: [{ settle: true }, ...commands.map((line) => ({ run: line }))] } as ScenarioPlan);
    expect([commands, after.run.failure]).toEqual([commands, null]);
    const delivered = (one: Explanation): bigint => BigInt(one.capacity.bytesDelivered);
    const isMore = delivered(after.told) > delivered(told);
    const brings = commands.some((line) => /create-region|enable-region|online-memory|\/bind$/.test(line));
    expect([commands, delivered(after.told) >= delivered(told), isMore || !brings]).toEqual([commands, true, true]);
  });
});
