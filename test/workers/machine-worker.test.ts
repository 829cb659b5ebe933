// createMachineWorker: one message for the calls of a turn, in order; the same machine as in this thread; forks, snapshots, traces and errors across the line.

import { afterEach, describe, expect, expectTypeOf, it } from "vitest";
import { createMachineSync, createMachineWorker } from "../../src/index.ts";
import type { Machine, MachineWorker, MachineWorkerOptions } from "../../src/index.ts";
import { drive, driven, layers, memoryBase } from "../support/library-drive.ts";
import { countedWorker } from "../support/machine-workers.ts";
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
const status = "rp0.timeoutIsolation.status.memoryIsolation";

describe("calls of a turn", () => {
  it("travel in one message, and run in order", async () => {
    const worker = countedWorker();
    const machine = await make({ worker: worker.make });
    const before = worker.sent;
    const { control } = machine.rootPort("rp0").registers.timeoutIsolation;
    const results = await Promise.all([
      control.get("memoryIsolationEnable"), control.write({ memoryIsolationEnable: 1 }), control.get("memoryIsolationEnable"), control.write({}), control.get("memoryIsolationEnable"), machine.now(), machine.advance(1000), machine.now(),
    ]);
    expect(worker.sent - before).toBe(1);
    expect(results.slice(0, 5)).toEqual([0, undefined, 1, undefined, 0]);
    expect((results[7] as number) - (results[5] as number)).toBe(1000);
  });

  it("are those of the whole turn, with what its promises bring", async () => {
    const worker = countedWorker();
    const machine = await make({ worker: worker.make });
    const before = worker.sent;
    const late = async (): Promise<number> => {
      for (let hop = 0; hop < 20; hop++) await Promise.resolve();
      return machine.now();
    };
    await Promise.all([machine.now(), late(), machine.bus.read32(0n)]);
    expect(worker.sent - before).toBe(1);
  });

  it("that are made while a message is on its way travel together in the next", async () => {
    const worker = countedWorker();
    const machine = await make({ worker: worker.make });
    const before = worker.sent;
    const first = machine.now();
    await new Promise(setImmediate);
    expect(worker.sent - before).toBe(1);
    const others = [];
    for (let turn = 0; turn < 3; turn++) {
      others.push(machine.now());
      await Promise.resolve();
    }
    await Promise.all([first, ...others]);
    expect(worker.sent - before).toBe(2);
  });

  it("carry 64-bit values and bytes as they are", async () => {
    const machine = await make();
    await machine.memory.store(memoryBase, 0xffff_ffff_ffff_fffen);
    expect(await machine.memory.load(memoryBase)).toEqual({ status: "ok", value: 0xffff_ffff_ffff_fffen });
    const { returnCode, output } = await machine.device("dev0").mailbox(0x4002, new Uint8Array(8));
    expect([returnCode, output instanceof Uint8Array]).toEqual([createMachineSync(modules.release, driven).device("dev0").mailbox(0x4002, new Uint8Array(8)).returnCode, true]);
  });
});

describe("a batch", () => {
  it("is one message and gives the results that are named", async () => {
    const worker = countedWorker();
    const machine = await make({ worker: worker.make });
    const before = worker.sent;
    const [time, isolation, word] = await machine.batch((m) => {
      const { control } = m.rootPort("rp0").registers.timeoutIsolation;
      const now = m.now();
      control.write({ memoryIsolationEnable: 1 });
      return [now, control.read(), m.bus.read32(0n)];
    });
    expect(worker.sent - before).toBe(1);
    expect([typeof time, isolation.memoryIsolationEnable, word]).toEqual(["number", 1, 0]);
  });

  it("ends at its first error, and the calls after it are not made", async () => {
    const machine = await make();
    const { control } = machine.rootPort("rp0").registers.timeoutIsolation;
    const failing = machine.batch((m) => [m.bus.read32(0n), m.rootPort("rp7").bdf(), m.rootPort("rp0").registers.timeoutIsolation.control.write({ memoryIsolationEnable: 1 })]);
    const after = control.get("memoryIsolationEnable");
    await expect(failing).rejects.toThrow(RangeError);
    expect(await after).toBe(0);
  });

  it("of a hundred thousand calls passes", async () => {
    const machine = await make();
    const words = await machine.batch((m) => Array.from({ length: 100_000 }, () => m.bus.read32(0n)));
    expect(words.length).toBe(100_000);
  });
});

describe("the machine behind it", () => {
  it("[rule 5] does what it does in this thread, and leaves the same digests", async () => {
    expect(await drive(await make())).toEqual(await drive(createMachineSync(modules.release, driven)));
  });

  it("[rule 5] leaves the same digests however it is sliced", async () => {
    expect(await drive(await make({ slice: 0 }))).toEqual(await drive(createMachineSync(modules.release, driven)));
  });

  it("[rule 11] runs until a register has a value as a function that reads it would, sliced or not", async () => {
    const here = createMachineSync(modules.release, driven);
    const { timeoutIsolation } = here.rootPort("rp0").registers;
    timeoutIsolation.control.write({ memoryIsolationEnable: 1 });
    for (const at of ["1ms", "2ms", "3ms"]) here.inject({ poison: { device: "dev0", dpa: 0 } }, { at });
    here.inject({ linkDown: "rp0" }, { at: "4ms" });
    const time = here.runUntil(() => timeoutIsolation.status.get("memoryIsolation") === 1);
    for (const slice of [0, 8]) {
      const there = await make({ slice });
      void there.rootPort("rp0").registers.timeoutIsolation.control.write({ memoryIsolationEnable: 1 });
      for (const at of ["1ms", "2ms", "3ms"]) void there.inject({ poison: { device: "dev0", dpa: 0 } }, { at });
      void there.inject({ linkDown: "rp0" }, { at: "4ms" });
      expect(await there.runUntil({ register: status, equals: 1 })).toBe(time);
      for (const layer of layers) expect(await there.digest(layer)).toBe(here.digest(layer));
    }
  });

  it("is forked, put back and given up in its worker", async () => {
    const machine = await make();
    const snapshot = await machine.snapshot();
    await machine.advance(1_000_000);
    const fork = await machine.fork();
    await fork.advance(5000);
    expect((await fork.now()) - (await machine.now())).toBe(5000);
    await machine.restore(snapshot);
    expect(await machine.now()).toBe(snapshot.at);
    await snapshot.release();
    await expect(machine.restore(snapshot)).rejects.toMatchObject({ name: "DisposedError" });
    await machine.dispose();
    await expect(machine.now()).rejects.toMatchObject({ name: "DisposedError" });
    expect(await fork.now()).toBeGreaterThan(snapshot.at);
  });

  it("maps registers, and lets them go", async () => {
    const machine = await make();
    const base = await machine.rootPort("rp0").registersAt();
    const handle = await machine.ioremap(base, 0x1000n);
    expect([handle.base, handle.size]).toEqual([base, 0x1000n]);
    expect(await handle.read32(0x120)).toBe(Number(await machine.rootPort("rp0").registers.timeoutIsolation.capability.readRaw()));
    await handle.unmap();
    await expect(handle.read32(0)).rejects.toMatchObject({ name: "DisposedError" });
  });

  it("gives its trace in chunks, as it is in this thread", async () => {
    const work = async (machine: Pick<MachineWorker, "bus"> | Pick<ReturnType<typeof createMachineSync>, "bus">): Promise<void> => {
      for (let n = 0; n < 5000; n++) void machine.bus.read32(0n);
    };
    const [here, there] = [createMachineSync(modules.release, driven, { keepTrace: 10_000 }), await make({ keepTrace: 10_000 })];
    await work(here);
    await work(there);
    const records = [];
    for await (const record of there.trace()) records.push(record);
    expect(records.length).toBeGreaterThanOrEqual(5000);
    expect(records).toEqual([...here.trace()]);
  });

  it("tells what a fault came to", async () => {
    const machine = await make();
    const fault = await machine.inject({ linkDown: "rp0" }, { at: "1ms" });
    expect((await machine.unfired()).map(({ id }) => id)).toEqual([fault.id]);
    await machine.advance(2_000_000);
    expect(await fault.evidence()).toMatchObject({ fired: 1 });
    expect(await machine.unfired()).toEqual([]);
  });
});

// Checked by the compiler.
it("the mirror has every member of the machine, with the same arguments and results", () => {
  expectTypeOf<Exclude<keyof Machine, keyof MachineWorker | typeof Symbol.dispose>>().toBeNever();
  type Port = ReturnType<MachineWorker["rootPort"]>;
  type Status = Port["registers"]["timeoutIsolation"]["status"];
  expectTypeOf<Awaited<ReturnType<Status["read"]>>>().toEqualTypeOf<ReturnType<ReturnType<Machine["rootPort"]>["registers"]["timeoutIsolation"]["status"]["read"]>>();
  expectTypeOf<Parameters<Status["get"]>>().toEqualTypeOf<Parameters<ReturnType<Machine["rootPort"]>["registers"]["timeoutIsolation"]["status"]["get"]>>();
  expectTypeOf<Awaited<ReturnType<Port["state"]>>>().toEqualTypeOf<ReturnType<Machine["rootPort"]>["state"]>();
  expectTypeOf<MachineWorker["memory"]["load"]>().returns.resolves.toEqualTypeOf<ReturnType<Machine["memory"]["load"]>>();
  expectTypeOf<Port["configRegisters"]["bridgeHeader"]>().not.toBeAny();
  // @ts-expect-error no such field
  expectTypeOf<Parameters<Status["get"]>>().toEqualTypeOf<["memoryIsolated"]>();
});

describe("errors", () => {
  it("keep name, message and what they tell", async () => {
    const machine = await make();
    await expect(machine.rootPort("rp9").bdf()).rejects.toThrow(RangeError);
    await expect(machine.rootPort("rp9").bdf()).rejects.toThrow('the machine has no root port "rp9"; did you mean "rp0"?');
    await expect(machine.rootPort("rp1").registers.timeoutIsolation.status.read()).rejects.toMatchObject({ name: "MissingStructureError", part: "rp1", structure: "timeoutIsolation" });
    const { status: misspelt } = machine.rootPort("rp0").registers.timeoutIsolation as unknown as Record<string, { readonly reed: () => Promise<unknown> }>;
    await expect(misspelt?.reed()).rejects.toThrow('there is nothing of the name "reed" in the machine\'s worker');
    await expect(machine.inject({ linkDown: "rp9" })).rejects.toMatchObject({ name: "FaultError" });
    // Of 5000 ns, and one more read of 500 ns that sees that they are over.
    await expect(machine.runUntil({ register: status, equals: 1 }, { limit: 5000 })).rejects.toMatchObject({ name: "RunUntilError", waited: 5500, message: expect.stringContaining(`runUntil: ${status} = 1 did not come about in 5500 ns`) as string });
    await expect(machine.runUntil({ register: "rp0.timeoutIsolation.state", equals: 1 })).rejects.toThrow('timeoutIsolation has no register "state"; it has capability, control, status');
    await expect(machine.runUntil({ register: "rp0.isolation.status", equals: 1 })).rejects.toThrow('rp0 has no structure "isolation"; it has componentHeader, ras');
  });

  it("of a sliced wait tell of the whole time", async () => {
    const machine = await make({ slice: 0 });
    for (const at of ["1us", "2us", "3us"]) void machine.inject({ poison: { device: "dev0", dpa: 0 } }, { at });
    await expect(machine.runUntil({ interrupt: true }, { limit: 5000, what: "a message" })).rejects.toMatchObject({ waited: 5000, message: expect.stringMatching(/^runUntil: a message did not come about in 5000 ns/) as string });
  });

  it("of one call are not those of its neighbours", async () => {
    const machine = await make();
    const unsendable = (() => 1) as unknown as bigint;
    const [before, wrong, after] = await Promise.allSettled([machine.now(), machine.bus.read32(unsendable), machine.now()]);
    expect([before.status, wrong.status, after.status]).toEqual(["fulfilled", "rejected", "fulfilled"]);
    await expect(machine.bus.read32(unsendable)).rejects.toThrow(/cannot travel/);
    expect(await machine.rootPort("rp0").bdf()).toBe("0000:0c:00.0");
  });

  it("in the machine's description come out of createMachineWorker, and leave no worker", async () => {
    await expect(createMachineWorker({ hostBridges: [{ rootPorts: [{ device: { volatil: "256MiB" } as object }] }] })).rejects.toMatchObject({ name: "MachineValueError", message: expect.stringContaining("volatil") as string });
    await expect(createMachineWorker(new URL("file:///no/such/file.yaml"))).rejects.toMatchObject({ name: "MachineSourceError" });
  });
});
