// After a panic: the crash kernel starts on the machine as it is and reads the System RAM of the one that died, for the dump. Devices are not reset in between, so
// that memory below an isolated port answers as before: the crash kernel's own load takes a check in kernel context, and it panics too (machine-check 3, row 16).
// Pages that the dead kernel has flagged as poisoned are not read.

import { busDevices } from "../kernel/base/device.ts";
import type { Device } from "../kernel/base/device.ts";
import type { Kernel } from "../kernel/base/kernel.ts";
import { cxlBus, decoderOf, isRegion, portOf, portsUpwards, regionOf } from "../kernel/cxl/types.ts";
import { kernelRangesIn } from "../kernel/mm/direct-map.ts";
import { blockStart, hotplug } from "../kernel/mm/memory-state.ts";
import { isPoisoned } from "../kernel/mm/poison.ts";
import { interleaveOffsets } from "../platform/interleave.ts";
import type { MemoryStatus } from "../platform/platform.ts";
import type { CrashDump } from "../scenario/verdict/report.ts";
import type { System } from "./system.ts";

interface Span {
  readonly start: bigint;
  readonly size: bigint;
}

const allMemory = 1n << 52n;

const isWithin = (spans: readonly Span[], address: bigint): boolean => spans.some(({ start, size }) => address >= start && address < start + size);

/** System RAM that was there since boot; and of what came later the kernel's own pages, or all of it. */
function memoryOf(kernel: Kernel): Span[] {
  const { blocks, blockSize } = hotplug(kernel);
  const online = [...blocks.values()].filter(({ isOnline }) => isOnline);
  const boot = online.filter(({ isBoot }) => isBoot).map((block) => ({ start: blockStart(kernel, block), size: block.present }));
  const later = kernel.settings.crashFilters ? [] : online.filter(({ isBoot }) => !isBoot).map((block) => ({ start: blockStart(kernel, block), size: blockSize }));
  const whole = [...boot, ...later];
  return [...whole, ...kernelRangesIn(kernel, 0n, allMemory).filter(({ start }) => !isWithin(whole, start))];
}

const isBelowIsolated = (target: Device | null): boolean => target !== null && portsUpwards(decoderOf(target).port).some((port) => portOf(port).parentDport?.isIsolated === true);

/** Addresses of regions with a member below a port that the CXL core knows to be isolated. */
function isolatedSpans(kernel: Kernel): Span[] {
  return busDevices(kernel, cxlBus).filter(isRegion).map(regionOf).filter(({ targets }) => targets.some(isBelowIsolated)).flatMap(({ resource }) => (resource === null ? [] : [{ start: resource.start, size: resource.end - resource.start + 1n }]));
}

const overlaps = (a: Span, b: Span): boolean => a.start < b.start + b.size && b.start < a.start + a.size;

/** The first error of a load, or null. */
function readSpan(system: System, { start, size }: Span): { readonly status: MemoryStatus; readonly address: bigint } | null {
  for (const offset of interleaveOffsets) {
    if (offset >= size) break;
    const address = start + offset;
    if (isPoisoned(system.kernel, address)) continue;
    const { status } = system.platform.memory.load(address, 8);
    if (status === "poison" || status === "fatal" || status === "never") return { status, address };
  }
  return null;
}

function readAll(system: System): CrashDump {
  const { kernel } = system;
  const left = kernel.settings.crashSkipsIsolated ? isolatedSpans(kernel) : [];
  let bytesRead = 0n;
  let bytesExcluded = 0n;
  for (const span of memoryOf(kernel)) {
    if (left.some((one) => overlaps(one, span))) {
      bytesExcluded += span.size;
      continue;
    }
    const error = readSpan(system, span);
    if (error !== null) return { state: error.status === "never" ? "hung" : "second-panic", address: `0x${error.address.toString(16)}`, bytesRead: String(bytesRead), bytesExcluded: String(bytesExcluded) };
    bytesRead += span.size;
  }
  return { state: bytesExcluded > 0n ? "excluded" : "dumped", address: null, bytesRead: String(bytesRead), bytesExcluded: String(bytesExcluded) };
}

/** What becomes of the dump of a kernel that has panicked. The machine is afterwards as it was: the trace has nothing of it. */
export function crashDumpOf(system: System): CrashDump | null {
  const { kernel, hardware } = system;
  if (kernel.panic === null) return null;
  if (!kernel.settings.crashKernel) return { state: "none", address: null, bytesRead: "0", bytesExcluded: "0" };
  return hardware.aside(() => readAll(system));
}
