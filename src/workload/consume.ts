// An answer that is an error reaches who waited for it: the machine-check handler of its processor, or the device that read.

import { consumeAccess } from "../kernel/mce/machine-check.ts";
import type { AccessPath, ConsumedAccess } from "../kernel/mce/consumption.ts";
import type { Completion, MemoryStatus } from "../platform/platform.ts";
import { hold } from "./holds.ts";
import { noteCheck } from "./storm.ts";
import type { Stream, WorkloadState } from "./state.ts";

/** How long a broadcast check waits for processors (Linux's own constant on Intel's). */
const rendezvousLimit = 1_000_000_000;

/** A processor that has waited as long as that for a load takes no exception either (machine-check 4). */
function isSomebodyAbsent({ kernel, streams }: WorkloadState): boolean {
  if (kernel.settings.checkDelivery !== "broadcast") return false;
  const since = kernel.platform.clock.now - rendezvousLimit;
  return streams.some(({ cpu, outstanding }) => cpu >= 0 && outstanding.some(({ kind, askedAt }) => kind === "read" && askedAt <= since));
}

/** Whether a processor has to do something about this answer. */
export const isConsumed = (status: MemoryStatus): boolean => status === "poison" || status === "fatal";

/** @throws KernelPanic a machine check was not recoverable */
export function consumeAnswer(state: WorkloadState, stream: Stream, { status, address }: Completion, path: AccessPath): void {
  if (status !== "ok") stream.workload.hasLost = true;
  const { process } = stream;
  const wasAlive = process !== null && process.death === null;
  const access: ConsumedAccess = { cpu: Math.max(0, stream.cpu), path, status, address, process, name: process?.name ?? stream.workload.spec.name };
  const outcome = consumeAccess(state.kernel, { ...access, isSomebodyAbsent: isSomebodyAbsent(state) });
  hold(state.holds, stream.cpu, state.kernel.platform.clock.now, outcome.busy, outcome.busyAll);
  stream.workload.checks += outcome.checks;
  if (outcome.error !== null) stream.workload.errors++;
  else if (outcome.checks > 0 && wasAlive && process.death === null) stream.workload.signals++;
  noteCheck(state, stream, access, outcome);
}
