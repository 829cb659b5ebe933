// The plan of a thread from the pace it was given and from what there is to touch now.

import { SystemError } from "../kernel/base/errno.ts";
import type { Kernel } from "../kernel/base/kernel.ts";
import type { Pace } from "./specs.ts";
import type { Stream } from "./state.ts";
import { lineBytes } from "./stream.ts";
import { refreshView, segmentBytes } from "./touch.ts";

/** Lines of a walk over `size` bytes. @throws SystemError EINVAL a pace that is none */
export function linesOf(pace: Pace, size: bigint): number {
  const stride = pace.stride ?? lineBytes;
  const wrap = pace.wrap === undefined ? Number(size) : Math.min(pace.wrap, Number(size));
  const lines = (wrap - (wrap % stride)) / stride;
  if (stride % lineBytes !== 0 || lines < 1 || pace.period < 1 || pace.reads < 0 || pace.reads > pace.of || pace.of < 1) {
    throw new SystemError("EINVAL", `pace: stride ${stride}, wrap ${wrap}, period ${pace.period}, reads ${pace.reads} of ${pace.of}`);
  }
  return lines;
}

const scaled = (value: number, by: bigint, of: bigint): number => Number((BigInt(value) * by) / of);

/**
 * Fits the walk to the part of its memory that a workload has outside DRAM: as many lines, and as often as that part is of all of it. Nothing there: no lines.
 */
function fit(stream: Stream): void {
  const { workload, plan } = stream;
  const { spec, size } = workload;
  if (stream.view.kind !== "pages" || !("period" in spec) || size === 0n) return;
  const here = BigInt(segmentBytes(stream.view.segments));
  const walk = scaled(spec.wrap === undefined ? Number(here) : Math.min(spec.wrap, Number(size)), spec.wrap === undefined ? 1n : here, spec.wrap === undefined ? 1n : size);
  const lines = (walk - (walk % plan.stride)) / plan.stride;
  const period = here === 0n ? spec.period : Math.max(1, scaled(spec.period, size, here));
  stream.plan = { ...plan, lines, period, firstLine: lines === 0 ? 0 : plan.firstLine % lines };
  stream.observed.tables = undefined;
}

/** Pages may have come, gone or moved. */
export function refreshPlan(kernel: Kernel, stream: Stream): void {
  if (refreshView(kernel, stream.view)) fit(stream);
}
