// Traces of a served machine: what a driver outside did is done again without it, and every record is equal; and what does not fit is told.

import { describe, expect, test } from "vitest";
import { decodeTrace, encodeTrace } from "../../src/scenario/trace/file.ts";
import type { TraceFile } from "../../src/scenario/trace/file.ts";
import { planScenario } from "../../src/scenario/plan.ts";
import { recordWords, traceLayers } from "../../src/sim/trace.ts";
import type { InterruptWrite } from "../../src/vfio-user/contract.ts";
import { serveMachine } from "../../src/vfio-user/served-machine.ts";
import { UnfitServedTraceError, replayServed } from "../../src/vfio-user/served-trace.ts";
import { modules } from "../support/machine.ts";
import { command, commitDecoder, committed, enable, errorNotCommitted, message, output } from "../support/served-device.ts";
import { tool } from "../support/traces.ts";

const text = `version: 1
name: a card below a switch, and one at a port
machine:
  hostBridges:
    - rootPorts:
        - { name: rp0, device: { name: mem0, volatile: 256MiB, mediaReadyTime: 20ms } }
        - name: rp1
          switch: { name: sw0, ports: [{ name: dp0, device: { name: mem1, volatile: 256MiB } }] }
firmware: { windows: [{ targets: [hb0], size: 1GiB }] }
faults:
  - { id: refused, when: { at: 0ms, from: boot }, do: { refuseCommit: { of: mem1 } } }
  - { id: hot, when: { at: 1ms }, do: { changeHealth: { of: mem0, temperature: 70 } } }
`;

const millisecond = 1_000_000;

/** A driver's life with both devices: probe, mailbox, commits, events, faults, resets. `pieces`: into how many a clock cuts the time that passes. */
function session(pieces = 1): { readonly trace: TraceFile; readonly sent: readonly InterruptWrite[]; readonly codes: readonly (number | null)[]; readonly controls: readonly number[] } {
  const machine = serveMachine(modules.release, planScenario("served.yaml", text), { trace: { file: "served.yaml", origin: { tool, scenario: text, includes: {}, drivers: [] } } });
  let wall = 0;
  const pass = (by = millisecond): void => {
    for (let piece = 1; piece <= pieces; piece++) machine.advanceTo(wall + (by * piece) / pieces);
    wall += by;
  };
  const [mem0, mem1] = machine.functions;
  if (mem0 === undefined || mem1 === undefined) throw new Error("two devices are served");
  const sent: InterruptWrite[] = [];
  machine.attach("mem0", { send: (write) => sent.push(write) > 0 });
  pass(100 * millisecond);
  mem0.connected(true);
  mem1.connected(true);
  for (const one of [mem0, mem1]) enable(one);
  machine.faults.ready();
  const codes = [command(mem0, "identifyMemoryDevice", [], 0, pass), command(mem1, "identifyMemoryDevice", [], 0, pass), command(mem0, "setEventInterruptPolicy", [0x0101_0101n], 4, pass)];
  const controls = [commitDecoder(mem0, 0x4000_0000n, pass), commitDecoder(mem1, 0x5000_0000n, pass)];
  const record = { of: "mem0", log: "warning", flags: 0, dpa: 0x1000, descriptor: 1, type: 0, "transaction-type": 0 };
  machine.faults.inject({ injectGeneralMediaEvent: record });
  pass();
  machine.faults.inject({ do: { commandError: { of: "mem0", code: "busy" } }, when: { at: "2ms" } });
  pass(3 * millisecond);
  codes.push(command(mem0, "getHealth", [], 0, pass), command(mem0, "getHealth", [], 0, pass));
  mem0.reset();
  mem1.connected(false);
  expect(mem0.readBar(0, 0x1000, 4)).toBe(0xffff_ffffn);
  enable(mem0);
  machine.faults.inject({ unplug: "rp1" });
  pass();
  expect(mem1.readConfig(0, 4)).toBe(0xffff_ffff);
  pass(7 * millisecond);
  codes.push(command(mem0, "getTimestamp", [], 0, pass));
  output(mem0);
  pass(123_457);
  const trace = machine.traceFile();
  if (trace === null) throw new Error("a trace is kept");
  return { trace, sent, codes, controls };
}

const once = session();
const replay = (trace: TraceFile): ReturnType<typeof replayServed> => replayServed(modules.release, trace, { tool });

describe("a served machine's trace", () => {
  test("the session is what its driver meant: commands, a commit and a refused one, a message, a fault", () => {
    expect(once.codes).toEqual([0, 0, 0, 6, 0, 0]);
    expect(once.controls.map((control) => control & (committed | errorNotCommitted))).toEqual([committed, errorNotCommitted]);
    expect(once.sent).toContainEqual(message);
  });

  test("is replayed without its driver, equal in every record, its order and its times", () => {
    const trace = decodeTrace(encodeTrace(once.trace));
    const result = replay(trace);
    const count = trace.records.length / recordWords;
    expect(result.comparison).toEqual({ layers: traceLayers, records: [count, count], divergences: [] });
    expect(result).toMatchObject({ withTimes: true, isSameTool: true, falseDigests: [] });
    expect(Buffer.compare(Buffer.from(result.actual.records.buffer), Buffer.from(trace.records.buffer))).toBe(0);
  });

  test("says in its header what came from outside, with virtual time and place among the records", () => {
    const { served } = once.trace.header;
    expect(served?.acts.map(({ kind, device }) => (device === undefined ? kind : `${kind} ${device}`))).toEqual([
      "connected mem0", "connected mem1", "ready", "inject", "inject", "reset mem0", "disconnected mem1", "inject", "end",
    ]);
    expect(served?.acts.every(({ records }) => records >= (served?.built ?? 0) && records <= once.trace.records.length / recordWords)).toBe(true);
  });

  test("is the same however the wall clock cuts time", () => {
    expect(session(7).trace).toEqual(once.trace);
  });

  test.each([["a value that was read", 4, "mmio read"], ["a value that was written", 4, "mmio write"]])("%s that is another one is found", (_, word, kind) => {
    const records = once.trace.records.slice();
    const kinds = { "mmio read": 3, "mmio write": 4 } as const;
    const index = Array.from({ length: records.length / recordWords }, (_unused, at) => at).filter((at) => ((records[at * recordWords + 1] ?? 0) >>> 21) === ((kinds[kind as keyof typeof kinds] << 3) | 0)).at(-3) ?? 0;
    records[index * recordWords + word] = (records[index * recordWords + word] ?? 0) ^ 4;
    const { comparison } = replay({ ...once.trace, records });
    expect(comparison.divergences.length).toBeGreaterThan(0);
  });

  test("without one of its injections it is another one", () => {
    const { header } = once.trace;
    const acts = (header.served?.acts ?? []).filter(({ kind }) => kind !== "inject");
    const { comparison } = replay({ ...once.trace, header: { ...header, served: { built: header.served?.built ?? 0, acts } } });
    expect(comparison.divergences.map(({ layer }) => layer)).toContain("hardware");
  });

  test("acts that are not in order, an access that no client makes, and a run's trace are refused with the reason", () => {
    const { header } = once.trace;
    const served = header.served ?? { built: 0, acts: [] };
    const headed = (acts: typeof served.acts): TraceFile => ({ ...once.trace, header: { ...header, served: { ...served, acts } } });
    expect(() => replay(headed(served.acts.toReversed()))).toThrow(UnfitServedTraceError);
    expect(() => replay(headed([{ kind: "inject", atNs: 1e9, records: served.built, fault: { linkDown: "rp9" } }]))).toThrow(/refused here: .*rp9/);
    const records = once.trace.records.slice();
    const first = Array.from({ length: records.length / recordWords }, (_unused, at) => at).find((at) => at >= served.built && ((records[at * recordWords + 1] ?? 0) >>> 21) % 8 === 0) ?? 0;
    records[first * recordWords + 6] = 3;
    expect(() => replay({ ...once.trace, records })).toThrow(/no client of a served device can make/);
    const { served: _gone, ...plain } = header;
    expect(() => replay({ ...once.trace, header: plain })).toThrow(RangeError);
  });
});
