// A dax device in file system mode (dax-memory section 10): its driver, its holder, pins, what is lost.

import { describe, expect, it } from "vitest";
import { findDevice, unbind } from "../../src/kernel/base/device.ts";
import type { Device } from "../../src/kernel/base/device.ts";
import type { Holder } from "../../src/kernel/dax/holder.ts";
import { holdDax, notifyFailure, releaseDax } from "../../src/kernel/dax/holder.ts";
import { daxDeviceOf } from "../../src/kernel/dax/types.ts";
import { mapFile, translate } from "../../src/kernel/mm/mapping.ts";
import { pinPages, unpin, unpinHandler } from "../../src/kernel/mm/pin.ts";
import { createProcess } from "../../src/kernel/mm/process.ts";
import { memoryFailure } from "../../src/kernel/mce/memory-failure.ts";
import { bootMachine } from "../support/kernel.ts";
import type { Booted } from "../support/kernel.ts";
import { machineOf, portOf } from "../support/machine.ts";
import { errnoOf } from "../support/errno.ts";

const base = 0x4_0000_0000n;

interface FileSystemDevice extends Booted {
  readonly device: Device;
  /** Offsets and sizes that a holder heard of, as marked. */
  readonly heard: string[];
}

function bootFsdev(): FileSystemDevice {
  const heard: string[] = [];
  const booted = bootMachine(machineOf([portOf("rp0")]), { policies: { memoryUse: "fsdev" }, onStep: (_, text) => void (text.includes("notify_failure") && heard.push(text)) });
  booted.command("cxl create-region -d decoder0.0 -w 1 -m -t ram mem0");
  booted.settle();
  const device = findDevice(booted.kernel, "dax", "dax0.0");
  if (device === undefined) throw new Error("no dax0.0");
  return { ...booted, device, heard };
}

const named = (name: string): Holder => ({ name, onFailure: { handler: unpinHandler, argument: -1 } });

const drivers = "/sys/bus/dax/drivers";
const toDevdax = (command: Booted["command"]): number => command(`echo dax0.0 > ${drivers}/fsdev_dax/unbind; echo dax0.0 > ${drivers}/device_dax/new_id`).exitCode;

describe("(10) a dax device of a file system", () => {
  it("[S84] policy gives it to fsdev_dax; who tells another driver its name takes it away, and the tool gives it back", () => {
    const { device, command, read, files } = bootFsdev();
    expect([device.driver?.name, read("/proc/iomem").includes("dax0.0"), files.exists("/sys/bus/dax/drivers/fsdev_dax/dax0.0")]).toEqual(["fsdev_dax", true, true]);
    expect(toDevdax(command)).toBe(0);
    expect([device.driver?.name, daxDeviceOf(device).isFileSystem]).toEqual(["device_dax", false]);
    expect(command("daxctl reconfigure-device dax0.0 -m famfs")).toMatchObject({ exitCode: 0 });
    expect([device.driver?.name, daxDeviceOf(device).isFileSystem]).toEqual(["fsdev_dax", true]);
  });

  it("has one holder at a time, and none as device-dax or when it is dead", () => {
    const { kernel, device, command } = bootFsdev();
    expect(errnoOf(() => holdDax(kernel, device, named("famfs")))).toBe("ok");
    expect(errnoOf(() => holdDax(kernel, device, named("another")))).toBe("EBUSY");
    releaseDax(kernel, device);
    expect(errnoOf(() => holdDax(kernel, device, named("another")))).toBe("ok");
    expect(toDevdax(command)).toBe(0);
    expect(errnoOf(() => holdDax(kernel, device, named("famfs")))).toBe("ENXIO");
  });

  it("[S82] is not pinned for long; a short pin holds the driver's leave up", () => {
    const { kernel, device, run } = bootFsdev();
    const file = daxDeviceOf(device);
    expect(errnoOf(() => pinPages(kernel, "rdma", file, 0n, 4096n))).toBe("EOPNOTSUPP");
    const pin = pinPages(kernel, "dma", file, 0n, 4096n, { kind: "short" });
    unpin(kernel, pin.id);
    run(unbind(kernel, device));
    expect(device.driver).toBeNull();
  });

  it("unbinding kills the mappings and tells the holder of the whole device; without a holder nobody is told", () => {
    const { kernel, device, run, heard } = bootFsdev();
    const file = daxDeviceOf(device);
    expect(notifyFailure(kernel, device, 0n, 1n)).toBe("ENXIO");
    holdDax(kernel, device, { name: "deaf", onFailure: null });
    expect(notifyFailure(kernel, device, 0n, 1n)).toBe("EOPNOTSUPP");
    releaseDax(kernel, device);
    holdDax(kernel, device, named("famfs"));
    const mapping = mapFile(kernel, createProcess(kernel, "app", 1), file, { offset: 0n, length: file.align, isShared: true });
    expect(translate(kernel, mapping, 0n)).toBe(base);
    run(unbind(kernel, device));
    expect([translate(kernel, mapping, 0n), heard]).toEqual([undefined, ["dax0.0 notify_failure"]]);
    expect(notifyFailure(kernel, device, 0n, 1n)).toBe("ENXIO");
  });

  it("a holder hears of a lost page and the process lives; without one the process is killed as with device-dax", () => {
    const { kernel, device, heard } = bootFsdev();
    const file = daxDeviceOf(device);
    const app = createProcess(kernel, "app", 1);
    translate(kernel, mapFile(kernel, app, file, { offset: 0n, length: file.align, isShared: true }), 0n);
    const fail = (): void => void memoryFailure(kernel, { address: base + 0x3008n, current: app, isActionRequired: true, mustKill: true });
    holdDax(kernel, device, named("famfs"));
    fail();
    expect([heard, app.death]).toEqual([["dax0.0 notify_failure"], null]);
    releaseDax(kernel, device);
    fail();
    expect(app.death?.code).toBe("BUS_MCEERR_AR");
  });
});
