import { mkdtempSync, rmSync } from "node:fs";
import type { Server, Socket } from "node:net";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readCase } from "./cases.ts";
import type { Monitor } from "./monitor.ts";
import { openMonitor } from "./monitor.ts";
import { cardsAtStart, doPlugging, pluggingOf } from "./plugging.ts";
import { RigProblem } from "./problem.ts";

interface Command {
  readonly execute: string;
  readonly id: number;
  readonly arguments?: unknown;
}

let folder = "";
let server: Server;
let client: Socket;
let monitor: Monitor;
/** What happened in order: commands as QEMU got them, and what the test notes. */
let happened: string[] = [];
/** Lines of QEMU's for a command. */
let answers: (command: Command) => readonly object[] = ({ id }) => [{ return: {}, id }];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "monitor test "));
  happened = [];
  answers = ({ id }) => [{ return: {}, id }];
  server = createServer((socket) => {
    client = socket;
    socket.write('{"QMP": {"version": {}, "capabilities": []}}\r\n');
    socket.on("data", (bytes) => {
      for (const line of bytes.toString().trim().split("\n")) {
        const command = JSON.parse(line) as Command;
        happened.push(command.execute);
        const text = answers(command).map((one) => `${JSON.stringify(one)}\r\n`).join("");
        // In two pieces, as a socket may give it.
        socket.write(text.slice(0, 7));
        setImmediate(() => socket.write(text.slice(7)));
      }
    });
  });
  await new Promise<void>((resolve) => void server.listen(join(folder, "qmp"), resolve));
  monitor = await openMonitor(join(folder, "qmp"));
});

afterEach(() => {
  monitor.close();
  server.close();
  rmSync(folder, { recursive: true });
});

const { machine } = readCase("hot-unplug").plan;
const cards = cardsAtStart(machine);
const act = (): void => void happened.push("our port");

test("a card that leaves is pulled once the guest has let it go", async () => {
  answers = ({ id, execute }) => [{ return: {}, id }, ...(execute === "device_del" ? [{ event: "DEVICE_DELETED", data: { path: "/machine/x" } }, { event: "DEVICE_DELETED", data: { device: "dev1" } }] : [])];
  const plugging = pluggingOf(machine, { unplug: "rp1" }, (port) => cards.get(port));
  expect(plugging).toMatchObject({ kind: "unplug", port: "rp1", device: { name: "dev1" } });
  if (plugging !== null) await doPlugging(plugging, monitor, () => null, act);
  expect(happened).toEqual(["qmp_capabilities", "device_del", "our port"]);
});

test("a card that comes is in our port before the guest is told", async () => {
  let given: unknown;
  answers = ({ id, execute, arguments: values }) => {
    if (execute === "device_add") given = values;
    return [{ return: {}, id }];
  };
  const plugging = pluggingOf(machine, { plug: { port: "rp0", card: "dev0" } }, () => undefined);
  if (plugging !== null) await doPlugging(plugging, monitor, (device) => `/run/${device}`, act);
  expect(happened).toEqual(["qmp_capabilities", "our port", "device_add"]);
  expect(given).toEqual({ driver: "vfio-user-pci", id: "dev0", bus: "rp0", socket: { path: "/run/dev0", type: "unix" } });
});

test("other actions plug nothing; an empty port and a card that nobody declares are told", () => {
  const inside = (): undefined => undefined;
  expect(pluggingOf(machine, { linkDown: "rp0" }, inside)).toBeNull();
  expect(() => pluggingOf(machine, { unplug: "rp0" }, inside)).toThrow("rp0 has no card to unplug");
  expect(() => pluggingOf(machine, { plug: { port: "rp0", card: "dev7" } }, inside)).toThrow("rp0 has no card to plug in");
  const below = readCase("four-way-switch").plan.machine;
  expect(() => pluggingOf(below, { unplug: "rp0" }, (port) => cardsAtStart(below).get(port))).toThrow("sw0 is a switch");
});

test("what QEMU refuses is told in its words, and who waits hears that it is gone", async () => {
  answers = ({ id }) => [{ error: { class: "GenericError", desc: "Device 'dev9' not found" }, id }];
  await expect(monitor.run("device_del", { id: "dev9" })).rejects.toThrow("refuses device_del: Device 'dev9' not found");
  const waiting = monitor.event("DEVICE_DELETED", "dev0", 60);
  client.destroy();
  await expect(waiting).rejects.toThrow(RigProblem);
});
