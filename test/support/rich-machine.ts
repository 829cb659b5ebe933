// A machine with every kind of part and every structure that a scenario can give it, brought to ready and held there.

import type { OpenRun } from "../../src/sandbox/contract.ts";
import { withPlaces } from "../../src/sandbox/injections.ts";
import { approach } from "../../src/sandbox/moment.ts";
import { openRun } from "../../src/sandbox/run.ts";
import { planScenario } from "../../src/scenario/plan.ts";

export const richScenario = `version: 1
name: every kind of part
machine:
  hostBridges:
    - rootPorts:
        - { name: rp0, isolation: { mem: true, cache: true, forceLinkDown: true, timeoutRanges: ABCD, interrupt: 3 }, backInvalidate: true, snoopFilter: { group: 1, capacity: 128KiB }, switch: { name: sw0, backInvalidate: true, ports: [{ name: dsp0, backInvalidate: true, device: { name: dev0, volatile: 512MiB, persistent: 256MiB, backInvalidate: true } }, { name: dsp1, dpc: false }] } }
        - { name: rp1, isolation: { mem: true, forceLinkDown: true, timeoutRanges: ABCD, interrupt: 3 }, device: { name: dev1, volatile: 512MiB }, alternates: [{ name: spare, serial: 0x99, volatile: 512MiB }] }
    - passthrough: true
      rootPorts:
        - { name: rp2, device: { name: dev2, volatile: 256MiB } }
firmware: { windows: [{ targets: [hb0], size: 4GiB }, { targets: [hb1], size: 4GiB }] }
kernel: { preset: isolation-safe }
steps:
  - run: cxl create-region -d decoder0.0 -m \${mem:dsp0} -w 1 -t ram
`;

/** The run at ready: every device is probed, a region is committed. */
export function richRun(module: WebAssembly.Module, keepTrace = false, text = richScenario): OpenRun {
  const run = openRun(module, withPlaces(planScenario("rich.yaml", text)), { seed: 1, schedule: "fixed", keepTrace, isHeld: true });
  const arrival = approach(run, { kind: "ready" }).goOn(() => false);
  if (arrival !== "there") throw new Error(`the run is ${arrival} before ready: ${run.failure ?? ""}`);
  return run;
}
