// The virtual tree as nodes made on demand from the device model: /sys/devices, /sys/bus, /proc, /dev.

import type { Task } from "../../sim/task.ts";
import { task } from "../../sim/task.ts";
import type { Attribute, Device, Driver } from "../base/device.ts";
import { bind, busDevices, devicePath, findDevice, unbind } from "../base/device.ts";
import { SystemError } from "../base/errno.ts";
import type { Kernel } from "../base/kernel.ts";
import { parseWord } from "../base/parse.ts";
import { flushDetach } from "../cxl/detach.ts";
import { addDaxId, removeDaxId } from "../dax/match.ts";
import { formatResources, iomem } from "../resource/resource.ts";
import { debugNode } from "./debug.ts";
import { deviceFiles, numberedNode } from "./device-numbers.ts";
import { memoryFile } from "./dev-mem.ts";
import { systemBus, systemBuses, systemNode } from "./memory.ts";
import { loadedNode, moduleOf, modulesNode, release, systemModulesNode } from "./modules.ts";
import { mountsNode } from "./mounts.ts";
import { kernelMessages, nullNode } from "./log.ts";
import type { Entries, Node } from "./node.ts";
import { directory, file, fixed, onDemand } from "./node.ts";
import { pciBusFiles, pciFiles } from "./pci.ts";
import { powerNode } from "./power.ts";
import { memoryInformation, vmNode } from "./proc-memory.ts";
import { temporaryNode } from "./temporary.ts";
import { tracingNode } from "./tracing.ts";
import { watchdogFiles } from "./watchdog.ts";
import { storedUevent, ueventNode, ueventText } from "./uevent.ts";

const text = (read: () => string): Node => file(read);

/** Relative link from the directory `from` to `to`, both absolute; it ends with the name of what it leads to, also where that lies above (kernfs). */
export function relative(from: string, to: string): string {
  // Both begin with a slash and have none at their end: so many characters, up to a slash, are the same folders.
  const last = to.lastIndexOf("/");
  let same = 0;
  for (let at = 0; ; at++) {
    const isEnd = at === from.length;
    if ((isEnd || from[at] === "/") && to[at] === "/") same = at;
    if (isEnd || at >= last || from[at] !== to[at]) break;
  }
  let up = 0;
  for (let at = same; at < from.length; at++) if (from[at] === "/") up++;
  return "../".repeat(up) + to.slice(same + 1);
}

/** A link whose target is worked out when it is looked at: most links of a directory that is walked through never are. */
const link = (from: () => string, to: () => string): Node => ({
  kind: "link",
  get target() {
    return relative(from(), to());
  },
});

const driverPath = (driver: Driver): string => `/sys/bus/${driver.bus}/drivers/${driver.name}`;

export const sysPath = (device: Device): string => `/sys/devices/${devicePath(device)}`;

function attributeNode(kernel: Kernel, device: Device, attribute: Attribute): Node {
  const { show, store } = attribute;
  return {
    kind: "file",
    read: show === undefined ? null : () => show(kernel, device),
    write: store === undefined ? null : (value) => store(kernel, device, value),
  };
}

function visibleAttributes(kernel: Kernel, device: Device): readonly Attribute[] {
  const all = [...device.type.attributes, ...(device.driver?.attributes ?? [])];
  return all.filter((attribute) => attribute.visible === undefined || attribute.visible(kernel, device));
}

const overridableBuses = ["pci", "platform"];
/** A page, less one: what holds a name with its end. */
const longestOverride = 4095;

const storeOverride = task("driver_override.store", function* (_kernel: Kernel, device: Device, value: string): Task<void> {
  if (value.length >= longestOverride) throw new SystemError("EINVAL", `${value.length} characters`);
  const name = parseWord(value).split("\n", 1)[0] ?? "";
  device.driverOverride = name === "" ? null : name;
});

/** A device's directory. A child, a link or a plain attribute is found without making the others. */
function deviceNode(kernel: Kernel, device: Device): Node {
  return directory(() => deviceEntries(kernel, device), (name) => findInDevice(kernel, device, name) ?? deviceEntries(kernel, device).get(name));
}

const subsystemLink = (device: Device, bus: string): Node => link(() => sysPath(device), () => `/sys/bus/${bus}`);
const driverLink = (device: Device, driver: Driver): Node => link(() => sysPath(device), () => driverPath(driver));

/** A folder that a class puts between a device and those below it is no device itself. */
const isGlue = (device: Device): boolean => device.type.name === "firmware";
const poweredBuses = ["dax", "platform"];

function findInDevice(kernel: Kernel, device: Device, name: string): Node | undefined {
  const child = device.children.find((candidate) => candidate.name === name);
  if (child !== undefined) return deviceNode(kernel, child);
  const target = device.links.get(name);
  if (target !== undefined) return link(() => sysPath(device), () => sysPath(target));
  if (name === "subsystem" && device.bus !== null) return subsystemLink(device, device.bus);
  if (name === "driver" && device.driver !== null) return driverLink(device, device.driver);
  const attribute = device.type.attributes.find((candidate) => candidate.name === name);
  if (attribute === undefined || attribute.visible?.(kernel, device) === false) return undefined;
  return attributeNode(kernel, device, attribute);
}

function deviceEntries(kernel: Kernel, device: Device): Entries {
  const entries: Entries = new Map();
  const groups = new Map<string, Entries>();
  for (const attribute of visibleAttributes(kernel, device)) {
    const [group, name] = attribute.name.includes("/") ? attribute.name.split("/") : [undefined, attribute.name];
    if (name === undefined) continue;
    if (group === undefined) entries.set(name, attributeNode(kernel, device, attribute));
    else {
      const inner = groups.get(group) ?? new Map<string, Node>();
      groups.set(group, inner.set(name, attributeNode(kernel, device, attribute)));
    }
  }
  for (const [name, inner] of groups) entries.set(name, directory(() => inner));
  const path = (): string => sysPath(device);
  for (const child of device.children) entries.set(child.name, deviceNode(kernel, child));
  for (const [name, target] of device.links) entries.set(name, link(path, () => sysPath(target)));
  if (!isGlue(device)) entries.set("uevent", ueventNode(kernel, () => ueventText(kernel, device)));
  if (device.bus !== null) entries.set("subsystem", subsystemLink(device, device.bus));
  if (device.driver !== null) entries.set("driver", driverLink(device, device.driver));
  if (device.bus !== null && poweredBuses.includes(device.bus)) entries.set("power", powerNode);
  if (device.bus !== null && overridableBuses.includes(device.bus)) {
    if (device.bus === "pci") for (const [name, node] of pciFiles(kernel, device)) entries.set(name, node);
    entries.set("driver_override", { kind: "file", read: () => `${device.driverOverride ?? "(null)"}\n`, write: (value) => storeOverride(kernel, device, value) });
  }
  return entries;
}

function needDevice(kernel: Kernel, driver: Driver, name: string): Device {
  const device = findDevice(kernel, driver.bus, parseWord(name));
  if (device === undefined) throw new SystemError("ENODEV", `no ${parseWord(name)} on bus ${driver.bus}`);
  return device;
}

const storeBind = task("bind.store", function* (kernel: Kernel, driver: Driver, name: string): Task<void> {
  const device = needDevice(kernel, driver, name);
  const matches = device.driverOverride === null ? driver.match(kernel, device) : device.driverOverride === driver.name;
  if (!matches) throw new SystemError("ENODEV", `${driver.name} does not drive ${device.name}`);
  yield* bind(kernel, device, driver);
});

const storeUnbind = task("unbind.store", function* (kernel: Kernel, driver: Driver, name: string): Task<void> {
  const device = needDevice(kernel, driver, name);
  if (device.driver !== driver) throw new SystemError("ENODEV", `${device.name} is not bound to ${driver.name}`);
  yield* unbind(kernel, device);
});

const command = (write: (value: string) => Task<void>): Node => ({ kind: "file", read: null, write });

function driverEntries(kernel: Kernel, driver: Driver): Entries {
  const entries: Entries = new Map();
  if (driver.suppressesBind !== true) {
    entries.set("bind", command((value) => storeBind(kernel, driver, value)));
    entries.set("unbind", command((value) => storeUnbind(kernel, driver, value)));
  }
  if (driver.bus === "dax") {
    entries.set("new_id", command((value) => addDaxId(kernel, driver, value)));
    entries.set("remove_id", command((value) => removeDaxId(kernel, driver, value)));
  }
  const path = (): string => driverPath(driver);
  entries.set("uevent", storedUevent(kernel));
  const module = moduleOf(driver.name);
  if (module !== undefined) entries.set("module", link(path, () => `/sys/module/${module}`));
  for (const device of busDevices(kernel, driver.bus)) {
    if (device.driver === driver) entries.set(device.name, link(path, () => sysPath(device)));
  }
  return entries;
}

const flush = task("flush.store", function* (kernel: Kernel, value: string): Task<void> {
  if (parseWord(value) !== "1") throw new SystemError("EINVAL", "flush takes 1");
  yield* flushDetach(kernel);
});

function busNode(kernel: Kernel, bus: string): Node {
  const linkTo = (device: Device): Node => link(() => `/sys/bus/${bus}/devices`, () => sysPath(device));
  const findLink = (name: string): Node | undefined => {
    const device = findDevice(kernel, bus, name);
    return device === undefined ? undefined : linkTo(device);
  };
  const driverNode = (driver: Driver): Node => directory(() => driverEntries(kernel, driver));
  const findDriver = (name: string): Node | undefined => {
    const driver = kernel.drivers.get(bus)?.findLast((one) => one.name === name);
    return driver === undefined ? undefined : driverNode(driver);
  };
  const devices = directory(() => new Map(busDevices(kernel, bus).map((device) => [device.name, linkTo(device)])), findLink);
  const drivers = directory(() => new Map((kernel.drivers.get(bus) ?? []).map((driver) => [driver.name, driverNode(driver)])), findDriver);
  const all = (): Entries => {
    const entries: Entries = new Map([["devices", devices], ["drivers", drivers], ["uevent", storedUevent(kernel)]]);
    if (bus === "pci") for (const [name, node] of pciBusFiles(kernel)) entries.set(name, node);
    if (bus === "cxl") entries.set("flush", command((value) => flush(kernel, value)));
    return entries;
  };
  return directory(all, (name) => (name === "devices" ? devices : name === "drivers" ? drivers : all().get(name)));
}

/** /sys/bus. */
function busesNode(kernel: Kernel): Node {
  const isOwn = (name: string): boolean => kernel.buses.has(name) || kernel.drivers.has(name);
  return directory(
    () => new Map([...[...new Set([...kernel.buses.keys(), ...kernel.drivers.keys()])].map((bus) => [bus, busNode(kernel, bus)] as const), ...systemBuses(kernel)]),
    (name) => systemBus(kernel, name) ?? (isOwn(name) ? busNode(kernel, name) : undefined),
  );
}

/** /sys/class: uploads of firmware. */
const classNode = (kernel: Kernel): Node => fixed({
  firmware: directory(() => new Map(busDevices(kernel, "cxl").flatMap((memdev) => {
    const upload = memdev.children.find(isGlue)?.children[0];
    return upload === undefined ? [] : [[upload.name, link(() => "/sys/class/firmware", () => sysPath(upload))] as const];
  }))),
});

function topDevice(kernel: Kernel, name: string): Node | undefined {
  const device = kernel.topDevices.find((one) => one.name === name);
  return device === undefined ? undefined : deviceNode(kernel, device);
}

/** /sys. */
function sysNode(kernel: Kernel): Node {
  const devices = (): Node => directory(
    () => new Map([["system", systemNode(kernel)] as const, ...kernel.topDevices.map((device) => [device.name, deviceNode(kernel, device)] as const)]),
    (name) => (name === "system" ? systemNode(kernel) : topDevice(kernel, name)),
  );
  const characters = (): Node => numberedNode(kernel, (device) => link(() => "/sys/dev/char", () => sysPath(device)));
  return onDemand({
    bus: () => busesNode(kernel), class: () => classNode(kernel), dev: () => onDemand({ char: characters }), devices, module: () => systemModulesNode(kernel),
    kernel: () => onDemand({ debug: () => debugNode(kernel), tracing: () => tracingNode(kernel) }),
  });
}

/** /proc. */
const procNode = (kernel: Kernel): Node => fixed({
  mounts: mountsNode, modules: loadedNode(kernel), meminfo: file(() => memoryInformation(kernel)), sys: fixed({ vm: vmNode(kernel), kernel: fixed({ osrelease: text(() => `${release(kernel)}\n`), ...watchdogFiles(kernel) }) }),
  iomem: { ...file(() => formatResources(iomem(kernel))), readAsOther: () => formatResources(iomem(kernel), false) },
});

/** The root directory. */
export const rootNode = (kernel: Kernel): Node => onDemand({
  sys: () => sysNode(kernel),
  lib: () => fixed({ modules: modulesNode(kernel) }),
  proc: () => procNode(kernel),
  dev: () => directory(() => deviceFiles(kernel, { kmsg: file(() => kernelMessages(kernel)), mem: memoryFile(kernel), null: nullNode(kernel) })),
  tmp: () => temporaryNode(kernel),
});
