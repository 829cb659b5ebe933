// Features: list, reading by selection, writing whole or in parts (mailbox.md 9).

import { commands } from "../../../registers/commands.ts";
import type { FeatureDeclaration } from "../../../registers/features.ts";
import { features } from "../../../registers/features.ts";
import type { ReturnCode } from "../../../registers/payload-schema.ts";
import { encodeFields, payloadBytes, payloadNumber, uuidFrom, uuidText } from "../../../src/platform/payload.ts";
import { deviates } from "./deviations.ts";
import { KnownBytes } from "./known-bytes.ts";
import type { Reply } from "./reply.ts";
import { either, failure, success } from "./reply.ts";
import type { DeviceState, Handler } from "./state.ts";

const declarations: readonly FeatureDeclaration[] = Object.values(features);
const selections = { current: 0, default: 1, saved: 2 } as const;
const transfers = { full: 0, initiate: 1, continue: 2, finish: 3, abort: 4 } as const;
/** Attribute flags. */
const selectable = { default: 1 << 5, saved: 1 << 6 } as const;
const deepest = 7;
const thresholdBits = 7;
const coldDepth = 4;

function initialOf({ readable, initial }: FeatureDeclaration): Uint8Array {
  const bytes = new Uint8Array(readable.length);
  encodeFields(bytes, readable.fields, initial);
  return bytes;
}

interface Open {
  readonly index: number;
  readonly isSaved: boolean;
  data: Uint8Array;
}

export class FeatureState {
  readonly current = declarations.map(initialOf);
  readonly saved = declarations.map(initialOf);
  open: Open | undefined;
}

const indexOf = (id: Uint8Array): number => declarations.findIndex(({ uuid }) => uuid === uuidText(id));

const getSupported: Handler = ({ choices }, { input, payloadSize }) => {
  const { input: { fields }, output } = commands.getSupportedFeatures;
  const [size, start] = [payloadNumber(input, fields.size), payloadNumber(input, fields.start)];
  const entry = output.items;
  const room = Math.min(size, payloadSize) - output.length;
  const count = Math.max(0, Math.min(declarations.length - start, Math.floor(room / entry.length)));
  const bytes = new Uint8Array(output.length + count * entry.length);
  encodeFields(bytes, output.fields, { count, total: declarations.length });
  for (const [number, { uuid, readable, writable, version, effects }] of declarations.slice(start, start + count).entries()) {
    const index = start + number;
    encodeFields(bytes, entry.fields, { id: uuidFrom(uuid), index, getSize: readable.length, setSize: writable.length, flags: choices.featureFlags[index] ?? 0, getVersion: version, setVersion: version, effects }, output.length + number * entry.length);
  }
  const wrong = [...(start >= declarations.length ? either("subListStart", failure("invalidInput")) : []), ...(room < 0 ? either("featureListSize", failure("invalidInput", "invalidPayloadLength")) : [])];
  return [...wrong, ...success(bytes)];
};

const get: Handler = ({ features: state, choices }, { input }) => {
  const { fields } = commands.getFeature.input;
  const index = indexOf(payloadBytes(input, fields.id));
  const [offset, count, selection] = [payloadNumber(input, fields.offset), payloadNumber(input, fields.count), payloadNumber(input, fields.selection)];
  const declaration = declarations[index];
  const wrong: Reply[] = [];
  const flags = choices.featureFlags[index] ?? 0;
  const isSelectable = selection === selections.current || (selection === selections.default && (flags & selectable.default) !== 0) || (selection === selections.saved && (flags & selectable.saved) !== 0);
  if (declaration === undefined) wrong.push(failure("unsupported"));
  if (selection > selections.saved || (declaration !== undefined && !isSelectable)) wrong.push(failure("unsupportedFeatureSelection"));
  if (declaration !== undefined && offset + count > declaration.readable.length) wrong.push(failure("invalidInput"));
  if (declaration === undefined || wrong.length > 0) return wrong.flat();
  const from = selection === selections.current ? state.current : selection === selections.saved ? state.saved : declarations.map(initialOf);
  const maybe = count === 0 ? either("featureEmpty", failure("invalidInput")) : [];
  return [...maybe, ...success((from[index] ?? new Uint8Array()).slice(offset, offset + count))];
};

/** Readable data after a write: the named fields, with the bits that a write takes. */
function taken({ readable, writable, takes, uuid: declarationUuid }: FeatureDeclaration, current: Uint8Array, data: Uint8Array): Uint8Array {
  const bytes = KnownBytes.from(current);
  for (const [name, { field, mask }] of Object.entries(takes)) {
    const [from, to] = [writable.fields[name], readable.fields[field]];
    if (from === undefined || to === undefined || from[0] + from[1] > data.length) continue;
    bytes.set(to, (payloadNumber(current, to) & ~mask) | (payloadNumber(data, from) & mask));
  }
  const { readable: { fields }, uuid } = features.errorCheckScrub;
  // The threshold in force follows the configured one at once (open question `featureThreshold`).
  if (declarationUuid === uuid) bytes.set(fields.flags, (bytes.bytes[fields.configuration[0]] ?? 0) & thresholdBits);
  return bytes.bytes;
}

function store(state: FeatureState, { index, isSaved, data }: Open): void {
  const declaration = declarations[index];
  if (declaration === undefined) return;
  state.current[index] = taken(declaration, state.current[index] ?? new Uint8Array(), data);
  if (isSaved) state.saved[index] = state.current[index];
  state.open = undefined;
}

const set: Handler = ({ features: state, choices }, { input, length }) => {
  const { fields, length: fixed } = commands.setFeature.input;
  const index = indexOf(payloadBytes(input, fields.id));
  const declaration = declarations[index];
  const flags = payloadNumber(input, fields.flags);
  const [transfer, isSaved] = [flags & 7, (flags & 8) !== 0];
  const [offset, version] = [payloadNumber(input, fields.offset), payloadNumber(input, fields.version)];
  const data = input.slice(fixed, length);
  if (declaration === undefined) return failure("unsupported", ...(transfer > transfers.abort ? ["invalidInput" as const] : []));
  const wrong: Reply[] = [];
  if (transfer > transfers.abort) wrong.push(failure("invalidInput"));
  if (version !== declaration.version) wrong.push(transfer === transfers.abort ? either("featureAbort", failure("unsupportedFeatureVersion")) : failure("unsupportedFeatureVersion"));
  const { open } = state;
  const opens = transfer === transfers.full || transfer === transfers.initiate;
  if (opens && open !== undefined) wrong.push(failure("featureTransferInProgress"));
  const isFollowing = open !== undefined && open.index === index && open.data.length === offset;
  if ((transfer === transfers.continue || transfer === transfers.finish) && !isFollowing) wrong.push(failure("featureTransferOutOfOrder"));
  const maybe: Reply[] = [];
  if (isSaved && ((choices.featureFlags[index] ?? 0) & selectable.saved) === 0) maybe.push(either("featureSaved", failure("invalidInput", "unsupportedFeatureSelection")));
  if (transfer === transfers.abort) {
    if (open === undefined || open.index !== index) return [...wrong.flat(), ...either("featureAbort", failure("featureTransferOutOfOrder", "invalidInput"), success(undefined, () => { state.open = undefined; }))];
    return [...wrong.flat(), ...success(undefined, () => { state.open = undefined; })];
  }
  const whole = (opens ? 0 : (open?.data.length ?? 0)) + data.length;
  const end = offset + data.length;
  const isOdd = data.length === 0 || end > declaration.writable.length || (opens && offset !== 0) || ((transfer === transfers.full || transfer === transfers.finish) && whole !== declaration.writable.length);
  const refused = (...codes: readonly ReturnCode[]): Reply => failure(...codes).map((reply) => ({ ...reply, ...(transfer === transfers.finish && end <= declaration.writable.length ? { commit: () => { state.open = undefined; } } : {}) }));
  if (isOdd) maybe.push(either("featureEmpty", refused("invalidInput", "invalidPayloadLength", "featureTransferOutOfOrder")));
  if (wrong.length > 0) return [...wrong.flat(), ...maybe.flat()];
  maybe.push(either("featureValues", refused("invalidInput")));
  const all = opens ? data : Uint8Array.from([...(open?.data ?? []), ...data]);
  const next: Open = { index, isSaved: isSaved || (!opens && open?.isSaved === true), data: all };
  const isLast = transfer === transfers.full || transfer === transfers.finish;
  return [...maybe.flat(), ...success(undefined, () => { if (isLast) store(state, next); else state.open = next; })];
};

/** What a reset of this depth (1 CXL reset, 2 hot, 3 warm, 4 cold) leaves: saved values of features that survive it. */
export function resetFeatures({ features: state, choices }: DeviceState, depth: number): void {
  state.open = undefined;
  for (const [index, declaration] of declarations.entries()) {
    const survives = ((choices.featureFlags[index] ?? 0) >>> 1) & deepest;
    if (survives < depth && !(depth === coldDepth && deviates("featureCold"))) state.saved[index] = initialOf(declaration);
    // What was not saved does not last (open question `featurePersistence`).
    state.current[index] = state.saved[index] ?? new Uint8Array();
  }
}

export const featureHandlers = { getSupportedFeatures: getSupported, getFeature: get, setFeature: set } as const satisfies Record<string, Handler>;
