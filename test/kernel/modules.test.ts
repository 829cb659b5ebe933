// Modules: built in or loaded, in any order; what a wait for probing knows and what it does not (region-assembly 2 and 9; seeds S59-S62).

import { describe, expect, it } from "vitest";
import type { ModuleName, ModulePlan } from "../../src/kernel/base/module-plan.ts";
import { moduleNames, moduleState } from "../../src/kernel/base/module-plan.ts";
import { troubles } from "../../src/kernel/cxl/trouble.ts";
import { isDecisionPending } from "../../src/kernel/dax/decision.ts";
import { loadModule } from "../../src/kernel/modules.ts";
import { deferredProbes, isProbingAtRest } from "../../src/kernel/base/probing.ts";
import type { KernelPolicies } from "../../src/kernel/policy.ts";
import { defaultPolicies } from "../../src/kernel/policy.ts";
import type { MachineDescription } from "../../src/platform/description.ts";
import { noSetup } from "../../src/platform/firmware-setup.ts";
import { createRandom, nextBelow } from "../../src/sim/random.ts";
import { canonicalState } from "../support/canonical.ts";
import type { BootOptions, Booted } from "../support/kernel.ts";
import { bootMachine } from "../support/kernel.ts";
import { MiB, deviceOf, machineOf, portOf } from "../support/machine.ts";

const start = 16n * 1024n * MiB;
const second = 1_000_000_000;
const policyOf = (change: Partial<KernelPolicies["softReserved"]>): Partial<KernelPolicies> => ({ softReserved: { ...defaultPolicies.softReserved, ...change } });
const naive = policyOf({ decision: { kind: "naive-wait" } });

/** Cards of 256 MiB, one region over all of them, Soft Reserved as a whole. */
function bootPlan(plan: ModulePlan | undefined, policies: Partial<KernelPolicies> = {}, options: { readonly count?: number; readonly present?: number; readonly mediaReadyTime?: number; readonly seed?: number; readonly isReserved?: boolean; readonly onStep?: BootOptions["onStep"] } = {}): Booted {
  const { count = 2, present = count, mediaReadyTime = 0, seed, isReserved = true, onStep } = options;
  const machine: MachineDescription = machineOf(Array.from({ length: count }, (_, n) => portOf(`rp${n}`, { present: n < present, slots: [deviceOf(`mem${n}`, { serial: BigInt(n + 1), mediaReadyTime })] })));
  const size = 256n * MiB * BigInt(count);
  const region = { window: 0, base: start, size, granularity: 256, targets: Array.from({ length: count }, (_, n) => `mem${n}`), isLocked: false };
  return bootMachine(machine, { firmware: { setup: { ...noSetup, regions: [region], softReserved: isReserved ? [{ base: start, size }] : [] } }, policies, ...(plan === undefined ? {} : { modules: plan }), ...(seed === undefined ? {} : { seed }), ...(onStep === undefined ? {} : { onStep }) });
}

const asModules = (...names: ModuleName[]): ModulePlan => ({ builtIn: [], modules: names });
const bus = (booted: Booted, name: string): string[] => (booted.files.exists(`/sys/bus/${name}/devices`) ? booted.files.list(`/sys/bus/${name}/devices`).toSorted() : []);
const daxOf = (booted: Booted): string[] => bus(booted, "dax");
const ownerOf = (booted: Booted): string => daxOf(booted).map((name) => (booted.files.readlink(`/sys/bus/dax/devices/${name}`).includes("hmem") ? "hmem" : "cxl")).join();

function permutations<T>(items: readonly T[]): T[][] {
  return items.length < 2 ? [[...items]] : items.flatMap((item, index) => permutations(items.toSpliced(index, 1)).map((rest) => [item, ...rest]));
}

describe("with a barrier before the decision", () => {
  it("[S60] every order of loading gives one end state: 90 of the 720, seeded; all of them in npm run campaign", { timeout: 120_000 }, () => {
    const wanted = canonicalState(bootPlan(undefined, {}, { count: 1 }));
    const all = permutations(moduleNames);
    const random = createRandom(60);
    const orders = process.env["CXL_SANDBOX_LOAD_ORDERS"] === "all" ? all : Array.from({ length: 90 }, () => all[nextBelow(random, all.length)] ?? []);
    expect(all).toHaveLength(720);
    for (const order of [...orders, moduleNames, moduleNames.toReversed()]) expect(canonicalState(bootPlan(asModules(...order), {}, { count: 1 })), order.join()).toBe(wanted);
  });

  it("[S60] all 64 splits into built-in and modules give one end state, whole and with a member missing", () => {
    for (const present of [2, 1]) {
      const splits = Array.from({ length: 64 }, (_, bits): ModulePlan => ({ builtIn: moduleNames.filter((_name, bit) => ((bits >> bit) & 1) === 1), modules: moduleNames.filter((_name, bit) => ((bits >> bit) & 1) === 0) }));
      expect(new Set(splits.map((plan) => canonicalState(bootPlan(plan, {}, { present }))))).toEqual(new Set([canonicalState(bootPlan(undefined, {}, { present }))]));
    }
  });

  it("[S60] races between the probes change nothing either", () => {
    const reference = canonicalState(bootPlan(undefined));
    for (let seed = 1; seed <= 20; seed++) expect(canonicalState(bootPlan(asModules(...moduleNames.toReversed()), {}, { seed }))).toBe(reference);
  });

  it("memdevs that probe before there is a root fail with ENXIO and are tried again by the root's rescan", () => {
    const booted = bootPlan(asModules("cxl_mem", "cxl_pci", "dax_cxl"));
    const failed = booted.dmesg().filter((line) => /cxl_mem mem\d: (CXL port topology not found|probe: -6)/.test(line));
    expect([failed.length, daxOf(booted)]).toEqual([4, []]);
    moduleState(booted.kernel).plan = asModules("cxl_mem", "cxl_pci", "dax_cxl", "cxl_port", "cxl_acpi");
    booted.run(loadModule(booted.kernel, "cxl_acpi"));
    // Too early is no failure (S50).
    expect(troubles(booted.kernel)).toEqual([]);
    expect([ownerOf(booted), bus(booted, "cxl").filter((name) => name.startsWith("endpoint")).length]).toEqual(["cxl", 2]);
  });
});

describe("a premature decision", () => {
  it("[S59] [POL-QUIESCE] naive-wait: with hmem before the drivers of memdevs nothing is in flight, and hmem takes the range", () => {
    const unlucky = asModules("cxl_port", "cxl_acpi", "dax_hmem", "dax_cxl", "cxl_mem", "cxl_pci");
    expect([ownerOf(bootPlan(unlucky, naive)), ownerOf(bootPlan(unlucky))]).toEqual(["hmem", "cxl"]);
  });

  it("[S28] [S31] an endpoint that is probed past the wait completes its region all the same; its dax region finds the range taken and stays as it is", () => {
    const booted = bootPlan(asModules("cxl_port", "cxl_acpi", "cxl_mem", "dax_hmem", "dax_cxl", "cxl_pci"), naive);
    const devices = "/sys/bus/cxl/devices";
    expect([ownerOf(booted), booted.read(`${devices}/region0/commit`), booted.files.exists(`${devices}/dax_region0/driver`)]).toEqual(["hmem", "1\n", false]);
    expect(booted.dmesg().filter((line) => line.includes("dax_region resource conflict"))).toHaveLength(1);
  });

  it("[S59] [S60] naive-wait: the end state depends on the order", () => {
    const owners = permutations(moduleNames.filter((name) => name !== "cxl_port" && name !== "dax_cxl")).map((order) => ownerOf(bootPlan(asModules("cxl_port", ...order, "dax_cxl"), naive, { count: 1 })));
    expect(new Set(owners)).toEqual(new Set(["cxl", "hmem"]));
  });

  it("[S61] [POL-QUIESCE] media that takes 40 s: delay(10s) gives the range to the wrong one, delay(60s) and the barrier to the right one", () => {
    const slow = { mediaReadyTime: 40 * second };
    const delayed = (time: number): Booted => bootPlan(undefined, policyOf({ decision: { kind: "delay", time } }), slow);
    expect([ownerOf(delayed(10 * second)), ownerOf(delayed(60 * second)), ownerOf(bootPlan(undefined, {}, slow))]).toEqual(["hmem", "cxl", "cxl"]);
  });

  it("[S61] [POL-QUIESCE] nobody waits for a delayed decision: boot ends before it, dax_cxl's driver comes after it", () => {
    const atEnd: unknown[] = [];
    const booted = bootPlan(undefined, policyOf({ decision: { kind: "delay", time: 30 * second } }), { onStep: ({ files, kernel }, text) => {
      if (text === "booted") atEnd.push(kernel.platform.clock.now < 30 * second, isDecisionPending(kernel), files.exists("/sys/bus/cxl/drivers/cxl_dax_region"), files.exists("/sys/bus/dax/devices/dax0.0"));
    } });
    expect([atEnd, ownerOf(booted), booted.files.exists("/sys/bus/cxl/drivers/cxl_dax_region")]).toEqual([[true, true, false, false], "cxl", true]);
  });

  it("[S60] [POL-QUIESCE] without a range to decide on, a fixed delay changes nothing about the boot", () => {
    const bare = (decision: KernelPolicies["softReserved"]["decision"]): string => canonicalState(bootPlan(undefined, policyOf({ decision }), { isReserved: false }));
    expect(bare({ kind: "delay", time: 30 * second })).toBe(bare({ kind: "barrier" }));
  });
});

describe("deferred probes", () => {
  const order = asModules("cxl_port", "cxl_acpi", "cxl_mem", "cxl_pci", "dax_cxl", "dax_hmem");
  const policies = (decision: KernelPolicies["softReserved"]["decision"]) => policyOf({ owner: "mode-variable", decision });

  it("[S29] [S59] cxl's dax region is deferred while the mode says so, and tried again when it changes; a deferred device does not keep a wait from ending", () => {
    expect(ownerOf(bootPlan(order, policies({ kind: "delay", time: second })))).toBe("cxl");
    const stuck = bootPlan(asModules("cxl_port", "cxl_acpi", "cxl_mem", "cxl_pci", "dax_cxl"), policies({ kind: "naive-wait" }));
    const waiting = deferredProbes(stuck.kernel).map((id) => stuck.kernel.devices.get(id)?.name);
    expect([waiting, isProbingAtRest(stuck.kernel), daxOf(stuck)]).toEqual([["dax_region0"], true, []]);
  });
});

describe("a driver that is missing", () => {
  const without = (...names: ModuleName[]): ModulePlan => ({ builtIn: moduleNames.filter((name) => !names.includes(name)), modules: [] });

  it("no cxl_mem: memdevs without endpoints, and hmem has the range", () => {
    const booted = bootPlan(without("cxl_mem"));
    expect([ownerOf(booted), bus(booted, "cxl").filter((name) => /^(mem|endpoint)/.test(name))]).toEqual(["hmem", ["mem0", "mem1"]]);
  });

  it("no cxl_port: host bridges without a driver, memdevs say that the topology is not enabled", () => {
    expect(bootPlan(without("cxl_port")).dmesg().filter((line) => line.includes("not enabled"))).toHaveLength(2);
  });

  it("no cxl_acpi: no window, so hmem takes the range at once", () => {
    const booted = bootPlan(without("cxl_acpi"));
    expect([ownerOf(booted), booted.dmesg().filter((line) => line.includes("await")).length, booted.read("/proc/iomem").includes("CXL Window")]).toEqual(["hmem", 0, false]);
  });

  it("no dax_cxl: the region is there, its dax region has no driver", () => {
    const booted = bootPlan(without("dax_cxl"));
    expect([daxOf(booted), booted.files.exists("/sys/bus/cxl/devices/dax_region0"), booted.files.exists("/sys/bus/cxl/devices/dax_region0/driver")]).toEqual([[], true, false]);
  });

  it("no dax_hmem: dax_cxl waits for nobody", () => {
    expect(ownerOf(bootPlan(without("dax_hmem")))).toBe("cxl");
  });
});
