// From an address to a port and a DPA, against the general identity of the cedt sheet (section 3) written out here once more.

import { describe, expect, it } from "vitest";
import { createHardware } from "../../src/hardware/machine.ts";
import { createPlatform } from "../../src/hardware/platform.ts";
import type { MachineDescription } from "../../src/platform/description.ts";
import type { IoHandle } from "../../src/platform/platform.ts";
import { createRandom, nextUint32 } from "../../src/sim/random.ts";
import type { Bench, DecoderValues } from "../support/machine.ts";
import { GiB, MiB, deviceOf, machineOf, modules, offsetOf, openMemory, portOf, programDecoder, setUp } from "../support/machine.ts";

const base = 16n * GiB;
const hasCommitted = 0x400;
const low = (value: bigint): number => Number(value & 0xffff_ffffn);
const high = (value: bigint): number => Number(value >> 32n);
const deviceGlobal = offsetOf("deviceComponent", "hdmDecoderDevice", "globalControl");
const dvsecControl = offsetOf("deviceConfig", "dvsecDevice", "control");

function deviceHandle(bench: Bench, index = 0): IoHandle {
  const handle = bench.devices[index];
  if (handle === undefined) throw new Error(`no device ${index}`);
  return handle;
}

const routeOf = (bench: Bench, address: bigint): number => bench.hardware.exports.routeOf(low(address), high(address)) | 0;
const mediaAt = (bench: Bench, device: number, dpa: bigint): number => bench.hardware.exports.peekMedia(device, low(dpa), high(dpa)) >>> 0;

/** One host bridge, `count` ports, every device with all the ways. */
function wide(count: number, decoders = 4): Bench {
  const slots = (name: string) => [deviceOf(name, { volatileCapacity: 4n * GiB, interleave3612: true, interleave16: true, decoders })];
  return setUp(machineOf(Array.from({ length: count }, (_, i) => portOf(`rp${i}`, { slots: slots(`d${i}`) })), { windows: [{ base, size: 48n * GiB, ways: 1, granularity: 256, targets: [0] }] }));
}

function programDevice(bench: Bench, index: number, decoder: number, values: DecoderValues): void {
  deviceHandle(bench, index).write32(deviceGlobal, 2);
  expect(programDecoder(deviceHandle(bench, index), "deviceComponent", decoder, values) & hasCommitted).toBe(hasCommitted);
}

describe("routing", () => {
  it("host bridges choose the port by the way bits of the absolute address, for 1, 2, 4 and 8 ways and every granularity", () => {
    const bench = wide(8);
    const random = createRandom(1);
    for (const ways of [0, 1, 2, 3]) {
      for (let granularity = 0; granularity <= 6; granularity++) {
        programDecoder(bench.bridge, "hostBridgeComponent", 0, { base: base + 256n * MiB, size: 8n * GiB, ways, granularity, targets: 0x0001020304050607n });
        for (let i = 0; i < 40; i++) {
          const address = base + 256n * MiB + (BigInt(nextUint32(random)) % (8n * GiB));
          const way = Number((address >> BigInt(granularity + 8)) & BigInt((1 << ways) - 1));
          expect([ways, granularity, address, routeOf(bench, address)]).toEqual([ways, granularity, address, 7 - way]);
        }
        bench.bridge.write32(offsetOf("hostBridgeComponent", "hdmDecoderPort", "control"), 0);
      }
    }
  });

  it("windows choose the host bridge by the absolute address, modulo 1, 2, 3, 4, 6 and 8", () => {
    const bridgeCount = 8;
    for (const ways of [1, 2, 3, 4, 6, 8]) {
      const one = machineOf([portOf("rp")]);
      // 17 GiB is no multiple of 3 granules: an offset in the window would choose another bridge.
      const description: MachineDescription = {
        ...one,
        hostBridges: Array.from({ length: bridgeCount }, (_, i) => ({ ...one.hostBridges[0]!, name: `hb${i}`, uid: i, segment: i, componentBase: 0xfe00_0000n + BigInt(i) * 0x1_0000n, rootPorts: [portOf(`rp${i}`, { portNumber: 0 })] })),
        windows: [{ base: 17n * GiB, size: 6n * GiB, ways, granularity: 1024, targets: Array.from({ length: ways }, (_, i) => bridgeCount - 1 - i) }],
      };
      const hardware = createHardware(modules.release, description);
      const platform = createPlatform(hardware);
      for (let i = 0; i < bridgeCount; i++) programDecoder(platform.ioremap(0xfe00_1000n + BigInt(i) * 0x1_0000n, 0x1000n), "hostBridgeComponent", 0, { base: 17n * GiB, size: 6n * GiB });
      const random = createRandom(ways);
      for (let i = 0; i < 50; i++) {
        const address = 17n * GiB + (BigInt(nextUint32(random)) * 3n) % (6n * GiB);
        expect(hardware.exports.routeOf(low(address), high(address))).toBe(bridgeCount - 1 - Number((address / 1024n) % BigInt(ways)));
      }
    }
  });

  it("of overlapping committed decoders the lowest-numbered that hits wins [C3]", () => {
    const bench = wide(2);
    programDecoder(bench.bridge, "hostBridgeComponent", 0, { base: base + GiB, size: GiB, targets: 0n });
    programDecoder(bench.bridge, "hostBridgeComponent", 1, { base, size: 4n * GiB, targets: 1n });
    expect([base, base + GiB, base + 2n * GiB - 1n, base + 2n * GiB, base + 4n * GiB].map((address) => routeOf(bench, address))).toEqual([1, 0, 0, 1, -1]);
  });

  it("decode is live: a field written while committed and unlocked moves the range at once", () => {
    const bench = wide(1);
    const before = bench.platform.memory.routeGeneration;
    programDecoder(bench.bridge, "hostBridgeComponent", 0, { base, size: GiB });
    expect(bench.platform.memory.routeGeneration).toBeGreaterThan(before);
    bench.bridge.write32(offsetOf("hostBridgeComponent", "hdmDecoderPort", "sizeLow"), 0x2000_0000);
    expect([routeOf(bench, base + 512n * MiB - 1n), routeOf(bench, base + 512n * MiB)]).toEqual([0, -1]);
  });

  it("a target that no root port has, or an address outside every window, is not routed", () => {
    const bench = wide(2);
    programDecoder(bench.bridge, "hostBridgeComponent", 0, { base: 0n, size: 1n << 40n, targets: 9n });
    expect([routeOf(bench, base), routeOf(bench, base - 1n), routeOf(bench, base + 48n * GiB)]).toEqual([-1, -1, -1]);
    expect(bench.platform.memory.route(base)).toBeUndefined();
    expect(bench.platform.memory.route(0n)).toBeUndefined();
  });

  it("[C2] a base and size that meet 2^64 exactly do not wrap and commit; one granule more fails", () => {
    const bench = wide(1);
    const top = (1n << 64n) - 256n * MiB;
    expect(programDecoder(bench.bridge, "hostBridgeComponent", 0, { base: top, size: 256n * MiB, lock: true }) & 0xc00).toBe(0x400);
    expect(programDecoder(deviceHandle(bench), "deviceComponent", 0, { base: top, size: 512n * MiB, lock: true }) & 0xc00).toBe(0x800);
  });
});

describe("device decode", () => {
  const expected = (offset: bigint, ways: bigint, granularity: bigint): bigint => (offset / granularity / ways) * granularity + (offset % granularity);

  it("a store lands at the DPA of the general identity, for every encoding of ways and granularity", () => {
    const bench = wide(1);
    programDecoder(bench.bridge, "hostBridgeComponent", 0, { base, size: 24n * GiB });
    const random = createRandom(3);
    const start = base + 256n * MiB;
    for (const [code, ways] of [[0, 1], [1, 2], [2, 4], [3, 8], [4, 16], [8, 3], [9, 6], [10, 12]] as const) {
      for (let granularity = 0; granularity <= 6; granularity++) {
        programDevice(bench, 0, 0, { base: start, size: 256n * MiB * BigInt(ways) * 3n, ways: code, granularity });
        for (let i = 0; i < 4; i++) {
          const offset = ((BigInt(nextUint32(random)) * 8n) % (256n * MiB * BigInt(ways) * 3n)) & ~7n;
          const value = nextUint32(random);
          expect(bench.platform.memory.store(start + offset, 8, BigInt(value))).toBe("ok");
          expect([ways, granularity, offset, mediaAt(bench, 0, expected(offset, BigInt(ways), 256n << BigInt(granularity)))]).toEqual([ways, granularity, offset, value]);
        }
        deviceHandle(bench).write32(offsetOf("deviceComponent", "hdmDecoderDevice", "control"), 0);
      }
    }
  });

  it("two ports interleaved at 512 bytes hold alternate granules of one region", () => {
    const bench = wide(2);
    programDecoder(bench.bridge, "hostBridgeComponent", 0, { base, size: GiB, ways: 1, granularity: 1, targets: 0x0100n });
    for (const index of [0, 1]) programDevice(bench, index, 0, { base, size: GiB, ways: 1, granularity: 1 });
    for (let granule = 0; granule < 8; granule++) bench.platform.memory.store(base + BigInt(granule * 512), 8, BigInt(granule + 1));
    expect([0, 1].map((device) => [0n, 512n, 1024n, 1536n].map((dpa) => mediaAt(bench, device, dpa)))).toEqual([[1, 3, 5, 7], [2, 4, 6, 8]]);
    for (let granule = 0; granule < 8; granule++) expect(bench.platform.memory.load(base + BigInt(granule * 512), 8).value).toBe(BigInt(granule + 1));
  });

  it("DPABase adds skip and size over ways of all lower decoders, a reserved encoding counting as one way", () => {
    const bench = wide(1);
    programDecoder(bench.bridge, "hostBridgeComponent", 0, { base, size: 8n * GiB });
    programDevice(bench, 0, 0, { base, size: 512n * MiB, ways: 1, targets: 256n * MiB });
    programDevice(bench, 0, 1, { base: base + GiB, size: 256n * MiB, targets: 256n * MiB });
    const dpa = 256n * MiB + 256n * MiB + 256n * MiB;
    bench.platform.memory.store(base + GiB + 64n, 8, 0x77n);
    expect(mediaAt(bench, 0, dpa + 64n)).toBe(0x77);
    // Decoder 0 reads as reserved ways now: its whole size counts.
    deviceHandle(bench).write32(offsetOf("deviceComponent", "hdmDecoderDevice", "control"), 0x1250);
    bench.platform.memory.store(base + GiB + 64n, 8, 0x78n);
    expect(mediaAt(bench, 0, dpa + 256n * MiB + 64n)).toBe(0x78);
  });

  it("[C14] a decoder beyond the capacity commits; what lies beyond is a miss", () => {
    const bench = setUp(machineOf([portOf("rp0")]));
    openMemory(bench, 0, base, GiB);
    expect([bench.platform.memory.store(base + 256n * MiB - 8n, 8, 5n), bench.platform.memory.store(base + 256n * MiB, 8, 5n), bench.platform.memory.load(base + 256n * MiB, 8)]).toEqual(["ok", "dropped", { status: "ones", value: 0xffff_ffff_ffff_ffffn }]);
  });

  it("[C5] a decoder of size 0 commits and takes no part in decode", () => {
    const bench = wide(1);
    expect(programDecoder(bench.bridge, "hostBridgeComponent", 0, { base, size: 0n }) & 0xc00).toBe(0x400);
    expect(routeOf(bench, base)).toBe(-1);
  });

  it("without Mem_Enable of the device DVSEC nothing claims the address", () => {
    const bench = setUp(machineOf([portOf("rp0")]));
    openMemory(bench);
    bench.platform.config.write16(bench.deviceAddress(0), dvsecControl, 0);
    expect([bench.platform.memory.store(base, 8, 1n), bench.platform.memory.load(base, 4)]).toEqual(["dropped", { status: "ones", value: 0xffff_ffffn }]);
  });

  it("while HDM Decoder Enable is 0 the DVSEC range decodes once the memory is active, and not after", () => {
    const bench = setUp(machineOf([portOf("rp0", { slots: [deviceOf("d", { mediaReadyTime: 1000 })] })]));
    openMemory(bench);
    const device = bench.deviceAddress(0);
    deviceHandle(bench).write32(deviceGlobal, 0);
    bench.platform.config.write32(device, offsetOf("deviceConfig", "dvsecDevice", "range1BaseHigh"), high(base + 256n * MiB));
    bench.platform.config.write32(device, offsetOf("deviceConfig", "dvsecDevice", "range1BaseLow"), low(base + 256n * MiB));
    programDecoder(bench.bridge, "hostBridgeComponent", 1, { base: base + 256n * MiB, size: 256n * MiB });
    const at = base + 256n * MiB + 128n;
    expect(bench.platform.memory.store(at, 8, 9n)).toBe("dropped");
    bench.hardware.advanceTo(bench.hardware.now + 2000);
    expect([bench.platform.memory.store(at, 8, 9n), mediaAt(bench, 0, 128n), bench.platform.memory.store(base, 8, 9n)]).toEqual(["ok", 9, "dropped"]);
    deviceHandle(bench).write32(deviceGlobal, 2);
    expect([bench.platform.memory.store(at, 8, 9n), bench.platform.memory.store(base, 8, 9n)]).toEqual(["dropped", "ok"]);
  });

  it("[TB6] an unclaimed read is all ones, or poison where the component says so", () => {
    const normal = setUp(machineOf([portOf("rp0")]));
    normal.bridge.write32(offsetOf("hostBridgeComponent", "hdmDecoderPort", "globalControl"), 1);
    expect([normal.bridge.read32(offsetOf("hostBridgeComponent", "hdmDecoderPort", "globalControl")), normal.platform.memory.load(base, 8).status]).toEqual([0, "ones"]);
    const description = machineOf([portOf("rp0", { slots: [deviceOf("d", { poisonOnDecodeError: true })] })]);
    const bench = setUp({ ...description, hostBridges: description.hostBridges.map((bridge) => ({ ...bridge, poisonOnDecodeError: true })) });
    openMemory(bench, 0, base, GiB);
    expect([bench.platform.memory.load(base + 2n * GiB, 8).status, bench.platform.memory.load(base + 512n * MiB, 8).status]).toEqual(["ones", "ones"]);
    bench.bridge.write32(offsetOf("hostBridgeComponent", "hdmDecoderPort", "globalControl"), 3);
    deviceHandle(bench).write32(deviceGlobal, 3);
    expect(bench.bridge.read32(offsetOf("hostBridgeComponent", "hdmDecoderPort", "globalControl"))).toBe(1);
    expect([bench.platform.memory.load(base + 2n * GiB, 8).status, bench.platform.memory.load(base + 512n * MiB, 8).status, bench.platform.memory.load(64n * GiB, 8).status]).toEqual(["poison", "poison", "ones"]);
    expect(bench.platform.memory.store(base + 2n * GiB, 8, 1n)).toBe("dropped");
  });

  it("[C6] [C13] bits of features the component lacks (UIO, BI, upstream interleave) stay 0 and change nothing", () => {
    for (const [block, structure] of [["hostBridgeComponent", "hdmDecoderPort"], ["deviceComponent", "hdmDecoderDevice"]] as const) {
      const bench = setUp(machineOf([portOf("rp0")]));
      const handle = block === "hostBridgeComponent" ? bench.bridge : deviceHandle(bench);
      handle.write32(offsetOf(block, structure, "control"), 0xffff_e200 | 0);
      expect(handle.read32(offsetOf(block, structure, "control"))).toBe(0x0600);
    }
  });

  it("[C12] base, size and skip keep bits 63:28 only", () => {
    const bench = setUp(machineOf([portOf("rp0")]));
    for (const register of ["baseLow", "sizeLow", "skipLow"]) {
      deviceHandle(bench).write32(offsetOf("deviceComponent", "hdmDecoderDevice", register), 0xffff_ffff);
      expect(deviceHandle(bench).read32(offsetOf("deviceComponent", "hdmDecoderDevice", register))).toBe(0xf000_0000);
    }
  });
});

describe("accesses of the CPU", () => {
  it("every width at every alignment over a granule's end reads back what was written, each piece at its own device", () => {
    const bench = wide(2);
    programDecoder(bench.bridge, "hostBridgeComponent", 0, { base, size: GiB, ways: 1, granularity: 0, targets: 0x0100n });
    for (const index of [0, 1]) programDevice(bench, index, 0, { base, size: GiB, ways: 1, granularity: 0 });
    for (const width of [1, 2, 4, 8] as const) {
      for (let at = 248n; at < 264n; at++) {
        const value = 0x8877_6655_4433_2211n & ((1n << BigInt(width * 8)) - 1n);
        expect(bench.platform.memory.store(base + at, width, value)).toBe("ok");
        expect(bench.platform.memory.load(base + at, width)).toEqual({ status: "ok", value });
      }
    }
  });

  it("of an access in pieces the worst piece counts", () => {
    const bench = setUp(machineOf([portOf("rp0")]));
    openMemory(bench);
    bench.ports[0]?.write32(offsetOf("rootPortComponent", "timeoutIsolation", "control"), 1 << 16);
    bench.platform.config.write16(bench.portAddress(0), offsetOf("rootPortConfig", "dvsecPort", "control"), 2);
    bench.platform.config.write16(bench.portAddress(0), offsetOf("rootPortConfig", "pcie", "linkControl"), 0x10);
    expect(bench.platform.memory.load(base + 256n * MiB - 4n, 8).status).toBe("poison");
  });

  it("host DRAM answers at once, keeps what firmware placed, and is not routed anywhere", () => {
    const bench = setUp(machineOf([portOf("rp0")]));
    bench.hardware.writeRam(0x1ffen, new Uint8Array([1, 2, 3, 4]));
    expect([...bench.hardware.readRam(0x1ffdn, 6)]).toEqual([0, 1, 2, 3, 4, 0]);
    const before = bench.hardware.now;
    expect(bench.platform.memory.load(0x1ffen, 4)).toEqual({ status: "ok", value: 0x04030201n });
    expect(bench.hardware.now - before).toBe(2);
  });

  it("a full media pool sets the limit, drops the write and goes on", () => {
    const bench = setUp(machineOf([portOf("rp0")], { limits: { mediaPages: 2, traceRecords: 64, probes: 1, requesters: 1 } }));
    openMemory(bench);
    for (const [pageNumber, limits] of [[0, []], [1, []], [2, ["media pages"]]] as const) {
      bench.platform.memory.store(base + BigInt(4096 * pageNumber), 8, 7n);
      expect(bench.hardware.limitsReached).toEqual(limits);
    }
    expect([bench.platform.memory.load(base, 8).value, bench.platform.memory.load(base + 8192n, 8).value]).toEqual([7n, 0n]);
  });
});
