// Which processor a thread runs on, and which share a core: threads take cores one by one, siblings last (INFERRED: what a scheduler does with idle cores).

import type { Kernel } from "./kernel.ts";

/** Logical processors 0 .. cpus - 1; those of one core are `cores` apart, as Linux numbers them on x86. */
export function coresOf(kernel: Kernel): number {
  const { cpus, threadsPerCore } = kernel.settings;
  return Math.max(1, (cpus - (cpus % threadsPerCore)) / threadsPerCore);
}

/** Processor of a requester: its number, round and round. */
export const processorOf = (kernel: Kernel, requester: number): number => requester % kernel.settings.cpus;

/** Core, and with it machine-check banks, of a processor. */
export const coreOf = (kernel: Kernel, cpu: number): number => cpu % coresOf(kernel);
