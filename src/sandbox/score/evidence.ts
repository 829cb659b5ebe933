// What is left to look at after a failure (seeds S20-S22, S28): listings, log lines, objects without a driver; and what became of those who had no part in it.

import { SystemError } from "../../kernel/base/errno.ts";
import type { CellViolation, Evidence, Innocents, RegionBandwidth } from "../../scenario/comparison.ts";
import type { ScenarioPlan } from "../../scenario/plan.ts";
import type { OpenRun } from "../contract.ts";
import { breadcrumbs, checkCapacity, checkListings, checkOwners, overlap, reachReason } from "../invariants.ts";
import type { Premises } from "../invariants.ts";
import { isHostAlive } from "./drive.ts";
import type { RegionFacts } from "./memory.ts";
import { cardsNamed, regionFacts } from "./memory.ts";
import type { Touched } from "./twin.ts";

interface Listed {
  readonly region: string;
  readonly interleave_ways: number;
  readonly decode_state: string;
  readonly mappings?: readonly unknown[];
}

/** The regions that `cxl list -RTi` shows as not committed: read as a person would, from the tool's own text. */
function listedPartial(run: OpenRun): Evidence["partial"] {
  const text = run.facts().list("cxl", "-RTi").trim();
  if (!/^[[{]/.test(text)) return [];
  const parsed = JSON.parse(text) as Listed | readonly Listed[];
  const regions = Array.isArray(parsed) ? (parsed as readonly Listed[]) : [parsed as Listed];
  return regions.filter((region) => region.decode_state !== "commit").map((region) => ({ region: region.region, expected: region.interleave_ways, arrived: region.mappings?.length ?? 0 }));
}

const severe = ["emerg", "alert", "crit", "err"];

export function evidenceOf(run: OpenRun): Evidence {
  const { log } = run.system.kernel;
  const isAlive = isHostAlive(run);
  return {
    partial: isAlive ? listedPartial(run) : [],
    errors: log.filter(({ level }) => severe.includes(level)).length,
    warnings: log.filter(({ level }) => level === "warn").length,
    explicit: log.filter(({ level, text }) => severe.includes(level) && text.includes("assembly failed")).length,
    breadcrumbs: isAlive ? breadcrumbs(run.system.kernel).length : 0,
  };
}

const labelOf = (region: RegionFacts): string => `region of ${region.members.map((card) => card ?? "?").join("+")}`;

/** What a user of the region has: its size, its driver, its dax devices and theirs. */
const useOf = ({ size, driver, dax }: RegionFacts): string => JSON.stringify([String(size), driver, dax.map((device) => [String(device.size), device.isAlive, device.driver])]);

/** Regions that nothing wrong touches, held against the run where nothing is wrong (S33). */
export function innocentsOf(run: OpenRun, twin: OpenRun, touched: Touched): Innocents {
  const named = cardsNamed(twin.system, touched.objects);
  // A kernel's step that names no card of this machine may fall upon anybody.
  if (touched.isAnything || (touched.objects.length > 0 && named.length === 0)) return { regions: 0, lost: [] };
  const isTouched = ({ start, size, members }: RegionFacts): boolean => members.some((card) => card === null || touched.cards.has(card) || named.includes(card)) || touched.spans.some((span) => overlap(span, { start, end: start + size }));
  const innocent = regionFacts(twin.system).filter((region) => region.isCommitted && !isTouched(region));
  const now = isHostAlive(run) ? regionFacts(run.system) : [];
  const lost = innocent.filter((before) => !now.some((region) => region.isCommitted && region.members.join() === before.members.join() && useOf(region) === useOf(before)));
  return { regions: innocent.length, lost: lost.map(labelOf) };
}

/** Why innocents are lost, where a rule or policy says so. */
function harmReason(run: OpenRun, twin: OpenRun, premises: Premises): string | null {
  if (!isHostAlive(run)) return `the host is gone: ${run.result().outcome}`;
  return reachReason(premises, premises.step) ?? (run.refused.join() === twin.refused.join() ? null : "steps of the file went otherwise");
}

/** Invariants 1 and 2 at quiesce, 1 and 4 at the end, 3 against the twin. `quiet`: the boot alone. */
export function violationsOf(plan: ScenarioPlan, run: OpenRun, quiet: OpenRun, twin: OpenRun, innocents: Innocents): CellViolation[] {
  const isHit = run.result().faults.some(({ fired }) => fired);
  const step = plan.faults.flatMap((fault) => fault.do.kernelStep?.step ?? [])[0] ?? null;
  const premises: Premises = { policies: plan.policies, setup: plan.firmware, windows: plan.machine.windows, isHit, step };
  const atQuiesce = isHostAlive(quiet) ? [...checkOwners(premises, quiet.system.kernel), ...checkCapacity(premises, quiet.system.kernel)] : [];
  const atEnd = isHostAlive(run) ? [...checkOwners(premises, run.system.kernel), ...checkListings(run.system)] : [];
  const seen = new Set(atQuiesce.map(({ what }) => what));
  const harm = innocents.lost.map((what): CellViolation => ({ invariant: 3, what: `${what} is not as without the fault`, allowedBy: harmReason(run, twin, premises) }));
  return [...atQuiesce, ...atEnd.filter(({ what }) => !seen.has(what)), ...harm, ...falseRecovery(run)];
}

/** Invariant 6: a run that reports `recovered` had no System RAM on the isolated range. */
function falseRecovery(run: OpenRun): CellViolation[] {
  if (run.result().outcome !== "recovered" || run.faults.plan.policies.isoact !== "recover") return [];
  const ram = regionFacts(run.system).flatMap(({ dax }) => dax).filter(({ driver }) => driver === "kmem");
  return ram.length === 0 ? [] : [{ invariant: 6, what: `recovered, with ${ram.map(({ name }) => name).join(", ")} as System RAM`, allowedBy: null }];
}

/** Read bandwidth of a region in MB/s as the kernel gives it for the nearest initiator. */
function readBandwidth(run: OpenRun, region: string): number | null {
  try {
    const text = run.files.read(`/sys/bus/cxl/devices/${region}/access0/read_bandwidth`).trim();
    return /^\d+$/.test(text) && text !== "0" ? Number(text) : null;
  } catch (thrown) {
    if (thrown instanceof SystemError) return null;
    throw thrown;
  }
}

/** Of every whole region. */
export const bandwidthOf = (run: OpenRun): RegionBandwidth[] =>
  regionFacts(run.system).filter(({ isCommitted }) => isCommitted).map((region) => ({ members: region.members.map((card) => card ?? "?"), size: String(region.size), read: readBandwidth(run, region.name) }));
