// modprobe, rmmod and lsmod: modules that go and come on a running system, as a real 7.2 was seen to behave (observed.md).

import { describe, expect, it } from "vitest";
import type { ModulePlan } from "../../src/kernel/base/module-plan.ts";
import { moduleNames } from "../../src/kernel/base/module-plan.ts";
import { defaultPolicies } from "../../src/kernel/policy.ts";
import { bootWith, regionOver, start, wideMachine } from "../support/firmware-regions.ts";
import type { Booted } from "../support/kernel.ts";
import { MiB } from "../support/machine.ts";

const asModules: ModulePlan = { builtIn: [], modules: moduleNames };
const softReserved = [{ base: start, size: 512n * MiB }];
/** A two-way region with Soft Reserved memory under it, one member missing unless told otherwise. */
const boot = (plan: ModulePlan | undefined, absent: readonly string[] = ["d01"]): Booted =>
  bootWith(wideMachine(1, 2, 256, absent), { regions: [regionOver(["d01", "d00"])], softReserved }, { policies: { ...defaultPolicies, onlineType: "offline" }, ...(plan === undefined ? {} : { modules: plan }) });
const ended = (booted: Booted, line: string): readonly [number, string] => {
  const { exitCode, stderr } = booted.command(line);
  booted.settle();
  return [exitCode, stderr.trim()];
};
const daxDevices = (booted: Booted): string[] => booted.files.list("/sys/bus/dax/devices");
const lines = (booted: Booted, words: RegExp): string[] => booted.dmesg().filter((line) => words.test(line));

describe("modules that go and come", () => {
  it("[S51] dax_hmem taken away takes its devices along; loaded again it defers the range to CXL and registers nothing", () => {
    const booted = boot(asModules);
    expect(daxDevices(booted)).toEqual(["dax2.0"]);
    expect(ended(booted, "modprobe -r dax_cxl dax_hmem")).toEqual([0, ""]);
    expect([daxDevices(booted), booted.files.list("/sys/bus/platform/drivers").includes("hmem")]).toEqual([[], false]);
    expect(ended(booted, "modprobe dax_hmem")).toEqual([0, ""]);
    expect([daxDevices(booted), lines(booted, /deferring range to CXL/).length]).toEqual([[], 1]);
  });

  it("drivers of CXL reloaded read the committed decoders again and make the same partial region", () => {
    const booted = boot(asModules);
    const before = booted.command("cxl list -RTi").stdout;
    for (const line of ["rmmod cxl_mem", "rmmod cxl_pci", "rmmod cxl_acpi", "rmmod cxl_port", "modprobe cxl_port", "modprobe cxl_acpi", "modprobe cxl_pci", "modprobe cxl_mem"]) expect([line, ...ended(booted, line)]).toEqual([line, 0, ""]);
    const region = (text: string): unknown => (JSON.parse(text) as readonly { readonly mappings: readonly unknown[] }[]).map(({ mappings, ...rest }) => ({ ...rest, region: "", members: mappings.length }));
    expect(region(booted.command("cxl list -RTi").stdout)).toEqual(region(before));
  });

  it("kmem's memory of a region whose driver goes while it is offline goes with it, and comes back with the modules", () => {
    const booted = boot(asModules, []);
    expect(booted.read("/proc/iomem")).toContain("dax0.0");
    expect(ended(booted, "rmmod dax_cxl")).toEqual([0, ""]);
    expect(booted.read("/proc/iomem")).not.toContain("dax0.0");
    expect(ended(booted, "modprobe dax_cxl")).toEqual([0, ""]);
    expect(booted.read("/proc/iomem")).toContain("dax0.0");
  });
});

describe("what the tools say", () => {
  it("of modules that are built in, in use, unknown, there or not there", () => {
    const booted = boot(asModules);
    expect(ended(booted, "rmmod dax_hmem")).toEqual([1, "rmmod: ERROR: Module dax_hmem is in use by: dax_cxl"]);
    expect(ended(booted, "modprobe -r dax_hmem")).toEqual([1, "modprobe: FATAL: Module dax_hmem is in use."]);
    expect(ended(booted, "modprobe dax-hmem")).toEqual([0, ""]);
    expect(ended(booted, "modprobe cxl_pmu")).toEqual([1, "modprobe: FATAL: Module cxl_pmu not found in directory /lib/modules/7.2.0"]);
    expect(ended(booted, "rmmod cxl_mem")).toEqual([0, ""]);
    expect(ended(booted, "rmmod cxl_mem")).toEqual([1, "rmmod: ERROR: Module cxl_mem is not currently loaded"]);
    expect(ended(booted, "modprobe -r cxl_mem")).toEqual([0, ""]);
    const fixed = boot(undefined);
    expect([ended(fixed, "rmmod cxl_mem"), ended(fixed, "modprobe -r cxl_mem"), ended(fixed, "modprobe cxl_mem")]).toEqual([[1, "rmmod: ERROR: Module cxl_mem is builtin."], [1, "modprobe: FATAL: Module cxl_mem is builtin."], [0, ""]]);
  });

  it("lsmod lists the newest first with its users", () => {
    const booted = boot(asModules);
    expect(booted.command("lsmod").stdout.split("\n").slice(0, 3)).toEqual(["Module                  Size  Used by", "dax_cxl                 4096  0", "dax_hmem                4096  1 dax_cxl"]);
    expect(boot(undefined).command("lsmod").stdout).toBe("Module                  Size  Used by\n");
  });
});
