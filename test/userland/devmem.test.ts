// /dev/mem and devmem: registers and memory as a CPU reaches them, what is refused, and what a machine check does to who reads.

import { describe, expect, it } from "vitest";
import { SystemError } from "../../src/kernel/base/errno.ts";
import { createFileSystem } from "../../src/kernel/sysfs/file-system.ts";
import type { Booted } from "../support/kernel.ts";
import { bootMachine } from "../support/kernel.ts";
import { GiB, deviceOf, machineOf, offsetOf, portOf } from "../support/machine.ts";

const windowStart = 16n * GiB;
const boot = (): Booted => bootMachine(machineOf([portOf("rp0", { slots: [deviceOf("d0", { serial: 1n })] }), portOf("rp1", { slots: [deviceOf("d1", { serial: 2n })] })]));
const withRegion = (): Booted => {
  const booted = boot();
  expect(booted.command("cxl create-region -d decoder0.0 -t ram -m -w 1 mem0").exitCode).toBe(0);
  return booted;
};
const said = (booted: Booted, words: string): string => {
  const { exitCode, stdout, stderr } = booted.command(`devmem ${words}`);
  return `${exitCode} ${stdout}${stderr}`;
};
const hex = (value: bigint | number): string => `0x${value.toString(16)}`;
/** Where a resource of the kernel begins. */
const startOf = (booted: Booted, name: string): bigint => BigInt(`0x${new RegExp(`([0-9a-f]+)-[0-9a-f]+ : ${name}\n`).exec(booted.read("/proc/iomem"))?.[1] ?? "none"}`);

describe("devmem reads and writes", () => {
  it("a register that the kernel reads too, at every width, padded to it", () => {
    const booted = boot();
    const bar = startOf(booted, "0000:0d:00.0");
    const header = booted.system.platform.ioremap(bar + 0x1000n, 0x1000n).read32(0);
    expect(said(booted, hex(bar + 0x1000n))).toBe(`0 0x${header.toString(16).toUpperCase().padStart(8, "0")}\n`);
    const wide = booted.system.platform.ioremap(bar + 0x2_0000n, 8n).read64(0);
    expect(said(booted, `${hex(bar + 0x2_0000n)} 64`)).toBe(`0 0x${wide.toString(16).toUpperCase().padStart(16, "0")}\n`);
    expect(said(booted, `${hex(bar + 0x1_000cn)} l`)).toMatch(/^0 0x[0-9A-F]{16}\n$/);
  });

  it("a register that a driver has claimed, as without CONFIG_IO_STRICT_DEVMEM; the kernel sees what was written", () => {
    const booted = boot();
    const cm = startOf(booted, "0000:0d:00.0") + 0x1000n;
    const mask = cm + BigInt(offsetOf("deviceComponent", "ras", "correctableMask"));
    expect(booted.read("/proc/iomem")).toMatch(/ : endpoint\d\n/);
    const before = booted.system.platform.ioremap(mask, 4n).read32(0);
    expect(said(booted, `${hex(mask)} 32 ${before ^ 1}`)).toBe("0 ");
    expect(booted.system.platform.ioremap(mask, 4n).read32(0)).toBe(before ^ 1);
    expect(said(booted, `${hex(mask)} w`)).toBe(`0 0x${(before ^ 1).toString(16).toUpperCase().padStart(8, "0")}\n`);
  });

  it("device memory behind a region that is not System RAM", () => {
    const booted = withRegion();
    expect(said(booted, `${hex(windowStart + 0x40n)} 64 0x1122334455667788`)).toBe("0 ");
    expect(said(booted, `${hex(windowStart + 0x40n)} 64`)).toBe("0 0x1122334455667788\n");
    expect(said(booted, `${hex(windowStart + 0x44n)} 16`)).toBe("0 0x3344\n");
    expect(said(booted, `${hex(windowStart + 0x47n)} 8`)).toBe("0 0x11\n");
    expect(booted.system.platform.memory.load(windowStart + 0x40n, 8).value).toBe(0x1122334455667788n);
  });

  it("nothing behind an address: all ones, and a write that does nothing", () => {
    const booted = boot();
    expect(said(booted, "0x700000000000 64")).toBe("0 0xFFFFFFFFFFFFFFFF\n");
    expect(said(booted, "0x700000000000 32 5")).toBe("0 ");
    expect(said(booted, `${hex(windowStart + 3n * GiB)}`)).toBe("0 0xFFFFFFFF\n");
  });
});

describe("devmem is refused", () => {
  it("System RAM above the first MiB, a page that touches it, and RAM that kmem has", () => {
    const booted = withRegion();
    const refused = "1 devmem: mmap: Operation not permitted\n";
    expect(said(booted, "0x1000")).toBe("0 0x00000000\n");
    expect(said(booted, "0x100000")).toBe(refused);
    expect(said(booted, `${hex(GiB - 4n)} 32 1`)).toBe(refused);
    expect(booted.command("daxctl reconfigure-device -m system-ram -N dax0.0").exitCode).toBe(0);
    expect(said(booted, hex(windowStart))).toBe(refused);
  });

  it("words that are none give the usage, an address beyond the last a bus error", () => {
    const booted = boot();
    for (const words of ["", "x", "0x", "08", "0 33", "0 32 y", "0 32 1 2", "0x10000000000000000"]) expect(said(booted, words)).toMatch(/^1 Usage: devmem ADDRESS /);
    expect(said(booted, "0xffffffffffffffff 64")).toBe("135 Bus error\n");
  });

  it("anybody but root", () => {
    const files = createFileSystem(boot().kernel, false);
    expect(() => files.pread("/dev/mem", 0n, 4)).toThrow(SystemError);
    expect(() => files.read("/dev/mem")).toThrow(SystemError);
  });
});

describe("a load that meets poison", () => {
  it("ends the program as a signal does, is logged as a machine check, and the machine goes on", () => {
    const booted = withRegion();
    expect(booted.command("echo 0 > /sys/kernel/debug/cxl/mem0/inject_poison").exitCode).toBe(0);
    expect(said(booted, hex(windowStart))).toBe("135 Bus error\n");
    expect(booted.dmesg()).toContain("mce: [Hardware Error]: Machine check events logged");
    expect(said(booted, hex(windowStart + 0x1000n))).toBe("0 0x00000000\n");
  });
});
