// Who owns each Soft Reserved range, asked of the devices, and why: the reason, the policies that decided, the lines that say so.

import { softReservedEntries, softReservedRanges } from "../../kernel/resource/soft-reserved.ts";
import { busDevices } from "../../kernel/base/device.ts";
import { ownershipRecord, regionsNow, touchesWindow, unlistedRegions, windowLines } from "../../kernel/dax/decision.ts";
import type { OwnershipRecord } from "../../kernel/dax/decision.ts";
import type { Share, Situation, Turn } from "../../kernel/dax/ownership-reasons.ts";
import { sharesOf, sharesText, turnsOf } from "../../kernel/dax/ownership-reasons.ts";
import type { OwnershipPolicies } from "../../kernel/dax/ownership.ts";
import { daxBus, daxDeviceOf } from "../../kernel/dax/types.ts";
import type { Range } from "../../kernel/resource/resource.ts";
import { createResource, formatRange, overlaps, resourceSize, subtract } from "../../kernel/resource/resource.ts";
import { troubles } from "../../kernel/cxl/trouble.ts";
import type { RegionEvent } from "../../kernel/cxl/region-history.ts";
import { regionHistory } from "../../kernel/cxl/region-history.ts";
import type { DecidingPolicies, Evidence, OwnerShare, RangeExplanation } from "../../scenario/explanation.ts";
import type { PolicyName } from "../../scenario/policies.ts";
import { ownerOf, parentOf } from "./capacity.ts";
import { unanswered, unreached } from "./answers.ts";
import type { Part } from "./capacity.ts";
import { isDelivered, partsIn, partsOf } from "./capacity.ts";
import type { Reason } from "./reasons.ts";
import { reasonFor } from "./reasons.ts";
import { whyUnbound } from "./regions.ts";
import type { Scene } from "./scene.ts";
import { linesWith, rangeOf, sizeText, spanOf } from "./scene.ts";

/** The kernel's names of policies in those of the table. */
const policyNames: Readonly<Record<keyof OwnershipPolicies, PolicyName>> = { owner: "own", split: "sr", leftover: "leftover", blast: "blast", failover: "failover" };
const valueText = (value: string | boolean): string => (typeof value === "string" ? value : value ? "on" : "off");

type Values = Partial<Record<PolicyName, string>>;

/** `hmem has all of it`, or part by part. */
function outcomeText(shares: readonly Share[]): string {
  const word = { cxl: "CXL has", hmem: "hmem has", nobody: "nobody has" } as const;
  const total = shares.reduce((sum, share) => sum + resourceSize(share), 0n);
  return shares.map((share) => `${word[share.owner]} ${resourceSize(share) === total ? "all of it" : sizeText(resourceSize(share))}`).join(", ");
}

function namedTurn(scene: Scene, { values, shares }: Turn): DecidingPolicies {
  const otherwise: Values = {};
  const now: Values = {};
  for (const [name, value] of Object.entries(values) as [keyof OwnershipPolicies, string | boolean][]) {
    otherwise[policyNames[name]] = valueText(value);
    now[policyNames[name]] = scene.policies[policyNames[name]];
  }
  return { values: now, otherwise, outcome: outcomeText(shares) };
}

const regionEvents = ({ kernel }: Scene, kind: RegionEvent["kind"]): RegionEvent[] => regionHistory(kernel).filter((event) => event.kind === kind);

/** What there was to decide over; where nothing was asked, what there is now. */
function situationOf(scene: Scene, record: OwnershipRecord | null): Situation {
  const { kernel } = scene;
  const at = record?.at ?? Number.MAX_SAFE_INTEGER;
  const entries = softReservedEntries(kernel).filter(({ start, end }) => touchesWindow(kernel, createResource("", start, end - start + 1n)));
  const made = regionEvents(scene, "constructed").filter((event) => event.at <= at);
  const later = regionEvents(scene, "assembled").filter((event) => event.at > at).map((event) => ({ name: event.region, start: event.start, end: event.end, isCommitted: true }));
  const facts = { entries, later, isExclusive: kernel.policy.isDaxExclusive, isBarrier: kernel.policy.softReserved.decision.kind === "barrier" };
  if (record !== null) return { ...facts, input: record.input, made: [...made, ...record.input.regions], unlisted: record.unlisted, windows: record.windows };
  const { owner, split, leftover, blast, failover } = kernel.policy.softReserved;
  const regions = regionsNow(kernel);
  const isCut = split === "trim";
  const ranges = entries.flatMap((entry) => (isCut ? subtract(entry, [...made, ...regions]) : [entry])).map((range) => ({ ...range, isRemainder: isCut }));
  return { ...facts, input: { ranges, regions, troubles: troubles(kernel), policy: { owner, split, leftover, blast, failover } }, made: [...made, ...regions], unlisted: unlistedRegions(kernel), windows: windowLines(kernel) };
}

/** Policies outside the decision itself: when it fell, and whether a region that failed holds addresses. */
function momentTurns(scene: Scene, range: Range, { kind }: Reason, situation: Situation): DecidingPolicies[] {
  const { input } = situation;
  const turns: DecidingPolicies[] = [];
  const before = sharesText(sharesOf(situation, range));
  const add = (name: PolicyName, value: string, shares: readonly Share[]): void => {
    if (sharesText(shares) !== before) turns.push({ values: { [name]: scene.policies[name] }, otherwise: { [name]: value }, outcome: outcomeText(shares) });
  };
  if (kind === "slow-device" && scene.policies.quiesce !== "barrier") {
    const regions = [...input.regions.filter((region) => !situation.later.some((one) => overlaps(one, region))), ...situation.later];
    add("quiesce", "barrier", sharesOf({ ...situation, later: [] }, range, { ...input, regions, troubles: [] }));
  }
  if (scene.policies.hpahold === "at-construct") add("hpahold", "after-assembly", sharesOf({ ...situation, unlisted: input.regions.filter(({ isCommitted }) => !isCommitted).map(({ name }) => name) }, range));
  return turns;
}

function policiesFor(scene: Scene, range: Range, reason: Reason, record: OwnershipRecord | null): DecidingPolicies[] {
  if (["outside-windows", "no-consumer", "pending"].includes(reason.kind)) return [];
  const situation = situationOf(scene, record);
  const turns = [...momentTurns(scene, range, reason, situation), ...turnsOf(situation, range).map((turn) => namedTurn(scene, turn))];
  const smallest = Math.min(...turns.map(({ values }) => Object.keys(values).length));
  return turns.filter(({ values }) => Object.keys(values).length === smallest);
}

/** Who can use each part now. */
function sharesNow(range: Range, parts: readonly Part[]): OwnerShare[] {
  const usable = partsIn(range, parts).map((part) => (part.state === "no-driver" ? { ...part, owner: "nobody" as const, device: "" } : part));
  const joined: Part[] = [];
  for (const part of usable) {
    const last = joined.at(-1);
    if (last !== undefined && last.owner === part.owner && last.device === part.device) joined.splice(-1, 1, { ...last, end: part.end });
    else joined.push(part);
  }
  return joined.map((part) => ({ ...spanOf(part), owner: part.owner, device: part.device }));
}

/** Dax devices over the range that cannot be used, with the log's last word on each. */
function unusable(scene: Scene, range: Range): string[] {
  return busDevices(scene.kernel, daxBus).filter((device) => device.driver === null && daxDeviceOf(device).ranges.some(({ start, size }) => overlaps({ start, end: start + size - 1n }, range)))
    .map((device) => `${device.name} of ${ownerOf(device) === "hmem" ? "hmem" : (parentOf(device)?.name ?? "CXL")} is over it and has no driver: ${whyUnbound(scene, device)}.`);
}

/** Who has memory is one question, whether a card is behind it another. */
function silent(scene: Scene, range: Range, parts: readonly Part[]): string[] {
  return partsIn(range, parts).filter(isDelivered).flatMap((part) => {
    const bytes = unanswered(scene, part);
    return bytes === 0n ? [] : [`Beware: behind ${bytes === resourceSize(part) ? "all" : sizeText(bytes)} of the ${sizeText(resourceSize(part))} of ${part.device} no card answers: accesses there fail.`];
  });
}

/** Decoders on the way that send one card's share to another (an interleave programmed wrong). */
function astray(scene: Scene, range: Range, parts: readonly Part[]): string[] {
  return scene.firmware.regions.filter((region) => partsIn(range, parts).some((part) => isDelivered(part) && overlaps(part, rangeOf(region)) && unanswered(scene, part) === 0n)).flatMap((region) => {
    const ports = unreached(scene, region);
    return ports.length === 0 ? [] : [`Beware: no address leads to ${ports.join(", ")}: their share lands on other cards, where two addresses are one byte.`];
  });
}

/** What was to come of it, when that is not what there is. */
function sinceThen(scene: Scene, range: Range, record: OwnershipRecord | null, shares: readonly OwnerShare[]): string[] {
  if (record === null) return [];
  const meant = sharesOf(situationOf(scene, record), range);
  const now = shares.map(({ owner, start, end }) => ({ owner, start: BigInt(start), end: BigInt(end) }));
  const bytes = (list: readonly Share[], owner: string): bigint => list.reduce((sum, share) => (share.owner === owner ? sum + resourceSize(share) : sum), 0n);
  if ((["cxl", "hmem", "nobody"] as const).every((owner) => bytes(meant, owner) === bytes(now, owner))) return [];
  return [`By the decision: ${outcomeText(meant)}. What there is now came later.`];
}

function ownerName(shares: readonly OwnerShare[], record: OwnershipRecord | null, range: Range): RangeExplanation["owner"] {
  const owners = new Set(shares.map(({ owner }) => owner));
  if (owners.size > 1) return "split";
  const [owner = "nobody"] = owners;
  const verdicts = record?.verdict.ranges.filter((one) => overlaps(one.range, range)) ?? [];
  return owner === "nobody" && verdicts.length > 0 && verdicts.every((one) => one.owner === "nobody") ? "wasted" : owner;
}

/** What was said of the range and of its region, in order. */
function evidenceFor(scene: Scene, range: Range, record: OwnershipRecord | null, { traces }: Reason): Evidence[] {
  const pieces = record?.verdict.ranges.filter((one) => overlaps(one.range, range)).flatMap((one) => [one.range, ...one.pieces]) ?? [];
  const texts = [range, ...pieces].map(({ start, end }) => `: ${formatRange(start, end).slice(0, -1)}`);
  const said = [...linesWith(scene, traces, 6, true), ...linesWith(scene, traces, 3, false, record?.at), ...linesWith(scene, texts, 6)];
  return said.filter((line, index) => said.findIndex((other) => other.atNs === line.atNs && other.text === line.text) === index).toSorted((a, b) => a.atNs - b.atNs || (a.record ?? 0) - (b.record ?? 0));
}

/** Under `trim` a region takes its part of a range out as soon as it is made. */
function trimmed(scene: Scene, range: Range, record: OwnershipRecord | null): string[] {
  if (scene.policies.sr !== "trim") return [];
  const gone = subtract(range, record === null ? softReservedRanges(scene.kernel) : record.input.ranges);
  return gone.map((part) => `${sizeText(resourceSize(part))} at 0x${part.start.toString(16)} had been cut out of it when a region was made there (sr: trim): nobody was asked about that.`);
}

export function rangesNow(scene: Scene): RangeExplanation[] {
  const record = ownershipRecord(scene.kernel);
  const parts = partsOf(scene);
  return softReservedEntries(scene.kernel).toSorted((a, b) => (a.start < b.start ? -1 : 1)).map((range): RangeExplanation => {
    const reason = reasonFor(scene, range, record);
    const shares = sharesNow(range, parts);
    return {
      ...spanOf(range), owner: ownerName(shares, record, range), shares, reason: reason.kind,
      why: [...reason.why, ...trimmed(scene, range, record), ...unusable(scene, range), ...silent(scene, range, parts), ...astray(scene, range, parts), ...sinceThen(scene, range, record, shares)],
      policies: policiesFor(scene, range, reason, record), evidence: evidenceFor(scene, range, record, reason),
    };
  });
}
