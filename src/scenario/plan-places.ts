// Where the parts of a plan stand in its file, so that what became of them can be shown there.

import type { Path } from "./load.ts";
import type { SourcePlace } from "./result.ts";
import type { ScenarioFile } from "./schema.ts";

/** Where the parts of a plan stand in its file; a value has no places, and these are empty. */
export interface PlanPlaces {
  /** As `faults`: those of steps stand where they are injected. */
  readonly faults: readonly SourcePlace[];
  readonly steps: readonly SourcePlace[];
  /** Of the steps that expect something, by the step's index. */
  readonly stepExpectations: ReadonlyMap<number, readonly SourcePlace[]>;
  readonly expectations: readonly SourcePlace[];
  readonly reboot: readonly SourcePlace[];
}

/** Places of everything that a result speaks of. */
export function placesOf(scenario: ScenarioFile, place: (path: Path) => SourcePlace): PlanPlaces {
  const each = (list: readonly unknown[] | undefined, base: Path): SourcePlace[] => (list ?? []).map((_, index) => place([...base, index]));
  const steps = scenario.steps ?? [];
  const injected = steps.flatMap((step, index) => ("inject" in step ? [place(["steps", index])] : []));
  return {
    faults: [...each(scenario.faults, ["faults"]), ...injected],
    steps: each(steps, ["steps"]),
    stepExpectations: new Map(steps.flatMap((step, index) => ("expect" in step ? [[index, each(step.expect, ["steps", index, "expect"])] as const] : []))),
    expectations: each(scenario.expect, ["expect"]),
    reboot: typeof scenario.reboot === "object" ? each(scenario.reboot.expect, ["reboot", "expect"]) : [],
  };
}
