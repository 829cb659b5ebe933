// One use of the library from end to end, told by what it answered and left in the trace: the same in every engine.

import { createMachine, registers } from "../../src/sandbox.ts";
import type { Machine, ScenarioValue } from "../../src/sandbox.ts";
import { traceLayers } from "../../src/sim/trace.ts";

const port = { isolation: { mem: true, forceLinkDown: true, interrupt: 3 }, device: { volatile: "256MiB" } } as const;
const source: ScenarioValue = { machine: { hostBridges: [{ rootPorts: [port, { switch: { ports: [{ device: { name: "deep", volatile: "256MiB" } }] } }] }] }, firmware: { windows: [{ targets: ["hb0"], size: "1GiB" }], regions: [{ targets: ["dev0"] }] } };

const digests = (machine: Machine): string => traceLayers.map((layer) => machine.digest(layer)).join(" ");

/** Isolation handled with the bare hands. */
function isolate(machine: Machine): string[] {
  const { control, status } = machine.rootPort("rp0").registers.timeoutIsolation;
  const { first } = machine.rootPort("rp0").enableMessages();
  const heard: string[] = [];
  machine.interrupts.on(({ data, at }) => void heard.push(`${data - first} at ${at}`));
  control.modify({ memoryIsolationEnable: 1, interruptEnable: 1 });
  const fault = machine.inject({ linkFlap: { port: "rp0", time: "2ms" } }, { at: "1ms" });
  machine.runUntil(() => status.get("memoryIsolation") === 1);
  status.write({ memoryIsolation: 1, memoryIsolationLinkDown: 1 });
  machine.runUntil(() => machine.rootPort("rp0").state.link === "up");
  return [...heard, JSON.stringify(fault.evidence), String(machine.now)];
}

/** What happened, a line each. */
export async function useLibrary(): Promise<string[]> {
  const machine = await createMachine(source, { keepTrace: 5000, strict: true });
  const base = machine.description.windows[0]?.base ?? 0n;
  const said: string[] = [machine.memory.store(base, 7n), String(machine.bus.read64(base)), machine.device("deep").bdf];
  const { returnCode, output } = machine.device("deep").mailbox(registers.opcodes.identifyMemoryDevice);
  said.push(`${returnCode} ${output.join(",")}`);
  const before = machine.snapshot();
  said.push(...isolate(machine), digests(machine), JSON.stringify([...machine.trace()]));
  machine.restore(before);
  const fork = machine.fork();
  said.push(...isolate(fork), digests(fork), digests(machine));
  const kernel = fork.attachKernel({ preset: "isolation-safe" });
  said.push(JSON.stringify(kernel.run("cxl list -MR")), JSON.stringify(kernel.log), digests(fork), JSON.stringify(fork.violations));
  fork.dispose();
  return said;
}
