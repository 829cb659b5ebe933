// The library of scenario files: which of the seeds S1-S67 it has, that what the files claim can fail, and that it fails where things are otherwise.

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { goldenFileOf, parseGolden } from "../../src/scenario/golden.ts";
import type { ScenarioPlan } from "../../src/scenario/plan.ts";
import { planScenario } from "../../src/scenario/plan.ts";
import type { PolicyName } from "../../src/scenario/policies.ts";
import { policies } from "../../src/scenario/policies.ts";
import { bundledScenarios } from "../support/library.ts";
import { runPlan } from "../support/scenarios.ts";
import { turned, turnedStep } from "../support/turned.ts";

const themes = ["assembly", "ownership", "trimming"] as const;
const files = Object.entries(bundledScenarios()).filter(([file]) => themes.some((theme) => file.startsWith(`scenarios/${theme}/`)));
/** Items to be kept on record only: no behaviour to run. */
const onRecord = ["S18", "S67"];
const lastSeed = 93;
const nameOf = (text: string): string => /^name: (.*)$/m.exec(text)?.[1] ?? "";
const idsOf = (text: string): string[] => (/\(([^()]*)\)"?$/.exec(nameOf(text))?.[1] ?? "").split(", ").filter((id) => /^S\d+$/.test(id));

describe("the seeds in scenarios/", () => {
  const found = new Set(files.flatMap(([, text]) => idsOf(text)));

  it("every one of S1-S67 but those on record has a scenario", () => {
    const wanted = Array.from({ length: 67 }, (_, index) => `S${index + 1}`).filter((id) => !onRecord.includes(id));
    expect(wanted.filter((id) => !found.has(id))).toEqual([]);
  });

  it.each(files)("%s: name, description and numbers", (file, text) => {
    const first = /\/s(\d+)-/.exec(file)?.[1];
    expect(idsOf(text).length).toBeGreaterThan(0);
    for (const id of idsOf(text)) expect([id, Number(id.slice(1)) <= lastSeed, onRecord.includes(id)]).toEqual([id, true, false]);
    if (first !== undefined) expect([idsOf(text)[0], /^description: /m.test(text)]).toEqual([`S${Number(first)}`, true]);
  });
});

/** The same situation but for one thing. */
const otherSituations: readonly ((text: string) => string)[] = [
  (text) => text.replaceAll(", present: false", ""),
  (text) => text.replace(/^faults:\n(?: .*\n)+/m, ""),
  (text) => text.replace(/^ {2}decoders: .*\n/m, ""),
  (text) => text.replaceAll(", softReserved: true", "").replace(/^ {2}softReserved:.*\n/m, ""),
  (text) => text.replace("timeout(5s)", "timeout(1s)"),
  (text) => text.replace(/, builtIn: .*\]/, ""),
  (text) => text.replaceAll(/^ {2}- inject: .*\n/gm, ""),
  (text) => text.replace("} }", "}, present: false }"),
];

/** Plans of the other situations, and under the other values of every policy that the file sets. */
function* otherwise(file: string, text: string): Generator<ScenarioPlan> {
  const plan = planScenario(file, text);
  const set = [...(/policies: \{([^}]*)\}/.exec(text)?.[1] ?? "").matchAll(/(\w+): /g)].map(([, name]) => name as PolicyName).filter((name) => name !== "use" && name !== "online");
  for (const name of set) for (const value of policies[name].values) if (!plan.policies[name].startsWith(value)) yield planScenario(file, text.replace(new RegExp(`\\b${name}: [^,} ]+`), `${name}: ${value}`));
  if (/preset: /.test(text)) yield planScenario(file, text.replace(/preset: [^,} ]+/, "preset: linux-6.x-old"));
  for (const change of otherSituations) if (change(text) !== text) yield planScenario(file, change(text));
}

describe("what the files claim", () => {
  it.each(files)("%s: every expectation can fail", (file, text) => {
    const plan = planScenario(file, text);
    const { result } = runPlan({ ...plan, steps: plan.steps.map(turnedStep), expectations: plan.expectations.map(turned) });
    expect(result.expectations.filter((one) => one.pass)).toEqual([]);
    // As many as hold when the file is run as it stands: the golden names them, and a run is held against it (test/cli/run.test.ts).
    const golden = goldenFileOf(file);
    const { lines } = parseGolden(golden, readFileSync(new URL(`../../${golden}`, import.meta.url), "utf8")).layers.result;
    expect(result.expectations.length).toBe(lines.filter((line) => line.startsWith("expectation ")).length);
  });

  it.each(files)("%s: does not hold under another policy, or in another situation", (file, text) => {
    let isCaught = false;
    for (const plan of otherwise(file, text)) {
      isCaught = runPlan(plan).result.status !== "pass";
      if (isCaught) break;
    }
    expect(isCaught).toBe(true);
  });
});
