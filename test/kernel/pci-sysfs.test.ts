// Directories of PCI functions: names and formats of the kernel's attributes, config space as a file of bytes, and who may do what.

import { describe, expect, it } from "vitest";
import { SystemError } from "../../src/kernel/base/errno.ts";
import { createFileSystem } from "../../src/kernel/sysfs/file-system.ts";
import type { Booted } from "../support/kernel.ts";
import { bootMachine } from "../support/kernel.ts";
import { deviceOf, machineOf, portOf } from "../support/machine.ts";

const boot = (): Booted => bootMachine(machineOf([portOf("rp0", { slots: [deviceOf("d0", { serial: 1n })] }), portOf("rp1", { present: false })]));
const port = "/sys/bus/pci/devices/0000:0c:00.0";
const card = "/sys/bus/pci/devices/0000:0d:00.0";
const errnoOf = (act: () => unknown): string => {
  try {
    act();
    return "";
  } catch (thrown) {
    if (thrown instanceof SystemError) return thrown.errno;
    throw thrown;
  }
};
/** As captured from Linux for a CXL root port, without what nothing here counts or has: AER counters, DMA masks, reset_subordinate. */
const capturedNames = [
  "ari_enabled", "broken_parity_status", "class", "current_link_speed", "current_link_width", "d3cold_allowed", "device", "driver", "driver_override", "enable", "irq", "local_cpulist", "local_cpus", "max_link_speed", "max_link_width", "modalias", "msi_bus", "numa_node",
  "power_state", "rescan", "resource", "revision", "secondary_bus_number", "subordinate_bus_number", "subsystem", "subsystem_device", "subsystem_vendor", "uevent", "vendor",
];

describe("a PCI function's directory", () => {
  it("has the captured names", () => {
    const names = boot().files.list(port);
    expect(capturedNames.filter((name) => !names.includes(name))).toEqual([]);
    expect(names).toContain("config");
    expect(names).toContain("msi_irqs");
  });

  it("says who the function is", () => {
    const booted = boot();
    const read = (name: string): string => booted.read(`${card}/${name}`);
    expect(["vendor", "device", "class", "revision", "subsystem_vendor", "subsystem_device"].map(read)).toEqual(["0x1e98\n", "0x0c03\n", "0x050210\n", "0x01\n", "0x1e98\n", "0x0001\n"]);
    expect(read("modalias")).toBe("pci:v00001E98d00000C03sv00001E98sd00000001bc05sc02i10\n");
    expect(read("uevent")).toBe("DRIVER=cxl_pci\nPCI_CLASS=50210\nPCI_ID=1E98:0C03\nPCI_SUBSYS_ID=1E98:0001\nPCI_SLOT_NAME=0000:0d:00.0\nMODALIAS=pci:v00001E98d00000C03sv00001E98sd00000001bc05sc02i10\n");
    expect(booted.read(`${port}/subsystem_vendor`)).toBe("0x0000\n");
  });

  it("has a line per resource, a bridge four more, at the addresses of /proc/iomem", () => {
    const booted = boot();
    const [bar = "", ...others] = booted.read(`${card}/resource`).trimEnd().split("\n");
    expect(others).toHaveLength(12);
    const [start = "", end = "", flags] = bar.split(" ");
    expect(flags).toBe("0x000000000014220c");
    expect(booted.read("/proc/iomem")).toContain(`${BigInt(start).toString(16)}-${BigInt(end).toString(16)} : 0000:0d:00.0\n`);
    const lines = booted.read(`${port}/resource`).trimEnd().split("\n");
    expect(lines).toHaveLength(17);
    expect(lines[15]).toMatch(/ 0x0000000000102201$/);
  });

  it("tells of the link as it is now", () => {
    const booted = boot();
    const read = (name: string): string => booted.read(`${port}/${name}`);
    expect([read("current_link_speed"), read("current_link_width"), read("max_link_speed"), read("max_link_width")]).toEqual(["32.0 GT/s PCIe\n", "8\n", "32.0 GT/s PCIe\n", "8\n"]);
    expect(booted.read("/sys/bus/pci/devices/0000:0c:01.0/current_link_speed")).toBe("Unknown\n");
  });

  it("numbers its messages, the first of MSI in irq", () => {
    const booted = boot();
    const numbers = booted.files.list(`${port}/msi_irqs`).map(Number);
    expect(numbers).toHaveLength(32);
    expect(Number(booted.read(`${port}/irq`))).toBe(Math.min(...numbers));
    expect(booted.read(`${port}/msi_irqs/${numbers[0]}`)).toBe("msi\n");
    expect([booted.read(`${card}/irq`), booted.read(`${card}/msi_irqs/${booted.files.list(`${card}/msi_irqs`)[0]}`)]).toEqual(["0\n", "msix\n"]);
  });

  it("enable counts, is a driver's while there is one; bus mastering goes with the last one, and memory decode stays", () => {
    const booted = boot();
    const store = (text: string): string => errnoOf(() => booted.run(booted.files.write(`${card}/enable`, text)));
    expect([booted.read(`${card}/enable`), store("0")]).toEqual(["1\n", "EBUSY"]);
    const command = (): number | undefined => booted.files.pread(`${card}/config`, 4n, 1)[0];
    expect(command()).toBe(6);
    booted.run(booted.files.write("/sys/bus/pci/drivers/cxl_pci/unbind", "0000:0d:00.0"));
    expect(command()).toBe(2);
    expect([booted.read(`${card}/enable`), store("0"), store("x"), store("1"), booted.read(`${card}/enable`)]).toEqual(["0\n", "EIO", "EINVAL", "", "1\n"]);
    expect([command(), store("0"), command()]).toEqual([2, "", 2]);
    expect([store("1"), store("1"), booted.read(`${card}/enable`), store("0"), command(), store("0"), command()]).toEqual(["", "", "2\n", "", 2, "", 2]);
  });
});

describe("config", () => {
  it("is 4096 bytes, read at any place, short at the end", () => {
    const { files, system } = boot();
    expect(files.read(`${card}/config`)).toHaveLength(4096);
    const whole = files.pread(`${card}/config`, 0n, 10_000);
    expect(whole).toHaveLength(4096);
    for (const [at, length] of [[0, 4], [1, 6], [3, 2], [2, 2], [0x101, 9], [4095, 1]] as const) expect(files.pread(`${card}/config`, BigInt(at), length)).toEqual(whole.slice(at, at + length));
    expect([files.pread(`${card}/config`, 4090n, 16).length, files.pread(`${card}/config`, 4096n, 1).length]).toEqual([6, 0]);
    expect(whole[0]).toBe(system.platform.config.read8(0x0d00, 0));
  });

  it("takes accesses as they come: bytes and words at odd places, dwords between; each costs its time", () => {
    const booted = boot();
    const cost = (at: bigint, length: number): number => {
      const before = booted.system.hardware.now;
      booted.files.pread(`${card}/config`, at, length);
      return booted.system.hardware.now - before;
    };
    const one = cost(0n, 4);
    expect(one).toBeGreaterThan(0);
    expect([cost(0n, 64), cost(1n, 1), cost(1n, 2), cost(1n, 7), cost(2n, 4)]).toEqual([16 * one, one, 2 * one, 3 * one, 2 * one]);
  });

  it("is written, and the hardware has it; beyond its end is no place", () => {
    const booted = boot();
    const write = (at: bigint, ...bytes: readonly number[]): string => errnoOf(() => booted.run(booted.files.pwrite(`${port}/config`, at, Uint8Array.from(bytes))));
    expect(write(0x0cn, 0x10)).toBe("");
    expect(write(0x108n, 0x20, 0, 0x40, 0)).toBe("");
    expect([booted.system.platform.config.read8(0x0c00, 0x0c), booted.system.platform.config.read32(0x0c00, 0x108)]).toEqual([0x10, 0x40_0020]);
    expect([write(4097n, 1), write(-1n, 1)]).toEqual(["EINVAL", "EINVAL"]);
  });

  it("shows who is not root the header alone, and takes nothing of them", () => {
    const booted = boot();
    const files = createFileSystem(booted.kernel, false);
    expect([files.pread(`${card}/config`, 0n, 4096).length, files.read(`${card}/config`).length, files.pread(`${card}/config`, 64n, 4).length]).toEqual([64, 64, 0]);
    expect(errnoOf(() => booted.run(files.pwrite(`${card}/config`, 4n, Uint8Array.of(0))))).toBe("EACCES");
  });
});

describe("files of text at offsets", () => {
  it("are read in parts and written as a whole", () => {
    const booted = boot();
    expect(new TextDecoder().decode(booted.files.pread(`${card}/vendor`, 2n, 4))).toBe("1e98");
    expect(booted.files.pread(`${card}/vendor`, 99n, 4)).toHaveLength(0);
    expect(errnoOf(() => booted.run(booted.files.pwrite(`${card}/rescan`, 1n, Uint8Array.of(48))))).toBe("EINVAL");
    expect(errnoOf(() => booted.run(booted.files.pwrite(`${card}/rescan`, 0n, Uint8Array.of(48))))).toBe("");
    expect(errnoOf(() => booted.files.pread(card, 0n, 1))).toBe("EISDIR");
  });
});
