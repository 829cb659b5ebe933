// Faults of kernel steps (seeds S12): every step of the table is met by some run, its errno appears where Linux would show it, and what failed is all.

import { describe, expect, it } from "vitest";
import type { StepFaultSpec, StepName } from "../../src/kernel/base/steps.ts";
import { armStep, failStep, stepNames, steps } from "../../src/kernel/base/steps.ts";
import type { KernelPolicies } from "../../src/kernel/policy.ts";
import { errnoTable } from "../../src/kernel/base/errno.ts";
import type { FirmwareSetup } from "../../src/platform/firmware-setup.ts";
import { noSetup } from "../../src/platform/firmware-setup.ts";
import type { Booted } from "../support/kernel.ts";
import { bootMachine } from "../support/kernel.ts";
import { GiB, MiB, deviceOf, machineOf, portOf } from "../support/machine.ts";
import { downstreamOf, switchOf } from "../support/topology.ts";

const devices = "/sys/bus/cxl/devices";
const start = 16n * GiB;
const create = "cxl create-region -d decoder0.0 -m -t ram -w 2 mem0 mem1";

/** A card below a root port and one below a switch, with firmware's updates; the window takes persistent memory too. */
const machine = machineOf([
  portOf("rp0", { slots: [deviceOf("d0", { serial: 1n })] }),
  portOf("rp1", { portNumber: 1, slots: [switchOf("sw", [downstreamOf("dsp", 0, [deviceOf("d1", { serial: 2n })])])] }),
]);
const overBoth: Partial<FirmwareSetup> = { regions: [{ window: 0, base: start, size: 512n * MiB, granularity: 256, targets: ["d0", "d1"], isLocked: false }] };
const kept: Partial<FirmwareSetup> = { softReserved: [{ base: start, size: 512n * MiB }] };

interface Occasion {
  readonly setup: Partial<FirmwareSetup>;
  readonly policies?: Partial<KernelPolicies>;
  /** Run after the boot; what it says counts as shown. */
  readonly command?: string;
}

const occasions = {
  boot: { setup: overBoth },
  kept: { setup: kept },
  kmem: { setup: overBoth, policies: { memoryUse: "system-ram-normal", onlineType: "online_movable" } },
  offline: { setup: overBoth, policies: { memoryUse: "system-ram-normal", onlineType: "online_movable" }, command: "echo offline > /sys/devices/system/memory/memory128/state" },
  user: { setup: {}, command: create },
  store: { setup: {}, command: `echo region0 > ${devices}/decoder0.0/create_ram_region` },
} as const satisfies Readonly<Record<string, Occasion>>;

/** An errno that nothing else in these runs has. */
const errno = "EHWPOISON";
const number = errnoTable[errno][0];
const probe = (who: string): RegExp => new RegExp(`^${who}: probe with driver ${who.slice(0, who.indexOf(" "))} failed with error -${number}$`, "m");
const attached = /failed to attach decoder\d\.0 to region0: -133/;
const text = /Memory page has hardware error/;

/** Where each step is met, and what shows it. */
const shown: Readonly<Record<StepName, readonly [keyof typeof occasions, RegExp]>> = {
  "acpi.rootPort": ["boot", probe("cxl_acpi ACPI0017:00")], "acpi.dport": ["boot", probe("cxl_acpi ACPI0017:00")],
  "acpi.window": ["boot", /Failed to add decode range: \[mem 0x400000000-0x4ffffffff\] \(-133\)/],
  "acpi.bridgePort": ["boot", probe("cxl_acpi ACPI0017:00")], "acpi.nvdimmBridge": ["boot", probe("cxl_acpi ACPI0017:00")],
  "pci.enable": ["boot", probe("cxl_pci 0000:.*")], "pci.registers": ["boot", probe("cxl_pci 0000:.*")], "pci.components": ["boot", /No component registers/],
  "pci.media": ["boot", /Media not active \(-133\)/], "pci.vectors": ["boot", /Failed to allocate interrupts/], "pci.mailbox": ["boot", probe("cxl_pci 0000:.*")],
  "pci.commands": ["boot", probe("cxl_pci 0000:.*")], "pci.timestamp": ["boot", probe("cxl_pci 0000:.*")], "pci.identify": ["boot", probe("cxl_pci 0000:.*")],
  "pci.memdev": ["boot", probe("cxl_pci 0000:.*")], "pci.upload": ["boot", probe("cxl_pci 0000:.*")], "pci.events": ["boot", probe("cxl_pci 0000:.*")],
  "mem.ports": ["boot", probe("cxl_mem mem0")], "mem.dport": ["boot", probe("cxl_mem mem0")], "mem.switchPort": ["boot", probe("cxl_mem mem1")], "mem.endpoint": ["boot", probe("cxl_mem mem0")],
  "port.hdm": ["boot", /probe: -133$/m], "port.decoder": ["boot", /probe: -133$/m], "port.dpa": ["boot", /cxl_port endpoint\d: probe: -133/],
  "region.window": ["boot", /no CXL window for range/], "region.construct": ["boot", /failed to add to region/], "region.insert": ["boot", /cannot insert resource/],
  "region.attach.A1": ["boot", attached], "region.attach.A2": ["boot", attached], "region.attach.A3": ["boot", attached], "region.attach.A4": ["boot", attached],
  "region.attach.A5": ["boot", attached], "region.attach.A6": ["boot", attached], "region.attach.A7": ["boot", attached], "region.attach.A8": ["boot", attached],
  "region.attach.A9": ["boot", attached], "region.attach.A10": ["boot", attached], "region.attach.A11": ["boot", attached], "region.attach.A12": ["boot", attached],
  "region.attach.A14": ["boot", attached], "region.attach.A16": ["boot", attached], "region.attach.A17": ["boot", attached], "region.attach.A18": ["boot", attached], "region.attach.A19": ["boot", attached],
  "region.probe": ["boot", probe("cxl_region region0")], "region.daxRegion": ["boot", probe("cxl_region region0")],
  "hmem.register": ["kept", /hmem device allocation failure for/],
  "dax.region": ["boot", probe("cxl_dax_region dax_region0")], "dax.device": ["boot", probe("cxl_dax_region dax_region0")], "dax.bind": ["boot", probe("device_dax dax0.0")],
  "kmem.reserve": ["kmem", probe("kmem dax0.0")], "kmem.add": ["kmem", probe("kmem dax0.0")],
  "memory.online": ["kmem", /online_pages \[mem 0x400000000-0x407ffffff\] failed/], "memory.offline": ["offline", /\[mem 0x400000000-0x407ffffff\] failed due to notifier failure/],
  "region.create": ["store", text], "region.size": ["user", text], "dpa.alloc": ["user", text], "region.caches": ["user", text], "decoder.commit": ["user", text],
};

interface Run {
  readonly booted: Booted;
  readonly said: string;
}

function runOf(name: keyof typeof occasions, faults: readonly StepFaultSpec[]): Run {
  const { setup, policies, command }: Occasion = occasions[name];
  const booted = bootMachine(machine, { restrictions: { persistent: true }, firmware: { setup: { ...noSetup, ...setup } }, steps: faults, ...(policies === undefined ? {} : { policies }) });
  const done = command === undefined ? undefined : booted.command(command);
  return { booted, said: [...booted.dmesg(), done?.stderr ?? ""].join("\n") };
}

describe("[S12] a step that is made to fail", () => {
  for (const step of stepNames) {
    it(`[S12] ${step}: ${steps[step].meaning}`, () => {
      const [occasion, pattern] = shown[step];
      const { booted, said } = runOf(occasion, [{ step, errno }]);
      expect(booted.faults.map((fault) => [fault.fired, fault.left])).toEqual([[1, 0]]);
      expect(booted.faults[0]?.firstAt).toBeGreaterThan(0);
      expect(said).toMatch(pattern);
      expect(runOf(occasion, []).said).not.toMatch(pattern);
    });
  }

  it("fails with the errno of the table when the fault names none", () => {
    const { kernel } = runOf("user", []).booted;
    for (const step of stepNames) {
      armStep(kernel, { step });
      expect(() => failStep(kernel, step, "x")).toThrow(expect.objectContaining({ errno: steps[step].errno }));
    }
  });

  it("`of` narrows it to one name, `nth` and `count` to some of the times; nothing else is touched", () => {
    const { kernel } = runOf("user", []).booted;
    const fault = armStep(kernel, { step: "pci.memdev", of: "mem1", nth: 2, count: 2 });
    const met = (name: string): boolean => {
      try {
        failStep(kernel, "pci.memdev", "decoder3.0", name);
        return false;
      } catch {
        return true;
      }
    };
    expect([met("mem1"), met("mem0"), met("mem1"), met("mem0"), met("mem1"), met("mem1")]).toEqual([false, false, true, false, true, false]);
    expect([fault.fired, fault.left]).toEqual([2, 0]);
  });

  it("does nothing before its time", () => {
    const { kernel } = runOf("user", []).booted;
    const fault = armStep(kernel, { step: "pci.memdev", notBefore: kernel.platform.clock.now + 1000 });
    failStep(kernel, "pci.memdev");
    kernel.platform.spend(1000);
    expect(() => failStep(kernel, "pci.memdev")).toThrow();
    expect(fault.fired).toBe(1);
  });

  it("leaves the other device alone: one endpoint of two fails its probe", () => {
    const { booted } = runOf("boot", [{ step: "mem.endpoint", of: "0000:0d:00.0" }]);
    const endpoints = booted.files.list(devices).filter((name) => name.startsWith("endpoint"));
    expect(endpoints.map((name) => booted.files.readlink(`${devices}/${name}/uport`).split("/").at(-1))).toEqual(["mem1"]);
    expect(booted.files.list(devices)).toContain("mem0");
  });
});
