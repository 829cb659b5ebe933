// Windows with XOR arithmetic: bitmaps from the CXIMS, regions of firmware's decoders below them, addresses both ways as hardware routes them
// (section 5 of the CEDT sheet).

import { describe, expect, it } from "vitest";
import { dpaOfOffset, hpaOfDpa } from "../../src/kernel/cxl/translate.ts";
import { isRegion, memdevOf, regionOf } from "../../src/kernel/cxl/types.ts";
import { busDevices } from "../../src/kernel/base/device.ts";
import type { MachineDescription } from "../../src/platform/description.ts";
import { noSetup } from "../../src/platform/firmware-setup.ts";
import type { Booted } from "../support/kernel.ts";
import { bootMachine } from "../support/kernel.ts";
import { GiB, MiB, deviceOf, machineOf, portOf } from "../support/machine.ts";

const start = 16n * GiB;

function xorMachine(bridges: number, xorMaps: readonly bigint[]): MachineDescription {
  const hostBridges = Array.from({ length: bridges }, (_, b) => ({
    name: `hb${b}`, uid: b, segment: 0, busStart: 16 * (b + 1), busEnd: 16 * (b + 1) + 15, componentBase: 0xfe00_0000n + BigInt(b) * 0x1_0000n, decoders: 4, targetCount: 8,
    rootPorts: [portOf(`rp${b}`, { slots: [deviceOf(`d${b}`, { serial: BigInt(b + 1) })] })],
  }));
  return { ...machineOf([]), hostBridges, windows: [{ base: start, size: 8n * GiB, ways: bridges, granularity: 256, targets: hostBridges.map((_, index) => index), arithmetic: "xor", xorMaps }] };
}

function bootRegion(bridges: number, xorMaps: readonly bigint[]): Booted {
  const targets = Array.from({ length: bridges }, (_, b) => `d${b}`);
  return bootMachine(xorMachine(bridges, xorMaps), { firmware: { setup: { ...noSetup, regions: [{ window: 0, base: start, size: 256n * MiB * BigInt(bridges), granularity: 256, targets, isLocked: false }] } } });
}

describe("XOR windows", () => {
  for (const [bridges, maps] of [[2, [0x2020_8100n]], [4, [0x404_0900n, 0x808_1200n]]] as const) {
    it(`${bridges} bridges: the region of firmware's decoders runs, and an address is the one that hardware takes to the member`, () => {
      const booted = bootRegion(bridges, maps);
      const region = busDevices(booted.kernel, "cxl").find(isRegion);
      if (region === undefined) throw new Error("no region");
      expect(booted.read("/sys/bus/cxl/devices/region0/commit")).toBe("1\n");
      expect(regionOf(region).targets).not.toContain(null);
      const { hardware, platform } = booted.system;
      for (let chunk = 0n; chunk < (BigInt(bridges) * 256n * MiB) / 256n; chunk += 20_011n) {
        const offset = chunk * 256n + 64n;
        const member = dpaOfOffset(region, offset);
        if (member === undefined) throw new Error("no member");
        expect(hpaOfDpa(region, member.memdev, member.dpa)).toBe(start + offset);
        // Cards are numbered as declared, and so are their serial numbers.
        const device = Number(memdevOf(member.memdev).serial) - 1;
        expect(platform.memory.store(start + offset, 4, 0x1000n + chunk)).toBe("ok");
        platform.memory.load(start + offset, 4);
        expect([chunk, hardware.exports.peekMedia(device, Number(member.dpa & 0xffff_ffffn), Number(member.dpa >> 32n)) >>> 0]).toEqual([chunk, Number(0x1000n + chunk)]);
      }
    });
  }
});
