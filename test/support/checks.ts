// A kernel with memory of every kind, and accesses that meet an error there.

import { KernelPanic } from "../../src/kernel/base/kernel.ts";
import type { Kernel } from "../../src/kernel/base/kernel.ts";
import { kernelHandlers, onNotify } from "../../src/kernel/boot.ts";
import type { AccessPath, CheckOutcome, ConsumedAccess } from "../../src/kernel/mce/consumption.ts";
import { consumeAccess } from "../../src/kernel/mce/machine-check.ts";
import type { AllocationRequest, PageRun } from "../../src/kernel/mm/page-types.ts";
import { allocatePages } from "../../src/kernel/mm/pages.ts";
import type { Process } from "../../src/kernel/mm/process.ts";
import { createProcess } from "../../src/kernel/mm/process.ts";
import type { KernelPolicies } from "../../src/kernel/policy.ts";
import { defaultPolicies } from "../../src/kernel/policy.ts";
import type { KernelSettings } from "../../src/kernel/settings.ts";
import { defaultSettings } from "../../src/kernel/settings.ts";
import { createSystem } from "../../src/sandbox/system.ts";
import { machineOf, modules, portOf } from "./machine.ts";

const firmware = { isolationOwner: "os", restrictions: { deviceCoherent: true, hostOnlyCoherent: true, volatile: true, persistent: false, fixed: false } } as const;

/** A kernel at power-on: memory is there, nothing was probed. */
export function freshKernel(settings: Partial<KernelSettings> = {}, policies: Partial<KernelPolicies> = {}): Kernel {
  return createSystem(modules.release, { machine: machineOf([portOf("rp0")]), firmware, policies: { ...defaultPolicies, ...policies }, settings: { ...defaultSettings, ...settings }, handlers: kernelHandlers, seed: 1, schedule: "fixed", onNotify }).kernel;
}

/** One run of pages. */
export function pagesOf(kernel: Kernel, request: Partial<AllocationRequest> & Pick<AllocationRequest, "kind">): PageRun {
  const [run] = allocatePages(kernel, { size: request.unit ?? 4096n, pid: 0, owner: "test", ...request });
  if (run === undefined) throw new Error("no pages");
  return run;
}

export const userOf = (kernel: Kernel, name = "app"): Process => createProcess(kernel, name, 1);

/** An access of a processor that meets poison. */
export function meets(path: AccessPath, address: bigint, process: Process | null, more: Partial<ConsumedAccess> = {}): ConsumedAccess {
  return { cpu: 0, path, status: "poison", address, process, name: process?.name ?? "kernel", ...more };
}

/** What became of an access: the outcome, or the message of the panic. */
export function outcomeOf(kernel: Kernel, access: ConsumedAccess): CheckOutcome | string {
  try {
    return consumeAccess(kernel, access);
  } catch (thrown) {
    if (!(thrown instanceof KernelPanic)) throw thrown;
    return kernel.panic?.message ?? "";
  }
}

/** Lines of the log from line `from` on. */
export const linesOf = (kernel: Kernel, from = 0): string[] => kernel.log.slice(from).map(({ text }) => text);
