import { describe, expect, it } from "vitest";
import type { RegisterTable } from "../../test/support/register-table.ts";
import { registerTable } from "../../test/support/register-table.ts";
import type { Received } from "../../test/support/vfio-client.ts";
import { clientReply, joined, mapCommand, readCommand, received, unmapCommand, versionCommand, wordsCommand, wordsOf, writeCommand } from "../../test/support/vfio-client.ts";
import type { Connection } from "./connection.ts";
import { createConnection } from "./connection.ts";
import type { InterruptSink } from "./contract.ts";
import { commandMessage, commands, errnos, headerOf, limits } from "./wire.ts";

const config = 7;

interface Bench {
  readonly connection: Connection;
  readonly table: RegisterTable;
  /** What came since the last call. */
  answers(): Received[];
  /** Sends, and gives what came. */
  ask(...messages: readonly Uint8Array[]): Received[];
  sink: InterruptSink | null;
  accepts: boolean;
  passed: number;
}

function connected(isAgreed = true): Bench {
  const table = registerTable();
  let written: Uint8Array[] = [];
  const bench: Bench = {
    table,
    sink: null,
    accepts: true,
    passed: 0,
    answers: () => {
      const messages = received(written);
      written = [];
      return messages;
    },
    ask: (...messages) => {
      bench.connection.receive(joined(...messages));
      return bench.answers();
    },
    connection: createConnection(table, {
      write: (message) => {
        written.push(message);
        return bench.accepts;
      },
      beforeAccess: () => void bench.passed++,
      attach: (sink) => void (bench.sink = sink),
    }),
  };
  if (isAgreed) bench.ask(versionCommand(0));
  table.log.length = 0;
  bench.passed = 0;
  return bench;
}

const refusal = (errno: number): object => ({ type: "reply", isError: true, errno, size: 16 });
const granted = { type: "reply", isError: false, errno: 0 };

describe("a client comes", () => {
  it("nothing is done before the version: commands are refused, and the function hears of nobody", () => {
    const bench = connected(false);
    expect(bench.ask(readCommand(4, config, 0, 4), commandMessage(5, commands.deviceReset, 0))).toMatchObject([{ id: 4, ...refusal(errnos.EINVAL) }, { id: 5, ...refusal(errnos.EINVAL) }]);
    expect(bench.table.log).toEqual([]);
    expect(bench.sink).toBeNull();
  });

  it("with the version agreed the function hears of it, and interrupts have a way", () => {
    const bench = connected(false);
    expect(bench.ask(versionCommand(9))).toMatchObject([{ id: 9, command: commands.version, ...granted }]);
    expect(bench.table.log).toEqual(["came"]);
    expect(bench.sink).not.toBeNull();
    expect(bench.ask(versionCommand(10))).toMatchObject([{ id: 10, ...refusal(errnos.EINVAL) }]);
  });

  it("a version that is not common is refused, and that is the end", () => {
    const bench = connected(false);
    expect(bench.ask(versionCommand(1, null, 3))).toMatchObject([refusal(errnos.EINVAL)]);
    expect(bench.connection.ended).toBe("no version of the protocol is common to both");
    expect(bench.ask(versionCommand(2))).toEqual([]);
    expect(bench.table.log).toEqual([]);
  });

  it("when it goes, the function hears of it once, its memory is forgotten and interrupts are lost", () => {
    const bench = connected();
    bench.ask(mapCommand(1, 0n, 4096n));
    const { sink } = bench;
    bench.connection.end();
    bench.connection.end();
    expect(bench.table.log).toEqual(["went"]);
    expect(bench.connection.ranges).toEqual([]);
    expect(bench.sink).toBeNull();
    expect(sink?.send({ address: 0n, data: 0 })).toBe(false);
    expect(bench.ask(readCommand(1, config, 0, 4))).toEqual([]);
  });
});

describe("what the device is", () => {
  it("a PCI device that can be reset, with nine regions and five kinds of interrupts", () => {
    const [reply] = connected().ask(wordsCommand(1, commands.deviceGetInfo, [16, 0, 0, 0]));
    expect(reply).toMatchObject({ id: 1, size: 32, ...granted });
    expect(wordsOf(reply?.payload ?? new Uint8Array())).toEqual([16, 3, 9, 5]);
  });

  it("regions have the sizes of BARs and config space; those that are not there have size 0 and no flags", () => {
    const bench = connected();
    const infos = bench.ask(...[0, 1, 2, 3, 4, 5, 6, 7, 8].map((index) => wordsCommand(index, commands.deviceGetRegionInfo, [32, 0, index, 0, 0, 0, 0, 0])));
    expect(infos.map(({ payload }) => wordsOf(payload))).toEqual(
      [65_536, 0, 4096, 0, 0, 0, 0, 4096, 0].map((size, index) => [32, size === 0 ? 0 : 3, index, 0, size, 0, 0, 0]),
    );
    expect(bench.ask(wordsCommand(1, commands.deviceGetRegionInfo, [32, 0, 9, 0, 0, 0, 0, 0]))).toMatchObject([refusal(errnos.EINVAL)]);
  });

  it("no region has descriptors of its own", () => {
    const bench = connected();
    const [reply] = bench.ask(wordsCommand(1, commands.deviceGetRegionIoFds, [16, 0, 2, 0]));
    expect(wordsOf(reply?.payload ?? new Uint8Array())).toEqual([16, 0, 2, 0]);
    for (const words of [[15, 0, 2, 0], [16, 1, 2, 0], [16, 0, 9, 0], [16, 0, 2, 1]]) expect(bench.ask(wordsCommand(1, commands.deviceGetRegionIoFds, words))).toMatchObject([refusal(errnos.EINVAL)]);
  });

  it("MSI alone has vectors", () => {
    const bench = connected();
    const infos = bench.ask(...[0, 1, 2, 3, 4].map((index) => wordsCommand(index, commands.deviceGetIrqInfo, [16, 0, index, 0])));
    expect(infos.map(({ payload }) => wordsOf(payload))).toEqual([0, 16, 0, 0, 0].map((count, index) => [16, 1, index, count]));
    expect(bench.ask(wordsCommand(1, commands.deviceGetIrqInfo, [16, 0, 5, 0]))).toMatchObject([refusal(errnos.EINVAL)]);
  });

  it("an answer that would have no room where it goes is refused", () => {
    const bench = connected();
    expect(bench.ask(wordsCommand(1, commands.deviceGetInfo, [15, 0, 0, 0]))).toMatchObject([refusal(errnos.EINVAL)]);
    expect(bench.ask(wordsCommand(1, commands.deviceGetRegionInfo, [31, 0, 0, 0, 0, 0, 0, 0]))).toMatchObject([refusal(errnos.EINVAL)]);
    expect(bench.ask(wordsCommand(1, commands.deviceGetIrqInfo, [15, 0, 0, 0]))).toMatchObject([refusal(errnos.EINVAL)]);
  });

  it("vectors are armed by event descriptors and disabled all at once, as QEMU does", () => {
    const bench = connected();
    const set = (flags: number, index: number, start: number, count: number, ...more: number[]): Received[] => bench.ask(wordsCommand(1, commands.deviceSetIrqs, [20, flags, index, start, count, ...more]));
    expect(set(0x24, 1, 0, 16)).toMatchObject([{ size: 16, ...granted }]);
    expect(set(0x24, 1, 3, 1)).toMatchObject([granted]);
    expect(set(0x21, 1, 0, 0)).toMatchObject([granted]);
    expect(set(0x21, 0, 0, 0)).toMatchObject([granted]);
    expect(set(0x24, 1, 8, 9)).toMatchObject([refusal(errnos.EINVAL)]);
    expect(set(0x24, 1, 0xffff_ffff, 1)).toMatchObject([refusal(errnos.EINVAL)]);
    expect(set(0x24, 5, 0, 0)).toMatchObject([refusal(errnos.EINVAL)]);
    for (const flags of [0x27, 0x34, 0x20, 0x04, 0x64, 0x25]) expect(set(flags, 1, 0, 1)).toMatchObject([refusal(errnos.EINVAL)]);
    expect(set(0x24, 1, 0, 1, 0)).toMatchObject([refusal(errnos.EINVAL)]);
  });

  it("masking by message, and triggering, are not had", () => {
    const bench = connected();
    for (const flags of [0x09, 0x11, 0x21]) expect(bench.ask(wordsCommand(1, commands.deviceSetIrqs, [20, flags, 1, 0, 1]))).toMatchObject([refusal(errnos.EOPNOTSUPP)]);
    expect(bench.ask(wordsCommand(1, commands.deviceSetIrqs, [24, 0x22, 1, 0, 4, 0]))).toMatchObject([refusal(errnos.EOPNOTSUPP)]);
  });
});

describe("accesses", () => {
  it("a read gives where it was and the bytes; a write gives where it was", () => {
    const bench = connected();
    const [read, write] = bench.ask(readCommand(1, config, 0x10, 4), writeCommand(2, 0, 0x20, [1, 2, 3, 4]));
    expect(read).toMatchObject({ id: 1, size: 36, ...granted, payload: Uint8Array.of(0x10, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 4, 0, 0, 0, 0x10, 0x11, 0x12, 0x13) });
    expect(write).toMatchObject({ id: 2, size: 32, ...granted, payload: Uint8Array.of(0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0) });
    expect(bench.table.log).toEqual(["read config+0x10/4", "write bar0+0x20/4=0x4030201"]);
  });

  it.each([
    [0x10, 1, ["10/1"]], [0x11, 2, ["11/1", "12/1"]], [0x12, 2, ["12/2"]], [0x10, 3, ["10/2", "12/1"]], [0x11, 3, ["11/1", "12/2"]], [0x11, 4, ["11/1", "12/2", "14/1"]],
    [0x12, 4, ["12/2", "14/2"]], [0x10, 8, ["10/8"]], [0x14, 8, ["14/4", "18/4"]], [0x13, 6, ["13/1", "14/4", "18/1"]], [0x0f, 18, ["f/1", "10/8", "18/8", "20/1"]], [0xfff, 1, ["fff/1"]],
  ])("bytes at 0x%s, %i of them, are read and written as aligned ones", (offset, count, parts) => {
    const bench = connected();
    const data = Array.from({ length: count }, (_, at) => 0xa0 + at);
    const [write, read] = bench.ask(writeCommand(1, 2, offset, data), readCommand(2, 2, offset, count));
    expect(write).toMatchObject(granted);
    expect([...(read?.payload.subarray(16) ?? [])]).toEqual(data);
    expect(bench.table.log.map((line) => line.replace(/=.*/, ""))).toEqual([...parts.map((part) => `write bar2+0x${part}`), ...parts.map((part) => `read bar2+0x${part}`)]);
  });

  it("config space has nothing wider than four bytes", () => {
    const bench = connected();
    bench.ask(readCommand(1, config, 8, 8), writeCommand(2, config, 6, [1, 2, 3, 4, 5, 6]));
    expect(bench.table.log).toEqual(["read config+0x8/4", "read config+0xc/4", "write config+0x6/2=0x201", "write config+0x8/4=0x6050403"]);
  });

  it("what does not lie within a region is refused, and nothing is done", () => {
    const bench = connected();
    const outside = [readCommand(1, config, 4095, 2), readCommand(1, 1, 0, 1), readCommand(1, 6, 0, 4), readCommand(1, 9, 0, 0), readCommand(1, 0, 0xffff_ffff_ffff_ffffn, 1), readCommand(1, 0, 0, limits.data + 1), writeCommand(1, 2, 4096, [1]), writeCommand(1, 0xffff_ffff, 0, [1])];
    for (const message of outside) expect(bench.ask(message)).toMatchObject([refusal(errnos.EINVAL)]);
    expect(bench.table.log).toEqual([]);
  });

  it("a count that is not that of the data is refused", () => {
    const bench = connected();
    expect(bench.ask(writeCommand(1, 0, 0, [1, 2], true, 3), writeCommand(2, 0, 0, [1, 2], true, 1))).toMatchObject([refusal(errnos.EINVAL), refusal(errnos.EINVAL)]);
    expect(bench.table.log).toEqual([]);
  });

  it("no bytes are read and written as no bytes", () => {
    const bench = connected();
    expect(bench.ask(readCommand(1, 0, 65_536, 0), writeCommand(2, 1, 0, []))).toMatchObject([{ size: 32, ...granted }, { size: 32, ...granted }]);
    expect(bench.table.log).toEqual([]);
  });

  it("longer accesses than the client agreed to are refused", () => {
    const bench = connected(false);
    bench.ask(versionCommand(0, `{"capabilities":{"max_data_xfer_size":4}}\0`));
    expect(bench.ask(readCommand(1, 0, 0, 4), readCommand(2, 0, 0, 5), writeCommand(3, 0, 0, [0, 0, 0, 0, 0]))).toMatchObject([granted, refusal(errnos.EINVAL), refusal(errnos.EINVAL)]);
  });

  it("a posted write is done before what follows it, and answered neither way", () => {
    const bench = connected();
    expect(bench.ask(writeCommand(1, 0, 0, [9], false), writeCommand(2, 0, 65_536, [9], false), readCommand(3, 0, 0, 1))).toMatchObject([{ id: 3, ...granted }]);
    expect(bench.table.log).toEqual(["write bar0+0x0/1=0x9", "read bar0+0x0/1"]);
    expect(bench.connection.counts.refused).toBe(1);
  });

  it("time passes before each access and reset, and before nothing else", () => {
    const bench = connected();
    bench.ask(readCommand(1, 0, 1, 7), writeCommand(2, 0, 0, [1], false), commandMessage(3, commands.deviceReset, 0));
    expect(bench.passed).toBe(3);
    bench.ask(wordsCommand(1, commands.deviceGetInfo, [16, 0, 0, 0]), mapCommand(1, 0n, 4096n), readCommand(1, 8, 0, 1));
    expect(bench.passed).toBe(3);
  });

  it("a reset is the function's", () => {
    const bench = connected();
    expect(bench.ask(commandMessage(8, commands.deviceReset, 0))).toMatchObject([{ id: 8, size: 16, ...granted }]);
    expect(bench.table.log).toEqual(["reset"]);
  });
});

describe("memory of the client", () => {
  it("is what was mapped and not unmapped; what is unmapped is answered with itself", () => {
    const bench = connected();
    expect(bench.ask(mapCommand(1, 0n, 0xa0000n), mapCommand(2, 0x10_0000n, 0x1000n, 1))).toMatchObject([{ size: 16, ...granted }, { size: 16, ...granted }]);
    expect(bench.connection.ranges).toEqual([{ address: 0n, size: 0xa0000n, isReadable: true, isWritable: true }, { address: 0x10_0000n, size: 0x1000n, isReadable: true, isWritable: false }]);
    const unmap = unmapCommand(3, 0n, 0xa0000n);
    const [reply] = bench.ask(unmap);
    expect(reply).toMatchObject({ size: 40, ...granted, payload: unmap.subarray(16) });
    expect(bench.connection.ranges.map(({ address }) => address)).toEqual([0x10_0000n]);
    bench.ask(unmapCommand(4, 0n, 0n, 2));
    expect(bench.connection.ranges).toEqual([]);
  });

  it("ranges do not overlap, and end with the address space", () => {
    const bench = connected();
    bench.ask(mapCommand(1, 0x1000n, 0x1000n));
    for (const [address, size] of [[0x1000n, 0x1000n], [0xfffn, 2n], [0x1fffn, 1n], [0n, 1n << 63n]] as const) expect(bench.ask(mapCommand(2, address, size))).toMatchObject([refusal(errnos.EEXIST)]);
    for (const message of [mapCommand(3, 0x5000n, 0x1000n, 4), mapCommand(3, 0x5000n, 0n), mapCommand(3, 0x5000n, 1n, 3, 31), mapCommand(3, 0xffff_ffff_ffff_f000n, 0x1001n)]) expect(bench.ask(message)).toMatchObject([refusal(errnos.EINVAL)]);
    expect(bench.ask(mapCommand(4, 0xffff_ffff_ffff_f000n, 0x1000n), mapCommand(5, 0x2000n, 0x1000n), mapCommand(6, 0n, 0x1000n))).toMatchObject([granted, granted, granted]);
  });

  it("what was not mapped so cannot be unmapped", () => {
    const bench = connected();
    bench.ask(mapCommand(1, 0x1000n, 0x2000n));
    expect(bench.ask(unmapCommand(2, 0x1000n, 0x1000n), unmapCommand(3, 0x2000n, 0x1000n))).toMatchObject([refusal(errnos.ENOENT), refusal(errnos.ENOENT)]);
    expect(bench.ask(unmapCommand(4, 0x1000n, 0x2000n, 1), unmapCommand(5, 0x1000n, 0x2000n, 2), unmapCommand(6, 0x1000n, 0x2000n, 0, 23))).toMatchObject([refusal(errnos.EINVAL), refusal(errnos.EINVAL), refusal(errnos.EINVAL)]);
    expect(bench.connection.ranges).toHaveLength(1);
  });

  it("has at most 256 ranges; one unmapped makes room for one", () => {
    const bench = connected();
    const maps = Array.from({ length: 257 }, (_, at) => mapCommand(at, BigInt(at) << 12n, 4096n));
    const replies = bench.ask(...maps);
    expect(replies.filter(({ isError }) => isError)).toMatchObject([{ id: 256, ...refusal(errnos.ENOSPC) }]);
    expect(bench.ask(unmapCommand(1, 0n, 4096n), maps[256] ?? new Uint8Array())).toMatchObject([granted, granted]);
    expect(bench.connection.ranges).toHaveLength(256);
  });
});

describe("interrupts", () => {
  it("are writes of four bytes, each with an id of its own that its reply gives back", () => {
    const bench = connected();
    expect(bench.sink?.send({ address: 0xfee0_0000n, data: 0x4041 })).toBe(true);
    expect(bench.sink?.send({ address: 0xfee0_0000n, data: 0x4042 })).toBe(true);
    const [first, second] = bench.answers();
    expect(first).toMatchObject({ command: commands.dmaWrite, type: "command", isReplyWanted: true, size: 36 });
    expect(wordsOf(first?.payload ?? new Uint8Array())).toEqual([0xfee0_0000, 0, 4, 0, 0x4041]);
    expect(second?.id).not.toBe(first?.id);
    expect(bench.ask(clientReply(first?.id ?? 0), clientReply(second?.id ?? 0, errnos.EINVAL))).toEqual([]);
    expect(bench.connection.counts).toMatchObject({ interrupts: 2, lostInterrupts: 1 });
  });

  it("that are not answered are 256 at most; further ones are lost, until one is answered", () => {
    const bench = connected();
    for (let sent = 0; sent < limits.interrupts; sent++) expect(bench.sink?.send({ address: 0n, data: sent })).toBe(true);
    const [first] = bench.answers();
    expect(bench.sink?.send({ address: 0n, data: 0 })).toBe(false);
    expect(bench.answers()).toEqual([]);
    bench.ask(clientReply(first?.id ?? 0), clientReply(60_000));
    expect(bench.sink?.send({ address: 0n, data: 0 })).toBe(true);
    expect(bench.sink?.send({ address: 0n, data: 0 })).toBe(false);
  });

  it("ids go round, and one that waits is not given twice", () => {
    let last: Uint8Array = new Uint8Array();
    let sink: InterruptSink | null = null;
    const connection = createConnection(registerTable(), { write: (message) => ((last = message), true), beforeAccess: () => {}, attach: (way) => void (sink = way) });
    connection.receive(versionCommand(0));
    const sent = (): number => {
      sink?.send({ address: 0n, data: 0 });
      return headerOf(last).id;
    };
    const kept = sent();
    const given = new Set<number>();
    for (let count = 0; count < 0xffff; count++) {
      const id = sent();
      given.add(id);
      connection.receive(clientReply(id));
    }
    expect(given.has(kept)).toBe(false);
    expect(given.size).toBe(0xffff);
    expect(sent()).toBe((kept + 1) % 0x1_0000);
  });
});

describe("what is wrong", () => {
  it("commands that are not had are refused, and the connection goes on", () => {
    const bench = connected();
    for (const command of [0, commands.dmaRead, commands.dmaWrite, commands.dirtyPages, commands.regionWriteMulti, commands.migrationDataRead, commands.migrationDataWrite, 19, 0xffff]) expect(bench.ask(commandMessage(1, command, 64))).toMatchObject([{ command, ...refusal(errnos.ENOSYS) }]);
    expect(bench.ask(commandMessage(1, commands.deviceFeature, 8))).toMatchObject([refusal(errnos.ENOTTY)]);
    expect(bench.ask(readCommand(2, 0, 0, 1))).toMatchObject([granted]);
  });

  it("a message shorter or longer than its command needs is refused, and the connection goes on", () => {
    const bench = connected();
    const exact = { [commands.dmaMap]: 32, [commands.dmaUnmap]: 24, [commands.deviceGetInfo]: 16, [commands.deviceGetRegionInfo]: 32, [commands.deviceGetRegionIoFds]: 16, [commands.deviceGetIrqInfo]: 16, [commands.regionRead]: 16, [commands.deviceReset]: 0 };
    for (const [command, size] of Object.entries(exact)) {
      for (const wrong of [0, size - 1, size + 1, 4000].filter((one) => one >= 0 && one !== size)) expect(bench.ask(commandMessage(1, Number(command), wrong))).toMatchObject([refusal(errnos.EINVAL)]);
    }
    for (const [command, least] of [[commands.regionWrite, 16], [commands.deviceSetIrqs, 20]] as const) expect(bench.ask(commandMessage(1, command, least - 1))).toMatchObject([refusal(errnos.EINVAL)]);
    expect(bench.table.log).toEqual([]);
    expect(bench.connection.ended).toBeNull();
  });

  it("a size that no message has is refused by its id, and that is the end", () => {
    for (const size of [0, 15, limits.message + 1]) {
      const bench = connected();
      const message = readCommand(77, 0, 0, 4);
      new DataView(message.buffer).setUint32(4, size, true);
      expect(bench.ask(message, readCommand(78, 0, 0, 4))).toMatchObject([{ id: 77, ...refusal(errnos.EINVAL) }]);
      expect(bench.connection.ended).toBe(`a message of ${size} bytes came; one has 16 to 1048608`);
      expect(bench.table.log).toEqual(["went"]);
    }
  });

  it("what is neither command nor reply is refused; a reply that nobody waits for changes nothing", () => {
    const bench = connected();
    const odd = readCommand(5, 0, 0, 4);
    odd[8] = 2;
    expect(bench.ask(odd, clientReply(3), clientReply(4, 5))).toMatchObject([{ id: 5, ...refusal(errnos.EINVAL) }]);
    expect(bench.connection.counts.lostInterrupts).toBe(0);
  });

  it("a client that does not read is not obeyed: what it sent waits until it reads, and nothing is lost or done twice", () => {
    const bench = connected();
    bench.accepts = false;
    expect(bench.ask(readCommand(1, 0, 0, 4), readCommand(2, 0, 4, 4), readCommand(3, 0, 8, 4))).toMatchObject([{ id: 1 }]);
    expect(bench.connection.isBlocked).toBe(true);
    expect(bench.table.log).toHaveLength(1);
    bench.connection.resume();
    expect(bench.answers()).toMatchObject([{ id: 2 }]);
    bench.accepts = true;
    bench.connection.resume();
    expect(bench.answers()).toMatchObject([{ id: 3 }]);
    expect(bench.connection.isBlocked).toBe(false);
    expect(bench.table.log).toEqual(["read bar0+0x0/4", "read bar0+0x4/4", "read bar0+0x8/4"]);
  });
});
