// The machine look says what the hardware and the kernel say when they are asked another way, and asking leaves no trace.

import { describe, expect, it } from "vitest";
import type { Live } from "../../src/sandbox/live/live-run.ts";
import { createLive } from "../../src/sandbox/live/live-run.ts";
import { machineLook } from "../../src/sandbox/live/machine-look.ts";
import type { MachineLook, PartLook } from "../../src/sandbox/live/machine-types.ts";
import { poisonOf } from "../../src/hardware/poison.ts";
import { fieldOf } from "../../src/sandbox/fault-actions.ts";
import { bundledScenarios } from "../support/library.ts";
import { modules } from "../support/machine.ts";

const texts = bundledScenarios();
const most = 1000;

function open(file: string, text = texts[file]): Live {
  if (text === undefined) throw new Error(`no ${file}`);
  return createLive(modules.release, { file, text, includes: {}, seed: 1, schedule: "fixed" });
}

const reach = (live: Live, target: Parameters<Live["go"]>[0]): unknown => live.go(target).goOn(() => false);

function everyPart(look: MachineLook): PartLook[] {
  const below = (part: PartLook): PartLook[] => [part, ...part.below.flatMap(below)];
  return look.bridges.flatMap(below);
}

const cxl = "/sys/bus/cxl/devices";
const dax = "/sys/bus/dax/devices";

/** Names in a folder of the kernel's tree; none where the bus is not there yet. */
const named = ({ run }: Live, folder: string, prefix: string): string[] => (run.files.exists(folder) ? run.files.list(folder).filter((name) => new RegExp(`^${prefix}[0-9]`).test(name)).toSorted() : []);
const said = ({ run }: Live, path: string): string => run.files.read(path).trim();

/** What hardware says, asked port by port and bit by bit. */
function expectHardware(live: Live, look: MachineLook): void {
  const { hardware } = live.run.system;
  const parts = everyPart(look);
  for (const part of parts.filter(({ link }) => link !== null)) {
    const summary = hardware.port(part.name);
    expect([part.name, part.link, part.inFlight, part.isStalled, part.below.map(({ name }) => name)]).toEqual([part.name, { state: summary.link, heldBy: summary.heldBy }, summary.inFlight, summary.isStalled, summary.device === null ? [] : [summary.device]]);
    if (part.kind !== "root port" || hardware.description.hostBridges.flatMap(({ rootPorts }) => rootPorts).find(({ name }) => name === part.name)?.isolation === null) {
      expect(part.isolation).toBe("none");
      continue;
    }
    const bit = (name: "status.memoryIsolation" | "status.rootPortBusy" | "control.memoryIsolationEnable"): boolean => {
      const place = fieldOf(live.run.plan, part.name, `timeoutIsolation.${name}`);
      return (hardware.peekComponent(hardware.entities.ports.get(part.name)?.id ?? -1, place.offset) & place.mask) !== 0;
    };
    expect([part.name, part.isolation]).toEqual([part.name, bit("status.memoryIsolation") ? (bit("status.rootPortBusy") ? "busy" : "isolated") : bit("control.memoryIsolationEnable") ? "armed" : "off"]);
  }
  for (const part of parts.filter(({ kind }) => kind === "device")) expect([part.name, part.poison?.lines ?? 0]).toEqual([part.name, poisonOf(hardware, part.name, 0).lines]);
}

/** What the kernel says, read from its files. */
function expectKernel(live: Live, look: MachineLook): void {
  const parts = everyPart(look);
  expect(look.regions.map(({ name }) => name).toSorted()).toEqual(named(live, cxl, "region"));
  for (const region of look.regions) {
    const file = (name: string): string => said(live, `${cxl}/${region.name}/${name}`);
    expect([region.ways, region.granularity]).toEqual([Number(file("interleave_ways")), Number(file("interleave_granularity"))]);
    if (region.base !== "") expect([BigInt(region.base), region.bytes]).toEqual([BigInt(file("resource")), Number(file("size"))]);
    expect(region.isCommitted).toBe(file("commit") === "1");
  }
  const memdevs = parts.flatMap(({ kernel }) => kernel.filter((name) => /^mem\d/.test(name)));
  for (const memdev of memdevs) {
    const part = parts.find(({ kernel }) => kernel.includes(memdev));
    expect([part?.name, part?.facts.find(({ label }) => label === "Serial")?.value]).toEqual([part?.name, said(live, `${cxl}/${memdev}/serial`)]);
  }
  expect([...look.regions.flatMap((region) => region.dax), ...look.loose].map(({ name, bytes }) => [name, bytes]).toSorted()).toEqual(named(live, dax, "dax").map((name) => [name, Number(said(live, `${dax}/${name}/size`))]).toSorted());
  const decoders = parts.flatMap((part) => part.decoders).filter(({ name, region }) => name !== "" && region !== null);
  for (const { name, region } of decoders) expect([name, region]).toEqual([name, said(live, `${cxl}/${name}/region`)]);
  expect(look.windows.map(({ decoder }) => decoder).filter((name) => name !== "")).toEqual(named(live, cxl, "decoder0\\."));
}

const scenarios = [
  "isolation/a-link-down", "isolation/c-interleaved", "isolation/h-behind-switch", "isolation/d-kernel-page", "layouts/vm-per-dax", "trimming/s46-shapes", "recovery/switch-one-of-two", "recovery/larger-card",
  "recovery/hmem-memory", "faults/hot-replace", "faults/missing-member", "faults/same-bridge", "errors/siblings", "assembly/s20-three-of-four", "machine-checks/broadcast", "verdict/system-ram",
].map((name) => `scenarios/${name}.yaml`);

describe("the machine look", () => {
  it.each(scenarios)("says at ready, after the first fault and at the end what hardware and kernel say (%s)", (file) => {
    const live = open(file);
    for (const target of [{ kind: "ready" }, { kind: "time", atNs: 0 }, { kind: "end" }] as const) {
      reach(live, target.kind === "time" ? { kind: "time", atNs: Math.max(live.status.readyAtNs, 0) + 6_000_000 } : target);
      const look = machineLook(live, { most });
      expect(structuredClone(look)).toEqual(look);
      expectHardware(live, look);
      if (look.host.state === "running") expectKernel(live, look);
    }
    const { end } = live.run;
    expect(machineLook(live, { most }).host.state).toBe(end === null ? "running" : end.kind === "panic" ? "panicked" : end.kind === "host" ? end.state : "running");
  });

  it("shows a link that a fault takes down, and the isolation that follows", () => {
    const live = open("scenarios/isolation/a-link-down.yaml");
    reach(live, { kind: "ready" });
    const port = (name: string): PartLook | undefined => everyPart(machineLook(live, { most })).find((part) => part.name === name);
    expect(port("rp0")).toMatchObject({ link: { state: "up", heldBy: [] }, isolation: "armed", condition: "works", regions: ["region0"] });
    reach(live, { kind: "mark", text: "CXL.mem isolated by link down" });
    expect(port("rp0")).toMatchObject({ link: { state: "down" }, condition: "dead" });
    expect(["isolated", "busy"]).toContain(port("rp0")?.isolation);
    expect(port("rp1")).toMatchObject({ link: { state: "up" }, isolation: "armed" });
  });

  it("names poisoned lines by their address, neighbours as one range", () => {
    const live = open("poison.yaml", `version: 1
name: poison
machine: { hostBridges: [{ rootPorts: [{ name: rp0, device: { name: dev0, volatile: 1GiB } }] }] }
faults:
  - { id: one, when: { at: 1ms }, do: { poison: { device: dev0, dpa: 0x1000, length: 128 } } }
  - { id: two, when: { at: 1ms }, do: { poison: { device: dev0, dpa: 0x8000 } } }
`);
    reach(live, { kind: "end" });
    expect(everyPart(machineLook(live, { most })).find(({ name }) => name === "dev0")?.poison).toEqual({ lines: 3, ranges: [{ dpa: "0x1000", bytes: 128 }, { dpa: "0x8000", bytes: 64 }], isMore: false });
  });

  it("counts what workloads send, part by part, and stops counting where nothing arrives any more", () => {
    const live = open("scenarios/isolation/a-link-down.yaml");
    reach(live, { kind: "ready" });
    const at = (afterReady: number): readonly number[] => {
      reach(live, { kind: "time", atNs: live.status.readyAtNs + afterReady });
      const parts = everyPart(machineLook(live, { most }));
      return ["dev0", "dev1"].map((name) => parts.find((part) => part.name === name)?.requests ?? 0);
    };
    const early = at(2_000_000);
    const late = at(4_000_000);
    expect(early.every((count) => count > 0)).toBe(true);
    // Undisturbed requests are counted ahead, up to the next event.
    expect(late.every((count, index) => count >= (early[index] ?? 0))).toBe(true);
    const after = at(5_200_000);
    expect(after[0]).toBe(0);
    expect(at(5_400_000)[1]).toBeGreaterThanOrEqual(after[1] ?? 0);
  });

  it("is bounded: of 64 ports with switches it shows as many parts as asked for and says how many are missing", () => {
    const ports = (first: number): string => Array.from({ length: 32 }, (_, index) => `{ name: rp${first + index}, device: { name: dev${first + index}, volatile: 256MiB } }`).join(", ");
    const live = open("large.yaml", `version: 1\nname: large\nmachine: { hostBridges: [{ rootPorts: [${ports(0)}] }, { rootPorts: [${ports(32)}] }] }\n`);
    reach(live, { kind: "ready" });
    const whole = machineLook(live, { most });
    expect([everyPart(whole).length, whole.leftOut]).toEqual([130, 0]);
    const part = machineLook(live, { most: 40 });
    expect(everyPart(part).length + part.leftOut).toBe(130);
    expect(everyPart(part).length).toBeLessThanOrEqual(42);
    expect(JSON.stringify(whole).length).toBeLessThan(300_000);
  });
});
