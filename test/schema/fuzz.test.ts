// Fuzz of scenario files. CXL_SANDBOX_FUZZ_SCENARIOS: how many files (1000), CXL_SANDBOX_FUZZ_SCENARIO_SEED: of which seed (1), CXL_SANDBOX_FUZZ_SCENARIO_RUNS: one in so many that plan is run (8).

import { Ajv } from "ajv";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { scenarioJsonSchema } from "../../src/scenario/json-schema.ts";
import { bundledScenarios } from "../support/library.ts";
import type { FuzzedFile } from "../support/scenario-fuzz.ts";
import { fateOf, fuzzSource, fuzzedFile } from "../support/scenario-fuzz.ts";

const count = Number(process.env["CXL_SANDBOX_FUZZ_SCENARIOS"] ?? "1000");
const seed = Number(process.env["CXL_SANDBOX_FUZZ_SCENARIO_SEED"] ?? "1");
const runsOneIn = Number(process.env["CXL_SANDBOX_FUZZ_SCENARIO_RUNS"] ?? "8");
const mostShown = 5;

const validate = new Ajv({ strict: false }).compile(scenarioJsonSchema());
/** What the loader takes, the JSON Schema takes: an editor gives no false alarm. Values that YAML writes and JSON cannot, and parts, are left out. */
function isValid({ kind, text }: FuzzedFile): string | undefined {
  if (kind === "include") return undefined;
  const value: unknown = parse(text, { schema: "core", merge: false, uniqueKeys: false, logLevel: "silent" });
  return validate(value) ? undefined : `planned, but the JSON Schema says: ${JSON.stringify(validate.errors).slice(0, 300)}`;
}

describe("fuzzed scenario files", () => {
  it(`[fuzz] ${count} files of seed ${seed} are refused with a place, or run to a result: no crash, no hang, no stack trace`, { timeout: 24 * 3_600_000 }, () => {
    const scenarios = Object.values(bundledScenarios()).map(fuzzSource);
    const fates: Record<string, number> = {};
    const broken: string[] = [];
    let planned = 0;
    let slowest = { number: -1, ms: 0 };
    for (let number = 0; number < count; number++) {
      const file = fuzzedFile(seed, number, scenarios);
      const began = performance.now();
      const fate = fateOf(file, planned % runsOneIn === 0, isValid);
      const ms = performance.now() - began;
      if (ms > slowest.ms) slowest = { number, ms };
      if (fate !== "refused") planned++;
      const name = typeof fate === "string" ? fate : "broken";
      fates[`${file.kind} ${name}`] = (fates[`${file.kind} ${name}`] ?? 0) + 1;
      if (typeof fate !== "string" && broken.length < mostShown) broken.push(`seed ${seed} file ${number}: ${fate.broken}\n${file.text.slice(0, 2000)}`);
    }
    if (count > 1000) console.log(`fuzz: ${count} scenario files of seed ${seed}: ${Object.entries(fates).toSorted().map(([name, times]) => `${name} ${times}`).join(", ")}; slowest: file ${slowest.number}, ${slowest.ms.toFixed(0)} ms`);
    expect(broken).toEqual([]);
    for (const kind of ["tree", "text", "include"]) expect(fates[`${kind} refused`]).toBeGreaterThan(0);
    expect(planned).toBeGreaterThan(count / 20);
  });
});
