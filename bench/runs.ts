// A thousand short scenarios in one call of the command, and what each part of it costs: checking, running, workers.

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createRun } from "../src/sandbox/run.ts";
import { planScenario } from "../src/scenario/plan.ts";
import type { Measured } from "./main.ts";

const command = fileURLToPath(new URL("../../dist/src/cli/main.js", import.meta.url));
const most = 1000;

/** Boot to a memory device, and fewer than 1,000 accesses. */
const textOf = (index: number): string => `version: 1
name: short scenario ${index}
machine: { hostBridges: [{ rootPorts: [{ name: rp0, device: { volatile: ${256 * (1 + (index % 3))}MiB } }] }] }
steps: [{ run: cat /sys/bus/cxl/devices/mem0/serial }]
expect: [{ outcome: unaffected }]
`;

const rateOf = (name: string, count: number, milliseconds: number, note: string): Measured => ({ name, perSecond: (count * 1000) / milliseconds, note: `${(milliseconds / 1000).toFixed(2)} s${note}` });

function timed(work: () => void): number {
  const start = performance.now();
  work();
  return performance.now() - start;
}

/** Whole calls of the command; the ratio is to the runs alone, in this process. */
export function measureRuns(module: WebAssembly.Module): Measured[] {
  const folder = mkdtempSync(join(tmpdir(), "cxl-sandbox-bench-"));
  try {
    const texts = Array.from({ length: most }, (_, index) => [join(folder, `s${String(index).padStart(4, "0")}.yaml`), textOf(index)] as const);
    for (const [file, text] of texts) writeFileSync(file, text);
    const plans = texts.map(([file, text]) => planScenario(file, text));
    const checking = timed(() => void texts.map(([file, text]) => planScenario(file, text)));
    const running = timed(() => {
      for (const plan of plans) {
        const run = createRun(module, plan, { seed: 1, schedule: "fixed", keepTrace: false });
        run.run(() => false);
        run.result();
      }
    });
    const calls = [["--no-worker"], ["--jobs", "1"], ["--jobs", String(availableParallelism())]].map((argv) => {
      const time = timed(() => {
        const { status, stderr } = spawnSync(process.execPath, [command, "run", folder, ...argv], { encoding: "utf8", maxBuffer: 1 << 26 });
        if (status !== 0) throw new Error(`run ${argv.join(" ")} ended ${status}: ${stderr}`);
      });
      return rateOf(`run ${most} short scenarios ${argv.join(" ")}`, most, time, `, ${(time / running).toFixed(2)} times the runs alone`);
    });
    return [rateOf(`check ${most} short scenarios`, most, checking, ""), rateOf(`run ${most} short scenarios in this process`, most, running, ""), ...calls];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
