// A Linux model on a machine in a worker.

import { afterEach, describe, expect, it } from "vitest";
import { createMachineSync, createMachineWorker } from "../../src/index.ts";
import type { Machine, MachineKernel, MachineWorker, RemoteKernel, ScenarioValue } from "../../src/index.ts";
import { modules } from "../support/machine.ts";

const port = { isolation: { mem: true, forceLinkDown: true, timeoutRanges: "ABCD", interrupt: 3 }, device: { volatile: "512MiB" } } as const;
const source: ScenarioValue = { machine: { hostBridges: [{ rootPorts: [port, port] }] }, firmware: { windows: [{ targets: ["hb0"], size: "8GiB" }] }, kernel: { preset: "isolation-safe" } };

const open: MachineWorker[] = [];
async function make(slice = 8): Promise<MachineWorker> {
  const machine = await createMachineWorker(source, { slice });
  open.push(machine);
  return machine;
}
afterEach(async () => {
  await Promise.all(open.splice(0).map((machine) => machine.close()));
});

/** A region, a broken link, and what the kernel did about it. */
async function story(machine: Machine | MachineWorker): Promise<readonly unknown[]> {
  const kernel: MachineKernel | RemoteKernel = await machine.attachKernel();
  const seen: unknown[] = [await kernel.run("cxl create-region -d decoder0.0 -m ${mem:rp0} -w 1 -t ram")];
  await kernel.settle();
  seen.push(await kernel.read("/sys/bus/cxl/devices/region0/size"));
  await machine.inject({ linkDown: "rp0" }, { at: "1ms" });
  await machine.advance(50_000_000);
  seen.push(await machine.rootPort("rp0").registers.timeoutIsolation.status.read());
  for (const layer of ["access", "hardware", "kernel", "log"] as const) seen.push(await machine.digest(layer));
  return seen;
}

describe("a kernel on a machine in a worker", () => {
  it.each([0, 8])("[rule 5] does what it does in this thread, in slices of %d ms", async (slice) => {
    expect(await story(await make(slice))).toEqual(await story(createMachineSync(modules.release, source)));
  });

  it.each([0, 8])("that has died lets time pass and waits end, in slices of %d ms", async (slice) => {
    const wait = async (machine: Machine | MachineWorker): Promise<string> => {
      const kernel: MachineKernel | RemoteKernel = await machine.attachKernel({ preset: "linux-7.2" });
      await kernel.run("cxl create-region -d decoder0.0 -m ${mem:rp1} -w 1 -t ram");
      await kernel.settle();
      await machine.inject({ linkDown: "rp1" });
      await machine.memory.load(machine.description.windows[0]?.base ?? 0n);
      await machine.advance(1_000_000);
      return machine.digest("hardware");
    };
    const there = await make(slice);
    expect(await wait(there)).toBe(await wait(createMachineSync(modules.release, source)));
    await expect(there.runUntil({ register: "rp0.timeoutIsolation.status.memoryIsolation", equals: 1 }, { limit: 1_000_000 })).rejects.toThrow("; the host");
  });

  it("has a log that can be read on, files, and no panic", async () => {
    const machine = await make();
    const kernel = await machine.attachKernel();
    expect(machine.kernel).toBe(kernel);
    const first = await kernel.log();
    await kernel.run("cxl create-region -d decoder0.0 -m ${mem:rp0} -w 1 -t ram");
    await kernel.settle();
    const more = await kernel.log(first.length);
    expect([...first, ...more]).toEqual(await kernel.log());
    expect(more.length).toBeGreaterThan(0);
    expect(await kernel.panic()).toBeNull();
    await expect(kernel.read("/sys/no/such/file")).rejects.toMatchObject({ name: "SystemError" });
    await expect(kernel.write("/sys/bus/cxl/devices/region0/size", "x")).rejects.toMatchObject({ name: "SystemError" });
  });

  it("refuses what it refuses in this thread", async () => {
    const machine = await make();
    const early = machine.attachKernel();
    const messages = machine.interrupts[Symbol.asyncIterator]();
    await early;
    await expect(messages.next()).rejects.toMatchObject({ name: "KernelAttachedError" });
    expect(() => machine.interrupts.on(() => undefined)).toThrow("a kernel is attached");
    for (const call of [machine.snapshot(), machine.fork(), machine.attachKernel(), machine.runUntil({ interrupt: true })]) await expect(call).rejects.toMatchObject({ name: "KernelAttachedError" });
    const drivers = { drivers: [{ name: "mine", match: {}, start: () => undefined }] };
    await expect((await make()).attachKernel(drivers as object)).rejects.toThrow(/cannot travel/);
  });
});
