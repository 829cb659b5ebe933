// Where the functions of a machine are now: numbers and addresses as config space has them, looked up without an access of the CPU.

import { cacheMemoryRange, deviceBar } from "../../../registers/constants.ts";
import { deviceBlock } from "../../../registers/device-block.ts";
import { bridgeHeader, endpointHeader } from "../../../registers/pci.ts";
import type { FieldDeclaration, RegisterDeclaration } from "../../../registers/schema.ts";
import type { Hardware } from "../../hardware/machine.ts";
import type { HostBridgeDescription, MachineDescription } from "../../platform/description.ts";
import { isSwitch, mailboxOf, portsBelow } from "../../platform/description.ts";
import type { PciAddress } from "../../platform/pci-address.ts";
import { pciAddress } from "../../platform/pci-address.ts";
import type { RegisterBus } from "../../platform/registers.ts";
import { extract } from "../../platform/registers.ts";
import { NotPlacedError } from "./errors.ts";

/** A port or card by name. */
export interface Part {
  readonly name: string;
  /** Its number in the module. */
  readonly id: number;
}

const enumerateRemedy = "firmware gives one with pci: \"enumerated\" and with enumerate(), a driver by bus numbers, BARs and bridge windows";

/** Registers of a part as they stand, in steps of a dword; without time, trace or effect. */
export function peekBus(read: (offset: number) => number): RegisterBus {
  const at = (offset: number, bytes: number): number => (read(offset & ~3) >>> ((offset & 3) * 8)) % 2 ** (8 * bytes);
  const refuse = (): never => {
    throw new Error("what is only looked at cannot be written");
  };
  return {
    read8: (offset) => at(offset, 1), read16: (offset) => at(offset, 2), read32: (offset) => at(offset, 4),
    read64: (offset) => (BigInt(read(offset + 4) >>> 0) << 32n) | BigInt(read(offset) >>> 0),
    write8: refuse, write16: refuse, write32: refuse, write64: refuse,
  };
}

const { bar0, bar1 } = endpointHeader.registers;
const { secondaryBus } = bridgeHeader.registers;

/** One field of config space as it stands; a dword holds it. */
function peekField(hardware: Hardware, { id }: Part, register: RegisterDeclaration, field: FieldDeclaration): number {
  const dword = hardware.peekConfig(id, register.offset & ~3);
  return extract(field, dword >>> ((register.offset & 3) * 8));
}

function bridgeNamed(machine: MachineDescription, name: string): HostBridgeDescription {
  const found = machine.hostBridges.find((bridge) => bridge.name === name);
  if (found === undefined) throw new RangeError(`the machine has no host bridge "${name}"`);
  return found;
}

interface Segment {
  readonly segment: number;
  readonly bus: number;
}

/** The bus below a port. @throws NotPlacedError it has no number */
function busBelow(hardware: Hardware, port: Part, segment: number): Segment {
  const bus = peekField(hardware, port, secondaryBus, secondaryBus.fields.value);
  if (bus === 0) throw new NotPlacedError(port.name, `has no bus number below it: ${enumerateRemedy}`);
  return { segment, bus };
}

function segmentOf(hardware: Hardware, name: string): number {
  const port = hardware.entities.ports.get(name);
  if (port === undefined) throw new RangeError(`the machine has no port "${name}"`);
  if (port.isRoot) return bridgeNamed(hardware.description, port.parent).segment;
  return segmentOf(hardware, hardware.entities.switches.get(port.parent)?.port ?? "");
}

/** SSSS:BB:DD.F of a port. @throws NotPlacedError */
export function portAddress(hardware: Hardware, name: string): PciAddress {
  const port = hardware.entities.ports.get(name);
  if (port === undefined) throw new RangeError(`the machine has no port "${name}"`);
  if (port.isRoot) {
    const { segment, busStart } = bridgeNamed(hardware.description, port.parent);
    return pciAddress(segment, busStart, port.deviceNumber, 0);
  }
  const card = hardware.entities.switches.get(port.parent);
  if (card === undefined) throw new RangeError(`the machine has no switch "${port.parent}"`);
  cardAddress(hardware, port.parent);
  const { segment, bus } = busBelow(hardware, { name: port.parent, id: card.id }, segmentOf(hardware, name));
  return pciAddress(segment, bus, port.deviceNumber, 0);
}

/** What the module tells of a port under this number: the card plugged into it. */
const pluggedCard = 2;
const isPlugged = (hardware: Hardware, port: number, card: number): boolean => hardware.exports.portState(port, pluggedCard) >>> 0 === card;

/** SSSS:BB:DD.F of a device or of a switch's upstream port. @throws NotPlacedError it is not plugged in, or has no number */
export function cardAddress(hardware: Hardware, name: string): PciAddress {
  const card = hardware.entities.devices.get(name) ?? hardware.entities.switches.get(name);
  const port = card === undefined ? undefined : hardware.entities.ports.get(card.port);
  if (card === undefined || port === undefined) throw new RangeError(`the machine has no card "${name}"`);
  if (!isPlugged(hardware, port.index, card.id)) throw new NotPlacedError(name, `is not plugged in: ${card.port} has ${hardware.port(card.port).device ?? "no card"}; inject({ plug: { port: "${card.port}", card: "${name}" } })`);
  portAddress(hardware, card.port);
  const { segment, bus } = busBelow(hardware, { name: card.port, id: port.id }, segmentOf(hardware, card.port));
  return pciAddress(segment, bus, 0, 0);
}

/** Address in BAR 0; 0n: none was given. */
export function barOf(hardware: Hardware, part: Part): bigint {
  return (BigInt(peekField(hardware, part, bar1, bar1.fields.address63to32)) << 32n) | (BigInt(peekField(hardware, part, bar0, bar0.fields.address31to16)) << 16n);
}

/** Where firmware put BAR 0 of each part, by name; those that were not plugged in are not there. */
export type Homes = ReadonlyMap<string, bigint>;

export function homesOf(hardware: Hardware): Homes {
  const { ports, switches, devices } = hardware.entities;
  const all = [ports, switches, devices].flatMap((kind) => [...kind].map(([name, { id }]) => [name, barOf(hardware, { name, id })] as const));
  return new Map(all.filter(([, bar]) => bar !== 0n));
}

/** Where BAR 0 lies; after a reset took the address away, where firmware had put it: nothing answers there, as at a driver's mapping. @throws NotPlacedError */
export function placedBar(hardware: Hardware, homes: Homes, part: Part): bigint {
  const bar = barOf(hardware, part);
  const found = bar === 0n ? homes.get(part.name) : bar;
  if (found === undefined) throw new NotPlacedError(part.name, `has no address for its registers (BAR 0 is 0): ${enumerateRemedy}`);
  return found;
}

/** From BAR 0 to the CXL.cache/mem registers and to the device registers, as the Register Locator says (8.1.9). */
export const componentOffset = BigInt(cacheMemoryRange.offset);
export const deviceOffset = BigInt(deviceBar.device);

/** CXL.cache/mem registers of a host bridge (CHBCR). */
export const bridgeRegistersAt = (machine: MachineDescription, name: string): bigint => bridgeNamed(machine, name).componentBase + componentOffset;

/** Bytes of a device's registers, its primary mailbox's payload included. */
export function deviceBlockSize(machine: MachineDescription, name: string): bigint {
  const slots = machine.hostBridges.flatMap((bridge) => portsBelow(bridge.rootPorts)).flatMap((port) => port.slots);
  const device = slots.find((slot) => slot.name === name);
  if (device === undefined || isSwitch(device)) throw new RangeError(`the machine has no device "${name}"`);
  return BigInt(deviceBlock.primaryMailbox + deviceBlock.mailboxRegisters + mailboxOf(device).payloadSize);
}
