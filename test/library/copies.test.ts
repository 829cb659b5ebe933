// Snapshots and forks: a copy behaves as the original from then on, and nothing done to one shows in the other.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DisposedError, UnmappedError, createMachineSync } from "../../src/sandbox.ts";
import type { Machine, MachineOptions, MachineValue } from "../../src/sandbox.ts";
import { traceLayers } from "../../src/sim/trace.ts";
import { modules } from "../support/machine.ts";

const port = { isolation: { mem: true, forceLinkDown: true, interrupt: 3, timeoutRanges: "A" }, device: { volatile: "256MiB" } } as const;
const value: MachineValue = { hostBridges: [{ rootPorts: [port, port, { switch: { ports: [{ device: { name: "deep", volatile: "256MiB" } }] } }] }] };
const make = (options: MachineOptions = {}): Machine => createMachineSync(modules.checked, { machine: value, firmware: { windows: [{ targets: ["hb0"], size: "1GiB" }], regions: [{ targets: ["dev0"] }] } }, options);
const digests = (machine: Machine): readonly string[] => traceLayers.map((layer) => machine.digest(layer));

/** Something a user does, with a number to choose by. What it gives is compared. */
type Deed = (machine: Machine, choice: number) => unknown;
const deeds: Readonly<Record<string, Deed>> = {
  "read a component register": (machine, choice) => machine.bus.read32(machine.rootPort(choice % 2 === 0 ? "rp0" : "rp1").registersAt + BigInt((choice * 4) % 0x800)),
  "write a component register": (machine, choice) => machine.bus.write32(machine.rootPort("rp0").registersAt + BigInt((choice * 4) % 0x800), choice * 2_654_435_761),
  "write a decoder": (machine, choice) => machine.device("dev1").registers.hdmDecoderDevice.baseHigh.writeRaw(BigInt(choice)),
  "read config space": (machine, choice) => machine.rootPort("rp1").config.read32((choice * 4) % 0x400),
  "write config space": (machine, choice) => machine.rootPort("rp1").config.write16(0x3e, choice % 2 === 0 ? 2 : 0),
  "read 64 bits": (machine, choice) => machine.device("dev0").deviceRegisters.memoryDeviceStatus.status.readRaw() + BigInt(choice),
  store: (machine, choice) => machine.memory.store((machine.description.windows[0]?.base ?? 0n) + BigInt(choice * 64), BigInt(choice)),
  load: (machine, choice) => machine.memory.load((machine.description.windows[0]?.base ?? 0n) + BigInt(choice * 64)),
  "pass time": (machine, choice) => machine.advance(choice * 1_000),
  inject: (machine, choice) => machine.inject({ linkDown: choice % 2 === 0 ? "rp0" : "rp1" }, { at: `${choice}us` }).id,
  "count faults": (machine) => machine.unfired.map(({ id, evidence }) => ({ id, evidence })),
  "enable messages": (machine) => machine.rootPort("rp0").enableMessages(8),
  "take messages": (machine) => machine.interrupts.deliver(),
  map: (machine) => machine.ioremap(machine.hostBridge("hb0").registersAt, 0x1000n).read32(0),
};
const script = fc.array(fc.record({ deed: fc.constantFrom(...Object.keys(deeds)), choice: fc.nat(200) }), { maxLength: 30 });
type Script = readonly { readonly deed: string; readonly choice: number }[];

function attempt(machine: Machine, { deed, choice }: Script[number]): unknown {
  try {
    return { gave: deeds[deed]?.(machine, choice), now: machine.now };
  } catch (error) {
    return { threw: error instanceof Error ? error.message : error };
  }
}
const play = (machine: Machine, deedsToDo: Script): unknown => ({ answers: deedsToDo.map((one) => attempt(machine, one)), digests: digests(machine), records: [...machine.trace()] });

describe("a fork", () => {
  test("answers as its original does from then on, and neither sees the other", () => {
    const root = make({ keepTrace: 4096 });
    const before = root.snapshot();
    fc.assert(
      fc.property(script, script, script, (first, second, third) => {
        root.restore(before);
        play(root, first);
        const heard = [...root.trace()].length;
        const fork = root.fork();
        const other = root.fork();
        play(other, third);
        const expected = play(root, second) as { readonly records: readonly unknown[] };
        play(other, first);
        const got = play(fork, second) as { readonly records: readonly unknown[] };
        expect({ ...got, records: [] }).toEqual({ ...expected, records: [] });
        expect(got.records).toEqual(expected.records.slice(heard));
        fork.dispose();
        other.dispose();
      }),
      { numRuns: 60, seed: 7 },
    );
  });

  test("has faults of its own, with the evidence they had", () => {
    const machine = make();
    const fired = machine.inject({ linkDown: "rp1" });
    machine.inject({ linkDown: "rp0" }, { at: "5us" });
    const fork = machine.fork();
    expect(fork.unfired.map(({ id }) => id)).toEqual(["inject-2"]);
    fork.advance(5_000);
    expect(fork.unfired).toEqual([]);
    expect(machine.unfired.map(({ id }) => id)).toEqual(["inject-2"]);
    expect(machine.rootPort("rp0").state.link).toBe("up");
    expect(fork.inject({ linkUp: "rp0" }).id).toBe("inject-3");
    expect(fired.evidence.fired).toBe(1);
  });

  test("can have a kernel, and its original stays as it was", () => {
    const machine = make();
    const before = digests(machine);
    const kernel = machine.fork().attachKernel();
    expect(kernel.run("cxl list -M").status).toBe(0);
    expect(digests(machine)).toEqual(before);
  });

  test("serves the next one when it is disposed, and nothing of it works any more", () => {
    const machine = make();
    const fork = machine.fork();
    const handle = fork.ioremap(fork.rootPort("rp0").registersAt, 0x1000n);
    const { timeoutIsolation } = fork.rootPort("rp0").registers;
    const fault = fork.inject({ linkDown: "rp0" });
    const view = fork.rootPort("rp1");
    const { bus, memory, config, interrupts } = fork;
    bus.read32(machine.rootPort("rp0").registersAt);
    fork.dispose();
    fork.dispose();
    const next = machine.fork();
    const before = digests(next);
    const uses: readonly (() => unknown)[] = [
      () => handle.read32(0), () => timeoutIsolation.status.read(), () => view.registers, () => view.bdf, () => view.config.read32(0), () => bus.read32(machine.rootPort("rp0").registersAt), () => bus.read32(machine.device("dev1").registersAt), () => bus.write32(machine.device("deep").registersAt, 1), () => memory.load(0n), () => config.read32("0000:0c:00.0", 0),
      () => interrupts.deliver(), () => interrupts.on(() => undefined), () => fork.now, () => fork.advance(1), () => fork.fork(), () => fork.snapshot(), () => fork.inject({ linkUp: "rp0" }), () => fault.cancel(), () => fork.ioremap(0n, 1n), () => fork.digest("access"), () => fork.attachKernel(), () => fork.runUntil(() => true),
    ];
    for (const use of uses) expect(use).toThrow(DisposedError);
    expect(fault.evidence.fired).toBe(1);
    expect(digests(next)).toEqual(before);
  });

  test("that a listener disposes of moves no other machine's time", () => {
    const machine = make();
    const fork = machine.fork();
    const rootPort = fork.rootPort("rp0");
    rootPort.enableMessages();
    rootPort.registers.timeoutIsolation.control.write({ memoryIsolationEnable: 1, interruptEnable: 1 });
    let next: Machine | undefined;
    fork.interrupts.on(() => {
      fork.dispose();
      next = machine.fork();
    });
    fork.inject({ linkDown: "rp0" }, { at: "1ms" });
    expect(() => fork.advance(5_000_000)).toThrow(DisposedError);
    expect(next?.now).toBe(machine.now);
  });

  test("with using is disposed at the end of its block", () => {
    const machine = make();
    let seen: Machine;
    {
      using fork = machine.fork();
      seen = fork;
    }
    expect(() => seen.now).toThrow(DisposedError);
  });
});

describe("a snapshot", () => {
  test("brings back registers, media, time, faults, messages and what was kept of the trace", () => {
    fc.assert(
      fc.property(script, script, (first, second) => {
        const machine = make({ keepTrace: 4096 });
        play(machine, first);
        const taken = machine.snapshot();
        const expected = play(machine, second);
        machine.restore(taken);
        expect(machine.now).toBe(taken.at);
        expect(play(machine, second)).toEqual(expected);
        machine.restore(taken);
        expect(play(machine, second)).toEqual(expected);
      }),
      { numRuns: 40, seed: 7 },
    );
  });

  test("leaves mappings that were made since", () => {
    const machine = make();
    const early = machine.ioremap(machine.rootPort("rp0").registersAt, 0x1000n);
    const taken = machine.snapshot();
    early.unmap();
    const late = machine.ioremap(machine.hostBridge("hb0").registersAt, 0x1000n);
    const expected = late.read32(0);
    for (let round = 0; round < 2000; round++) machine.restore(taken);
    expect(late.read32(0)).toBe(expected);
    expect(() => early.read32(0)).toThrow(UnmappedError);
  });

  test("keeps evidence of faults that it undoes", () => {
    const machine = make();
    const taken = machine.snapshot();
    const undone = machine.inject({ linkDown: "rp0" });
    machine.restore(taken);
    expect(undone.evidence.fired).toBe(1);
    expect(machine.unfired).toEqual([]);
    expect(machine.rootPort("rp0").state.link).toBe("up");
  });

  test("brings its faults to a fork, which has evidence of its own, also where the fork has the instance of the one it was taken of", () => {
    const machine = make();
    const parents = machine.inject({ linkDown: "rp0" }, { at: "5us" });
    const fork = machine.fork();
    fork.restore(machine.snapshot());
    fork.advance(5_000);
    expect(fork.unfired).toEqual([]);
    expect(machine.unfired).toEqual([parents]);
    expect(parents.evidence.fired).toBe(0);

    const ofFork = machine.fork();
    const own = ofFork.inject({ linkDown: "rp1" }, { at: "5us" });
    const taken = ofFork.snapshot();
    ofFork.advance(5_000);
    ofFork.dispose();
    for (const next of [machine.fork(), machine]) {
      next.restore(taken);
      expect(next.unfired.map(({ id, evidence }) => [id, evidence.fired])).toEqual([["inject-1", 0], ["inject-2", 0]]);
      next.advance(5_000);
      expect(next.unfired).toEqual([]);
    }
    expect(own.evidence.fired).toBe(1);
  });

  test("fits its own machine and its forks only", () => {
    const machine = make();
    const taken = machine.snapshot();
    machine.advance(1_000);
    const fork = machine.fork();
    fork.restore(taken);
    expect(fork.now).toBe(taken.at);
    expect(() => make().restore(taken)).toThrow("the snapshot is of another machine");
  });
});
