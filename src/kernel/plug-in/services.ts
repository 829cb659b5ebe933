// The kernel as one driver sees it (DriverServices): registers, log, resources, interrupts, work and time. What waits is counted until it is waited for.

import type { DriverDevice, DriverServices, WaitQueue } from "../../platform/driver.ts";
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

function bindingAt(plugIn: PlugInRecord, device: DriverDevice): Binding {
  const found = plugIn.bindings.find((binding) => binding.device.id === device.id);
  if (found === undefined) throw new SystemError("EINVAL", `${plugIn.module.name} is not bound to ${device.name}`);
  return found;
}

type Group<K extends keyof DriverServices> = Pick<DriverServices, K>;

function registerServices(kernel: Kernel, plugIn: PlugInRecord): Group<"config" | "component" | "deviceRegisters" | "capability" | "locate" | "structure" | "map" | "memory" | "invalidateCaches"> {
  const { memory } = kernel.platform;
  return {
    config: (device) => configBus(kernel, addressOf(deviceOf(kernel, device))),
    component: (device, structure) => componentAccess(kernel, deviceOf(kernel, device), structure),
    deviceRegisters: (device, structure) => deviceAccess(kernel, deviceOf(kernel, device), structure),
    capability: (device, structure) => configAccess(kernel, deviceOf(kernel, device), structure),
    locate: (device, structure) => locate(kernel, deviceOf(kernel, device), structure),
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
    memory: { load: (address, width) => memory.load(address, width), store: (address, width, value) => memory.store(address, width, value) },
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

function resourceServices(kernel: Kernel, plugIn: PlugInRecord): Group<"claim" | "requestInterrupt" | "freeInterrupt"> {
  return {
    claim: (device, start, size) => {
      const { claims } = bindingAt(plugIn, device);
      if (size < 1n) throw new SystemError("EINVAL", `claim: ${size} bytes`);
      const resource = requestRegion(kernel, start, size, device.name);
      if (resource === undefined) throw new SystemError("EBUSY", `0x${start.toString(16)}, ${size} bytes: somebody has them`);
      claims.add(resource);
      return { release: () => void (claims.delete(resource) && releaseRegion(kernel, resource)) };
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
