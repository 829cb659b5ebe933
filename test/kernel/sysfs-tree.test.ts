// The tree beside the captured one (2b-two-way-ram): every path of the cxl, dax, platform and nd trees is there, of the same kind, links with the same target.

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { Booted } from "../support/kernel.ts";
import { bootMachine } from "../support/kernel.ts";
import { GiB, deviceOf, machineOf, portOf } from "../support/machine.ts";
import { memdevWith } from "../support/memdev.ts";

const text = readFileSync(new URL("../fixtures/captures/linux/2b-two-way-ram/sysfs-tree.txt", import.meta.url), "utf8");

interface Captured {
  readonly path: string;
  readonly target: string | undefined;
}

const captured: readonly Captured[] = text.trim().split("\n").map((line) => {
  const [path = "", target] = line.split(" -> ");
  return { path, target };
});

/** Links that the recorder made itself when it copied the tree: a name inside the folder of the same name. */
const isOfRecorder = ({ path }: Captured): boolean => path.split("/").at(-1) === path.split("/").at(-2);
/** Files of PCI functions have tests of their own. */
const isOfFunction = ({ path }: Captured): boolean => /^devices\/pci[^/]+\/[0-9a-f:.]+\/[^/]+$/.test(path);

function boot(): Booted {
  const machine = machineOf([portOf("rp0", { slots: [deviceOf("d0", { serial: 1n })] }), portOf("rp1", { slots: [deviceOf("d1", { serial: 2n })] })], { windows: [{ base: 0x4_d000_0000n, size: 4n * GiB, ways: 1, granularity: 256, targets: [0] }] });
  const booted = bootMachine({ ...machine, hostBridges: machine.hostBridges.map((bridge) => ({ ...bridge, uid: 12 })) }, { policies: { memoryUse: "system-ram-movable" }, restrictions: { persistent: true } });
  expect(booted.command(`cxl create-region -d decoder0.0 -w 2 -m -t ram ${memdevWith(booted, 2n)} ${memdevWith(booted, 1n)}`).exitCode).toBe(0);
  return booted;
}

/** Names that are a race, by the card they stand for: the captured ones become ours. */
function ownNames(booted: Booted): (text: string) => string {
  const names = new Map<string, string>();
  for (const [serial, memdev, endpoint] of [[1n, "mem1", "endpoint2"], [2n, "mem0", "endpoint3"]] as const) {
    const own = memdevWith(booted, serial);
    const ownEndpoint = booted.files.list("/sys/bus/cxl/devices").find((name) => name.startsWith("endpoint") && booted.files.readlink(`/sys/bus/cxl/devices/${name}/uport`).endsWith(`/${own}`)) ?? "";
    names.set(memdev, own).set(endpoint, ownEndpoint).set(endpoint.replace("endpoint", "decoder"), ownEndpoint.replace("endpoint", "decoder"));
  }
  return (path) => path.replaceAll(/\b(mem|endpoint|decoder)\d+\b/g, (name) => names.get(name) ?? name);
}

describe("the tree of a two-way region", () => {
  it("has every captured path with its kind and target, but for one file of a structure that is not modelled", () => {
    const booted = boot();
    const own = ownNames(booted);
    const wanted = captured.filter((one) => !isOfRecorder(one) && !isOfFunction(one));
    const missing = wanted.filter(({ path }) => {
      try {
        booted.files.status(`/sys/${own(path)}`);
        return false;
      } catch {
        return true;
      }
    });
    expect(missing.map(({ path }) => path)).toEqual(["devices/pci0000:0c/available_secure_streams"]);
    const there = wanted.filter((one) => !missing.includes(one));
    const kinds = there.map(({ path }) => [path, booted.files.status(`/sys/${own(path)}`).kind]);
    expect(kinds).toEqual(there.map(({ path, target }) => [path, target === undefined ? "file" : "link"]));
    const links = there.filter(({ target }) => target !== undefined);
    expect(links.map(({ path }) => [path, booted.files.readlink(`/sys/${own(path)}`)])).toEqual(links.map(({ path, target }) => [path, own(target ?? "")]));
    expect([captured.length, wanted.length, links.length]).toEqual([411, 330, 71]);
  });

  it("events say number, node, type, driver and alias", () => {
    const booted = boot();
    const read = (path: string): string => booted.read(`/sys/bus/${path}/uevent`);
    const memdev = memdevWith(booted, 1n);
    expect(read(`cxl/devices/${memdev}`)).toBe(`MAJOR=249\nMINOR=${memdev.slice(3)}\nDEVNAME=cxl/${memdev}\nDEVTYPE=cxl_memdev\nDRIVER=cxl_mem\nMODALIAS=cxl:t5\n`);
    expect(read("dax/devices/dax0.0")).toBe("MAJOR=251\nMINOR=0\nDEVNAME=dax0.0\nDRIVER=kmem\nMODALIAS=dax:t0\n");
    expect(read("cxl/devices/region0")).toBe("DEVTYPE=cxl_region\nDRIVER=cxl_region\nMODALIAS=cxl:t6\n");
    expect(read("platform/devices/ACPI0017:00")).toBe("DRIVER=cxl_acpi\nMODALIAS=acpi:ACPI0017:\n");
  });

  it("devices are found by number, by their firmware's node and by their driver's module", () => {
    const { files } = boot();
    expect(files.realpath("/sys/dev/char/251:0")).toBe(files.realpath("/sys/bus/dax/devices/dax0.0"));
    expect(files.realpath("/sys/devices/pci0000:0c/firmware_node/physical_node")).toBe("/sys/devices/pci0000:0c");
    expect(files.realpath("/sys/devices/platform/ACPI0017:00/firmware_node/physical_node")).toBe("/sys/devices/platform/ACPI0017:00");
    expect(files.read("/sys/bus/acpi/devices/ACPI0016:00/modalias")).toBe("acpi:ACPI0016:PNP0A08:PNP0A03:\n");
    expect(files.realpath("/sys/bus/cxl/drivers/cxl_mem/module/drivers/cxl:cxl_mem")).toBe("/sys/bus/cxl/drivers/cxl_mem");
    expect(files.read("/proc/mounts")).toContain("debugfs /sys/kernel/debug debugfs ");
  });
});
