// Round trips through the mailbox as a driver makes them: command and doorbell written, doorbell polled, status, length and payload read.

import { deviceBar } from "../registers/constants.ts";
import { commands } from "../registers/commands.ts";
import { deviceBlock } from "../registers/device-block.ts";
import { primaryMailbox } from "../registers/device-block.ts";
import { createHardware } from "../src/hardware/machine.ts";
import { createPlatform } from "../src/hardware/platform.ts";
import { pciAddress } from "../src/platform/pci-address.ts";
import { description } from "./machine.ts";
import type { Measured } from "./main.ts";
import { median } from "./main.ts";

const trips = 20_000;
/** Bus and BAR of the first device, as firmware might place it. */
const bus = 13;
const bar = 0x8_0010_0000n;

/** Identify Memory Device again and again, 69 bytes of output each. */
export function measureMailbox(module: WebAssembly.Module): Measured[] {
  const hardware = createHardware(module, { ...description, costs: { config: 400, mmioRead: 500, mmioWrite: 100, memory: 90 } });
  const { config, ioremap } = createPlatform(hardware);
  const port = pciAddress(0, description.hostBridges[0]?.busStart ?? 0, 0, 0);
  const device = pciAddress(0, bus, 0, 0);
  config.write32(port, 0x18, (bus << 16) | (bus << 8) | (description.hostBridges[0]?.busStart ?? 0));
  config.write32(port, 0x24, 0x0010_0010);
  config.write32(port, 0x28, Number(bar >> 32n));
  config.write32(port, 0x2c, Number(bar >> 32n));
  config.write16(port, 4, 6);
  config.write32(device, 0x10, Number(bar & 0xffff_ffffn));
  config.write32(device, 0x14, Number(bar >> 32n));
  config.write16(device, 4, 2);
  const io = ioremap(bar + BigInt(deviceBar.device), 0x1_0000n);
  const at = deviceBlock.primaryMailbox;
  const { control, command, status } = primaryMailbox.registers;
  const payload = at + deviceBlock.mailboxRegisters;
  const { opcode, output } = commands.identifyMemoryDevice;
  let polls = 0;
  const trip = (): void => {
    io.write32(at + command.offset, opcode);
    io.write32(at + control.offset, 1);
    while ((io.read32(at + control.offset) & 1) !== 0) polls++;
    const code = io.read32(at + status.offset + 4) & 0xffff;
    const length = io.read32(at + command.offset) >>> 16;
    if (code !== 0 || length !== output.length) throw new Error(`identify ended with ${code} and ${length} bytes`);
    for (let offset = 0; offset < length; offset += 4) io.read32(payload + offset);
  };
  trip();
  const measured = median("Identify round trips through the mailbox", trips, () => {
    for (let i = 0; i < trips; i++) trip();
  });
  return [{ ...measured, note: `${Math.ceil(output.length / 4) + 4} accesses and ${(polls / (trips * 10 + 1)).toFixed(1)} further polls each` }];
}
