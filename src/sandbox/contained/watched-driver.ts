// A driver with somebody looking over its shoulder: every hook says that it is entered, every service and register access is counted. The driver and the kernel see no difference.

import type { DeviceHooks, DriverDevice, DriverInstance, DriverModule, DriverServices, MaybeTask } from "../../platform/driver.ts";
import { checkHooks, checkInstance } from "../../platform/driver-check.ts";
import type { Task } from "../../sim/task.ts";
import type { DriverPlace, DriverWatch } from "./watch.ts";

/** Services whose result carries register accesses. */
const giveAccess: readonly PropertyKey[] = ["config", "component", "deviceRegisters", "capability", "locate", "map"];
/** Services that stand in groups. */
const groups: readonly PropertyKey[] = ["memory", "link", "slot", "cxl"];

type Method = (...values: unknown[]) => unknown;
const isMethod = (value: unknown): value is Method => typeof value === "function";
const isObject = (value: unknown): value is object => typeof value === "object" && value !== null;
const isTask = (value: unknown): value is Task<unknown> => isObject(value) && isMethod((value as { readonly next?: unknown }).next) && isMethod((value as { readonly throw?: unknown }).throw);

/** A task of the driver: each time that it goes on it is inside the place again. */
function* watchedTask<T>(watch: DriverWatch, place: DriverPlace, inner: Task<T>): Task<T> {
  for (;;) {
    const { done, value } = watch.inside(place, () => inner.next());
    if (done === true) return value;
    yield value;
  }
}

function watchedCall<T>(watch: DriverWatch, place: DriverPlace, call: () => MaybeTask<T>): MaybeTask<T> {
  const result = watch.inside(place, call);
  return isTask(result) ? (watchedTask(watch, place, result) as Task<T>) : result;
}

/** Everything reached through the object is counted, and what it gives as well. */
function watchedAccess(watch: DriverWatch, target: object): object {
  const made = new Map<PropertyKey, unknown>();
  return new Proxy(target, {
    get: (_, key) => {
      const value: unknown = Reflect.get(target, key, target);
      if (!isMethod(value) && !isObject(value)) return value;
      if (!made.has(key)) made.set(key, isMethod(value) ? accessMethod(watch, target, value) : watchedAccess(watch, value));
      return made.get(key);
    },
  });
}

function accessMethod(watch: DriverWatch, target: object, method: Method): Method {
  return (...values) => {
    watch.count();
    const result = method.apply(target, values);
    // Values of fields are plain objects; what has methods of its own is a further register.
    return isObject(result) && Object.getPrototypeOf(result) !== Object.prototype ? watchedAccess(watch, result) : result;
  };
}

function serviceMethod(watch: DriverWatch, driver: string, target: object, key: PropertyKey, method: Method): Method {
  const watchedWork = (values: unknown[]): unknown[] => {
    const work: unknown = values.at(-1);
    if (!isMethod(work)) return values;
    return [...values.slice(0, -1), () => watchedCall(watch, { driver, hook: `work ${String(values.at(-2))}`, device: null }, work)];
  };
  return (...values) => {
    watch.count();
    if (key === "log") watch.logged(String(values[1]));
    const result = method.apply(target, key === "schedule" || key === "scheduleAfter" ? watchedWork(values) : values);
    return giveAccess.includes(key) && isObject(result) ? watchedAccess(watch, result) : result;
  };
}

function watchedServices<T extends object>(watch: DriverWatch, driver: string, services: T): T {
  const made = new Map<PropertyKey, unknown>();
  return new Proxy(services, {
    get: (_, key) => {
      const value: unknown = Reflect.get(services, key, services);
      const isGroup = groups.includes(key) && isObject(value);
      if (!isMethod(value) && !isGroup) {
        watch.count();
        return value;
      }
      if (!made.has(key)) made.set(key, isMethod(value) ? serviceMethod(watch, driver, services, key, value) : watchedServices(watch, driver, value as object));
      return made.get(key);
    },
  });
}

const hookNames = ["interrupt", "isolation", "error", "resetDone", "event", "remove"] as const satisfies readonly (keyof DeviceHooks)[];

function watchedHooks(watch: DriverWatch, driver: string, device: string, hooks: DeviceHooks): DeviceHooks {
  const watched: Partial<Record<(typeof hookNames)[number], Method>> = {};
  for (const hook of hookNames) {
    const method: unknown = hooks[hook];
    if (isMethod(method)) watched[hook] = (...values) => watchedCall(watch, { driver, hook, device }, () => method.apply(hooks, values));
  }
  return watched as DeviceHooks;
}

function watchedInstance(watch: DriverWatch, driver: string, instance: DriverInstance): DriverInstance {
  const wrap = (device: DriverDevice, hooks: DeviceHooks | null): DeviceHooks | null => {
    const checked = checkHooks(hooks);
    return checked === null ? null : watchedHooks(watch, driver, device.name, checked);
  };
  const wrapLater = function* (device: DriverDevice, task: Task<DeviceHooks | null>): Task<DeviceHooks | null> {
    return wrap(device, yield* task);
  };
  return {
    probe: (device) => {
      const result = watchedCall(watch, { driver, hook: "probe", device: device.name }, () => instance.probe(device));
      return isTask(result) ? wrapLater(device, result as Task<DeviceHooks | null>) : wrap(device, result);
    },
  };
}

/** The same driver, watched. */
export function watchedDriver(module: DriverModule, watch: DriverWatch): DriverModule {
  const { name, match, takesFunction } = module;
  return {
    name, match,
    ...(takesFunction === undefined ? {} : { takesFunction }),
    start: (kernel: DriverServices) => watchedInstance(watch, name, watch.inside({ driver: name, hook: "start", device: null }, () => checkInstance(module.start(watchedServices(watch, name, kernel))))),
  };
}
