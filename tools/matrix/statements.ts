// What the cells say of positions that were taken about isolation (seeds S68-S93): each claim is counted over the cells that have something to say about it.

import type { Cell } from "./cells.ts";
import type { CellResult } from "./results.ts";
import { pairsOf, where } from "./results.ts";

/** From nothing lost to no host; those of one rank are equal: the last are a reboot. */
const order: readonly (readonly string[])[] = [["unaffected"], ["recovered"], ["reduced"], ["stranded"], ["wedged"], ["rebooted", "reset", "panic", "hang"]];
const rankOf = ({ outcome }: CellResult): number => order.findIndex((outcomes) => outcomes.includes(outcome));
const isHostGone = (result: CellResult): boolean => rankOf(result) === order.length - 1;
const isAlike = ([a, b]: readonly [CellResult, CellResult]): boolean => a.outcome === b.outcome;

/** The order as the page says it. */
export const orderText = order.map((outcomes) => outcomes.join(" = ")).join(", ");

type Cases = readonly boolean[];

interface Statement {
  readonly seeds: string;
  readonly claim: string;
  /** One answer for each case. */
  readonly cases: (results: readonly CellResult[]) => Cases;
}

const on: Partial<Cell> = { isolation: "isolation-on" };
const isRam = ({ cell }: CellResult): boolean => cell.use.startsWith("system-ram");

const statements: readonly Statement[] = [
  { seeds: "S68, S73", claim: "without isolation no trigger leaves the host alive", cases: (all) => where(all, { isolation: "isolation-off" }).map(isHostGone) },
  { seeds: "S73", claim: "isolation on is never worse than off for device-dax without pins", cases: (all) => pairsOf(where(all, { use: "device-dax", pins: "no-pins" }), "isolation").map(([off, handled]) => rankOf(handled) <= rankOf(off)) },
  { seeds: "S73", claim: "isolation on is never worse than off, whatever else", cases: (all) => pairsOf(all, "isolation").map(([off, handled]) => rankOf(handled) <= rankOf(off)) },
  { seeds: "S73, S74", claim: "isolation spares the reboot", cases: (all) => pairsOf(all, "isolation").map(([, handled]) => !isHostGone(handled)) },
  { seeds: "S75, S79", claim: "a page that the kernel reads there turns isolation into a panic", cases: (all) => where(all, { ...on, kernelPage: "kernel-page" }).map(({ outcome }) => outcome === "panic") },
  { seeds: "S76", claim: "where the kernel has no page there, no machine check takes the host", cases: (all) => where(all, { ...on, kernelPage: "no-kernel-page" }).map((result) => !isHostGone(result)) },
  { seeds: "S79, S84", claim: "System RAM never comes back in full", cases: (all) => where(all, on).filter(isRam).map(({ outcome }) => outcome !== "recovered") },
  { seeds: "S80", claim: "ZONE_MOVABLE fares better than ZONE_NORMAL with a page of the kernel in it", cases: (all) => movableBesideNormal(all) },
  { seeds: "S84, S86", claim: "memory that is kept out of System RAM, and is not pinned for ever, recovers", cases: (all) => where(all, on).filter((one) => !isRam(one) && one.cell.pins !== "pins-for-ever").map(({ outcome }) => outcome === "recovered") },
  { seeds: "S82", claim: "a pin for ever holds recovery up for ever, unless the kernel has died before", cases: (all) => where(all, { ...on, pins: "pins-for-ever" }).map(({ outcome }) => outcome === "wedged" || outcome === "panic") },
  { seeds: "S82", claim: "a short pin changes no outcome", cases: (all) => pairsOf(where(all, on).filter(({ cell }) => cell.pins !== "pins-for-ever"), "pins").map(isAlike) },
  { seeds: "S77, S78", claim: "a region over both ports loses more bytes than a region of one", cases: (all) => pairsOf(where(all, on).filter((one) => !isHostGone(one)), "interleave").map(([contained, spread]) => spread.bytesLost > contained.bytesLost) },
  { seeds: "S77", claim: "a user of another port's region lives on", cases: (all) => where(all, { ...on, interleave: "contained" }).filter((one) => !isHostGone(one)).map(({ killed }) => killed === 1) },
  { seeds: "S77", claim: "whether firmware locked the decoders changes no outcome", cases: (all) => pairsOf(all, "decoders").map(isAlike) },
  { seeds: "S68", claim: "whether the device is below a switch changes no outcome", cases: (all) => pairsOf(all, "place").map(isAlike) },
  { seeds: "S70, S71", claim: "with isolation on, what took the link down or the answer away changes no outcome", cases: (all) => pairsOf(where(all, on), "trigger").map(isAlike) },
  { seeds: "S85", claim: "a file system on the memory comes to the outcome that a dax device does", cases: (all) => pairsOf(all.filter((one) => !isRam(one)), "use").map(isAlike) },
];

/** ZONE_MOVABLE without the kernel's page, which it cannot have, beside ZONE_NORMAL with it. */
function movableBesideNormal(all: readonly CellResult[]): boolean[] {
  const beside = where(all, { ...on, use: "system-ram-normal", kernelPage: "kernel-page" });
  return beside.flatMap((normal) => where(all, { ...normal.cell, use: "system-ram-movable", kernelPage: "no-kernel-page" }).map((movable) => rankOf(movable) < rankOf(normal)));
}

function judge(cases: Cases): string {
  const count = cases.filter(Boolean).length;
  const word = count === cases.length ? "holds" : count === 0 ? "does not hold" : "depends";
  return `**${word}** (${count} of ${cases.length})`;
}

/** Table in Markdown. */
export const statementsTable = (results: readonly CellResult[]): string =>
  ["| seeds | claim | outcome |", "|---|---|---|", ...statements.map(({ seeds, claim, cases }) => `| ${seeds} | ${claim} | ${judge(cases(results))} |`)].join("\n");
