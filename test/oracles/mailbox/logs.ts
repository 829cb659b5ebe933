// Logs of Get Log: the Command Effects Log and the vendor debug log (mailbox.md 2, 8).

import type { CommandName } from "../../../registers/commands.ts";
import { commandNames, commands } from "../../../registers/commands.ts";
import { deviceLogs } from "../../../registers/features.ts";
import type { CommandDeclaration } from "../../../registers/payload-schema.ts";
import { commandEffects } from "../../../registers/payload-schema.ts";
import { encodeFields, payloadBytes, payloadNumber, uuidFrom, uuidText } from "../../../src/platform/payload.ts";
import { KnownBytes } from "./known-bytes.ts";
import type { Reply } from "./reply.ts";
import { Faults, either, failure, inBackground, success } from "./reply.ts";
import type { DeviceState, Handler } from "./state.ts";

const effectLength = 4;
const capabilityBits = { clear: 1, populate: 2 } as const;

const effectsOf = (name: CommandName): number => (commands[name] as CommandDeclaration).effects.reduce((bits, effect) => bits | (1 << commandEffects[effect]), 0);

/** The CEL: 4 bytes a supported opcode, in order of opcode. */
export function commandEffectsLog(state: DeviceState): Uint8Array {
  const listed = commandNames.filter((name) => state.settings.commands.includes(name)).toSorted((a, b) => commands[a].opcode - commands[b].opcode);
  const bytes = new KnownBytes(listed.length * effectLength);
  for (const [index, name] of listed.entries()) bytes.write(index * effectLength, effectLength, BigInt(commands[name].opcode + effectsOf(name) * 0x1_0000));
  return bytes.bytes;
}

const uuids = Object.values(deviceLogs).map(({ uuid }) => uuid);
const contentsOf = (state: DeviceState, log: number): KnownBytes => (log === 0 ? KnownBytes.from(commandEffectsLog(state)) : new KnownBytes(state.choices.vendorLogSize).forget());

function listOf(state: DeviceState, start: number, most: number, header: number): Uint8Array {
  const { items } = commands.getSupportedLogs.output;
  const listed = uuids.slice(start, start + most);
  const bytes = new Uint8Array(header + listed.length * items.length);
  for (const [index, uuid] of listed.entries()) encodeFields(bytes, items.fields, { id: uuidFrom(uuid), size: contentsOf(state, start + index).bytes.length }, header + index * items.length);
  return bytes;
}

const getSupported: Handler = (state) => {
  const { output } = commands.getSupportedLogs;
  const bytes = listOf(state, 0, uuids.length, output.length);
  encodeFields(bytes, output.fields, { count: uuids.length });
  return success(bytes);
};

const getSubList: Handler = (state, { input, payloadSize }) => {
  const { input: { fields }, output } = commands.getSupportedLogsSubList;
  const [most, start] = [payloadNumber(input, fields.most), payloadNumber(input, fields.start)];
  const count = Math.max(0, Math.min(most, uuids.length - start, Math.floor((payloadSize - output.length) / output.items.length)));
  const bytes = listOf(state, start, count, output.length);
  encodeFields(bytes, output.fields, { count, total: uuids.length, start });
  const maybe = start >= uuids.length || most === 0 ? either("subListStart", failure("invalidInput")) : [];
  return [...maybe, ...success(bytes)];
};

const indexOf = (input: Uint8Array): number => uuids.indexOf(uuidText(payloadBytes(input, commands.getLog.input.fields.id)) as (typeof uuids)[number]);

const getLog: Handler = (state, { input, payloadSize }) => {
  const { fields } = commands.getLog.input;
  const log = indexOf(input);
  const [offset, length] = [payloadNumber(input, fields.offset), payloadNumber(input, fields.length)];
  const contents = contentsOf(state, Math.max(log, 0));
  const faults = new Faults().when(log < 0, "invalidLog").when(length > payloadSize, "invalidInput").when(log >= 0 && offset + length > contents.bytes.length, "invalidInput");
  if (faults.any) return faults.reply;
  return success({ bytes: contents.bytes.slice(offset, offset + length), known: contents.known.slice(offset, offset + length) });
};

const getCapabilities: Handler = ({ choices }, { input }) => {
  const log = indexOf(input);
  return log < 0 ? failure("invalidLog") : success(Uint8Array.of(choices.logCapabilities[log] ?? 0, 0, 0, 0));
};

const clear: Handler = ({ choices }, { input }) => {
  const log = indexOf(input);
  if (log < 0) return failure("invalidLog");
  return ((choices.logCapabilities[log] ?? 0) & capabilityBits.clear) === 0 ? failure("invalidInput") : success();
};

const populate: Handler = ({ choices }, { input }): Reply => {
  const log = indexOf(input);
  if (log < 0) return failure("invalidLog");
  if (((choices.logCapabilities[log] ?? 0) & capabilityBits.populate) === 0) return failure("invalidInput");
  return [...either("backgroundOrNot", success()), ...inBackground({ finish: () => success() })];
};

export const logHandlers = { getSupportedLogs: getSupported, getLog, getLogCapabilities: getCapabilities, clearLog: clear, populateLog: populate, getSupportedLogsSubList: getSubList } as const satisfies Record<string, Handler>;
