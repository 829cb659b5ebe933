// The kernel as one driver sees it (DriverServices): registers, log, resources, interrupts, work and time. What waits is counted until it is waited for.

import { configSize } from "../../../registers/constants.ts";
import type { DriverDevice, DriverServices, WaitQueue } from "../../platform/driver.ts";
import type { RegisterBus } from "../../platform/registers.ts";
import type { Task } from "../../sim/task.ts";
import { point, sleep, spawn, until, wake } from "../../sim/task.ts";
import { suggestion } from "../../sim/suggest.ts";
import type { Errno } from "../base/errno.ts";
import { SystemError, errnoTable } from "../base/errno.ts";
import type { Kernel } from "../base/kernel.ts";
import { mark, panic, printk } from "../base/kernel.ts";
import { addressOf } from "../pci/device.ts";
import { configBus } from "../pci/registers.ts";
import { releaseRegion, requestRegion } from "../resource/resource.ts";
import { cxlServices, linkServices, slotServices } from "./cxl-services.ts";
import { componentAccess, configAccess, deviceAccess, deviceOf, locate, structureNamed } from "./devices.ts";
import { runHook } from "./failure.ts";
import { freeMessages, requestMessage } from "./interrupts.ts";
import type { Binding, PlugInRecord } from "./state.ts";
import { bindingsOf } from "./state.ts";

/** Wraps a service that waits, so that one that is called and not waited for is named. */
export type Waiting = <T>(name: string, body: () => Task<T>) => Task<T>;

function* begun<T>(plugIn: PlugInRecord, call: number, body: () => Task<T>): Task<T> {
  plugIn.unstarted.delete(call);
  return yield* body();
}

/** Largest mapping, bytes. */
const largestMapping = 1n << 31n;
const lastAddress = (1n << 64n) - 1n;

function errorNamed(name: string, message: string): SystemError {
  if (!Object.hasOwn(errnoTable, name)) throw new TypeError(`there is no error number ${name}; ${suggestion(name, Object.keys(errnoTable))}`);
  return new SystemError(name as Errno, message);
}

const findBinding = (plugIn: PlugInRecord, device: DriverDevice): Binding | undefined => plugIn.bindings.find((binding) => binding.device.id === device.id);

function bindingAt(plugIn: PlugInRecord, device: DriverDevice): Binding {
  const found = findBinding(plugIn, device);
  if (found === undefined) throw new SystemError("EINVAL", `${plugIn.module.name} is not bound to ${device.name}`);
  return found;
}

/** A driver that has let go of a function maps nothing of it any more. */
const isBound = (plugIn: PlugInRecord, device: DriverDevice): boolean => findBinding(plugIn, device) !== undefined;

/** @throws SystemError EINVAL no address of 64 bits, no width of a load or store */
function checkAccess<W extends number>(what: string, address: bigint, width: W): [bigint, W] {
  if (typeof address !== "bigint" || address < 0n || address > lastAddress) throw new SystemError("EINVAL", `${what}: ${String(address)} is no address of 64 bits (a bigint, like 0x1000n)`);
  if (![1, 2, 4, 8].includes(width)) throw new SystemError("EINVAL", `${what}: ${width} bytes; 1, 2, 4 or 8 are moved at once`);
  return [address, width];
}

/** Config space of a function whose offsets are held to it. @throws RangeError */
function checkedConfig(bus: RegisterBus): RegisterBus {
  const at = (offset: number, bytes: number): number => {
    if (!Number.isInteger(offset) || offset < 0 || offset + bytes > configSize || offset % Math.min(bytes, 4) !== 0) throw new RangeError(`config space: ${bytes} bytes at ${offset}; an offset is a multiple of the width, up to ${configSize - bytes}`);
    return offset;
  };
  return {
    read8: (offset) => bus.read8(at(offset, 1)), read16: (offset) => bus.read16(at(offset, 2)), read32: (offset) => bus.read32(at(offset, 4)), read64: (offset) => bus.read64(at(offset, 8)),
    write8: (offset, value) => bus.write8(at(offset, 1), value), write16: (offset, value) => bus.write16(at(offset, 2), value),
    write32: (offset, value) => bus.write32(at(offset, 4), value), write64: (offset, value) => bus.write64(at(offset, 8), value),
  };
}

type Group<K extends keyof DriverServices> = Pick<DriverServices, K>;

function registerServices(kernel: Kernel, plugIn: PlugInRecord): Group<"config" | "component" | "deviceRegisters" | "capability" | "locate" | "structure" | "map" | "memory" | "invalidateCaches"> {
  const { memory } = kernel.platform;
  return {
    config: (device) => checkedConfig(configBus(kernel, addressOf(deviceOf(kernel, device)))),
    component: (device, structure) => (isBound(plugIn, device) ? componentAccess(kernel, deviceOf(kernel, device), structure) : undefined),
    deviceRegisters: (device, structure) => (isBound(plugIn, device) ? deviceAccess(kernel, deviceOf(kernel, device), structure) : undefined),
    capability: (device, structure) => configAccess(kernel, deviceOf(kernel, device), structure),
    locate: (device, structure) => (isBound(plugIn, device) ? locate(kernel, deviceOf(kernel, device), structure) : undefined),
    structure: structureNamed,
    map: (base, size) => {
      if (typeof base !== "bigint" || typeof size !== "bigint") throw new TypeError("map: address and size are bigint, like 0x1000n");
      if (base < 0n || base > lastAddress) throw new SystemError("EINVAL", `map: 0x${base.toString(16)} is no address of 64 bits`);
      if (size < 1n || size > largestMapping) throw new SystemError("EINVAL", `map: ${size} bytes; 1 byte to 2 GiB can be mapped`);
      let handle;
      try {
        handle = kernel.platform.ioremap(base, size);
      } catch (thrown) {
        throw new SystemError("ENOMEM", thrown instanceof Error ? thrown.message : String(thrown));
      }
      plugIn.mapped.add(handle);
      return { ...handle, unmap: () => void (plugIn.mapped.delete(handle) && handle.unmap()) };
    },
    memory: {
      load: (address, width) => memory.load(...checkAccess("load", address, width)),
      store: (address, width, value) => memory.store(...checkAccess("store", address, width), value),
    },
    invalidateCaches: (base, size) => kernel.platform.invalidateCaches(base, size),
  };
}

function outcomeServices(kernel: Kernel): Group<"log" | "mark" | "panic" | "error" | "errorOf"> {
  return {
    log: (level, text) => printk(kernel, level, text),
    mark: (text, detail = "") => mark(kernel, text, detail),
    panic: (text) => panic(kernel, text),
    error: errorNamed,
    errorOf: (thrown) => (thrown instanceof SystemError ? { name: thrown.errno, number: thrown.number, message: thrown.message } : undefined),
  };
}

function resourceServices(kernel: Kernel, plugIn: PlugInRecord): Group<"claim" | "attributes" | "requestInterrupt" | "freeInterrupt"> {
  return {
    claim: (device, start, size) => {
      const { claims } = bindingAt(plugIn, device);
      if (size < 1n) throw new SystemError("EINVAL", `claim: ${size} bytes`);
      const resource = requestRegion(kernel, start, size, device.name);
      if (resource === undefined) throw new SystemError("EBUSY", `0x${start.toString(16)}, ${size} bytes: somebody has them`);
      claims.add(resource);
      return { release: () => void (claims.delete(resource) && releaseRegion(kernel, resource)) };
    },
    attributes: (device, group, files) => {
      if (!/^[a-z][a-z0-9_]*$/.test(group)) throw new SystemError("EINVAL", `attributes: "${group}" is no name of a group (a-z, 0-9 and _)`);
      if (bindingsOf(kernel, deviceOf(kernel, device)).some(({ groups }) => groups.has(group))) throw new SystemError("EEXIST", `${device.name} has a group ${group}`);
      bindingAt(plugIn, device).groups.set(group, files);
    },
    requestInterrupt: (device, message) => requestMessage(kernel, bindingAt(plugIn, device), message),
    freeInterrupt: (device, message) => freeMessages(kernel, bindingAt(plugIn, device), message),
  };
}

function* later(delay: number, work: () => Task<void>): Task<void> {
  yield sleep(delay);
  yield* work();
}

function* onePoint(name: string): Task<void> {
  yield point(name);
}

function* oneSleep(nanoseconds: number): Task<void> {
  yield sleep(nanoseconds);
}

function* oneWait(channel: string): Task<void> {
  yield until(channel);
}

function checkTime(what: string, nanoseconds: number): void {
  if (!(nanoseconds >= 0 && nanoseconds <= Number.MAX_SAFE_INTEGER)) throw new RangeError(`${what}: ${nanoseconds} is no time; virtual nanoseconds from 0 to 2^53 are`);
}

function workServices(kernel: Kernel, plugIn: PlugInRecord, waiting: Waiting): Group<"schedule" | "scheduleAfter" | "sleep" | "point" | "delay" | "waitQueue"> {
  const start = (name: string, work: () => Task<void>): void => {
    if (typeof work !== "function") throw new TypeError(`work "${name}" is no function: give the generator function itself`);
    spawn(kernel.scheduler, name, runHook(kernel, { plugIn, hook: `work ${name}`, device: "" }, work));
  };
  return {
    schedule: start,
    scheduleAfter: (delay, name, work) => {
      checkTime("scheduleAfter", delay);
      start(name, () => later(Math.round(delay), work));
    },
    sleep: (nanoseconds) => {
      checkTime("sleep", nanoseconds);
      return waiting("sleep", () => oneSleep(Math.round(nanoseconds)));
    },
    point: (name) => waiting("point", () => onePoint(name)),
    delay: (nanoseconds) => {
      checkTime("delay", nanoseconds);
      kernel.platform.spend(Math.round(nanoseconds));
    },
    waitQueue: (): WaitQueue => {
      const channel = `driver:${plugIn.module.name}:${plugIn.nextQueue++}`;
      return { wait: () => waiting("wait", () => oneWait(channel)), wake: () => wake(kernel.scheduler, channel) };
    },
  };
}

/** Everything that a driver gets. Nothing else of the kernel reaches it. */
export function createServices(kernel: Kernel, plugIn: PlugInRecord): DriverServices {
  const waiting: Waiting = (name, body) => {
    const call = plugIn.nextCall++;
    plugIn.unstarted.set(call, name);
    return begun(plugIn, call, body);
  };
  return {
    get now() {
      return kernel.platform.clock.now;
    },
    parameters: plugIn.parameters,
    ...registerServices(kernel, plugIn), ...outcomeServices(kernel), ...resourceServices(kernel, plugIn), ...workServices(kernel, plugIn, waiting),
    link: linkServices(kernel, waiting), slot: slotServices(kernel, waiting), cxl: cxlServices(kernel, waiting),
  };
}
