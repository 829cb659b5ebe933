// Invariants 2, 5, 6 and 8 of error-recovery 9.4, which take more than a look at one run; and memory that hmem has below an isolated port.

import { describe, expect, it } from "vitest";
import { isolation } from "../../src/drivers/isolation/driver.ts";
import type { DriverModule, DriverServices } from "../../src/platform/driver.ts";
import { createRandom, nextBelow } from "../../src/sim/random.ts";
import { bundledScenarios } from "../support/library.ts";
import { GiB, MiB } from "../support/machine.ts";
import { runText } from "../support/scenarios.ts";
import { boot, inject, log, run, second, states } from "./host.ts";

/** The driver with a fence that fences nothing. */
const unfenced: DriverModule = {
  ...isolation,
  start: (kernel) => isolation.start(Object.create(kernel, { cxl: { value: { ...kernel.cxl, fence: function* () {} } } }) as DriverServices),
};

const machine = `version: 1
name: fence
machine: { hostBridges: [{ rootPorts: [{ name: rp0, isolation: { mem: true, forceLinkDown: true, interrupt: 3 }, device: { volatile: 512MiB } }] }] }
firmware: { windows: [{ targets: [hb0], size: 1GiB }] }
kernel: { preset: isolation-safe, policies: { isoact: none } }
steps:
  - run: cxl create-region -d decoder0.0 -m \${mem:rp0} -w 1 -t ram
  - run: daxctl destroy-device -f \${dax:region0}
  - run: daxctl create-device -r region0 -s 256M
  - run: daxctl create-device -r region0 -s 256M
`;
const scenario = (lateRate: string, pin: string): string => `${machine}workloads:
  - vm: { name: busy, memory: "\${dax:region0[1]}", rate: 1M/s, reads: 100% }
  - vm: { name: late, memory: "\${dax:region0[2]}", rate: ${lateRate}, reads: 100% }
${pin}faults:
  - { id: cable-out, when: { at: 5ms }, do: { linkDown: rp0 } }
  - { id: cable-in, when: { after: CLEARED }, do: { linkUp: rp0 } }
limits: { time: 3s }
`;
const pinned = '  - pin: { name: nic, memory: "${dax:region0[1]}", until: 100ms }\n';

describe("the fence (error-recovery 9 state FENCED)", () => {
  const checks = (text: string, driver: DriverModule, seed: number): readonly [number, number] => {
    const { metrics, status } = runText("fence.yaml", text, { seed, schedule: "seeded", drivers: [driver] }).result;
    expect(status).toBe("pass");
    return [metrics.machineChecks, metrics.killed];
  };

  it("[S71] [S87] without it there are never fewer machine checks, and with somebody who touches late there are more", () => {
    for (const [rate, pin, isLate] of [["1M/s", "", false], ["700/s", "", false], ["700/s", pinned, true]] as const) {
      for (const seed of [1, 2]) {
        const [withFence, killed] = checks(scenario(rate, pin), isolation, seed);
        const [without, killedWithout] = checks(scenario(rate, pin), unfenced, seed);
        expect([rate, pin, seed, without >= withFence, killed]).toEqual([rate, pin, seed, true, killedWithout]);
        if (isLate) expect(without).toBeGreaterThan(withFence);
      }
    }
  });
});

describe("writes that an isolated port took", () => {
  it("[S69] [S72] [TB2] none of them is visible after the recovery", () => {
    for (const seed of [1, 2]) {
      const random = createRandom(seed);
      const host = boot({ forcesLinkDown: seed % 2 === 0, vms: 1 });
      inject(host, { kind: "dropResponse", port: "rp0", count: 1 });
      while (!log(host).includes("isolated by transaction timeout")) run(host, 10_000);
      const { memory } = host.system.platform;
      const addresses = Array.from({ length: 50 }, () => 16n * GiB + BigInt(nextBelow(random, Number((256n * MiB) / 64n))) * 64n);
      expect(addresses.map((address) => memory.store(address, 8, 0x5eedn))).toEqual(addresses.map(() => "dropped"));
      run(host, 10 * second);
      expect(states(host)).toEqual(["RECOVERED"]);
      expect(addresses.filter((address) => memory.load(address, 8).value === 0x5eedn)).toEqual([]);
    }
  });
});

describe("one seed", () => {
  it("[rule 5] gives one run: trace and result of a recovery in a seeded order", () => {
    const [file = "", text = ""] = Object.entries(bundledScenarios()).find(([name]) => name.endsWith("recovery/second-port.yaml")) ?? [];
    const once = (seed: number): unknown => runText(file, text, { seed, schedule: "seeded" }).result;
    expect(once(7)).toEqual(once(7));
    expect((once(7) as { readonly traceDigest: string }).traceDigest).not.toBe((once(8) as { readonly traceDigest: string }).traceDigest);
  });
});
