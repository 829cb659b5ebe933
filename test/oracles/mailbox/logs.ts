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
/** Logs that the device has: the vendor's own may be left out. */
const logsOf = ({ choices }: DeviceState): typeof uuids => uuids.slice(0, choices.logCount);

/** Entries of a list behind a header; the size of a vendor's log is its own. */
function listOf(state: DeviceState, start: number, most: number, header: number): KnownBytes {
  const { items } = commands.getSupportedLogs.output;
  const listed = logsOf(state).slice(start, start + most);
  const bytes = new KnownBytes(header + listed.length * items.length);
  for (const [index, uuid] of listed.entries()) {
    const at = header + index * items.length;
    bytes.put(at, uuidFrom(uuid));
    if (start + index === 0) bytes.set(items.fields.size, commandEffectsLog(state).length, at);
    else bytes.forgetField(items.fields.size, at);
  }
  return bytes;
}

const getSupported: Handler = (state) => {
  const { output } = commands.getSupportedLogs;
  const { length } = logsOf(state);
  const bytes = listOf(state, 0, length, output.length);
  encodeFields(bytes.bytes, output.fields, { count: length });
  return success(bytes);
};

const getSubList: Handler = (state, { input, payloadSize }) => {
  const { input: { fields }, output } = commands.getSupportedLogsSubList;
  const [most, start] = [payloadNumber(input, fields.most), payloadNumber(input, fields.start)];
  const total = logsOf(state).length;
  const count = Math.max(0, Math.min(most, total - start, Math.floor((payloadSize - output.length) / output.items.length)));
  const bytes = listOf(state, start, count, output.length);
  encodeFields(bytes.bytes, output.fields, { count, total, start });
  const maybe = start >= total || most === 0 ? either("subListStart", failure("invalidInput")) : [];
  return [...maybe, ...success(bytes)];
};

const indexOf = (state: DeviceState, input: Uint8Array): number => logsOf(state).indexOf(uuidText(payloadBytes(input, commands.getLog.input.fields.id)) as (typeof uuids)[number]);

const getLog: Handler = (state, { input, payloadSize }) => {
  const { fields } = commands.getLog.input;
  const log = indexOf(state, input);
  const [offset, length] = [payloadNumber(input, fields.offset), payloadNumber(input, fields.length)];
  const contents = commandEffectsLog(state);
  const faults = new Faults().when(log < 0, "invalidLog").when(length > payloadSize, "invalidInput").when(log === 0 && offset + length > contents.length, "invalidInput");
  if (faults.any) return faults.reply;
  return log === 0 ? success(contents.slice(offset, offset + length)) : [...either("logFlags", failure("invalidInput")), ...success(new KnownBytes(length).forget())];
};

const getCapabilities: Handler = (state, { input }) => {
  const { choices } = state;
  const log = indexOf(state, input);
  return log < 0 ? failure("invalidLog") : success(Uint8Array.of(choices.logCapabilities[log] ?? 0, 0, 0, 0));
};

const clear: Handler = (state, { input }) => {
  const { choices } = state;
  const log = indexOf(state, input);
  if (log < 0) return failure("invalidLog");
  return ((choices.logCapabilities[log] ?? 0) & capabilityBits.clear) === 0 ? failure("invalidInput") : success();
};

const populate: Handler = (state, { input }): Reply => {
  const { choices } = state;
  const log = indexOf(state, input);
  if (log < 0) return failure("invalidLog");
  if (((choices.logCapabilities[log] ?? 0) & capabilityBits.populate) === 0) return failure("invalidInput");
  return [...either("backgroundOrNot", success()), ...inBackground({ finish: () => success() })];
};

export const logHandlers = { getSupportedLogs: getSupported, getLog, getLogCapabilities: getCapabilities, clearLog: clear, populateLog: populate, getSupportedLogsSubList: getSubList } as const satisfies Record<string, Handler>;
