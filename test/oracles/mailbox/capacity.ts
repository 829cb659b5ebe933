// Dynamic capacity (mailbox.md 18): regions, extents that the host holds, answers to offers.

import { commands, dynamicCapacityTail } from "../../../registers/commands.ts";
import { encodeFields, payloadBig, payloadNumber } from "../../../src/platform/payload.ts";
import { KnownBytes } from "./known-bytes.ts";
import type { Reply } from "./reply.ts";
import { either, failure, success } from "./reply.ts";
import type { DeviceState, Handler } from "./state.ts";
import { unit } from "./units.ts";

export interface Extent {
  readonly address: bigint;
  readonly length: bigint;
}

export class CapacityState {
  extents: Extent[] = [];
  generation = 0;
}

/** Start of each region: behind the static capacity, in order. */
function basesOf({ description, settings }: DeviceState): bigint[] {
  let base = description.volatileCapacity + (description.persistentCapacity ?? 0n);
  return settings.dynamicRegions.map(({ length }) => {
    const at = base;
    base += length;
    return at;
  });
}

const getRegions: Handler = (state, { input, payloadSize }) => {
  const { settings, choices, capacity } = state;
  const { input: { fields }, output } = commands.getDynamicCapacity;
  const [wanted, start] = [payloadNumber(input, fields.count), payloadNumber(input, fields.start)];
  const { length: size, fields: tail } = dynamicCapacityTail;
  const all = settings.dynamicRegions;
  const room = Math.floor((payloadSize - output.length - size) / output.items.length);
  const count = Math.max(0, Math.min(wanted, all.length - start, room));
  const bytes = new KnownBytes(output.length + count * output.items.length + size);
  encodeFields(bytes.bytes, output.fields, { available: all.length, count });
  const bases = basesOf(state);
  for (const [number, { length, blockSize }] of all.slice(start, start + count).entries()) {
    const at = output.length + number * output.items.length;
    encodeFields(bytes.bytes, output.items.fields, { base: bases[start + number] ?? 0n, decodeLength: length / unit, length, blockSize, dsmadHandle: choices.dsmadHandles[start + number] ?? 0 }, at);
  }
  const at = output.length + count * output.items.length;
  encodeFields(bytes.bytes, tail, { extentsSupported: settings.dynamicExtents, extentsAvailable: settings.dynamicExtents - capacity.extents.length, tagsSupported: choices.tagsSupported, tagsAvailable: choices.tagsSupported }, at);
  const maybe = start >= all.length || wanted === 0 ? either("subListStart", failure("invalidInput")) : [];
  return [...maybe, ...success(bytes)];
};

const getExtents: Handler = ({ capacity }, { input, payloadSize }) => {
  const { input: { fields }, output } = commands.getExtentList;
  const [wanted, start] = [payloadNumber(input, fields.count), payloadNumber(input, fields.start)];
  const { extents, generation } = capacity;
  const count = Math.max(0, Math.min(wanted, extents.length - start, Math.floor((payloadSize - output.length) / output.items.length)));
  const bytes = new KnownBytes(output.length + count * output.items.length);
  encodeFields(bytes.bytes, output.fields, { count, total: extents.length, generation });
  // Where the numbering of generations begins is not said.
  bytes.forgetField(output.fields.generation);
  for (const [index, { address, length }] of extents.slice(start, start + count).entries()) encodeFields(bytes.bytes, output.items.fields, { address, length }, output.length + index * output.items.length);
  const maybe = start >= extents.length ? either("subListStart", failure("invalidInput")) : [];
  return [...maybe, ...success(bytes)];
};

/** Every answer but success is possible for extents that were never offered; nothing is offered here, so that none may be taken. */
const update = (hasFew: boolean): Handler => (state, { input, length }) => {
  const { input: { fields, items, length: fixed } } = commands.addDynamicCapacity;
  const count = payloadNumber(input, fields.count);
  if (length !== fixed + count * items.length) return either("countLength", failure("invalidPayloadLength", "invalidInput"));
  if (count === 0) return either("capacityErrors", success(), failure("invalidInput", "invalidExtentList"));
  const end = state.description.volatileCapacity + (state.description.persistentCapacity ?? 0n) + state.settings.dynamicRegions.reduce((sum, region) => sum + region.length, 0n);
  const given: Extent[] = Array.from({ length: count }, (_, index) => ({ address: payloadBig(input, items.fields.address, fixed + index * items.length), length: payloadBig(input, items.fields.length, fixed + index * items.length) }));
  const isOutside = given.some(({ address, length: bytes }) => address + bytes > end);
  const reply: Reply = either("capacityErrors", failure("invalidExtentList", "invalidInput", "invalidPhysicalAddress", ...(hasFew ? ["resourcesExhausted" as const] : [])));
  return isOutside ? reply.filter(({ code }) => code !== 0) : reply;
};

export const capacityHandlers = { getDynamicCapacity: getRegions, getExtentList: getExtents, addDynamicCapacity: update(true), releaseDynamicCapacity: update(false) } as const satisfies Record<string, Handler>;
