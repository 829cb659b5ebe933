// One moment of a case: what was seen then, value by value, and the same seen here.

import type { CommandResult } from "../../../src/userland/output.ts";
import type { Entry } from "../capture.ts";
import { bigOf, numberOf, readDecoders, textOf } from "../capture.ts";
import { decoderOffsets } from "../decoder-values.ts";
import type { LinuxCase, Moment } from "./case.ts";
import type { Facts } from "./facts.ts";
import { attributeFacts, iomemFacts, listingFacts, parseJson } from "./facts.ts";
import type { Host } from "./host.ts";
import { attributesText, decoderRegister } from "./host.ts";
import type { Names } from "./names.ts";
import { lasting, nameless, namesIn } from "./names.ts";
import { linuxRules } from "./rules.ts";

export interface LinuxDifference {
  readonly moment: string;
  readonly place: string;
  readonly theirs: string | undefined;
  readonly ours: string | undefined;
}

/** What one moment, or one command, came to. */
export interface MomentResult {
  readonly name: string;
  entries: number;
  equal: number;
  explained: number;
  readonly different: LinuxDifference[];
}

/** A kernel of ours beside a captured one. */
export interface Run {
  readonly linux: LinuxCase;
  readonly partNamed: (name: string) => string;
  readonly moments: MomentResult[];
  readonly used: Map<string, number>;
  readonly notes: Set<string>;
  host: Host;
  theirNames: Names;
  ourNames: Names;
  /** Something was done from outside, and no list since has shown poison. */
  isPoisonAwaited: boolean;
}

export const canonical = (names: Names, facts: Facts): Facts => new Map([...facts].map(([place, value]) => [lasting(names, place), lasting(names, value)]));

export const withoutNames = (facts: Facts): Facts => new Map([...facts].map(([place, value]) => [nameless(place), nameless(value)]));

/** Holds two sets of facts against each other. */
export function compareFacts(result: MomentResult, used: Map<string, number>, theirs: Facts, ours: Facts): void {
  for (const place of new Set([...theirs.keys(), ...ours.keys()])) {
    const [their, our] = [theirs.get(place), ours.get(place)];
    result.entries++;
    if (their === our) {
      result.equal++;
      continue;
    }
    const rule = linuxRules.find((one) => one.place.test(place) && one.holds(their, our));
    if (rule === undefined) result.different.push({ moment: result.name, place, theirs: their, ours: our });
    else {
      result.explained++;
      used.set(rule.id, (used.get(rule.id) ?? 0) + 1);
    }
  }
}

export const newResult = (name: string): MomentResult => ({ name, entries: 0, equal: 0, explained: 0, different: [] });

const allObjects = "cxl list -BDMPERTXi";
/** How each listing of a moment was made. */
const listings: readonly (readonly [kind: "cxl-vvv.json" | "cxl-all.json" | "cxl.json" | "daxctl.json", command: string])[] = [
  ["cxl-vvv.json", "cxl list -vvv"], ["cxl-all.json", allObjects], ["cxl.json", "cxl list -BDMPERT"], ["daxctl.json", "daxctl list -DRMi"],
];

export const namesOfMoment = (moment: Moment, before: Names): Names =>
  (["cxl-all.json", "cxl-vvv.json", "cxl.json"] as const).reduce((names, kind) => {
    const text = moment.files.get(kind);
    return text === undefined || text.trim() === "" ? names : namesIn(parseJson(`${moment.file}.${kind}`, text), names);
  }, before);

const withoutMessages = ({ stdout }: CommandResult): string => stdout;
/** Names of our devices as they are now. */
export const renew = (run: Run): void => void (run.ourNames = namesIn(parseJson(allObjects, run.host.command(allObjects).stdout), run.ourNames));

const hex = (value: bigint | number, digits: number): string => `0x${value.toString(16).padStart(digits, "0")}`;

function decoderFacts(run: Run, entries: readonly Entry[]): { readonly theirs: Facts; readonly ours: Facts } {
  const [theirs, ours] = [new Map<string, string>(), new Map<string, string>()];
  for (const { value } of entries) {
    const component = textOf(value["fn"]);
    const index = value["decoder"] === undefined ? undefined : numberOf(value["decoder"]);
    const read = (offset: number): number | undefined => decoderRegister(run.host, run.partNamed(component), index, offset);
    const add = (what: string, their: bigint, low: number | undefined, high: number | undefined): void => {
      const place = `registers ${component}${index === undefined ? "" : ` decoder ${index}`} ${what}`;
      theirs.set(place, hex(their, 8));
      if (low !== undefined) ours.set(place, hex(BigInt(low) | (BigInt(high ?? 0) << 32n), 8));
    };
    if (index === undefined) add("global control", bigOf(value["global"]), read(0), 0);
    else {
      for (const key of ["base", "size", "targets"] as const) add(key, bigOf(value[key]), read(decoderOffsets[key]), read(decoderOffsets[key] + 4));
      add("control", bigOf(value["control"]), read(decoderOffsets.control), 0);
    }
  }
  return { theirs, ours };
}

/** Holds a moment against ours as it is now. @throws CaptureError a file is broken */
export function compareMoment(run: Run, moment: Moment): MomentResult {
  const result = newResult(moment.name);
  run.theirNames = namesOfMoment(moment, run.theirNames);
  renew(run);
  const compare = (theirs: Facts, ours: Facts): void => compareFacts(result, run.used, canonical(run.theirNames, theirs), canonical(run.ourNames, ours));
  for (const [kind, command] of listings) {
    const text = moment.files.get(kind);
    if (text !== undefined) compare(listingFacts(`${moment.file}.${kind}`, kind, text), listingFacts(command, kind, withoutMessages(run.host.command(command))));
  }
  const [iomem, attributes, decoders] = (["iomem", "attrs.txt", "hdm-regs.txt"] as const).map((kind) => moment.files.get(kind));
  if (iomem !== undefined) compare(iomemFacts(iomem), iomemFacts(run.host.files.read("/proc/iomem")));
  if (attributes !== undefined) compare(attributeFacts(attributes), attributeFacts(attributesText(run.host)));
  if (decoders !== undefined) {
    const { theirs, ours } = decoderFacts(run, readDecoders(`${moment.file}.hdm-regs.txt`, decoders, run.linux.commandLine).entries);
    compareFacts(result, run.used, theirs, ours);
  }
  return result;
}
