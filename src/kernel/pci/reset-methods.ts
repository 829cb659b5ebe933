// Ways to reset one function by request, in the order in which they are tried (sysfs-bus-pci: reset_method, reset; pci_reset_fn_methods). No function here has a
// reset of its own kind, one of ACPI's, one of the Advanced Features capability, or power management: those are names that no function supports.

import { endpointHeader } from "../../../registers/pci.ts";
import type { Task } from "../../sim/task.ts";
import { sleep, task } from "../../sim/task.ts";
import type { Device } from "../base/device.ts";
import { SystemError } from "../base/errno.ts";
import type { Kernel } from "../base/kernel.ts";
import { printk } from "../base/kernel.ts";
import type { PciFunction, ResetMethod } from "./device.ts";
import { addressOf, findCapability, functionsOnBus, nameInLog, pciFunctionOf, portAbove } from "./device.ts";
import { capabilityIds, endpointPcieOf, headerOf } from "./registers.ts";
import { busResetMask, resetBus, resetCxlBus, restoreSaved, saveFunction } from "./reset.ts";

const millisecond = 1_000_000;
/** Time that a function has for its reset before it is looked at (PCIe 6.6.2). */
const functionResetTime = 100 * millisecond;
/** In milliseconds: from when on waiting is told of, and its limit (PCI_RESET_WAIT, PCIE_RESET_READY_POLL_MS). */
const patience = 1000;
const longestWait = 60_000;
/** Names in a list, at most. */
const mostMethods = 7;
/** All bits of the command register: nobody answers. */
const noAnswer = (1n << BigInt(endpointHeader.registers.command.width)) - 1n;

/** Waits for a function to answer, ever more seldom (pci_dev_wait). @throws SystemError ENOTTY it does not, or is known to be gone */
const awaitFunction = task("pci.awaitFunction", function* (kernel: Kernel, device: Device, what: string): Task<void> {
  let delay = 1;
  for (; ; delay *= 2) {
    if (pciFunctionOf(device).isDisconnected) throw new SystemError("ENOTTY", `${device.name} is gone`);
    if (headerOf(kernel, addressOf(device)).command.readRaw() !== noAnswer) break;
    if (delay > longestWait) {
      printk(kernel, "warn", `${nameInLog(device)}: not ready ${delay - 1}ms after ${what}; giving up`);
      throw new SystemError("ENOTTY", `${device.name} does not answer`);
    }
    if (delay > patience) printk(kernel, "info", `${nameInLog(device)}: not ready ${delay - 1}ms after ${what}; waiting`);
    yield sleep(delay * millisecond);
  }
  if (delay > patience) printk(kernel, "info", `${nameInLog(device)}: ready ${delay - 1}ms after ${what}`);
});

/** Function level reset (PCIe 6.6.2): what belongs to CXL.mem and the link stays. */
const resetByFunction = task("pci.resetByFunction", function* (kernel: Kernel, device: Device): Task<void> {
  const at = findCapability(kernel, device, capabilityIds.pcie);
  if (at !== undefined) endpointPcieOf(kernel, addressOf(device), at).deviceControl.modify({ initiateFunctionReset: 1 });
  yield sleep(functionResetTime);
  yield* awaitFunction(kernel, device, "FLR");
});

function hasFunctionReset(kernel: Kernel, device: Device): boolean {
  const at = findCapability(kernel, device, capabilityIds.pcie);
  return at !== undefined && endpointPcieOf(kernel, addressOf(device), at).deviceCapabilities.get("functionLevelReset") === 1;
}

/** Not below a port that masks the reset, as seen with the real kernel. */
function hasBusReset(kernel: Kernel, device: Device): boolean {
  const port = portAbove(device);
  if (port === undefined) return false;
  return busResetMask(kernel, port)?.get("unmaskSecondaryBusReset") !== 0 && pciFunctionOf(device).bridge === null && functionsOnBus(port).length === 1;
}

function hasCxlBusReset(kernel: Kernel, device: Device): boolean {
  const port = portAbove(device);
  return port !== undefined && busResetMask(kernel, port) !== undefined;
}

interface Way {
  readonly isSupported: (kernel: Kernel, device: Device) => boolean;
  /** @throws SystemError ENOTTY the next way is tried; another error ends it */
  readonly reset: (kernel: Kernel, device: Device) => Task<void>;
}

const ways: Readonly<Record<ResetMethod, Way>> = {
  flr: { isSupported: hasFunctionReset, reset: resetByFunction },
  bus: { isSupported: hasBusReset, reset: resetBus },
  cxl_bus: { isSupported: hasCxlBusReset, reset: resetCxlBus },
};
const known = Object.keys(ways) as readonly ResetMethod[];
/** Those that some function has, and that none has here. */
const strangers: readonly string[] = ["device_specific", "acpi", "af_flr", "pm"];

/** Whether a function has the files: it is below a port, and there are ways then. */
export const canReset = (device: Device): boolean => portAbove(device) !== undefined;

/** Ways of a function, in the order in which they are tried; empty: somebody has disabled them all. */
function methodsOf(kernel: Kernel, device: Device): readonly ResetMethod[] {
  const record: PciFunction = pciFunctionOf(device);
  record.resetMethods ??= known.filter((name) => ways[name].isSupported(kernel, device));
  return record.resetMethods;
}

/** Text of `reset_method`. */
export function resetMethodText(kernel: Kernel, device: Device): string {
  const methods = methodsOf(kernel, device);
  return methods.length === 0 ? "" : `${methods.join(" ")}\n`;
}

function parseMethods(kernel: Kernel, device: Device, text: string): readonly ResetMethod[] {
  const refuse = (complaint: string): never => {
    printk(kernel, "err", `${nameInLog(device)}: ${complaint}`);
    throw new SystemError("EINVAL", complaint);
  };
  const methods: ResetMethod[] = [];
  for (const word of text.split(" ")) {
    const name = word.trim();
    if (name === "") continue;
    const method = known.find((one) => one === name);
    if (method === undefined && !strangers.includes(name)) return refuse(`Invalid reset method '${name}'`);
    if (method === undefined || !ways[method].isSupported(kernel, device)) return refuse(`Unsupported reset method '${name}'`);
    if (methods.length === mostMethods) return refuse("Too many reset methods");
    methods.push(method);
  }
  return methods;
}

/** Store of `reset_method`: names with blanks between them, `default`, or nothing. @throws SystemError EINVAL a name that is none, or is not the function's */
export function setResetMethods(kernel: Kernel, device: Device, text: string): void {
  const record = pciFunctionOf(device);
  const asked = text.endsWith("\n") ? text.slice(0, -1) : text;
  if (asked === "default") {
    record.resetMethods = null;
    return;
  }
  const methods = asked === "" ? [] : parseMethods(kernel, device, asked);
  if (asked === "") printk(kernel, "warn", `${nameInLog(device)}: All device reset methods disabled by user`);
  record.resetMethods = methods;
}

const tryWays = task("pci.tryWays", function* (kernel: Kernel, device: Device): Task<void> {
  for (const name of methodsOf(kernel, device)) {
    try {
      return yield* ways[name].reset(kernel, device);
    } catch (thrown) {
      if (!(thrown instanceof SystemError) || thrown.errno !== "ENOTTY") throw thrown;
    }
  }
  throw new SystemError("ENOTTY", `no way to reset ${device.name} works`);
});

/** Store of 1 to `reset` (pci_reset_function): what is lost is put back and the driver is told, whatever came of it. @throws SystemError ENOTTY no way works */
export const resetByRequest = task("pci.resetByRequest", function* (kernel: Kernel, device: Device): Task<void> {
  if (methodsOf(kernel, device).length === 0) throw new SystemError("ENOTTY", `every way to reset ${device.name} is disabled`);
  // No driver here prepares for a reset; those that do not hear of its end either are told of in the log.
  if (device.driver !== null) printk(kernel, "warn", `${nameInLog(device)}: resetting`);
  const command = saveFunction(kernel, device);
  headerOf(kernel, addressOf(device)).command.write({ interruptDisable: 1 });
  try {
    yield* tryWays(kernel, device);
  } finally {
    yield* restoreSaved(kernel, device, command);
    if (device.driver !== null && device.driver.resetDone === undefined && device.driver.isTentative !== true) printk(kernel, "warn", `${nameInLog(device)}: reset done`);
  }
});
