// What memory_failure makes of a page of System RAM, as a table; first match wins (machine-check 5.2 and 5.4).

import type { PageKind } from "../mm/page-types.ts";
import type { FailureErrno, FailureResult, PageType } from "./failure-result.ts";

/** A page as memory_failure finds it. */
export interface PageState {
  readonly kind: PageKind | "free";
  /** Part of a folio of more than one page. */
  readonly isLarge: boolean;
  /** The first page of its folio. */
  readonly isHead: boolean;
  /** References beside those of mappings and caches. */
  readonly isPinned: boolean;
  readonly isPoisoned: boolean;
  /** Somebody has it mapped or, for huge pages, reserved. */
  readonly isUsed: boolean;
  /** The page keeps changing hands, or cannot be unmapped, or its file was cut short: what no state of this model brings about, and Linux knows. */
  readonly trouble?: "transient" | "unmap" | "truncated";
}

/** Who of those that have the page mapped is told: nobody; they are killed at their next access; they get SIGBUS; SIGKILL. */
export type Told = "nobody" | "later" | "sigbus" | "sigkill";

export interface PageAction {
  readonly type: PageType;
  readonly result: FailureResult;
  /** Where it is not what the result gives. */
  readonly errno?: FailureErrno;
  readonly told: Told;
  /** What becomes of the page beside its flag: it leaves its cache, and is read again from storage. */
  readonly isDropped?: boolean;
}

type Row = readonly [matches: (page: PageState) => boolean, action: PageAction];

const is = (...kinds: readonly PageState["kind"][]) => (page: PageState): boolean => kinds.includes(page.kind);
const isHuge = is("hugetlb");
const isKernel = is("slab", "page-table", "kernel-data", "memmap", "reserved");

const rows: readonly Row[] = [
  [(page) => page.isPoisoned, { type: "already poisoned", result: "Failed", errno: "EHWPOISON", told: "nobody" }],
  [(page) => page.trouble === "transient", { type: "get hwpoison page", result: "Ignored", told: "nobody" }],
  [(page) => isHuge(page) && !page.isUsed, { type: "free huge page", result: "Recovered", told: "nobody" }],
  [(page) => isHuge(page) && page.isPinned, { type: "get hwpoison page", result: "Ignored", told: "nobody" }],
  [isHuge, { type: "huge page", result: "Recovered", told: "sigbus" }],
  [is("free"), { type: "free buddy page", result: "Recovered", told: "nobody" }],
  // The pages behind the first of an allocation that is no compound page have no count of their own.
  [(page) => page.kind === "kernel-data" && page.isLarge && !page.isHead, { type: "high-order kernel page", result: "Ignored", told: "nobody" }],
  [isKernel, { type: "reserved kernel page", result: "Ignored", told: "nobody" }],
  [(page) => page.isLarge && page.isPinned, { type: "unsplit thp", result: "Failed", errno: "EHWPOISON", told: "sigbus" }],
  [(page) => page.trouble === "unmap", { type: "unmapping failed page", result: "Failed", told: "sigkill" }],
  [(page) => page.trouble === "truncated", { type: "already truncated LRU page", result: "Ignored", told: "nobody" }],
  [is("swap-dirty"), { type: "dirty swapcache page", result: "Delayed", told: "later" }],
  [is("swap-clean"), { type: "clean swapcache page", result: "Recovered", told: "nobody", isDropped: true }],
  [is("file-clean"), { type: "clean LRU page", result: "Recovered", told: "nobody", isDropped: true }],
  [is("file-dirty"), { type: "dirty LRU page", result: "Recovered", told: "sigbus", isDropped: true }],
  [is("anon", "shmem"), { type: "dirty LRU page", result: "Recovered", told: "sigbus" }],
  [() => true, { type: "unknown page", result: "Ignored", told: "nobody" }],
];

/** Results that a reference nobody gave up turns into a failure: the page cannot be isolated. */
const spoilt = (page: PageState, action: PageAction): boolean => page.isPinned && !page.isPoisoned && action.result !== "Ignored" && action.errno === undefined && page.kind !== "free";

/** The action for a page. */
export function actionFor(page: PageState): PageAction {
  const [, action] = rows.find(([matches]) => matches(page)) ?? [];
  if (action === undefined) throw new RangeError("the last row matches everything");
  if (!spoilt(page, action)) return action;
  return { type: action.type, result: "Failed", told: action.told };
}
