import { describe, expect, it } from "vitest";
import { pciAddress } from "../../src/platform/pci-address.ts";
import { deviceOf, machineOf, offsetOf, portOf, setUp, modules } from "../support/machine.ts";
import { createHardware } from "../../src/hardware/machine.ts";
import { createPlatform } from "../../src/hardware/platform.ts";

describe("config space", () => {
  it("functions answer where bridges and live bus numbers put them, and nothing else does", () => {
    const platform = createPlatform(createHardware(modules.release, machineOf([portOf("rp0"), portOf("rp1")])));
    expect(platform.config.read16(pciAddress(0, 12, 0, 0), 0)).toBe(0x1e98);
    expect(platform.config.read16(pciAddress(0, 12, 1, 0), 0x0a)).toBe(0x0604);
    expect(platform.config.read32(pciAddress(0, 12, 2, 0), 0)).toBe(0xffff_ffff);
    expect(platform.config.read32(pciAddress(0, 12, 0, 1), 0)).toBe(0xffff_ffff);
    expect(platform.config.read32(pciAddress(1, 12, 0, 0), 0)).toBe(0xffff_ffff);
    expect(platform.config.read32(pciAddress(0, 13, 0, 0), 0)).toBe(0xffff_ffff);
    platform.config.write32(pciAddress(0, 12, 0, 0), 0x18, 0x000d0d0c);
    expect(platform.config.read32(pciAddress(0, 13, 0, 0), 0x08) >>> 8).toBe(0x050210);
    platform.config.write32(pciAddress(0, 12, 0, 0), 0x18, 0x000e0e0c);
    expect(platform.config.read32(pciAddress(0, 13, 0, 0), 0)).toBe(0xffff_ffff);
  });

  it("BAR sizing shows the declared size, 64-bit and prefetchable", () => {
    const bench = setUp(machineOf([portOf("rp0", { slots: [deviceOf("d", { barSize: 1n << 33n })] })]));
    const device = bench.deviceAddress(0);
    bench.platform.config.write32(device, 0x10, 0xffff_ffff);
    bench.platform.config.write32(device, 0x14, 0xffff_ffff);
    expect(bench.platform.config.read32(device, 0x10)).toBe(0x0000_000c);
    expect(bench.platform.config.read32(device, 0x14)).toBe(0xffff_fffe);
  });

  it("capability and extended capability chains end and name each structure once", () => {
    const bench = setUp(machineOf([portOf("rp0")]));
    for (const [address, expected] of [[bench.portAddress(0), [1, 3, 7, 8, 4, 0x1d]], [bench.deviceAddress(0), [1, 0, 7, 8, 3, 0x2e]]] as const) {
      const seen: number[] = [];
      for (let at = 0x100, guard = 0; at !== 0 && guard < 48; guard++) {
        const header = bench.platform.config.read32(address, at);
        if ((header & 0xffff) === 0x23) seen.push(bench.platform.config.read16(address, at + 8));
        else seen.push(header & 0xffff);
        at = header >>> 20;
      }
      expect(seen).toEqual(expected);
    }
  });

  it("narrow writes touch only their bytes; odd widths and offsets beyond do nothing", () => {
    const bench = setUp(machineOf([portOf("rp0")]));
    const port = bench.portAddress(0);
    bench.platform.config.write32(port, 0x18, 0x00112233);
    bench.platform.config.write8(port, 0x19, 0x55);
    expect(bench.platform.config.read32(port, 0x18)).toBe(0x00115533);
    bench.platform.config.write16(port, 0x19, 0xffff);
    expect(bench.platform.config.read32(port, 0x18)).toBe(0x00115533);
    expect(bench.platform.config.read32(port, 0xffc)).toBe(0);
    expect(bench.platform.config.read32(port, 0x1000)).toBe(0);
  });

  it("the serial number and the declared capacity are those of the device", () => {
    const bench = setUp(machineOf([portOf("rp0", { slots: [deviceOf("d", { serial: 0xdead_beef_0000_0001n, volatileCapacity: 6n << 30n })] })]));
    const device = bench.deviceAddress(0);
    expect(bench.platform.config.read32(device, offsetOf("deviceConfig", "serialNumber", "high"))).toBe(0xdead_beef);
    expect(bench.platform.config.read32(device, offsetOf("deviceConfig", "serialNumber", "low"))).toBe(1);
    bench.hardware.advanceTo(2000);
    expect(bench.platform.config.read32(device, offsetOf("deviceConfig", "dvsecDevice", "range1SizeHigh"))).toBe(1);
    expect(bench.platform.config.read32(device, offsetOf("deviceConfig", "dvsecDevice", "range1SizeLow")) & 0xf000_0003).toBe((0x8000_0003 | 0) & 0xf000_0003);
  });

  it("CONFIG_LOCK makes the RWL fields of the device DVSEC read only until a reset", () => {
    const bench = setUp(machineOf([portOf("rp0")]));
    const device = bench.deviceAddress(0);
    const control = offsetOf("deviceConfig", "dvsecDevice", "control");
    expect(bench.platform.config.read16(device, control)).toBe(6);
    bench.platform.config.write16(device, offsetOf("deviceConfig", "dvsecDevice", "lock"), 1);
    bench.platform.config.write16(device, control, 0);
    expect(bench.platform.config.read16(device, control)).toBe(6);
    bench.platform.config.write16(device, offsetOf("deviceConfig", "dvsecDevice", "lock"), 0);
    expect(bench.platform.config.read16(device, offsetOf("deviceConfig", "dvsecDevice", "lock"))).toBe(1);
  });
});
