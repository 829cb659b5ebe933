// The server's sockets as a client meets them: real unix sockets in a folder of the system's for temporary files, a table of registers behind them.

import { existsSync, linkSync, lstatSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { InterruptSink, ServedFunction, ServedMachine } from "../../src/vfio-user/contract.ts";
import type { Sockets, SocketsOptions } from "../../src/vfio-user/sockets.ts";
import { controlSocket, monitorSocket, openSockets, socketFile } from "../../src/vfio-user/sockets.ts";
import { commandMessage, commands, errnos } from "../../src/vfio-user/wire.ts";
import type { RegisterTable } from "../support/register-table.ts";
import { registerTable } from "../support/register-table.ts";
import { clientReply, readCommand, versionCommand, wordsOf, writeCommand } from "../support/vfio-client.ts";
import { liveClient } from "../support/vfio-live.ts";

let folder = "";
let opened: Sockets[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "vfio-"));
});
afterEach(async () => {
  for (const one of opened) await one.close();
  opened = [];
  rmSync(folder, { recursive: true });
});

interface Served {
  readonly sockets: Sockets;
  readonly table: RegisterTable;
  readonly path: string;
  readonly lines: string[];
  readonly advanced: number[];
  sink: InterruptSink | null;
  due: number;
  advanceThrows: boolean;
}

async function served(change: (table: RegisterTable) => ServedFunction = (table) => table, where = folder, further: Pick<SocketsOptions, "patience" | "failed"> = {}): Promise<Served> {
  const table = registerTable();
  const lines: string[] = [];
  const advanced: number[] = [];
  const state = { sink: null as InterruptSink | null, due: -1, advanceThrows: false };
  const machine: ServedMachine = {
    functions: [change(table)],
    advanceTo: (nanoseconds) => {
      advanced.push(nanoseconds);
      if (state.advanceThrows) throw new Error("broken");
      return state.due;
    },
    attach: (_name, sink) => void (state.sink = sink),
  };
  let nanoseconds = 0;
  const sockets = await openSockets(machine, { folder: where, now: () => ++nanoseconds, report: (name, line) => void lines.push(`${name}: ${line}`), ...further });
  opened.push(sockets);
  return Object.assign(state, { sockets, table, path: socketFile(where, "table"), lines, advanced });
}

/** Lets the server's side of what has happened come about. */
async function until(is: () => boolean): Promise<void> {
  while (!is()) await new Promise((resolve) => setTimeout(resolve, 1));
}

describe("a socket", () => {
  it("is its owner's alone whatever the process's mask, in a folder that is made so, and is removed at the end", async () => {
    const mask = process.umask(0);
    try {
      const inner = join(folder, "made/here");
      const { sockets, path } = await served(undefined, inner);
      expect((lstatSync(path).mode & 0o777).toString(8)).toBe("600");
      expect((lstatSync(inner).mode & 0o777).toString(8)).toBe("700");
      await sockets.close();
      expect(readdirSync(inner)).toEqual([]);
    } finally {
      expect(process.umask(mask)).toBe(0);
    }
  });

  it("that a dead server has left is replaced", async () => {
    const dead = createServer();
    await new Promise<void>((resolve) => dead.listen(join(folder, "dead"), resolve));
    linkSync(join(folder, "dead"), socketFile(folder, "table"));
    await new Promise((resolve) => dead.close(resolve));
    const { path } = await served();
    const client = await liveClient(path);
    expect(await client.ask([readCommand(1, 0, 0, 4)])).toMatchObject([{ id: 1, isError: false }]);
    await client.drop();
  });

  it("of a server that lives is refused with a message, and that server notices nothing", async () => {
    const first = await served();
    const client = await liveClient(first.path);
    await expect(served()).rejects.toThrow(`cannot listen at ${first.path}: another server is listening there; end it, or choose another folder`);
    await client.drop();
    await until(() => first.sockets.all[0]?.listening.client === null);
    await expect(served()).rejects.toThrow("another server is listening there");
    await until(() => first.sockets.all[0]?.listening.client === null);
    expect(await (await liveClient(first.path)).ask([readCommand(1, 0, 0, 4)])).toMatchObject([{ isError: false }]);
    expect(first.table.log.filter((line) => line === "came")).toHaveLength(2);
    // The one question came while a client was there, and was turned away as a second; the other is told to nobody.
    expect(first.lines).toEqual(["table: a second client was turned away; one is served at a time", "table: the client is gone"]);
  });

  it("does not take the place of a file of another kind, nor of a path that is too long", async () => {
    writeFileSync(socketFile(folder, "table"), "mine");
    await expect(served()).rejects.toThrow("there is a file of another kind; remove it, or choose another folder");
    expect(readFileSync(socketFile(folder, "table"), "utf8")).toBe("mine");
    await expect(served((table) => table, join(folder, "x".repeat(100)))).rejects.toThrow(/its path has 1\d\d bytes, and a socket's has at most 107; choose a folder with a shorter name/);
  });

  it.each([controlSocket, monitorSocket, `${controlSocket}.sock`])("of a device that is called %s has a file of its own beside the control channel's and QEMU's monitor's", async (name) => {
    await served((table) => ({ ...table, name }));
    expect(readdirSync(folder)).toEqual([`${name}.sock`]);
    expect([controlSocket, monitorSocket]).not.toContain(`${name}.sock`);
  });

  it("of a name with anything in it stays in its folder", async () => {
    await served((table) => ({ ...table, name: "../a b" }));
    expect(readdirSync(folder)).toEqual(["..%2Fa%20b.sock"]);
  });

  it("where one cannot be had, those that could are given back", async () => {
    const table = registerTable();
    const machine: ServedMachine = { functions: [table, { ...table, name: "second" }], advanceTo: () => -1, attach: () => {} };
    writeFileSync(socketFile(folder, "second"), "");
    await expect(openSockets(machine, { folder, now: () => 0, report: () => {} })).rejects.toThrow("second.sock");
    expect(existsSync(socketFile(folder, "table"))).toBe(false);
  });

  it("whose folder cannot be made is refused with a message", async () => {
    writeFileSync(join(folder, "file"), "");
    const inner = join(folder, "file", "inner");
    await expect(served(undefined, inner)).rejects.toThrow(`cannot listen at ${inner}: the folder cannot be made (ENOTDIR); choose one in a place where you may write`);
  });
});

describe("a client", () => {
  it("reads and writes, and gets interrupts between the answers", async () => {
    const state = await served();
    const client = await liveClient(state.path);
    expect(state.table.log).toEqual(["came"]);
    const [write, read] = await client.ask([writeCommand(1, 0, 0x10, [1, 2, 3, 4]), readCommand(2, 0, 0x10, 4)]);
    expect([write?.isError, [...(read?.payload.subarray(16) ?? [])]]).toEqual([false, [1, 2, 3, 4]]);
    expect(state.sink?.send({ address: 0xfee0_0000n, data: 0x41 })).toBe(true);
    const [interrupt] = await client.ask([], 1);
    expect([interrupt?.command, wordsOf(interrupt?.payload ?? new Uint8Array())]).toEqual([commands.dmaWrite, [0xfee0_0000, 0, 4, 0, 0x41]]);
    expect(await client.ask([clientReply(interrupt?.id ?? 0), readCommand(3, 7, 0, 4)], 1)).toMatchObject([{ id: 3, isError: false }]);
    await client.drop();
    await until(() => state.sockets.all[0]?.listening.client === null);
    expect(state.table.log.at(-1)).toBe("went");
    expect(state.sink).toBeNull();
    expect(state.lines).toEqual(["table: the client is gone"]);
  });

  it("may send a byte at a time", async () => {
    const { path } = await served();
    const client = await liveClient(path);
    const bytes = readCommand(1, 7, 0, 4);
    for (let at = 0; at < bytes.length; at++) {
      client.send(bytes.subarray(at, at + 1));
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await client.ask([], 1)).toMatchObject([{ id: 1, isError: false }]);
    await client.drop();
  });

  it("is the only one: a second is turned away and changes nothing; the next may come when the first is gone", async () => {
    const state = await served();
    const first = await liveClient(state.path);
    const second = await liveClient(state.path, false);
    await second.ended;
    expect(state.lines).toEqual(["table: a second client was turned away; one is served at a time"]);
    expect(await first.ask([readCommand(1, 7, 0, 4)])).toMatchObject([{ isError: false }]);
    await first.drop();
    await until(() => state.sockets.all[0]?.listening.client === null);
    const third = await liveClient(state.path);
    expect(await third.ask([readCommand(1, 7, 0, 4)])).toMatchObject([{ isError: false }]);
    await third.drop();
  });

  it("that goes in the middle of a message is gone, and nothing of the message is done", async () => {
    const state = await served();
    const client = await liveClient(state.path);
    client.send(writeCommand(1, 0, 0, [1, 2, 3, 4]).subarray(0, 34));
    await until(() => state.sockets.all[0]?.listening.client?.counts.messages === 1);
    await client.drop();
    await until(() => state.sockets.all[0]?.listening.client === null);
    expect(state.table.log).toEqual(["came", "went"]);
    const next = await liveClient(state.path);
    expect((await next.ask([readCommand(1, 0, 0, 4)])).map(({ payload }) => [...payload.subarray(16)])).toEqual([[0, 1, 2, 3]]);
    await next.drop();
  });

  it("that breaks the stream gets its answer, and is sent away", async () => {
    const state = await served();
    const client = await liveClient(state.path);
    const broken = readCommand(5, 0, 0, 4);
    new DataView(broken.buffer).setUint32(4, 3, true);
    expect(await client.ask([broken])).toMatchObject([{ id: 5, errno: errnos.EINVAL }]);
    await client.ended;
    await until(() => state.lines.length > 0);
    expect(state.lines).toEqual(["table: a message of 3 bytes came; one has 16 to 1048608"]);
  });

  it("with a version that is not common gets its answer, and is sent away", async () => {
    const { path, table } = await served();
    const client = await liveClient(path, false);
    expect(await client.ask([versionCommand(1, null, 4)])).toMatchObject([{ errno: errnos.EINVAL }]);
    await client.ended;
    expect(table.log).toEqual([]);
  });

  it("that agrees on no version in time is sent away, and its place is the next one's, who stays however long he is silent afterwards", async () => {
    const state = await served(undefined, folder, { patience: 20 });
    const silent = await liveClient(state.path, false);
    silent.send(versionCommand(1).subarray(0, 30));
    await silent.ended;
    await until(() => state.lines.length > 0);
    expect(state.lines).toEqual(["table: a client agreed on no version within 0.02 s, and is sent away"]);
    const next = await liveClient(state.path);
    // Another one's time begins later, and has passed when he is away.
    const other = await served((table) => ({ ...table, name: "other" }), folder, { patience: 20 });
    await (await liveClient(socketFile(folder, "other"), false)).ended;
    await until(() => other.lines.length > 0);
    expect(await next.ask([readCommand(1, 7, 0, 4)])).toMatchObject([{ isError: false }]);
    await next.drop();
  });

  it("that breaks the stream and reads nothing does not keep its place", async () => {
    const state = await served(undefined, folder, { patience: 20 });
    const [socket] = state.sockets.all;
    /** Sends reads, each when the one before was answered, until the answers of `most` or all that the system takes wait for the client. */
    const fill = async (most: number) => {
      const client = await liveClient(state.path);
      client.pause();
      let sent = 0;
      for (; sent < most && socket?.listening.client?.isBlocked === false; sent++) {
        client.send(readCommand(sent & 0xffff, 0, 0, 4096));
        await until(() => socket.listening.client?.counts.messages === sent + 2);
      }
      return { client, sent };
    };
    // As many as go without being stopped: the last of them wait on the server's side, and the last word behind them.
    let last = await fill(Infinity);
    while (socket?.listening.client?.isBlocked === true) {
      await last.client.drop();
      await until(() => socket.listening.client === null);
      last = await fill(last.sent - 1);
    }
    last.client.send(new Uint8Array(16));
    await until(() => socket?.listening.client === null);
    await last.client.drop();
    expect(state.lines.at(-1)).toBe("table: a message of 0 bytes came; one has 16 to 1048608");
  });

  it("that does not read is not read: its commands wait, and are all done in order when it reads", async () => {
    const state = await served();
    const client = await liveClient(state.path);
    client.pause();
    const reads = 100;
    const asked = client.ask(Array.from({ length: reads }, (_, id) => readCommand(id, 0, 0, 65_536)));
    const connection = state.sockets.all[0]?.listening.client;
    await until(() => connection?.isBlocked === true);
    expect(connection?.counts.messages).toBeLessThan(reads / 2);
    client.resume();
    const answers = await asked;
    expect(answers.map(({ id }) => id)).toEqual(Array.from({ length: reads }, (_, id) => id));
    expect(answers.every(({ size }) => size === 65_536 + 32)).toBe(true);
    await client.drop();
  });

  it("who meets a fault of this program is sent away, it is told, and the next is served", async () => {
    const state = await served((table) => ({
      ...table,
      reset: () => {
        throw new Error("no such thing");
      },
    }));
    const client = await liveClient(state.path);
    client.send(new Uint8Array([1, 0, 13, 0, 16, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]));
    await client.ended;
    await until(() => state.lines.length === 2);
    expect(state.lines[0]).toContain("fault of this program, the client is sent away: Error: no such thing");
    const next = await liveClient(state.path);
    expect(await next.ask([readCommand(1, 7, 0, 4)])).toMatchObject([{ isError: false }]);
    await next.drop();
  });

  it("is sent away when its socket is dropped, also in the middle of an access of its own; the next one may come", async () => {
    const state: Served = await served((table) => ({ ...table, reset: () => void state.sockets.all[0]?.listening.drop() }));
    const [socket] = state.sockets.all;
    expect(socket?.listening.drop()).toBe(false);
    const client = await liveClient(state.path);
    expect(socket?.listening.drop()).toBe(true);
    await client.ended;
    await until(() => socket?.listening.client === null);
    const second = await liveClient(state.path);
    expect(await second.ask([readCommand(1, 7, 0, 4), commandMessage(2, commands.deviceReset, 0), readCommand(3, 7, 0, 4)])).toMatchObject([{ id: 1 }]);
    await until(() => socket?.listening.client === null);
    expect(state.table.log).toEqual(["came", "went", "came", "read config+0x0/4", "went"]);
    expect(state.lines.filter((line) => line.includes("fault"))).toEqual([]);
    const third = await liveClient(state.path);
    expect(await third.ask([readCommand(1, 7, 0, 4)])).toMatchObject([{ isError: false }]);
    await third.drop();
  });

  it("is sent away when the server ends", async () => {
    const { path, sockets, table } = await served();
    const client = await liveClient(path);
    await sockets.close();
    await client.ended;
    expect(table.log).toEqual(["came", "went"]);
  });
});

describe("time", () => {
  it("that cannot pass is told to whoever runs the server, and ends nothing else", async () => {
    const told: unknown[] = [];
    const state = await served(undefined, folder, { failed: (error) => void told.push(error) });
    state.due = 1;
    state.advanceThrows = true;
    expect(() => state.sockets.poke()).toThrow("broken");
    state.advanceThrows = false;
    state.sockets.poke();
    state.advanceThrows = true;
    await until(() => told.length > 0);
    state.advanceThrows = false;
    expect(told).toEqual([new Error("broken")]);
    const client = await liveClient(state.path);
    expect(await client.ask([readCommand(1, 7, 0, 4)])).toMatchObject([{ isError: false }]);
    await client.drop();
  });

  it("passes when the server begins, before each access and behind what was sent, and when something is due", async () => {
    const state = await served();
    expect(state.advanced).toHaveLength(1);
    const client = await liveClient(state.path);
    const before = state.advanced.length;
    await client.ask([readCommand(1, 7, 0, 4)]);
    expect(state.advanced.length).toBe(before + 2);
    state.due = 1000;
    state.sockets.poke();
    const poked = state.advanced.length;
    await until(() => state.advanced.length > poked + 1);
    state.due = -1;
    expect(state.advanced).toEqual(state.advanced.toSorted((a, b) => a - b));
    await client.drop();
  });
});
