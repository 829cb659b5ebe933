// Device registers and mailbox transcripts written for the purpose: what must be equal is, what is planted comes out, and a rule holds in its own
// circumstance only.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { commands } from "../../registers/commands.ts";
import type { CommandName } from "../../registers/commands.ts";
import { recordLayout } from "../../registers/events.ts";
import { encodePayload, uuidFrom } from "../../src/platform/payload.ts";
import { readAccesses, readCapture } from "../../tools/conformance/capture.ts";
import type { Tally } from "../../tools/conformance/compare.ts";
import { runCapture } from "../../tools/conformance/run.ts";
import { modules } from "../support/machine.ts";

const captures = fileURLToPath(new URL("../fixtures/captures", import.meta.url));
const line = "-device pxb-cxl,bus_nr=12,id=cxl.0 -device cxl-rp,port=0,bus=cxl.0,id=rp0 -device cxl-rp,port=1,bus=cxl.0,id=rp1 -object memory-backend-ram,id=m,size=256M -object memory-backend-ram,id=p,size=256M -object memory-backend-ram,id=l,size=1M -device cxl-type3,bus=rp0,id=card,sn=0x7,volatile-memdev=m -device cxl-type3,bus=rp1,id=store,sn=0x8,persistent-memdev=p,lsa=l -M cxl-fmw.0.targets.0=cxl.0,cxl-fmw.0.size=4G";

type Fields = Readonly<Record<string, unknown>>;
function run(entries: readonly Fields[], cmdline = line): Tally {
  const found = readCapture("made up", JSON.stringify({ meta: { cmdline }, entries }));
  if (found === undefined) throw new Error("is no capture");
  return runCapture(modules.release, found).tally;
}
const opened = (tally: Tally) => tally.open.map(({ structure, register, field, theirs, ours }) => [[structure, register, field].filter((part) => part !== "").join("."), theirs, ours]);
const used = (tally: Tally): string[] => [...tally.used.keys()];

const hex = (value: number | bigint): string => `0x${value.toString(16)}`;
const text = (bytes: Uint8Array | string): string => (typeof bytes === "string" ? bytes : Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(""));
const little = (value: number | bigint, bytes: number): string => text(Uint8Array.from({ length: bytes }, (_, index) => Number((BigInt(value) >> BigInt(8 * index)) & 0xffn)));

interface Said { readonly rc?: number; readonly out?: Uint8Array | string; readonly fn?: string; readonly length?: number; readonly background?: bigint; readonly running?: boolean }
/** A command as a device answers it that does as it should. */
function cmd(name: CommandName | number, input: Uint8Array | string = "", { rc = 0, out = "", fn = "card", length, background = 0n, running = false }: Said = {}): Fields {
  const opcode = typeof name === "number" ? name : commands[name].opcode;
  const [written, answered] = [text(input), text(out)];
  return {
    fn, block: "mailbox", op: "cmd", opcode: hex(opcode), in: written, in_len: length ?? written.length / 2, rc: hex(rc), out: answered, out_len: answered.length / 2, cmd_after: hex(BigInt(opcode) | (BigInt(answered.length / 2) << 16n)),
    status: hex((BigInt(rc) << 32n) | (running ? 1n : 0n)), bg_status: hex(background), ctrl_after: "0x0",
  };
}
const reads = (fn: string, off: string, w: number, val: string): Fields => ({ fn, block: "device", op: "r", off, w, val });

/** Their device block, with capabilities in another order and at other places. */
const block = (fn: string): Fields[] => [["0x0", "0x01010000"], ["0x4", "0x2"], ["0x10", "0x14000"], ["0x14", "0x40"], ["0x18", "0x8"], ["0x20", "0x10002"], ["0x24", "0x100"], ["0x28", "0x820"]].map(([off = "", val = ""]) => reads(fn, off, 4, val));
const secondary = ["deviceStatus.list", 0, 1];

describe("device registers", () => {
  it("are found by their capability, wherever they lie", () => {
    const tally = run([...block("card"), reads("card", "0x40", 8, "0x14"), reads("card", "0x104", 4, "0x0"), reads("card", "0x108", 8, "0x0"), reads("card", "0x120", 4, "0x0")]);
    expect(opened(tally)).toEqual([secondary, ["deviceCapabilities.array.count", 2, 4]]);
  });

  it("a planted value comes out as the field that differs", () => {
    const planted = (...entries: readonly Fields[]) => opened(run([...block("card"), ...entries])).slice(2);
    expect(planted(reads("card", "0x40", 8, "0x18"))).toEqual([["memoryDeviceStatus.status.mediaStatus", 2, 1]]);
    expect(planted(reads("card", "0x100", 4, "0x3ca"))).toEqual([["primaryMailbox.capability.payloadSize", 0x0a, 0x0b]]);
    expect(planted(reads("card", "0x110", 8, "0x500000000"))).toEqual([["primaryMailbox.status.returnCode", 5, 0]]);
    expect(planted(reads("card", "0x20", 4, "0x30002"))).toEqual([["deviceHeader.header.version", 3, 1]]);
    expect(planted({ ...reads("card", "0x120", 4, "0x0"), op: "w", val: "0x5" }, reads("card", "0x120", 4, "0x6"))).toEqual([["mailboxPayload.payload.bytes", 6, 5]]);
    expect(planted({ fn: "card", block: "device", op: "mask", off: "0x104", w: 4, reset: "0x0", ones: "0x6", zeros: "0x2", restored: "0x0" })).toEqual([["primaryMailbox.control.doorbellInterrupt", 1, 0]]);
  });

  it("what QEMU repeats, drops or keeps is explained where it does so, and nowhere else", () => {
    expect(used(run([...block("card"), reads("card", "0x44", 4, "0x14")]))).toContain("memory device status repeated, high");
    expect(opened(run([...block("card"), reads("card", "0x44", 4, "0x1415")])).slice(2)).toEqual([["memoryDeviceStatus.+0x4.reserved", 0x1415, 0]]);
    const command = (w: number): Fields => ({ fn: "card", block: "device", op: "w", off: "0x108", w, val: "0x300" });
    expect(used(run([...block("card"), command(4), reads("card", "0x108", 8, "0x0")]))).toContain("opcode written by dwords");
    expect(opened(run([...block("card"), command(8), reads("card", "0x108", 8, "0x0")])).slice(2)).toEqual([["primaryMailbox.command.opcode", 0, 0x300]]);
  });

  it("a write that ended the emulator leaves ours alive, and the machine starts anew behind it", () => {
    const tally = run([...block("card"), { fn: "card", block: "device", op: "w", off: "0x104", w: 4, val: "0x2" }, { fn: "card", block: "device", op: "abort", off: "0x105", w: 1, val: "0x1" }, reads("card", "0x104", 4, "0x0")]);
    expect([opened(tally).slice(2), used(tally)]).toEqual([[], ["secondary mailbox", "narrow write to the control register"]]);
  });
});

const empty = new Uint8Array(0x20);
const range = (address: bigint | number, lines: bigint | number): string => little(address, 8) + little(lines, 8);
/** An answer of Get Poison List. */
const list = (...stretches: readonly (readonly [address: number, lines: number])[]): string => `00000000000000000000${little(stretches.length, 2)}${"00".repeat(0x14)}${stretches.map(([address, lines]) => little(address, 8) + little(lines, 4) + little(0, 4)).join("")}`;

describe("commands", () => {
  it("that a device answers as it should are equal in code, registers and output", () => {
    const tally = run([
      cmd("getTimestamp", "", { out: "00".repeat(8) }), cmd("getTimestamp", "00", { rc: 0x16 }), cmd(0xc000, "", { rc: 3 }), cmd("getEventRecords", "00", { out: empty }), cmd("getEventRecords", "07", { rc: 2 }),
      cmd("getPoisonList", range(0, 0x40_0000), { out: list() }), cmd("getSecurityState", "", { out: "00000000" }), cmd("getLabels", little(0, 4) + little(4, 4), { fn: "store", out: "00000000" }), cmd("transferFirmware", "", { length: 0xfffff, rc: 0x16 }),
    ]);
    expect([tally.equal, opened(tally), used(tally)]).toEqual([9, [], []]);
  });

  it("a planted code, field, length, register or bit comes out under its name", () => {
    const one = (entry: Fields) => opened(run([entry]));
    expect(one(cmd("getTimestamp", "00", { rc: 2 }))).toEqual([["getTimestamp.returnCode.value", 2, 0x16]]);
    expect(one(cmd(0xc000, "", { rc: 2 }))).toEqual([["opcode 0xc000.returnCode.value", 2, 3]]);
    expect(one(cmd("getTimestamp", "", { out: little(5, 8) }))).toEqual([["getTimestamp.output.timestamp", 5, 0]]);
    expect(one(cmd("getSecurityState", "", { out: "0000" }))).toEqual([["getSecurityState.output.length", 2, 4]]);
    expect(one(cmd("getEventRecords", "00", { out: encodePayload({ ...commands.getEventRecords.output }, { overflowCount: 3, flags: 4 }) }))).toEqual([["getEventRecords.output.flags reserved", 4, 0], ["getEventRecords.output.overflowCount", 3, 0]]);
    expect(one({ ...cmd("getSecurityState", "", { out: "00000000" }), ctrl_after: "0x1" })).toEqual([["primaryMailbox.control.doorbell", 1, 0]]);
    expect(one({ ...cmd("getSecurityState", "", { out: "00000000" }), bg_status: "0x320000" })).toEqual([["primaryMailbox.background.percentage", 0x32, 0]]);
    expect(one({ ...cmd(0xc000, "", { rc: 3 }), cmd_after: "0x2c000" })).toEqual([["primaryMailbox.command.payloadLength", 2, 0]]);
    expect(one(cmd("getLabels", little(0, 4) + little(4, 4), { fn: "store", out: "00050000" }))).toEqual([["getLabels.output.data", 5, 0]]);
  });

  it("effects are compared command by command", () => {
    const entries = [["0x0100", "0x0000", "Get Event Records"], ["0x0101", "0x0030", "Clear Event Records"]];
    const found = opened(run([{ fn: "card", block: "mailbox", op: "cel", entries }]));
    expect(found.slice(0, 2)).toEqual([["commandEffects.abortBackground.listed", 0, 1], ["commandEffects.clearEventRecords.securityState", 1, 0]]);
    expect(found.slice(2).every(([name, theirs, ours]) => String(name).endsWith(".listed") && theirs === 0 && ours === 1)).toBe(true);
  });

  it("a rule of a return code holds in its circumstance only", () => {
    const inject = (address: bigint, rc: number) => cmd("injectPoison", little(address, 8), { rc });
    expect([opened(run([inject(0x41n, 0)])), used(run([inject(0x41n, 0)]))]).toEqual([[], ["Inject Poison (0x4301), unaligned address: success there, invalidInput here"]]);
    expect(used(run([inject(1n << 40n, 0)]))).toEqual(["Inject Poison (0x4301), beyond the capacity: success there, invalidPhysicalAddress here"]);
    expect(opened(run([inject(0x40n, 2)]))).toEqual([["injectPoison.returnCode.value", 2, 0]]);
    expect(opened(run([inject(0x41n, 0x10)]))).toEqual([["injectPoison.returnCode.value", 0x10, 2]]);
    expect(opened(run([cmd("clearEventRecords", "000000000000", { rc: 0x16 })]))).toEqual([["clearEventRecords.returnCode.value", 0x16, 0]]);
  });

  it("the clock counts on from what it was set to, and from nothing else", () => {
    const set = cmd("setTimestamp", little(1_000_000n, 8));
    expect(used(run([set, cmd("getTimestamp", "", { out: little(5_000_000_000n, 8) })]))).toEqual(["timestamp"]);
    expect(opened(run([set, cmd("getTimestamp", "", { out: little(999_999n, 8) })])).map(([name]) => name)).toEqual(["getTimestamp.output.timestamp"]);
  });

  it("one explained difference brings no others: what theirs refused is taken back, what ours refused is sent as it should be", () => {
    const alerts = (life: number, rc: number) => cmd("setAlerts", `0101${little(life, 1)}${"00".repeat(9)}`, { rc });
    const config = (warning: number) => cmd("getAlerts", "", { out: `001f4b${little(warning, 1)}23000a0019001400${"00".repeat(4)}` });
    expect(opened(run([config(40), alerts(80, 2), alerts(60, 0), config(60)]))).toEqual([]);
    expect(opened(run([config(40), alerts(60, 0), config(61)]))).toEqual([["getAlerts.output.lifeUsedWarning", 61, 60]]);
    expect(opened(run([cmd("injectPoison", little(0x1041, 8)), cmd("getPoisonList", range(0, 0x40_0000), { out: list([0x1043, 1]) })]))).toEqual([]);
  });
});

describe("poison", () => {
  const inject = [0x40, 0x80, 0x2000].map((address) => cmd("injectPoison", little(address, 8)));
  const asked = (out: string, ...entries: readonly Fields[]) => run([...inject, ...entries, cmd("getPoisonList", range(0, 0x40_0000), { out })]);

  it("is compared as lines: records in any order and number are one list", () => {
    expect([opened(asked(list([0x2003, 1], [0x43, 2]))), opened(asked(list([0x2003, 1], [0x83, 1], [0x43, 1])))]).toEqual([[], []]);
  });

  it("a line too few, one too many, another length or source comes out", () => {
    expect(opened(asked(list([0x2003, 1], [0x43, 1])))).toContainEqual(["getPoisonList.item.listed", 0, 1]);
    expect(opened(asked(list([0x2003, 1], [0x43, 2], [0x3003, 1])))).toContainEqual(["getPoisonList.item.listed", 1, 0]);
    expect(opened(asked(list([0x2002, 1], [0x43, 2])))).toContainEqual(["getPoisonList.item.source", 2, 3]);
  });

  it("that theirs took and ours refused is explained until it is cleared", () => {
    const beyond = cmd("injectPoison", little(1n << 40n, 8));
    const tally = run([...inject, beyond, cmd("getPoisonList", range(1n << 40n, 1), { out: list([2 ** 40 + 3, 1]) })]);
    expect([opened(tally), used(tally)]).toEqual([[], expect.arrayContaining(["Inject Poison (0x4301), beyond the capacity: success there, invalidPhysicalAddress here", "Get Poison List (0x4300), beyond the capacity: success there, invalidPhysicalAddress here"])]);
    const twice = [cmd("injectPoison", little(0x40, 8)), cmd("injectPoison", little(0x41, 8)), cmd("clearPoison", little(0x40, 8) + "00".repeat(64))];
    const left = (out: string) => run([...twice, cmd("getPoisonList", range(0, 0x40_0000), { out })]);
    expect([opened(left(list([0x43, 1]))), used(left(list([0x43, 1])))]).toEqual([[], expect.arrayContaining(["lines that ours refused"])]);
    expect(opened(left(list([0x83, 1])))).toContainEqual(["getPoisonList.item.listed", 1, 0]);
  });

  it("injected up to a limit is injected here too, and both count", () => {
    const limit = (injected: number) => ({ fn: "card", block: "mailbox", op: "limit", injected, rc: 16 });
    const refused = cmd("injectPoison", little(0x20_0000, 8), { rc: 0x10 });
    expect([opened(run([refused, limit(256)])), opened(run([limit(256)]))]).toEqual([[], []]);
    expect(opened(run([refused, limit(255)]))).toEqual([["injectPoison.limit.injected", 255, 256]]);
  });

  it("from outside is injected, and what a Clear writes is in the backing file", () => {
    const entries = [
      { fn: "card", block: "mailbox", op: "qmp", note: "cxl-inject-poison start 0x4000 length 0x80", result: { return: {} } }, cmd("getPoisonList", range(0, 0x40_0000), { out: list([0x4002, 2]) }),
      cmd("clearPoison", little(0x4000, 8) + "ab".repeat(64)), { fn: "card", block: "mailbox", op: "backing", note: "bytes at 0x4000", files: { "card-vol.bin": ["abababab"] } },
    ];
    expect(opened(run(entries))).toEqual([]);
    expect(opened(run([...entries.slice(0, 3), { ...entries[3], files: { "card-vol.bin": ["ababab00"] } }]))).toEqual([["media.backing.byte", 0, 0xab]]);
    expect(() => run([{ ...entries[3], note: "bytes somewhere" }])).toThrow(/made up, entry 1: has bytes of 1 places of "card-vol.bin", and its note names 0; name each like 0x40/);
    expect(() => run([{ ...entries[3], files: { "attic.bin": ["00"] } }])).toThrow(/names the backing file "attic.bin"; files are named after the devices/);
  });
});

describe("events", () => {
  const record = (handle: number, change: Fields = {}): string => text(encodePayload(recordLayout("dram"), { id: uuidFrom("601dcbb3-9c06-4eab-b8af-4e9bfb5c9624"), length: 0x80, flags: 2, handle, address: 0x1001, row: 7, ...change } as never));
  const injected = { fn: "card", block: "mailbox", op: "qmp", note: "cxl-inject-dram-event log=failure", result: { return: {} } };
  const get = (...records: readonly string[]) => cmd("getEventRecords", "02", { out: text(encodePayload(commands.getEventRecords.output, { count: records.length })) + records.join("") });
  const clear = (...handles: readonly number[]) => cmd("clearEventRecords", `0200${little(handles.length, 1)}000000${handles.map((handle) => little(handle, 2)).join("")}`);

  it("from outside are what the transcript shows of them; handles are each device's own", () => {
    const tally = run([injected, injected, get(record(41), record(42)), clear(41), get(record(42)), clear(42), get()]);
    expect([opened(tally), used(tally)]).toEqual([[], ["handle of a record (dram)"]]);
  });

  it("one that is still there, or gone, or changed since, comes out", () => {
    expect(opened(run([injected, injected, get(record(41), record(42)), clear(41), get(record(41), record(42))]))).toContainEqual(["getEventRecords.output.count", 2, 1]);
    expect(opened(run([injected, get(record(41)), get(record(41, { row: 8 }))]))).toEqual([["dram.record.row", 8, 7]]);
  });

  it("that ours logs of itself are told and taken away", () => {
    const tally = run([cmd("injectPoison", little(0x40, 8)), cmd("getEventRecords", "00", { out: empty })]);
    expect([opened(tally), used(tally)]).toEqual([[], ["events of injected poison"]]);
  });
});

describe("background operations", () => {
  const part = (action: number) => `${little(action, 1)}02${"00".repeat(126)}${"41".repeat(128)}`;
  const begun = cmd("transferFirmware", part(1), { rc: 1, running: true, background: 0x201n });
  const bg = (background: string, status: string) => ({ fn: "card", block: "mailbox", op: "bg", bg_status: background, mailbox_status: status });

  it("ours waits where theirs had ended, and does not where theirs is at it", () => {
    expect(opened(run([begun, bg("0x00000201", "0x100000001"), bg("0x00640201", "0x100000000")]))).toEqual([]);
    expect(used(run([begun, bg("0x00320201", "0x100000001")]))).toEqual(["percentage of an operation under way"]);
    expect(opened(run([begun, bg("0x0000000200640201", "0x100000000")]))).toEqual([["primaryMailbox.background.returnCode", 2, 0]]);
  });

  it("another one is refused meanwhile, by both", () => {
    expect(opened(run([begun, cmd("transferFirmware", part(2), { rc: 6, running: true, background: 0x201n })]))).toEqual([]);
  });
});

describe("steps in words", () => {
  const seq = (note: string, ...vals: readonly string[]) => ({ fn: "card", block: "mailbox", op: "seq", note, vals });

  it("known sequences are repeated; others are counted and named", () => {
    expect(opened(run([seq("doorbell written twice for one command", "0x0", "0x300", "0x1600000000")]))).toEqual([]);
    expect(opened(run([seq("doorbell written twice for one command", "0x0", "0x80300", "0x0")]))).not.toEqual([]);
    const tally = run([seq("stands on its head", "0x0", "0x0", "0x0"), { fn: "card", block: "mailbox", op: "qmp", note: "device_del card", result: { return: {} } }]);
    expect([tally.notModelled, [...tally.notes].slice(0, 2)]).toEqual([2, ['a sequence is told in words that are not known here: "stands on its head"', 'an injection is told in words that are not known here: "device_del card"']]);
  });

  it("a crash that is known is explained, another is not, and every device starts anew behind it", () => {
    const crash = (name: CommandName, input = "") => ({ fn: "card", block: "mailbox", op: "crash", opcode: hex(commands[name].opcode), in: input, in_len: input.length / 2 });
    expect(opened(run([cmd("injectPoison", little(0x40, 8)), crash("performMaintenance"), cmd("getPoisonList", range(0, 0x40_0000), { out: list() })]))).toEqual([]);
    expect(opened(run([crash("getTimestamp")]))).toEqual([["getTimestamp.returnCode.value", -1, 0]]);
  });

  it("mailboxes of other functions are counted, functions that are none are refused", () => {
    const tally = run([cmd("getTimestamp", "", { fn: "cci" })], `${line} -device cxl-switch-mailbox-cci,bus=rp1,id=cci`);
    expect([tally.notModelled, [...tally.notes][0]]).toEqual([1, "mailboxes of functions of kind cxl-switch-mailbox-cci are not modelled"]);
    expect(() => run([cmd("getTimestamp", "", { fn: "rp0" })])).toThrow(/made up, entry 1: "rp0" has no mailbox here; devices of its command line are card, store/);
  });
});

describe("what is refused", () => {
  it("operations that are none, and entries that are not whole", () => {
    const good = cmd("getSecurityState", "", { out: "00000000" });
    expect(() => run([{ ...good, op: "sing" }])).toThrow(/made up, entry 1: is of no kind that is known here/);
    expect(() => run([{ ...good, out_len: 5 }])).toThrow('made up, entry 1: "out" has 4 bytes, "out_len" says 5; is the entry whole?');
    expect(() => run([{ ...good, in: "00" }])).toThrow('made up, entry 1: "in" has 1 bytes, "in_len" says 0; is the entry whole?');
    expect(() => run([{ ...good, status: undefined }])).toThrow('made up, entry 1: has no "status"; give a number like "0x10"');
    expect(() => run([{ fn: "card", block: "mailbox", op: "qmp", note: "x", result: "yes" }])).toThrow('made up, entry 1: "result" is "yes"; give an object');
    expect(() => run([{ fn: "card", block: "mailbox", op: "r", off: "0x10000", w: 8, val: "0x0" }])).toThrow('made up, entry 1: "off" is 0x10000, and a mailbox with its payload has 2080 bytes');
    expect(() => run([{ fn: "card", block: "mailbox", op: "qmp", note: "cxl-inject-poison start 0x10 length 0x40", result: { return: {} } }])).toThrow(/entry 1: "cxl-inject-poison start 0x10 length 0x40" was taken there, but is no whole lines of 64 bytes/);
    expect(() => run([reads("rp0", "0x0", 4, "0x0")])).toThrow('made up, entry 1: "rp0" has no device block: it is no cxl-type3');
    expect(() => run([{ fn: "card", block: "device", op: "sing", off: "0x0", w: 4 }])).toThrow(/entry 1: is of no kind/);
  });
});

describe("planted differences in the project's captures", () => {
  const planted = (name: string, from: string, to: string) => {
    const content = readFileSync(join(captures, name), "utf8");
    expect(content).toContain(from);
    const found = readCapture(name, content.replace(from, to));
    return found === undefined ? [] : opened(runCapture(modules.release, found).tally);
  };

  it("of a transcript: an effect, an output, a code", () => {
    expect(planted("qemu/mailbox_volA.json", '"opcode":"0x4500","name":"Get Security State","in":"","in_len":0,"rc":"0x00","rc_name":"Success","out":"00000000"', '"opcode":"0x4500","name":"Get Security State","in":"","in_len":0,"rc":"0x00","rc_name":"Success","out":"01000000"')).toEqual([["getSecurityState.output.state", 1, 0]]);
    expect(planted("qemu/mailbox_volA.json", '["0x0101","0x0010","Clear Event Records"]', '["0x0101","0x0011","Clear Event Records"]')).toEqual([["commandEffects.clearEventRecords.configurationAfterColdReset", 1, 0]]);
  });

  it("of a driver's commands: a field of an output, an effect in the log, a return code, a register, the end of an operation", () => {
    const folder = join(captures, "linux/2b-two-way-ram");
    const lines = readFileSync(join(folder, "mmio.ndjson"), "utf8").split("\n");
    const mailbox = (offset: string, op: string) => new RegExp(`"op":"${op}","block":"device/mailbox","addr":"0x[0-9a-f]+${offset}"`);
    /** The first read of a place behind the first command of an opcode. */
    const driver = (opcode: string, offset: string, val: string) => {
      const sent = lines.findIndex((one) => mailbox("090", "w").test(one) && one.includes(`"val":"${opcode}"`));
      const at = lines.findIndex((one, index) => index > sent && mailbox(offset, "r").test(one));
      expect([sent >= 0, at > sent]).toEqual([true, true]);
      const changed = lines.map((one, index) => (index === at ? one.replace(/"val":"0x[0-9a-f]+"/, `"val":"${val}"`) : one)).join("\n");
      return opened(runCapture(modules.release, readAccesses("mmio.ndjson", changed, readFileSync(join(folder, "qemu-cmdline.txt"), "utf8"), new Map([[12, 0x4_c000_0000n]]))).tally);
    };
    const scan = (percentage: string, code: string): string[] => [
      ["w", "0a8", 8, "0x0"], ["w", "0b0", 8, "0x400000"], ["w", "0b8", 1, "0x0"], ["w", "090", 8, "0x114304"], ["w", "08c", 4, "0x1"], ["r", "08c", 4, "0x0"], ["r", "098", 8, "0x100000001"],
      ["r", "0a0", 8, `0x${percentage}4304`], ["r", "098", 8, "0x100000000"], ["r", "0a0", 8, `0x${code}00644304`],
    ].map(([op, at, w, val]) => JSON.stringify({ k: "mmio", op, block: "device/mailbox", addr: `0xfe010${String(at)}`, w, val }));
    const scanned = (...given: readonly [string, string]) => runCapture(modules.release, readAccesses("mmio.ndjson", [...lines, ...scan(...given)].join("\n"), readFileSync(join(folder, "qemu-cmdline.txt"), "utf8"), new Map([[12, 0x4_c000_0000n]]))).tally;
    expect([opened(scanned("", "")), used(scanned("14", "")).includes("percentage of an operation under way"), opened(scanned("", "2"))]).toEqual([[], true, [["primaryMailbox.background.returnCode", 2, 0]]]);
    expect(driver("0x4000", "0b8", "0x3")).toEqual([["identifyMemoryDevice.output.totalCapacity", 3, 1]]);
    expect(driver("0x180401", "0ac", "0x10100")).toEqual([["commandEffects.getEventRecords.configurationAfterColdReset", 1, 0]]);
    expect(driver("0x400", "098", "0x500000001")).toEqual([["getSupportedLogs.returnCode.value", 5, 0]]);
    expect(driver("0x400", "08c", "0x2")).toEqual([["primaryMailbox.control.doorbellInterrupt", 1, 0]]);
  });
});
