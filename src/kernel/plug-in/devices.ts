// Functions as drivers see them, and the register blocks that are mapped for them: once per function, given back with its last driver.

import { primaryMailbox, deviceCapabilityIds } from "../../../registers/device-block.ts";
import { blocks, cacheMemoryRange } from "../../../registers/blocks.ts";
import { configSize } from "../../../registers/constants.ts";
import type { StructureDeclaration } from "../../../registers/schema.ts";
import type { DriverDevice, FunctionKind, RegisterPlace } from "../../platform/driver.ts";
import * as walk from "../../platform/config-walk.ts";
import type { StructureAccess } from "../../platform/registers.ts";
import { structureAt } from "../../platform/registers.ts";
import { suggestion } from "../../sim/suggest.ts";
import type { Device } from "../base/device.ts";
import { SystemError } from "../base/errno.ts";
import type { Kernel } from "../base/kernel.ts";
import { arraySize, deviceArray } from "../cxl/device-registers.ts";
import { blockIds, capabilityOffset, findBlock, findComponentBlock, mapComponents } from "../cxl/registers.ts";
import { addressOf, isPciDevice, pciFunctionOf, portTypes } from "../pci/device.ts";
import { configBus } from "../pci/registers.ts";
import type { SharedDevice } from "./state.ts";
import { bindingsOf, plugInState } from "./state.ts";

const kinds: Readonly<Record<number, FunctionKind>> = { [portTypes.rootPort]: "root-port", [portTypes.upstreamPort]: "upstream-port", [portTypes.downstreamPort]: "downstream-port" };
export const kindOf = (device: Device): FunctionKind => kinds[pciFunctionOf(device).portType] ?? "endpoint";

export function sharedDevice(kernel: Kernel, device: Device): SharedDevice {
  const { devices } = plugInState(kernel);
  const known = devices.get(device.id);
  if (known !== undefined) return known;
  const view: DriverDevice = Object.freeze({ id: device.id, name: device.name, address: addressOf(device), kind: kindOf(device) });
  const made: SharedDevice = { view, components: null, registers: null, accesses: new Map() };
  devices.set(device.id, made);
  return made;
}

/** The kernel's own record of what a driver names. @throws SystemError ENODEV it is gone */
export function deviceOf(kernel: Kernel, { id, name }: DriverDevice): Device {
  const device = kernel.devices.get(id);
  if (device === undefined || !isPciDevice(device)) throw new SystemError("ENODEV", `${name} is gone`);
  return device;
}

/** Gives mapped blocks back, when no driver is bound to the function. */
export function releaseUnused(kernel: Kernel, device: Device): void {
  const { devices } = plugInState(kernel);
  const shared = devices.get(device.id);
  if (shared === undefined || bindingsOf(kernel, device).length > 0) return;
  shared.components?.handle.unmap();
  shared.registers?.handle.unmap();
  devices.delete(device.id);
}

/** Structures of every list by name; variants of one name have the same registers. */
const structures: ReadonlyMap<string, StructureDeclaration> = new Map(
  Object.values(blocks).flatMap(({ placements }) => Object.entries<{ readonly structure: StructureDeclaration }>(placements).flatMap(([key, { structure }]) => [[key, structure] as const, [structure.name, structure] as const])).toReversed(),
);
const structureNames = [...structures.keys()];

/** @throws SystemError EINVAL there is none of that name */
export function structureNamed(name: string): StructureDeclaration {
  const found = structures.get(name);
  if (found === undefined) throw new SystemError("EINVAL", `there is no structure "${name}"; ${suggestion(name, structureNames)}`);
  return freeze(found);
}

/** Declarations are everybody's: who gets one from a service cannot change it for others. */
function freeze<T extends object>(value: T): T {
  if (Object.isFrozen(value)) return value;
  Object.freeze(value);
  for (const part of Object.values(value)) if (typeof part === "object" && part !== null) freeze(part as object);
  return value;
}

/** Maps the component registers, once. Null: the function has none, or nothing answers. */
function componentsOf(kernel: Kernel, device: Device): SharedDevice["components"] {
  const shared = sharedDevice(kernel, device);
  if (shared.components !== null) return shared.components;
  try {
    const block = findComponentBlock(kernel, device);
    if (block !== undefined) shared.components = mapComponents(kernel, block);
  } catch (thrown) {
    if (!(thrown instanceof SystemError)) throw thrown;
  }
  return shared.components;
}

/** @throws SystemError EINVAL the structure is found in another list */
export function componentId({ name, identity }: StructureDeclaration): number {
  if (identity?.list !== "component") throw new SystemError("EINVAL", `${name} is not among component registers${identity === undefined ? "" : "; it lies in config space, which `capability` looks through"}`);
  return identity.id;
}

export function hasComponent(kernel: Kernel, device: Device, structure: StructureDeclaration): boolean {
  const components = componentsOf(kernel, device);
  return components !== null && capabilityOffset(components, componentId(structure)) !== undefined;
}

function remember<S extends StructureDeclaration>(shared: SharedDevice, structure: S, access: StructureAccess<S>): StructureAccess<S> {
  shared.accesses.set(structure, access as StructureAccess<StructureDeclaration>);
  return access;
}

const known = <S extends StructureDeclaration>(shared: SharedDevice, structure: S): StructureAccess<S> | undefined => shared.accesses.get(structure) as StructureAccess<S> | undefined;

/** Component registers by name. @throws SystemError EINVAL not such a structure */
export function componentAccess<S extends StructureDeclaration>(kernel: Kernel, device: Device, structure: S): StructureAccess<S> | undefined {
  const shared = sharedDevice(kernel, device);
  const found = known(shared, structure);
  if (found !== undefined) return found;
  const id = componentId(structure);
  const components = componentsOf(kernel, device);
  const offset = components === null ? undefined : capabilityOffset(components, id);
  return components === null || offset === undefined ? undefined : remember(shared, structure, structureAt(components.handle, offset, structure));
}

const deviceStructures: Readonly<Record<string, number>> = deviceCapabilityIds;

function deviceBlockOf(kernel: Kernel, device: Device): SharedDevice["registers"] {
  const shared = sharedDevice(kernel, device);
  if (shared.registers !== null) return shared.registers;
  const block = findBlock(kernel, device, blockIds.device);
  if (block === undefined) return null;
  const array = kernel.platform.ioremap(block.base, block.size < arraySize ? block.size : arraySize);
  const found = [...deviceArray(array)];
  array.unmap();
  const end = found.reduce((most, { offset, length }) => Math.max(most, offset + length), 0);
  if (end === 0 || BigInt(end) > block.size) return null;
  shared.registers = { handle: kernel.platform.ioremap(block.base, BigInt(end)), places: new Map(found.map(({ id, offset }) => [id, offset])) };
  return shared.registers;
}

/** A structure of the device registers by name. @throws SystemError EINVAL not such a structure */
export function deviceAccess<S extends StructureDeclaration>(kernel: Kernel, device: Device, structure: S): StructureAccess<S> | undefined {
  const shared = sharedDevice(kernel, device);
  const found = known(shared, structure);
  if (found !== undefined) return found;
  const id = deviceStructures[structure.name];
  if (id === undefined) throw new SystemError("EINVAL", `${structure.name} is not among device registers (${Object.keys(deviceStructures).join(", ")}; ${primaryMailbox.clause})`);
  const registers = deviceBlockOf(kernel, device);
  const offset = registers?.places.get(id);
  return registers === null || offset === undefined ? undefined : remember(shared, structure, structureAt(registers.handle, offset, structure));
}

const headerNames: readonly string[] = [blocks.deviceConfig.placements.endpointHeader.structure.name, blocks.rootPortConfig.placements.bridgeHeader.structure.name];

/** Where a structure lies in config space; 0 for a header, undefined: the function has none. @throws SystemError EINVAL not such a structure */
function configOffset(kernel: Kernel, device: Device, { name, identity }: StructureDeclaration): number | undefined {
  if (headerNames.includes(name)) return 0;
  const bus = configBus(kernel, addressOf(device));
  const at = (offset: number): number | undefined => (offset === 0 ? undefined : offset);
  if (identity?.list === "capability") return at(walk.findCapability(bus, identity.id));
  if (identity?.list === "extended") return at(walk.findFirstExtended(bus, identity.id));
  if (identity?.list === "dvsec") return at(walk.findDvsec(bus, identity.id));
  throw new SystemError("EINVAL", `${name} does not lie in config space`);
}

/** A capability in config space by name; walked once. @throws SystemError EINVAL */
export function configAccess<S extends StructureDeclaration>(kernel: Kernel, device: Device, structure: S): StructureAccess<S> | undefined {
  const shared = sharedDevice(kernel, device);
  const found = known(shared, structure);
  if (found !== undefined) return found;
  const at = configOffset(kernel, device, structure);
  return at === undefined ? undefined : remember(shared, structure, structureAt(configBus(kernel, addressOf(device)), at, structure));
}

const { componentHeader } = blocks.rootPortComponent.placements;
const { deviceCapabilities } = blocks.deviceRegisters.placements;

/** The place of a structure of any list; undefined as for its registers by name. @throws SystemError EINVAL the structure is in no list */
export function locate(kernel: Kernel, device: Device, structure: StructureDeclaration): RegisterPlace | undefined {
  const { name, identity } = structure;
  const isArray = name === componentHeader.structure.name;
  if (identity?.list === "component" || isArray) {
    const components = componentsOf(kernel, device);
    const offset = components === null ? undefined : isArray ? componentHeader.at : capabilityOffset(components, componentId(structure));
    return components === null || offset === undefined ? undefined : { bus: components.handle, offset, size: cacheMemoryRange.size };
  }
  const isList = name === deviceCapabilities.structure.name;
  if (isList || deviceStructures[name] !== undefined) {
    const registers = deviceBlockOf(kernel, device);
    const offset = isList ? deviceCapabilities.at : registers?.places.get(deviceStructures[name] ?? 0);
    return registers === null || offset === undefined ? undefined : { bus: registers.handle, offset, size: Number(registers.handle.size) };
  }
  const offset = configOffset(kernel, device, structure);
  return offset === undefined ? undefined : { bus: configBus(kernel, addressOf(device)), offset, size: configSize };
}
