// The machine of the page, and the registers that it shows.

import type { MachineWorker, ScenarioValue } from "cxl-sandbox";

/** One root port that can isolate, with memory behind it that firmware has decoded. */
export const source: ScenarioValue = {
  machine: { hostBridges: [{ rootPorts: [{ name: "rp0", isolation: { mem: true, forceLinkDown: true, interrupt: 3 }, device: { name: "dev0", volatile: "256MiB" } }] }] },
  firmware: { windows: [{ targets: ["hb0"], size: "256MiB", base: "16GiB" }], regions: [{ targets: ["rp0"] }] },
};
/** Where the memory begins. */
export const memoryBase = 16n << 30n;

export interface ShownRegister {
  readonly name: string;
  readonly raw: bigint;
  readonly fields: Readonly<Record<string, number>>;
}

/** All three registers as they are at one time: six reads, one message. */
export async function readRegisters(machine: MachineWorker): Promise<readonly ShownRegister[]> {
  const [capability, control, status, ...raw] = await machine.batch((m) => {
    const registers = m.rootPort("rp0").registers.timeoutIsolation;
    return [registers.capability.read(), registers.control.read(), registers.status.read(), registers.capability.readRaw(), registers.control.readRaw(), registers.status.readRaw()];
  });
  const [capabilityRaw, controlRaw, statusRaw] = raw;
  return [
    { name: "status", raw: statusRaw, fields: status },
    { name: "control", raw: controlRaw, fields: control },
    { name: "capability", raw: capabilityRaw, fields: capability },
  ];
}
