// What an access of a vfio-user client costs the server: READ of four bytes of a BAR, in the connection alone, and over a real socket with the client in a process
// of its own. Processor time of this process; what a client waits is beside it.

import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { planScenario } from "../src/scenario/plan.ts";
import { createConnection } from "../src/vfio-user/connection.ts";
import type { ServedMachine } from "../src/vfio-user/contract.ts";
import { serveMachine } from "../src/vfio-user/served-machine.ts";
import { openSockets } from "../src/vfio-user/sockets.ts";
import { commandMessage, commands, headerSize, payloadOf, setAccess, sizes } from "../src/vfio-user/wire.ts";
import type { Measured } from "./main.ts";

const scenario = `version: 1
name: one card
machine: { hostBridges: [{ rootPorts: [{ name: rp0, device: { name: mem0, volatile: 256MiB, messages: msi } }] }] }
`;
/** Capability header of the component registers. */
const offset = 0x1000;
const configRegion = 7;
const inConnection = 20_000;
const overSocket = 20_000;
const rounds = 5;
/** The link of a machine just powered on is up by then (ns, virtual). */
const ready = 1_000_000_000;

/** Microseconds of processor time of this process. */
const processorTime = (): number => {
  const { user, system } = process.cpuUsage();
  return user + system;
};
const medianOf = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

function machineAt(module: WebAssembly.Module): { readonly machine: ServedMachine; readonly now: () => number } {
  const machine = serveMachine(module, planScenario("bench.yaml", scenario));
  const started = process.hrtime.bigint();
  const now = (): number => ready + Number(process.hrtime.bigint() - started);
  machine.advanceTo(now());
  return { machine, now };
}

function access(id: number, region: number, at: number, data?: readonly number[]): Uint8Array {
  const message = commandMessage(id, data === undefined ? commands.regionRead : commands.regionWrite, sizes.access + (data?.length ?? 0));
  setAccess(payloadOf(message), { region, offset: BigInt(at), count: data?.length ?? 4 });
  message.set(data ?? [], headerSize + sizes.access);
  return message;
}

/** Bytes in, bytes out, the real device behind it; time passes before and behind each access as at a socket. */
function connectionAlone(module: WebAssembly.Module): Measured {
  const { machine, now } = machineAt(module);
  const [served] = machine.functions;
  if (served === undefined) throw new Error("the benchmark's machine has no device");
  let last: Uint8Array = new Uint8Array();
  const connection = createConnection(served, { write: (message) => ((last = message), true), beforeAccess: () => void machine.advanceTo(now()), attach: () => {} });
  connection.receive(commandMessage(0, commands.version, sizes.version));
  connection.receive(access(1, configRegion, 4, [6, 0]));
  const read = access(2, 0, offset);
  const times: number[] = [];
  for (let round = 0; round <= rounds; round++) {
    const started = processorTime();
    for (let count = 0; count < inConnection; count++) {
      connection.receive(read);
      machine.advanceTo(now());
    }
    if (round > 0) times.push((processorTime() - started) / inConnection);
  }
  const value = payloadOf(last).getUint32(sizes.access, true);
  if (value === 0xffff_ffff) throw new Error("the benchmark's device does not answer");
  const each = medianOf(times);
  return { name: "READ of 4 bytes of a BAR, connection alone", perSecond: 1e6 / each, note: `${each.toFixed(1)} us of the server's processor time` };
}

async function atSocket(module: WebAssembly.Module): Promise<Measured> {
  const { machine, now } = machineAt(module);
  const folder = mkdtempSync(join(tmpdir(), "vfio-bench-"));
  const sockets = await openSockets(machine, { folder, now, report: () => {} });
  const client = fileURLToPath(new URL("vfio-client.js", import.meta.url));
  const times: number[] = [];
  const trips: number[] = [];
  try {
    for (let round = 0; round <= rounds; round++) {
      const started = processorTime();
      const { stdout } = await promisify(execFile)(process.execPath, [client, sockets.all[0]?.listening.path ?? "", String(overSocket), String(offset)]);
      if (round === 0) continue;
      times.push((processorTime() - started) / overSocket);
      trips.push(Number(stdout) / 1000);
    }
  } finally {
    await sockets.close();
    rmSync(folder, { recursive: true });
  }
  const each = medianOf(times);
  return { name: "READ of 4 bytes of a BAR, over a unix socket", perSecond: 1e6 / each, note: `${each.toFixed(1)} us of the server's processor time; a Node client waits ${medianOf(trips).toFixed(1)} us for its answer` };
}

export const measureVfioUser = async (module: WebAssembly.Module): Promise<Measured[]> => [connectionAlone(module), await atSocket(module)];
