// What tells of isolation on its way to the CPU: the isolation message, ERR_COR with AER's message, and the slot's; each lost, late, doubled, or overtaken
// by another one (PCIe 6.1.4, CXL 12.3; T5, T6). The status says the same whatever becomes of them.

import { describe, expect, it } from "vitest";
import type { ProbeAction } from "../../src/hardware/probes.ts";
import { armProbe } from "../../src/hardware/probes.ts";
import type { Bench } from "../support/machine.ts";
import { machineOf, offsetOf, portOf, setUp } from "../support/machine.ts";

/** Numbers of the messages of a root port: slot, AER, isolation (a choice of this machine). */
const slot = 0;
const aer = 1;
const isolation = 3;
const firstData = 0x40;
const config = (structure: string, register: string): number => offsetOf("rootPortConfig", structure, register);
const at = (register: string): number => offsetOf("rootPortComponent", "timeoutIsolation", register);

function ready(messageOrder: "isolation-first" | "hotplug-first" = "isolation-first"): Bench {
  const bench = setUp(machineOf([portOf("rp0")], { implementation: { isolationExit: "cxl-3.2", timeoutInstant: "earliest", decoderCommitTime: 0, isolationResponseTime: 50, messageOrder } }));
  bench.ports[0]?.write32(at("control"), (1 << 16) | (1 << 25) | (1 << 26));
  bench.platform.config.write32(bench.portAddress(0), config("aer", "rootErrorCommand"), 1);
  bench.platform.config.write16(bench.portAddress(0), config("pcie", "slotControl"), (1 << 3) | (1 << 5) | (1 << 12));
  return bench;
}

/** Pulls the cable and takes what arrives, millisecond by millisecond. */
function heard(bench: Bench, faults: readonly ProbeAction[]): number[][] {
  for (const [id, action] of faults.entries()) armProbe(bench.hardware, id, { match: { kind: "time", at: bench.hardware.now }, action });
  armProbe(bench.hardware, faults.length, { match: { kind: "time", at: bench.hardware.now + 10 }, action: { kind: "linkDown", port: "rp0" } });
  return [1000, 1_000_000, 1_000_000, 1_000_000].map((time) => {
    bench.hardware.advanceTo(bench.hardware.now + time);
    const taken: number[] = [];
    for (let one = bench.platform.interrupts.take(); one !== undefined; one = bench.platform.interrupts.take()) taken.push(one.data - firstData);
    return taken;
  });
}

const none: readonly number[] = [];
const lose = (message: number): ProbeAction => ({ kind: "loseInterrupt", function: "rp0", message, count: 1 });
const delay = (message: number, by: number): ProbeAction => ({ kind: "delayInterrupt", function: "rp0", message, by, count: 1 });
const double = (message: number): ProbeAction => ({ kind: "duplicateInterrupt", function: "rp0", message, count: 1 });

describe("messages of an isolation by link down", () => {
  it.each([
    ["nothing is disturbed", [], [[isolation, aer, slot], none, none, none]],
    ["the isolation message is lost", [lose(isolation)], [[aer, slot], none, none, none]],
    ["AER's is lost: ERR_COR is logged and nobody hears", [lose(aer)], [[isolation, slot], none, none, none]],
    ["both are lost", [lose(isolation), lose(aer)], [[slot], none, none, none]],
    ["the isolation message is late, and overtaken by the others", [delay(isolation, 1_500_000)], [[aer, slot], none, [isolation], none]],
    ["AER's is late", [delay(aer, 500_000)], [[isolation, slot], [aer], none, none]],
    ["both are late, and arrive in the other order", [delay(isolation, 2_500_000), delay(aer, 500_000)], [[slot], [aer], none, [isolation]]],
    ["the isolation message comes twice", [double(isolation)], [[isolation, isolation, aer, slot], none, none, none]],
    ["AER's comes twice", [double(aer)], [[isolation, aer, aer, slot], none, none, none]],
  ] as const)("[T5] [T6] %s", (_what, faults, expected) => {
    const bench = ready();
    expect(heard(bench, faults)).toEqual(expected);
    expect([bench.ports[0]?.read32(at("status")), bench.platform.config.read32(bench.portAddress(0), config("aer", "rootErrorStatus")) & 3]).toEqual([0x300, 1]);
  });

  it("[T5] hotplug-first: the slot speaks before isolation does", () => {
    expect(heard(ready("hotplug-first"), [])[0]).toEqual([slot, isolation, aer]);
  });

  it("[T6] a second ERR_COR before the first is cleared sets Multiple and sends no message; once cleared the next one does", () => {
    const bench = ready();
    heard(bench, []);
    const enter = (id: number, kind: "linkUp" | "linkDown"): void => {
      armProbe(bench.hardware, id, { match: { kind: "time", at: bench.hardware.now }, action: { kind, port: "rp0" } });
      bench.hardware.advanceTo(bench.hardware.now + 1_000_000);
    };
    const again = (id: number): number[] => {
      bench.ports[0]?.write32(at("status"), 0x300);
      enter(id, "linkUp");
      enter(id + 1, "linkDown");
      const taken: number[] = [];
      for (let one = bench.platform.interrupts.take(); one !== undefined; one = bench.platform.interrupts.take()) taken.push(one.data - firstData);
      return taken.filter((message) => message !== slot);
    };
    expect(again(4)).toEqual([isolation]);
    expect(bench.platform.config.read32(bench.portAddress(0), config("aer", "rootErrorStatus")) & 3).toBe(3);
    bench.platform.config.write32(bench.portAddress(0), config("aer", "rootErrorStatus"), 3);
    expect(again(6)).toEqual([isolation, aer]);
  });
});
