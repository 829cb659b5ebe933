// The conformance tool: the project's captures are equal or explained, a planted difference is found, bad input is one clear message.

import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { modules } from "../support/machine.ts";
import { CaptureError, readAccesses, readCapture } from "../../tools/conformance/capture.ts";
import type { Capture } from "../../tools/conformance/capture.ts";
import { explanations } from "../../tools/conformance/explanations.ts";
import { functionsOf, machineOf } from "../../tools/conformance/qemu-machine.ts";
import { pageOf } from "../../tools/conformance/report.ts";
import { runCapture, runTable } from "../../tools/conformance/run.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const captures = join(root, "test/fixtures/captures");
const load = (name: string): Capture => {
  const capture = readCapture(name, readFileSync(join(captures, name), "utf8"));
  if (capture === undefined) throw new Error(`${name} is no capture`);
  return capture;
};
const linux = (): Capture => readAccesses("mmio.ndjson", readFileSync(join(captures, "linux/2b-two-way-ram/mmio.ndjson"), "utf8"), readFileSync(join(captures, "linux/2b-two-way-ram/qemu-cmdline.txt"), "utf8"), new Map([[12, 0x4_c000_0000n]]));

describe("the project's captures", () => {
  it.each([["config_reset", 2600], ["component_reset", 200], ["component_masks", 260], ["cedt", 12], ["doe_cdat", 80], ["datapath_sample", 2191]] as const)("qemu/%s: everything is equal or explained", (name, least) => {
    const { tally } = runCapture(modules.release, load(`qemu/${name}.json`));
    expect([tally.unexplained.slice(0, 5), tally.entries >= least, tally.equal + tally.explained]).toEqual([[], true, tally.entries]);
    expect(tally.equal).toBeGreaterThan(0);
  });

  it("every access of the real driver reads what it read, or the difference is explained", () => {
    const { tally } = runCapture(modules.release, linux());
    expect([tally.unexplained.slice(0, 5), tally.entries > 2000]).toEqual([[], true]);
    expect(tally.equal / tally.entries).toBeGreaterThan(0.7);
  });

  it("the CEDT that its firmware left is byte for byte ours, of the same topology", () => {
    const folder = join(captures, "linux/2b-two-way-ram");
    const { tally } = runTable(modules.release, "CEDT.bin", readFileSync(join(folder, "CEDT.bin")), readFileSync(join(folder, "qemu-cmdline.txt"), "utf8"));
    expect([tally.entries, tally.equal, tally.unexplained]).toEqual([2, 2, []]);
  });

  it("docs/conformance.md is what the explanations say, and each of them has clause, reason and an id of its own", () => {
    expect(readFileSync(join(root, "docs/conformance.md"), "utf8")).toBe(pageOf());
    expect(new Set(explanations.map((one) => one.id)).size).toBe(explanations.length);
    for (const one of explanations) expect([one.id, one.clause !== "", one.reason.length > 10, one.structure !== ""]).toEqual([one.id, true, true, true]);
  });
});

describe("planted differences come out", () => {
  const planted = (name: string, from: string, to: string): number => {
    const text = readFileSync(join(captures, name), "utf8");
    expect(text).toContain(from);
    const capture = readCapture(name, text.replace(from, to));
    return capture === undefined ? -1 : runCapture(modules.release, capture).tally.unexplained.length;
  };

  it("a reset value, a write mask, a table byte, an answer's byte and a routed point", () => {
    expect(planted("qemu/component_reset.json", '"val":"0x0001cfff"', '"val":"0x0001cffe"')).toBe(1);
    expect(planted("qemu/component_masks.json", '"ones":"0xf0000000"', '"ones":"0xf8000000"')).toBe(1);
    expect(planted("qemu/cedt.json", '"raw":"000020000c0000000100', '"raw":"000020000c0000000200')).toBe(1);
    expect(planted("qemu/doe_cdat.json", '"rsp":"0100000003000000981e0200"', '"rsp":"0100000003000000981e0300"')).toBe(1);
    expect(planted("qemu/datapath_sample.json", '["0x00000100","am0-vol","0x00000100","ok"]', '["0x00000100","am0-vol","0x00000200","ok"]')).toBe(1);
  });

  it("a read of the driver that saw something else", () => {
    const capture = linux();
    const at = capture.entries.findIndex((entry) => entry["block"] === "component" && entry["op"] === "r" && entry["val"] === "0x382");
    const entries = capture.entries.map((entry, index) => (index === at ? { ...entry, val: "0x384" } : entry));
    const found = runCapture(modules.release, { ...capture, entries }).tally.unexplained;
    expect(found.map(({ structure, register, field, theirs, ours }) => [structure, register, field, theirs, ours])).toEqual([["hdmDecoderPort", "capability", "decoderCount", 4, 2]]);
  });

  it("an explanation holds for its own difference only: the same field with other values is not explained", () => {
    expect(planted("qemu/component_reset.json", '"val":"0x00001b12"', '"val":"0x00001b22"')).toBe(1);
  });
});

describe("command lines", () => {
  it("become the topology they describe: bridges, switches, sizes, serial numbers, windows", () => {
    const machine = machineOf("x", "-device pxb-cxl,bus_nr=20,id=a -device cxl-rp,port=3,bus=a,id=r -device cxl-upstream,bus=r,id=u,sn=0x9 -device cxl-downstream,port=5,bus=u,id=d -object memory-backend-ram,id=m,size=1G -object memory-backend-ram,id=p,size=512M -device cxl-type3,bus=d,id=t,sn=0x77,volatile-memdev=m,persistent-memdev=p -M cxl-fmw.0.targets.0=a,cxl-fmw.0.size=8G,cxl-fmw.0.interleave-granularity=4k", { bridges: new Map(), windows: [] });
    expect([...functionsOf(machine)]).toEqual([["a", "hb"], ["r", "rp"], ["u", "usp"], ["d", "dsp"], ["t", "type3"]]);
    expect(machine.hostBridges[0]).toMatchObject({ uid: 20, busStart: 20, decoders: 0 });
    expect(machine.hostBridges[0]?.rootPorts[0]).toMatchObject({ portNumber: 3 });
    expect(machine.hostBridges[0]?.rootPorts[0]?.slots[0]).toMatchObject({ kind: "switch", serial: 9n });
    expect(machine.windows[0]).toMatchObject({ size: 8n << 30n, granularity: 4096, targets: [0] });
  });
});

describe("npm run conformance", () => {
  const tool = join(root, "dist/tools/conformance/main.js");
  const folder = mkdtempSync(join(tmpdir(), "cxl-conformance-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const run = (...argv: string[]) => spawnSync(process.execPath, [tool, ...argv], { encoding: "utf8" });

  it("takes a folder, ends 0 when all is explained and 1 when not, and prints place, theirs and ours", () => {
    cpSync(join(captures, "qemu/cedt.json"), join(folder, "cedt.json"));
    expect(run(folder)).toMatchObject({ status: 0, stdout: expect.stringMatching(/cedt\.json.* 12 entries\s+12 equal\s+0 explained\s+0 unexplained/) as unknown });
    writeFileSync(join(folder, "cedt.json"), readFileSync(join(captures, "qemu/cedt.json"), "utf8").replace('"raw":"000020000c0000000100', '"raw":"000020000c0000000200'));
    expect(run(folder)).toMatchObject({ status: 1, stdout: expect.stringContaining("main CHBS 12: CHBS.byte 8: theirs 0x2, ours 0x1") as unknown });
  });

  it("bad input is one message with file, place and remedy, exit 2", () => {
    writeFileSync(join(folder, "cedt.json"), '{"entries": [');
    expect(run(folder)).toMatchObject({ status: 2, stderr: expect.stringMatching(/^conformance: cedt\.json: not JSON .*is the file whole\?\n$/) as unknown });
    expect(run(join(folder, "nowhere"))).toMatchObject({ status: 2, stderr: expect.stringMatching(/does not exist; give a folder/) as unknown });
    rmSync(join(folder, "cedt.json"));
    expect(run(folder)).toMatchObject({ status: 2, stderr: expect.stringMatching(/has no captures/) as unknown });
    writeFileSync(join(folder, "mmio.ndjson"), "{}\n");
    expect(run(folder)).toMatchObject({ status: 2, stderr: expect.stringMatching(/no qemu-cmdline\.txt beside it/) as unknown });
  });

  it("a list of accesses that is none is refused", () => {
    expect(() => readAccesses("x", "[1]\n", "", new Map())).toThrow(CaptureError);
    expect(() => readAccesses("x", '{"a":1}\n', "", new Map())).toThrow(/a line looks like/);
  });
});
