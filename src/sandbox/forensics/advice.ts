// What an administrator can do next: from what is stuck, what lies idle and what is missing, under the policies in force. Commands are ones that the machine's tools take.

import { findDevice } from "../../kernel/base/device.ts";
import { daxRegionTypeName } from "../../kernel/dax/types.ts";
import { cxlBus, regionOf } from "../../kernel/cxl/types.ts";
import type { Breadcrumb, Capacity, DaxExplanation, Holding, RangeExplanation, RegionExplanation } from "../../scenario/explanation.ts";
import type { Scene } from "./scene.ts";
import { regionsOf } from "./scene.ts";

export interface Findings {
  readonly ranges: readonly RangeExplanation[];
  readonly capacity: Capacity;
  readonly regions: readonly RegionExplanation[];
  readonly dax: readonly DaxExplanation[];
  readonly ledgers: readonly Holding[];
  readonly breadcrumbs: readonly Breadcrumb[];
}

const once = (lines: readonly string[]): string[] => [...new Set(lines)];

/** Members that firmware wanted and that are not there. */
function members({ regions }: Findings): string[] {
  return regions.filter(({ madeBy, state }) => madeBy === "firmware" && state !== "complete").flatMap(({ members: all }) => all.filter(({ state }) => state === "missing" || state === "slow").map(({ port, text }) => `Look after ${port}: ${text}.`));
}

const offline = ({ capacity }: Findings): string[] => capacity.promises.flatMap(({ parts }) => parts.filter(({ state }) => state === "offline").map(({ device }) => `Put memory online: daxctl online-memory ${device}`));

/** A region that is complete and has no driver, or whose dax region has none. */
function idleRegions(scene: Scene, { regions }: Findings): string[] {
  return regions.flatMap(({ name, state, driver }) => {
    if (name === "" || state !== "complete") return [];
    if (driver === "") return [`Give ${name} its driver: cxl enable-region ${name}`];
    const bridge = findDevice(scene.kernel, cxlBus, `dax_${name}`);
    if (bridge === undefined || bridge.type.name !== daxRegionTypeName || bridge.driver !== null) return [];
    return [`When nothing else has the range, give it to ${name}: echo ${bridge.name} > /sys/bus/cxl/drivers/cxl_dax_region/bind`];
  });
}

/** hmem's devices: usable ones can be given back, others only stand in the way. */
function hmemDevices(scene: Scene, { dax }: Findings): string[] {
  return dax.filter(({ owner }) => owner === "hmem").map(({ name, parent, driver, start }) => {
    const out = `echo ${parent} > /sys/bus/platform/drivers/hmem/unbind`;
    if (driver === "") return `${name} is of no use to anybody; take it out of the way: ${out}`;
    const isOver = regionsOf(scene.kernel).some((region) => regionOf(region).resource?.start === BigInt(start));
    const first = driver === "kmem" ? `daxctl offline-memory ${name}; ` : "";
    return `The memory of ${name} works as plain dax; to give the range back to CXL: ${first}${out}${isOver ? "; then free what the region over it holds" : ""}`;
  });
}

/** Stuck entries with the same remedy are one piece of work. */
function stuck({ ledgers }: Findings): string[] {
  const remedies = once(ledgers.filter(({ isStuck }) => isStuck).map(({ remedy }) => remedy));
  return remedies.map((remedy) => `Free ${once(ledgers.filter((one) => one.isStuck && one.remedy === remedy).map(({ ledger, holder }) => `${ledger === "HPA" ? "the addresses" : ledger === "DPA" ? "the device memory" : "the decode"} of ${holder}`)).join(", ")}: ${remedy}`);
}

export function adviceFor(scene: Scene, findings: Findings): string[] {
  const pending = findings.ranges.some(({ reason }) => reason === "pending") ? ["Wait for the decision over Soft Reserved."] : [];
  const lines = [...pending, ...members(findings), ...offline(findings), ...idleRegions(scene, findings), ...hmemDevices(scene, findings), ...stuck(findings)];
  return once(lines);
}
