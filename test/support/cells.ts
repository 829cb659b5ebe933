// Cells of a comparison for tests, scored in this thread.

import type { CellFacts } from "../../src/scenario/comparison.ts";
import { parseVariation, varyScenario } from "../../src/scenario/vary.ts";
import { scoreCell } from "../../src/sandbox/score/score.ts";
import { bundledScenarios } from "./library.ts";
import { modules } from "./machine.ts";

/** Facts of a scenario's text as it is. */
export function scoreText(text: string, schedules = 0, file = "cell.yaml"): CellFacts {
  const work = scoreCell(modules.release, { file, text, seed: 1, schedules });
  for (;;) {
    const { done, value } = work.next();
    if (done === true) return value;
  }
}

/** Facts of a bundled file under a preset, as the scorecard has them. */
export function scorePreset(file: string, preset: string, schedules = 0): CellFacts {
  const [value = ""] = parseVariation(`kernel.preset=${preset}`).values;
  return scoreText(varyScenario(file, bundledScenarios()[file] ?? "", [{ path: "kernel.preset", value }], true).text, schedules, file);
}
