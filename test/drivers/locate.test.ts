// Where a structure lies, for drivers that address registers by offset: the same registers that the services give by name.

import { describe, expect, it } from "vitest";
import { aerEndpoint } from "../../registers/aer.ts";
import { componentHeader } from "../../registers/component-header.ts";
import { deviceCapabilities, memoryDeviceStatus, primaryMailbox } from "../../registers/device-block.ts";
import { dvsecDevice } from "../../registers/dvsec.ts";
import { hdmDecoderDevice } from "../../registers/hdm-decoder.ts";
import { msixTable } from "../../registers/messages.ts";
import { endpointHeader } from "../../registers/pci.ts";
import { pcieEndpoint } from "../../registers/pcie.ts";
import { timeoutIsolation } from "../../registers/timeout-isolation.ts";
import type { StructureDeclaration } from "../../registers/schema.ts";
import type { DriverDevice, DriverServices } from "../../src/platform/driver.ts";
import { bootWith, driverOf, memoryDevices } from "./host.ts";

/** Services and the first memory device of a booted system. */
function held(): { readonly kernel: DriverServices; readonly device: DriverDevice } {
  const found: { kernel: DriverServices; device: DriverDevice }[] = [];
  bootWith([driverOf((device, kernel) => (void found.push({ kernel, device }), {}), memoryDevices)]);
  const [first] = found;
  if (first === undefined) throw new Error("no memory device");
  return first;
}

describe("locate", () => {
  it.each([
    ["component registers", hdmDecoderDevice, "capability", "component"],
    ["device registers", memoryDeviceStatus, "status", "deviceRegisters"],
    ["the mailbox", primaryMailbox, "capability", "deviceRegisters"],
    ["a capability", pcieEndpoint, "deviceCapabilities", "capability"],
    ["an extended capability", aerEndpoint, "uncorrectableMask", "capability"],
    ["a DVSEC", dvsecDevice, "header1", "capability"],
    ["the header of config space", endpointHeader, "vendorId", "capability"],
  ] as const)("%s: the same value by offset and by name", (_what, structure: StructureDeclaration, register, service) => {
    const { kernel, device } = held();
    const place = kernel.locate(device, structure);
    const declared = structure.registers[register];
    if (place === undefined || declared === undefined) throw new Error("not found");
    const named = (kernel[service] as DriverServices["component"])(device, structure)?.[register]?.readRaw();
    expect(named).not.toBe(0n);
    expect(BigInt(place.bus.read32(place.offset + declared.offset)) & ((1n << BigInt(Math.min(32, declared.width))) - 1n)).toBe((named ?? 0n) & 0xffff_ffffn);
    expect(place.offset + structure.length).toBeLessThanOrEqual(place.size);
  });

  it("the arrays in which software finds structures lie at the start of their blocks", () => {
    const { kernel, device } = held();
    const component = kernel.locate(device, componentHeader);
    expect(component?.offset).toBe(0);
    expect((component?.bus.read32(0) ?? 0) & 0xffff).toBe(1);
    expect(kernel.locate(device, deviceCapabilities)?.offset).toBe(0);
  });

  it("what the function does not have is undefined; what lies in no list is refused", () => {
    const { kernel, device } = held();
    expect(kernel.locate(device, timeoutIsolation)).toBeUndefined();
    expect(() => kernel.locate(device, msixTable)).toThrow("does not lie in config space");
  });
});
