// The second statement of routing, alone: against what QEMU did, against the identities of the cedt sheet, and back and forth.
//
// QEMU (the fixture) parts from the statement in what software has to do before: it decodes without HDM Decoder Enable and without Mem_Enable,
// takes Global Control bit 1 on host bridges too, and answers 0 where nothing is behind an address. Where both decode, they agree.

import { describe, expect, it } from "vitest";
import type { DownstreamPortDescription, MachineDescription, RootPortDescription, SlotDescription, WindowDescription } from "../../../src/platform/description.ts";
import { createRandom, nextBelow, nextUint32 } from "../../../src/sim/random.ts";
import captured from "../../fixtures/qemu-datapath.json" with { type: "json" };
import { GiB, MiB, bridge, device, downstream, machine, rootPort, switchCard } from "./descriptions.ts";
import { HdmOracle } from "../hdm-decoder.ts";
import type { Decoder, DeviceProgramming, HubProgramming, Programming, Range } from "./routing.ts";
import { addressesOf, codeOf, deviceDpa, dpaOffset, hpaOffset, route, windowPosition } from "./routing.ts";

const qemuCapability = 0x1128;
const largestWays = 8;
const idle: Range = { base: 0n, size: 0n, isActive: true };

/** Decoders of a component as its registers read. */
function decodersOf(registers: HdmOracle, count: number): Decoder[] {
  return Array.from({ length: count }, (_, n) => {
    const word = (offset: number): bigint => BigInt(registers.read32(0x10 + 0x20 * n + offset));
    const list = (word(0x18) << 32n) | word(0x14);
    const control = Number(word(0x10));
    return { isCommitted: (control & 0x400) !== 0, base: (word(4) << 32n) | word(0), size: (word(12) << 32n) | word(8), granularity: control & 15, ways: (control >> 4) & 15, targets: Array.from({ length: largestWays }, (_way, way) => Number((list >> BigInt(8 * way)) & 0xffn)), skip: list };
  });
}

/** Programming of oracles by name; devices decode with their decoders and accept CXL.mem. */
function programmed(registers: ReadonlyMap<string, HdmOracle>, count: number): Programming {
  const hub = (name: string): HubProgramming => ({ returnsPoison: false, decoders: decodersOf(registers.get(name) as HdmOracle, count) });
  return { bridge: hub, upstream: hub, device: (name) => ({ ...hub(name), usesDecoders: true, isMemoryEnabled: true, ranges: [idle, idle] }) };
}

type CapturedPort = (typeof captured.cases)[number]["bridges"][number]["ports"][number];
interface CapturedCard { readonly name: string; readonly capacity?: number; readonly ports?: readonly CapturedPort[] }

function cardOf(card: CapturedCard): SlotDescription {
  if (card.ports === undefined) return device(card.name, { volatileCapacity: BigInt(card.capacity ?? 0) });
  return switchCard(card.name, card.ports.map((port) => downstream(port.name, port.port, cardOf(port.card as CapturedCard))));
}

describe("routing against what QEMU did", () => {
  it.each(captured.cases.map((one) => [`${one.name}, ${one.ways} ways at ${one.granularity}`, one] as const))("%s", (_, one) => {
    const written = new Set(one.program.map(([name]) => name));
    const bridges = one.bridges.map((hub, index) => bridge(index, hub.ports.map((port) => rootPort(port.name, port.port, cardOf(port.card as CapturedCard))), { decoders: written.has(hub.name) ? 4 : 0 }));
    const description = machine(bridges, { windows: [{ base: BigInt(one.window.base), size: BigInt(one.window.size), ways: one.window.targets.length, granularity: one.window.granularity, targets: one.window.targets }] });
    const hubs = new Set([...bridges.map(({ name }) => name), ...bridges.flatMap(({ rootPorts }) => rootPorts).flatMap(({ slots }) => slots).filter(({ kind }) => kind === "switch").map(({ name }) => name)]);
    const names = [...hubs, ...written] as string[];
    const registers = new Map(names.map((name) => [name, new HdmOracle({ kind: hubs.has(name) ? "port" : "device", decoderCount: 4, targetCount: 8, ways3_6_12: true, ways16: true, poisonOnDecodeError: false })]));
    for (const [name, offset, value] of one.program as [string, string, string][]) registers.get(name)?.write32(Number(offset) - qemuCapability, Number(value));
    const programming = programmed(registers, 4);
    for (const [offset, name, dpa] of one.rows) {
      const hpa = BigInt(one.base) + BigInt(offset as string);
      const answer = route(description, programming, hpa);
      if (name === null) expect([offset, answer.kind]).toEqual([offset, "miss"]);
      else {
        expect([offset, answer]).toMatchObject([offset, { kind: "device", device: { name }, dpa: BigInt(dpa as string) }]);
        expect(addressesOf(description, programming, name as string, BigInt(dpa as string))).toContain(hpa);
      }
    }
  });
});

const everyWays = [1, 2, 3, 4, 6, 8, 12, 16];
const region = (overrides: Partial<Decoder>): Decoder => ({ isCommitted: true, base: 0n, size: 0n, granularity: 0, ways: 0, targets: [], skip: 0n, ...overrides });

describe("the arithmetic of one decoder (cedt 3)", () => {
  const random = createRandom(41);
  const wide = (): bigint => (BigInt(nextUint32(random)) << 20n) | BigInt(nextUint32(random) >>> 12);

  it("the general identity, the bit formulas and their inverse agree for every ways and granularity", () => {
    for (const ways of everyWays) {
      const code = codeOf(ways);
      for (let ig = 0n; ig <= 6n; ig++) {
        for (let i = 0; i < 30; i++) {
          const offset = wide();
          const granularity = 256n << ig;
          const position = (offset / granularity) % BigInt(ways);
          const low = offset & (granularity - 1n);
          const bits = code < 8 ? ((offset >> (ig + 8n + BigInt(code))) << (ig + 8n)) | low : (((offset >> (ig + BigInt(code))) / 3n) << (ig + 8n)) | low;
          const dpa = dpaOffset(offset, ways, granularity);
          expect([ways, ig, offset, dpa]).toEqual([ways, ig, offset, bits]);
          expect(hpaOffset(dpa, Number(position), ways, granularity)).toBe(offset);
        }
      }
    }
  });

  it("DPABase adds every lower decoder's skip and its share of the size", () => {
    const programming: DeviceProgramming = {
      returnsPoison: false, usesDecoders: true, isMemoryEnabled: true, ranges: [idle, idle],
      decoders: [region({ size: 768n * MiB, ways: codeOf(3), skip: 256n * MiB }), region({ base: GiB, size: 512n * MiB, ways: codeOf(2), isCommitted: false }), region({ base: 2n * GiB, size: GiB, skip: 512n * MiB })],
    };
    const big = device("d", { volatileCapacity: 4n * GiB });
    expect([deviceDpa(big, programming, 0x200n), deviceDpa(big, programming, GiB), deviceDpa(big, programming, 2n * GiB + 5n)]).toEqual([256n * MiB, undefined, (256n + 256n + 256n + 512n) * MiB + 5n]);
  });

  it("[C14] a DPA beyond the capacity is not claimed", () => {
    const programming: DeviceProgramming = { returnsPoison: false, usesDecoders: true, isMemoryEnabled: true, ranges: [idle, idle], decoders: [region({ size: GiB })] };
    expect([deviceDpa(device("d"), programming, 256n * MiB - 1n), deviceDpa(device("d"), programming, 256n * MiB)]).toEqual([256n * MiB - 1n, undefined]);
  });

  it("with HDM Decoder Enable 0 both DVSEC ranges decode, the second one's DPAs behind the first's; without Mem_Enable nothing does", () => {
    const mixed = device("d", { persistentCapacity: 512n * MiB });
    const ranges: readonly [Range, Range] = [{ base: 4n * GiB, size: 256n * MiB, isActive: true }, { base: GiB, size: 512n * MiB, isActive: true }];
    const programming: DeviceProgramming = { returnsPoison: false, usesDecoders: false, isMemoryEnabled: true, ranges, decoders: [region({ size: 8n * GiB })] };
    const ask = (changes: Partial<DeviceProgramming>): (bigint | undefined)[] => [4n * GiB + 7n, GiB + 7n, 2n * GiB].map((hpa) => deviceDpa(mixed, { ...programming, ...changes }, hpa));
    expect(ask({})).toEqual([7n, 256n * MiB + 7n, undefined]);
    expect(ask({ ranges: [{ ...ranges[0], isActive: false }, ranges[1]] })).toEqual([undefined, 256n * MiB + 7n, undefined]);
    expect(ask({ isMemoryEnabled: false })).toEqual([undefined, undefined, undefined]);
  });
});

/** The low bits and the rest modulo 3, as a modulo window of these ways splits them when its 3 is above the power of two. */
function windowPositionByParts(hpa: bigint, ways: number, bits: number): number {
  const chunk = hpa / 1024n;
  const low = Number(chunk % (1n << BigInt(bits)));
  return ways % 3 === 0 ? low + 2 ** bits * Number((chunk >> BigInt(bits)) % 3n) : low;
}

const window = (overrides: Partial<WindowDescription>): WindowDescription => ({ base: 17n * GiB, size: 12n * GiB, ways: 1, granularity: 1024, targets: [], ...overrides });
const parity = (value: bigint): bigint => BigInt([...value.toString(2)].filter((digit) => digit === "1").length % 2);

describe("windows (cedt 4 and 5)", () => {
  it("modulo windows count chunks of the absolute address, not of the offset", () => {
    for (const ways of everyWays) for (const chunk of [17n << 20n, (17n << 20n) + 1n, (17n << 20n) + 35n]) expect(windowPosition(window({ ways }), chunk * 1024n + 3n)).toBe(Number(chunk % BigInt(ways)));
    expect((17n * GiB / 1024n) % 3n).not.toBe(0n);
  });

  it("XOR windows give every position the same share, and differ from modulo where a map has more than one bit", () => {
    const maps = [0x2020_8400n, 0x4_1040_0800n, 0x1_0000_1000n, 0x8_0000_2000n];
    for (const ways of everyWays) {
      const one = window({ ways, arithmetic: "xor", xorMaps: maps });
      const counts = Array.from({ length: ways }, () => 0);
      let differs = false;
      for (let chunk = 0n; chunk < 48n * 16n; chunk++) {
        const position = windowPosition(one, 0x1_2030_8000n * 1024n + chunk * 1024n);
        counts[position] = (counts[position] ?? 0) + 1;
        differs ||= position !== windowPosition(window({ ways }), 0x1_2030_8000n * 1024n + chunk * 1024n);
      }
      expect([ways, new Set(counts).size, differs]).toEqual([ways, 1, ways !== 1 && ways !== 3]);
    }
  });

  it("an XOR window is a modulo window over addresses whose lowest map bits are replaced by parities; doing so twice gives the address back (cedt 5)", () => {
    const maps = [0x2020_8400n, 0x4_1040_0800n, 0x1_0000_1000n, 0x8_0000_2000n];
    const random = createRandom(5);
    for (const [ways, count] of [[2, 1], [4, 2], [8, 3], [16, 4], [6, 1], [12, 2]] as const) {
      const used = maps.slice(0, count);
      const swap = (address: bigint): bigint => used.reduce((at, map) => (at & ~(map & -map)) | (parity(at & map) * (map & -map)), address);
      for (let i = 0; i < 100; i++) {
        const hpa = (BigInt(nextUint32(random)) << 8n) | 0xabn;
        expect(windowPosition(window({ ways, arithmetic: "xor", xorMaps: used }), hpa)).toBe(windowPositionByParts(swap(hpa), ways, count));
        expect(swap(swap(hpa))).toBe(hpa);
      }
    }
  });
});

/** Port numbers of a hub with `count` ports. */
const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => 7 * i + 3);

/** A random tree below `ways` host bridges whose levels all split the region, with each level's place in the address. */
function randomSet(seed: number): { readonly description: MachineDescription; readonly programming: Programming; readonly devices: readonly string[]; readonly base: bigint; readonly size: bigint } {
  const random = createRandom(seed);
  const pick = <T>(items: readonly T[]): T => items[nextBelow(random, items.length)] as T;
  const [bridgeWays, portWays, switchWays] = pick([[1, 1, 2], [1, 4, 1], [2, 2, 2], [3, 1, 1], [3, 2, 1], [3, 2, 2], [4, 1, 2], [6, 2, 1], [12, 1, 1], [8, 1, 1], [2, 1, 4]] as const);
  const rootShift = nextBelow(random, 3);
  const total = bridgeWays * portWays * switchWays;
  const granularity = 256 << rootShift;
  // cedt 4, L3 and L4: the root takes the lowest bits, every level below the next ones. Codes of granularity per level.
  const bridgeCode = rootShift + Math.log2(bridgeWays % 3 === 0 ? bridgeWays / 3 : bridgeWays);
  const switchCode = bridgeCode + Math.log2(portWays);
  const devices: string[] = [];
  const leaf = (name: string): SlotDescription => {
    devices.push(name);
    return device(name, { volatileCapacity: GiB });
  };
  const card = (name: string): SlotDescription => (switchWays === 1 ? leaf(`${name}d`) : switchCard(`${name}s`, numbers(switchWays).map((number, i): DownstreamPortDescription => downstream(`${name}p${i}`, number, leaf(`${name}p${i}d`)))));
  const ports = (hub: number): RootPortDescription[] => numbers(portWays).map((number, i) => rootPort(`b${hub}r${i}`, number, card(`b${hub}r${i}`)));
  const bridges = Array.from({ length: bridgeWays }, (_, index) => bridge(index, ports(index), { decoders: portWays === 1 ? pick([0, 4]) : 4 }));
  const base = BigInt(16 + nextBelow(random, 9)) * GiB;
  const size = 256n * MiB * BigInt(total);
  const description = machine(bridges, { windows: [{ base, size: 2n * size, ways: bridgeWays, granularity, targets: bridges.map((_, index) => index) }] });
  const hub = (ways: number, code: number): HubProgramming => ({ returnsPoison: false, decoders: [region({ base, size, ways: codeOf(ways), granularity: code, targets: numbers(ways) })] });
  const skip = 256n * MiB * BigInt(nextBelow(random, 3));
  const programming: Programming = {
    bridge: () => hub(portWays, bridgeCode), upstream: () => hub(switchWays, switchCode),
    device: () => ({ returnsPoison: false, usesDecoders: true, isMemoryEnabled: true, ranges: [idle, idle], decoders: [region({ base, size, ways: codeOf(total), granularity: rootShift, skip })] }),
  };
  return { description, programming, devices, base, size };
}

describe("routing and its inverse over random sets of decoders", () => {
  it("every address reaches one DPA of one device, and that DPA's address is the one it came from", () => {
    const random = createRandom(7);
    for (let seed = 1; seed <= 60; seed++) {
      const { description, programming, base, size, devices } = randomSet(seed);
      const seen = new Set<string>();
      for (let i = 0; i < 120; i++) {
        const hpa = base + (i < 60 ? BigInt(i * 256) : (BigInt(nextUint32(random)) << 4n) % size);
        const answer = route(description, programming, hpa);
        if (answer.kind !== "device") expect.fail(`seed ${seed}: ${hpa.toString(16)} reaches ${JSON.stringify(answer.kind)}`);
        expect([seed, addressesOf(description, programming, answer.device.name, answer.dpa)]).toEqual([seed, [hpa]]);
        seen.add(answer.device.name);
      }
      expect(seen.size).toBe(devices.length);
    }
  });

  it("a DPA that a device holds comes from exactly one address, and two addresses never share one", () => {
    for (const seed of [3, 8, 21, 34]) {
      const { description, programming, base } = randomSet(seed);
      const places = new Set<string>();
      const lines = 4096n;
      for (let line = 0n; line < lines; line++) {
        const answer = route(description, programming, base + line * 64n);
        if (answer.kind === "device") places.add(`${answer.device.name} ${answer.dpa}`);
      }
      expect(places.size).toBe(Number(lines));
    }
  });

  it("addresses outside the window, outside the decoders, and targets that no port has, are claimed by nobody", () => {
    const { description, programming, base, size } = randomSet(1);
    expect(route(description, programming, base - 1n)).toEqual({ kind: "outside" });
    expect(route(description, programming, base + 2n * size)).toEqual({ kind: "outside" });
    const two = machine([bridge(0, [rootPort("a", 4, device("x")), rootPort("b", 9, null)])]);
    const at = (target: number): unknown => route(two, { ...programming, bridge: () => ({ returnsPoison: true, decoders: [region({ base: 16n * GiB, size: GiB, targets: [target] })] }) }, 16n * GiB);
    expect(at(5)).toEqual({ kind: "miss", at: "hb0", read: "poison", path: [] });
    expect(at(9)).toMatchObject({ kind: "dead end", path: [{ name: "b" }] });
    expect(at(4)).toMatchObject({ path: [{ name: "a" }] });
  });

  it("[C3] of overlapping committed decoders the lowest-numbered wins; [C5] one of size 0 takes no part", () => {
    const two = machine([bridge(0, [rootPort("a", 0, device("x")), rootPort("b", 1, device("y"))])]);
    const base = 16n * GiB;
    const decoders = [region({ base, size: 0n, targets: [0] }), region({ base: base + 256n * MiB, size: 256n * MiB, targets: [0] }), region({ base, size: GiB, targets: [1] })];
    const programming: Programming = { bridge: () => ({ returnsPoison: false, decoders }), upstream: () => ({ returnsPoison: false, decoders: [] }), device: () => ({ returnsPoison: false, usesDecoders: true, isMemoryEnabled: true, ranges: [idle, idle], decoders: [region({ base, size: 256n * MiB * 4n })] }) };
    expect([0n, 255n, 256n, 511n, 512n].map((at) => (route(two, programming, base + at * MiB) as { path: readonly { name: string }[] }).path[0]?.name)).toEqual(["b", "b", "a", "a", "b"]);
  });
});
