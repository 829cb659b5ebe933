// 32-bit reads through createMachineWorker, in batches of several sizes, beside the same reads in this thread.

import { createMachineSync, createMachineWorker } from "../src/index.ts";
import type { MachineWorker, ScenarioValue } from "../src/index.ts";
import type { Measured } from "./main.ts";
import { median } from "./main.ts";

const source: ScenarioValue = { machine: { hostBridges: [{ rootPorts: [{ name: "rp0", isolation: { mem: true }, device: { volatile: "256MiB" } }] }] } };
const inThread = 200_000;
const rounds = 9;

/** Median operations per second of rounds of `work`, which does `count` of them. */
async function medianOf(count: number, work: () => Promise<unknown>): Promise<number> {
  const rates: number[] = [];
  await work();
  for (let round = 0; round < rounds; round++) {
    const start = process.hrtime.bigint();
    await work();
    rates.push((count * 1e9) / Number(process.hrtime.bigint() - start));
  }
  return rates.toSorted((a, b) => a - b)[Math.floor(rounds / 2)] ?? 0;
}

/** `times` batches, one after the other. */
async function inBatches(machine: MachineWorker, address: bigint, size: number, times: number): Promise<void> {
  for (let time = 0; time < times; time++) await machine.batch(({ bus }) => Array.from({ length: size }, () => bus.read32(address)));
}

/** The same with a promise for each read; they travel in one message all the same. */
async function inTurns(machine: MachineWorker, address: bigint, size: number, times: number): Promise<void> {
  for (let time = 0; time < times; time++) await Promise.all(Array.from({ length: size }, () => machine.bus.read32(address)));
}

export async function measureWorker(module: WebAssembly.Module): Promise<Measured[]> {
  const here = createMachineSync(module, source);
  const address = here.rootPort("rp0").registersAt + 0x120n;
  const direct = median("library, bus.read32 in this thread", inThread, () => {
    for (let read = 0; read < inThread; read++) here.bus.read32(address);
  });
  const results = [direct];
  const machine = await createMachineWorker(source);
  try {
    for (const [size, times] of [[1, 200], [100, 50], [10_000, 5]] as const) {
      for (const [kind, work] of [["batch()", inBatches], ["a promise each", inTurns]] as const) {
        const perSecond = await medianOf(size * times, () => work(machine, address, size, times));
        results.push({ name: `worker, ${size} read32 in a message, ${kind}`, perSecond, note: `1/${(direct.perSecond / perSecond).toFixed(0)} of this thread` });
      }
    }
  } finally {
    await machine.close();
  }
  return results;
}
