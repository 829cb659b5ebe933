// Data object exchange with the CDAT, and MSI-X.

import { describe, expect, it } from "vitest";
import { deviceCdat, switchCdat } from "../../src/hardware/cdat.ts";
import { isSwitch } from "../../src/platform/description.ts";
import type { PciAddress } from "../../src/platform/pci-address.ts";
import type { ProbeAction } from "../../src/hardware/probes.ts";
import { armProbe } from "../../src/hardware/probes.ts";
import { MiB, deviceOf, machineOf, offsetOf, portOf } from "../support/machine.ts";
import type { Topology } from "../support/topology.ts";
import { bringUp, downstreamOf, switchOf } from "../support/topology.ts";

const doe = (register: string): number => offsetOf("deviceConfig", "doe", register);
const mixed = deviceOf("mixed", { persistentCapacity: 512n * MiB, bandwidth: 20_000, vectors: 4 });
const inner = switchOf("sw0", [downstreamOf("dsp0", 0, [mixed]), downstreamOf("dsp1", 3)], { latency: 80 });
const machine = machineOf([portOf("rp0", { slots: [inner] })]);

/** Writes a request, rings Go, and reads the answer; undefined: none came. */
function exchange(top: Topology, address: PciAddress, request: readonly number[]): number[] | undefined {
  const { config } = top.platform;
  for (const dword of request) config.write32(address, doe("writeMailbox"), dword);
  config.write32(address, doe("control"), 0x8000_0000);
  if ((config.read32(address, doe("status")) & 0x8000_0000) === 0) return undefined;
  const answer: number[] = [];
  while ((config.read32(address, doe("status")) & 0x8000_0000) !== 0) {
    answer.push(config.read32(address, doe("readMailbox")));
    config.write32(address, doe("readMailbox"), 0);
    if (answer.length > 4096) throw new Error("the answer does not end");
  }
  return answer;
}

/** The whole CDAT through entry handles. */
function readCdat(top: Topology, name: string): Uint8Array {
  const bytes: number[] = [];
  for (let handle = 0; handle !== 0xffff; ) {
    const answer = exchange(top, top.part(name).address, [0x0002_1e98, 3, (handle << 16) >>> 0]);
    if (answer === undefined) throw new Error(`no entry ${handle}`);
    expect([answer[0], answer[1]]).toEqual([0x0002_1e98, answer.length]);
    for (const dword of answer.slice(3)) bytes.push(dword & 0xff, (dword >>> 8) & 0xff, (dword >>> 16) & 0xff, dword >>> 24);
    handle = (answer[2] ?? 0) >>> 16;
  }
  return Uint8Array.from(bytes);
}

describe("data object exchange (PCIe 6.30)", () => {
  it("discovery names itself and CXL table access, then nothing", () => {
    const top = bringUp(machine);
    const found = [0, 1, 2].map((index) => exchange(top, top.part("mixed").address, [1, 3, index])?.[2]);
    expect(found).toEqual([0x0100_0001, 0x0002_1e98, 0x03ff_ffff]);
  });

  it("table access gives the CDAT of a device and of a switch, entry by entry", () => {
    const top = bringUp(machine);
    expect(isSwitch(inner)).toBe(true);
    expect(readCdat(top, "mixed")).toEqual(deviceCdat(mixed));
    expect(readCdat(top, "sw0")).toEqual(switchCdat(inner));
  });

  it("a request that is too short, of a wrong length, of an unknown type or for no entry gets no answer, and the next one does", () => {
    const top = bringUp(machine);
    const { address } = top.part("mixed");
    for (const request of [[], [0x0002_1e98, 3], [0x0002_1e98, 9, 0], [0x0005_1e98, 3, 0], [0x0002_1e98, 3, 0x0077_0000], [0x0002_1e98, 3, 1], [0x0002_1e98, 3, 0x100]]) expect(exchange(top, address, request)).toBeUndefined();
    expect(exchange(top, address, [0x0002_1e98, 3, 0])?.length).toBe(7);
  });

  it("abort drops a request half written and an answer half read; writes meanwhile are ignored", () => {
    const top = bringUp(machine);
    const { address } = top.part("mixed");
    const { config } = top.platform;
    config.write32(address, doe("writeMailbox"), 5);
    config.write32(address, doe("control"), 1);
    expect(exchange(top, address, [1, 3, 0])).toHaveLength(3);
    for (const dword of [1, 3, 1]) config.write32(address, doe("writeMailbox"), dword);
    config.write32(address, doe("control"), 0x8000_0000);
    config.write32(address, doe("writeMailbox"), 77);
    config.write32(address, doe("readMailbox"), 0);
    expect(config.read32(address, doe("readMailbox"))).toBe(3);
    config.write32(address, doe("control"), 1);
    expect([config.read32(address, doe("status")), config.read32(address, doe("readMailbox"))]).toEqual([0, 0]);
    expect(exchange(top, address, [1, 3, 0])).toHaveLength(3);
  });
});

describe("CDAT", () => {
  const view = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset);

  it("header holds the length, and all bytes sum to 0", () => {
    for (const bytes of [deviceCdat(mixed), switchCdat(inner)]) {
      expect([view(bytes).getUint32(0, true), bytes.reduce((sum, byte) => sum + byte, 0) & 0xff]).toEqual([bytes.length, 0]);
    }
  });

  it("a device has DSMAS, four DSLBIS and DSEMTS per partition, persistent marked", () => {
    const bytes = deviceCdat(mixed);
    const kinds: number[] = [];
    const masses: (readonly [number, number, bigint, bigint])[] = [];
    for (let at = 16; at < bytes.length; at += view(bytes).getUint16(at + 2, true)) {
      kinds.push(bytes[at] ?? -1);
      if (bytes[at] === 0) masses.push([bytes[at + 4] ?? -1, bytes[at + 5] ?? -1, view(bytes).getBigUint64(at + 8, true), view(bytes).getBigUint64(at + 16, true)]);
    }
    expect(kinds).toEqual([0, 1, 1, 1, 1, 4, 0, 1, 1, 1, 1, 4]);
    expect(masses).toEqual([[0, 0, 0n, 256n * MiB], [1, 4, 256n * MiB, 512n * MiB]]);
  });

  it("DSLBIS: read and write latency in ns as picosecond units of 1000, bandwidth in MB/s", () => {
    const bytes = deviceCdat(mixed);
    const figures = [1, 2, 3, 4].map((n) => 16 + n * 24).map((at) => [bytes[at + 6], view(bytes).getBigUint64(at + 8, true), view(bytes).getUint16(at + 16, true)]);
    expect(figures).toEqual([[1, 1000n, 300], [2, 1000n, 200], [4, 1n, 20_000], [5, 1n, 20_000]]);
  });

  it("SSLBIS: one entry per downstream port number, between it and the upstream port", () => {
    const bytes = switchCdat(inner);
    expect([bytes[16], view(bytes).getUint16(18, true), bytes[20]]).toEqual([5, 32, 0]);
    expect([32, 40].map((at) => [view(bytes).getUint16(at, true), view(bytes).getUint16(at + 2, true), view(bytes).getUint16(at + 4, true)])).toEqual([[0x100, 0, 80], [0x100, 3, 80]]);
  });
});

describe("MSI-X of a device (PCIe 6.1.4)", () => {
  const control = offsetOf("deviceConfig", "msix", "control");
  const interruptEnable = 2;

  function ready(): { readonly top: Topology; readonly ring: () => void; readonly table: ReturnType<Topology["platform"]["ioremap"]>; readonly take: () => unknown } {
    const top = bringUp(machine);
    const { address, bar } = top.part("mixed");
    for (const name of ["rp0", "sw0", "dsp0", "mixed"]) top.platform.config.write16(top.part(name).address, 4, 6);
    const table = top.platform.ioremap(bar + 0x1_0000n, 0x1000n);
    table.write32(0, 0xfee0_1000);
    table.write32(8, 0x91);
    const ring = (): void => {
      top.platform.config.write32(address, doe("control"), interruptEnable);
      for (const dword of [1, 3, 0]) top.platform.config.write32(address, doe("writeMailbox"), dword);
      top.platform.config.write32(address, doe("control"), (0x8000_0000 | interruptEnable) >>> 0);
      top.platform.config.write32(address, doe("control"), 1 | interruptEnable);
    };
    return { top, ring, table, take: () => top.platform.interrupts.take() };
  }

  it("sends a vector that is enabled and not masked; everything else is not sent", () => {
    const { top, ring, table, take } = ready();
    const { address } = top.part("mixed");
    ring();
    expect([take(), table.read32(0x200)]).toEqual([undefined, 0]);
    top.platform.config.write16(address, control, 0x8000);
    table.write32(12, 0);
    ring();
    expect(take()).toEqual({ address: 0xfee0_1000, data: 0x91 });
    top.platform.config.write16(top.part("sw0").address, 4, 2);
    ring();
    expect(take()).toBeUndefined();
  });

  it("a masked vector is pending, and goes out when its mask or the function's is taken away", () => {
    for (const unmask of ["vector", "function"] as const) {
      const { top, ring, table, take } = ready();
      const { address } = top.part("mixed");
      top.platform.config.write16(address, control, unmask === "function" ? 0xc000 : 0x8000);
      if (unmask === "function") table.write32(12, 0);
      ring();
      expect([unmask, take(), table.read64(0x200)]).toEqual([unmask, undefined, 1n]);
      if (unmask === "function") top.platform.config.write16(address, control, 0x8000);
      else table.write32(12, 0);
      expect([take(), table.read64(0x200)]).toEqual([{ address: 0xfee0_1000, data: 0x91 }, 0n]);
    }
  });

  it("the table has as many vectors as declared; entries behind them read 0 and take nothing", () => {
    const { top, table } = ready();
    expect(top.platform.config.read16(top.part("mixed").address, control) & 0x7ff).toBe(3);
    table.write32(3 * 16, 0x1234);
    table.write32(4 * 16, 0x1234);
    expect([table.read32(3 * 16), table.read32(3 * 16 + 12), table.read32(4 * 16), table.read32(4 * 16 + 12)]).toEqual([0x1234, 1, 0, 0]);
    table.write64(16, 0x1_2345_6780n);
    expect([table.read64(16), table.read16(16)]).toEqual([0x1_2345_6780n, 0]);
  });

  it("messages can be lost, doubled and late, by number or any", () => {
    const { top, ring, table, take } = ready();
    top.platform.config.write16(top.part("mixed").address, control, 0x8000);
    table.write32(12, 0);
    const arm = (id: number, action: ProbeAction): void => {
      armProbe(top.hardware, id, { match: { kind: "time", at: top.hardware.now + 1 }, action });
      top.hardware.advanceTo(top.hardware.now + 2);
    };
    arm(0, { kind: "loseInterrupt", function: "mixed", message: 0, count: 1 });
    ring();
    expect(take()).toBeUndefined();
    arm(1, { kind: "duplicateInterrupt", function: "mixed", count: 1 });
    ring();
    expect([take(), take(), take()].map((one) => one !== undefined)).toEqual([true, true, false]);
    arm(2, { kind: "delayInterrupt", function: "mixed", message: 0, by: 5000, count: 1 });
    ring();
    expect(take()).toBeUndefined();
    top.hardware.advanceTo(top.hardware.now + 5000);
    expect(take()).toBeDefined();
    ring();
    expect(take()).toBeDefined();
  });
});
