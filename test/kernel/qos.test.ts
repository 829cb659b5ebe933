// Classes of quality of service: the window's is firmware's (QTG), a memdev's needs figures of its host bridge that the platform does not give, as in
// every capture (user-interface 2, 4; region-assembly 4.3).

import { describe, expect, it } from "vitest";
import { deviceCdat, switchCdat } from "../../src/hardware/cdat.ts";
import { bootMachine } from "../support/kernel.ts";
import { MiB, deviceOf, machineOf, offsetOf, portOf } from "../support/machine.ts";
import { act } from "../support/memdev.ts";
import { shapeOf, spread } from "../support/regions.ts";
import { downstreamOf, switchOf } from "../support/topology.ts";

const boot = (qtg: number) => {
  const machine = spread(shapeOf(1, 2));
  return bootMachine({ ...machine, windows: machine.windows.map((window) => ({ ...window, qtg })) });
};

type Listed = readonly Record<string, unknown>[];

describe("quality of service", () => {
  it("the root decoder has its window's class, in sysfs and in cxl list", () => {
    const booted = boot(42);
    expect(booted.read("/sys/bus/cxl/devices/decoder0.0/qos_class")).toBe("42\n");
    expect((JSON.parse(booted.command("cxl list -D -d decoder0.0").stdout) as Listed)[0]?.["qos_class"]).toBe(42);
  });

  it("(4.3) an endpoint's port and a switch's read their CDAT and have it as a file; a host bridge's has none", () => {
    const card = deviceOf("d0", { volatileCapacity: 256n * MiB, persistentCapacity: 256n * MiB });
    const inner = switchOf("sw0", [downstreamOf("dsp0", 0, [card])]);
    const booted = bootMachine(machineOf([portOf("rp0", { slots: [inner] })]), { restrictions: { persistent: true } });
    const table = (port: string): number[] => [...booted.read(`/sys/bus/cxl/devices/${port}/CDAT`)].map((letter) => letter.codePointAt(0) ?? 0);
    expect([table("endpoint3"), table("port2"), booted.files.exists("/sys/bus/cxl/devices/port1/CDAT")]).toEqual([[...deviceCdat(card)], [...switchCdat(inner)], false]);
    // As captured (2a-one-volatile), but for the length.
    expect(booted.dmesg().filter((line) => /endpoint3: (CDAT|Failed)/.test(line))).toEqual([`cxl_port endpoint3: CDAT length ${deviceCdat(card).length}`, "cxl_port endpoint3: Failed to retrieve ep perf coordinates.", "cxl_port endpoint3: Failed to do perf coord calculations."]);
  });

  it("(4.3) a device whose mailbox reports an error, or never has an answer, comes up without its table", () => {
    const at = { entity: "d0_0_0", space: "config" as const, offset: offsetOf("deviceConfig", "doe", "status") };
    for (const broken of [{ mask: 0x4, value: 0x4 }, { mask: 0x8000_0000, value: 0 }]) {
      const booted = bootMachine(spread(shapeOf(1)));
      booted.command("cxl disable-memdev mem0");
      act(booted, { kind: "stuckRegister", at: { ...at, mask: broken.mask }, value: broken.value });
      const from = booted.dmesg().length;
      expect(booted.command("cxl enable-memdev mem0").exitCode).toBe(0);
      const said = booted.dmesg().slice(from).filter((line) => /CDAT|perf/.test(line));
      expect([said, booted.files.exists("/sys/bus/cxl/devices/endpoint2/CDAT")]).toEqual([["cxl_port endpoint2: Failed to read/validate CDAT."], false]);
    }
  });

  it("a memdev has none: no file, no key", () => {
    const booted = boot(42);
    expect(["ram", "pmem"].map((partition) => booted.files.exists(`/sys/bus/cxl/devices/mem0/${partition}/qos_class`))).toEqual([false, false]);
    expect(Object.keys((JSON.parse(booted.command("cxl list -M").stdout) as Listed)[0] ?? {}).filter((key) => key.includes("qos"))).toEqual([]);
  });

  it("a region says that the classes do not match; to insist on them (-Q) has nothing to refuse", () => {
    for (const flags of ["", "-Q "]) {
      const booted = boot(42);
      const made = booted.command(`cxl create-region ${flags}-d decoder0.0 -t ram -m mem0`);
      expect([flags, made.exitCode, (JSON.parse(made.stdout) as Record<string, unknown>)["qos_class_mismatch"]]).toEqual([flags, 0, true]);
    }
  });

  it("a region has no access0 and access1", () => {
    const booted = boot(0);
    expect(booted.command("cxl create-region -d decoder0.0 -t ram -m mem0").exitCode).toBe(0);
    expect(booted.files.list("/sys/bus/cxl/devices/region0").filter((name) => name.startsWith("access"))).toEqual([]);
  });
});
