// Who owns Soft Reserved memory over CXL windows: one function of the ranges, the regions, what went wrong, and the policies that choose within it
// (S8, S36, S46-S56, S66; docs/policies.md says how they compose). Pure: decision.ts asks and carries out.

import type { SoftReservedPolicies } from "../policy.ts";
import type { Range } from "../resource/resource.ts";
import { contains, overlaps, subtract } from "../resource/resource.ts";

export interface RegionView extends Range {
  readonly name: string;
  readonly isCommitted: boolean;
}

export interface SoftReservedView extends Range {
  /** A part of firmware's entry was cut out before. */
  readonly isRemainder: boolean;
}

export type OwnershipPolicies = Pick<SoftReservedPolicies, "owner" | "split" | "leftover" | "blast" | "failover">;

export interface OwnershipInput {
  /** Ranges over windows. */
  readonly ranges: readonly SoftReservedView[];
  readonly regions: readonly RegionView[];
  /** Why the state of CXL is not to be trusted; empty: nothing went wrong. */
  readonly troubles: readonly string[];
  readonly policy: OwnershipPolicies;
}

export interface RangeVerdict {
  readonly range: SoftReservedView;
  readonly owner: "cxl" | "hmem" | "nobody";
  /** What hmem registers. */
  readonly pieces: readonly Range[];
}

/** What goes before anything is registered. */
export type Removal = { readonly kind: "nothing" } | { readonly kind: "topology" } | { readonly kind: "regions"; readonly names: readonly string[] };

export interface OwnershipVerdict {
  readonly removal: Removal;
  readonly ranges: readonly RangeVerdict[];
}

const nothing: Removal = { kind: "nothing" };
const toHmem = (range: SoftReservedView): RangeVerdict => ({ range, owner: "hmem", pieces: [range] });

/** One committed region holds all of a range (cxl_region_contains_resource). */
const isClaimed = (range: Range, committed: readonly RegionView[]): boolean => committed.some((region) => contains(region, range));

/** Pieces of a range that no single committed region holds. `left`: what committed regions leave of it. */
function piecesOf(range: SoftReservedView, left: readonly Range[], isTouched: boolean, { split, leftover }: OwnershipPolicies): readonly Range[] {
  if (split === "all-or-nothing") return leftover === "to-dax" ? left : [];
  if (leftover === "waste") return isTouched ? [] : [range];
  return leftover === "whole-to-hmem" && split === "softened" ? [range] : left;
}

/** One range by itself, as `split` and `leftover` have it. */
function share(range: SoftReservedView, committed: readonly RegionView[], policy: OwnershipPolicies): RangeVerdict {
  if (isClaimed(range, committed)) return { range, owner: "cxl", pieces: [] };
  const left = subtract(range, committed);
  const isTouched = range.isRemainder || committed.some((region) => overlaps(region, range));
  const pieces = piecesOf(range, left, isTouched, policy);
  if (pieces.length > 0) return { range, owner: "hmem", pieces };
  return { range, owner: left.length === 0 || (policy.split === "all-or-nothing" && !isTouched) ? "cxl" : "nobody", pieces: [] };
}

/** Takes back what `blast` allows: everything, or the ranges that no committed region holds, with the regions over them. */
function takeBack(input: OwnershipInput, shares: readonly RangeVerdict[], all: Removal): OwnershipVerdict {
  if (input.policy.blast === "global") return { removal: all, ranges: shares.map(({ range }) => toHmem(range)) };
  const committed = input.regions.filter(({ isCommitted }) => isCommitted);
  const failing = input.ranges.filter((range) => !isClaimed(range, committed));
  const names = input.regions.filter((region) => failing.some((range) => overlaps(range, region))).map(({ name }) => name);
  return { removal: names.length === 0 ? nothing : { kind: "regions", names }, ranges: shares.map((one) => (failing.includes(one.range) ? toHmem(one.range) : one)) };
}

function decide(input: OwnershipInput): OwnershipVerdict {
  const { ranges, regions, troubles, policy } = input;
  const committed = regions.filter(({ isCommitted }) => isCommitted);
  const shares = ranges.map((range) => share(range, committed, policy));
  const allRegions: Removal = { kind: "regions", names: regions.map(({ name }) => name) };
  const isUnclaimed = ranges.some((range) => !isClaimed(range, committed));
  if (policy.split === "all-or-nothing" && troubles.length > 0) return takeBack(input, shares, { kind: "topology" });
  if (policy.owner === "global-teardown" && isUnclaimed) return takeBack(input, shares, allRegions);
  if (policy.blast === "global" && troubles.length > 0) return takeBack(input, shares, allRegions);
  // Up to version 6 of the series one range that was not claimed decided for all (S36).
  if (policy.owner === "mode-variable" && isUnclaimed) return { removal: nothing, ranges: ranges.map(toHmem) };
  return { removal: nothing, ranges: shares };
}

/** The decision. Without failover hmem gets nothing, whatever else is taken away. */
export function decideOwnership(input: OwnershipInput): OwnershipVerdict {
  const { owner, split, failover } = input.policy;
  if (owner === "none" || split === "none") return { removal: nothing, ranges: input.ranges.map((range) => ({ range, owner: "cxl", pieces: [] })) };
  const verdict = decide(input);
  if (failover) return verdict;
  return { ...verdict, ranges: verdict.ranges.map((one) => (one.owner === "hmem" ? { ...one, owner: "nobody", pieces: [] } : one)) };
}
