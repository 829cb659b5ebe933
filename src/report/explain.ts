// An explanation as a person reads it: ranges and reasons first, then capacity, regions, dax devices, ledgers, breadcrumbs, what to do next. At most 120 columns.

import type { Capacity, CapacityChange, DecidingPolicies, Explanation, Holding, RangeExplanation, RegionExplanation } from "../scenario/explanation.ts";
import { timeText } from "../scenario/time-text.ts";
import type { Style } from "./console.ts";
import { plain } from "./console.ts";

const columns = 120;

/** Breaks a text at spaces; lines after the first begin with `indent` spaces more than the first's `at`. */
export function wrap(text: string, at: number, indent: number): string[] {
  const lines: string[] = [];
  let line = " ".repeat(at);
  let isEmpty = true;
  for (const word of text.split(" ")) {
    if (!isEmpty && line.length + 1 + word.length > columns) {
      lines.push(line);
      line = " ".repeat(at + indent);
      isEmpty = true;
    }
    line += isEmpty ? word : ` ${word}`;
    isEmpty = false;
  }
  return [...lines, line];
}

const sizes: readonly (readonly [string, bigint])[] = [["TiB", 1n << 40n], ["GiB", 1n << 30n], ["MiB", 1n << 20n], ["KiB", 1n << 10n]];

function bytes(text: string): string {
  const value = BigInt(text);
  const [name, size] = sizes.find(([, unit]) => value % unit === 0n && value >= unit) ?? ["bytes", 1n];
  return `${value / size} ${name}`;
}

const place = ({ start, end }: { readonly start: string; readonly end: string }): string => `${start}-${end}`;
const owners: Readonly<Record<string, string>> = { cxl: "CXL", hmem: "hmem, as plain dax", nobody: "nobody", wasted: "nobody: wasted by policy", split: "split" };
const assignments = (values: DecidingPolicies["values"]): string => Object.entries(values).map(([name, value]) => `${name}: ${value}`).join(", ");

function policyLines(policies: readonly DecidingPolicies[]): string[] {
  if (policies.length === 0) return wrap("No policy decided here: under any other it would have come to the same.", 4, 2);
  return policies.flatMap(({ values, otherwise, outcome }) => wrap(`Decided by ${assignments(values)}. Under ${assignments(otherwise)}: ${outcome}.`, 4, 2));
}

function evidenceLines({ evidence }: RangeExplanation): string[] {
  return evidence.flatMap(({ atNs, record, text }) => wrap(`${record === null ? "" : `#${record} `}${timeText(atNs)}  ${text}`, 6, 4));
}

function rangeBlock(range: RangeExplanation, style: Style): string[] {
  const colour = range.owner === "cxl" || range.owner === "hmem" ? "green" : range.owner === "split" ? "yellow" : "red";
  const shares = range.shares.length < 2 && range.shares.every(({ device }) => device === "") ? [] : range.shares.flatMap((share) => wrap(`${place(share)}  ${bytes(share.bytes)}  ${owners[share.owner] ?? share.owner}${share.device === "" ? "" : `: ${share.device}`}`, 4, 4));
  return [
    `  ${place(range)}  ${bytes(range.bytes)}  ${style.paint(colour, owners[range.owner] ?? range.owner)}`, ...shares, ...range.why.flatMap((sentence) => wrap(sentence, 4, 2)),
    ...(["outside-windows", "no-consumer", "pending"].includes(range.reason) ? [] : policyLines(range.policies)), ...(range.evidence.length === 0 ? [] : ["    Said by:", ...evidenceLines(range)]), "",
  ];
}

const changeText = ({ atNs, event, bytesDelivered, bytesGap }: CapacityChange): string => `${timeText(atNs)}  ${bytes(bytesDelivered)} delivered, ${bytes(bytesGap)} missing  (${event})`;

const states: Readonly<Record<string, string>> = {
  offline: "memory blocks offline", "no-driver": "a dax device without a driver", alignment: "cut off at memory block boundaries", "dead-port": "below a port that does not answer", nobody: "in no dax device",
};

function capacityBlock(capacity: Capacity, style: Style): string[] {
  const { bytesPromised, bytesDelivered, bytesGap, bytesBeyond, promises, changes, firstSeen, since } = capacity;
  const lost = promises.flatMap((promise) => promise.parts.flatMap((part) => (states[part.state] === undefined ? [] : [`    ${place(part)}  ${bytes(part.bytes)}  ${states[part.state] ?? ""}${part.device === "" ? "" : `: ${part.device}`}`])));
  const when = since === null || firstSeen === null ? [] : wrap(`Who looks finds memory missing from ${timeText(firstSeen.atNs)} on (${firstSeen.event})${since.atNs === firstSeen.atNs ? "." : `; the gap is as it is since ${timeText(since.atNs)} (${since.event}).`}`, 2, 2);
  const healed = since === null && firstSeen !== null ? wrap(`From ${timeText(firstSeen.atNs)} on (${firstSeen.event}) ${bytes(firstSeen.bytesGap)} were missing; they came later.`, 2, 2) : [];
  const summary = `  promised ${bytes(bytesPromised)} = delivered ${bytes(bytesDelivered)} + gap ${bytes(bytesGap)}`;
  return [
    style.paint(bytesGap === "0" ? "green" : "red", summary), ...(bytesBeyond === "0" ? [] : [`  beyond any promise, made by users: ${bytes(bytesBeyond)}`]), ...lost, ...when, ...healed,
    ...(changes.length < 2 ? [] : ["  Over time:", ...changes.flatMap((change) => wrap(changeText(change), 4, 4))]),
  ];
}

function regionBlock(region: RegionExplanation): string[] {
  const state = region.name === "" ? "programmed by firmware, not there" : `made by ${region.madeBy}, ${region.state}, ${region.driver === "" ? "no driver" : `driver ${region.driver}`}`;
  const head = `${region.name === "" ? "(no region)" : region.name}  ${place(region)}  ${bytes(region.bytes)}  ${state}, ${region.arrived} of ${region.ways} members`;
  return [...wrap(head, 2, 4), ...region.members.flatMap(({ port, memdev, serial, state: member, text }) => wrap(`${member.padEnd(8)} ${[port, memdev].filter((one) => one !== "").join(" ")}${serial === "" ? "" : ` (serial ${serial})`}: ${text}`, 4, 4))];
}

const ledgerNames = { HPA: "addresses (HPA)", DPA: "device memory (DPA)", decoder: "decoders" } as const;

function ledgerBlock(ledgers: readonly Holding[], style: Style): string[] {
  return (["HPA", "DPA", "decoder"] as const).flatMap((kind) => {
    const own = ledgers.filter(({ ledger }) => ledger === kind);
    const lines = own.flatMap(({ holder, serial, isStuck, user, remedy, ...span }) => {
      const what = `${holder}${serial === "" ? "" : ` of card ${serial}`}  ${span.bytes === "0" ? "no range on record" : `${place(span)}  ${bytes(span.bytes)}`}`;
      if (!isStuck) return wrap(`${what}  used by ${user}`, 4, 4);
      const [first = "", ...rest] = wrap(`stuck: ${what}, used by nothing that works. Freed by: ${remedy}`, 4, 4);
      return [first.replace("stuck:", style.paint("yellow", "stuck:")), ...rest];
    });
    return [`  ${ledgerNames[kind]}: ${own.length === 0 ? "none held" : `${own.length} held, ${own.filter(({ isStuck }) => isStuck).length} stuck`}`, ...lines];
  });
}

function section(title: string, lines: readonly string[], style: Style): string[] {
  return [style.paint("bold", title), ...lines.slice(0, lines.at(-1) === "" ? -1 : undefined), ""];
}

export function consoleExplanation(told: Explanation, style: Style = plain): string {
  const none = (lines: readonly string[], text: string): readonly string[] => (lines.length === 0 ? [`  ${text}`] : lines);
  const breadcrumbs = told.breadcrumbs.flatMap(({ name, what, listing }) => wrap(`${name}: ${what}; ${listing === null ? "VIOLATION: no listing shows it" : `shown by \`${listing}\``}`, 2, 2));
  const dax = told.dax.flatMap((device) => wrap(`${device.name}  ${place(device)}  ${bytes(device.bytes)}  of ${device.parent === "" ? "nobody" : device.parent}, ${device.driver === "" ? `no driver: ${device.why}` : `driver ${device.driver}`}`, 2, 4));
  return [
    ...wrap(`${told.file}: ${told.name}`, 0, 2), ...wrap(`seed ${told.seed}, at ${timeText(told.atNs)} (${told.moment}); ${told.decision}`, 0, 2), "",
    ...section("Who owns Soft Reserved memory, and why", none(told.ranges.flatMap((range) => rangeBlock(range, style)), "The memory map has no Soft Reserved range. What regions have is theirs:"), style).slice(0, told.ranges.length === 0 ? -1 : undefined),
    ...(told.ranges.length === 0 ? [...none(told.dax.flatMap((device) => wrap(`${device.name} has ${place(device)} as ${device.parent === "" ? "nobody's" : `${device.parent}'s`} memory.`, 2, 2)), "no dax device is there."), ""] : []),
    ...section("Capacity: what firmware promised, and what there is to use", capacityBlock(told.capacity, style), style),
    ...section("Regions", none(told.regions.flatMap(regionBlock), "none"), style),
    ...section("Dax devices", none(dax, "none"), style),
    ...section("Who holds what", ledgerBlock(told.ledgers, style), style),
    ...section("Breadcrumbs: what is there and does nothing", none(breadcrumbs, "none"), style),
    ...section("What an administrator can do next", none(told.advice.flatMap((line) => wrap(`- ${line}`, 2, 2)), "nothing needs doing"), style).slice(0, -1), "",
  ].join("\n");
}
