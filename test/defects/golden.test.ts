// A model that is broken on purpose: a defect is switched on, the scenario's golden is the one of the model as it should be, and every report names the same first record that is not as it was.

import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import type { GoldenLayer } from "../../src/scenario/golden.ts";
import { goldenFileOf, goldenLayers } from "../../src/scenario/golden.ts";
import type { Divergence } from "../../src/scenario/trace/divergence.ts";
import type { TraceFile } from "../../src/scenario/trace/file.ts";
import { decodeTrace, linesOf } from "../../src/scenario/trace/file.ts";
import { reporters } from "../../src/report/reporters.ts";
import type { RunInput } from "../../src/sandbox.ts";
import { runInSlices } from "../../workers/slices.ts";
import type { FinishedRun } from "../../workers/slices.ts";
import { bundledScenarios } from "../support/library.ts";
import { modules } from "../support/machine.ts";
import { reportOf, surroundings } from "../support/reports.ts";

/** What each breaks first, in the words of the hardware. */
const broken = [
  { defect: "no-link-down", expected: "rp0: link down, it was up", actual: "rp0: violation isolation cleared and the link was never down" },
  { defect: "no-cache-invalidation", expected: "rp0: dropped write to 0x400000040 by a write-back", actual: "hb0: commit decoder 0 decommitted" },
] as const;

const texts = bundledScenarios();

function run(defect: string, more: Partial<RunInput>): Promise<FinishedRun> {
  const file = `scenarios/defects/${defect}.yaml`;
  return runInSlices(modules.release, { file, text: texts[file] ?? "", seed: 1, schedule: "fixed", keepTrace: false, ...more }, { slice: 1000, isCancelled: () => false, onProgress: () => undefined });
}

const traceOf = async (defect: string, more: Partial<RunInput>): Promise<TraceFile> => decodeTrace((await run(defect, { ...more, keepTrace: true })).trace ?? new Uint8Array());

/** The first record by time that two runs do not have in common, found by looking at all of them. */
function firstOf(good: TraceFile, bad: TraceFile): { readonly layer: GoldenLayer; readonly index: number; readonly atNs: number } | undefined {
  const found = goldenLayers.flatMap((layer) => {
    const [before, after] = [linesOf(good, layer), linesOf(bad, layer)];
    const index = after.findIndex(({ text }, at) => text !== before[at]?.text);
    return index < 0 ? [] : [{ layer, index, atNs: after[index]?.atNs ?? 0 }];
  });
  return found.toSorted((a, b) => a.atNs - b.atNs)[0];
}

/** A report as its reader reads it: entities and escapes taken back. */
const plainText = (text: string): string => text.replaceAll(/<[^<>]*>/g, "").replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&quot;", '"').replaceAll("&#39;", "'").replaceAll("&amp;", "&").replaceAll("%0A", "\n").replaceAll("%25", "%");

describe.each(broken)("a model broken by $defect", ({ defect, expected, actual }) => {
  let held: FinishedRun;
  let first: Divergence | undefined;

  beforeAll(async () => {
    held = await run(defect, { defects: [defect], golden: readFileSync(new URL(`../../${goldenFileOf(`scenarios/defects/${defect}.yaml`)}`, import.meta.url), "utf8") });
    first = held.result.golden?.divergences[0];
  });

  it("is red, and parts from its golden at the first record that is not as it was", async () => {
    expect(held.result.status).toBe("fail");
    expect(first?.expected).toContain(expected);
    expect(first?.actual).toContain(actual);
    const found = firstOf(await traceOf(defect, {}), await traceOf(defect, { defects: [defect] }));
    expect({ layer: first?.layer, index: first?.index, atNs: first?.atNs }).toEqual(found);
  });

  it("names the line of the golden", () => {
    const line = readFileSync(new URL(`../../scenarios/defects/${defect}.golden`, import.meta.url), "utf8").split("\n")[(held.result.golden?.line ?? 0) - 1];
    expect(line).toBe(`  ${first?.expected}`);
  });

  it.each(["console", "junit", "github", "html"])("%s names it before all others, with what was expected and what came", (name) => {
    const reporter = reporters.find((one) => one.name === name);
    const { stdout = "", stderr = "", files = [] } = reporter?.report(reportOf([held.result]), surroundings(), name === "html" ? "x.html" : undefined) ?? {};
    const text = plainText([stdout, stderr, ...files.map(({ content }) => String(content))].join("\n"));
    const place = new RegExp(`${first?.layer},? record ${first?.index}\\b`).exec(text)?.index ?? -1;
    expect(place).toBeGreaterThan(-1);
    expect(text.slice(place)).toContain(first?.expected);
    expect(text.slice(place)).toContain(first?.actual);
    for (const { layer, index } of held.result.golden?.divergences.slice(1) ?? []) expect(new RegExp(`${layer},? record ${index}\\b`).exec(text)?.index).toBeGreaterThan(place);
    expect(text).toContain(held.result.reproduce);
  });
});

describe("a model that is not broken", () => {
  it.each(broken)("$defect switched off agrees with its golden", async ({ defect }) => {
    const golden = readFileSync(new URL(`../../scenarios/defects/${defect}.golden`, import.meta.url), "utf8");
    expect((await run(defect, { golden })).result).toMatchObject({ status: "pass", golden: { state: "same" } });
  });
});
