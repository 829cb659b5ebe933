// The life of a machine's worker: calls that are cancelled, interrupts, ends of every kind.

import { spawnSync } from "node:child_process";
import { Worker } from "node:worker_threads";
import { afterEach, describe, expect, it } from "vitest";
import { WorkerDiedError, createMachineSync, createMachineWorker } from "../../src/index.ts";
import type { MachineWorker, MachineWorkerOptions } from "../../src/index.ts";
import { driven, layers } from "../support/library-drive.ts";
import { countedWorker, spoiledWorker } from "../support/machine-workers.ts";
import { modules } from "../support/machine.ts";

const open: MachineWorker[] = [];
async function make(options: MachineWorkerOptions = {}): Promise<MachineWorker> {
  const machine = await createMachineWorker(driven, options);
  open.push(machine);
  return machine;
}
afterEach(async () => {
  await Promise.all(open.splice(0).map((machine) => machine.close()));
});

type Injecting = { rootPort(name: "rp0"): { readonly registers: { readonly timeoutIsolation: { readonly control: { write(values: object): unknown } } } & Record<string, unknown>; enableMessages(count: number): unknown }; inject(fault: object, when: { at: string }): unknown };

/** Five cables pulled and put back, a millisecond apart, and messages about it. */
async function disturb(machine: Injecting): Promise<void> {
  await machine.rootPort("rp0").enableMessages(32);
  await machine.rootPort("rp0").registers.timeoutIsolation.control.write({ memoryIsolationEnable: 1, interruptEnable: 1 });
  for (let n = 1; n <= 5; n++) await machine.inject({ linkFlap: { port: "rp0", time: "200us" } }, { at: `${n}ms` });
}

describe("[rule 11] a call with a signal", () => {
  it("is cancelled between two slices, and the machine goes on from there as if nothing had been", async () => {
    const machine = await make({ slice: 0 });
    await disturb(machine);
    const start = await machine.now();
    const controller = new AbortController();
    const stop = machine.interrupts.on(() => controller.abort());
    const pending = machine.advance(10_000_000, { signal: controller.signal });
    const after = machine.now();
    await expect(pending).rejects.toMatchObject({ name: "AbortError" });
    const stopped = (await after) - start;
    expect(stopped).toBeGreaterThanOrEqual(1_000_000);
    expect(stopped).toBeLessThan(2_000_000);
    stop();
    await machine.advance(10_000_000 - stopped);

    const here = createMachineSync(modules.release, driven);
    await disturb(here);
    here.advance(10_000_000);
    expect(await machine.now()).toBe(here.now);
    for (const layer of layers) expect(await machine.digest(layer)).toBe(here.digest(layer));
  });

  it("rejects with the signal's reason", async () => {
    const machine = await make({ slice: 0 });
    await disturb(machine);
    const controller = new AbortController();
    machine.interrupts.on(() => controller.abort(new Error("enough")));
    await expect(machine.runUntil({ time: 60_000_000 }, { signal: controller.signal })).rejects.toThrow("enough");
  });

  it("that waits for its turn behind another is not begun", async () => {
    const machine = await make({ slice: 0 });
    await disturb(machine);
    const controller = new AbortController();
    machine.interrupts.on(() => controller.abort());
    const first = machine.advance(3_000_000);
    const second = machine.advance(1_000_000_000, { signal: controller.signal });
    const batch = machine.batch((m) => [m.now(), m.now()], { signal: controller.signal });
    const between = machine.now();
    await first;
    await expect(second).rejects.toMatchObject({ name: "AbortError" });
    await expect(batch).rejects.toMatchObject({ name: "AbortError" });
    expect(await between).toBe(await machine.now());
  });

  it("raised before the message left does not travel", async () => {
    const worker = countedWorker();
    const machine = await make({ worker: worker.make });
    const before = worker.sent;
    const controller = new AbortController();
    const pending = machine.advance(1000, { signal: controller.signal });
    controller.abort();
    await expect(pending).rejects.toMatchObject({ name: "AbortError" });
    await expect(machine.advance(1000, { signal: controller.signal })).rejects.toMatchObject({ name: "AbortError" });
    expect(worker.sent).toBe(before);
  });
});

describe("interrupts", () => {
  it("are told before the call that delivered them settles, as they are in this thread", async () => {
    const here = createMachineSync(modules.release, driven);
    const expected: unknown[] = [];
    here.interrupts.on((message) => expected.push(message));
    await disturb(here);
    here.advance(3_000_000);

    const machine = await make();
    const heard: unknown[] = [];
    const stop = machine.interrupts.on((message) => heard.push(message));
    await disturb(machine);
    await machine.advance(3_000_000);
    expect(heard).toEqual(expected);
    expect(heard.length).toBeGreaterThan(0);
    stop();
    await machine.advance(3_000_000);
    expect(heard.length).toBe(expected.length);
  });

  it("are iterated until the machine is disposed of", async () => {
    const machine = await make();
    const messages = machine.interrupts[Symbol.asyncIterator]();
    await disturb(machine);
    void machine.advance(1_500_000);
    expect((await messages.next()).value).toMatchObject({ at: expect.any(Number) as number, data: expect.any(Number) as number });
    const next = messages.next();
    await machine.dispose();
    await expect(next).resolves.toEqual({ done: true, value: undefined });
  });

  it("can be waited for", async () => {
    const machine = await make();
    await disturb(machine);
    const time = await machine.runUntil({ interrupt: true });
    expect(time).toBeGreaterThan(1_000_000);
    await expect(machine.runUntil({ interrupt: 9999 }, { limit: 1000 })).rejects.toThrow("an interrupt with data 9999");
  });

  it("end without an error when the worker is closed, and with one when it dies", async () => {
    const closed = await make();
    const ending = closed.interrupts[Symbol.asyncIterator]().next();
    await closed.close();
    await expect(ending).resolves.toEqual({ done: true, value: undefined });
    const dying = await make({ worker: spoiledWorker(2, "process.exit(3);") });
    const failing = dying.interrupts[Symbol.asyncIterator]().next();
    await expect(failing).rejects.toThrow(WorkerDiedError);
  });
});

describe("a worker that ends", () => {
  const ends: readonly (readonly [string, string, RegExp])[] = [
    ["exits", "process.exit(7);", /exit code 7/],
    ["throws where nobody catches", "throw new RangeError('lost');", /lost/],
    ["fills its heap", "const kept = []; for (;;) kept.push(new Array(100).fill(kept.length));", /memory limit/],
  ];
  it.each(ends)("because it %s rejects what is pending and everything afterwards", async (_, code, reason) => {
    const machine = await make({ worker: spoiledWorker(2, code, 48) });
    const pending = [machine.advance(1_000_000_000_000, {}), machine.now(), machine.batch((m) => [m.now()])];
    const outcomes = await Promise.allSettled(pending);
    await expect(machine.now()).rejects.toThrow(WorkerDiedError);
    await expect(machine.now()).rejects.toThrow(reason);
    // What was answered before the end may have come through, nothing hangs.
    for (const outcome of outcomes) if (outcome.status === "rejected") expect(outcome.reason).toBeInstanceOf(WorkerDiedError);
  });

  it("in the middle of a run rejects it", async () => {
    let worker: Worker | undefined;
    const machine = await make({ slice: 0, worker: () => (worker = new Worker(new URL("../../dist/workers/machine-entry.js", import.meta.url))) });
    await disturb(machine);
    machine.interrupts.on(() => void worker?.terminate());
    const pending = machine.advance(100_000_000);
    const queued = machine.now();
    await expect(pending).rejects.toThrow(WorkerDiedError);
    await expect(queued).rejects.toThrow(WorkerDiedError);
    await expect(machine.fork()).rejects.toThrow(WorkerDiedError);
  });

  it("before it has a machine rejects createMachineWorker", async () => {
    await expect(createMachineWorker(driven, { worker: () => new Worker("process.exit(5);", { eval: true }) })).rejects.toThrow("exit code 5");
    await expect(createMachineWorker(driven, { worker: () => new Worker(new URL("file:///no/such/worker.js")) })).rejects.toThrow(WorkerDiedError);
  });
});

describe("close", () => {
  it("ends a call that would go on, and rejects what comes after", async () => {
    const machine = await make({ slice: 0 });
    await disturb(machine);
    const pending = machine.advance(1_000_000_000);
    const outcome = expect(pending).rejects.toThrow(WorkerDiedError);
    await machine.close();
    await outcome;
    await expect(machine.now()).rejects.toThrow("it was closed");
    await machine.close();
  });

  it("of the last worker lets Node exit by itself", () => {
    const front = new URL("../../dist/src/index.js", import.meta.url).href;
    const script = `
      import { createMachineWorker } from ${JSON.stringify(front)};
      const machines = await Promise.all([1, 2].map(() => createMachineWorker({ hostBridges: [{ rootPorts: [{ device: { volatile: "256MiB" } }] }] })));
      for (const machine of machines) console.log(await machine.device("dev0").bdf());
      for (const machine of machines) await machine.close();
    `;
    const { status, stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", script], { encoding: "utf8", timeout: 30_000 });
    expect([status, stdout, stderr]).toEqual([0, "0000:0d:00.0\n0000:0d:00.0\n", ""]);
  });
});
