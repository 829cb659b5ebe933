// Outputs of commands, field by field as registers/commands.ts declares them; lists by what an entry stands for.

import { commands, dynamicCapacityTail } from "../../registers/commands.ts";
import type { CommandName } from "../../registers/commands.ts";
import { eventRecords, recordFields, recordLayout } from "../../registers/events.ts";
import type { EventRecordName } from "../../registers/events.ts";
import type { FeatureDeclaration } from "../../registers/features.ts";
import { deviceLogs, features } from "../../registers/features.ts";
import type { PayloadLayout } from "../../registers/payload-schema.ts";
import { payloadBytes, payloadNumber, uuidText } from "../../src/platform/payload.ts";
import { effectDifferences, effectsOf } from "./command-effects.ts";
import type { Difference } from "./compare.ts";
import type { Named, Outputs } from "./payload-fields.ts";
import { differ, fieldDifferences, longDifference, partsOf } from "./payload-fields.ts";
import { poisonDifferences } from "./poison-compare.ts";

const uuidBytes = 16;
const recordKinds = new Map((Object.keys(eventRecords) as EventRecordName[]).map((kind) => [eventRecords[kind].uuid as string, kind]));

/** Event records, oldest first: each by the layout of its kind. */
function recordDifferences({ place, name, theirs, ours, circumstances }: Outputs, start: number, length: number, count: number): Difference[] {
  return Array.from({ length: count }, (_, index) => start + index * length).flatMap((at) => {
    const kind = recordKinds.get(uuidText(payloadBytes(theirs, recordFields.id, at)));
    return fieldDifferences({ place, structure: kind ?? name, register: "record", circumstances }, kind === undefined ? recordFields : recordLayout(kind).fields, length, theirs, ours, at);
  });
}

/** Entries of a list by their UUID, or by all that they are: which of them both have, and what they say. */
function entryDifferences({ place, name, theirs, ours, circumstances }: Outputs, layout: PayloadLayout, items: NonNullable<PayloadLayout["items"]>): Difference[] {
  const listed = (bytes: Uint8Array): Map<string, number> => new Map(Array.from({ length: Math.max(0, Math.floor((bytes.length - layout.length) / items.length)) }, (_, index) => layout.length + index * items.length).map((at) => [items.length < uuidBytes ? `0x${Array.from(bytes.slice(at, at + items.length), (byte) => byte.toString(16)).join(" 0x")}` : uuidText(bytes.slice(at, at + uuidBytes)), at]));
  const [left, right] = [listed(theirs), listed(ours)];
  const named = (id: string): Named => ({ place: { ...place, text: `${place.text}, ${id}` }, structure: name, register: "item", circumstances });
  return [...new Set([...left.keys(), ...right.keys()])].flatMap((id) => {
    const [there, here] = [left.get(id), right.get(id)];
    if (there === undefined || here === undefined) return [differ(named(id), "listed", there === undefined ? 0 : 1, here === undefined ? 0 : 1)];
    return fieldDifferences(named(id), items.fields, items.length, theirs.subarray(there), ours.subarray(here));
  });
}

/** A part of a feature's readable data. */
function featureDifferences({ place, input, theirs, ours, circumstances }: Outputs): Difference[] {
  const { id, offset } = commands.getFeature.input.fields;
  const uuid = uuidText(payloadBytes(input, id));
  const found = (Object.entries(features) as [string, FeatureDeclaration][]).find(([, feature]) => feature.uuid === uuid);
  const [name, feature] = found ?? ["unknown feature", undefined];
  const start = payloadNumber(input, offset);
  const whole = (bytes: Uint8Array): Uint8Array => Uint8Array.from({ length: start + bytes.length }, (_, at) => (at < start ? 0 : (bytes[at - start] ?? 0)));
  return fieldDifferences({ place, structure: name, register: "readable", circumstances }, feature?.readable.fields ?? {}, start + theirs.length, whole(theirs), whole(ours));
}

const byUuid = new Set<CommandName>(["getSupportedLogs", "getSupportedLogsSubList", "getSupportedFeatures", "mediaOperations"]);
const ofPoison = new Set<CommandName>(["getPoisonList", "getScanResults"]);

/** What the data of a command without items is. */
function dataDifferences(outputs: Outputs): Difference[] {
  const { place, name, input, theirs, ours, circumstances } = outputs;
  if (name === "getFeature") return featureDifferences(outputs);
  const { id, offset } = commands.getLog.input.fields;
  if (name === "getLog" && !circumstances.includes("offset in entries") && uuidText(payloadBytes(input, id)) === deviceLogs.commandEffects.uuid && payloadNumber(input, offset) % 4 === 0) return effectDifferences(place, effectsOf(theirs), effectsOf(ours));
  return longDifference({ place, structure: name, register: "output", circumstances }, "data", theirs, ours);
}

function itemDifferences(outputs: Outputs, layout: PayloadLayout, items: NonNullable<PayloadLayout["items"]>): Difference[] {
  const { place, name, theirs, ours, circumstances } = outputs;
  if (byUuid.has(name)) return entryDifferences(outputs, layout, items);
  const count = Math.max(0, Math.floor((Math.min(theirs.length, ours.length) - layout.length) / items.length));
  if (name === "getEventRecords") return recordDifferences(outputs, layout.length, items.length, count);
  const tail = name === "getDynamicCapacity" && theirs.length === ours.length ? fieldDifferences({ place, structure: name, register: "output", circumstances }, dynamicCapacityTail.fields, dynamicCapacityTail.length, theirs, ours, layout.length + count * items.length) : [];
  return [...tail, ...Array.from({ length: count }, (_, index) => layout.length + index * items.length).flatMap((at) => fieldDifferences({ place, structure: name, register: "item", circumstances }, items.fields, items.length, theirs, ours, at))];
}

/** Two outputs of one command. */
export function outputDifferences(outputs: Outputs): Difference[] {
  const { place, name, theirs, ours, circumstances } = outputs;
  const layout: PayloadLayout = commands[name].output;
  const named: Named = { place, structure: name, register: "output", circumstances };
  if (ofPoison.has(name)) return poisonDifferences(outputs, layout);
  const fixed = fieldDifferences(named, layout.fields, Math.min(layout.length, Math.max(theirs.length, ours.length)), theirs, ours, 0, partsOf[name]);
  // Lists by UUID say for themselves what one of them lacks.
  const length = theirs.length === ours.length || byUuid.has(name) ? [] : [differ(named, "length", theirs.length, ours.length)];
  if (layout.hasData === true) return [...length, ...fixed, ...dataDifferences(outputs)];
  return [...length, ...fixed, ...(layout.items === undefined ? [] : itemDifferences(outputs, layout, layout.items))];
}
