// The reference machine alone: examples worked out by hand from the sheets, so that it is known to be right where it is compared.

import { describe, expect, it } from "vitest";
import { blocks } from "../../../registers/blocks.ts";
import type { BlockDeclaration } from "../../../registers/schema.ts";
import type { MachineDescription } from "../../../src/platform/description.ts";
import { pciAddress } from "../../../src/platform/pci-address.ts";
import { GiB, MiB, bridge, device, downstream, machine, rootPort, switchCard } from "./descriptions.ts";
import { ReferenceMachine } from "./machine.ts";
import { unpredictedFields } from "./unpredicted.ts";

const base = 16n * GiB;
const port = pciAddress(0, 0, 0, 0);
const endpoint = pciAddress(0, 1, 0, 0);
const bar = 0x10_0000n;
const [bridgeHandle, portHandle, deviceHandle] = [0, 1, 2];

const direct = machine([bridge(0, [rootPort("rp0", 0, device("dev0", { persistentCapacity: 256n * MiB }))])]);

interface Bench {
  readonly reference: ReferenceMachine;
  readonly at: (name: string, structure: string, register: string, instance?: number) => number;
  readonly config: (address: number, structure: string, register: string, value?: number) => number;
  readonly registers: (handle: number, structure: string, register: string, value?: number, instance?: number) => number;
}

/** One port and its device, set up as firmware does, decoders of both over the start of the window. */
function ready(description: MachineDescription = direct): Bench {
  const reference = new ReferenceMachine(description);
  const part = (name: string) => reference.tree.parts.get(name) as NonNullable<ReturnType<typeof reference.tree.parts.get>>;
  const at: Bench["at"] = (name, structure, register, instance = 0) => {
    const found = part(name);
    return found.kind !== "bridge" && found.config.has(structure) ? found.config.offsetOf(structure, register, instance) : found.component.offsetOf(structure, register, instance);
  };
  const names = ["hb0", "rp0", "dev0"];
  const config: Bench["config"] = (address, structure, register, value) => {
    const offset = at(address === port ? "rp0" : "dev0", structure, register);
    if (value !== undefined) reference.configWrite(address, offset, 2, BigInt(value));
    return Number(reference.configRead(address, offset, 2));
  };
  const registers: Bench["registers"] = (handle, structure, register, value, instance = 0) => {
    const offset = at(names[handle] ?? "", structure, register, instance);
    if (value !== undefined) reference.write(handle, offset, 4, BigInt(value >>> 0));
    return Number(reference.read(handle, offset, 4));
  };
  reference.map(bridgeHandle, 0xfe00_1000n, 0x1000n);
  reference.map(portHandle, bar + 0x1000n, 0x1000n);
  reference.map(deviceHandle, bar + 0x10_1000n, 0x1000n);
  const bench = { reference, at, config, registers };
  setUp(bench);
  return bench;
}

function setUp(bench: Bench): void {
  const { reference } = bench;
  const write = (address: number, offset: number, width: number, value: number): void => reference.configWrite(address, offset, width, BigInt(value));
  write(port, 0x18, 4, 0x0001_0100);
  write(port, 0x10, 4, Number(bar));
  write(port, 0x24, 4, 0x0020_0020);
  write(port, 0x04, 2, 6);
  write(endpoint, 0x10, 4, Number(bar + 0x10_0000n));
  write(endpoint, 0x04, 2, 6);
  bench.config(endpoint, "dvsecDevice", "control", 4);
  bench.registers(deviceHandle, "hdmDecoderDevice", "globalControl", 2);
  for (const [handle, structure] of [[bridgeHandle, "hdmDecoderPort"], [deviceHandle, "hdmDecoderDevice"]] as const) {
    bench.registers(handle, structure, "control", 0);
    bench.registers(handle, structure, "baseHigh", 4);
    bench.registers(handle, structure, "sizeLow", 0x2000_0000);
    bench.registers(handle, structure, "control", 0x1200);
  }
}

const linkDown = ({ config }: Bench): void => {
  config(port, "dvsecPort", "control", 2);
  config(port, "pcie", "linkControl", 0x10);
};
const linkUp = ({ config }: Bench): void => void config(port, "pcie", "linkControl", 0);

describe("links and isolation", () => {
  it("[T1] [T12] [TS5] [TS6] Link Disable with isolation enabled isolates; [TB1] loads end in poison, [TB2] stores are dropped; [TR2] only status[8] ends it", () => {
    const bench = ready();
    const { reference, registers } = bench;
    expect([reference.store(base, 8, 7n), reference.load(base, 8)]).toMatchObject(["ok", { status: "ok", value: 7n }]);
    registers(portHandle, "timeoutIsolation", "control", 1 << 16);
    linkDown(bench);
    expect([registers(portHandle, "timeoutIsolation", "status"), reference.load(base, 8).status, reference.store(base, 8, 1n)]).toEqual([0x300, "poison", "dropped"]);
    registers(portHandle, "timeoutIsolation", "status", 0x200);
    linkUp(bench);
    expect([registers(portHandle, "timeoutIsolation", "status"), reference.load(base, 8).status]).toEqual([0x100, "poison"]);
    registers(portHandle, "timeoutIsolation", "status", 0x100);
    expect(reference.load(base, 8).status).toBe("ones");
  });

  it("[T4] with Link Down Enable the link stays down while status[8] is 1", () => {
    const bench = ready();
    bench.registers(portHandle, "timeoutIsolation", "control", 3 << 16);
    linkDown(bench);
    linkUp(bench);
    expect(bench.config(port, "pcie", "linkStatus")).toBe(0);
    bench.registers(portHandle, "timeoutIsolation", "status", 0x100);
    expect(bench.config(port, "pcie", "linkStatus")).toBe(0x2085);
  });

  it("[T7] without isolation a load over a dead link is fatal", () => {
    const bench = ready();
    linkDown(bench);
    expect([bench.reference.load(base, 8).status, bench.registers(portHandle, "timeoutIsolation", "status")]).toEqual(["fatal", 0]);
  });

  it("[TR4] [TR5] a device comes back without its programming, the host bridge keeps its own; [TB3] volatile contents are uncertain, persistent ones kept", () => {
    const bench = ready();
    const { reference } = bench;
    for (const at of [0n, 256n * MiB]) reference.store(base + at, 8, 5n);
    linkDown(bench);
    expect(reference.configRead(endpoint, 0, 4)).toBe(0xffff_ffffn);
    linkUp(bench);
    expect([Number(reference.configRead(endpoint, 4, 2)), bench.registers(bridgeHandle, "hdmDecoderPort", "control") & 0x400, bench.config(port, "pcie", "slotStatus") & 0x108]).toEqual([0, 0x400, 0x100]);
    setUp(bench);
    expect([0n, 256n * MiB].map((at) => reference.load(base + at, 8))).toEqual([{ status: "ok", value: 0n, known: 0n }, { status: "ok", value: 5n, known: 0xffff_ffff_ffff_ffffn }]);
  });

  it("masked causes do nothing: Link Disable and Secondary Bus Reset want their unmask bits (config sheet 5)", () => {
    const bench = ready();
    bench.config(port, "pcie", "linkControl", 0x10);
    bench.config(port, "bridgeHeader", "bridgeControl", 0x40);
    expect(bench.config(port, "pcie", "linkStatus")).toBe(0x2085);
    bench.config(port, "dvsecPort", "control", 1);
    expect(bench.config(port, "pcie", "linkStatus")).toBe(0);
  });

  it("[T11] software-triggered containment takes the link down until its status is cleared, and isolates", () => {
    const bench = ready();
    bench.registers(portHandle, "timeoutIsolation", "control", 1 << 16);
    bench.config(port, "dpc", "control", 0x49);
    expect([bench.config(port, "dpc", "status"), bench.config(port, "pcie", "linkStatus"), bench.registers(portHandle, "timeoutIsolation", "status")]).toEqual([0x2f, 0, 0x300]);
    bench.config(port, "dpc", "status", 1);
    expect([bench.config(port, "dpc", "status"), bench.config(port, "pcie", "linkStatus")]).toEqual([0x2e, 0x2085]);
  });
});

describe("resets of a function (component sheet 14)", () => {
  it("a function level reset takes command and BARs, and leaves decoders and the device DVSEC", () => {
    const bench = ready();
    bench.config(endpoint, "pcie", "deviceControl", 0x8000);
    expect([Number(bench.reference.configRead(endpoint, 4, 2)), Number(bench.reference.configRead(endpoint, 0x10, 4)), bench.config(endpoint, "dvsecDevice", "control")]).toEqual([0, 0xc, 6]);
    expect(bench.reference.store(base, 8, 1n)).toBe("ok");
  });

  it("a device that is not capable of CXL reset ignores it; one that is loses decoders and Mem_Enable and reports the end", () => {
    const plain = ready();
    plain.config(endpoint, "dvsecDevice", "control2", 4);
    expect(plain.reference.store(base, 8, 1n)).toBe("ok");
    const capable = ready(machine([bridge(0, [rootPort("rp0", 0, device("dev0", { resetTime: 1 }))])]));
    capable.config(endpoint, "dvsecDevice", "control2", 4);
    expect([capable.reference.store(base, 8, 1n), capable.config(endpoint, "dvsecDevice", "status2"), capable.config(endpoint, "dvsecDevice", "control")]).toEqual(["dropped", 2, 2]);
  });
});

describe("memory", () => {
  it("unaligned accesses in two pieces meet each piece where it is; the worst end counts", () => {
    const { reference } = ready();
    reference.store(base + 6n, 4, 0x4433_2211n);
    expect([reference.load(base, 8).value, reference.load(base + 8n, 2).value, reference.load(base + 5n, 8).value]).toEqual([0x2211_0000_0000_0000n, 0x4433n, 0x44_3322_1100n]);
    expect(reference.load(base + 512n * MiB - 4n, 8)).toEqual({ status: "ones", value: 0xffff_ffff_0000_0000n, known: 0xffff_ffff_ffff_ffffn });
  });

  it("[C14] [TB6] what no decoder or no media claims reads all ones and takes nothing", () => {
    const { reference, registers } = ready();
    registers(deviceHandle, "hdmDecoderDevice", "control", 0);
    expect([reference.load(base, 2), reference.store(base, 2, 1n), reference.load(1n << 50n, 1).value]).toEqual([{ status: "ones", value: 0xffffn, known: 0xffffn }, "dropped", 0xffn]);
  });
});

describe("finding functions", () => {
  const tree = machine([bridge(0, [rootPort("rp0", 0, switchCard("sw0", [downstream("dsp0", 0, device("a")), downstream("dsp1", 1, device("b"))]))])]);

  it("bus numbers lead through a switch, and only what they name answers (PCIe 7.3.3)", () => {
    const reference = new ReferenceMachine(tree);
    const buses = (address: number, value: number): void => reference.configWrite(address, 0x18, 4, BigInt(value));
    expect(reference.functionAt(pciAddress(0, 1, 0, 0))).toBeUndefined();
    buses(port, 0x0005_0100);
    buses(pciAddress(0, 1, 0, 0), 0x0005_0201);
    buses(pciAddress(0, 2, 1, 0), 0x0004_0402);
    const names = [[1, 0, 0], [2, 0, 0], [2, 1, 0], [2, 2, 0], [3, 0, 0], [4, 0, 0], [4, 1, 0], [4, 0, 1]].map(([bus = 0, slot = 0, fn = 0]) => reference.functionAt(pciAddress(0, bus, slot, fn))?.name);
    expect(names).toEqual(["sw0", "dsp0", "dsp1", undefined, undefined, "b", undefined, undefined]);
    expect(reference.functionAt(pciAddress(1, 0, 0, 0))).toBeUndefined();
  });

  it("registers answer behind BARs and windows while Memory Space is enabled all the way", () => {
    const bench = ready();
    const answers = (): boolean => bench.reference.read(deviceHandle, 0, 4) !== 0xffff_ffffn;
    for (const [address, offset, closed, open] of [[port, 4, 4, 6], [port, 0x26, 0, 0x20], [endpoint, 4, 4, 6]] as const) {
      bench.reference.configWrite(address, offset, 2, BigInt(closed));
      expect([address, offset, answers()]).toEqual([address, offset, false]);
      bench.reference.configWrite(address, offset, 2, BigInt(open));
      expect([address, offset, answers()]).toEqual([address, offset, true]);
    }
    expect([bench.reference.read(9, 0, 8), bench.reference.read(deviceHandle, 0x700, 8)]).toEqual([0xffff_ffff_ffff_ffffn, 0n]);
  });
});

describe("what the reference does not predict", () => {
  it("names declared fields, each with its reason", () => {
    const structures = Object.values(blocks as Readonly<Record<string, BlockDeclaration>>).flatMap(({ placements }) => Object.values(placements).map(({ structure }) => structure));
    for (const { structure, register, field, reason } of unpredictedFields) {
      expect([structure, register, field, structures.some((one) => one.name === structure && one.registers[register]?.fields[field] !== undefined)]).toEqual([structure, register, field, true]);
      expect(reason.length).toBeGreaterThan(10);
    }
  });
});
