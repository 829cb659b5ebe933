// Where a thread's next access goes: through the mapping of a device file, the direct map, the pages of its process, or the addresses a device was given.

import type { Kernel } from "../kernel/base/kernel.ts";
import { hotplug } from "../kernel/mm/memory-state.ts";
import { translate } from "../kernel/mm/mapping.ts";
import type { PageRun } from "../kernel/mm/page-types.ts";
import { pageGeneration, runsOfProcess } from "../kernel/mm/pages.ts";
import { isPoisoned } from "../kernel/mm/poison.ts";
import type { Segment, Stream, View } from "./state.ts";
import { offsetAt } from "./stream.ts";

/**
 * `address`: a request goes there. `revoked`: the mapping is; `lost`: the page is known to be bad: both are SIGBUS, and nothing is asked for. `error`: the kernel
 * finds that the page is bad before it reads it for somebody.
 */
export type Touch = { readonly is: "address"; readonly address: bigint } | { readonly is: "lost"; readonly address: bigint } | { readonly is: "revoked"; readonly offset: bigint } | { readonly is: "error" };

/** Boot memory that no root port decodes is DRAM, which does not fail here. */
const isDram = (kernel: Kernel, address: bigint): boolean => hotplug(kernel).blocks.get(Number(address / hotplug(kernel).blockSize))?.isBoot === true && kernel.platform.memory.route(address) === undefined;

/** The part of some runs that is not DRAM, end to end. */
export function segmentsOf(kernel: Kernel, runs: readonly PageRun[]): Segment[] {
  let offset = 0;
  return runs.filter(({ start }) => !isDram(kernel, start)).map(({ start, size }) => {
    const segment = { offset, start, size: Number(size) };
    offset += segment.size;
    return segment;
  });
}

export const segmentBytes = (segments: readonly Segment[]): number => segments.reduce((sum, { size }) => sum + size, 0);

/** Looks again where pages lie that may have moved. True: they have. */
export function refreshView(kernel: Kernel, view: View): boolean {
  if (view.kind !== "pages") return false;
  const generation = pageGeneration(kernel);
  if (view.seen === generation) return false;
  view.seen = generation;
  view.segments = segmentsOf(kernel, runsOfProcess(kernel, view.pid));
  return true;
}

function segmentAddress(segments: readonly Segment[], offset: number): bigint | undefined {
  const segment = segments.find((one) => offset >= one.offset && offset - one.offset < one.size);
  return segment === undefined ? undefined : segment.start + BigInt(offset - segment.offset);
}

/** Physical address of an offset, without a fault; undefined: nothing there now. */
export function peekAddress(view: View, offset: number): bigint | undefined {
  if (view.kind === "range") return view.start + BigInt(offset);
  if (view.kind !== "mapping") return segmentAddress(view.segments, offset);
  const { mapping } = view;
  const inFile = mapping.offset + BigInt(offset);
  const range = mapping.file.ranges.find((candidate) => inFile >= candidate.fileOffset && inFile - candidate.fileOffset < candidate.size);
  return range === undefined ? undefined : range.start + (inFile - range.fileOffset);
}

const revoked = (offset: bigint): Touch => ({ is: "revoked", offset });

/** Where request number `index` goes. A process's page that is known to be bad has no translation any more (machine-check 5.2, 5.5). */
export function touch(kernel: Kernel, stream: Stream, isByKernel: boolean): Touch {
  const { view } = stream;
  const offset = offsetAt(stream.plan, stream.index);
  if (view.kind === "mapping") {
    const address = translate(kernel, view.mapping, BigInt(offset));
    return address === undefined ? revoked(view.mapping.offset + BigInt(offset)) : { is: "address", address };
  }
  const address = peekAddress(view, offset);
  if (address === undefined) return revoked(-1n);
  if (view.kind !== "pages" || !isPoisoned(kernel, address)) return { is: "address", address };
  return isByKernel ? { is: "error" } : { is: "lost", address };
}
