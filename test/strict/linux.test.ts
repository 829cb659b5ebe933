// The Linux model under the checker: it does nothing that a sheet forbids in the bundled scenarios, or docs/strict.md would have to say what.

import { readFileSync, readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { openRun } from "../../src/sandbox/run.ts";
import { createStrict } from "../../src/sandbox/strict/strict.ts";
import { planScenario } from "../../src/scenario/plan.ts";
import { modules } from "../support/machine.ts";

const folders = ["isolation", "faults", "device", "layouts"];
const others = ["assembly/s16-stuck-triad.yaml", "assembly/s12-port-decoder.yaml", "ownership/s34-cards-come-and-go.yaml", "ownership/s41-allow.yaml", "trimming/s49-teardown-order.yaml", "trimming/s52-two-windows-split.yaml"];
const sample = [...folders.flatMap((folder) => readdirSync(`scenarios/${folder}`).filter((name) => name.endsWith(".yaml")).map((name) => `${folder}/${name}`)), ...others];

describe("the Linux model under the checker of accesses", () => {
  it.each(sample)("%s: no violation", (name) => {
    const file = `scenarios/${name}`;
    const { run, system } = openRun(modules.release, planScenario(file, readFileSync(file, "utf8")), { seed: 1, schedule: "fixed", keepTrace: false });
    const strict = createStrict(system.hardware);
    let records = 0;
    system.hardware.storeTrace((words) => {
      records += words.length / 8;
      strict.accept(words);
    });
    expect(run(() => false)).toBe("done");
    expect(strict.violations.map(({ message }) => message)).toEqual([]);
    expect(records).toBeGreaterThan(1000);
  });
});
