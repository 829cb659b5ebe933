// Bandwidth and latency of regions as access0 gives them, held against a calculation from the machine's description alone
// (Documentation/driver-api/cxl: min of each way's parts, sums where ways meet).

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { regionFigures } from "../../src/kernel/cxl/ledgers.ts";
import type { LinkDescription, MachineDescription, SlotDescription, SwitchDescription } from "../../src/platform/description.ts";
import { isSwitch } from "../../src/platform/description.ts";
import type { AccessFigures } from "../../src/platform/platform.ts";
import type { Booted } from "../support/kernel.ts";
import { bootMachine } from "../support/kernel.ts";
import { MiB, deviceOf, portOf } from "../support/machine.ts";
import type { Shape } from "../support/regions.ts";
import { bootWith, positionsOf, read, regionOver, serialOf, shapeName, shapeOf, spread } from "../support/regions.ts";
import { downstreamOf, switchOf } from "../support/topology.ts";

const way = (bandwidth: number): AccessFigures => ({ readLatency: 80, writeLatency: 90, readBandwidth: bandwidth, writeBandwidth: bandwidth / 2 });

interface Figures {
  readonly bridge?: number;
  readonly card?: number;
  readonly switches?: number;
  readonly cardLink?: LinkDescription;
  readonly switchLink?: LinkDescription;
}

const wide: LinkDescription = { speed: 5, width: 16 };

function machineWith(shape: Shape, figures: Figures = {}): MachineDescription {
  const machine = spread(shape, { card: () => ({ bandwidth: figures.card ?? 20_000, link: figures.cardLink ?? { speed: 5, width: 8 } }) });
  const onCard = (card: SlotDescription): SlotDescription => (isSwitch(card) ? { ...card, bandwidth: figures.switches ?? 64_000, link: figures.switchLink ?? wide, ports: card.ports.map((port) => ({ ...port, link: wide })) } : card);
  const hostBridges = machine.hostBridges.map((bridge) => ({ ...bridge, performance: way(figures.bridge ?? 200_000), rootPorts: bridge.rootPorts.map((port) => ({ ...port, link: wide, slots: port.slots.map(onCard) })) }));
  return { ...machine, hostBridges };
}

const online = { policies: { memoryUse: "system-ram-movable", onlineType: "online_movable" } } as const;

/** A region over every card, online as memory of its node. */
function bootRegion(machine: MachineDescription, shape: Shape): Booted {
  const booted = bootMachine(machine, online);
  const memdevs = positionsOf(shape).map((card) => `0x${serialOf(card).toString(16)}`);
  const names = booted.files.list("/sys/bus/cxl/devices").filter((name) => name.startsWith("mem"));
  const inOrder = memdevs.map((serial) => names.find((name) => read(booted, `${name}/serial`) === serial) ?? "");
  const made = booted.command(`cxl create-region -d decoder0.0 -t ram -m ${inOrder.join(" ")}`);
  expect(made.stderr).toBe("cxl region: cmd_create_region: created 1 region\n");
  booted.settle();
  return booted;
}

const access = (booted: Booted, region = "region0", group = "access0"): number[] => ["read_bandwidth", "write_bandwidth", "read_latency", "write_latency"].map((name) => Number(read(booted, `${region}/${group}/${name}`)));

/** Data rate of a link in MB/s: transfers a second, one bit each, on every lane; written from the names of the speeds. */
const rates: Readonly<Record<number, number>> = { 3: 8, 4: 16, 5: 32 };
const rateOf = (a: LinkDescription, b: LinkDescription): number => ((rates[Math.min(a.speed, b.speed)] ?? 0) * 1000 * Math.min(a.width, b.width)) / 8;

/** What reaches the port from a card: at most its link, and of what is below it what each part lets through. */
function reaching(card: SlotDescription, portLink: LinkDescription): number {
  const through = isSwitch(card) ? (card as SwitchDescription).ports.reduce((sum, port) => sum + Math.min(card.bandwidth ?? 0, ...port.slots.slice(0, 1).map((below) => reaching(below, port.link ?? wide))), 0) : (card.bandwidth ?? 0);
  return Math.min(through, rateOf(card.link ?? portLink, portLink));
}

/** As a table of 16-bit figures tells it: in tens where it does not fit. */
const told = (figure: number): number => (figure > 65_534 ? Math.round(figure / 10) * 10 : figure);

/** Read bandwidth of a region over every card of a machine. */
const expected = (machine: MachineDescription): number =>
  machine.hostBridges.reduce((sum, bridge) => sum + Math.min(told(bridge.performance?.readBandwidth ?? 0), bridge.rootPorts.reduce((below, port) => below + port.slots.slice(0, 1).reduce((all, card) => all + reaching(card, port.link ?? wide), 0), 0)), 0);

describe("bandwidth of a region", () => {
  const cases: readonly (readonly [string, Shape, Figures, number])[] = [
    ["one card: what the card gives", shapeOf(1), {}, 20_000],
    ["one card that gives more than its link (x4 at 16 GT/s: 8000 MB/s)", shapeOf(1), { cardLink: { speed: 4, width: 4 } }, 8000],
    ["one card that gives more than lies between bridge and processors", shapeOf(1), { bridge: 12_000 }, 12_000],
    ["two root ports of one bridge: the sum", shapeOf(1, 2), {}, 40_000],
    ["two root ports of one bridge that lets less through: the bridge's", shapeOf(1, 2), { bridge: 30_000 }, 30_000],
    ["two bridges: each limits its own half", shapeOf(2), { bridge: 15_000 }, 30_000],
    ["two bridges that let everything through: the sum", shapeOf(2), {}, 40_000],
    ["two cards below a switch: the sum", shapeOf(1, 1, 2), {}, 40_000],
    ["two cards below a switch whose uplink is x8 at 16 GT/s: the uplink's 16000", shapeOf(1, 1, 2), { switchLink: { speed: 4, width: 8 } }, 16_000],
    ["two cards below a switch that lets 12000 through to each port", shapeOf(1, 1, 2), { switches: 12_000 }, 24_000],
    ["two switches at two root ports, uplinks of 32000, below a bridge of 50000", shapeOf(1, 2, 2), { bridge: 50_000, switchLink: { speed: 5, width: 8 } }, 50_000],
    ["two bridges of 65622, which the table tells in tens", shapeOf(2, 2), { bridge: 65_622, card: 32_811, cardLink: wide }, 131_240],
    ["two bridges with a switch each, uplinks of 32000", shapeOf(2, 1, 2), { switchLink: { speed: 5, width: 8 } }, 64_000],
  ];
  for (const [name, shape, figures, bandwidth] of cases) {
    it(`${name} (${shapeName(shape)})`, () => {
      const machine = machineWith(shape, figures);
      expect([access(bootRegion(machine, shape))[0], expected(machine)]).toEqual([bandwidth, bandwidth]);
    });
  }

  it("is what the rule gives for any layout, links and figures", { timeout: 60_000 }, () => {
    const shapes = fc.constantFrom(shapeOf(1), shapeOf(1, 2), shapeOf(2), shapeOf(2, 2), shapeOf(1, 1, 2), shapeOf(1, 2, 2), shapeOf(2, 1, 2));
    const link = fc.record({ speed: fc.constantFrom(3, 4, 5), width: fc.constantFrom(1, 2, 4, 8, 16) });
    const bandwidth = fc.integer({ min: 100, max: 60_000 });
    const figures = fc.record({ bridge: bandwidth.map((value) => value * 2), card: bandwidth, switches: bandwidth, cardLink: link, switchLink: link });
    fc.assert(fc.property(shapes, figures, (shape, values) => {
      const machine = machineWith(shape, values);
      expect(access(bootRegion(machine, shape))[0]).toBe(expected(machine));
    }), { numRuns: 25, seed: 6 });
  });

  it("writes are limited apart from reads", () => {
    const [reads, writes] = access(bootRegion(machineWith(shapeOf(1, 2), { bridge: 36_000 }), shapeOf(1, 2)));
    expect([reads, writes]).toEqual([36_000, 18_000]);
  });

  it("a region that firmware made has the same", () => {
    const shape = shapeOf(1, 1, 2);
    const booted = bootWith(machineWith(shape, { switchLink: { speed: 4, width: 8 } }), { regions: [regionOver(positionsOf(shape))] }, online);
    expect(access(booted)[0]).toBe(16_000);
  });

  /** A machine of one bridge over these cards. */
  const over = (...cards: readonly SlotDescription[]): MachineDescription => {
    const machine = machineWith(shapeOf(1));
    return { ...machine, hostBridges: machine.hostBridges.map((bridge) => ({ ...bridge, rootPorts: cards.map((card, index) => portOf(`rp${index}`, { portNumber: index, link: wide, slots: [card] })) })) };
  };
  const cardOf = (name: string): SlotDescription => deviceOf(name, { serial: serialOf(name), volatileCapacity: 512n * MiB, bandwidth: 20_000, link: { speed: 5, width: 8 } });
  const hub = (name: string, link: LinkDescription, bandwidth: number, below: readonly SlotDescription[]): SlotDescription => switchOf(name, below.map((card, index) => ({ ...downstreamOf(`${name}_dsp${index}`, index, [card]), link: wide })), { link, bandwidth });

  it("switches below a switch: each level's ports and uplink limit in turn", () => {
    const inner = (place: number, link: LinkDescription): SlotDescription => hub(`sw${place}`, link, 64_000, [cardOf(`d0_0_${2 * place}`), cardOf(`d0_0_${2 * place + 1}`)]);
    const machine = over(hub("top", { speed: 5, width: 16 }, 30_000, [inner(0, { speed: 4, width: 8 }), inner(1, { speed: 5, width: 16 })]));
    const booted = bootMachine(machine, online);
    expect(booted.command("cxl create-region -d decoder0.0 -t ram -w 4 -m mem0 mem2 mem1 mem3").exitCode).toBe(0);
    booted.settle();
    // 16000 of the uplink of the first, 30000 of the port towards the second.
    expect([access(booted)[0], expected(machine)]).toEqual([46_000, 46_000]);
  });

  it("members with a switch above and without one: the plain sum of what each alone would have, and the log says so", () => {
    const booted = bootMachine(over(cardOf("d0_0_0"), hub("sw1", { speed: 4, width: 8 }, 64_000, [cardOf("d0_1_0")])), online);
    expect(booted.command("cxl create-region -d decoder0.0 -t ram -m mem0 mem1").exitCode).toBe(0);
    booted.settle();
    // Alone, a card's way is the narrowest link less its coding: x8 at 16 GT/s leaves 15753 MB/s.
    expect([access(booted)[0], booted.dmesg().filter((line) => line.includes("Asymmetric"))]).toEqual([20_000 + 15_753, ["cxl region0: Asymmetric hierarchy detected, bandwidth not updated"]]);
  });
});

describe("latency of a region", () => {
  // A flit of 68 bytes: 17000 ps on a lane of 32 GT/s, 34000 at 16 GT/s; Linux adds them to nanoseconds as they are.
  it("the sum of bridge, link and card; of several members the worst", () => {
    const machine = spread(shapeOf(1, 2), { card: (name) => ({ readLatency: name === "d0_1_0" ? 400 : 300, writeLatency: 200 }) });
    const booted = bootRegion({ ...machine, hostBridges: machine.hostBridges.map((bridge) => ({ ...bridge, performance: way(100_000) })) }, shapeOf(1, 2));
    expect(access(booted).slice(2)).toEqual([80 + 17_000 + 400, 90 + 17_000 + 200]);
  });

  it("a switch and the link above it come on top", () => {
    const booted = bootRegion(machineWith(shapeOf(1, 1, 2), { switchLink: { speed: 4, width: 8 } }), shapeOf(1, 1, 2));
    expect(access(booted).slice(2)).toEqual([80 + 34_000 + 100 + 17_000 + 300, 90 + 34_000 + 100 + 17_000 + 200]);
  });
});

describe("the files access0 and access1", () => {
  const shape = shapeOf(1, 2);
  const groups = (booted: Booted, region: string): string[] => booted.files.list(`/sys/bus/cxl/devices/${region}`).filter((name) => name.startsWith("access"));

  it("both are there, alike, when the region's memory is the first of its node", () => {
    const booted = bootRegion(machineWith(shape), shape);
    expect([groups(booted, "region0"), access(booted, "region0", "access1")]).toEqual([["access0", "access1"], access(booted)]);
  });

  it("a second region on the same node has none, nor has one that is no memory of a node", () => {
    const machine = machineWith(shape);
    const second = bootMachine(machine, online);
    for (const memdev of ["mem0", "mem1"]) expect(second.command(`cxl create-region -d decoder0.0 -t ram -m ${memdev}`).exitCode).toBe(0);
    second.settle();
    const dax = bootMachine(machine);
    expect(dax.command("cxl create-region -d decoder0.0 -t ram -m mem0").exitCode).toBe(0);
    expect([groups(second, "region0"), groups(second, "region1"), groups(dax, "region0")]).toEqual([["access0", "access1"], [], []]);
    // The kernel knows them all the same.
    expect([second, dax].map((booted) => regionFigures(booted.kernel).map(({ name, readBandwidth, isShown }) => [name, readBandwidth, isShown]))).toEqual([[["region0", 20_000, true], ["region1", 20_000, false]], [["region0", 20_000, false]]]);
  });

  it("a region that is made again after the first one of its node was destroyed has none: the node is known", () => {
    const booted = bootRegion(machineWith(shape), shape);
    expect(booted.command("cxl destroy-region -f region0").exitCode).toBe(0);
    booted.settle();
    const nodes = (): string => booted.read("/sys/devices/system/node/has_memory");
    const before = nodes();
    expect(booted.command("cxl create-region -d decoder0.0 -t ram -m mem0 mem1").exitCode).toBe(0);
    booted.settle();
    expect([before, nodes(), groups(booted, "region0")]).toEqual(["0\n", "0-1\n", []]);
  });

  it("without figures of one bridge nothing appears of regions below it", () => {
    const machine = machineWith(shapeOf(2));
    const [first, last] = machine.hostBridges;
    if (first === undefined || last === undefined) throw new Error("two bridges");
    const { performance: _, ...bare } = last;
    const booted = bootRegion({ ...machine, hostBridges: [first, bare] }, shapeOf(2));
    const classes = ["mem0", "mem1"].map((memdev) => booted.files.exists(`/sys/bus/cxl/devices/${memdev}/ram/qos_class`));
    // The member that is known adds its part; the shared ways are not counted without the other.
    expect([classes, access(booted)[0]]).toEqual([[true, false], 20_000]);
  });
});
