// Twins of the captured Linux hosts: the sandbox's own listing of each is the captured one, but for names that are a race.

import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { CaptureFiles } from "../../src/scenario/twin/sources.ts";
import { runText } from "../support/scenarios.ts";
import { holdTwin } from "../support/twin.ts";

const root = new URL("../fixtures/captures/linux/", import.meta.url).pathname;
const text = (...parts: readonly string[]) => ({ file: parts.at(-1) ?? "", text: readFileSync(join(root, ...parts), "utf8") });
/** All cases have the host bridge and the window of this table. */
const cedt = { file: "CEDT.bin", bytes: new Uint8Array(readFileSync(join(root, "2b-two-way-ram", "CEDT.bin"))) };

function capture(folder: string, moment: string, kind: string): CaptureFiles {
  const iomem = `${moment}.iomem`;
  return { cxlList: text(folder, `${moment}.${kind}.json`), cedt, ...(existsSync(join(root, folder, iomem)) ? { iomem: text(folder, iomem) } : {}) };
}

const moments = (kind: string): [string, string][] => readdirSync(root).flatMap((folder) => readdirSync(join(root, folder)).flatMap((name): [string, string][] => (name.endsWith(`.${kind}.json`) ? [[folder, name.slice(0, -kind.length - 6)]] : [])));

describe("cxl list -vvv of a captured host", () => {
  it.each(moments("cxl-vvv"))("%s/%s: the twin's is the same", (folder, moment) => {
    const { differences, failure, twin } = holdTwin(capture(folder, moment, "cxl-vvv"));
    expect(failure).toBeNull();
    expect(differences).toEqual([]);
    const { result } = runText("twin.yaml", twin.text);
    expect(result.expectations.filter(({ pass }) => !pass)).toEqual([]);
    expect(result.expectations.length).toBeGreaterThan(3);
  });

  it.each(moments("cxl-vvv"))("%s/%s: without the CEDT and iomem too", (folder, moment) => {
    const { differences, failure } = holdTwin({ cxlList: text(folder, `${moment}.cxl-vvv.json`) });
    expect(failure).toBeNull();
    expect(differences.map(({ place }) => place)).toEqual([]);
  });
});

/** States that commands left behind half-way, of which a listing does not say how they came about. */
const repaired = ["s2-3-recreated", "s2-4-sysfs-deleted", "s2-5-recreated-after-sysfs-delete", "s2-7-recreated-after-unbind"];

describe("cxl list with less than -vvv", () => {
  it.each(moments("cxl-all").filter(([folder, moment]) => folder !== "3-fail-missing-sr" || !repaired.includes(moment)))("%s/%s: the twin's is the same", (folder, moment) => {
    const { differences, failure } = holdTwin(capture(folder, moment, "cxl-all"));
    expect(failure).toBeNull();
    expect(differences).toEqual([]);
  });

  it.each(repaired)("after a repair went wrong (%s) the twin differs in the decoders that it left, and nowhere else", (moment) => {
    const { differences, failure } = holdTwin(capture("3-fail-missing-sr", moment, "cxl-all"));
    expect(failure).toBeNull();
    expect(differences.length).toBeLessThan(10);
    expect(differences.filter(({ place }) => !/decoder|committed/.test(place))).toEqual([]);
  });
});

describe("what if rp1 isolates (docs/import.md)", () => {
  it.each([["none", "isolation-safe", "reset"], ["rp1", "linux-7.2", "reset"], ["rp1", "isolation-safe", "reduced"]])("--isolation=%s under %s: %s", (isolation, preset, outcome) => {
    const { twin } = holdTwin(capture("2b-two-way-ram", "4-devdax", "cxl-all"), { isolation });
    const text = `${twin.text.replace("preset: linux-7.2", `preset: ${preset}`)}workloads:\n  - vm: { name: vm1, memory: "\${dax:region0}" }\nfaults:\n  - { id: cable, when: { at: 5ms }, do: { linkDown: rp1 } }\n`;
    const { result } = runText("server.yaml", text);
    expect([result.outcome, result.faults.map(({ fired }) => fired)]).toEqual([outcome, [true]]);
  });
});

describe("what the other captures add", () => {
  it("iomem tells the missing member of an interleave set, and that its range was Soft Reserved", () => {
    const { plan, twin } = holdTwin(capture("3-fail-missing-sr", "s2-1-up", "cxl-vvv"));
    const [bridge] = plan.machine.hostBridges;
    expect(bridge?.rootPorts.map(({ name, present, slots }) => [name, present, slots.length])).toEqual([["rp0", true, 1], ["rp1", false, 1]]);
    expect(plan.firmware.softReserved).toEqual([{ base: 0x4d000_0000n, size: 512n << 20n }]);
    expect(twin.findings.some(({ kind, place }) => kind === "assumed" && place === "rp1")).toBe(true);
  });

  it("registers of host bridges and bus numbers are those of the host", () => {
    const { plan } = holdTwin(capture("2b-two-way-ram", "1-region-kmem-offline", "cxl-all"));
    expect(plan.machine.hostBridges.map(({ uid, busStart, busEnd, componentBase }) => [uid, busStart, busEnd, componentBase])).toEqual([[12, 12, 255, 0x4c000_0000n]]);
  });

  it("--regions steps creates what firmware may have decoded, and the listing is the same", () => {
    const { differences, failure, plan } = holdTwin(capture("3-ok-nosr", "s2-1-up", "cxl-vvv"), { regions: "steps" });
    expect([failure, plan.firmware.regions.length, plan.steps.length]).toEqual([null, 0, 2]);
    expect(differences).toEqual([]);
  });

  it("--isolation gives the capability to the ports that it names", () => {
    const ports = (isolation?: string) => holdTwin(capture("2b-two-way-ram", "0-up", "cxl-vvv"), isolation === undefined ? {} : { isolation }).plan.machine.hostBridges[0]?.rootPorts.map((port) => port.isolation?.memory ?? false);
    expect([ports(), ports("none"), ports("rp1"), ports("")]).toEqual([[false, false], [false, false], [false, true], [true, true]]);
  });
});
