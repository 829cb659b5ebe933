// Sanitize, secure erase, media operations (mailbox.md 15).

import { commands, discoveryArguments, mediaRange } from "../../../registers/commands.ts";
import { encodeFields, payloadBig, payloadNumber } from "../../../src/platform/payload.ts";
import type { Reply } from "./reply.ts";
import { Faults, either, failure, inBackground, success } from "./reply.ts";
import type { DeviceState, Handler } from "./state.ts";
import { lineBytes, media } from "./units.ts";

/** What Sanitize deletes, and the media back. */
function finishSanitize(state: DeviceState): void {
  for (const log of state.logs) log.remove(log.records.length);
  state.poison.clear();
  state.labels.fill(0);
  state.mediaStatus = media.ready;
}

const sanitize: Handler = (state) => {
  if (state.security.isGuarded) return failure("invalidSecurityState");
  const finish = (): void => finishSanitize(state);
  const plan = { finish: () => success(undefined, finish) };
  return [...either("backgroundOrNot", success(undefined, finish)), ...inBackground(plan).map((alternative) => ({ ...alternative, commit: () => { state.mediaStatus = media.disabled; } }))];
};

const secureErase: Handler = (state) => {
  const busy = state.background === undefined ? [] : either("eraseBusy", failure("busy"));
  return [...busy, ...(state.security.isGuarded ? failure("invalidSecurityState") : success(undefined, () => state.eraseMedia()))];
};

function discovery({ choices }: DeviceState, input: Uint8Array, at: number, payloadSize: number): Reply {
  const { output } = commands.mediaOperations;
  const { fields } = discoveryArguments;
  const [start, wanted] = [payloadNumber(input, fields.start, at), payloadNumber(input, fields.count, at)];
  const all = choices.mediaOperations;
  const most = Math.floor((payloadSize - output.length) / output.items.length);
  const listed = all.slice(start, start + Math.min(wanted, most));
  const bytes = new Uint8Array(output.length + listed.length * output.items.length);
  encodeFields(bytes, output.fields, { granularity: choices.mediaGranularity, total: all.length, count: listed.length });
  for (const [index, [operationClass, subclass]] of listed.entries()) encodeFields(bytes, output.items.fields, { class: operationClass, subclass }, output.length + index * output.items.length);
  const maybe = start >= all.length || wanted === 0 ? either("mediaRanges", failure("invalidInput")) : [];
  return [...maybe, ...success(bytes)];
}

interface Range { readonly address: bigint; readonly length: bigint }

function rangesOf(input: Uint8Array, count: number): Range[] {
  const { fields } = mediaRange;
  return Array.from({ length: count }, (_, index) => {
    const at = commands.mediaOperations.input.length + index * mediaRange.length;
    return { address: payloadBig(input, fields.address, at), length: payloadBig(input, fields.length, at) };
  });
}

const mediaOperations: Handler = (state, { input, length, payloadSize }) => {
  const { fields, length: fixed } = commands.mediaOperations.input;
  const [operationClass, subclass, count] = [payloadNumber(input, fields.class), payloadNumber(input, fields.subclass), payloadNumber(input, fields.count)];
  const isDiscovery = operationClass === 0 && subclass === 0;
  const isListed = state.choices.mediaOperations.some(([listedClass, listedSubclass]) => listedClass === operationClass && listedSubclass === subclass);
  const needed = fixed + count * mediaRange.length + (isDiscovery ? discoveryArguments.length : 0);
  const wrongLength = length === needed ? [] : failure("invalidPayloadLength");
  if (!isListed) return [...wrongLength, ...either("mediaClass", failure("invalidInput", "unsupported"))];
  if (length < needed) return either("countLength", failure("invalidPayloadLength", "invalidInput"));
  const maybe = length > needed ? either("mediaRanges", failure("invalidPayloadLength", "invalidInput")) : [];
  if (isDiscovery) return [...maybe, ...(count > 0 ? either("mediaRanges", failure("invalidInput")) : []), ...discovery(state, input, fixed + count * mediaRange.length, payloadSize)];
  const ranges = rangesOf(input, count);
  const { mediaGranularity } = state.choices;
  const faults = new Faults()
    .when(ranges.some(({ address, length: bytes }) => address % mediaGranularity !== 0n || bytes % mediaGranularity !== 0n), "invalidInput")
    .when(ranges.some(({ address, length: bytes }) => address + bytes > state.bytes || address >= state.bytes), "invalidPhysicalAddress");
  const isOdd = count === 0 || ranges.some(({ length: bytes }) => bytes === 0n) || overlap(ranges);
  const odd = isOdd ? either("mediaRanges", failure("invalidInput", "invalidPhysicalAddress")) : [];
  if (faults.any) return [...maybe, ...odd, ...faults.reply];
  const work = (): void => {
    for (const { address, length: bytes } of ranges) for (const line of state.poison.lines.keys()) if (line * lineBytes >= address && line * lineBytes < address + bytes) state.poison.remove(line, state);
  };
  return [...maybe, ...odd, ...either("backgroundOrNot", success(undefined, work)), ...inBackground({ finish: () => success() }).map((reply) => ({ ...reply, commit: work }))];
};

const overlap = (ranges: readonly Range[]): boolean => ranges.some((one, index) => ranges.slice(index + 1).some((other) => one.address < other.address + other.length && other.address < one.address + one.length));

export const sanitizeHandlers = { sanitize, secureErase, mediaOperations } as const satisfies Record<string, Handler>;
