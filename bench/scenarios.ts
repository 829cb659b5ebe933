// Whole scenarios from a parsed file, and the cold start of the command to its first result.

import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { createRun } from "../src/sandbox/run.ts";
import { planScenario } from "../src/scenario/plan.ts";
import type { Measured } from "./main.ts";
import { median } from "./main.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const letters = ["a-link-down", "b-timeout", "c-interleaved", "d-kernel-page", "e-pinned"];

export function measureScenarios(module: WebAssembly.Module): Measured[] {
  return letters.map((name) => {
    const file = `scenarios/isolation/${name}.yaml`;
    const plan = planScenario(file, readFileSync(`${root}${file}`, "utf8"));
    const one = (): void => {
      const run = createRun(module, plan, { seed: 1, schedule: "fixed", keepTrace: false });
      run.run(() => false);
      run.result();
    };
    const measured = median(`scenario ${name}`, 5, () => {
      for (let i = 0; i < 5; i++) one();
    });
    return { ...measured, note: `${(1e3 / measured.perSecond).toFixed(1)} ms each` };
  });
}

export function measureColdStart(): Measured[] {
  const start = (): void => void spawnSync(process.execPath, [`${root}dist/src/cli/main.js`, "run", "scenarios/isolation/d-kernel-page.yaml"], { cwd: root });
  const measured = median("cold start to the first result", 1, start, 5);
  return [{ ...measured, note: `${(1e3 / measured.perSecond).toFixed(0)} ms` }];
}
