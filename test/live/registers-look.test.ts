// Registers as the page shows them are those that a processor reads, and looking leaves no trace.

import { describe, expect, it } from "vitest";
import type { Hardware } from "../../src/hardware/machine.ts";
import { createPlatform } from "../../src/hardware/platform.ts";
import { Mappings } from "../../src/sandbox/library/handles.ts";
import { homesOf } from "../../src/sandbox/library/places.ts";
import { BridgeView, Device, DownstreamPort, RootPort, UpstreamPort, viewHostOf } from "../../src/sandbox/library/views.ts";
import { createLive } from "../../src/sandbox/live/live-run.ts";
import type { Live } from "../../src/sandbox/live/live-run.ts";
import type { RegisterLook, RegistersLook } from "../../src/sandbox/live/registers-look.ts";
import { registersLook } from "../../src/sandbox/live/registers-look.ts";
import { looks } from "../../src/sandbox/live/looks.ts";
import type { RegisterAccess } from "../../src/platform/registers.ts";
import type { RegisterDeclaration } from "../../registers/schema.ts";
import { traceLayers } from "../../src/sim/trace.ts";
import { modules } from "../support/machine.ts";
import { richScenario } from "../support/rich-machine.ts";

function atReady(): Live {
  const live = createLive(modules.release, { file: "rich.yaml", text: richScenario, includes: {}, seed: 1, schedule: "fixed" });
  expect(live.go({ kind: "ready" }).goOn(() => false)).toBe("there");
  return live;
}

type Registers = Readonly<Record<string, Readonly<Record<string, RegisterAccess<RegisterDeclaration>>>>>;

/** Every block of a part, read as a processor reads it. */
function viewsOf(hardware: Hardware, of: string, kind: string): Registers[] {
  const platform = createPlatform(hardware);
  const host = viewHostOf({ live: () => ({ hardware, platform }), mappings: new Mappings(hardware), now: () => hardware.now, homes: () => homesOf(hardware), advance: () => undefined, takeMessages: () => 0 });
  const { bridges, ports, switches, devices } = hardware.entities;
  const part = { name: of, id: (bridges.get(of) ?? ports.get(of) ?? switches.get(of) ?? devices.get(of))?.id ?? -1 };
  if (kind === "host bridge") return [new BridgeView(host, part).registers as unknown as Registers];
  const view = kind === "device" ? new Device(host, part) : kind === "switch" ? new UpstreamPort(host, part) : kind === "root port" ? new RootPort(host, part) : new DownstreamPort(host, part);
  return [view.registers, view.configRegisters, ...(view instanceof Device ? [view.deviceRegisters] : [])] as unknown as Registers[];
}

function readAs(views: readonly Registers[], label: string): bigint {
  const [, structure = "", register = "", , instance] = /^(\w+)\.(\w+)(\[(\d+)\])?$/.exec(label) ?? [];
  for (const view of views) {
    if (!(structure in view)) continue;
    const access = view[structure]?.[register];
    if (access !== undefined) return (instance === undefined ? access : access.at(Number(instance))).readRaw();
  }
  throw new Error(`no ${label}`);
}

const all = (live: Live, of: string): RegistersLook => registersLook(live, { of, structures: registersLook(live, { of }).structures.map(({ name }) => name) });
const digests = ({ run }: Live): string[] => traceLayers.map((layer) => run.system.hardware.digest(layer));
/** Counters of time, which go on with every read. */
const runsOn = (label: string): boolean => /timestamp/i.test(label);

describe("registers of a part", () => {
  const live = atReady();
  const { hardware } = live.run.system;

  it.each(["hb0", "hb1", "rp0", "rp1", "rp2", "sw0", "dsp0", "dsp1", "dev0", "dev1", "dev2"])("%s: every value is what a processor reads there, every field what its bits say", (of) => {
    const shown = all(live, of);
    expect(shown.registers.length).toBe(shown.structures.reduce((sum, { registers }) => sum + registers, 0));
    expect(shown.leftOut).toBe(0);
    const read = hardware.aside(() => {
      const views = viewsOf(hardware, of, shown.kind);
      return shown.registers.map(({ name, width }) => [name, `0x${readAs(views, name).toString(16).padStart(width / 4, "0")}`]);
    });
    expect(shown.registers.map(({ name }) => [name, shown.values[name]]).filter(([name]) => !runsOn(name ?? ""))).toEqual(read.filter(([name]) => !runsOn(name ?? "")));
    for (const { name, fields } of shown.registers) for (const { low, high, value } of fields) expect(BigInt(value)).toBe((BigInt(shown.values[name] ?? "") >> BigInt(low)) & ((1n << BigInt(high - low + 1)) - 1n));
  });

  it("has the structures that software finds, and no others", () => {
    const names = (of: string): string[] => registersLook(live, { of }).structures.map(({ name }) => name);
    expect(names("rp0")).toContain("timeoutIsolation");
    expect(names("rp2")).not.toContain("timeoutIsolation");
    expect(names("hb1")).not.toContain("hdmDecoderPort");
    expect(names("dsp0")).toContain("dpc");
    expect(names("dsp1")).not.toContain("dpc");
    expect(names("dev0")).toContain("dvsecGpfDevice");
    expect(names("dev1")).not.toContain("dvsecGpfDevice");
    expect(names("dev0")).toEqual(expect.arrayContaining(["pcie", "hdmDecoderDevice", "primaryMailbox"]));
  });

  it("shows as many decoders as the machine has", () => {
    const controls = (of: string, structure: string): number => registersLook(live, { of, structures: [structure] }).registers.filter(({ name }) => name.startsWith(`${structure}.control[`)).length;
    expect([controls("hb0", "hdmDecoderPort"), controls("dev0", "hdmDecoderDevice")]).toEqual([hardware.description.hostBridges[0]?.decoders, 4]);
  });

  it("says what a field is: bits, access, clause, names of values, what hangs on it", () => {
    const { registers, kind } = registersLook(live, { of: "rp0", structures: ["timeoutIsolation"] });
    const control = registers.find(({ name }) => name === "timeoutIsolation.control") as RegisterLook;
    expect(kind).toBe("root port");
    expect(control).toMatchObject({ width: 32, offset: 0x128, clause: "CXL 8.2.4.24.2", access: "RW" });
    expect(control.where).toMatch(/^0x[0-9a-f]+128$/);
    const enable = control.fields.find(({ name }) => name === "memoryIsolationEnable");
    expect(enable).toMatchObject({ high: 16, low: 16, access: "RW", reset: 0, remark: "writable where capability.memoryIsolation is not 0" });
    expect(Object.keys(control.fields.find(({ name }) => name === "memoryTimeoutValue")?.names ?? {}).length).toBeGreaterThan(4);
    expect(control.fields.map(({ high }) => high)).toEqual(control.fields.map(({ high }) => high).toSorted((a, b) => b - a));
  });

  it("gives single registers, and values alone", () => {
    const { registers, values } = registersLook(live, { of: "dev0", registers: ["pcie.linkStatus", "hdmDecoderDevice.control[1]"] });
    expect(registers.map(({ name }) => name).toSorted()).toEqual(["hdmDecoderDevice.control[1]", "pcie.linkStatus"]);
    const brief = registersLook(live, { of: "dev0", registers: ["pcie.linkStatus", "hdmDecoderDevice.control[1]"], isBrief: true });
    expect([brief.registers, brief.values]).toEqual([[], values]);
  });

  it("says where there is nothing: a part that the machine has not, a card in the drawer", () => {
    expect(registersLook(live, { of: "rp9", structures: ["pcie"] })).toMatchObject({ kind: "", structures: [], registers: [] });
    const spare = registersLook(live, { of: "spare", registers: ["pcie.linkStatus"] });
    expect(spare.isThere).toBe(false);
    expect(spare.registers[0]?.where).toMatch(/spare is not plugged in/);
  });

  it("changes no digest and no time", () => {
    const before = [...digests(live), hardware.now];
    for (const of of ["hb0", "rp0", "sw0", "dsp0", "dev0", "spare"]) all(live, of);
    looks.accesses(live, { of: "dev0", register: "pcie.linkStatus", most: 100 });
    expect([...digests(live), hardware.now]).toEqual(before);
  });
});
