// Why a range went where it went: which of the policies, had they been others, would have brought about something else (pure, over the recorded inputs of the decision;
// seeds S8, S36). A policy whose every other value ends in the same has decided nothing.

import type { Range } from "../resource/resource.ts";
import { contains, overlaps, subtract } from "../resource/resource.ts";
import type { OwnershipInput, OwnershipPolicies, RegionView } from "./ownership.ts";
import { decideOwnership } from "./ownership.ts";

/** What a range comes to: bytes by owner, ascending. */
export interface Share extends Range {
  readonly owner: "cxl" | "hmem" | "nobody";
}

/** Values of some policies that end in something else, with what they end in. */
export interface Turn {
  readonly values: Partial<OwnershipPolicies>;
  readonly shares: readonly Share[];
}

type Choices = { readonly [K in keyof OwnershipPolicies]: readonly OwnershipPolicies[K][] };

const choices: Choices = {
  owner: ["per-range", "mode-variable", "global-teardown", "none"],
  split: ["softened", "trim-after-probe", "trim", "all-or-nothing", "none"],
  leftover: ["to-dax", "whole-to-hmem", "waste"],
  blast: ["per-range", "global"],
  failover: [true, false],
};

const order = ["owner", "split", "leftover", "blast", "failover"] as const;

/** What there was to decide over, and what is known since. */
export interface Situation {
  readonly input: OwnershipInput;
  /** Firmware's entries over windows, whatever had been cut out of them by then. */
  readonly entries: readonly Range[];
  /** Every region that was made before, gone or not. */
  readonly made: readonly Range[];
  /** Regions that are complete since. */
  readonly later: readonly RegionView[];
  /** Regions without a line in /proc/iomem, which are in nobody's way. */
  readonly unlisted: readonly string[];
  /** Lines of windows. */
  readonly windows: readonly Range[];
  /** POL-EXCL: what hmem has registered no region's dax device can have. */
  readonly isExclusive: boolean;
}

/** A part that hmem registers is usable unless a line of /proc/iomem lies across it (9.5). */
const isUsable = (piece: Range, lines: readonly Range[]): boolean => lines.every((line) => !overlaps(line, piece) || contains(line, piece));

/** What a decision leads to for one range: a region has its memory unless hmem was there first (S27, S28). */
export function sharesOf(situation: Situation, range: Range, input: OwnershipInput = situation.input): Share[] {
  const verdict = decideOwnership(input);
  const { removal } = verdict;
  const stays = ({ name }: RegionView): boolean => removal.kind === "nothing" || (removal.kind === "regions" && !removal.names.includes(name));
  const left = input.regions.filter(stays);
  const pieces = verdict.ranges.flatMap((one) => one.pieces);
  // A mode that no range moved leaves every dax region of CXL deferred (S29).
  const isDeferred = input.policy.owner === "mode-variable" && (input.ranges.length === 0 || input.policy.split === "none");
  const complete = isDeferred ? [] : [...left.filter(({ isCommitted }) => isCommitted), ...situation.later.filter(stays)];
  const cxl = complete.filter((region) => !situation.isExclusive || !pieces.some((piece) => overlaps(piece, region)));
  const lines = [...left.filter(({ name }) => !situation.unlisted.includes(name)), ...(removal.kind === "topology" ? [] : situation.windows)];
  const hmem = pieces.filter((piece) => isUsable(piece, lines));
  const own = (owner: Share["owner"], parts: readonly Range[]): Share[] => parts.flatMap((part) => cut(range, part)).map((part) => ({ ...part, owner }));
  const nobody = subtract(range, [...cxl, ...hmem]).map((part): Share => ({ ...part, owner: "nobody" }));
  return [...own("cxl", cxl), ...own("hmem", hmem), ...nobody].toSorted((a, b) => (a.start < b.start ? -1 : 1));
}

function cut(range: Range, part: Range): Range[] {
  if (!overlaps(range, part)) return [];
  return [{ start: part.start > range.start ? part.start : range.start, end: part.end < range.end ? part.end : range.end }];
}

export const sharesText = (shares: readonly Share[]): string => shares.map(({ owner, start, end }) => `${owner} ${start}-${end}`).join(", ");

/** Every choice of other values for these policies. */
function* others(policy: OwnershipPolicies, names: readonly (keyof OwnershipPolicies)[]): Generator<Partial<OwnershipPolicies>> {
  const [first, ...rest] = names;
  if (first === undefined) return yield {};
  for (const value of choices[first]) if (value !== policy[first]) for (const more of others(policy, rest)) yield { [first]: value, ...more };
}

function subsets(size: number, from = 0): (keyof OwnershipPolicies)[][] {
  if (size === 0) return [[]];
  return order.slice(from).flatMap((name, index) => subsets(size - 1, from + index + 1).map((rest) => [name, ...rest]));
}

/** The inputs as they would have been: under `trim` alone a region cuts its range out as soon as it is made (S65). */
function inputUnder({ input, entries, made }: Situation, values: Partial<OwnershipPolicies>): OwnershipInput {
  const policy = { ...input.policy, ...values };
  if (policy.split === input.policy.split || (policy.split !== "trim" && input.policy.split !== "trim")) return { ...input, policy };
  const ranges = policy.split !== "trim" ? entries.map((entry) => ({ ...entry, isRemainder: false })) : entries.flatMap((entry) => {
    const left = subtract(entry, made);
    return left.map((part) => ({ ...part, isRemainder: left.length !== 1 || part.start !== entry.start || part.end !== entry.end }));
  });
  return { ...input, ranges, policy };
}

/** For one set of policies: other values for all of them that end in something else. More memory in use is named first. */
function turnBy(situation: Situation, range: Range, names: readonly (keyof OwnershipPolicies)[], now: string): Turn | undefined {
  const turns = [...others(situation.input.policy, names)].map((values): Turn => {
    const input = inputUnder(situation, values);
    return { values, shares: sharesOf(situation, range, input) };
  });
  const differing = turns.filter(({ shares }) => sharesText(shares) !== now);
  const unused = ({ shares }: Turn): bigint => shares.reduce((sum, { owner, start, end }) => (owner === "nobody" ? sum + end - start + 1n : sum), 0n);
  return differing.toSorted((a, b) => (unused(a) < unused(b) ? -1 : unused(a) > unused(b) ? 1 : 0))[0];
}

/** The policies that decided over a range: each that turns it alone or, where none does, the smallest sets that do together. Empty: no policy could. */
export function turnsOf(situation: Situation, range: Range): Turn[] {
  const now = sharesText(sharesOf(situation, range));
  for (let size = 1; size <= order.length; size++) {
    const found = subsets(size).flatMap((names) => turnBy(situation, range, names, now) ?? []);
    if (found.length > 0) return found;
  }
  return [];
}
