import { existsSync, readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { beforeAll, describe, expect, test } from "vitest";
import { decodeTrace } from "../../src/scenario/trace/file.ts";
import { caseNames, readCase } from "./cases.ts";
import { driverWrites, partings } from "./driver-writes.ts";
import { folderAt } from "./folder.ts";
import { servedDevice, topologyWords } from "../../src/vfio-user/qemu-topology.ts";
import { RigProblem } from "./problem.ts";
import { qemuWords } from "./qemu.ts";
import type { Shown } from "./twin.ts";
import { runTwin } from "./twin.ts";

const sockets = { qmp: "/run/a,b/qmp", talk: "/run/a,b/talk", console: "/run/a,b/console" };

/** What the drivers of a real kernel did in a case: the trace of its devices, kept (test/fixtures/linux-traces). */
const recorded = (name: string): URL => new URL(`../../test/fixtures/linux-traces/${name}.trace.gz`, import.meta.url);
const realWindow = "4d0000000-5cfffffff : CXL Window 0";

describe.each(caseNames())("case %s", (name) => {
  let shown: Shown;
  beforeAll(async () => {
    shown = await runTwin(readCase(name), realWindow);
  });

  test("goes to its end in our own kernel, and every fault acts", () => {
    expect(shown.problems).toEqual([]);
    expect(shown.faults.every((count) => count > 0)).toBe(true);
  });

  if (!existsSync(recorded(name))) return;
  test("our drivers enable, program decoders and send commands as the real ones did, in order", () => {
    const real = driverWrites(decodeTrace(gunzipSync(readFileSync(recorded(name)))));
    expect(partings(real, shown.writes ?? new Map())).toEqual({ equal: [...real.values()].reduce((sum, lines) => sum + lines.length, 0), partings: [] });
  });
});

test("the write that commits comes after base, size and skip, high halves first", () => {
  const real = driverWrites(decodeTrace(gunzipSync(readFileSync(recorded("one-way")))));
  const names = real.get("registers of dev0")?.slice(-7).map((line) => line.replace(/ <- .*/, "").replace("hdmDecoderDevice.", ""));
  expect(names).toEqual(["baseHigh[0]", "baseLow[0]", "sizeHigh[0]", "sizeLow[0]", "skipHigh[0]", "skipLow[0]", "control[0]"]);
});

test("where two streams part is told once, with both lines, also where one of them ends", () => {
  const [real, ours] = [new Map([["a", ["1", "2", "3"]], ["b", ["1"]]]), new Map([["a", ["1", "4", "3"]], ["c", ["9"]]])];
  expect(partings(real, ours)).toEqual({
    equal: 1,
    partings: [{ place: "a from number 2 of 3", real: "2", ours: "4" }, { place: "b from number 1 of 1", real: "1", ours: undefined }, { place: "c from number 1 of 0", real: undefined, ours: "9" }],
  });
});

test("a twin has its windows where the real kernel found them", async () => {
  const { iomem } = await runTwin(readCase("one-way"), "  4d0000000-5cfffffff : CXL Window 0");
  expect(iomem).toContain("4d0000000-5cfffffff : CXL Window 0");
});

const valuesOf = (words: readonly string[], option: string): string[] => words.flatMap((word, index) => (words[index - 1] === option ? [word] : []));
const driverOf = (device: string): string => (device.startsWith("{") ? (JSON.parse(device) as { readonly driver: string }).driver : (device.split(",")[0] ?? ""));

test("QEMU is given every bridge, port, switch and card of a case as the command prints them, and paths with commas and blanks as they are", () => {
  const { machine } = readCase("four-way-switch").plan;
  const socketOf = (device: string): string => `/run/a,b/${device}.sock`;
  const words = qemuWords(folderAt("/a place"), machine, sockets, socketOf);
  const devices = valuesOf(words, "-device").filter((device) => !device.startsWith("virt"));
  expect(devices.map(driverOf)).toEqual(["pxb-cxl", "cxl-rp", "cxl-upstream", ...Array.from({ length: 4 }, () => ["cxl-downstream", "vfio-user-pci"]).flat()]);
  expect(devices).toEqual(valuesOf(topologyWords(machine, (card, bus) => ["-device", JSON.stringify(servedDevice(card, bus, socketOf(card.name)))]), "-device"));
  expect(devices.at(-1)).toBe(`{"driver":"vfio-user-pci","id":"dev3","bus":"dsp3","socket":{"path":"/run/a,b/dev3.sock","type":"unix"}}`);
  expect(words).toContain("/a place/vmlinuz");
  expect(words).toContain("socket,id=talk,path=/run/a,,b/talk");
});

test("a card that is not served is QEMU's own, with the same size and serial number on memory of its own", () => {
  const words = qemuWords(folderAt("/rig"), readCase("two-way").plan.machine, sockets, (device) => (device === "dev0" ? null : `/run/${device}.sock`));
  expect(valuesOf(words, "-device").slice(2).map(driverOf)).toEqual(["pxb-cxl", "cxl-rp", "cxl-type3", "cxl-rp", "vfio-user-pci"]);
  expect(valuesOf(words, "-object")).toEqual(["memory-backend-ram,id=memory-dev0,size=256M,reserve=off"]);
  expect(words).toContain(`{"driver":"cxl-type3","id":"dev0","bus":"rp0","volatile-memdev":"memory-dev0","sn":1}`);
});

test("a machine that QEMU cannot have is refused with what to change", () => {
  const { machine } = readCase("one-way").plan;
  const elsewhere = { ...machine, hostBridges: machine.hostBridges.map((bridge) => ({ ...bridge, segment: 1 })) };
  expect(() => qemuWords(folderAt("/rig"), elsewhere, sockets, () => null)).toThrow(new RigProblem("QEMU has no such machine: hb0 is in segment 1, and QEMU's host bridges are all in segment 0: leave out segment"));
});
