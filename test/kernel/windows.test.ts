// CXL windows as lines of /proc/iomem where firmware's memory map does not keep to them (region-assembly 3), and who may see their addresses.

import { describe, expect, it } from "vitest";
import { defaultPolicies } from "../../src/kernel/policy.ts";
import { createFileSystem } from "../../src/kernel/sysfs/file-system.ts";
import { noSetup } from "../../src/platform/firmware-setup.ts";
import type { Booted } from "../support/kernel.ts";
import { bootMachine } from "../support/kernel.ts";
import { errnoOf } from "../support/memdev.ts";
import { hex, newRegion, shapeOf, share, spread, start, store } from "../support/regions.ts";

/** Three windows of 1 GiB in a row, and a reserved range that is published from boot on. */
function boot(base: bigint, size: bigint): Booted {
  const machine = spread(shapeOf(1));
  const window = { ways: 1, granularity: 256, targets: [0], size: 4n * share };
  const windows = [0n, 1n, 2n].map((n) => ({ ...window, base: start + n * window.size }));
  return bootMachine({ ...machine, windows }, { policies: { softReserved: { ...defaultPolicies.softReserved, publication: "always" } }, firmware: { setup: { ...noSetup, softReserved: [{ base, size }] } } });
}

const lines = (booted: Booted): string[] => booted.read("/proc/iomem").split("\n").filter((line) => /CXL Window|Soft Reserved/.test(line));

/** A region of 256 MiB below a root decoder: the answer to its size. */
function sizeBelow(booted: Booted, decoder: string): string {
  const name = booted.read(`/sys/bus/cxl/devices/${decoder}/create_ram_region`).trim();
  for (const [file, text] of [["interleave_granularity", "256"], ["interleave_ways", "1"]] as const) {
    if (file === "interleave_granularity") expect(store(booted, `${decoder}/create_ram_region`, name)).toBe("ok");
    expect(store(booted, `${name}/${file}`, text)).toBe("ok");
  }
  return store(booted, `${name}/size`, hex(share));
}

describe("windows that the memory map crosses", () => {
  it("a range inside a window stands below it, and the windows are as declared", () => {
    const booted = boot(start + share, share);
    expect(lines(booted)).toEqual(["400000000-43fffffff : CXL Window 0", "  410000000-41fffffff : Soft Reserved", "440000000-47fffffff : CXL Window 1", "480000000-4bfffffff : CXL Window 2"]);
  });

  it("a range over the end of one: its line encloses the range, the next one is trimmed, and nothing can be made below a trimmed one (ENXIO)", () => {
    const booted = boot(start + 3n * share, 2n * share);
    expect(lines(booted)).toEqual(["400000000-44fffffff : CXL Window 0", "  430000000-44fffffff : Soft Reserved", "450000000-47fffffff : CXL Window 1", "480000000-4bfffffff : CXL Window 2"]);
    expect(booted.dmesg()).toContain("Expanded resource CXL Window 0 due to conflict with Soft Reserved");
    expect(["decoder0.0", "decoder0.1", "decoder0.2"].map((decoder) => sizeBelow(booted, decoder))).toEqual(["ok", "ENXIO", "ok"]);
  });

  it("a range over a whole window: it is swallowed, and the one behind it trimmed", () => {
    const booted = boot(start + 3n * share, 6n * share);
    expect(lines(booted)).toEqual(["400000000-48fffffff : CXL Window 0", "  430000000-48fffffff : Soft Reserved", "490000000-4bfffffff : CXL Window 2"]);
    expect(["decoder0.0", "decoder0.1", "decoder0.2"].map((decoder) => sizeBelow(booted, decoder))).toEqual(["ok", "ENXIO", "ENXIO"]);
  });

  it("a range that begins before the first: its line begins there too", () => {
    expect(lines(boot(start - share, 2n * share))).toEqual(["3f0000000-43fffffff : CXL Window 0", "  3f0000000-40fffffff : Soft Reserved", "440000000-47fffffff : CXL Window 1", "480000000-4bfffffff : CXL Window 2"]);
  });

  it("every line goes with the root, and what stood below stays", () => {
    const booted = boot(start + 3n * share, 2n * share);
    expect(booted.command("cxl disable-bus -f root0").exitCode).toBe(0);
    expect(lines(booted)).toEqual(["430000000-44fffffff : Soft Reserved"]);
  });

  it("who is not root sees names without addresses, and writes nothing", () => {
    const booted = bootMachine(spread(shapeOf(1)));
    newRegion(booted, 1);
    store(booted, "region0/size", hex(share));
    const files = createFileSystem(booted.kernel, false);
    expect(files.read("/proc/iomem")).toContain("\n00000000-00000000 : CXL Window 0\n  00000000-00000000 : region0\n");
    expect(files.scan("/proc/").find(({ name }) => name === "iomem")?.read()).toBe(files.read("/proc/iomem"));
    expect(new TextDecoder().decode(files.pread("/proc/iomem", 0n, 1 << 20))).toBe(files.read("/proc/iomem"));
    expect(errnoOf(() => booted.run(files.write("/sys/bus/cxl/devices/region0/size", "0")))).toBe("EACCES");
    expect(errnoOf(() => booted.run(files.send("/dev/cxl/mem0", "getHealth", new Uint8Array(0), 64)))).toBe("EACCES");
    expect([() => booted.run(files.loadModule("cxl_pmem")), () => booted.run(files.unloadModule("cxl_acpi")), () => files.clearLog()].map(errnoOf)).toEqual(["EPERM", "EPERM", "EPERM"]);
    expect([files.read("/sys/bus/cxl/devices/region0/size"), files.read("/sys/bus/cxl/devices/region0/resource")]).toEqual(["0x10000000\n", "0x400000000\n"]);
  });
});
