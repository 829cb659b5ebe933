// Firmware's way to the decoders: buses and BARs for as long as it takes, decoders programmed and committed, memory enabled on the devices; then
// buses and BARs are as before, for the operating system to give.

import { cacheMemoryRange } from "../../registers/blocks.ts";
import { dvsecDevice } from "../../registers/dvsec.ts";
import { hdmDecoderDevice, hdmDecoderPort } from "../../registers/hdm-decoder.ts";
import { bridgeHeader, endpointHeader } from "../../registers/pci.ts";
import { configBus, findComponentCapability, findDvsec } from "../platform/config-walk.ts";
import type { DownstreamPortDescription, MachineDescription } from "../platform/description.ts";
import { isSwitch } from "../platform/description.ts";
import type { FirmwareDecoder } from "../platform/firmware-setup.ts";
import type { AcpiHostBridge, ConfigSpace, Platform } from "../platform/platform.ts";
import { encode, registerAt, structureAt } from "../platform/registers.ts";
import type { FoundFunction } from "./enumerate.ts";
import { enumeratePci } from "./enumerate.ts";

type FirmwarePlatform = Omit<Platform, "firmware">;

const pollTime = 100_000;
const mostPolls = 1000;
const lowHalf = 0xffff_ffffn;
const wayCodes: Readonly<Record<number, number>> = { 1: 0, 2: 1, 4: 2, 8: 3, 16: 4, 3: 8, 6: 9, 12: 10 };

/** Names of what is plugged in below a port, the port first, in order of enumeration. */
function namesBelow(port: DownstreamPortDescription): string[] {
  const card = port.present ? port.slots[0] : undefined;
  if (card === undefined) return [port.name];
  return [port.name, card.name, ...(isSwitch(card) ? card.ports.flatMap(namesBelow) : [])];
}

const flatten = (found: readonly FoundFunction[]): FoundFunction[] => found.flatMap((one) => [one, ...flatten(one.below)]);

interface Place {
  /** Physical address of the component registers. */
  readonly block: bigint;
  readonly isDevice: boolean;
}

/** Writes one decoder and waits for its commit, at most 100 ms. What hardware refuses stays as hardware has it. */
export function programDecoder(platform: FirmwarePlatform, place: Place, decoder: FirmwareDecoder): void {
  const handle = platform.ioremap(place.block + BigInt(cacheMemoryRange.offset), BigInt(cacheMemoryRange.size));
  const at = findComponentCapability(handle, hdmDecoderPort.identity.id);
  if (at === 0) return handle.unmap();
  const { index } = decoder;
  const { baseLow, baseHigh, sizeLow, sizeHigh, control, targetListLow, targetListHigh } = hdmDecoderPort.registers;
  const list = place.isDevice ? decoder.skip : decoder.targets.reduce((bits, port, way) => bits | (BigInt(port) << BigInt(8 * way)), 0n);
  registerAt(handle, at, baseHigh, index).writeRaw(decoder.base >> 32n);
  registerAt(handle, at, baseLow, index).writeRaw(decoder.base & lowHalf);
  registerAt(handle, at, sizeHigh, index).writeRaw(decoder.size >> 32n);
  registerAt(handle, at, sizeLow, index).writeRaw(decoder.size & lowHalf);
  // The skip of a device lies where ports have their target list.
  registerAt(handle, at, targetListHigh, index).writeRaw(list >> 32n);
  registerAt(handle, at, targetListLow, index).writeRaw(list & lowHalf);
  const register = registerAt(handle, at, control, index);
  const values = { interleaveWays: wayCodes[decoder.ways] ?? 0, interleaveGranularity: Math.log2(decoder.granularity) - 8, targetRangeType: decoder.isDeviceCoherent === true ? 0 : 1, lockOnCommit: decoder.isLocked ? 1 : 0, commit: decoder.isCommitted ? 1 : 0 };
  register.writeRaw(encode(control, values));
  for (let poll = 0; decoder.isCommitted && poll < mostPolls; poll++) {
    const { committed, errorNotCommitted } = register.read();
    if (committed === 1 || errorNotCommitted === 1) break;
    platform.spend(pollTime);
  }
  if (place.isDevice) registerAt(handle, at, hdmDecoderDevice.registers.globalControl).modify({ decoderEnable: 1 });
  handle.unmap();
}

function enableMemory(config: ConfigSpace, found: FoundFunction): void {
  const bus = configBus(config, found.address);
  const at = findDvsec(bus, dvsecDevice.identity.id);
  if (at !== 0) structureAt(bus, at, dvsecDevice).control.modify({ memoryEnable: 1 });
}

/** Takes BARs, windows and buses back, deepest first, so that every function can still be reached. */
function forgetNumbers(config: ConfigSpace, all: readonly FoundFunction[]): void {
  for (const found of all.toReversed()) {
    const bus = configBus(config, found.address);
    const header = structureAt(bus, 0, endpointHeader);
    header.command.modify({ memorySpaceEnable: 0, busMasterEnable: 0 });
    header.bar0.writeRaw(0n);
    header.bar1.writeRaw(0n);
    if (found.kind === "endpoint") continue;
    const bridge = structureAt(bus, 0, bridgeHeader);
    for (const register of [bridge.memoryBase, bridge.memoryLimit, bridge.prefetchableBase, bridge.prefetchableBaseHigh, bridge.prefetchableLimit, bridge.prefetchableLimitHigh, bridge.primaryBus, bridge.secondaryBus, bridge.subordinateBus]) register.writeRaw(0n);
  }
}

/** Programs decoders in order. Those of a device that is not plugged in are left out. */
export function programDecoders(platform: FirmwarePlatform, machine: MachineDescription, hostBridges: readonly AcpiHostBridge[], decoders: readonly FirmwareDecoder[]): void {
  const places = new Map<string, Place>();
  const all: FoundFunction[] = [];
  const byName = new Map<string, FoundFunction>();
  for (const [index, bridge] of machine.hostBridges.entries()) {
    places.set(bridge.name, { block: bridge.componentBase, isDevice: false });
    const functions = flatten(enumeratePci(platform.config, bridge, hostBridges[index]?.memory[0]?.base ?? 0n).rootPorts);
    all.push(...functions);
    for (const [n, name] of bridge.rootPorts.flatMap(namesBelow).entries()) {
      const found = functions[n];
      if (found === undefined) continue;
      byName.set(name, found);
      places.set(name, { block: found.bar, isDevice: found.kind === "endpoint" });
    }
  }
  for (const decoder of decoders) {
    const place = places.get(decoder.place);
    if (place === undefined) continue;
    programDecoder(platform, place, decoder);
    const found = byName.get(decoder.place);
    if (found?.kind === "endpoint") enableMemory(platform.config, found);
  }
  forgetNumbers(platform.config, all);
}
