// Steps of the kernel that Linux can see fail, by name, and faults that make them fail (seeds S12). A step that cannot fail in Linux is no step.

import type { Errno } from "./errno.ts";
import { SystemError } from "./errno.ts";
import type { Kernel } from "./kernel.ts";
import { defineState, mark } from "./kernel.ts";

export interface Step {
  readonly meaning: string;
  /** What the step fails with when the fault names nothing else. */
  readonly errno: Errno;
}

/** Every step, in the order in which a boot and then a user meet them. */
export const steps = {
  "acpi.rootPort": { meaning: "cxl_acpi adds the root port", errno: "ENOMEM" },
  "acpi.dport": { meaning: "a host bridge becomes a downstream port of the root", errno: "ENOMEM" },
  "acpi.window": { meaning: "a window becomes a root decoder; the others go on", errno: "ENOMEM" },
  "acpi.bridgePort": { meaning: "a host bridge gets its CXL port", errno: "ENOMEM" },
  "acpi.nvdimmBridge": { meaning: "the root gets its way to libnvdimm", errno: "ENOMEM" },
  "pci.enable": { meaning: "cxl_pci enables the function", errno: "ENODEV" },
  "pci.registers": { meaning: "the device registers are mapped", errno: "ENODEV" },
  "pci.components": { meaning: "the component registers are mapped; only a warning", errno: "ENODEV" },
  "pci.media": { meaning: "the media becomes ready; a memdev without an endpoint otherwise", errno: "EIO" },
  "pci.vectors": { meaning: "interrupt vectors are allocated; events are not read otherwise", errno: "ENOSPC" },
  "pci.mailbox": { meaning: "the mailbox becomes ready", errno: "ETIMEDOUT" },
  "pci.commands": { meaning: "the command effects log is read", errno: "EIO" },
  "pci.timestamp": { meaning: "the device's clock is set", errno: "ENXIO" },
  "pci.identify": { meaning: "the device is asked for its identity", errno: "ENXIO" },
  "pci.memdev": { meaning: "the memdev is registered", errno: "ENOMEM" },
  "pci.upload": { meaning: "firmware upload is set up", errno: "ENOMEM" },
  "pci.events": { meaning: "the event logs are taken over", errno: "EBUSY" },
  "mem.ports": { meaning: "cxl_mem walks the ports above the memdev", errno: "ENXIO" },
  "mem.dport": { meaning: "a root or downstream port becomes a dport of its CXL port", errno: "ENXIO" },
  "mem.switchPort": { meaning: "a switch gets its CXL port", errno: "ENOMEM" },
  "mem.endpoint": { meaning: "the endpoint port is added", errno: "ENOMEM" },
  "port.hdm": { meaning: "a port's or endpoint's HDM decoder capability is set up", errno: "ENXIO" },
  "port.decoder": { meaning: "one decoder of a port or endpoint is read and added", errno: "ENXIO" },
  "port.dpa": { meaning: "device memory is reserved for a decoder that firmware committed", errno: "EBUSY" },
  "region.window": { meaning: "the window of a committed decoder's range is found", errno: "ENXIO" },
  "region.construct": { meaning: "the region of a range is made", errno: "ENOMEM" },
  "region.insert": { meaning: "its addresses go into /proc/iomem; only a warning", errno: "EBUSY" },
  "region.attach.A1": { meaning: "the endpoint can do ways and granularity", errno: "ENXIO" },
  "region.attach.A2": { meaning: "the decoder has a partition", errno: "ENODEV" },
  "region.attach.A3": { meaning: "the partition is of the region's mode", errno: "EINVAL" },
  "region.attach.A4": { meaning: "the region is not active yet", errno: "EBUSY" },
  "region.attach.A5": { meaning: "the region has its interleave and addresses", errno: "ENXIO" },
  "region.attach.A6": { meaning: "the region has room for one more", errno: "EINVAL" },
  "region.attach.A7": { meaning: "the endpoint's host bridge is a dport of the root", errno: "ENXIO" },
  "region.attach.A8": { meaning: "the decoder is of the region's type", errno: "ENXIO" },
  "region.attach.A9": { meaning: "the decoder holds device memory", errno: "ENXIO" },
  "region.attach.A10": { meaning: "its size times the ways is the region's", errno: "EINVAL" },
  "region.attach.A11": { meaning: "the decoder was programmed by firmware", errno: "EINVAL" },
  "region.attach.A12": { meaning: "a slot of the region is free", errno: "ENXIO" },
  "region.attach.A14": { meaning: "a member's position is found by the decoders above it", errno: "ENXIO" },
  "region.attach.A16": { meaning: "the window leads to the member's host bridge at its position", errno: "ENXIO" },
  "region.attach.A17": { meaning: "a port on the way has a decoder for the region", errno: "EBUSY" },
  "region.attach.A18": { meaning: "a port's decoder has the ways, granularity and range asked for", errno: "ENXIO" },
  "region.attach.A19": { meaning: "a port's targets are in the order of the members", errno: "ENXIO" },
  "region.probe": { meaning: "cxl_region takes a committed region", errno: "ENXIO" },
  "region.daxRegion": { meaning: "the region gets its dax_region device", errno: "ENOMEM" },
  "hmem.register": { meaning: "a Soft Reserved range becomes an hmem device", errno: "ENOMEM" },
  "dax.region": { meaning: "a dax region takes its range", errno: "ENOMEM" },
  "dax.device": { meaning: "a dax device is made", errno: "ENOMEM" },
  "dax.bind": { meaning: "device_dax reserves a range of its device", errno: "EBUSY" },
  "kmem.reserve": { meaning: "kmem reserves a range of its device", errno: "EBUSY" },
  "kmem.add": { meaning: "the memory of a range is added", errno: "ENOMEM" },
  "memory.online": { meaning: "nobody that is told objects to a memory block going online", errno: "ENOMEM" },
  "memory.offline": { meaning: "nobody that is told objects to a memory block going offline", errno: "EBUSY" },
  "region.create": { meaning: "a user makes a region", errno: "ENOMEM" },
  "region.size": { meaning: "addresses are found for its size", errno: "ERANGE" },
  "dpa.alloc": { meaning: "device memory is allocated to a decoder", errno: "ENOSPC" },
  "region.caches": { meaning: "CPU caches are made to agree before a commit", errno: "ENXIO" },
  "decoder.commit": { meaning: "a decoder is committed", errno: "EIO" },
} as const satisfies Readonly<Record<string, Step>>;

export type StepName = keyof typeof steps;
export const stepNames = Object.keys(steps) as readonly StepName[];

/** One armed fault. */
export interface StepFault {
  readonly step: StepName;
  /** Only where this is one of the step's names; null: wherever the step is met. */
  readonly of: string | null;
  readonly errno: Errno;
  /** Virtual time before which it does nothing. */
  readonly notBefore: number;
  /** Times that the step is met and goes well first. */
  skip: number;
  /** Times that it fails from then on. */
  left: number;
  fired: number;
  /** Virtual time of the first and of the last; null: not yet. */
  firstAt: number | null;
  lastAt: number | null;
}

const armed = defineState("base.steps", (): { readonly faults: StepFault[] } => ({ faults: [] }));

export type StepFaultSpec = Pick<StepFault, "step"> & Partial<Pick<StepFault, "of" | "errno" | "notBefore">> & { readonly nth?: number; readonly count?: number };

/** Arms a fault: the `nth` (1) time that the step is met, and `count` (1) times in all. Returns its record, which keeps the evidence. */
export function armStep(kernel: Kernel, spec: StepFaultSpec): StepFault {
  const fault: StepFault = {
    step: spec.step, of: spec.of ?? null, errno: spec.errno ?? steps[spec.step].errno, notBefore: spec.notBefore ?? 0,
    skip: (spec.nth ?? 1) - 1, left: spec.count ?? 1, fired: 0, firstAt: null, lastAt: null,
  };
  armed(kernel).faults.push(fault);
  return fault;
}

function takes(kernel: Kernel, fault: StepFault, step: StepName, names: readonly string[]): boolean {
  if (fault.step !== step || fault.left === 0 || kernel.platform.clock.now < fault.notBefore) return false;
  if (fault.of !== null && !names.includes(fault.of)) return false;
  if (fault.skip === 0) return true;
  fault.skip--;
  return false;
}

/**
 * What a step is to fail with here, or undefined. `names`: what it is done to, as the kernel names it (memdev, decoder, region, port, dax device),
 * and the PCI function below, whose name is no race. Every fault that waits for the step counts it; the first one armed decides.
 */
export function stepFault(kernel: Kernel, step: StepName, ...names: readonly string[]): Errno | undefined {
  kernel.trace.onStep?.(step, names);
  const { faults } = armed(kernel);
  if (faults.length === 0) return undefined;
  const fault = faults.filter((one) => takes(kernel, one, step, names))[0];
  if (fault === undefined) return undefined;
  fault.left--;
  fault.fired++;
  fault.lastAt = kernel.platform.clock.now;
  fault.firstAt ??= fault.lastAt;
  mark(kernel, `step ${step} fails`, `${names[0] ?? ""}: ${fault.errno}`);
  return fault.errno;
}

/** Asks whether a step is to fail here. @throws SystemError with the armed errno */
export function failStep(kernel: Kernel, step: StepName, ...names: readonly string[]): void {
  const errno = stepFault(kernel, step, ...names);
  if (errno !== undefined) throw new SystemError(errno, `${names[0] ?? step}: step ${step} was made to fail`);
}
