// Captures of other machines than those at hand: folders written from our own system, with another order of probing. The comparison must read them, find
// nothing, and find whatever is changed in any of their files.

import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readCase } from "../../tools/conformance/linux/case.ts";
import type { CaseResult } from "../../tools/conformance/linux/compare.ts";
import type { LinuxDifference } from "../../tools/conformance/linux/moment.ts";
import { runCase } from "../../tools/conformance/linux/compare.ts";
import type { CaptureSetup } from "../support/linux-capture.ts";
import { writeCapture } from "../support/linux-capture.ts";
import { modules } from "../support/machine.ts";

const bridge = (id: string, bus: number): string => `-device pxb-cxl,bus_nr=${bus},bus=pcie.0,id=${id}`;
const rootPort = (id: string, port: number, bus: string): string => `-device cxl-rp,port=${port},bus=${bus},id=${id},chassis=1,slot=${port + 1}`;
const card = (number: number, bus: string): string => `-object memory-backend-ram,id=m${number},share=on,size=256M -device cxl-type3,bus=${bus},volatile-memdev=m${number},id=mem${number},sn=${number + 1}`;
const persistentCard = (number: number, bus: string): string => `-object memory-backend-ram,id=m${number},size=512M -object memory-backend-ram,id=l${number},size=1M -device cxl-type3,bus=${bus},persistent-memdev=m${number},lsa=l${number},id=mem${number},sn=${number + 1}`;
const window = (number: number, targets: readonly string[], granularity: string, size = "4G"): string => `${targets.map((id, way) => `cxl-fmw.${number}.targets.${way}=${id}`).join(",")},cxl-fmw.${number}.size=${size},cxl-fmw.${number}.interleave-granularity=${granularity}`;
const range = (count: number): number[] => Array.from({ length: count }, (_, n) => n);

const oneBridge = (count: number): string => [bridge("cxl.1", 12), ...range(count).flatMap((n) => [rootPort(`rp${n}`, n, "cxl.1"), card(n, `rp${n}`)])].join(" ");
const belowSwitch = [bridge("cxl.1", 12), rootPort("rp0", 0, "cxl.1"), rootPort("rp1", 1, "cxl.1"), "-device cxl-upstream,bus=rp0,id=us0,sn=77", ...range(4).flatMap((n) => [`-device cxl-downstream,port=${n},bus=us0,id=dsp${n},chassis=2,slot=${n + 4}`, card(n, `dsp${n}`)])].join(" ");
const twoBridges = ["cxl.0", "cxl.1"].flatMap((id, b) => [bridge(id, 12 + 40 * b), ...range(2).flatMap((n) => [rootPort(`rp${2 * b + n}`, n, id), card(2 * b + n, `rp${2 * b + n}`)])]).join(" ");
const single = window(0, ["cxl.1"], "256");
const soft = (...ranges: readonly string[]): string => ["console=ttyS0 memhp_default_state=online_movable", ...ranges.map((one) => `memmap=${one}+0xefffffff`)].join(" ");

const cases: Readonly<Record<string, CaptureSetup>> = {
  "four ways at 4096 on one bridge, destroyed, two regions of two": {
    machine: oneBridge(4), fmw: single, seed: 5, steps: [
      { moment: "0-up" }, { run: "cxl create-region -d decoder0.0 -w 4 -g 4096 -m -t ram @3 @1 @4 @2" }, { moment: "1-region" }, { run: "cxl disable-region region0" }, { run: "cxl destroy-region region0" },
      { run: "cxl create-region -d decoder0.0 -w 2 -m -t ram @1 @4" }, { run: "cxl create-region -d decoder0.0 -w 2 -m -t ram @2 @3" }, { moment: "2-two-regions" }, { run: "cxl destroy-region -f region0" }, { moment: "3-younger-left" },
    ],
  },
  "a switch of four below one of two ports": {
    machine: belowSwitch, fmw: single, seed: 7, steps: [{ moment: "0-up" }, { run: "cxl create-region -d decoder0.0 -w 4 -m -t ram @1 @2 @3 @4" }, { moment: "1-region" }, { run: "daxctl reconfigure-device -m devdax dax0.0" }, { moment: "2-devdax" }],
  },
  "two bridges under an interleaved window at 1 KiB, and a window of one of them": {
    machine: twoBridges, fmw: `${window(0, ["cxl.0", "cxl.1"], "1k")},${window(1, ["cxl.1"], "256", "2G")}`, seed: 3, steps: [
      { moment: "0-up" }, { run: "cxl create-region -d decoder0.0 -w 4 -m -t ram @1 @2 @3 @4" }, { run: "cxl create-region -d decoder0.0 -w 4 -m -t ram @1 @3 @2 @4" }, { moment: "1-region" }, { run: "cxl list -RT -u" },
    ],
  },
  "persistent memory": {
    machine: [bridge("cxl.1", 12), ...range(2).flatMap((n) => [rootPort(`rp${n}`, n, "cxl.1"), persistentCard(n, `rp${n}`)])].join(" "), fmw: single, seed: 11, steps: [{ moment: "0-up" }, { run: "cxl list -Mvvv" }, { run: "cxl disable-memdev @2" }, { moment: "1-one-disabled" }],
  },
  "a second kernel, Soft Reserved memory larger than the region": {
    machine: oneBridge(2), fmw: single, seed: 2, steps: [{ run: "cxl create-region -d decoder0.0 -w 2 -m -t ram @2 @1" }, { kexec: soft("1G%0x4d0000000") }, { moment: "s2-1-up" }, { run: "daxctl list -DRMi" }],
  },
  "a second kernel, two Soft Reserved ranges inside the region of four": {
    machine: oneBridge(4), fmw: single, seed: 9, steps: [{ run: "cxl create-region -d decoder0.0 -w 4 -m -t ram @1 @2 @3 @4" }, { kexec: soft("256M%0x4d0000000", "512M%0x4f0000000") }, { moment: "s2-1-up" }],
  },
  "a second kernel, a member below a switch missing": {
    machine: belowSwitch, fmw: single, seed: 4, steps: [{ run: "cxl create-region -d decoder0.0 -w 4 -m -t ram @1 @2 @3 @4" }, { kexec: soft("1G%0x4d0000000"), without: ["mem2"] }, { moment: "s2-1-up" }, { run: "cxl destroy-region -f region0" }, { moment: "s2-2-tried" }],
  },
  "a second kernel without a member of two bridges' region": {
    machine: twoBridges, fmw: window(0, ["cxl.0", "cxl.1"], "1k"), seed: 6, steps: [{ run: "cxl create-region -d decoder0.0 -w 4 -m -t ram @1 @3 @2 @4" }, { kexec: soft("1G%0x4d0000000"), without: ["mem1"] }, { moment: "s2-1-up" }],
  },
  "a card pulled under a region": {
    machine: oneBridge(2), fmw: single, seed: 8, steps: [{ run: "cxl create-region -d decoder0.0 -w 2 -m -t ram @1 @2" }, { moment: "1-region" }, { pull: "mem1" }, { moment: "2-pulled" }],
  },
};

const differencesOf = ({ moments }: CaseResult): LinuxDifference[] => moments.flatMap(({ different }) => different);
let root = "";
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "cxl-captures-"));
});
afterAll(() => rmSync(root, { recursive: true }));

describe("a written capture", () => {
  for (const [index, [name, setup]] of Object.entries(cases).entries()) {
    it(`${name}: everything is equal, whatever the order of probing`, () => {
      const result = runCase(modules.release, readCase(writeCapture(join(root, `case${index}`), setup)));
      expect(differencesOf(result)).toEqual([]);
      expect(result.moments.length).toBe(setup.steps.filter((step) => "run" in step || "moment" in step).length);
      expect(result.moments.reduce((sum, { equal }) => sum + equal, 0)).toBeGreaterThan(200);
    });
  }
});

describe("what is changed in a file", () => {
  const name = "two bridges under an interleaved window at 1 KiB, and a window of one of them";
  const folder = (): string => join(root, "changed");
  let clean: ReadonlyMap<string, string> = new Map();
  beforeAll(() => {
    writeCapture(folder(), cases[name] as CaptureSetup);
    clean = new Map(readdirSync(folder()).map((file) => [file, readFileSync(join(folder(), file), "utf8")]));
  });

  /** Changes the digit or word at about `share` of a file's values; returns the text and the line. */
  function changed(text: string, pattern: RegExp, share: number): { readonly text: string; readonly line: string } {
    const places = [...text.matchAll(pattern)];
    const place = places[Math.floor(places.length * share)];
    if (place === undefined) throw new Error("nothing to change");
    const [whole, before = "", value = ""] = place;
    const other = /^\d+$/.test(value) ? value.replace(/\d$/, (digit) => String((Number(digit) + 1) % 10)) : /^[0-9a-f]+$/i.test(value) ? value.replace(/.$/, (digit) => (digit === "0" ? "8" : "0")) : `${value}x`;
    const after = `${text.slice(0, place.index)}${before}${other}${whole.slice(before.length + value.length)}${text.slice(place.index + whole.length)}`;
    return { text: after, line: `${whole} -> ${other}` };
  }

  const kinds: readonly (readonly [file: string, pattern: RegExp])[] = [
    ["1-region.cxl-vvv.json", /("(?:resource|size|depth|interleave_ways|position|decoders_committed)":)(\d+)/g],
    ["1-region.cxl-all.json", /("(?:host|parent_dport|state|mode|target)":")([\w:.]+)/g],
    ["1-region.daxctl.json", /("(?:size|align|target_node|total_memblocks)":)(\d+)/g],
    ["1-region.attrs.txt", /^((?:size|start|interleave_granularity|target_list|devtype|serial|resource|driver): (?:0x)?)(\w+)/gm],
    ["0-up.attrs.txt", /^(## cxl \S+ -> \S+\/)(\S+)/gm],
    ["1-region.iomem", /^( +[0-9a-f]+-[0-9a-f]+ : )(\S+\d)$/gm],
    ["1-region.hdm-regs.txt", /((?:base|ctrl|tl\/skip) )([0-9a-f]+)/g],
    ["steps.log", /("(?:resource|size|position|interleave_granularity)":)(\d+)/g],
    ["steps.log", /(\[rc=)(\d+)/g],
    ["steps.log", /^(cxl region: \w+: )(\w+)/gm],
  ];

  for (const [file, pattern] of kinds) {
    it.each([0.3, 0.99])(`in ${file}, ${pattern.source.slice(0, 24)}..., at %d of it, is found where it is`, (share) => {
      const { text, line } = changed(clean.get(file) ?? "", pattern, share);
      writeFileSync(join(folder(), file), text);
      const found = differencesOf(runCase(modules.release, readCase(folder())));
      writeFileSync(join(folder(), file), clean.get(file) ?? "");
      expect({ line, found: found.length, first: found[0]?.moment }).toEqual({ line, found: expect.toSatisfy((count: number) => count > 0) as unknown, first: file === "steps.log" ? expect.stringMatching(/^\$ cxl/) as unknown : file.split(".")[0] });
    });
  }

  it("a file that is gone is not compared; one that is cut off is refused", () => {
    const file = join(folder(), "1-region.cxl-all.json");
    writeFileSync(file, (clean.get("1-region.cxl-all.json") ?? "").slice(0, 400));
    expect(() => runCase(modules.release, readCase(folder()))).toThrow(/1-region\.cxl-all\.json: is no JSON; is the file whole\?/);
    rmSync(file);
    expect(differencesOf(runCase(modules.release, readCase(folder())))).toEqual([]);
  });
});
