// Classes of quality of service: the window's is firmware's (QTG), a memdev's needs figures of its host bridge that the platform does not give, as in
// every capture (user-interface 2, 4; region-assembly 4.3).

import { describe, expect, it } from "vitest";
import { bootMachine } from "../support/kernel.ts";
import { shapeOf, spread } from "../support/regions.ts";

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
