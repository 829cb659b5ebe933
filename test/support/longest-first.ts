// The order of test files: those that take long first, so that no core waits at the end for one that another began late. Where nothing is known from an earlier run
// Vitest orders by size, which says little here.

import type { TestSpecification } from "vitest/node";
import { BaseSequencer } from "vitest/node";

/** Beginnings of paths below the root, the longest first (`vitest run --project node --reporter=json` says how long each takes). */
const long = [
  "test/drivers-run/", "test/cli/drivers", "test/scenarios/explain", "test/scenarios/isolation", "test/cli/run.", "test/workload/agreement", "test/scenarios/library", "test/kernel/stores", "test/kernel/invariants",
  "test/cli/shell", "test/cli/compare", "test/hardware/random-accesses-sequences", "test/conformance/linux-scenario", "test/kernel/interleavings", "test/trace/fuzz", "test/cli/trace", "test/cli/export-sysfs", "test/isolation/undisturbed",
  "test/isolation/invariants", "test/scenarios/goldens", "test/workers/machine-worker", "test/workers/machine-kernel", "test/kernel/region-unwind", "test/conformance/further-captures", "test/examples/examples", "test/sandbox/verdict", "test/schema/fuzz",
  "test/cli/explain.", "test/cli/run-scale", "test/hardware/random-", "test/drivers/c-header", "test/sandbox/survival", "test/import/topologies", "test/compare/score.", "test/conformance/formats", "test/report/page", "test/workers/",
];

export default class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId, project }: TestSpecification): number => {
      const path = moduleId.slice(project.vitest.config.root.length + 1);
      // A worker that finds a file of a project with workers of its own next gives up its warm modules: those come when the others are through.
      if (path.startsWith("test/package/")) return long.length + 1;
      const found = long.findIndex((start) => path.startsWith(start));
      return found < 0 ? long.length : found;
    };
    // Stable: what is not named keeps its order.
    // oxlint-disable-next-line unicorn/no-array-sort -- the sequencer's own, which gives a new array
    const sorted = await super.sort(files);
    return sorted.toSorted((a, b) => place(a) - place(b));
  }
}
