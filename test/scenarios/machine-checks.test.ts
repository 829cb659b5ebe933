// Scenarios of machine checks: how they are told, graded and paid for, whether each is issued or counted.

import { describe, expect, it } from "vitest";
import { bundledScenarios } from "../support/library.ts";
import { runText } from "../support/scenarios.ts";

const files = Object.entries(bundledScenarios()).filter(([file]) => file.startsWith("scenarios/machine-checks/"));

describe("scenarios/machine-checks", () => {
  it.each(files)("[rule 7] %s comes to the same in closed form and access by access", (file, text) => {
    const [counted, exact] = (["aggregated", "exact"] as const).map((counting) => runText(file, text, { counting }).result);
    expect([counted?.expectations.filter((one) => !one.pass), counted?.status]).toEqual([[], "pass"]);
    expect([exact?.outcome, exact?.metrics.killed, exact?.metrics.machineChecks, exact?.reason]).toEqual([counted?.outcome, counted?.metrics.killed, counted?.metrics.machineChecks, counted?.reason]);
  });
});
