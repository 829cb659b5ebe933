// A driver's life with a served machine, recorded; and what its driver saw.

import { planScenario } from "../../src/scenario/plan.ts";
import type { TraceFile } from "../../src/scenario/trace/file.ts";
import type { InterruptWrite } from "../../src/vfio-user/contract.ts";
import { serveMachine } from "../../src/vfio-user/served-machine.ts";
import { modules } from "./machine.ts";
import { command, commitDecoder, enable, output } from "./served-device.ts";
import { tool as ownTool } from "./traces.ts";

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
export function servedSession(pieces = 1, tool = ownTool): { readonly trace: TraceFile; readonly sent: readonly InterruptWrite[]; readonly codes: readonly (number | null)[]; readonly controls: readonly number[] } {
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
  mem0.readBar(0, 0x1000, 4);
  enable(mem0);
  machine.faults.inject({ unplug: "rp1" });
  pass();
  mem1.readConfig(0, 4);
  pass(7 * millisecond);
  codes.push(command(mem0, "getTimestamp", [], 0, pass));
  output(mem0);
  pass(123_457);
  const trace = machine.traceFile();
  if (trace === null) throw new Error("a trace is kept");
  return { trace, sent, codes, controls };
}
