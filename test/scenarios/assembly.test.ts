// Every scenario of scenarios/assembly passes, from file to result.

import { describe, expect, it } from "vitest";
import { planScenario } from "../../src/scenario/plan.ts";
import { bundledScenarios } from "../support/library.ts";
import { runPlan } from "../support/scenarios.ts";

const files = Object.entries(bundledScenarios()).filter(([file]) => file.startsWith("scenarios/assembly/"));

describe("firmware's regions from files", () => {
  it("there are some", () => expect(files.length).toBeGreaterThan(2));

  for (const [file, text] of files) {
    it(file, () => {
      const { result } = runPlan(planScenario(file, text));
      expect([result.status, ...result.expectations.filter((expectation) => !expectation.pass)]).toEqual(["pass"]);
    });
  }
});
