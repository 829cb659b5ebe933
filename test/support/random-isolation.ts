// Random systems with isolation, seeded: machine shapes, caches, policies, uses of the memory, workloads and faults of ports. Plain data: the same seed gives the same
// system. They are small, so that hundreds run in seconds.

import { defectNames } from "../../src/sandbox/defects.ts";
import type { ScenarioPlan } from "../../src/scenario/plan.ts";
import { planValue } from "../../src/scenario/plan.ts";
import type { RandomState } from "../../src/sim/random.ts";
import { createRandom, nextBelow } from "../../src/sim/random.ts";
import { pick } from "./store-texts.ts";

const chance = (random: RandomState, oneIn: number): boolean => nextBelow(random, oneIn) === 0;

export interface RandomIsolation {
  readonly seed: number;
  readonly plan: ScenarioPlan;
  readonly schedule: "fixed" | "seeded";
  readonly defects: readonly string[];
  /** Guests on each dax device: virtual ns between two requests of a thread, reads of 100, bytes that they walk over; none where the memory is System RAM. */
  readonly guests: { readonly period: number; readonly reads: number; readonly wrap: number } | null;
}

const sizes = ["64KiB", "256KiB", "1MiB"] as const;

function isolationOf(random: RandomState): object | false {
  if (chance(random, 30)) return false;
  return {
    mem: true, forceLinkDown: !chance(random, 3), timeout: !chance(random, 8), timeoutRanges: pick(random, ["A", "ABCD"]),
    errCor: chance(random, 2), ...(chance(random, 8) ? {} : { interrupt: 3 }),
  };
}

function machineOf(random: RandomState, ports: number): object {
  const preserves = chance(random, 4);
  return {
    ...(chance(random, 2) ? {} : { cache: { size: pick(random, sizes), ways: pick(random, [2, 4, 16]) } }),
    hostBridges: [{
      rootPorts: Array.from({ length: ports }, () => ({
        isolation: isolationOf(random), inFlight: pick(random, [4, 16, 64]), linkTrainingTime: "1ms", device: { volatile: "256MiB", preservesVolatile: preserves },
      })),
    }],
    implementation: { isolationResponseTime: pick(random, ["100ns", "10us", "5ms"]), messageOrder: pick(random, ["isolation-first", "hotplug-first"]), timeoutInstant: "earliest", ...(chance(random, 50) ? { cacheInvalidation: false } : {}) },
    limits: { mediaPages: 512, traceRecords: 1024 },
  };
}

/** A port breaks, and may come back; now and then another one, a lost message, or a flap on top. */
function faultsOf(random: RandomState, ports: number, hasGuests: boolean): object[] {
  const port = (): string => `rp${nextBelow(random, ports)}`;
  const broken = port();
  const at = (least: number): { at: string } => ({ at: `${least + nextBelow(random, 800)}us` });
  const faults: object[] = [];
  const add = (when: object, action: object): void => void faults.push({ id: `f${faults.length}`, when, do: action, optional: true });
  if (hasGuests && chance(random, 3)) add({ request: { port: broken, direction: pick(random, ["read", "write", "any"]), nth: 1 + nextBelow(random, 40) } }, { dropResponse: { port: broken } });
  else add(at(100), { linkDown: broken });
  if (!chance(random, 10)) add(chance(random, 3) ? at(1500) : { after: pick(random, ["CLEARED", "LINK_DOWN"]) }, { linkUp: broken });
  if (chance(random, 4)) {
    const other = port();
    add(at(300), { linkDown: other });
    add({ after: "CLEARED" }, { linkUp: other });
  }
  if (chance(random, 5)) add({ at: "50us" }, { loseInterrupt: { of: broken, count: 1 + nextBelow(random, 4) } });
  if (chance(random, 8)) add({ after: pick(random, ["FENCED", "LINK_UP", "ENUMERATED"]) }, { linkFlap: { port: broken, time: "2ms" } });
  if (chance(random, 16)) add({ at: "50us" }, { neverRetrain: broken });
  return faults;
}

function policiesOf(random: RandomState): Record<string, string> {
  return {
    isoact: pick(random, ["recover", "recover", "recover", "recover", "recover", "recover", "recover", "recover", "panic", "none"]),
    notify: pick(random, ["interrupt", "interrupt", "interrupt+err-cor", "acpi-notify", "none"]),
    isoown: pick(random, ["os", "os", "os", "firmware-enable", "firmware-notify"]),
    isoexit: pick(random, ["cxl-3.2", "cxl-3.2", "seed-strict"]),
    recorder: pick(random, ["fence-first", "fence-first", "removal-first"]),
    use: pick(random, ["device-dax-only", "device-dax-only", "device-dax-only", "system-ram-normal", "system-ram-movable"]),
    platform: pick(random, ["reset", "machine-check"]),
  };
}

export function randomIsolation(seed: number): RandomIsolation {
  const random = createRandom(seed, 7);
  const ports = 1 + nextBelow(random, 2);
  const isInterleaved = ports === 2 && chance(random, 3);
  const policies = policiesOf(random);
  const members = Array.from({ length: ports }, (_, index) => `\${mem:rp${index}}`);
  const steps = isInterleaved ? [`cxl create-region -d decoder0.0 -w 2 -t ram -m ${members.join(" ")}`] : members.map((member) => `cxl create-region -d decoder0.0 -m ${member} -w 1 -t ram`);
  const isDax = policies["use"] === "device-dax-only";
  const guests = isDax && !chance(random, 8) ? { period: pick(random, [20_000, 50_000, 200_000]), reads: pick(random, [30, 70, 100]), wrap: pick(random, [4096, 65_536]) } : null;
  const value = {
    version: 1, name: `random isolation ${seed}`, machine: machineOf(random, ports), firmware: { windows: [{ targets: ["hb0"], size: "1GiB" }] },
    kernel: { preset: "isolation-safe", policies: { ...policies, online: policies["use"] === "system-ram-normal" ? "online" : policies["use"] === "system-ram-movable" ? "online_movable" : "offline" } },
    steps: steps.map((run) => ({ run })),
    workloads: isDax && chance(random, 5) ? [{ pin: { name: "rdma", memory: "${dax:region0}", ...(chance(random, 4) ? {} : { until: `${1 + nextBelow(random, 50)}ms` }) } }] : [],
    faults: faultsOf(random, ports, guests !== null), limits: { time: "400ms" },
  };
  return {
    seed, plan: planValue(`random-isolation-${seed}`, value), schedule: chance(random, 3) ? "seeded" : "fixed",
    defects: policies["isoact"] !== "none" && chance(random, 5) ? [chance(random, 2) ? "no-cache-invalidation" : (defectNames[nextBelow(random, defectNames.length)] ?? "fence-skipped")] : [],
    guests,
  };
}
