// A storm as large as a host: 256 GB on four ports that all fail, 128 processors, 64 guests, an hour of virtual time. Guests that handle SIGBUS keep it going for all
// of the hour; guests that do not are dead at once. Beside it, how fast time passes in which a recovery waits.

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { createRun } from "../src/sandbox/run.ts";
import { planScenario } from "../src/scenario/plan.ts";
import type { ScenarioPlan } from "../src/scenario/plan.ts";
import type { ScenarioResult } from "../src/scenario/result.ts";
import type { Measured } from "./main.ts";

const [ports, guestsPerPort] = [4, 16];
const numbers = (count: number): number[] => [...Array(count).keys()];
const daySeconds = 86_400;

/** Firmware has armed isolation, and nobody handles it: the ports stay isolated. */
export function stormText(onSigbus: "survive" | "die", time: string): string {
  const port = (index: number): string => `        - { name: rp${index}, isolation: { mem: true, forceLinkDown: false, timeoutRanges: ABCD, interrupt: 3 }, device: { volatile: 64GiB } }`;
  const region = (index: number): string[] => [
    `  - run: cxl create-region -d decoder0.0 -m \${mem:rp${index}} -w 1 -t ram`,
    `  - run: daxctl destroy-device -f \${dax:region${index}}`,
    ...numbers(guestsPerPort).map(() => `  - run: daxctl create-device -r region${index} -s 4G`),
  ];
  const guest = (index: number, number: number): string => `  - vm: { name: vm${index}-${number}, memory: "\${dax:region${index}[${number + 1}]}", rate: 1M/s, reads: 70%, onSigbus: ${onSigbus} }`;
  return [
    "version: 1", `name: storm over 256 GB, guests ${onSigbus}`, "machine:", "  hostBridges:", "    - rootPorts:", ...numbers(ports).map(port), "        - { name: spare, device: { volatile: 1GiB } }", "firmware: { windows: [{ targets: [hb0], size: 256GiB }] }",
    "kernel: { preset: isolation-safe, policies: { isoown: firmware-enable, isoact: none } }", "host: { cpus: 128 }", "steps:", ...numbers(ports).flatMap(region),
    "workloads:", ...numbers(ports).flatMap((index) => numbers(guestsPerPort).map((number) => guest(index, number))),
    "faults:", ...numbers(ports).map((index) => `  - { id: out${index}, when: { at: ${5 + index}ms }, do: { dropResponse: { port: rp${index} } } }`), `  - { id: end, when: { at: ${time} }, do: { linkFlap: { port: spare, time: 1ms } } }`,
    "limits: { time: 4000s, steps: 100000000 }", "",
  ].join("\n");
}

interface Timed {
  readonly result: ScenarioResult;
  readonly seconds: number;
}

/** Runs a plan. `seconds`: processor time of the process, which others on the computer do not lengthen much; `megabytes`: the most that it held while it ran. */
function timed(module: WebAssembly.Module, plan: ScenarioPlan): Timed & { readonly megabytes: number } {
  const run = createRun(module, plan, { seed: 1, schedule: "fixed", keepTrace: false });
  const start = process.cpuUsage();
  let peak = 0;
  let steps = 0;
  const look = (): boolean => {
    if (steps++ % 4096 === 0) peak = Math.max(peak, process.memoryUsage.rss());
    return false;
  };
  run.run(look);
  const used = process.cpuUsage(start);
  const seconds = (used.user + used.system) / 1e6;
  return { result: run.result(), seconds, megabytes: Math.max(peak, process.memoryUsage.rss()) / 2 ** 20 };
}

function measureOne(module: WebAssembly.Module, onSigbus: "survive" | "die"): Measured {
  const { result, seconds, megabytes } = timed(module, planScenario("storm.yaml", stormText(onSigbus, "3600s")));
  const { machineChecks, killed } = result.metrics;
  const note = `${seconds.toFixed(2)} s for ${(result.virtualTimeNs / 1e9).toFixed(0)} s of virtual time, process ${megabytes.toFixed(0)} MB; ${result.outcome}, ${machineChecks} machine checks, ${killed} killed`;
  return { name: `storm over 256 GB, 128 CPUs, 64 guests that ${onSigbus}, 1 h`, perSecond: 1 / seconds, note };
}

/** A recovery that waits for a pin, one guest at work on the other port all the time: virtual over real time. */
function measureIdle(module: WebAssembly.Module, days: number): Measured {
  const file = "scenarios/workloads/pin-short.yaml";
  const text = readFileSync(fileURLToPath(new URL(`../../${file}`, import.meta.url)), "utf8");
  const region = "  - run: cxl create-region -d decoder0.0 -m ${mem:rp1} -w 1 -t ram\nworkloads:\n  - vm: { name: other, memory: \"${dax:region1}\", rate: 1M/s, reads: 70% }";
  const long = text.replace("until: 400ms", `until: ${days * daySeconds}s`).replace("workloads:", region).replace(/expect:[^]*$/, `limits: { time: ${2 * days * daySeconds}s }\n`);
  const { result, seconds } = timed(module, planScenario(file, long));
  const ratio = result.virtualTimeNs / 1e9 / seconds;
  return { name: `a recovery that waits ${days} days for a pin, beside a guest at work`, perSecond: 1 / seconds, note: `${seconds.toFixed(3)} s; virtual over real time ${(ratio / 1e6).toFixed(1)} million; ${result.outcome}` };
}

export const measureStorm = (module: WebAssembly.Module): Measured[] => [measureOne(module, "survive"), measureOne(module, "die"), measureIdle(module, 10)];
