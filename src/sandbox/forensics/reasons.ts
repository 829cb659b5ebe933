// Why a Soft Reserved range is whose it is: the inputs of the recorded decision, told in sentences; a missing member, a check that refused, a device that was slow and a
// policy each read differently (seeds S8, S31, S36, S46-S66).

import { isDecisionPending, regionsNow, touchesWindow } from "../../kernel/dax/decision.ts";
import type { OwnershipRecord } from "../../kernel/dax/decision.ts";
import type { RegionView } from "../../kernel/dax/ownership.ts";
import { isLoaded } from "../../kernel/modules.ts";
import type { RegionEvent } from "../../kernel/cxl/region-history.ts";
import { regionHistory } from "../../kernel/cxl/region-history.ts";
import type { Range } from "../../kernel/resource/resource.ts";
import { contains, createResource, overlaps, resourceSize } from "../../kernel/resource/resource.ts";
import type { MemberExplanation, ReasonKind } from "../../scenario/explanation.ts";
import { timeText } from "../../scenario/time-text.ts";
import { membersOf } from "./regions.ts";
import type { Scene } from "./scene.ts";
import { bytesOf, hex, meet, rangeOf, sizeText } from "./scene.ts";

export interface Reason {
  readonly kind: ReasonKind;
  readonly why: readonly string[];
  /** Texts whose log lines decided it. */
  readonly traces: readonly string[];
}

const showRange = ({ start, end }: Range): string => `${hex(start)}-${hex(end)}`;
const sameRange = (a: Range, b: Range): boolean => a.start === b.start && a.end === b.end;
const nameOf = ({ port, memdev }: MemberExplanation): string => (memdev === "" ? port : `${port} (${memdev})`);

/** Events of the region of one range. */
const eventsOf = ({ kernel }: Scene, range: Range): readonly RegionEvent[] => regionHistory(kernel).filter((event) => sameRange(event, range));

/** Members of the region that was there last: those that came since it was made. */
const arrivedBy = (before: readonly RegionEvent[]): RegionEvent[] => before.slice(Math.max(0, before.findLastIndex(({ kind }) => kind === "constructed"))).filter(({ kind }) => kind === "staged");

const membersText = (members: readonly MemberExplanation[]): string[] => members.filter(({ state }) => state !== "joined").map((member) => `${nameOf(member)}: ${member.text}.`);

interface Failure {
  readonly kind: ReasonKind;
  readonly why: readonly string[];
  readonly traces: readonly string[];
}

/** What was judged, and when: at the decision, or, where nobody asked for one, now. */
interface Judged {
  readonly record: Pick<OwnershipRecord, "at" | "input" | "verdict">;
  readonly when: string;
}

/** Why no complete region was there over addresses that firmware had programmed as one. */
function failureOf(scene: Scene, range: Range, { record, when }: Judged): Failure {
  const planned = scene.firmware.regions.find((region) => sameRange(rangeOf(region), range));
  const members = planned === undefined ? [] : membersOf(scene, planned);
  const events = eventsOf(scene, range);
  const before = events.filter(({ at }) => at <= record.at);
  const constructed = before.findLast(({ kind }) => kind === "constructed");
  const name = constructed?.region ?? "";
  const ways = planned?.targets.length ?? 0;
  const came = arrivedBy(before);
  const arrived = came.length;
  const assembled = events.find(({ kind, at }) => kind === "assembled" && at > record.at);
  const refused = before.findLast(({ kind }) => kind === "refused");
  const givenUp = before.filter(({ kind }) => kind === "failed").map((event) => `${event.region} was given up at ${timeText(event.at)} (asm: ${scene.policies.asm}): ${event.why}.`);
  const gone = record.input.regions.some((region) => sameRange(region, range)) || constructed === undefined ? [] : [`${name} was gone by then.`];
  const removed = [...givenUp, ...gone];
  const traces = [...(name === "" ? [] : [`to ${name}:`, `cxl ${name}: `, `region ${name}: assembly failed`, `__construct_region ${name} `]), ...members.filter(({ memdev }) => memdev !== "").map(({ memdev }) => `cxl_mem ${memdev}: probe`), "failed to find"];
  const late = members.filter(({ serial }) => !came.some((event) => hex(event.serial) === serial));
  const head = constructed === undefined ? `No region was there at ${showRange(range)} ${when}` : `${name} had ${arrived} of ${ways} members ${when}`;
  if (assembled !== undefined || members.some(({ state }) => state === "slow")) {
    const completion = assembled === undefined ? [] : [`It was complete at ${timeText(assembled.at)}, ${timeText(assembled.at - record.at)} after the decision: too late.`];
    return { kind: "slow-device", why: [`${head}: a device was slow.`, ...membersText(late), ...completion, ...removed], traces };
  }
  if (refused !== undefined && arrived === ways) return { kind: "refused-check", why: [`${name} had all ${ways} members ${when}, and the kernel refused to put it together: ${refused.why}.`, "Hardware may well decode these addresses as firmware meant them.", ...removed], traces };
  const unplaced = before.find(({ kind }) => kind === "unplaced");
  if (constructed === undefined && unplaced !== undefined) return { kind: "unplaced", why: [`${head}: the kernel made none of ${unplaced.decoder}: ${unplaced.why}.`], traces: [...traces, unplaced.decoder] };
  if (refused !== undefined) return { kind: "refused-check", why: [`${head}; ${refused.decoder} was refused: ${refused.why}.`, ...membersText(late.filter(({ state }) => state !== "refused")), ...removed], traces };
  return { kind: "missing-member", why: [`${head}: ${arrived === ways ? "it was not whole" : "a member is missing"}.`, ...membersText(late), ...removed], traces };
}

/** Committed regions touch the range and none holds all of it (S52-S54). */
function geometry(range: Range, committed: readonly RegionView[]): Reason {
  const held = bytesOf(committed.flatMap((region) => meet(range, region)));
  const names = committed.map((region) => `${region.name} (${showRange(region)})`).join(" and ");
  const verb = committed.length === 1 ? "is" : "are";
  return { kind: "geometry", why: [`${names} ${verb} complete and hold${committed.length === 1 ? "s" : ""} ${sizeText(held)} of the ${sizeText(resourceSize(range))} of the range: no single region holds all of it.`], traces: committed.flatMap(({ name }) => [`__construct_region ${name} `]) };
}

/** One complete region holds the range. It has it, or lost it for a failure elsewhere. */
function claimed({ record, when }: Judged, range: Range, region: RegionView): Reason {
  const { verdict, input } = record;
  const own = verdict.ranges.find((one) => overlaps(one.range, range));
  const why = [`${region.name} (${showRange(region)}) was complete ${when} and holds all of the range.`];
  const traces = [`__construct_region ${region.name} `];
  if (own === undefined || own.owner === "cxl") return { kind: "claimed", why, traces };
  const unclaimed = input.ranges.filter((one) => !input.regions.some((other) => other.isCommitted && contains(other, one)));
  const causes = input.troubles.length > 0 ? input.troubles : unclaimed.map((one) => `${showRange(one)} was not claimed by any region`);
  return { kind: "elsewhere", why: [...why, `It lost it for a failure elsewhere: ${causes.slice(0, 3).join("; ")}.`], traces: [...traces, "CXL is not to be trusted"] };
}

function whileDecided(scene: Scene, range: Range, judged: Judged): Reason {
  const { record, when } = judged;
  const over = record.input.regions.filter((region) => overlaps(region, range));
  const committed = over.filter(({ isCommitted }) => isCommitted);
  const holder = committed.find((region) => contains(region, range));
  if (holder !== undefined) return claimed(judged, range, holder);
  if (committed.length > 0) return geometry(range, committed);
  const planned = scene.firmware.regions.map(rangeOf).filter((region) => overlaps(region, range));
  const known = [...over, ...planned.filter((region) => !over.some((other) => sameRange(other, region)))];
  if (known.length > 0) {
    const failures = known.map((region) => failureOf(scene, region, judged));
    return { kind: failures[0]?.kind ?? "undecoded", why: failures.flatMap(({ why }) => why), traces: failures.flatMap(({ traces }) => traces) };
  }
  const unplaced = regionHistory(scene.kernel).filter((event) => event.kind === "unplaced" && overlaps(event, range));
  if (unplaced.length > 0) return { kind: "unplaced", why: unplaced.map((event) => `The kernel made no region of ${event.decoder}, which decodes ${showRange(event)}: ${event.why}.`), traces: unplaced.map(({ decoder }) => decoder) };
  return { kind: "undecoded", why: [`Firmware programmed no region over it, and none was there ${when}.`], traces: [] };
}

export function reasonFor(scene: Scene, range: Range, record: OwnershipRecord | null): Reason {
  const { kernel, policies } = scene;
  if (!isLoaded(kernel, "dax_hmem")) return { kind: "no-consumer", why: ["Module dax_hmem is not loaded: nobody takes Soft Reserved memory that CXL does not."], traces: [] };
  const resource = createResource("", range.start, resourceSize(range));
  if (!touchesWindow(kernel, resource) && record?.input.ranges.some((one) => overlaps(one, range)) !== true) return { kind: "outside-windows", why: ["It touches no CXL window: hmem took it at once, no decision was needed."], traces: [] };
  if (record !== null) return whileDecided(scene, range, { record, when: "at the decision" });
  if (isDecisionPending(kernel)) return { kind: "pending", why: [`Nothing is decided yet: the decision is queued (quiesce: ${policies.quiesce}).`], traces: [] };
  const left = [...(policies.own === "none" ? ["own: none"] : []), ...(policies.sr === "none" ? ["sr: none"] : [])].join(", ");
  const { kind, why, traces } = whileDecided(scene, range, { record: { at: scene.system.hardware.now, input: { ranges: [], regions: regionsNow(kernel), troubles: [], policy: kernel.policy.softReserved }, verdict: { removal: { kind: "nothing" }, ranges: [] } }, when: "now" });
  if (left !== "") return { kind: "left-to-cxl", why: [`It was left to CXL, come what may (${left}).`, ...why], traces };
  return { kind: policies.sr === "trim" && kind !== "claimed" ? "trimmed" : kind, why: ["No decision was asked for.", ...why], traces };
}
