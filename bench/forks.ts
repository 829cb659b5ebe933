// Forks of a machine with 16 devices: of the hardware alone, and of the library's machine with 200 accesses in each fork.

import { createMachineSync } from "../src/sandbox/library/create.ts";
import type { Machine } from "../src/sandbox/library/contract.ts";
import { createHardware } from "../src/hardware/machine.ts";
import { HardwarePool } from "../src/hardware/pool.ts";
import { compare } from "./compare.ts";
import type { Measured } from "./main.ts";

const devices = 16;
const forks = 500;
const accesses = 200;

/** Half reads, half writes of a decoder's base and its neighbours, at a device of its own for each fork. */
function access(machine: Machine, at: bigint): number {
  const handle = machine.ioremap(at, 0x1000n);
  let sum = 0;
  for (let i = 0; i < accesses / 2; i++) {
    const offset = (i & 31) << 2;
    sum = (sum + handle.read32(offset)) >>> 0;
    handle.write32(offset, i);
  }
  return sum;
}

function repeat(name: string, work: (index: number) => void): { readonly name: string; readonly count: number; readonly work: () => void } {
  return {
    name,
    count: forks,
    work: () => {
      for (let i = 0; i < forks; i++) work(i);
    },
  };
}

export function measureForks(module: WebAssembly.Module): Measured[] {
  const machine = createMachineSync(module, { hostBridges: [{ rootPorts: Array.from({ length: devices }, () => ({ isolation: { mem: true }, device: { volatile: "4GiB" } })) }] });
  const places = Array.from({ length: devices }, (_, index) => machine.device(`dev${index}`).registersAt);
  const hardware = createHardware(module, machine.description);
  const pool = new HardwarePool(hardware);
  const state = (hardware.words[hardware.map.stateEnd] ?? 0) - hardware.exports.rootAddress();
  const alive: Machine[] = [];
  const results = compare([
    repeat("fork() and dispose()", () => machine.fork().dispose()),
    repeat(`fork, ${accesses} accesses, dispose`, (index) => {
      const fork = machine.fork();
      access(fork, places[index % devices] ?? 0n);
      fork.dispose();
    }),
    repeat("32 forks alive, the oldest disposed of", () => {
      alive.push(machine.fork());
      if (alive.length > 32) alive.shift()?.dispose();
    }),
    repeat("hardware alone, to and from the pool", () => pool.release(pool.fork(hardware))),
  ]);
  const notes = [`${devices} devices`, `${(2 * accesses) / 2} register accesses each`, "no instance is warm in the cache", `${(state / 1024).toFixed(0)} KiB of state`];
  const first = createCost(module, machine);
  return [
    ...results.map(({ name, nanoseconds }, index) => ({ name: `forks: ${name}`, perSecond: 1e9 / nanoseconds, note: `${(nanoseconds / 1000).toFixed(1)} us each, ${notes[index] ?? ""}` })),
    { name: "forks: an instance made anew", perSecond: 1e9 / first, note: `${(first / 1000).toFixed(0)} us each, what the pool saves` },
  ];
}

function createCost(module: WebAssembly.Module, machine: Machine): number {
  const count = 10;
  const [made] = compare([{ name: "", count, work: () => void Array.from({ length: count }, () => createHardware(module, machine.description)) }], 5);
  return made?.nanoseconds ?? 1;
}
