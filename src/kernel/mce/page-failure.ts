// memory_failure on a page of System RAM (machine-check 5.2, 5.4, 5.5): flag, action, signals, counters.

import type { Kernel } from "../base/kernel.ts";
import { panic, printk } from "../base/kernel.ts";
import type { PageAt, PageRun } from "../mm/page-types.ts";
import { basePage, kernelPageKinds } from "../mm/page-types.ts";
import { discardPages } from "../mm/pages.ts";
import { isPoisoned, poisonPage } from "../mm/poison.ts";
import type { Process } from "../mm/process.ts";
import { findProcess, isAlive } from "../mm/process.ts";
import type { Failure } from "./failure.ts";
import type { FailureErrno } from "./failure-result.ts";
import { reportAction } from "./failure-result.ts";
import type { PageAction, PageState } from "./page-actions.ts";
import { actionFor } from "./page-actions.ts";
import { frameOf, killUser, noOffset, signalUser } from "./signals.ts";

type Found = Extract<PageAt, { readonly is: "free" | "page" }>;

const headOf = (run: PageRun, address: bigint): bigint => address - (address % run.unit);

function stateOf(kernel: Kernel, found: Found, address: bigint): PageState {
  if (found.is === "free") return { kind: "free", isLarge: false, isHead: true, isPinned: false, isPoisoned: isPoisoned(kernel, address), isUsed: false };
  const { run, isPinned } = found;
  const page = (address / basePage) * basePage;
  const isHugePoisoned = run.kind === "hugetlb" && isPoisoned(kernel, headOf(run, address));
  return { kind: run.kind, isLarge: run.unit > basePage, isHead: headOf(run, page) === page, isPinned, isPoisoned: found.isPoisoned || isHugePoisoned, isUsed: run.pid !== 0 };
}

/** Those that have the page mapped: its owner, and the task that met it. */
function usersOf(kernel: Kernel, found: Found, current: Process | null): Process[] {
  const owner = found.is === "page" ? findProcess(kernel, found.run.pid) : undefined;
  return [...new Set([current, owner])].filter((process): process is Process => process !== null && process !== undefined && isAlive(process));
}

/** The consumer whose action is required at once; others early only if they want to. */
function tell(kernel: Kernel, found: Found, failure: Failure, told: PageAction["told"]): void {
  const { address, current, isActionRequired } = failure;
  const leaf = found.is === "page" ? found.run.unit : basePage;
  for (const process of usersOf(kernel, found, current)) {
    const isConsumer = isActionRequired && process === current;
    if (told === "sigkill") killUser(kernel, address, process);
    else if (isConsumer || (told !== "later" && kernel.settings.earlyKill)) signalUser(kernel, address, { process, isConsumer, offset: noOffset, leaf });
  }
}

/** A page that was poisoned before: a task that has it in its page tables gets its signal, one that has not goes on and faults; nothing is counted. */
function knownAlready(kernel: Kernel, found: Found, failure: Failure): FailureErrno {
  const { current, isActionRequired } = failure;
  reportAction(kernel, failure.address, "already poisoned", "Failed");
  if (!isActionRequired) return "EHWPOISON";
  if (found.is === "free" || current === null || !isAlive(current)) return 0;
  tell(kernel, found, failure, "later");
  return "EHWPOISON";
}

function flag(kernel: Kernel, found: Found, address: bigint): void {
  poisonPage(kernel, found.is === "page" && found.run.kind === "hugetlb" ? headOf(found.run, address) : address);
}

/** @throws KernelPanic the page is the kernel's and vm.panic_on_unrecoverable_memory_failure is on (7.3) */
export function pageFailure(kernel: Kernel, found: Found, failure: Failure): FailureErrno {
  const { address } = failure;
  const state = stateOf(kernel, found, address);
  if (state.isPoisoned) return knownAlready(kernel, found, failure);
  const action = actionFor(state);
  flag(kernel, found, address);
  const isClean = action.isDropped === true && action.told === "nobody";
  if (isClean && !failure.mustKill) printk(kernel, "info", `Memory failure: ${frameOf(address)}: corrupted page was clean: dropped without side effects`);
  const told = isClean && failure.mustKill ? "sigbus" : action.told;
  if (told !== "nobody") tell(kernel, found, failure, told);
  if (action.result === "Failed" && state.isPinned && action.errno === undefined) printk(kernel, "err", `Memory failure: ${frameOf(address)}: ${action.type} still referenced by 1 users`);
  if (action.isDropped === true) discardPages(kernel, (address / basePage) * basePage, basePage);
  const errno = reportAction(kernel, address, action.type, action.result);
  const isKernels = action.result === "Ignored" && state.kind !== "free" && kernelPageKinds.includes(state.kind);
  if (isKernels && kernel.settings.panicOnUnrecoverable && kernel.policy.version === "7.3") panic(kernel, `Memory failure: ${frameOf(address)}: unrecoverable page`);
  return action.errno ?? errno;
}
