// Devices, drivers and buses: registration, matching, probing, deferral, managed release. As in Linux's driver core, without its locks.

import { kernelKinds, traceText } from "../../sim/trace.ts";
import type { Task } from "../../sim/task.ts";
import { point, spawn, task } from "../../sim/task.ts";
import { tellWatchers } from "./bus-watcher.ts";
import { SystemError } from "./errno.ts";
import type { Kernel } from "./kernel.ts";
import { mark, printk } from "./kernel.ts";
import { beginProbe, deferProbe, endProbe, takeDeferred } from "./probing.ts";

/** One file of a device's directory; `name` may hold one slash ("ram/size"). Texts carry their line end. */
export interface Attribute {
  readonly name: string;
  readonly visible?: (kernel: Kernel, device: Device) => boolean;
  readonly show?: (kernel: Kernel, device: Device) => string;
  readonly store?: (kernel: Kernel, device: Device, text: string) => Task<void>;
}

export interface DeviceType {
  readonly name: string;
  readonly attributes: readonly Attribute[];
}

/** An undo step of a driver (devm): run in reverse order when the driver lets go. */
export interface ManagedAction {
  readonly name: string;
  readonly release: (kernel: Kernel, device: Device) => Task<void>;
}

export interface Device {
  readonly id: number;
  readonly name: string;
  readonly bus: string | null;
  readonly type: DeviceType;
  readonly parent: Device | null;
  readonly children: Device[];
  /** Links in its directory; made with `linkDevice`. */
  readonly links: Map<string, Device>;
  /** Devices that have a link to it. */
  readonly linkedFrom: Set<Device>;
  readonly managed: ManagedAction[];
  /** The subsystem's own record; see the subsystem's accessor for its type. */
  readonly data: object;
  driver: Driver | null;
  /** Set by a user's override; drivers named here match first. */
  driverOverride: string | null;
  isDead: boolean;
}

/** How far a function's channel is lost when its driver is told of an uncorrectable error (pci_channel_state_t). */
export type ChannelState = "normal" | "frozen" | "perm-failure";
/** What a driver says to an error and after a reset (pci_ers_result_t). */
export type ErrorVote = "none" | "can-recover" | "need-reset" | "disconnect" | "recovered" | "no-driver";

/** How a driver meets errors that its function reports (pci_error_handlers). */
export interface ErrorHandlers {
  readonly correctable: (kernel: Kernel, device: Device) => Task<void>;
  readonly detected: (kernel: Kernel, device: Device, state: ChannelState) => Task<ErrorVote>;
  readonly slotReset: (kernel: Kernel, device: Device) => Task<ErrorVote>;
  readonly resume: (kernel: Kernel, device: Device) => Task<void>;
}

export interface Driver {
  readonly name: string;
  readonly bus: string;
  readonly match: (kernel: Kernel, device: Device) => boolean;
  /** Throws SystemError; EPROBE_DEFER puts the device on the deferred list. */
  readonly probe: (kernel: Kernel, device: Device) => Task<void>;
  readonly remove: (kernel: Kernel, device: Device) => Task<void>;
  /** The device was reset under the driver, and its config space put back. */
  readonly resetDone?: (kernel: Kernel, device: Device) => void;
  readonly errors?: ErrorHandlers;
  /** Probe in a task of its own, so that devices race. */
  readonly isAsync?: boolean;
  /** Files that a device has while this driver is bound (dev_groups). */
  readonly attributes?: readonly Attribute[];
  /** Devices that it does not take go to the next driver that matches (a plug-in that stands before Linux's own driver). */
  readonly isTentative?: boolean;
  /** Has no `bind` and `unbind` files (suppress_bind_attrs). */
  readonly suppressesBind?: boolean;
}

export interface DeviceSpec {
  readonly name: string;
  readonly bus: string | null;
  readonly type: DeviceType;
  readonly parent: Device | null;
  readonly data: object;
}

/** Adds a device to its parent and bus; probing is a separate step (`attach`), so that the caller can finish links first. */
export function addDevice(kernel: Kernel, spec: DeviceSpec): Device {
  const { name, bus, type, parent, data } = spec;
  const device: Device = { id: kernel.nextDeviceId++, name, bus, type, parent, children: [], links: new Map(), linkedFrom: new Set(), managed: [], data, driver: null, driverOverride: null, isDead: false };
  kernel.devices.set(device.id, device);
  if (parent === null) kernel.topDevices.push(device);
  else parent.children.push(device);
  if (bus !== null) addToBus(kernel, bus, device);
  traceText(kernel.trace, "kernel", kernelKinds.state, "device added", devicePath(device));
  return device;
}

function addToBus(kernel: Kernel, bus: string, device: Device): void {
  busDevices(kernel, bus).push(device);
  const names = busNames(kernel, bus);
  if (!names.has(device.name)) names.set(device.name, device);
}

function removeFromBus(kernel: Kernel, bus: string, device: Device): void {
  const devices = busDevices(kernel, bus);
  remove(devices, device);
  const names = busNames(kernel, bus);
  if (names.get(device.name) !== device) return;
  // The name may have been given again before its last owner was forgotten.
  const next = devices.find((other) => other.name === device.name);
  if (next === undefined) names.delete(device.name);
  else names.set(device.name, next);
}

function busNames(kernel: Kernel, bus: string): Map<string, Device> {
  let names = kernel.busNames.get(bus);
  if (names === undefined) kernel.busNames.set(bus, (names = new Map()));
  return names;
}

export function busDevices(kernel: Kernel, bus: string): Device[] {
  let devices = kernel.buses.get(bus);
  if (devices === undefined) kernel.buses.set(bus, (devices = []));
  return devices;
}

export const findDevice = (kernel: Kernel, bus: string, name: string): Device | undefined => kernel.busNames.get(bus)?.get(name);

/** Puts a link to another device into a device's directory; it goes when either of them does. */
export function linkDevice(device: Device, name: string, target: Device): void {
  device.links.set(name, target);
  target.linkedFrom.add(device);
}

/** Path below /sys/devices. */
export function devicePath(device: Device): string {
  return device.parent === null ? device.name : `${devicePath(device.parent)}/${device.name}`;
}

/** Whether a device is another one, or somewhere below it. */
export function isAtOrBelow(device: Device, above: Device): boolean {
  for (let one: Device | null = device; one !== null; one = one.parent) if (one === above) return true;
  return false;
}

export function registerDriver(kernel: Kernel, driver: Driver): void {
  const drivers = kernel.drivers.get(driver.bus);
  if (drivers === undefined) kernel.drivers.set(driver.bus, [driver]);
  else drivers.push(driver);
}

/** Registers an undo step of the driver being probed. */
export function manage(device: Device, name: string, release: ManagedAction["release"]): void {
  device.managed.push({ name, release });
}

const releaseManaged = task("releaseManaged", function* (kernel: Kernel, device: Device): Task<void> {
  for (let action = device.managed.pop(); action !== undefined; action = device.managed.pop()) yield* action.release(kernel, device);
});

/** Errors with which a driver says that the device is not for it; no more than a debug line. */
const rejections: readonly string[] = ["ENODEV", "ENXIO"];
/** Its probe tells every result at level debug, so that a rejection needs no line of the driver core's. */
const tellingBus = "cxl";

/** The driver core's line about a probe that failed (call_driver_probe); a deferral has none. */
export function tellProbe(kernel: Kernel, device: Device, driver: string, { errno, number }: SystemError): void {
  const who = `${driver} ${device.name}`;
  if (errno === "EPROBE_DEFER") return;
  if (device.bus === tellingBus) printk(kernel, "debug", `${who}: probe: -${number}`);
  if (!rejections.includes(errno)) printk(kernel, "err", `${who}: probe with driver ${driver} failed with error -${number}`);
  else if (device.bus !== tellingBus) printk(kernel, "debug", `${who}: probe with driver ${driver} rejects match -${number}`);
}

/** Binds a driver; on failure everything it managed is released again and the error goes on. */
export const bind = task("bind", function* (kernel: Kernel, device: Device, driver: Driver): Task<void> {
  if (device.driver !== null) throw new SystemError("EBUSY", `${device.name} is bound to ${device.driver.name}`);
  if (device.isDead) throw new SystemError("ENODEV", `${device.name} is gone`);
  device.driver = driver;
  beginProbe(kernel);
  try {
    yield* driver.probe(kernel, device);
  } catch (thrown) {
    if (thrown instanceof SystemError) tellProbe(kernel, device, driver.name, thrown);
    device.driver = null;
    yield* releaseManaged(kernel, device);
    throw thrown;
  } finally {
    endProbe(kernel);
  }
  mark(kernel, `${device.name} bound`, driver.name);
  retryDeferred(kernel);
  yield* tellWatchers(kernel, device, "bound");
});

/** Whatever was deferred may find now what it waited for (driver_deferred_probe_trigger): each gets a task of its own. */
export function retryDeferred(kernel: Kernel): void {
  for (const id of takeDeferred(kernel)) {
    const device = kernel.devices.get(id);
    if (device !== undefined && device.driver === null) attachLater(kernel, device);
  }
}

/** Unbinds whatever driver the device has: remove, then managed release in reverse order. */
export const unbind = task("unbind", function* (kernel: Kernel, device: Device): Task<void> {
  const driver = device.driver;
  if (driver === null) return;
  yield* tellWatchers(kernel, device, "leaving");
  yield* driver.remove(kernel, device);
  yield* releaseManaged(kernel, device);
  device.driver = null;
  mark(kernel, `${device.name} unbound`, driver.name);
});

/** Finds the driver that matches, in order of registration, or the next one behind another (an override matches by name alone). */
export function matchDriver(kernel: Kernel, device: Device, behind?: Driver): Driver | undefined {
  const drivers = kernel.drivers.get(device.bus ?? "") ?? [];
  if (device.driverOverride !== null) return behind === undefined ? drivers.find((driver) => driver.name === device.driverOverride) : undefined;
  return drivers.slice(behind === undefined ? 0 : drivers.indexOf(behind) + 1).find((driver) => driver.match(kernel, device));
}

/** Whether a driver that was just registered has its turn at a device: no other one stands before it that would keep the device. */
function hasTurn(kernel: Kernel, device: Device, driver: Driver): boolean {
  let first = matchDriver(kernel, device);
  while (first !== undefined && first !== driver && first.isTentative === true) first = matchDriver(kernel, device, first);
  return first === driver;
}

/** Probes a device with its driver and swallows the error, as device_attach does: the device stays, unbound. Returns whether it bound. */
export const attach = task("attach", function* (kernel: Kernel, device: Device): Task<boolean> {
  const driver = matchDriver(kernel, device);
  if (driver === undefined || device.driver !== null || device.isDead) return device.driver !== null;
  yield point(`probe:${device.name}`);
  if (device.driver !== null || device.isDead) return device.driver !== null;
  for (let next: Driver | undefined = driver; next !== undefined; next = next.isTentative === true ? matchDriver(kernel, device, next) : undefined) {
    const result = yield* tryDriver(kernel, device, next);
    if (result !== "refused") return result === "bound";
  }
  return false;
});

const tryDriver = task("tryDriver", function* (kernel: Kernel, device: Device, driver: Driver): Task<"bound" | "deferred" | "refused"> {
  try {
    yield* bind(kernel, device, driver);
    return "bound";
  } catch (thrown) {
    if (!(thrown instanceof SystemError)) throw thrown;
    if (thrown.errno === "EPROBE_DEFER") {
      deferProbe(kernel, device.id);
      return "deferred";
    }
    return "refused";
  }
});

const attachQueued = task("attachQueued", function* (kernel: Kernel, device: Device): Task<void> {
  try {
    yield* attach(kernel, device);
  } finally {
    endProbe(kernel);
  }
});

/** Starts an attach in a task of its own; it counts as a probe in flight from now on. */
export function attachLater(kernel: Kernel, device: Device): number {
  beginProbe(kernel);
  return spawn(kernel.scheduler, `probe:${device.name}`, attachQueued(kernel, device));
}

/** Registers a driver and probes the devices that wait for it, in order of registration, each in a task of its own if the driver asks for that. */
export const introduceDriver = task("introduceDriver", function* (kernel: Kernel, driver: Driver): Task<void> {
  registerDriver(kernel, driver);
  for (const device of busDevices(kernel, driver.bus).slice()) {
    if (device.driver !== null || device.isDead || !hasTurn(kernel, device, driver)) continue;
    if (driver.isAsync === true) attachLater(kernel, device);
    else yield* attach(kernel, device);
  }
});

/** Takes a driver away: it lets go of its devices, the newest first, and probes no more. */
export const withdrawDriver = task("withdrawDriver", function* (kernel: Kernel, driver: Driver): Task<void> {
  remove(kernel.drivers.get(driver.bus) ?? [], driver);
  for (const device of busDevices(kernel, driver.bus).toReversed()) if (device.driver === driver) yield* unbind(kernel, device);
});

/** Removes a device and everything below it, children first, newest first. */
export const removeDevice = task("removeDevice", function* (kernel: Kernel, device: Device): Task<void> {
  if (device.isDead) return;
  device.isDead = true;
  if (device.driver === null) yield* tellWatchers(kernel, device, "leaving");
  yield* unbind(kernel, device);
  for (let child = device.children.at(-1); child !== undefined; child = device.children.at(-1)) {
    yield* removeDevice(kernel, child);
    const left = device.children.indexOf(child);
    if (left >= 0) device.children.splice(left, 1);
  }
  forget(kernel, device);
});

function forget(kernel: Kernel, device: Device): void {
  kernel.devices.delete(device.id);
  remove(device.parent === null ? kernel.topDevices : device.parent.children, device);
  if (device.bus !== null) removeFromBus(kernel, device.bus, device);
  for (const other of device.linkedFrom) {
    for (const [name, target] of other.links) if (target === device) other.links.delete(name);
  }
  for (const target of device.links.values()) target.linkedFrom.delete(device);
  traceText(kernel.trace, "kernel", kernelKinds.state, "device removed", devicePath(device));
}

function remove<T>(list: T[], item: T): void {
  const index = list.indexOf(item);
  if (index >= 0) list.splice(index, 1);
}
