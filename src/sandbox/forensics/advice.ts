// What an administrator can do next: from what is stuck, what lies idle and what is missing, under the policies in force. Done in order the commands work.

import { deferredProbes } from "../../kernel/base/probing.ts";
import { findDevice } from "../../kernel/base/device.ts";
import { daxRegionTypeName } from "../../kernel/dax/types.ts";
import { cxlBus, cxlState, decoderOf, memdevOf, portOf } from "../../kernel/cxl/types.ts";
import type { Advice, DaxExplanation, Explanation, Holding } from "../../scenario/explanation.ts";
import type { Scene } from "./scene.ts";
import { sizeText } from "./scene.ts";

export type Findings = Pick<Explanation, "ranges" | "capacity" | "regions" | "dax" | "ledgers" | "breadcrumbs">;

const once = (lines: readonly string[]): string[] => [...new Set(lines)];
const tell = (text: string, commands: readonly string[] = [], isOptional = false): Advice => ({ text, commands, isOptional });

/** Members that firmware wanted and that are not there. */
function members({ regions }: Findings): Advice[] {
  return regions.filter(({ madeBy, state }) => madeBy === "firmware" && state !== "complete").flatMap(({ members: all }) => all.filter(({ memdev, state }) => memdev === "" && state !== "joined").map(({ port, text }) => tell(`Look after ${port}: ${text}.`)));
}

/** The window that an address lies in, as a decoder of the root. */
function windowAt({ kernel }: Scene, address: bigint): string | undefined {
  const { root } = cxlState(kernel);
  return root === null ? undefined : portOf(root).decoders.find((device) => decoderOf(device).start <= address && address < decoderOf(device).start + decoderOf(device).size)?.name;
}

const isThere = ({ kernel }: Scene, memdev: string): boolean => memdev !== "" && findDevice(kernel, cxlBus, memdev)?.driver !== null;

/** What a card can give a region. */
function kindOf({ kernel }: Scene, memdev: string): string {
  const device = findDevice(kernel, cxlBus, memdev);
  return device !== undefined && memdevOf(device).state.capacity.ram === 0n ? "pmem" : "ram";
}

/** Memory that nobody has, and cards of firmware's region that are there: a region by hand, of all of them or of one. */
function again(scene: Scene, { regions, capacity, ledgers }: Findings): Advice[] {
  // A port's decoder that stays committed is in the way, and so is a card that was reset until it is bound anew.
  if (ledgers.some(({ isStuck, commands }) => isStuck && (commands.length === 0 || commands.some((line) => line.endsWith("/reset"))))) return [];
  const unused = capacity.promises.flatMap(({ parts }) => parts.filter(({ state }) => state === "nobody"));
  return regions.filter(({ madeBy, state }) => madeBy === "firmware" && state !== "complete").flatMap((region) => {
    const window = windowAt(scene, BigInt(region.start));
    const isUnused = unused.some(({ start, end }) => BigInt(start) <= BigInt(region.end) && BigInt(region.start) <= BigInt(end));
    const there = region.members.map(({ memdev }) => memdev).filter((memdev) => isThere(scene, memdev));
    if (window === undefined || !isUnused || there.length === 0) return [];
    const isWhole = there.length === region.ways;
    const share = BigInt(region.bytes) / BigInt(region.ways);
    const command = `cxl create-region -d ${window} -t ${kindOf(scene, there[0] ?? "")} -w ${isWhole ? region.ways : 1} -s ${(isWhole ? BigInt(region.bytes) : share) >> 20n}M -m ${(isWhole ? there : there.slice(0, 1)).join(" ")}`;
    return [tell(`Make a region of ${isWhole ? "the cards that are there" : "a card that is there"}, as part of what firmware had.`, [command])];
  });
}

const offline = ({ capacity }: Findings): Advice[] => once(capacity.promises.flatMap(({ parts }) => parts.filter(({ state }) => state === "offline").map(({ device }) => device))).map((device) => tell("Put its memory online.", [`daxctl online-memory ${device}`]));

/** A region that is complete and has no driver, or whose dax region has none. */
function idleRegions(scene: Scene, { regions, dax }: Findings): Advice[] {
  return regions.flatMap(({ name, state, driver, start, end }) => {
    if (name === "" || state !== "complete") return [];
    if (driver === "") return [tell(`${name} is complete and without a driver.`, [`cxl enable-region ${name}`])];
    const bridge = findDevice(scene.kernel, cxlBus, `dax_${name}`);
    if (bridge === undefined || bridge.type.name !== daxRegionTypeName || bridge.driver !== null) return [];
    if (deferredProbes(scene.kernel).includes(bridge.id)) return [tell(`${bridge.name} waits for ever: no bind helps, only a kernel that decides otherwise (own: ${scene.policies.own}).`)];
    if (dax.some((one) => one.driver !== "" && BigInt(one.start) <= BigInt(end) && BigInt(start) <= BigInt(one.end))) return [];
    return [tell(`The range is ${name}'s as soon as nothing else has it.`, [`echo ${bridge.name} > /sys/bus/cxl/drivers/cxl_dax_region/bind`])];
  });
}

const unbindOf = (parent: string): string => `echo ${parent} > /sys/bus/platform/drivers/hmem/unbind`;
const hmemOnes = ({ dax }: Findings): DaxExplanation[] => dax.filter(({ owner }) => owner === "hmem");

/** hmem's devices that nobody can use only stand in the way. */
const useless = (findings: Findings): Advice[] => hmemOnes(findings).filter(({ driver }) => driver === "").map(({ name, parent }) => tell(`${name} is of no use to anybody: take it out of the way.`, [unbindOf(parent)]));

const endOf = (name: string, parent: string, driver: string): string[] => [...(driver === "kmem" ? [`daxctl offline-memory ${name}`] : []), unbindOf(parent)];
/** Bytes of a dax device behind which no card answers. */
const silentBytes = ({ capacity }: Findings, name: string): bigint => capacity.promises.flatMap(({ parts }) => parts).reduce((sum, { device, bytesUnanswered }) => (device === name ? sum + BigInt(bytesUnanswered) : sum), 0n);

/** Those in use can be given back to CXL; where no card answers behind a part, that is said before the offer. */
const givenBack = (findings: Findings): Advice[] => hmemOnes(findings).filter(({ driver }) => driver !== "").map(({ name, parent, driver }) =>
  silentBytes(findings, name) > 0n
    ? tell(`${name} is in use as plain dax, and behind ${sizeText(silentBytes(findings, name))} of it no card answers: what is kept there is lost. End that use, then look here again.`, endOf(name, parent, driver), true)
    : tell(`${name} is in use as plain dax. To have the range for CXL again, end that use first; then look here again.`, endOf(name, parent, driver), true));

const ledgerWords = { HPA: "the addresses", DPA: "the device memory", decoder: "the decode" } as const;
const wordsOf = (all: readonly Holding[]): string => all.map(({ ledger, holder }) => `${ledgerWords[ledger]} of ${holder}`).join(", ");

/** Regions that advice brings back to life: nothing of theirs is to be freed. */
const regionsIn = (advice: readonly Advice[]): string[] => advice.flatMap(({ commands }) => commands.flatMap((line) => /(region\d+)(?: |$)/.exec(line)?.[1] ?? []));

/** Everything stuck that commands free is one piece of work, in the order of the ledgers; the rest by what it would take. */
function stuck({ ledgers }: Findings, revived: readonly Advice[]): Advice[] {
  const isRevived = ({ commands }: Holding): boolean => regionsIn(revived).some((name) => commands.includes(`cxl destroy-region -f ${name}`));
  const all = ledgers.filter((one) => one.isStuck && !isRevived(one));
  const freed = all.filter(({ commands }) => commands.length > 0);
  const notes = once(freed.map(({ remedy }) => remedy).filter((remedy) => remedy !== "" && !remedy.startsWith("frees")));
  const rest = once(all.filter(({ commands }) => commands.length === 0).map(({ remedy }) => remedy));
  return [
    ...(freed.length === 0 ? [] : [tell(`Free what nothing that works uses: ${wordsOf(freed)}${notes.length === 0 ? "" : ` (${notes.join("; ")})`}.`, once(freed.flatMap(({ commands }) => commands)))]),
    ...rest.map((remedy) => tell(`As to ${wordsOf(all.filter((one) => one.commands.length === 0 && one.remedy === remedy))}: ${remedy}.`)),
  ];
}

export function adviceFor(scene: Scene, findings: Findings): Advice[] {
  const pending = findings.ranges.some(({ reason }) => reason === "pending") ? [tell("Wait for the decision over Soft Reserved.")] : [];
  const revived = idleRegions(scene, findings);
  return [...pending, ...members(findings), ...offline(findings), ...useless(findings), ...revived, ...stuck(findings, revived), ...again(scene, findings), ...givenBack(findings)];
}
