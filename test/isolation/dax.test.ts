// Dax devices through their attributes and mappings, on a booted system: error numbers of the ABI, revocation, the captured values.

import { beforeEach, describe, expect, it } from "vitest";
import type { Device } from "../../src/kernel/base/device.ts";
import { addDevice, attach, busDevices, registerDriver, unbind } from "../../src/kernel/base/device.ts";
import { SystemError } from "../../src/kernel/base/errno.ts";
import type { Kernel } from "../../src/kernel/base/kernel.ts";
import { createKernel } from "../../src/kernel/base/kernel.ts";
import { daxDeviceNamed } from "../../src/kernel/dax/attributes.ts";
import { cxlDaxRegionDriver, registerDaxDrivers } from "../../src/kernel/dax/cxl.ts";
import { daxDeviceOf } from "../../src/kernel/dax/types.ts";
import { mapFile, mappingsOf, translate } from "../../src/kernel/mm/mapping.ts";
import { memoryHandlers, pinPages, unpin } from "../../src/kernel/mm/pin.ts";
import { createProcess } from "../../src/kernel/mm/process.ts";
import { formatResources, iomem } from "../../src/kernel/resource/resource.ts";
import type { Task } from "../../src/sim/task.ts";
import { createScheduler, createTaskLedger, hasReady, isRunning, runOne, spawn } from "../../src/sim/task.ts";
import { createTraceWriter } from "../../src/sim/trace.ts";
import { machineOf, portOf, setUp } from "../support/machine.ts";
import { defaultPolicies } from "../../src/kernel/policy.ts";
import { errnoOf } from "../support/errno.ts";

const MiB = 1n << 20n;
const start = 0x4_d000_0000n;
const size = 512n * MiB;
let kernel: Kernel;
let parent: Device;

/** Runs a task to its end. Returns the error number it ended with, "ok", or "waits". */
function finish(body: Task<unknown>): string {
  let outcome = "ok";
  const guarded = function* (): Task<void> {
    try {
      yield* body;
    } catch (thrown) {
      if (!(thrown instanceof SystemError)) throw thrown;
      outcome = thrown.errno;
    }
  };
  const id = spawn(kernel.scheduler, "test", guarded());
  while (hasReady(kernel.scheduler)) runOne(kernel.scheduler, () => kernel.platform.clock.now);
  return isRunning(kernel.scheduler, id) ? "waits" : outcome;
}

const attributesOf = (device: Device) => [...device.type.attributes, ...(device.driver?.attributes ?? [])];
const show = (device: Device, name: string): string => attributesOf(device).find((attribute) => attribute.name === name)?.show?.(kernel, device).trim() ?? "absent";
function store(device: Device, name: string, text: string): string {
  const write = attributesOf(device).find((attribute) => attribute.name === name)?.store;
  return write === undefined ? "EACCES" : finish(write(kernel, device, `${text}\n`));
}
const named = (name: string): Device => daxDeviceNamed(kernel, name);
beforeEach(() => {
  const bench = setUp(machineOf([portOf("rp0")]));
  const firmware = { xsdt: 0n, hostBridges: [], osc: () => ({ isolationControl: false, isolationNotification: false }), takeNotify: () => undefined };
  const policy = { ...defaultPolicies, isolationAction: "none", memoryUse: "device-dax-only", onlineType: "offline", notification: "none", recoveryOrder: "fence-first", refuseIsolated: false } as const;
  kernel = createKernel({ platform: { ...bench.platform, firmware }, scheduler: createScheduler({ kind: "fixed" }), tasks: createTaskLedger(), trace: createTraceWriter(bench.hardware.ring), policy, handlers: memoryHandlers });
  registerDaxDrivers(kernel);
  registerDriver(kernel, cxlDaxRegionDriver);
  parent = addDevice(kernel, { name: "dax_region0", bus: "cxl", type: { name: "cxl_dax_region", attributes: [] }, parent: null, data: { range: { start, size }, id: 0, targetNode: 1 } });
  finish(attach(kernel, parent));
});

describe("dax regions and devices", () => {
  it("[S84] under device-dax-only one device over the whole region comes up in devdax mode, with the captured attributes", () => {
    const device = named("dax0.0");
    expect(device.driver?.name).toBe("device_dax");
    const names = ["align", "dev", "memmap_on_memory", "modalias", "numa_node", "resource", "size", "target_node"];
    expect(names.map((name) => show(device, name))).toEqual(["2097152", "251:0", "1", "dax:t0", "-1", "0x4d0000000", "536870912", "1"]);
    const mapping = device.children[0];
    expect(mapping === undefined ? [] : ["end", "page_offset", "start"].map((name) => show(mapping, name))).toEqual(["0x4efffffff", "0x0", "0x4d0000000"]);
    expect(["id", "size", "align", "available_size"].map((name) => show(parent, `dax_region/${name}`))).toEqual(["0", "536870912", "2097152", "0"]);
    expect(formatResources(iomem(kernel))).toContain("4d0000000-4efffffff : dax0.0");
  });

  it("[S86] the region is split as in the capture: sizes, names, ranges; sizes and free space add up", () => {
    expect(finish(unbind(kernel, named("dax0.0")))).toBe("ok");
    expect(store(named("dax0.0"), "size", "0")).toBe("ok");
    expect([store(parent, "dax_region/create", "1"), store(named("dax0.1"), "size", "134217728")]).toEqual(["ok", "ok"]);
    expect([store(parent, "dax_region/create", "1"), store(named("dax0.2"), "size", "402653184")]).toEqual(["ok", "ok"]);
    expect(busDevices(kernel, "dax").map((device) => `${device.name} ${show(device, "resource")} ${show(device, "size")} ${show(device, "dev")} ${show(device, "memmap_on_memory")}`)).toEqual([
      "dax0.0 0x4d0000000 0 251:0 1", "dax0.1 0x4d0000000 134217728 251:1 0", "dax0.2 0x4d8000000 402653184 251:2 0",
    ]);
    expect(show(parent, "dax_region/available_size")).toBe("0");
    expect(store(parent, "dax_region/create", "1")).toBe("ENOSPC");
  });

  it("error numbers of size, align, create and delete are those of the ABI", () => {
    const device = named("dax0.0");
    expect(store(device, "size", "0")).toBe("EBUSY");
    expect(store(device, "align", "4096")).toBe("EBUSY");
    finish(unbind(kernel, device));
    expect(store(device, "size", "1048576")).toBe("EINVAL");
    expect(store(device, "size", "536870912x")).toBe("EINVAL");
    expect(store(device, "size", String(size + 2n * MiB))).toBe("ENOSPC");
    expect(store(device, "align", "8192")).toBe("EINVAL");
    expect(store(device, "align", "1073741824")).toBe("EINVAL");
    expect(store(device, "align", "4096")).toBe("ok");
    expect(store(parent, "dax_region/create", "2")).toBe("EINVAL");
    expect(store(parent, "dax_region/delete", "dax0.9")).toBe("ENXIO");
    expect(store(parent, "dax_region/delete", "dax0.0")).toBe("EBUSY");
    expect(store(device, "size", "0")).toBe("ok");
    expect(store(parent, "dax_region/delete", "dax0.0")).toBe("EBUSY");
    expect(store(parent, "dax_region/create", "1")).toBe("ok");
    expect(store(parent, "dax_region/delete", "dax0.1")).toBe("ok");
    expect(busDevices(kernel, "dax").map((one) => one.name)).toEqual(["dax0.0"]);
  });

  it("[S27] a second region over a range that is taken fails with ENOMEM and names the range", () => {
    const other = addDevice(kernel, { name: "dax_region1", bus: "cxl", type: parent.type, parent: null, data: { range: { start: start + 256n * MiB, size }, id: 1, targetNode: 1 } });
    finish(attach(kernel, other));
    expect(other.driver).toBeNull();
    expect(kernel.log.map((line) => line.text).join("\n")).toMatch(/dax_region1: dax_region resource conflict for \[mem 0x4e0000000-/);
  });

  it("[S85] mmap: shared and aligned only, and only while alive; a touch reaches the physical address behind the offset", () => {
    const device = named("dax0.0");
    const file = daxDeviceOf(device);
    const process = createProcess(kernel, "vm", 1);
    const map = (offset: bigint, length: bigint, isShared = true) => mapFile(kernel, process, file, { offset, length, isShared });
    expect([errnoOf(() => map(0n, size, false)), errnoOf(() => map(4096n, size)), errnoOf(() => map(0n, 4096n)), errnoOf(() => map(0n, 0n))]).toEqual(["EINVAL", "EINVAL", "EINVAL", "EINVAL"]);
    const mapping = map(2n * MiB, size);
    expect(translate(kernel, mapping, 64n)).toBe(start + 2n * MiB + 64n);
    expect(translate(kernel, mapping, size - 64n)).toBeUndefined();
    finish(unbind(kernel, device));
    expect(translate(kernel, mapping, 64n)).toBeUndefined();
    expect(mappingsOf(kernel, file)).toHaveLength(1);
    expect(errnoOf(() => map(0n, size))).toBe("ENXIO");
  });

  it("[S82] unbinding revokes CPU access at once and then waits for pins without bound", () => {
    const device = named("dax0.0");
    const file = daxDeviceOf(device);
    const mapping = mapFile(kernel, createProcess(kernel, "vm", 1), file, { offset: 0n, length: size, isShared: true });
    translate(kernel, mapping, 0n);
    const pin = pinPages(kernel, "vfio", file, 0n, size);
    expect(finish(unbind(kernel, device))).toBe("waits");
    expect([file.isAlive, mapping.leaves.size, translate(kernel, mapping, 0n)]).toEqual([false, 0, undefined]);
    expect(formatResources(iomem(kernel))).toContain("dax0.0");
    unpin(kernel, pin.id);
    while (hasReady(kernel.scheduler)) runOne(kernel.scheduler, () => 0);
    expect(device.driver).toBeNull();
    expect(formatResources(iomem(kernel))).not.toContain("dax0.0");
  });

  it("a parent that goes takes its devices along, newest first, and frees the range", () => {
    expect(finish(unbind(kernel, parent))).toBe("ok");
    expect(busDevices(kernel, "dax")).toEqual([]);
    finish(attach(kernel, parent));
    expect(named("dax0.0").driver?.name).toBe("device_dax");
  });
});
