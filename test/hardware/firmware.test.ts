import { describe, expect, it } from "vitest";
import { installFirmware } from "../../src/firmware/firmware.ts";
import type { Firmware, IsolationOwner } from "../../src/firmware/firmware.ts";
import { createHardware } from "../../src/hardware/machine.ts";
import type { Hardware } from "../../src/hardware/machine.ts";
import { createPlatform } from "../../src/hardware/platform.ts";
import { armProbe } from "../../src/hardware/probes.ts";
import { pciAddress } from "../../src/platform/pci-address.ts";
import { machineOf, modules, offsetOf, portOf } from "../support/machine.ts";

const restrictions = { deviceCoherent: true, hostOnlyCoherent: true, volatile: true, persistent: true, fixed: false };
const control = offsetOf("rootPortComponent", "timeoutIsolation", "control");
const status = offsetOf("rootPortComponent", "timeoutIsolation", "status");

const errCorEnable = 1 << 25;

function boot(isolationOwner: IsolationOwner): { hardware: Hardware; firmware: Firmware; platform: ReturnType<typeof createPlatform> } {
  const description = machineOf([portOf("rp0"), portOf("rp1", { isolation: null })]);
  const hardware = createHardware(modules.release, description);
  const platform = createPlatform(hardware);
  const idOf = (name: string): number => hardware.entities.ports.get(name)?.id ?? 0;
  const target = { platform, writeRam: (address: bigint, bytes: Uint8Array) => hardware.writeRam(address, bytes), isToldOf: (name: string) => (hardware.peekComponent(idOf(name), status) & 0x100) !== 0 && (hardware.peekComponent(idOf(name), control) & errCorEnable) !== 0 };
  return { hardware, platform, firmware: installFirmware(target, description, { isolationOwner, restrictions }) };
}

describe("firmware", () => {
  it("leaves tables that a load from memory finds, with a good checksum", () => {
    const { platform, firmware } = boot("os");
    const text = (address: bigint): string => String.fromCharCode(...[0n, 1n, 2n, 3n].map((i) => Number(platform.memory.load(address + i, 1).value)));
    expect(text(firmware.xsdt)).toBe("XSDT");
    const cedt = platform.memory.load(firmware.xsdt + 36n, 8).value;
    expect(text(cedt)).toBe("CEDT");
    const length = Number(platform.memory.load(cedt + 4n, 4).value);
    let sum = 0;
    for (let i = 0; i < length; i++) sum += Number(platform.memory.load(cedt + BigInt(i), 1).value);
    expect(sum & 0xff).toBe(0);
  });

  it("[S89] POL-ISOOWN=firmware-enable arms the ports that can, keeps control, and leaves BARs and command as they were", () => {
    const { hardware, platform, firmware } = boot("firmware-enable");
    expect(hardware.peekComponent(hardware.entities.ports.get("rp0")?.id ?? 0, control)).toBe((1 << 16) | (1 << 4));
    expect(hardware.peekComponent(hardware.entities.ports.get("rp1")?.id ?? 0, control)).toBe(0);
    expect(firmware.osc(0, { isolationControl: true, isolationNotification: true })).toEqual({ isolationControl: false, isolationNotification: false, memoryErrors: false });
    expect([platform.config.read32(pciAddress(0, 12, 0, 0), 0x10), platform.config.read16(pciAddress(0, 12, 0, 0), 4)]).toEqual([0xc, 0]);
  });

  it("[S89] os ownership arms nothing and grants both; firmware-notify grants control and notifies once per isolation", () => {
    const free = boot("os");
    expect(free.hardware.peekComponent(1, control)).toBe(0);
    expect(free.firmware.osc(0, { isolationControl: true, isolationNotification: true })).toEqual({ isolationControl: true, isolationNotification: true, memoryErrors: false });
    const { hardware, firmware } = boot("firmware-notify");
    expect(firmware.osc(0, { isolationControl: true, isolationNotification: true })).toEqual({ isolationControl: true, isolationNotification: false, memoryErrors: false });
    expect(hardware.peekComponent(hardware.entities.ports.get("rp0")?.id ?? 0, control)).toBe(errCorEnable);
    firmware.poll();
    expect(firmware.takeNotify()).toBeUndefined();
    const armed = boot("firmware-enable");
    armProbe(armed.hardware, 0, { match: { kind: "time", at: armed.hardware.now + 1 }, action: { kind: "linkDown", port: "rp0" } });
    armed.hardware.advanceTo(armed.hardware.now + 10);
    armed.firmware.poll();
    expect(armed.firmware.takeNotify()).toBeUndefined();
    expect(hardware.hostState).toBe("running");
  });
});
