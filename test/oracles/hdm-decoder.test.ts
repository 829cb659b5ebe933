// Self-test of the HDM decoder oracle on examples worked out by hand from the sheets. Rule ids: 6.x and Cn are the
// component register sheet, section 6; "cedt 3" is the CEDT sheet, section 3.
import { describe, expect, it } from "vitest";
import { HdmOracle } from "./hdm-decoder.ts";
import type { HdmOracleOptions } from "./hdm-decoder.ts";

const MIB_256 = 0x1000_0000n;
const GLOBAL_CONTROL = 0x04;
const POISON_ENABLE = 0x1;
const DECODER_ENABLE = 0x2;

const LOCK = 0x100;
const COMMIT = 0x200;
const COMMITTED = 0x400;
const ERROR = 0x800;
const HOST_ONLY = 0x1000;

const BASE_LOW = 0x00;
const BASE_HIGH = 0x04;
const SIZE_LOW = 0x08;
const SIZE_HIGH = 0x0c;
const CONTROL = 0x10;
const LIST_LOW = 0x14;
const LIST_HIGH = 0x18;
const DECODER_REGISTERS = [BASE_LOW, BASE_HIGH, SIZE_LOW, SIZE_HIGH, CONTROL, LIST_LOW, LIST_HIGH] as const;

interface Programming {
  readonly base?: bigint;
  readonly size?: bigint;
  /** Target list of a port (way 0 in bits 7:0) or DPA skip of a device. */
  readonly list?: bigint;
  readonly control: number;
}

function port(changes: Partial<HdmOracleOptions> = {}): HdmOracle {
  return new HdmOracle({
    kind: "port",
    decoderCount: 4,
    targetCount: 8,
    ways3_6_12: false,
    ways16: false,
    poisonOnDecodeError: true,
    ...changes,
  });
}

function device(changes: Partial<HdmOracleOptions> = {}): HdmOracle {
  const oracle = new HdmOracle({
    kind: "device",
    decoderCount: 4,
    targetCount: 0,
    ways3_6_12: true,
    ways16: true,
    poisonOnDecodeError: true,
    ...changes,
  });
  oracle.write32(GLOBAL_CONTROL, DECODER_ENABLE);
  return oracle;
}

function at(decoder: number, register: number): number {
  return 0x10 + 0x20 * decoder + register;
}

function low(value: bigint): number {
  return Number(value & 0xffff_ffffn);
}

function interleave(ways: number, granularity: number): number {
  return (ways << 4) | granularity;
}

/** Writes all registers of a decoder, control last, and returns what control reads then. */
function program(oracle: HdmOracle, decoder: number, programming: Programming): number {
  const { base = 0n, size = MIB_256, list = 0n, control } = programming;
  oracle.write32(at(decoder, BASE_HIGH), low(base >> 32n));
  oracle.write32(at(decoder, BASE_LOW), low(base));
  oracle.write32(at(decoder, SIZE_HIGH), low(size >> 32n));
  oracle.write32(at(decoder, SIZE_LOW), low(size));
  oracle.write32(at(decoder, LIST_HIGH), low(list >> 32n));
  oracle.write32(at(decoder, LIST_LOW), low(list));
  oracle.write32(at(decoder, CONTROL), control);
  return oracle.read32(at(decoder, CONTROL));
}

function result(control: number): string {
  const isCommitted = (control & COMMITTED) !== 0;
  const isError = (control & ERROR) !== 0;
  if (isCommitted && isError) return "both";
  if (isCommitted) return "committed";
  return isError ? "error" : "neither";
}

describe("capability and global control", () => {
  it("[6.1] the capability register of a port carries its target count and no device-only bits", () => {
    expect(port({ ways3_6_12: true, ways16: true }).read32(0)).toBe(0x782);
    expect(port({ decoderCount: 1, targetCount: 1, poisonOnDecodeError: false }).read32(0)).toBe(0x310);
  });

  it("[6.1] the capability register of a device has target count 0 and its interleave capabilities", () => {
    expect(device({ decoderCount: 10, targetCount: 8, poisonOnDecodeError: false }).read32(0)).toBe(0x1b05);
    expect(device({ decoderCount: 1, ways16: false }).read32(0)).toBe(0xf00);
    expect(device({ decoderCount: 1, ways3_6_12: false }).read32(0)).toBe(0x1700);
  });

  it("[6.1] the capability register is read only", () => {
    const oracle = port();
    oracle.write32(0, 0xffff_ffff);
    expect(oracle.read32(0)).toBe(0x782);
  });

  it.each([
    [1, 0],
    [2, 1],
    [4, 2],
    [6, 3],
    [8, 4],
    [10, 5],
    [12, 6],
    [14, 7],
    [16, 8],
    [20, 9],
    [24, 10],
    [28, 11],
    [32, 12],
  ])("[6.2] %i decoders are encoded as %i", (decoderCount, encoding) => {
    expect(port({ decoderCount }).read32(0) & 0xf).toBe(encoding);
  });

  it("[6.2] a count without encoding is refused, and so is a device with more than 10 decoders", () => {
    expect(() => port({ decoderCount: 3 })).toThrow(RangeError);
    expect(() => port({ decoderCount: 0 })).toThrow(RangeError);
    expect(() => device({ decoderCount: 12 })).toThrow(RangeError);
    expect(() => port({ targetCount: 3 })).toThrow(RangeError);
  });

  it.each([
    ["port", true, 0x1],
    ["port", false, 0x0],
    ["device", true, 0x3],
    ["device", false, 0x2],
  ] as const)("[6.3] global control of a %s with poison capability %s keeps only bits %i", (kind, poison, kept) => {
    const make = kind === "port" ? port : device;
    const oracle = make({ poisonOnDecodeError: poison });
    oracle.write32(GLOBAL_CONTROL, 0xffff_ffff);
    expect(oracle.read32(GLOBAL_CONTROL)).toBe(kept);
    oracle.write32(GLOBAL_CONTROL, 0);
    expect(oracle.read32(GLOBAL_CONTROL)).toBe(0);
  });
});

describe("decoder registers", () => {
  const portMasks = [0xf000_0000, 0xffff_ffff, 0xf000_0000, 0xffff_ffff, 0x11ff, 0xffff_ffff, 0xffff_ffff];
  const deviceMasks = [0xf000_0000, 0xffff_ffff, 0xf000_0000, 0xffff_ffff, 0x11ff, 0xf000_0000, 0xffff_ffff];

  it.each([
    ["port", portMasks],
    ["device", deviceMasks],
  ] as const)("[6.4] [6.5] the reserved and read-only bits of a %s decoder stay 0", (kind, masks) => {
    const oracle = kind === "port" ? port() : device();
    const readBack = DECODER_REGISTERS.map((register) => {
      oracle.write32(at(3, register), register === CONTROL ? 0xffff_fdff : 0xffff_ffff);
      return oracle.read32(at(3, register));
    });
    expect(readBack).toEqual(masks);
  });

  it("[6.4] nothing is implemented at +0x1C, at 0x08, past the last decoder, or off a 4-byte boundary", () => {
    const oracle = port({ decoderCount: 2 });
    for (const offset of [0x08, 0x0c, at(0, 0x1c), at(2, BASE_HIGH), at(0, BASE_HIGH) + 1, -4, 0x1000]) {
      oracle.write32(offset, 0xffff_ffff);
      expect(oracle.read32(offset)).toBe(0);
    }
    expect(oracle.read32(at(0, BASE_HIGH))).toBe(0);
  });

  it("[6.4] each decoder has its own registers", () => {
    const oracle = port({ decoderCount: 32 });
    oracle.write32(at(31, SIZE_HIGH), 7);
    oracle.write32(at(30, SIZE_HIGH), 9);
    expect(oracle.read32(0x3fc)).toBe(7);
    expect(oracle.read32(0x3dc)).toBe(9);
  });

  it("[C9] reset returns every register to 0 and lifts the lock", () => {
    const oracle = device();
    program(oracle, 0, { base: 1n << 40n, list: MIB_256, control: COMMIT | LOCK | HOST_ONLY });
    oracle.reset();
    expect(DECODER_REGISTERS.map((register) => oracle.read32(at(0, register)))).toEqual([0, 0, 0, 0, 0, 0, 0]);
    expect(oracle.read32(GLOBAL_CONTROL)).toBe(0);
    expect(result(program(oracle, 0, { control: COMMIT }))).toBe("committed");
  });
});

describe("commit", () => {
  it("[C1] Commit 0->1 sets exactly one of Committed and Error Not Committed", () => {
    expect(program(port(), 0, { control: COMMIT | HOST_ONLY })).toBe(COMMIT | HOST_ONLY | COMMITTED);
    expect(program(port(), 0, { control: COMMIT | interleave(0, 7) })).toBe(COMMIT | 7 | ERROR);
  });

  it("[6.5] without Commit neither result bit is set, and software cannot write them", () => {
    expect(program(port(), 0, { control: LOCK | COMMITTED | ERROR })).toBe(LOCK);
  });

  it.each([
    ["below the end of decoder m", 0x3000_0000n, "error"],
    ["exactly at the end of decoder m", 0x4000_0000n, "committed"],
    ["above the end of decoder m", 0x9000_0000n, "committed"],
    ["below decoder m altogether", 0x0000_0000n, "error"],
  ])("[C2] (a) with the lock, a base %s", (_name, base, expected) => {
    const oracle = port();
    program(oracle, 0, { base: 0x2000_0000n, size: 0x2000_0000n, control: COMMIT });
    expect(result(program(oracle, 1, { base, control: COMMIT | LOCK }))).toBe(expected);
  });

  it("[C2] (a) after a decoder of size 0 an equal base is enough and a lower base is not", () => {
    const oracle = port();
    program(oracle, 0, { base: 0x2000_0000n, size: 0n, control: COMMIT });
    expect(result(program(oracle, 1, { base: 0x1000_0000n, control: COMMIT | LOCK }))).toBe("error");
    program(oracle, 1, { control: 0 });
    expect(result(program(oracle, 1, { base: 0x2000_0000n, control: COMMIT | LOCK }))).toBe("committed");
  });

  it("[C2] (a) looks only at the decoder just before", () => {
    const oracle = port();
    program(oracle, 0, { base: 0x8000_0000n, control: COMMIT });
    program(oracle, 1, { base: 0x1000_0000n, control: COMMIT });
    expect(result(program(oracle, 2, { base: 0x8000_0000n, control: COMMIT | LOCK }))).toBe("committed");
  });

  it.each([
    ["one step below 2^64", (1n << 64n) - 3n * MIB_256, "committed"],
    ["exactly 2^64", (1n << 64n) - 2n * MIB_256, "committed"],
    ["one step above 2^64", (1n << 64n) - MIB_256, "error"],
  ])("[C2] (b) with the lock, a range that ends %s", (_name, base, expected) => {
    expect(result(program(port(), 0, { base, size: 2n * MIB_256, control: COMMIT | LOCK }))).toBe(expected);
  });

  it.each([
    [8, 1n, "error"],
    [8, 2n, "error"],
    [8, 3n, "committed"],
    [9, 3n, "committed"],
    [9, 4n, "error"],
    [10, 5n, "error"],
    [10, 12n, "committed"],
    [1, 1n, "committed"],
  ])("[C2] (c) with the lock, ways encoding %i and a size of %i times 256 MiB", (ways, steps, expected) => {
    const control = COMMIT | LOCK | interleave(ways, 0);
    expect(result(program(device(), 0, { size: steps * MIB_256, control }))).toBe(expected);
  });

  it.each([
    ["two equal targets among 2 ways", 1, 0x0505n, "error"],
    ["two equal targets beyond the 2 ways in use", 1, 0x0707_0605n, "committed"],
    ["way 7 equal to way 0", 3, 0x0006_0504_0302_0100n, "error"],
    ["way 7 equal to way 3", 3, 0x0306_0504_0302_0100n, "error"],
    ["8 different targets", 3, 0x0706_0504_0302_0100n, "committed"],
    ["a single target", 0, 0n, "committed"],
  ])("[C2] (d) with the lock, a port with %s", (_name, ways, list, expected) => {
    expect(result(program(port(), 0, { list, control: COMMIT | LOCK | interleave(ways, 0) }))).toBe(expected);
  });

  it("[C2] (d) does not apply to devices, where the same registers hold the DPA skip", () => {
    expect(result(program(device(), 0, { control: COMMIT | LOCK | interleave(1, 0) }))).toBe("committed");
  });

  it("[C2] (e) with the lock, decoder m+1 needs decoder m committed", () => {
    const oracle = port();
    const next = { base: 0x4000_0000n, control: COMMIT | LOCK };
    expect(result(program(oracle, 1, next))).toBe("error");
    program(oracle, 0, { control: COMMIT });
    program(oracle, 1, { control: 0 });
    expect(result(program(oracle, 1, next))).toBe("committed");
  });

  it("[C2] (e) a predecessor whose commit failed is not committed", () => {
    const oracle = port();
    program(oracle, 0, { control: COMMIT | interleave(0, 7) });
    expect(result(program(oracle, 1, { base: 0x4000_0000n, control: COMMIT | LOCK }))).toBe("error");
  });

  it("[C2] the lock bit that counts is the one in the write that sets Commit", () => {
    const wrapping = { base: (1n << 64n) - MIB_256, size: 2n * MIB_256 };
    const late = port();
    program(late, 0, { ...wrapping, control: 0 });
    late.write32(at(0, CONTROL), COMMIT | LOCK);
    expect(result(late.read32(at(0, CONTROL)))).toBe("error");
    const withdrawn = port();
    program(withdrawn, 0, { ...wrapping, control: LOCK });
    withdrawn.write32(at(0, CONTROL), COMMIT);
    expect(result(withdrawn.read32(at(0, CONTROL)))).toBe("committed");
  });

  it("[C3] without the lock none of the aliasing checks is made", () => {
    const oracle = port();
    expect(result(program(oracle, 2, { base: (1n << 64n) - MIB_256, size: 2n * MIB_256, control: COMMIT }))).toBe(
      "committed",
    );
    expect(result(program(oracle, 3, { base: 0n, list: 0x0505n, control: COMMIT | interleave(1, 0) }))).toBe(
      "committed",
    );
    expect(result(program(device(), 0, { size: MIB_256, control: COMMIT | interleave(8, 0) }))).toBe("committed");
  });

  it("[C5] size 0 may be committed, locked or not, and takes no part in decode", () => {
    const oracle = port();
    expect(result(program(oracle, 0, { size: 0n, control: COMMIT }))).toBe("committed");
    expect(result(program(oracle, 1, { size: 0n, control: COMMIT | LOCK }))).toBe("committed");
    expect(oracle.decode(0n)).toEqual({ kind: "miss", read: "ones" });
  });

  it("[C6] [C13] UIO and BI are not implemented: they read 0 and do not fail a commit", () => {
    expect(program(device(), 0, { control: COMMIT | (1 << 13) | (1 << 14) | 0x0fff_0000 })).toBe(COMMIT | COMMITTED);
  });

  it("[C14] a device range is not compared with any capacity", () => {
    expect(result(program(device(), 0, { size: 1n << 60n, control: COMMIT | LOCK }))).toBe("committed");
  });
});

describe("error, lock and uncommit", () => {
  it("[C8] clearing Commit clears the error, and a new 0->1 checks again", () => {
    const oracle = port();
    expect(program(oracle, 0, { control: COMMIT | interleave(0, 9) })).toBe(COMMIT | ERROR | 9);
    oracle.write32(at(0, CONTROL), 9);
    expect(oracle.read32(at(0, CONTROL))).toBe(9);
    oracle.write32(at(0, CONTROL), COMMIT | 6);
    expect(oracle.read32(at(0, CONTROL))).toBe(COMMIT | COMMITTED | 6);
  });

  it("[C8] after an error, writing Commit 1 again is no edge: the error stays", () => {
    const oracle = port();
    program(oracle, 0, { control: COMMIT | interleave(0, 9) });
    oracle.write32(at(0, CONTROL), COMMIT);
    expect(oracle.read32(at(0, CONTROL))).toBe(COMMIT | ERROR);
    expect(oracle.decode(0n)).toEqual({ kind: "miss", read: "ones" });
  });

  it("[C9] a locked decoder keeps every field whatever is written", () => {
    const oracle = port();
    const programming = { base: MIB_256, list: 0x0807_0605_0403_0201n, control: COMMIT | LOCK | interleave(3, 2) };
    program(oracle, 0, programming);
    const before = DECODER_REGISTERS.map((register) => oracle.read32(at(0, register)));
    for (const register of DECODER_REGISTERS) oracle.write32(at(0, register), 0);
    for (const register of DECODER_REGISTERS) oracle.write32(at(0, register), 0xffff_ffff);
    expect(DECODER_REGISTERS.map((register) => oracle.read32(at(0, register)))).toEqual(before);
    expect(before).toEqual([0x1000_0000, 0, 0x1000_0000, 0, 0x732, 0x0403_0201, 0x0807_0605]);
  });

  it("[C9] the lock holds one decoder, not its neighbours nor global control", () => {
    const oracle = port();
    program(oracle, 0, { control: COMMIT | LOCK });
    expect(result(program(oracle, 1, { base: 0x2000_0000n, control: COMMIT }))).toBe("committed");
    oracle.write32(at(1, CONTROL), 0);
    expect(oracle.read32(at(1, CONTROL))).toBe(0);
    oracle.write32(GLOBAL_CONTROL, POISON_ENABLE);
    expect(oracle.read32(GLOBAL_CONTROL)).toBe(POISON_ENABLE);
  });

  it("[C9] a failed commit with Lock On Commit locks nothing", () => {
    const oracle = port();
    program(oracle, 0, { control: COMMIT | LOCK | interleave(0, 7) });
    oracle.write32(at(0, CONTROL), 0);
    expect(oracle.read32(at(0, CONTROL))).toBe(0);
  });

  it("[C10] writing Commit 0 uncommits an unlocked decoder at once, and it can be committed again", () => {
    const oracle = port();
    program(oracle, 0, { list: 0x11n, control: COMMIT });
    expect(oracle.decode(0n)).toEqual({ kind: "target", decoder: 0, target: 0x11 });
    oracle.write32(at(0, CONTROL), 0);
    expect(oracle.read32(at(0, CONTROL))).toBe(0);
    expect(oracle.decode(0n)).toEqual({ kind: "miss", read: "ones" });
    expect(result(program(oracle, 0, { list: 0x22n, control: COMMIT }))).toBe("committed");
    expect(oracle.decode(0n)).toEqual({ kind: "target", decoder: 0, target: 0x22 });
  });

  it("[C10] (choice) fields changed while committed and unlocked take effect at once, without a check", () => {
    const oracle = port();
    program(oracle, 0, { list: 0x2211n, control: COMMIT });
    oracle.write32(at(0, BASE_HIGH), 1);
    expect(oracle.decode(0n)).toEqual({ kind: "miss", read: "ones" });
    expect(oracle.decode(1n << 32n)).toEqual({ kind: "target", decoder: 0, target: 0x11 });
    oracle.write32(at(0, CONTROL), COMMIT | interleave(1, 0));
    expect(oracle.decode((1n << 32n) + 0x100n)).toEqual({ kind: "target", decoder: 0, target: 0x22 });
    oracle.write32(at(0, CONTROL), COMMIT | interleave(1, 15));
    expect(oracle.read32(at(0, CONTROL))).toBe(COMMIT | COMMITTED | 0x1f);
  });

  it("[C9] [C10] (choice) setting the lock while committed makes no check and locks from then on", () => {
    const oracle = port();
    program(oracle, 1, { list: 0x0505n, control: COMMIT | interleave(1, 0) });
    oracle.write32(at(1, CONTROL), COMMIT | LOCK | interleave(1, 0));
    oracle.write32(at(1, CONTROL), 0);
    expect(oracle.read32(at(1, CONTROL))).toBe(COMMIT | COMMITTED | LOCK | 0x10);
  });
});

describe("encodings that cannot be committed", () => {
  it.each(Array.from({ length: 16 }, (_, encoding) => [encoding] as const))(
    "[C11] granularity encoding %i is committed only when it is 0..6, locked or not",
    (encoding) => {
      const expected = encoding <= 6 ? "committed" : "error";
      for (const lock of [0, LOCK]) {
        expect(result(program(port(), 0, { control: COMMIT | lock | encoding }))).toBe(expected);
        expect(result(program(device(), 0, { control: COMMIT | lock | encoding }))).toBe(expected);
      }
    },
  );

  it.each([
    ["port with 1 target", port({ targetCount: 1 }), [0]],
    ["port with 4 targets", port({ targetCount: 4 }), [0, 1, 2]],
    ["port with 8 targets", port({ ways3_6_12: true, ways16: true }), [0, 1, 2, 3]],
    ["device with every capability", device(), [0, 1, 2, 3, 4, 8, 9, 10]],
    ["device without 16 ways", device({ ways16: false }), [0, 1, 2, 3, 8, 9, 10]],
    ["device without 3, 6, 12 ways", device({ ways3_6_12: false }), [0, 1, 2, 3, 4]],
  ])("[C11] [6.6] a %s commits exactly its own ways encodings, locked or not", (_name, oracle, legal) => {
    for (const lock of [0, LOCK]) {
      const committed = Array.from({ length: 16 }, (_, encoding) => encoding).filter((encoding) => {
        oracle.reset();
        const programming = { size: 12n * MIB_256, list: 0x0706_0504_0302_0100n };
        return result(program(oracle, 0, { ...programming, control: COMMIT | lock | (encoding << 4) })) === "committed";
      });
      expect(committed).toEqual(legal);
    }
  });
});

describe("decode in ports", () => {
  it("[6.8] base is the first address that hits and base+size the first that misses", () => {
    const oracle = port();
    program(oracle, 0, { base: 0x2000_0000n, size: 0x2000_0000n, list: 0x09n, control: COMMIT });
    const hit = { kind: "target", decoder: 0, target: 9 };
    expect(oracle.decode(0x1fff_ffffn).kind).toBe("miss");
    expect(oracle.decode(0x2000_0000n)).toEqual(hit);
    expect(oracle.decode(0x3fff_ffffn)).toEqual(hit);
    expect(oracle.decode(0x4000_0000n).kind).toBe("miss");
  });

  it("[6.3] [6.8] a read that misses gives all-ones, or poison once that is enabled", () => {
    const oracle = port();
    expect(oracle.decode(0n)).toEqual({ kind: "miss", read: "ones" });
    oracle.write32(GLOBAL_CONTROL, POISON_ENABLE);
    expect(oracle.decode(0n)).toEqual({ kind: "miss", read: "poison" });
  });

  it.each([
    [0, 1, 0x2000_0000n, 0xa0],
    [0, 1, 0x2000_0100n, 0xa1],
    [0, 1, 0x2000_02ffn, 0xa0],
    [2, 2, 0x2000_1c00n, 0xa3],
    [6, 3, 0x2001_4000n, 0xa5],
    [6, 3, 0x2001_ffffn, 0xa7],
    [6, 3, 0x2002_0000n, 0xa0],
    [3, 0, 0x2fff_ffffn, 0xa0],
  ])("[6.8] granularity encoding %i and ways encoding %i route address %i to target %i", (ig, iw, hpa, target) => {
    const oracle = port();
    const programming = { base: 0x2000_0000n, list: 0xa7a6_a5a4_a3a2_a1a0n, control: COMMIT | interleave(iw, ig) };
    program(oracle, 0, programming);
    expect(oracle.decode(hpa)).toEqual({ kind: "target", decoder: 0, target });
  });

  it("[6.8] (choice) where ranges overlap the lowest-numbered committed decoder wins", () => {
    const oracle = port();
    program(oracle, 3, { list: 3n, control: COMMIT });
    program(oracle, 1, { list: 1n, control: COMMIT });
    program(oracle, 0, { list: 0n, control: 0 });
    expect(oracle.decode(0n)).toEqual({ kind: "target", decoder: 1, target: 1 });
  });

  it("[C3] [6.8] an unlocked range past 2^64 reaches the top of the address space and does not wrap to 0", () => {
    const oracle = port();
    program(oracle, 0, { base: (1n << 64n) - MIB_256, size: 2n * MIB_256, control: COMMIT });
    expect(oracle.decode((1n << 64n) - 1n).kind).toBe("target");
    expect(oracle.decode(0n).kind).toBe("miss");
  });
});

describe("decode in devices", () => {
  it("[6.3] with HDM Decoder Enable 0 the decoders take no part, committed or not", () => {
    const oracle = device();
    program(oracle, 0, { control: COMMIT });
    expect(oracle.decode(0n)).toEqual({ kind: "device", decoder: 0, dpa: 0n });
    oracle.write32(GLOBAL_CONTROL, POISON_ENABLE);
    expect(oracle.decode(0n)).toEqual({ kind: "inactive" });
    expect(oracle.decode(1n << 40n)).toEqual({ kind: "inactive" });
  });

  it("[6.3] [6.8] a miss reads as in ports", () => {
    const oracle = device();
    expect(oracle.decode(0n)).toEqual({ kind: "miss", read: "ones" });
    oracle.write32(GLOBAL_CONTROL, DECODER_ENABLE | POISON_ENABLE);
    expect(oracle.decode(0n)).toEqual({ kind: "miss", read: "poison" });
  });

  it.each([
    ["1 way", 0, 0, 0x1234n, 0x1234n],
    ["4 ways at 1 KiB", 2, 2, 0x1_2345n, 0x4b45n],
    ["16 ways at 256 B", 4, 0, 0x1_0fabn, 0x10abn],
    ["8 ways at 16 KiB", 3, 6, 0x2_0001n, 0x4001n],
    ["3 ways at 256 B", 8, 0, 0x7abn, 0x2abn],
    ["6 ways at 512 B", 9, 1, 0x2345n, 0x545n],
    ["12 ways at 256 B", 10, 0, 0x1_8c01n, 0x2101n],
  ])("[cedt 3] %s: the interleave bits leave the offset", (_name, ways, granularity, offset, dpa) => {
    const oracle = device();
    // The base is no multiple of 3 * 256 B, so dividing the address instead of the offset would show.
    const base = 0x1_1000_0000n;
    program(oracle, 0, { base, size: 12n * MIB_256, control: COMMIT | interleave(ways, granularity) });
    expect(oracle.decode(base + offset)).toEqual({ kind: "device", decoder: 0, dpa });
  });

  it("[6.8] DPABase adds up skips and the device's share of each lower decoder", () => {
    const oracle = device();
    program(oracle, 0, { base: 0n, size: 0x4000_0000n, list: 0x1000_0000n, control: COMMIT | interleave(1, 0) });
    program(oracle, 1, { base: 1n << 40n, size: 0x3000_0000n, list: 0x2000_0000n, control: COMMIT | interleave(8, 0) });
    program(oracle, 2, { base: 2n << 40n, list: 1n << 36n, control: COMMIT });
    expect(oracle.decode(0n)).toEqual({ kind: "device", decoder: 0, dpa: 0x1000_0000n });
    expect(oracle.decode(1n << 40n)).toEqual({ kind: "device", decoder: 1, dpa: 0x5000_0000n });
    expect(oracle.decode(2n << 40n)).toEqual({ kind: "device", decoder: 2, dpa: 0x10_6000_0000n });
  });

  it("[6.8] (choice) DPABase counts lower decoders as they read now, committed or not", () => {
    const oracle = device();
    program(oracle, 1, { base: 1n << 40n, control: COMMIT });
    expect(oracle.decode(1n << 40n)).toEqual({ kind: "device", decoder: 1, dpa: 0n });
    program(oracle, 0, { size: 0x4000_0000n, list: 0x1000_0000n, control: interleave(2, 0) });
    expect(oracle.decode(1n << 40n)).toEqual({ kind: "device", decoder: 1, dpa: 0x2000_0000n });
    oracle.write32(at(0, CONTROL), interleave(5, 0));
    expect(oracle.decode(1n << 40n)).toEqual({ kind: "device", decoder: 1, dpa: 0x5000_0000n });
  });

  it("[6.8] (choice) the share of a lower decoder is rounded down", () => {
    const oracle = device();
    program(oracle, 0, { size: MIB_256, control: COMMIT | interleave(8, 0) });
    program(oracle, 1, { base: 1n << 40n, control: COMMIT });
    expect(oracle.decode(1n << 40n)).toEqual({ kind: "device", decoder: 1, dpa: 0x555_5555n });
  });
});
