// The injections of a captured session, as a QMP script on the same machine: what the kernel's trace says of them is what the real one said.

import { describe, expect, it } from "vitest";
import { armFaults, createFaults, faultResults } from "../../src/sandbox/faults.ts";
import { resolveReferences } from "../../src/sandbox/references.ts";
import { step } from "../../src/sandbox/system.ts";
import { planScenario } from "../../src/scenario/plan.ts";
import type { Booted } from "../support/kernel.ts";
import { bootMachine } from "../support/kernel.ts";
import { fixture } from "../support/library.ts";

const path = "/machine/peripheral/mem0";
const place = { channel: 3, rank: 17 };
const media = { path, descriptor: 3, type: 3, "transaction-type": 2, ...place, device: 5, "component-id": "iron mouse", "sub-type": 1 };
const dram = { path, log: "informational", flags: 1, dpa: 0x7000, descriptor: 1, type: 3, "transaction-type": 2, ...place, "nibble-mask": 0x3b_00b2, "bank-group": 7, bank: 11, row: 2, column: 77, "correction-mask": [33, 44, 55, 66], "cme-ev-flags": 1, "cvme-count": 5, "sub-type": 2 };
const moduleEvent = { path, log: "informational", flags: 1, type: 3, "health-status": 3, "media-status": 7, "additional-status": 33, "life-used": 30, temperature: 15, "dirty-shutdown-count": 4, "corrected-volatile-error-count": 3233, "corrected-persistent-error-count": 1300, "sub-type": 3 };
const general = (given: object): object => ({ execute: "cxl-inject-general-media-event", arguments: { ...media, ...given } });

/** As the session did it; the burst has more records than a log of eight holds. */
const script: readonly object[] = [
  general({ log: "informational", flags: 1, dpa: 0x1000 }),
  general({ log: "warning", flags: 2, dpa: 0x2100 }),
  general({ log: "failure", flags: 4, dpa: 0x3000, descriptor: 1, type: 0 }),
  general({ log: "fatal", flags: 8, dpa: 0x4040, descriptor: 7, type: 1 }),
  general({ log: "warning", flags: 16, dpa: 0x5000, "maint-op-class": 2, "maint-op-subclass": 1 }),
  general({ log: "warning", flags: 2, dpa: 0x6000, descriptor: 1, "cme-ev-flags": 3, "cme-count": 33 }),
  { execute: "cxl-inject-dram-event", arguments: dram },
  { execute: "cxl-inject-dram-event", arguments: { path, log: "fatal", flags: 8, dpa: 0x8000, descriptor: 1, type: 0, "transaction-type": 1, "sub-type": 0 } },
  { execute: "cxl-inject-memory-module-event", arguments: moduleEvent },
  ...Array.from({ length: 12 }, (_, index) => general({ log: "informational", flags: 1, dpa: 0x1_0000 + index * 0x1000 })),
];

/** Poison of both cards: what the session put in before it asked for the lists. */
const poison: readonly object[] = [[path, 0x1000, 0x40], [path, 0x2000, 0x100], ["/machine/peripheral/mem1", 0x3040, 0x80]].map(([card, start, length]) => ({ execute: "cxl-inject-poison", arguments: { path: card, start, length } }));

const text = (commands: readonly object[]): string => `version: 1
name: captured events
machine:
  hostBridges:
    - rootPorts:
        - { name: rp0, device: { name: mem0, volatile: 256MiB, serial: 1 } }
        - { name: rp1, device: { name: mem1, volatile: 256MiB, serial: 2 } }
firmware: { windows: [{ targets: [hb0], size: 4GiB, base: ${0x4_d000_0000} }] }
faults:
${commands.map((command, index) => `  - { id: q${index}, when: { at: ${index + 1}ms }, do: { qmp: '${JSON.stringify(command)}' } }`).join("\n")}
`;

/** What a line says, without when it was said; devices are told apart by their serial numbers. */
const said = (line: string): string => line.slice(line.indexOf(": cxl_") + 2).replace(/ time=\d+/, "").replace(/memdev=\w+ /, "");
const linesOf = (trace: string, kind: RegExp): string[] => trace.split("\n").filter((line) => kind.test(line)).map(said);
const isEvent = /: cxl_(general_media|dram|memory_module): /;
const isPoison = /: cxl_poison: /;
const captured = fixture("captures/linux/4-events/trace-full.txt");

/** The machine of the session, its region made and tracing on; every fault has fired. */
function sessionOf(commands: readonly object[]): Booted {
  const plan = planScenario("captured.yaml", text(commands));
  const booted = bootMachine(plan.machine);
  const { system, files } = booted;
  const run = (line: string): void => expect([line, booted.command(resolveReferences(plan.machine, files, line)).exitCode]).toEqual([line, 0]);
  run("cxl create-region -d decoder0.0 -w 2 -m -t ram ${mem:rp1} ${mem:rp0}");
  run("echo 1 > /sys/kernel/tracing/events/cxl/enable");
  const faults = createFaults(plan, system.hardware);
  armFaults(faults, "ready");
  for (const end = system.hardware.now + 100_000_000; system.hardware.now < end; ) step(system, end);
  expect(faultResults(faults).every((one) => one.fired)).toBe(true);
  return booted;
}

describe("the injections of a captured session", () => {
  it("give the trace of the real kernel, line by line", () => {
    const lines = linesOf(sessionOf(script).read("/sys/kernel/tracing/trace"), isEvent);
    expect(lines).toHaveLength(21);
    expect(lines).toEqual(linesOf(captured, isEvent));
  });

  it("give the poison lists of the real kernel, in their order, and no event", () => {
    const session = sessionOf(poison);
    expect(linesOf(session.read("/sys/kernel/tracing/trace"), isEvent)).toEqual([]);
    for (const name of ["mem0", "mem1"]) expect(session.command(`echo 1 > /sys/bus/cxl/devices/${name}/trigger_poison_list`).exitCode).toBe(0);
    const asked = captured.split("### ").find((part) => part.startsWith("trigger_poison_list")) ?? "";
    const bySerial = (lines: readonly string[]): string[][] => ["serial=1 ", "serial=2 "].map((serial) => lines.filter((line) => line.includes(serial)));
    expect(bySerial(linesOf(session.read("/sys/kernel/tracing/trace"), isPoison))).toEqual(bySerial(linesOf(asked, isPoison)));
  });
});
