// Regions of 1, 2, 3, 4, 6, 8, 12 and 16 ways over host bridges, root ports and switches, made by hand and by firmware (L1-L6 of the CEDT sheet; A14-A19).

import { describe, expect, it } from "vitest";
import { buildCedt } from "../../src/firmware/tables.ts";
import { parseCedt } from "../../src/kernel/acpi/cedt.ts";
import type { Booted } from "../support/kernel.ts";
import { bootMachine } from "../support/kernel.ts";
import { GiB, portOf } from "../support/machine.ts";
import type { Shape } from "../support/regions.ts";
import { bootWith, fillRegion, hex, leftOf, list, newRegion, positionsOf, read, regionOver, reserve, serialAt, serialOf, shapeName, shapeOf, share, spread, start, store, waysOf } from "../support/regions.ts";

const shapes: readonly Shape[] = [
  shapeOf(1), shapeOf(2), shapeOf(1, 2), shapeOf(1, 1, 2), shapeOf(3), shapeOf(4), shapeOf(2, 2), shapeOf(1, 4), shapeOf(1, 2, 2), shapeOf(2, 1, 2), shapeOf(6), shapeOf(3, 2), shapeOf(3, 1, 2),
  shapeOf(8), shapeOf(4, 2), shapeOf(2, 4), shapeOf(1, 8), shapeOf(2, 2, 2), shapeOf(1, 2, 4), shapeOf(12), shapeOf(6, 2), shapeOf(3, 4), shapeOf(3, 2, 2), shapeOf(16), shapeOf(8, 2), shapeOf(4, 4), shapeOf(2, 8), shapeOf(2, 4, 2), shapeOf(1, 8, 2),
];
const allWays = [1, 2, 3, 4, 6, 8, 12, 16];
const isPowerOfTwo = (value: number): boolean => Number.isInteger(Math.log2(value));
/** What the levels below the window see of its ways (L3). */
const rootFactor = (ways: number): number => (isPowerOfTwo(ways) ? ways : ways / 3);

/** Ways and granularity of the region's decoders by level, those of one target aside; each level has to agree with itself. */
function levels(booted: Booted): Record<number, string> {
  const found: Record<number, string> = {};
  for (const decoder of list(booted, "decoder").filter((name) => !name.startsWith("decoder0.") && read(booted, `${name}/region`) === "region0" && read(booted, `${name}/devtype`) === "cxl_decoder_switch")) {
    const depth = booted.files.realpath(`/sys/bus/cxl/devices/${decoder}`).split("/").filter((part) => /^port\d+$/.test(part)).length;
    const text = `${read(booted, `${decoder}/interleave_ways`)} at ${read(booted, `${decoder}/interleave_granularity`)}`;
    if (text.startsWith("1 ")) continue;
    expect([depth, found[depth] ?? text]).toEqual([depth, text]);
    found[depth] = text;
  }
  return found;
}

function expectedLevels(shape: Shape, granularity: number): Record<number, string> {
  const ofBridge = granularity * rootFactor(shape.bridges);
  return { ...(shape.ports > 1 ? { 1: `${shape.ports} at ${ofBridge}` } : {}), ...(shape.cards > 1 ? { 2: `${shape.cards} at ${ofBridge * shape.ports}` } : {}) };
}

/** Every chunk of four rows keeps what was written into it. */
function checkData(booted: Booted, ways: number): void {
  const { memory } = booted.system.platform;
  for (let chunk = 0n; chunk < BigInt(4 * ways); chunk++) expect(memory.store(start + chunk * 256n, 8, 0x1000n + chunk)).toBe("ok");
  for (let chunk = 0n; chunk < BigInt(4 * ways); chunk++) expect(memory.load(start + chunk * 256n, 8)).toEqual({ status: "ok", value: 0x1000n + chunk });
}

describe("made by hand", () => {
  for (const shape of shapes) {
    it(`[L2] [L3] [L4] [L6] [A16] [A17] [A18] [A19] ${shapeName(shape)}: every level is programmed by the rule, and every chunk has a place of its own`, () => {
      const booted = bootMachine(spread(shape));
      const ways = waysOf(shape);
      newRegion(booted, ways);
      expect(fillRegion(booted, positionsOf(shape))).toEqual(Array.from({ length: ways }, () => "ok"));
      expect(store(booted, "region0/commit", "1")).toBe("ok");
      expect(levels(booted)).toEqual(expectedLevels(shape, 256));
      checkData(booted, ways);
      expect(store(booted, "region0/commit", "0")).toBe("ok");
      expect(leftOf(booted)?.commit).toBe("0");
    });
  }
});

describe("made by firmware", () => {
  for (const shape of shapes) {
    it(`[L3] [L4] [L6] [A14] [A15] [A18] [A19] ${shapeName(shape)}: assembled, members in the places that hardware routes to`, () => {
      const order = positionsOf(shape);
      const booted = bootWith(spread(shape), { regions: [regionOver(order)] });
      expect(read(booted, "region0/commit")).toBe("1");
      expect(order.map((_, position) => serialAt(booted, "region0", position))).toEqual(order.map(serialOf));
      expect(levels(booted)).toEqual(expectedLevels(shape, 256));
      checkData(booted, waysOf(shape));
    });
  }
});

describe("what the rules refuse", () => {
  it("[L2] region ways are the window's times a power of two, and a number that can be encoded", () => {
    for (const root of allWays) {
      const machine = spread(shapeOf(root));
      const empty = { ...machine, hostBridges: machine.hostBridges.map((bridge) => ({ ...bridge, rootPorts: [portOf(`rp${bridge.uid}`, { slots: [], present: false })] })) };
      const booted = bootMachine(empty);
      expect(store(booted, "decoder0.0/create_ram_region", "region0")).toBe("ok");
      const answers = [...allWays, 0, 5, 7, 9, 10, 24, 32].map((ways) => [root, ways, store(booted, "region0/interleave_ways", String(ways))]);
      expect(answers).toEqual([...allWays.map((ways) => [root, ways, ways % root === 0 && isPowerOfTwo(ways / root) ? "ok" : "EINVAL"]), ...[0, 5, 7, 9, 10, 24, 32].map((ways) => [root, ways, "EINVAL"])]);
    }
  });

  it("[L1] below a window of one way every granularity is taken, below others the window's alone", () => {
    const granularities = [256, 512, 1024, 2048, 4096, 8192, 16_384];
    for (const [bridges, granularity] of [[1, 512], [2, 512], [3, 4096], [4, 16_384]] as const) {
      const booted = bootMachine(spread(shapeOf(bridges), { granularity }));
      expect(store(booted, "decoder0.0/create_ram_region", "region0")).toBe("ok");
      expect(granularities.map((value) => store(booted, "region0/interleave_granularity", String(value)))).toEqual(granularities.map((value) => (bridges === 1 || value === granularity ? "ok" : "EINVAL")));
    }
  });

  it("[L5] [A18] a level above 16 KiB: the last target is refused with EINVAL, the others stay, and no decoder of a port keeps a range", () => {
    for (const [shape, granularity, answer] of [[shapeOf(2, 2), 16_384, "EINVAL"], [shapeOf(2, 2), 8192, "ok"], [shapeOf(1, 2, 2), 16_384, "EINVAL"], [shapeOf(1, 2, 2), 8192, "ok"], [shapeOf(4, 1, 2), 4096, "ok"], [shapeOf(4, 1, 2), 8192, "EINVAL"], [shapeOf(3, 2), 16_384, "ok"], [shapeOf(6, 2), 16_384, "EINVAL"]] as const) {
      const booted = bootMachine(spread(shape, { granularity }));
      const order = positionsOf(shape);
      newRegion(booted, order.length, granularity);
      expect([shapeName(shape), granularity, ...fillRegion(booted, order)]).toEqual([shapeName(shape), granularity, ...order.slice(1).map(() => "ok"), answer]);
      const left = leftOf(booted);
      expect(left?.targets).toEqual(order.map((card, position) => (answer === "ok" || position < order.length - 1 ? serialOf(card) : null)));
      if (answer === "EINVAL") expect(store(booted, "region0/commit", "1")).toBe("ENXIO");
    }
  });

  it("[L6] [A10] a target whose share times the ways is not the region's size (EINVAL): twice it, half of it", () => {
    for (const [size, sharePart, answer] of [[4n, 2n, "ok"], [4n, 1n, "EINVAL"], [2n, 2n, "EINVAL"], [2n, 1n, "ok"]] as const) {
      const booted = bootMachine(spread(shapeOf(1, 2)));
      newRegion(booted, 2);
      expect(store(booted, "region0/size", hex(size * share))).toBe("ok");
      expect([size, sharePart, store(booted, "region0/target0", reserve(booted, "d0_0_0", sharePart * share))]).toEqual([size, sharePart, answer]);
      expect(leftOf(booted)).toMatchObject({ targets: [answer === "ok" ? serialOf("d0_0_0") : null, null], decoders: answer === "ok" ? 2 : 0 });
    }
  });
});

describe("XOR windows", () => {
  /** Lowest bits 8, 9, 10, 11: those that select the way at 256 bytes. */
  const maps = [0x404_0900n, 0x808_1200n, 0x1010_2400n, 0x2020_4800n];
  const boot = (ways: number, count: number): Booted => bootMachine(spread(shapeOf(ways), { xorMaps: maps.slice(0, count) }));

  it("(3) need a CXIMS with a bitmap per way bit, of 6 and 12 ways per bit of their power of two, of 1 and 3 ways none", () => {
    for (const [ways, needed] of [[1, 0], [2, 1], [3, 0], [4, 2], [6, 1], [8, 3], [12, 2], [16, 4]] as const) {
      for (let count = 0; count <= maps.length; count++) {
        const targets = Array.from({ length: ways }, (_, uid) => uid);
        const { windows } = parseCedt(buildCedt([], [{ base: start, size: 24n * GiB, ways, granularity: 256, restrictions: 0xf, qosClass: 0, xorMaps: maps.slice(0, count), targets }]));
        // The root takes a window of 1 or 3 ways without bitmaps, and leaves out any other that has none (root.ts).
        expect([ways, count, windows[0]?.isXor, windows[0]?.xorMaps?.length ?? 0]).toEqual([ways, count, true, count >= needed ? needed : 0]);
      }
    }
  });

  for (const [ways, count] of [[3, 0], [6, 1], [12, 2]] as const) {
    it(`of ${ways} ways take regions by the rules of modulo windows, and every chunk has a place of its own`, () => {
      const booted = boot(ways, count);
      newRegion(booted, ways);
      // Bitmaps permute the bridges from row to row; the target's position is the window's all the same.
      expect(fillRegion(booted, positionsOf(shapeOf(ways)))).toEqual(Array.from({ length: ways }, () => "ok"));
      expect(store(booted, "region0/commit", "1")).toBe("ok");
      checkData(booted, ways);
    });
  }
});
