// What the page sees of the host agrees with what the machine's own files say, at every moment, and seeing it changes nothing.

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { Live } from "../../src/sandbox/live/live-run.ts";
import { createLive } from "../../src/sandbox/live/live-run.ts";
import { hostLook } from "../../src/sandbox/live/host-look.ts";
import { memoryLook } from "../../src/sandbox/live/memory-look.ts";
import type { MemoryRun } from "../../src/sandbox/live/memory-look.ts";
import { workloadsLook } from "../../src/sandbox/live/workloads-look.ts";
import { modules } from "../support/machine.ts";

const names = [
  "verdict/contained", "verdict/system-ram", "verdict/one-kernel-page", "workloads/vm-restarts", "workloads/database-movable", "workloads/pin-of-process", "workloads/assigned-device", "workloads/kernel-reader", "workloads/page-cache-dirty",
  "machine-checks/broadcast", "machine-checks/firmware-first", "isolation/c-interleaved", "isolation/d-kernel-page", "isolation/e-pinned", "isolation/f-not-enabled-hang", "ownership/s33-per-range", "ownership/s37-linux-7-2", "ownership/s38-hmem",
];

const open = (name: string): Live => {
  const file = `scenarios/${name}.yaml`;
  return createLive(modules.release, { file, text: readFileSync(file, "utf8"), includes: {}, seed: 1, schedule: "fixed" });
};

/** Looks at everything now and then on the way. */
function go(live: Live, kind: "ready" | "end"): void {
  let steps = 0;
  const way = live.go({ kind });
  while (way.goOn(() => steps++ % 97 === 0) === "paused") lookAt(live);
}

function lookAt(live: Live): void {
  hostLook(live, { withOwners: true });
  memoryLook(live, { most: 4000 });
  workloadsLook(live, {});
}

const everything = 1_000_000;
const sum = (runs: readonly MemoryRun[]): bigint => runs.reduce((all, { bytes }) => all + BigInt(bytes), 0n);
const isRam = ({ use }: MemoryRun): boolean => !["offline", "device", "idle"].includes(use);
const kilobytes = (text: string, row: string): bigint => BigInt(new RegExp(`${row}:\\s+(\\d+)`).exec(text)?.[1] ?? -1n) * 1024n;

function iomemText(live: Live): string {
  const digits = (value: string): string => BigInt(value).toString(16).padStart(8, "0");
  return hostLook(live, { withOwners: false }).iomem.map(({ start, end, depth, name }) => `${"  ".repeat(Math.min(depth, 5))}${digits(start)}-${digits(end)} : ${name}\n`).join("");
}

/** One line for each way in which looks and files disagree. */
function disagreements(live: Live): string[] {
  const { files } = live.run;
  const wrong: string[] = [];
  const agree = (what: string, seen: unknown, said: unknown): void => void (String(seen) === String(said) || wrong.push(`${what}: seen ${String(seen)}, said ${String(said)}`));
  agree("/proc/iomem", iomemText(live), files.read("/proc/iomem"));
  const { runs, nodes, isKnown } = memoryLook(live, { most: everything });
  const host = hostLook(live, { withOwners: false });
  const memory = files.read("/proc/meminfo");
  agree("known", isKnown, true);
  agree("MemTotal", sum(runs.filter(isRam)), kilobytes(memory, "MemTotal"));
  agree("MemFree", sum(runs.filter(({ use, isPoisoned }) => use === "free" && !isPoisoned)), kilobytes(memory, "MemFree"));
  agree("HardwareCorrupted", host.corruptedBytes, kilobytes(memory, "HardwareCorrupted"));
  for (const row of [["AnonPages", "anon"], ["Slab", "slab"], ["PageTables", "page-table"], ["Dirty", "file-dirty"]] as const) agree(row[0], sum(runs.filter(({ kind }) => kind === row[1])), kilobytes(memory, row[0]));
  for (const { node, zones } of nodes) {
    const path = `/sys/devices/system/node/node${node}/meminfo`;
    const text = files.exists(path) ? files.read(path) : "MemTotal: 0";
    const ram = zones.filter(({ zone }) => zone !== "Device" && zone !== "");
    agree(`node ${node}`, ram.reduce((all, { total }) => all + BigInt(total), 0n), kilobytes(text, "MemTotal"));
  }
  for (const { first, count, state, zone } of host.blocks) {
    for (let id = first; id < first + count; id++) {
      const folder = `/sys/devices/system/memory/memory${id}`;
      agree(`memory${id}`, state === "going offline" ? "going-offline" : state, files.read(`${folder}/state`).trim());
      if (state === "online" && zone !== "more than one") agree(`zone of memory${id}`, zone, files.read(`${folder}/valid_zones`).trim().split(" ")[0]);
    }
  }
  const parts = new Set(live.run.system.hardware.entities.devices.keys());
  for (const { parts: behind } of [...runs, ...host.iomem]) for (const part of behind) if (!parts.has(part)) wrong.push(`no such card: ${part}`);
  for (const [index, { start }] of runs.entries()) if (index > 0 && BigInt(start) <= BigInt(runs[index - 1]?.end ?? "0x0")) wrong.push(`${start} lies in the run before it`);
  return wrong;
}

describe.each(names)("looks of %s", (name) => {
  it("agree with the machine's files at ready, half-way and at the end, and leave the digests of a run that nobody looked at", () => {
    const live = open(name);
    go(live, "ready");
    expect(disagreements(live)).toEqual([]);
    const { atNs } = live.status.position;
    live.go({ kind: "end" }).goOn(() => live.run.system.hardware.now >= atNs + 6_000_000);
    expect(disagreements(live)).toEqual([]);
    go(live, "end");
    expect(disagreements(live)).toEqual([]);
    const { result } = live.status;
    const unseen = open(name);
    while (unseen.go({ kind: "end" }).goOn(() => false) === "paused");
    expect(result?.digests).toEqual(unseen.status.result?.digests);
    const seen = workloadsLook(live, {});
    expect(seen.workloads).toMatchObject(result?.workloads ?? []);
    expect(seen.machineChecks).toBe(result?.metrics.machineChecks);
    for (const { killed, killedAtNs, deaths } of seen.workloads) expect([deaths.length > 0, deaths[0]?.atNs ?? null]).toEqual([killed, killedAtNs]);
  });
});

describe("the map of memory", () => {
  const end = (name: string): Live => {
    const live = open(name);
    go(live, "end");
    return live;
  };

  it("told in few runs has every byte of every zone, and forgets no poison, loss or pin", () => {
    for (const name of ["verdict/system-ram", "workloads/database-movable", "isolation/e-pinned", "machine-checks/broadcast"]) {
      const live = end(name);
      const all = memoryLook(live, { most: everything });
      const few = memoryLook(live, { most: 12 });
      expect([few.runs.length <= Math.max(12, all.nodes.flatMap(({ zones }) => zones).length * 4), few.total, few.nodes]).toEqual([true, all.runs.length, all.nodes]);
      expect([sum(few.runs), few.runs.reduce((count, run) => count + run.count, 0)]).toEqual([sum(all.runs), all.runs.length]);
      for (const is of [({ isPoisoned }: MemoryRun) => isPoisoned, ({ isLost }: MemoryRun) => isLost, ({ longPins }: MemoryRun) => longPins.length > 0]) expect(few.runs.some(is)).toBe(all.runs.some(is));
    }
  });

  it("names who holds pages for long, and the region and cards behind them", () => {
    const live = end("isolation/e-pinned");
    const { runs } = memoryLook(live, { most: everything });
    const pinned = runs.filter(({ longPins }) => longPins.length > 0);
    expect(pinned.map(({ backing, parts, zone }) => [backing, parts.length, zone])).toEqual([["dax0.0", 1, "Device"], ["dax0.0", 1, "Device"]]);
    expect([sum(pinned), new Set(pinned.flatMap(({ longPins }) => longPins)).size]).toEqual([BigInt(live.run.files.read("/sys/bus/dax/devices/dax0.0/size")), 1]);
  });

  it("shows memory below a dead port as lost while it is", () => {
    const live = open("workloads/database-movable");
    go(live, "ready");
    expect(memoryLook(live, { most: everything }).runs.filter(({ isLost }) => isLost)).toEqual([]);
    go(live, "end");
    const lost = memoryLook(live, { most: everything }).runs.filter(({ isLost }) => isLost);
    expect([sum(lost), new Set(lost.map(({ backing, parts }) => `${backing} ${parts.join()}`))]).toEqual([1n << 30n, new Set([lost[0] === undefined ? "" : `dax0.0 ${lost[0].parts.join()}`])]);
  });
});

describe("deaths of workloads", () => {
  it("name the signal, the process and the page, and agree with the log", () => {
    const live = open("workloads/database-movable");
    go(live, "end");
    const [db] = workloadsLook(live, {}).workloads;
    const [death] = db?.deaths ?? [];
    expect([death?.signal, death?.code, db?.state]).toEqual(["SIGBUS", "BUS_MCEERR_AR", "returns"]);
    const frame = `0x${(BigInt(death?.address ?? "0x0") >> 12n).toString(16)}`;
    expect(live.run.system.kernel.log.some(({ text }) => text === `Memory failure: ${frame}: Sending SIGBUS to db:${death?.pid} due to hardware memory corruption`)).toBe(true);
    expect([(db?.machineChecks ?? 0) > 0, (db?.accesses ?? 0) > 0]).toEqual([true, true]);
  });

  it("checks of all workloads are the host's, where nobody else meets any", () => {
    const live = open("workloads/vm-survives");
    go(live, "end");
    const { workloads, machineChecks } = workloadsLook(live, {});
    expect([workloads.reduce((all, one) => all + one.machineChecks, 0), machineChecks > 1000]).toEqual([machineChecks, true]);
  });
});

describe("the host's state", () => {
  it("of a panic has its message, of a hang says so, and the words of who waits name the holder", () => {
    const panicked = open("isolation/d-kernel-page");
    go(panicked, "end");
    expect(hostLook(panicked, { withOwners: false })).toMatchObject({ state: "panicked", message: panicked.run.end?.kind === "panic" ? panicked.run.end.message : "no panic" });
    const hung = open("isolation/f-not-enabled-hang");
    go(hung, "end");
    expect(hostLook(hung, { withOwners: false }).state).toBe("hangs");
    const pinned = open("isolation/e-pinned");
    go(pinned, "end");
    const waiting = hostLook(pinned, { withOwners: false }).tasks.filter(({ blockers }) => blockers.length > 0);
    expect(waiting.map(({ what, state }) => [what, state])).toEqual([["pages of dax0.0 to be unpinned", "waits"]]);
  });

  it("of Soft Reserved ranges says the owner that explain says", () => {
    const live = open("ownership/s38-hmem");
    go(live, "ready");
    const { softReserved, firmwareMap } = hostLook(live, { withOwners: true });
    expect([softReserved.map(({ owner }) => owner), softReserved.every(({ start, end }) => firmwareMap.some((entry) => entry.start === start && entry.end === end && entry.kind === "soft-reserved"))]).toEqual([["hmem"], true]);
  });
});
