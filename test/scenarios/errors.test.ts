// Scenarios of errors, containment and removal: the same outcome in every order of work, and both orders of the two that share a link that went down.

import { describe, expect, it } from "vitest";
import { openRun } from "../../src/sandbox/run.ts";
import { planScenario } from "../../src/scenario/plan.ts";
import { bundledScenarios } from "../support/library.ts";
import { modules } from "../support/machine.ts";

const files = Object.entries(bundledScenarios()).filter(([file]) => file.startsWith("scenarios/errors/"));
const seeds = [1, 2, 3];

function marksOf(file: string, text: string, seed: number): { readonly status: string; readonly failed: readonly unknown[]; readonly marks: readonly string[] } {
  const run = openRun(modules.release, planScenario(file, text), { seed, schedule: "seeded", keepTrace: false });
  const marks: string[] = [];
  run.listeners.add((said) => void marks.push(said));
  while (run.run(() => false) === "paused");
  const { status, expectations } = run.result();
  return { status, failed: expectations.filter(({ pass }) => !pass), marks };
}

describe("errors, containment and removal", () => {
  it.each(files)("%s passes in every order of work", (file, text) => {
    for (const seed of seeds) {
      const { status, failed } = marksOf(file, text, seed);
      expect([seed, status, failed]).toEqual([seed, "pass", []]);
    }
  });

  it("[T11] containment and the isolation driver meet one link that went down in either order, and it comes to the same", () => {
    const [file = "", text = ""] = files.find(([name]) => name.endsWith("/contained-and-isolated.yaml")) ?? [];
    const orders = new Set<boolean>();
    for (let seed = 1; seed <= 12 && orders.size < 2; seed++) {
      const { status, marks } = marksOf(file, text, seed);
      expect(status).toBe("pass");
      orders.add(marks.findIndex((one) => one.endsWith(" contained")) < marks.findIndex((one) => one.includes(" NOTIFIED")));
    }
    expect(orders.size).toBe(2);
  });
});
