// Where the served machine's own buses and BARs lie: numbered by what the machine declares, so that a card that is put in later has its place too.
// Values are kept as settings of registers, which are looked at without time or trace and written again where a reset took them.

import { blocks, cacheMemoryRange } from "../../registers/blocks.ts";
import { bridgeHeader, endpointHeader } from "../../registers/pci.ts";
import type { RegisterDeclaration } from "../../registers/schema.ts";
import type { Hardware } from "../hardware/machine.ts";
import type { DeviceDescription, DownstreamPortDescription, HostBridgeDescription, SlotDescription, SwitchDescription } from "../platform/description.ts";
import { deviceNumberOf, isSwitch } from "../platform/description.ts";
import type { PciAddress } from "../platform/pci-address.ts";
import { pciAddress } from "../platform/pci-address.ts";
import type { ConfigSpace } from "../platform/platform.ts";
import type { FieldValues } from "../platform/registers.ts";
import { encode } from "../platform/registers.ts";

/** Bits of a config register that are ours, with their value. */
interface Setting {
  readonly offset: number;
  readonly bytes: number;
  readonly mask: number;
  readonly value: number;
}

/** A function that enumeration gave numbers. */
export interface PlacedFunction {
  readonly entity: number;
  readonly address: PciAddress;
  readonly settings: readonly Setting[];
}

/** A port on the way to a device. */
export interface PlacedPort extends PlacedFunction {
  /** Number of the port in the module. */
  readonly index: number;
  /** The card below it on this way. */
  readonly card: number;
}

/** A device with what leads to it, from the root port down: a port, then the upstream port of a switch, and so on. */
export interface PlacedDevice extends PlacedFunction {
  readonly device: DeviceDescription;
  readonly way: Way;
  /** The port that it is plugged into. */
  readonly port: PlacedPort;
  readonly bar: bigint;
}

const megabyte = 1n << 20n;
const lowHalf = (value: bigint): number => Number(value & 0xffff_ffffn);
const highHalf = (value: bigint): number => Number(value >> 32n);
const alignUp = (value: bigint, align: bigint): bigint => ((value + align - 1n) / align) * align;

/** `at`: where the register's structure lies. */
function setting<R extends RegisterDeclaration>(register: R, values: Partial<FieldValues<R>>, at = 0): Setting {
  const all = Object.fromEntries(Object.keys(values).map((name) => {
    const bits = register.fields[name]?.bits ?? 0;
    return [name, typeof bits === "number" ? 1 : 2 ** (bits[0] - bits[1] + 1) - 1];
  })) as Partial<FieldValues<R>>;
  return { offset: at + register.offset, bytes: register.width / 8, mask: Number(encode(register, all)), value: Number(encode(register, values)) };
}

const { registers } = bridgeHeader;

/** BAR 0 at an address; both header types have it alike. */
const barSettings = (bar: bigint): Setting[] => [
  setting(endpointHeader.registers.bar0, { address31to16: lowHalf(bar) >>> 16 }), setting(endpointHeader.registers.bar1, { address63to32: highHalf(bar) }),
];

interface Numbers { readonly bus: number; readonly secondary: number; readonly subordinate: number; readonly from: bigint; readonly to: bigint }

const bridgeSettings = (bar: bigint, { bus, secondary, subordinate, from, to }: Numbers): Setting[] => [
  ...barSettings(bar),
  setting(registers.primaryBus, { value: bus }), setting(registers.secondaryBus, { value: secondary }), setting(registers.subordinateBus, { value: subordinate }),
  setting(registers.memoryBase, { address31to20: 0xfff }), setting(registers.memoryLimit, { address31to20: 0 }),
  setting(registers.prefetchableBase, { address31to20: Number((from >> 20n) & 0xfffn) }), setting(registers.prefetchableBaseHigh, { address63to32: highHalf(from) }),
  setting(registers.prefetchableLimit, { address31to20: Number(((to - 1n) >> 20n) & 0xfffn) }), setting(registers.prefetchableLimitHigh, { address63to32: highHalf(to - 1n) }),
  setting(registers.command, { memorySpaceEnable: 1, busMasterEnable: 1 }),
];

const { at: dvsecAt, structure: dvsec } = blocks.rootPortConfig.placements.dvsecPort;
/** A port's secondary bus reset has effect (8.1.5.2). */
const unmasked = setting(dvsec.registers.control, { unmaskSecondaryBusReset: 1 }, dvsecAt);

interface Cursor {
  readonly hardware: Hardware;
  readonly bridge: HostBridgeDescription;
  nextBus: number;
  nextAddress: bigint;
}

/** What leads to a card is known once all that lies below it is. */
type Way = readonly (PlacedPort | PlacedFunction)[];
type Pending = (way: Way, port: PlacedPort) => readonly PlacedDevice[];

function takeBar(cursor: Cursor, size: bigint): bigint {
  const bar = alignUp(cursor.nextAddress, size);
  cursor.nextAddress = bar + size;
  return bar;
}

const blockSize = BigInt(cacheMemoryRange.blockSize);

function placeDevice(cursor: Cursor, device: DeviceDescription, bus: number): Pending {
  const bar = takeBar(cursor, device.barSize);
  const entity = cursor.hardware.entities.devices.get(device.name)?.id ?? 0;
  return (way, port) => [{ entity, address: pciAddress(cursor.bridge.segment, bus, 0, 0), settings: barSettings(bar), device, way, port, bar }];
}

function placeSwitch(cursor: Cursor, card: SwitchDescription, bus: number): Pending {
  const bar = takeBar(cursor, blockSize);
  const entity = cursor.hardware.entities.switches.get(card.name)?.id ?? 0;
  const secondary = cursor.nextBus++;
  const from = (cursor.nextAddress = alignUp(cursor.nextAddress, megabyte));
  const below = card.ports.map((port, index) => placePort(cursor, port, secondary, deviceNumberOf(port, index)));
  const to = (cursor.nextAddress = alignUp(cursor.nextAddress, megabyte));
  const subordinate = cursor.nextBus - 1;
  const placed: PlacedFunction = { entity, address: pciAddress(cursor.bridge.segment, bus, 0, 0), settings: bridgeSettings(bar, { bus, secondary, subordinate, from, to }) };
  return (way) => below.flatMap((pending) => pending([...way, placed]));
}

function placeCard(cursor: Cursor, card: SlotDescription, bus: number): Pending {
  return isSwitch(card) ? placeSwitch(cursor, card, bus) : placeDevice(cursor, card, bus);
}

const cardOf = ({ entities }: Hardware, card: SlotDescription): number => (isSwitch(card) ? entities.switches : entities.devices).get(card.name)?.id ?? 0;

/** The cards of one slot share its buses, and have memory each of their own. */
function placePort(cursor: Cursor, port: DownstreamPortDescription, bus: number, deviceNumber: number): (way: Way) => readonly PlacedDevice[] {
  const bar = takeBar(cursor, blockSize);
  const secondary = cursor.nextBus++;
  const from = (cursor.nextAddress = alignUp(cursor.nextAddress, megabyte));
  const firstInside = cursor.nextBus;
  let lastInside = firstInside;
  const cards = port.slots.map((card) => {
    cursor.nextBus = firstInside;
    const pending = placeCard(cursor, card, secondary);
    lastInside = Math.max(lastInside, cursor.nextBus);
    return { card: cardOf(cursor.hardware, card), pending };
  });
  cursor.nextBus = lastInside;
  const to = (cursor.nextAddress = alignUp(cursor.nextAddress, megabyte) + (port.slots.length === 0 ? megabyte : 0n));
  const subordinate = cursor.nextBus - 1;
  const entity = cursor.hardware.entities.ports.get(port.name);
  const placed = { entity: entity?.id ?? 0, index: entity?.index ?? 0, address: pciAddress(cursor.bridge.segment, bus, deviceNumber, 0), settings: [...bridgeSettings(bar, { bus, secondary, subordinate, from, to }), unmasked] };
  return (way) => cards.flatMap(({ card, pending }) => pending([...way, { ...placed, card }], { ...placed, card }));
}

/** Places of every device of the machine, plugged in or not, from the start of each bridge's window on. The machine's check has seen that the buses are enough. */
export function placeDevices(hardware: Hardware, windows: readonly bigint[]): PlacedDevice[] {
  return hardware.description.hostBridges.flatMap((bridge, index) => {
    const cursor: Cursor = { hardware, bridge, nextBus: bridge.busStart + 1, nextAddress: windows[index] ?? 0n };
    const pending = bridge.rootPorts.map((port, place) => placePort(cursor, port, bridge.busStart, deviceNumberOf(port, place)));
    return pending.flatMap((one) => one([]));
  });
}

/** Looks whether a function has its settings, and writes those that it has not. True: something was written. */
export function settleFunction(hardware: Hardware, config: ConfigSpace, { entity, address, settings }: PlacedFunction): boolean {
  let wrote = false;
  for (const { offset, bytes, mask, value } of settings) {
    const found = hardware.peekConfig(entity, offset & ~3) >>> ((offset & 3) * 8);
    if (((found ^ value) & mask) === 0) continue;
    wrote = true;
    const next = ((found & ~mask) | value) >>> 0;
    if (bytes === 1) config.write8(address, offset, next & 0xff);
    else if (bytes === 2) config.write16(address, offset, next & 0xffff);
    else config.write32(address, offset, next);
  }
  return wrote;
}
