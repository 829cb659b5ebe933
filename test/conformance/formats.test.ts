// Captures as files: command lines, what is refused and how it is said, small copies, and the command.

import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { BusTree, busAddress } from "../../tools/conformance/bus-tree.ts";
import { CaptureError, readAccesses, readCapture, readDecoders } from "../../tools/conformance/capture.ts";
import { compactJson, shorten } from "../../tools/conformance/compact.ts";
import { conformance } from "../../tools/conformance/command.ts";
import { refusedBy } from "../../tools/conformance/decoder-values.ts";
import { functionsOf, machineOf, readTopology } from "../../tools/conformance/topology.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const captures = join(root, "test/fixtures/captures");
const nowhere = { bridges: new Map<number, bigint>(), windows: [] };
const error = (work: () => unknown): string => {
  try {
    work();
  } catch (thrown) {
    if (thrown instanceof CaptureError) return thrown.message;
    throw thrown;
  }
  return "nothing was refused";
};

describe("command lines", () => {
  const line = "-device pxb-cxl,bus_nr=20,id=a -device cxl-rp,port=3,bus=a,id=r -device cxl-upstream,bus=r,id=u,sn=0x9 -device cxl-downstream,port=5,bus=u,id=d -object memory-backend-ram,id=m,size=1G -object memory-backend-file,id=p,size=512M -object memory-backend-ram,id=l,size=1M -device cxl-type3,bus=d,id=t,sn=0x1122334455667788,volatile-memdev=m,persistent-memdev=p,lsa=l -M cxl-fmw.0.targets.0=a,cxl-fmw.0.size=8G,cxl-fmw.0.interleave-granularity=4k";

  it("become the topology they describe: bridges, switches, sizes, serial numbers, windows", () => {
    const machine = machineOf(readTopology("x", line), nowhere);
    expect([...functionsOf(machine)]).toEqual([["a", "hb"], ["r", "rp"], ["u", "usp"], ["d", "dsp"], ["t", "type3"]]);
    expect(machine.hostBridges[0]).toMatchObject({ uid: 20, busStart: 20, busEnd: 255, decoders: 0, rootPorts: [{ portNumber: 3, slots: [{ kind: "switch", serial: 9n, ports: [{ portNumber: 5, slots: [{ serial: 0x1122_3344_5566_7788n, volatileCapacity: 1n << 30n, persistentCapacity: 512n << 20n, labelArea: 1n << 20n }] }] }] }] });
    expect(machine.windows[0]).toMatchObject({ size: 8n << 30n, granularity: 4096, targets: [0] });
  });

  it("quotes hold blanks together, -M and -machine both have windows, host bridges share the buses", () => {
    const machine = machineOf(readTopology("x", `qemu -append 'console=ttyS0 -device cxl-rp,bus=no,id=no' -machine q35,cxl=on ${line} -device pxb-cxl,bus_nr=0x80,id=b -device cxl-rp,bus=b,id=r1 -device cxl-rp,bus=b,id=r2 -M cxl-fmw.1.targets.0=a,cxl-fmw.1.targets.1=b,cxl-fmw.1.size=1G`), nowhere);
    expect(machine.hostBridges.map(({ busStart, busEnd, decoders }) => [busStart, busEnd, decoders])).toEqual([[20, 127, 0], [128, 255, 4]]);
    expect(machine.windows.map(({ base, targets }) => [base, targets])).toEqual([[0x1_1000_0000n, [0]], [0x3_1000_0000n, [0, 1]]]);
    expect(machine.hostBridges[1]?.rootPorts.map(({ portNumber, present }) => [portNumber, present])).toEqual([[0, false], [1, false]]);
  });

  it("hdm_for_passthrough gives a bridge with one root port its decoders", () => {
    expect(machineOf(readTopology("x", line.replace("id=a ", "id=a,hdm_for_passthrough=true ")), nowhere).hostBridges[0]?.decoders).toBe(4);
  });

  it("what they leave open or get wrong is said with a remedy", () => {
    expect(error(() => readTopology("f", "-M q35"))).toMatch(/^f, command line: has no pxb-cxl; the topology is read from/);
    expect(error(() => readTopology("f", line.replace("bus=d,id=t", "bus=q,id=t")))).toBe('f, command line: "t" (cxl-type3) is on bus "q", which nothing has; it goes on a cxl-rp or cxl-downstream');
    expect(error(() => readTopology("f", line.replace("bus=d,id=t", "bus=u,id=t")))).toMatch(/is on bus "u", a cxl-upstream; it goes on a/);
    expect(error(() => readTopology("f", line.replace("size=1G", "size=big")))).toBe('f, command line: the size of "m" is "big"; write it like 256M');
    expect(error(() => machineOf(readTopology("f", line.replace("volatile-memdev=m", "volatile-memdev=mm")), nowhere))).toMatch(/"t" has volatile-memdev=mm, but there is no -object memory-backend/);
    expect(error(() => machineOf(readTopology("f", line.replace("targets.0=a", "targets.0=z")), nowhere))).toMatch(/window 0 has the target "z", which is no pxb-cxl; there are a/);
    expect(error(() => readTopology("f", `${line} -device cxl-rp,bus=a,id=r9,addr=0.0`))).toMatch(/"r9" has no place of its own on the bus of "a"/);
  });

  it("functions lie where QEMU puts them: addr= or the next free device; bus numbers are those written last", () => {
    const topology = readTopology("x", "-device pxb-cxl,bus_nr=12,id=a -device cxl-rp,bus=a,id=r0,addr=2 -device cxl-rp,bus=a,id=r1 -device cxl-rp,bus=a,id=r2,addr=0x3.1 -object memory-backend-ram,id=m,size=256M -device cxl-type3,bus=r1,id=t,volatile-memdev=m");
    expect(topology.functions.map(({ id, devfn }) => [id, devfn])).toEqual([["r0", 0x10], ["r1", 0], ["r2", 0x19], ["t", 0]]);
    const tree = new BusTree(topology);
    const at = (bdf: string) => tree.locate(busAddress(bdf).bus, busAddress(bdf).devfn)?.function.id;
    expect([at("0c:02.0"), at("0c:00.0"), at("0c:03.1"), at("0d:00.0")]).toEqual(["r0", "r1", "r2", undefined]);
    tree.note("r1", 0x18, 4, 0xff0d_0d0cn);
    expect(at("0d:00.0")).toBe("t");
    tree.note("r1", 0x19, 1, 0x21n);
    expect([at("0d:00.0"), at("21:00.0")]).toEqual([undefined, "t"]);
  });
});

describe("what is refused", () => {
  const entry = { fn: "a", block: "cfg", off: "0x0", w: 4, op: "r", val: "0x1" };
  const json = (...entries: readonly unknown[]) => error(() => readCapture("f.json", JSON.stringify({ meta: { cmdline: "" }, entries })));

  it("JSON that is none, without entries, or with an entry of no known kind", () => {
    expect(error(() => readCapture("f.json", '{"entries": ['))).toMatch(/^f\.json: not JSON \(.*\); is the file whole\?$/);
    expect(readCapture("f.json", "[1]")).toBeUndefined();
    expect(json()).toBe("f.json: has no entries; is the capture whole?");
    expect(json(entry, 7)).toMatch(/^f\.json, entry 2: is no object; an entry looks like/);
    expect(json(entry, { colour: "red", size: 1 })).toMatch(/^f\.json, entry 2: is of no kind that is known here \(it has colour, size\)/);
  });

  it.each([
    ["off", "zz", 'entry 1: "off" is "zz"; give a number like "0x10"'], ["off", undefined, 'entry 1: has no "off"; give a number like "0x10"'], ["w", 3, 'entry 1: "w" is 3; give 1, 2, 4 or 8'], ["val", "12", 'entry 1: "val" is "12"; give a number like "0x10"'],
    ["val", -1, 'entry 1: "val" is -1; give a number like "0x10"'], ["fn", "", 'entry 1: "fn" is ""; give a name'],
  ])("an entry whose %s is %s", (key, value, message) => {
    expect(json({ ...entry, [key]: value })).toBe(`f.json, ${message}`);
  });

  it("entries of the other kinds", () => {
    expect(json({ op: "exchange", fn: "a", req: ["0x1"], rsp: "0z" })).toMatch(/"rsp" is "0z"; give bytes as pairs/);
    expect(json({ type: "CHBS", raw: "012" })).toMatch(/"raw" is "012"; give bytes as pairs/);
    expect(json({ case: "c", hpa_base: "0x0", cfmw: { targets: [], size: 1 }, program: [], rows: [] })).toMatch(/"cfmw" is .*; give an object with targets and size/);
    expect(json({ case: "c", hpa_base: "0x0", cfmw: { targets: ["a"], size: 1 }, program: [["a", "0x0"]], rows: [] })).toMatch(/"program" is .*; give a list of \[component/);
    expect(json({ case: "c", hpa_base: "0x0", cfmw: { targets: ["a"], size: 1 }, program: [], rows: [["0x0", "f"]] })).toMatch(/"rows" is .*; give a list of \["0xOFFSET"/);
    expect(json({ ...entry, op: "mask", block: "comp", reset: "0x0", ones: "0x0", zeros: "0x0" })).toMatch(/has no "restored"/);
  });

  it("lines of accesses and of decoders, with their number", () => {
    const good = '{"k":"cfg","op":"r","dev":"cxl-rp","bdf":"0c:00.0","off":"0x0","val":"0x1","w":2}';
    const accesses = (text: string) => error(() => readAccesses("mmio.ndjson", text, "", new Map()));
    expect(accesses(`${good}\n\n{"k":`)).toMatch(/^mmio\.ndjson, line 3: not JSON/);
    expect(accesses(`${good}\n${good.replace("0c:00.0", "12")}`)).toMatch(/^mmio\.ndjson, line 2: "bdf" is "12"; give a PCI address like "0d:00\.0"/);
    expect(accesses(`${good}\n{"fn":"a","block":"cfg","off":"0x0","w":4,"op":"r","val":"0x1"}`)).toMatch(/line 2: is no access; a line looks like/);
    expect(accesses("\n")).toMatch(/has no accesses/);
    const decoders = readFileSync(join(captures, "linux/3-ok-nosr/s1-programmed.hdm-regs.txt"), "utf8");
    expect(readDecoders("d.txt", decoders, "").entries).toHaveLength(17);
    expect(error(() => readDecoders("d.txt", decoders.replace("dec1: base", "dec1: bass"), ""))).toMatch(/^d\.txt, line 3: is neither "NAME: cap/);
    expect(error(() => readDecoders("d.txt", "", ""))).toBe("d.txt: has no decoders; is the file whole?");
  });
});

describe("commit rules that QEMU does not check", () => {
  const decoder = { base: 0n, size: 1n << 28n, control: 0x1200, targets: 0x0100n };
  const [port, device] = [{ isDevice: false, targetCount: 4 }, { isDevice: true, targetCount: 0 }];
  const rule = (control: number, limits = port, overrides: Partial<typeof decoder> = {}) => refusedBy([{ ...decoder, control, ...overrides }], 0, limits)?.split(":")[0];

  it("reserved encodings and more ways than targets are refused with and without a lock (C11)", () => {
    expect([rule(0x207), rule(0x240), rule(0x230), rule(0x280, device), rule(0x250, device), rule(0x216)]).toEqual(["C11", "C11", "C11", undefined, "C11", undefined]);
  });

  it("order, wrap, thirds and targets only with a lock (C2)", () => {
    const first = { ...decoder, control: 0x1700 };
    const second = (overrides: object, before = first) => refusedBy([before, { ...decoder, base: 1n << 28n, control: 0x1300, ...overrides }], 1, port)?.split(":")[0];
    expect([second({}), second({ base: 0n }), second({ base: 0n, control: 0x1200 }), second({}, { ...first, control: 0x1000 })]).toEqual([undefined, "C2 (a)", undefined, "C2 (e)"]);
    expect([rule(0x1300, port, { base: (1n << 64n) - (1n << 28n), size: 2n << 28n }), rule(0x380, device, { size: 1n << 28n }), rule(0x380, device, { size: 3n << 28n }), rule(0x310, port, { targets: 0x0101n }), rule(0x210, port, { targets: 0x0101n })]).toEqual(["C2 (b)", "C2 (c)", undefined, "C2 (d)", undefined]);
  });
});

describe("small copies", () => {
  it("command lines keep what builds the machine and lose where it ran", () => {
    expect(shorten("qemu-system-x86_64 -accel tcg,thread=multi -kernel A/vmlinuz -append 'a -b c' -serial file:x -qmp unix:q,server=on -nodefaults -M q35,cxl=on -object memory-backend-file,id=m,mem-path=/tmp/m.bin,size=1G -device cxl-rp,id=r")).toBe("qemu-system-x86_64 -M q35,cxl=on -object memory-backend-file,id=m,size=1G -device cxl-rp,id=r");
  });

  it("equal readings are kept once, a sequence as it is, and what is no capture is left", () => {
    const read = { fn: "a", op: "r", off: "0x0", val: "0x1", w: 4, block: "cfg" };
    const lines = (entries: readonly object[]) => compactJson(JSON.stringify({ meta: { qemu: "11", what: "w", cmdline: "x -qtest y" }, entries }))?.trim().split("\n").length;
    expect([lines([read, read]), lines([read, { ...read, op: "w" }, read]), compactJson("[]"), compactJson('{"a":1}')]).toEqual([3, 5, undefined, undefined]);
  });

  it("a copy of a copy is the copy, and both say the same to the tool", () => {
    const text = readFileSync(join(captures, "qemu/component_masks.json"), "utf8");
    expect(compactJson(text)).toBe(text);
  });
});

describe("npm run conformance", () => {
  const tool = join(root, "dist/tools/conformance/main.js");
  let folder = "";
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "cxl-conformance-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
  const built = (...argv: string[]) => spawnSync(process.execPath, [tool, ...argv], { encoding: "utf8" });
  /** The same in this process. */
  const run = (...argv: string[]) => conformance(argv, root);
  const copy = (name: string, to = name): void => {
    mkdirSync(join(folder, to, ".."), { recursive: true });
    cpSync(join(captures, name), join(folder, to));
  };

  it("ends 0 when all is equal or explained, 1 when not, and prints place, theirs and ours", async () => {
    copy("qemu/cedt.json", "cedt.json");
    expect(built(folder)).toMatchObject({ status: 0, stderr: "", stdout: expect.stringMatching(/cedt\.json {2}12 entries: 14 equal, 0 explained, 0 unexplained, 0 not yet modelled \(with 2 lists\)[^]*\ntotal {2}12 entries/) as unknown });
    writeFileSync(join(folder, "cedt.json"), readFileSync(join(captures, "qemu/cedt.json"), "utf8").replace('"raw":"000020000c0000000100', '"raw":"000020000c0000000200'));
    expect(await run(folder)).toMatchObject({ status: 1, stdout: expect.stringContaining("main CHBS 12: CHBS.version: theirs 0x2, ours 0x1") as unknown });
  });

  it("--json says the same as data, --file takes one file, --verbose gives reasons and the names of what is no capture", async () => {
    copy("qemu/cedt.json");
    copy("qemu/doe_cdat.json");
    writeFileSync(join(folder, "notes.txt"), "hello\n");
    const { files, others } = JSON.parse((await run(folder, "--json")).stdout) as { files: { file: string; entries: number }[]; others: string[] };
    expect([files.map(({ file, entries }) => [file, entries]), others]).toEqual([[["qemu/cedt.json", 12], ["qemu/doe_cdat.json", 104]], ["notes.txt"]]);
    expect((await run(folder, "--file", "cedt.json")).stdout).not.toContain("doe_cdat");
    const { stdout } = await run(folder, "--verbose");
    expect(stdout).toMatch(/unit of DSLBIS: What it comes to with the figure is equal/);
    expect(stdout).toMatch(/No captures, not compared:\n {2}notes\.txt/);
  });

  it("bad input is one message each with file, place and remedy, exit 2; the other files are still compared", async () => {
    copy("qemu/cedt.json", "good.json");
    writeFileSync(join(folder, "bad.json"), '{"entries": [');
    writeFileSync(join(folder, "mmio.ndjson"), "{}\n");
    const { status, stderr, stdout } = await run(folder);
    expect([status, stderr.trim().split("\n").map((line) => line.replace(/\(.*\)/, "()"))]).toEqual([2, ["conformance: bad.json: not JSON (); is the file whole?", "conformance: mmio.ndjson: has no qemu-cmdline.txt beside it, so its topology is unknown; put the command line there"]]);
    expect(stdout).toContain("good.json  12 entries");
  });

  it("a folder that is none, an empty one, a file that is not there, an option that is none", async () => {
    expect(await run(join(folder, "nowhere"))).toMatchObject({ status: 2, stderr: expect.stringMatching(/is no folder; give one with captures\n$/) as unknown });
    expect(await run(folder)).toMatchObject({ status: 2, stderr: expect.stringMatching(/is empty; give a folder with captures/) as unknown });
    writeFileSync(join(folder, "a.txt"), "");
    expect(await run(folder)).toMatchObject({ status: 2, stderr: expect.stringMatching(/is no capture; captures are JSON files/) as unknown });
    expect(await run(folder, "--file", "b")).toMatchObject({ status: 2, stderr: expect.stringMatching(/has no file "b"; it has a\.txt/) as unknown });
    expect(built("--colour")).toMatchObject({ status: 2, stderr: expect.stringMatching(/^conformance: command line: .*see --help\n$/) as unknown });
    expect(await run(folder, folder)).toMatchObject({ status: 2, stderr: expect.stringMatching(/takes one folder/) as unknown });
    expect(await run("--help")).toMatchObject({ status: 0, stdout: expect.stringMatching(/^Usage: npm run conformance/) as unknown });
  });

  it("a table that is none, or is cut off", async () => {
    copy("linux/2b-two-way-ram/CEDT.bin", "CEDT.bin");
    copy("linux/2b-two-way-ram/qemu-cmdline.txt", "qemu-cmdline.txt");
    expect(await run(folder)).toMatchObject({ status: 0, stdout: expect.stringMatching(/CEDT\.bin {2}3 entries: 4 equal/) as unknown });
    writeFileSync(join(folder, "CEDT.bin"), readFileSync(join(captures, "linux/2b-two-way-ram/CEDT.bin")).subarray(0, 90));
    expect(await run(folder)).toMatchObject({ status: 2, stderr: expect.stringMatching(/CEDT\.bin: is no CEDT \(signature "CEDT", 90 bytes that sum to \d+\); is the file whole\?/) as unknown });
  });
});
