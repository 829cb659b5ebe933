// One way of using a machine that is the same in this thread and through a worker: what is awaited there is there at once here.

import type { Machine, ScenarioValue } from "../../src/sandbox.ts";
import type { MachineWorker } from "../../src/index.ts";

/** Two ports below one bridge, a window over the first, which firmware decodes. */
export const driven = {
  machine: {
    hostBridges: [{
      rootPorts: [
        { name: "rp0", isolation: { mem: true, forceLinkDown: true, interrupt: 3 }, device: { name: "dev0", volatile: "256MiB" } },
        { name: "rp1", device: { name: "dev1", volatile: "256MiB" } },
      ],
    }],
  },
  firmware: { windows: [{ targets: ["hb0"], size: "256MiB", base: "16GiB" }], regions: [{ targets: ["rp0"] }] },
} as const satisfies ScenarioValue;

export const memoryBase = 16n << 30n;
export const layers = ["access", "hardware"] as const;

type Either = Machine | MachineWorker;

/** Arms isolation, breaks the link, loses a store, leaves isolation and trains the link again. What it saw on the way, and the digests it left. */
export async function drive(machine: Either): Promise<readonly unknown[]> {
  const port = machine.rootPort("rp0");
  const { timeoutIsolation, link } = port.registers;
  const seen: unknown[] = [];
  const stop = machine.interrupts.on(({ at, data }) => seen.push({ at, data }));
  seen.push(await port.enableMessages(32));
  await timeoutIsolation.control.modify({ memoryIsolationEnable: 1, interruptEnable: 1 });
  seen.push(await machine.memory.store(memoryBase + 8n, 0x1122334455667788n));
  seen.push(await machine.memory.load(memoryBase + 8n, 8));
  await machine.inject({ linkFlap: { port: "rp0", time: "2ms" } }, { at: "300us" });
  await machine.advance(1_000_000);
  seen.push(await timeoutIsolation.status.read(), await machine.memory.load(memoryBase + 8n, 4), await machine.memory.store(memoryBase, 1n, 1));
  await timeoutIsolation.status.write({ memoryIsolation: 1, memoryIsolationLinkDown: 1 });
  await machine.advance(5_000_000);
  seen.push(await timeoutIsolation.status.readRaw(), await link.capability.readRaw(), await machine.config.read32("0000:0c:00.0", 0));
  seen.push(await machine.device("dev1").mailbox(0x4000), await machine.device("dev1").registers.hdmDecoderDevice.control.at(1).read());
  for (const layer of layers) seen.push(await machine.digest(layer));
  stop();
  return seen;
}

/** The same as a text, which travels into any engine. */
export const driveAsText = async (machine: Either): Promise<string> => JSON.stringify(await drive(machine), (_, value: unknown) => (typeof value === "bigint" ? `${value}n` : value instanceof Uint8Array ? [...value] : value), 1);
