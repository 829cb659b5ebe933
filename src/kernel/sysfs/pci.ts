// Files of PCI functions, and control files of their bus: remove, rescan, reset (sysfs-bus-pci).

import type { Task } from "../../sim/task.ts";
import { task } from "../../sim/task.ts";
import type { Device } from "../base/device.ts";
import { busDevices, isAtOrBelow } from "../base/device.ts";
import { SystemError } from "../base/errno.ts";
import type { Kernel } from "../base/kernel.ts";
import { parseUnsigned } from "../base/parse.ts";
import { vacate } from "../isolation/managed-removal.ts";
import { counterText, rootCounterText } from "../pci/aer-report.ts";
import { isPciDevice, isRootPort, pciBus, pciFunctionOf, portTypes } from "../pci/device.ts";
import { isLinkUp } from "../pci/link.ts";
import { callHook, runHook } from "../plug-in/failure.ts";
import { bindingsOf } from "../plug-in/state.ts";
import { canReset, resetByRequest, resetMethodText, setResetMethods } from "../pci/reset-methods.ts";
import { devicesBelow, removeOne, rescan } from "../pci/rescan.ts";
import type { Node } from "./node.ts";
import { file, fixed } from "./node.ts";
import { functionFiles } from "./pci-attributes.ts";
import { slotsNode } from "./pci-slots.ts";

/** The number of a store. @throws SystemError EINVAL no number, or too large a one */
function numberOf(text: string): bigint {
  try {
    return parseUnsigned(text);
  } catch (thrown) {
    if (!(thrown instanceof SystemError)) throw thrown;
    throw new SystemError("EINVAL", thrown.message);
  }
}

const isAsked = (text: string): boolean => numberOf(text) !== 0n;

const storeRemove = task("remove.store", function* (kernel: Kernel, device: Device, text: string): Task<void> {
  if (!isAsked(text)) return;
  if (kernel.policy.isRemovalVetoed) yield* vacate(kernel, device);
  yield* removeOne(kernel, device);
});

const ports: readonly number[] = [portTypes.rootPort, portTypes.downstreamPort];

/** A port of whose slot nothing is known, and whose link is up. */
const isUnseen = (kernel: Kernel, device: Device): boolean => isPciDevice(device) && ports.includes(pciFunctionOf(device).portType) && devicesBelow(device).length === 0 && isLinkUp(kernel, device);

const storeRescan = task("rescan.store", function* (kernel: Kernel, above: Device | null, text: string): Task<void> {
  if (!isAsked(text)) return;
  for (const port of busDevices(kernel, pciBus).filter((device) => (above === null || isAtOrBelow(device, above)) && isUnseen(kernel, device))) yield* rescan(kernel, port);
});

const storeReset = task("reset.store", function* (kernel: Kernel, device: Device, text: string): Task<void> {
  if (numberOf(text) !== 1n) throw new SystemError("EINVAL", "reset takes 1");
  yield* resetByRequest(kernel, device);
});

const storeResetMethod = task("reset_method.store", function* (kernel: Kernel, device: Device, text: string): Task<void> {
  setResetMethods(kernel, device, text);
});

/** Folders of files that drivers put there. */
function driverGroups(kernel: Kernel, device: Device): (readonly [string, Node])[] {
  return bindingsOf(kernel, device).flatMap(({ plugIn, groups }) => [...groups].map(([group, files]): readonly [string, Node] => [group, fixed(Object.fromEntries(Object.entries(files).map(([name, attribute]) => {
    const place = (hook: string) => ({ plugIn, hook: `${hook} ${group}/${name}`, device: device.name });
    const { show, store } = attribute;
    return [name, file(show === undefined ? null : () => callHook(kernel, place("show"), () => show.call(attribute)), store === undefined ? null : (text) => runHook(kernel, place("store"), () => store.call(attribute, text)))];
  })))]));
}

const command = (write: (text: string) => Task<void>): Node => file(null, write);

const kinds = [["correctable", "cor"], ["fatal", "fatal"], ["nonfatal", "nonfatal"]] as const;

/** Counters of AER: of errors that a function reported, and of a root port's messages (sysfs-bus-pci-devices-aer). */
function errorFiles(kernel: Kernel, device: Device): (readonly [string, Node])[] {
  if (pciFunctionOf(device).portType < 0) return [];
  const own = kinds.map(([kind]): readonly [string, Node] => [`aer_dev_${kind}`, file(() => counterText(kernel, device, kind))]);
  return isRootPort(device) ? [...own, ...kinds.map(([kind, short]): readonly [string, Node] => [`aer_rootport_total_err_${short}`, file(() => rootCounterText(kernel, device, kind))])] : own;
}

export function pciFiles(kernel: Kernel, device: Device): readonly (readonly [string, Node])[] {
  const files: (readonly [string, Node])[] = [...functionFiles(kernel, device), ["remove", command((text) => storeRemove(kernel, device, text))], ["rescan", command((text) => storeRescan(kernel, device, text))]];
  files.push(...errorFiles(kernel, device));
  if (canReset(device)) files.push(["reset", command((text) => storeReset(kernel, device, text))], ["reset_method", file(() => resetMethodText(kernel, device), (text) => storeResetMethod(kernel, device, text))]);
  return [...files, ...driverGroups(kernel, device)];
}

export const pciBusFiles = (kernel: Kernel): readonly (readonly [string, Node])[] => [["rescan", command((text) => storeRescan(kernel, null, text))], ["slots", slotsNode(kernel)]];
