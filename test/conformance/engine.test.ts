// The comparing engine on small captures written for the purpose: what must be equal is, what is planted comes out, and a rule holds for its own
// difference only.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import type { Capture } from "../../tools/conformance/capture.ts";
import { readAccesses, readCapture, readDecoders } from "../../tools/conformance/capture.ts";
import type { Tally } from "../../tools/conformance/compare.ts";
import { runCapture } from "../../tools/conformance/run.ts";
import { modules } from "../support/machine.ts";

const captures = fileURLToPath(new URL("../fixtures/captures", import.meta.url));
const line = "-device pxb-cxl,bus_nr=12,id=cxl.0 -device cxl-rp,port=0,bus=cxl.0,id=rp0 -device cxl-rp,port=1,bus=cxl.0,id=rp1 -object memory-backend-ram,id=m,size=256M -device cxl-type3,bus=rp0,id=card,sn=0x7,volatile-memdev=m -M cxl-fmw.0.targets.0=cxl.0,cxl-fmw.0.size=4G";

type Fields = Readonly<Record<string, unknown>>;

function capture(entries: readonly Fields[], cmdline = line): Capture {
  const found = readCapture("made up", JSON.stringify({ meta: { cmdline }, entries }));
  if (found === undefined) throw new Error("is no capture");
  return found;
}

const run = (entries: readonly Fields[], cmdline?: string): Tally => runCapture(modules.release, capture(entries, cmdline)).tally;
const opened = (tally: Tally) => tally.open.map(({ structure, register, field, theirs, ours }) => [[structure, register, field].filter((part) => part !== "").join("."), theirs, ours]);

/** A component block of a card with RAS and HDM decoders where ours has neither. */
const header = (fn: string) => [
  { fn, block: "comp", off: "0x1000", w: 4, op: "r", val: "0x03110001" }, { fn, block: "comp", off: "0x1004", w: 4, op: "r", val: "0x30020002" },
  { fn, block: "comp", off: "0x1008", w: 4, op: "r", val: "0x50020004" }, { fn, block: "comp", off: "0x100c", w: 4, op: "r", val: "0x60030005" },
];
const at = (offset: number): string => `0x${offset.toString(16)}`;
const ras = 0x1300;
const hdm = 0x1600;
const read = (off: number, val: string, w = 4): Fields => ({ fn: "card", block: "comp", off: at(off), w, op: "r", val });
const write = (off: number, val: string, w = 4): Fields => ({ fn: "card", block: "comp", off: at(off), w, op: "w", val });

describe("register captures", () => {
  it("places are translated by structure: the same registers at other offsets are equal", () => {
    const tally = run([...header("card"), read(ras + 4, "0x1cfff"), read(ras + 0x10, "0x7f"), read(hdm + 0x20, "0x0")]);
    expect([tally.equal, opened(tally)]).toEqual([7 + 1, []]);
  });

  it("a planted value comes out as the field that differs, and nothing else", () => {
    expect(opened(run([...header("card"), read(ras + 4, "0x1cffe"), read(hdm + 4, "0x0")]))).toEqual([["ras.uncorrectableMask.cacheDataParity", 0, 1]]);
  });

  it("several fields of a dword are several differences, and bits of no field say which field is nearest", () => {
    const tally = run([...header("card"), read(hdm + 0x20, "0x8051")]);
    expect(opened(tally)).toEqual([["hdmDecoderDevice.control.interleaveGranularity", 1, 0], ["hdmDecoderDevice.control.interleaveWays", 5, 0], ["hdmDecoderDevice.+0x20.reserved", 0x8000, 0]]);
    expect(tally.open[2]?.nearest).toBe("control.uio");
  });

  it("a dword with an explained and an unexplained field is unexplained, once", () => {
    const tally = run([...header("card"), read(hdm, "0x1b13")]);
    expect([tally.explained, tally.unexplained, [...tally.used.keys()], opened(tally)]).toEqual([0, 1, ["targets of a device's decoders"], [["hdmDecoderDevice.capability.decoderCount", 3, 2]]]);
  });

  it("lists are compared as lists: what one of them lacks, and versions", () => {
    const short = header("card").slice(0, 2).map((entry, index) => (index === 0 ? { ...entry, val: "0x01110001" } : { ...entry, val: "0x30030002" }));
    expect(opened(run(short))).toEqual([["ras.list.version", 3, 2], ["link.list", 0, 1], ["hdmDecoderDevice.list", 0, 1]]);
    expect(opened(run([...header("card").map((entry, index) => (index === 0 ? { ...entry, val: "0x04110001" } : entry)), { fn: "card", block: "comp", off: "0x1010", w: 4, op: "r", val: "0x70010007" }]))).toEqual([["component 0x7.list", 1, 0]]);
  });

  it("lists that the capture does not show whole are not compared, and the report says so", () => {
    const tally = run([header("card")[0] ?? {}, header("card")[1] ?? {}, read(ras + 4, "0x1cfff")]);
    expect([opened(tally), tally.lists, [...tally.notes]]).toEqual([[], 0, ["lists of capabilities that are not whole in the capture were not compared"]]);
  });

  it("a place in no structure of theirs is one difference where it is not 0, and a capability entry of id 0 is none", () => {
    expect(opened(run([...header("card"), read(0x1f00, "0x0"), read(0x1f04, "0x5")]))).toEqual([["no structure.+0xf04", 5, 0]]);
  });

  it("reads of 1, 2 and 8 bytes are made as they were: partial reads of a component register give 0 here", () => {
    expect(opened(run([...header("card"), read(ras + 4, "0x0", 2), read(ras + 4, "0x0", 8)]))).toEqual([]);
    expect(opened(run([...header("card"), read(ras + 4, "0xcfff", 2)])).length).toBeGreaterThan(0);
  });

  it("an 8-byte read of the link structure is explained where theirs is 0, and compared where it is not", () => {
    const explained = run([...header("card"), read(0x1500, "0x0", 8)]);
    expect([opened(explained), [...explained.used.keys()].every((id) => id.startsWith("8-byte read of link."))]).toEqual([[], true]);
    expect(opened(run([...header("card"), read(0x1500, "0x0400000000090923", 8)]))).toContainEqual(["link.capability.versionSupported", 3, 2]);
  });

  it("writes are repeated in order before what is read after them", () => {
    const tally = run([...header("card"), write(hdm + 0x18, "0x20000000"), read(hdm + 0x18, "0x20000000"), write(ras + 8, "0x0"), read(ras + 8, "0x1")]);
    expect([tally.repeated, opened(tally)]).toEqual([2, [["ras.uncorrectableSeverity.cacheDataParity", 1, 0]]]);
  });

  it("what a decoder keeps once it is locked is explained there, and only there", () => {
    const program = [write(hdm + 0x18, "0x10000000"), write(hdm + 0x20, "0x1300")];
    const locked = run([...header("card"), ...program, read(hdm + 0x20, "0x1700"), write(hdm + 0x18, "0x30000000"), read(hdm + 0x18, "0x30000000")]);
    expect([opened(locked), [...locked.used.keys()]]).toEqual([[], ["locked hdmDecoderDevice.sizeLow.size31to28"]]);
    expect(opened(run([...header("card"), write(hdm + 0x18, "0x10000000"), read(hdm + 0x18, "0x30000000")]))).toEqual([["hdmDecoderDevice.sizeLow.size31to28", 3, 1]]);
  });

  it("a commit that ours refuses is explained by a broken commit rule, and not without one", () => {
    const reserved = run([...header("card"), write(hdm + 0x20, "0x207"), read(hdm + 0x20, "0x607")]);
    expect([opened(reserved), [...reserved.used.keys()]]).toEqual([[], ["committed device decoder", "refused device decoder"]]);
    expect(opened(run([...header("card"), write(hdm + 0x20, "0x200"), read(hdm + 0x20, "0x200")]))).toEqual([["hdmDecoderDevice.control.committed", 0, 1]]);
    const second = run([...header("card"), write(hdm + 0x40, "0x300"), read(hdm + 0x40, "0x700")]);
    expect([opened(second), [...second.used.keys()]]).toEqual([[], ["committed device decoder", "refused device decoder"]]);
  });

  it("masks: the same writes here, and every step is compared", () => {
    const mask = { fn: "card", block: "comp", off: at(hdm + 0x10), w: 4, op: "mask", reset: "0x0", ones: "0xf0000000", zeros: "0x0", restored: "0x0" };
    expect(opened(run([...header("card"), mask]))).toEqual([]);
    expect(opened(run([...header("card"), { ...mask, ones: "0xf8000000", restored: "0x10000000" }]))).toEqual([["hdmDecoderDevice.+0x10.reserved", 0x800_0000, 0], ["hdmDecoderDevice.baseLow.base31to28", 1, 0]]);
  });

  it("a stretch of a block that must stay empty", () => {
    const range = { fn: "card", block: "comp", off: "0x2000", end: "0x2100", w: 4, op: "ones-range", nonzero_count: 0 };
    expect(opened(run([...header("card"), range]))).toEqual([]);
    expect(opened(run([...header("card"), { ...range, nonzero_count: 3 }]))).toEqual([["outside the CXL.cache/mem range", 3, 0]]);
  });
});

describe("captures that leave zeros out", () => {
  const long = [...header("card"), ...Array.from({ length: 16 }, () => read(ras + 4, "0x1cfff")), ...Array.from({ length: 16 }, () => read(ras + 8, "0x1cfff")), read(ras + 0x10, "0x7f"), read(ras + 0x14, "0x2200"), read(hdm, "0x1b12")];

  it("are held to them: a register of ours that is not 0 where theirs was left out is a difference", () => {
    const tally = run(long);
    expect([tally.zeros > 20, opened(tally)]).toEqual([true, []]);
    expect(opened(run(long.filter((entry) => entry["off"] !== at(ras + 0x10)))).map(([name]) => name)).toEqual(["cacheDataEcc", "memoryDataEcc", "crcThreshold", "retryThreshold", "cachePoisonReceived", "memoryPoisonReceived", "physicalLayerError"].map((field) => `ras.correctableMask.${field}`));
  });

  it("and short ones, or those with a zero in them, are not", () => {
    expect(run([...header("card"), read(hdm, "0x1b12")]).zeros).toBe(0);
    expect(run([...long, read(ras, "0x0")]).zeros).toBe(0);
  });
});

describe("config space", () => {
  const card = { fn: "card", block: "cfg", w: 4, op: "r" };
  const space = [{ ...card, off: "0x0", val: "0xd938086" }, { ...card, off: "0x34", val: "0x80" }, { ...card, off: "0x80", val: "0x20010" }, { ...card, off: "0x100", val: "0x20010003" }];
  const buses = /(primary|secondary|subordinate)Bus/;

  it("standard and extended capabilities are found by their lists, DVSECs by vendor and id", () => {
    const found = run([...space, { ...card, off: "0x200", val: "0x40010023" }, { ...card, off: "0x204", val: "0x100abcd" }, { ...card, off: "0x208", val: "0x1" }, { ...card, off: "0x400", val: "0x10023" }, { ...card, off: "0x404", val: "0x3c31e98" }, { ...card, off: "0x408", val: "0x1e0000" }]);
    expect(opened(found).filter(([name]) => /abcd|dvsecDevice|msix|aer/.test(String(name)))).toEqual([["dvsec 0xabcd:1.list", 1, 0], ["msix.list", 0, 1], ["aer.list", 0, 1], ["dvsec 0xabcd:1.+0x0", 0x4001_0023, 0], ["dvsec 0xabcd:1.+0x4", 0x100_abcd, 0], ["dvsec 0xabcd:1.+0x8", 1, 0]]);
    expect(found.open.filter((one) => one.structure.startsWith("dvsecFlex")).map((one) => one.register)).toEqual(["list"]);
  });

  it("a function is seen as nobody has touched it: its own bus numbers are 0, its parents' are set", () => {
    const port = { fn: "rp0", block: "cfg", w: 4, op: "r", off: "0x18" };
    expect(opened(run([{ ...port, val: "0x0" }, { ...card, off: "0x0", val: "0xd938086" }])).filter(([name]) => buses.test(String(name)))).toEqual([]);
    expect(opened(run([{ ...port, val: "0xd0d0c" }])).filter(([name]) => buses.test(String(name)))).toEqual([["bridgeHeader.primaryBus.value", 0xc, 0], ["bridgeHeader.secondaryBus.value", 0xd, 0], ["bridgeHeader.subordinateBus.value", 0xd, 0]]);
  });

  it("writes of a capture are repeated, of the widths that they had", () => {
    const tally = run([...space, { ...card, off: "0x4", w: 2, op: "w", val: "0x6" }, { ...card, off: "0x4", w: 2, val: "0x6" }, { ...card, off: "0x3c", w: 1, op: "w", val: "0xb" }, { ...card, off: "0x3c", w: 1, val: "0xc" }]);
    expect(opened(tally).filter(([name]) => /command|interruptLine/.test(String(name)))).toEqual([["endpointHeader.interruptLine.value", 0xc, 0xb]]);
  });

  it("MSI registers keep their meaning where the address has 32 bits: data is data", () => {
    const port = { fn: "rp0", block: "cfg", w: 4, op: "r" };
    const list = [{ ...port, off: "0x0", val: "0x70758086" }, { ...port, off: "0x34", val: "0x60" }, { ...port, off: "0x60", val: "0x01020005" }];
    const data = run([...list, { ...port, off: "0x68", w: 2, op: "w", val: "0x4021" }, { ...port, off: "0x68", w: 2, val: "0x4022" }, { ...port, off: "0x6c", val: "0x3" }]);
    expect(opened(data).filter(([name]) => String(name).startsWith("msi.") && !String(name).startsWith("msi.list"))).toEqual([["msi.data.value", 0x4022, 0x4021]]);
    expect([...data.used.keys()]).toContain("their msi mask and pending bits (MSI) on rp, dsp");
  });

  it("QEMU's own host bridge function is explained; a function of no known name is refused, one of a kind that is not modelled is counted", () => {
    const of = (fn: string) => [{ fn, block: "cfg", off: "0x0", w: 4, op: "r", val: "0x1" }];
    expect([...run(of("pxb@00:01.0")).used.keys()]).toEqual(["their function (all of pxb-cxl) on pxb-cxl"]);
    expect(() => run(of("nobody"))).toThrow(/made up, entry 1: "nobody" is nowhere in its command line; there are cxl\.0, rp0, card, rp1/);
    const tally = run(of("cci"), `${line} -device cxl-switch-mailbox-cci,bus=rp1,id=cci`);
    expect([tally.notModelled, [...tally.notes]]).toEqual([1, ["functions of kind cxl-switch-mailbox-cci are not modelled"]]);
  });
});

describe("planted differences in the project's captures", () => {
  const text = (name: string): string => readFileSync(join(captures, name), "utf8");
  const planted = (name: string, from: string, to: string) => {
    expect(text(name)).toContain(from);
    const found = readCapture(name, text(name).replace(from, to));
    return found === undefined ? [] : runCapture(modules.release, found).tally.open.filter((one) => one.finding === undefined).map((one) => `${one.structure}.${one.register}`);
  };

  it("a reset value, a write mask, a table's byte, an answer's byte and a routed point", () => {
    expect(planted("qemu/component_reset.json", '"val":"0x0001cfff"', '"val":"0x0001cffe"')).toEqual(["ras.uncorrectableMask"]);
    expect(planted("qemu/component_masks.json", '"ones":"0xf0000000"', '"ones":"0xf8000000"')).toEqual(["hdmDecoderPort.+0x10"]);
    expect(planted("qemu/cedt.json", '"raw":"000020000c0000000100', '"raw":"000020000c0000000200')).toEqual(["CHBS.version"]);
    expect(planted("qemu/doe_cdat.json", '"rsp":"0100000003000000981e0200"', '"rsp":"0100000003000000981e0300"')).toEqual(["data object.dword 2"]);
    expect(planted("qemu/datapath_sample.json", '["0x00000100","am0-vol","0x00000100","ok"]', '["0x00000100","am0-vol","0x00000200","ok"]')).toEqual(["data path.routed"]);
  });

  it("a latency that is not what unit and figure came to, whatever the unit", () => {
    expect(planted("qemu/doe_cdat.json", "0000010010270000000000000f00", "0000010010270000000000001000")).toEqual(["CDAT DSLBIS.figure"]);
    expect(planted("qemu/doe_cdat.json", "0000010010270000000000000f00", "00000100e8030000000000009600")).toEqual([]);
  });

  it("a read that would have matched a rule but for its value", () => {
    expect(planted("qemu/component_reset.json", '"val":"0x00001b12"', '"val":"0x00001b22"')).toEqual(["hdmDecoderDevice.capability"]);
    expect(planted("qemu/config_reset.json", '"val":"0x70758086"', '"val":"0x70768086"')).toEqual(["bridgeHeader.deviceId"]);
  });

  it("a structure that is gone from their list, and one that is added", () => {
    expect(planted("qemu/component_reset.json", '"val":"0x08020002"', '"val":"0x08020000"')).toContain("ras.list");
    expect(planted("qemu/config_reset.json", '"off":"0x0080","w":4,"op":"r","val":"0x00020010"', '"off":"0x0080","w":4,"op":"r","val":"0x00020099"').length).toBeGreaterThan(0);
  });

  it("a read of the driver that saw something else", () => {
    const folder = join(captures, "linux/2b-two-way-ram");
    const accesses = readAccesses("mmio.ndjson", readFileSync(join(folder, "mmio.ndjson"), "utf8").replace('"addr":"0x4c0001128","w":4,"val":"0x382"', '"addr":"0x4c0001128","w":4,"val":"0x384"'), readFileSync(join(folder, "qemu-cmdline.txt"), "utf8"), new Map([[12, 0x4_c000_0000n]]));
    expect(opened(runCapture(modules.release, accesses).tally)).toEqual([["hdmDecoderPort.capability.decoderCount", 4, 2]]);
  });

  it("a decoder that the driver left otherwise than ours takes it", () => {
    const folder = join(captures, "linux/2b-two-way-ram");
    const name = "1-region-kmem-offline.hdm-regs.txt";
    const decoders = readFileSync(join(folder, name), "utf8");
    const changed = decoders.replace("ctrl 00001610", "ctrl 00001e10");
    expect(changed).not.toBe(decoders);
    const tally = runCapture(modules.release, readDecoders(name, changed, readFileSync(join(folder, "qemu-cmdline.txt"), "utf8"))).tally;
    expect(opened(tally)).toEqual([["hdmDecoderPort.control.errorNotCommitted", 1, 0]]);
  });
});
