// Our cxl and daxctl beside what the real ones (85) printed of the same machines' exported trees: `npm run real-tools -- --record` wrote the files.

import { existsSync, readFileSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import { loadModule } from "../../src/hardware/module.ts";
import { approach, parseMoment } from "../../src/sandbox/moment.ts";
import { openRun } from "../../src/sandbox/run.ts";
import { planScenario } from "../../src/scenario/plan.ts";
import type { CommandResult } from "../../src/userland/output.ts";
import { runCommand } from "../../src/userland/run.ts";
import { fixture } from "../support/library.ts";

const folder = fileURLToPath(new URL("../fixtures/real-tools/", import.meta.url));
const commands = [["cxl list -BDMPERTXi", "cxllist-BDMPERTXi"], ["daxctl list -DRMi", "daxctllist-DRMi"]] as const;
const machines = readdirSync(folder).filter((name) => name.endsWith(".yaml")).map((name) => name.slice(0, -".yaml".length)).toSorted();

let module: WebAssembly.Module;
beforeAll(async () => {
  ({ module } = await loadModule());
});

/** What a listing prints on the machine of a file when its steps are done. */
function printed(name: string, line: string): CommandResult {
  const run = openRun(module, planScenario(name, fixture(`real-tools/${name}.yaml`)), { seed: 1, schedule: "fixed", keepTrace: false });
  expect([approach(run, parseMoment("ready")).goOn(() => false), run.failure]).toEqual(["there", null]);
  const { done, value } = runCommand(run.system.kernel, run.files, line).next();
  if (done !== true) throw new Error(`${line} waits`);
  return value;
}

describe("the real tools on exported trees", () => {
  it("were asked about three machines", () => {
    expect(machines).toEqual(["memory", "orders", "partial"]);
  });

  for (const name of machines) {
    for (const [line, file] of commands) {
      it(`${line} of ${name}: the same text, the same complaints`, () => {
        const { stdout, stderr, exitCode } = printed(name, line);
        const complaints = `${folder}${name}.ready.${file}.err`;
        expect(stdout).toBe(fixture(`real-tools/${name}.ready.${file}.json`));
        expect([stderr, exitCode]).toEqual([existsSync(complaints) ? readFileSync(complaints, "utf8") : "", 0]);
      });
    }
  }
});
