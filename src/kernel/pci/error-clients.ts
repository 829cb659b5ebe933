// Who beside drivers deals with errors of functions: plug-ins that answer in a driver's place, and whoever takes CXL's internal errors before all others.

import type { ErrorAnswer, ErrorSeverity } from "../../platform/driver.ts";
import type { Task } from "../../sim/task.ts";
import { task } from "../../sim/task.ts";
import type { Device } from "../base/device.ts";
import type { Kernel } from "../base/kernel.ts";
import { defineState } from "../base/kernel.ts";

/** What everybody who answers for a function says to its error. */
export type ErrorClient = (kernel: Kernel, device: Device, severity: ErrorSeverity, status: number) => Task<readonly ErrorAnswer[]>;
/** Deals with internal errors of CXL functions. Returns whether nothing is left to do. */
export type InternalErrorClient = (kernel: Kernel, device: Device, severity: ErrorSeverity) => Task<boolean>;

const clients = defineState("pci.errorClients", () => ({ watched: new Set<Device>(), client: null as ErrorClient | null, internal: null as InternalErrorClient | null }));

/** `client` answers for a function from now on, in its driver's place. */
export function watchErrors(kernel: Kernel, device: Device, client: ErrorClient): void {
  clients(kernel).client = client;
  clients(kernel).watched.add(device);
}

export const unwatchErrors = (kernel: Kernel, device: Device): void => void clients(kernel).watched.delete(device);
export const isWatched = (kernel: Kernel, device: Device): boolean => clients(kernel).watched.has(device);

export function takeInternalErrors(kernel: Kernel, client: InternalErrorClient): void {
  clients(kernel).internal = client;
}

export const internalErrorClient = (kernel: Kernel): InternalErrorClient | null => clients(kernel).internal;

/** Asks those who answer for a function. */
export const askClients = task("pci.askClients", function* (kernel: Kernel, device: Device, severity: ErrorSeverity, status: number): Task<readonly ErrorAnswer[]> {
  const { client } = clients(kernel);
  return client === null ? [] : yield* client(kernel, device, severity, status);
});
