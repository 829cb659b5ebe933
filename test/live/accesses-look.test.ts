// Accesses to a register: all that the trace has, in order, and what the hardware changed in between.

import { describe, expect, it } from "vitest";
import { blocks } from "../../registers/blocks.ts";
import type { Placement } from "../../registers/schema.ts";
import { placesOfBlock } from "../../src/platform/register-places.ts";
import { accessesLook } from "../../src/sandbox/live/accesses-look.ts";
import { changedRegisters } from "../../src/sandbox/live/changes.ts";
import type { LiveStatus, LiveTrace } from "../../src/sandbox/live/contract.ts";
import { createLive } from "../../src/sandbox/live/live-run.ts";
import type { Live } from "../../src/sandbox/live/live-run.ts";
import { NumberList, pageOf } from "../../src/sandbox/live/number-list.ts";
import { hardwareKinds } from "../../src/scenario/trace/words.ts";
import { registerAccessOf } from "../../src/scenario/trace/register-words.ts";
import { readRecord, recordWords } from "../../src/sim/trace.ts";
import { modules } from "../support/machine.ts";
import { bundledScenarios } from "../support/library.ts";

function ended(part: string): Live {
  const [file, text] = Object.entries(bundledScenarios()).find(([path]) => path.includes(part)) ?? ["", ""];
  const live = createLive(modules.release, { file, text, includes: {}, seed: 1, schedule: "fixed" });
  live.go({ kind: "end" }).goOn(() => false);
  return live;
}

/** What the look has to find, by reading every record. */
function slowly({ trace, run }: Live, of: string, label: string): number[] {
  const { entities } = run.system.hardware;
  const part = (entities.ports.get(of) ?? entities.devices.get(of))?.id ?? -1;
  const [block, place] = Object.keys(blocks).flatMap((name) => {
    const known = name.startsWith(entities.ports.has(of) ? "rootPort" : "device");
    const found = known ? placesOfBlock(name as keyof typeof blocks).byName.get(label) : undefined;
    return found === undefined ? [] : [[blocks[name as keyof typeof blocks], found] as const];
  })[0] ?? [];
  if (block === undefined || place === undefined) throw new Error(`no ${label}`);
  return Array.from({ length: trace.length }, (_, index) => index).filter((index) => {
    const access = registerAccessOf(readRecord(trace.words(index, 1), 0));
    return access !== undefined && access.part === part && access.space === block.kind && access.offset < place.at + place.bytes && access.offset + access.width > place.at;
  });
}

describe("accesses to a register", () => {
  const live = ended("isolation/a-link-down");

  it.each([["rp0", "timeoutIsolation.status"], ["rp0", "timeoutIsolation.control"], ["rp0", "pcie.slotStatus"], ["dev0", "hdmDecoderDevice.control[0]"], ["dev0", "primaryMailbox.control"], ["dev0", "primaryMailbox.command"], ["dev0", "endpointHeader.command"]])("%s %s: every record that touches it, and no other", (of, register) => {
    const { rows, total } = accessesLook(live, { of, register, most: 1000 });
    const expected = slowly(live, of, register);
    expect(expected.length).toBeGreaterThan(1);
    expect(rows.filter(({ kind }) => kind !== "change").map(({ record }) => record)).toEqual(expected);
    expect(total).toBe(rows.length);
    expect(rows.map(({ record }) => record)).toEqual(rows.map(({ record }) => record).toSorted((a, b) => a - b));
    for (const { record, atNs } of rows) expect(readRecord(live.trace.words(record, 1), 0).time).toBe(atNs);
  });

  it("tells what the hardware did to it by itself", () => {
    const { rows } = accessesLook(live, { of: "rp0", register: "timeoutIsolation.status", most: 1000, withoutReads: true });
    expect(rows.map(({ kind, text }) => `${kind}: ${text.split(" of ")[0] ?? ""}`)).toEqual(expect.arrayContaining(["change: rp0: isolation", "change: rp0: isolation cleared"]));
    expect(rows.some(({ kind }) => kind === "read")).toBe(false);
    const isolated = rows.findIndex(({ text }) => text.includes("isolation of CXL.mem by link down"));
    const cleared = rows.find(({ kind, value }, index) => index > isolated && kind === "write" && value !== "0x00000000");
    expect(cleared).toMatchObject({ before: "0x00000300", covers: null, refused: "", by: "" });
    expect(cleared?.after).toMatch(/\S/);
  });

  it("comes in pages, the newest last", () => {
    const all = accessesLook(live, { of: "dev0", register: "primaryMailbox.control", most: 1000 });
    const last = accessesLook(live, { of: "dev0", register: "primaryMailbox.control", most: 3 });
    expect([last.from, last.rows]).toEqual([all.total - 3, all.rows.slice(-3)]);
    const page = accessesLook(live, { of: "dev0", register: "primaryMailbox.control", from: 5, most: 4 });
    expect(page.rows).toEqual(all.rows.slice(5, 9));
    expect(accessesLook(live, { of: "dev0", register: "primaryMailbox.control", from: 1e9, most: 4 })).toMatchObject({ from: all.total, rows: [] });
  });

  it("has none of a register or part that there is not", () => {
    for (const [of, register] of [["rp9", "pcie.linkControl"], ["rp0", "pcie.nothing"], ["rp0", ""]] as const) expect(accessesLook(live, { of, register, most: 10 })).toMatchObject({ total: 0, rows: [] });
  });

  it("knows what comes to the trace later", () => {
    const [file, text] = Object.entries(bundledScenarios()).find(([path]) => path.includes("isolation/a-link-down")) ?? ["", ""];
    const mine = createLive(modules.release, { file, text, includes: {}, seed: 1, schedule: "fixed" });
    mine.go({ kind: "ready" }).goOn(() => false);
    const before = accessesLook(mine, { of: "rp0", register: "timeoutIsolation.status", most: 1000 });
    mine.go({ kind: "end" }).goOn(() => false);
    const after = accessesLook(mine, { of: "rp0", register: "timeoutIsolation.status", most: 1000 });
    expect(after.rows.slice(0, before.total)).toEqual(before.rows);
    expect(after).toEqual(accessesLook(live, { of: "rp0", register: "timeoutIsolation.status", most: 1000 }));
  });

  it("begins anew when the future was cut off and the trace grew again", () => {
    const { trace } = live;
    const status: LiveStatus = live.status;
    const at = (length: number, generation: number) => accessesLook({ atHardware: live.atHardware.bind(live), status: { ...status, generation }, trace: cut }, { of: "rp0", register: "timeoutIsolation.status", most: 1000 }).rows.filter(({ record }) => record >= length);
    let length = trace.length;
    const cut: LiveTrace = { parts: trace.parts, kinds: trace.kinds, strings: trace.strings, get length() { return length; }, words: (from, count) => trace.words(from, Math.max(0, Math.min(count, length - from))) };
    expect(at(0, 0).length).toBeGreaterThan(3);
    length = 100;
    expect(at(100, 1)).toEqual([]);
  });

  it("marks what a touch did as done by hand", () => {
    const { rows } = accessesLook(live, { of: "rp0", register: "timeoutIsolation.control", most: 1000 });
    const write = rows.find(({ kind }) => kind === "write");
    const touched = { ...live.status, touches: [{ position: { records: write?.record ?? 0, turns: 0, atNs: 0 }, touch: { kind: "write" as const, of: "rp0", register: "timeoutIsolation.control", value: "0x0" } }] };
    const marked = accessesLook({ atHardware: live.atHardware.bind(live), trace: live.trace, status: touched }, { of: "rp0", register: "timeoutIsolation.control", most: 1000 }).rows;
    expect(marked.filter(({ by }) => by === "by hand").map(({ record }) => record)).toContain(write?.record);
  });
});

describe("the table of what records change", () => {
  it("names registers that are declared", () => {
    const declared = new Set(Object.values(blocks).flatMap(({ placements }) => Object.entries<Placement>(placements).flatMap(([name, { structure }]) => Object.keys(structure.registers).map((register) => `${name}.${register}`))));
    const record = { time: 0, layer: "hardware" as const, a: 0, b: 0, c: 0, d: 0, e: 0, f: 0 };
    const named = hardwareKinds.flatMap((_, kind) => [{ ...record, kind }, { ...record, kind, e: 1, f: 1 }, { ...record, kind, b: 0xffff }].flatMap((one) => changedRegisters(one)));
    expect(named.length).toBeGreaterThan(15);
    expect(named.map((label) => label.replace(/\[\d+\]$/, "")).filter((label) => !declared.has(label))).toEqual([]);
  });
});

describe("a page of several lists", () => {
  it("is that of all of them sorted", () => {
    const numbers = [[1, 5, 9, 100], [2, 3, 4], [], [50]].map((values) => {
      const list = new NumberList();
      for (const value of values) list.push(value);
      return list;
    });
    const sorted = [1, 2, 3, 4, 5, 9, 50, 100];
    for (let from = 0; from <= 9; from++) for (let most = 0; most <= 9; most++) expect(pageOf(numbers, from, most)).toEqual(sorted.slice(from, from + most));
    expect([0, 1, 2, 100, 101].map((limit) => numbers[0]?.lastBelow(limit))).toEqual([-1, -1, 1, 9, 100]);
  });
});

describe("a long trace", () => {
  it("is looked through once", () => {
    const live = ended("isolation/a-link-down");
    let copied = 0;
    const trace: LiveTrace = { parts: live.trace.parts, kinds: live.trace.kinds, strings: live.trace.strings, length: live.trace.length, words: (from, count) => {
      const words = live.trace.words(from, count);
      copied += words.length / recordWords;
      return words;
    } };
    const asked = () => accessesLook({ atHardware: live.atHardware.bind(live), status: live.status, trace }, { of: "rp0", register: "timeoutIsolation.status", most: 10 });
    asked();
    expect(copied).toBeGreaterThanOrEqual(trace.length);
    copied = 0;
    asked();
    expect(copied).toBeLessThanOrEqual(20);
  });
});
