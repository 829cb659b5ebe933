// Commands of a few lines each: clock, identity, partition, labels, QoS, security transport, abort (mailbox.md 4, 7, 10 to 12, 17).

import type { CommandName } from "../../../registers/commands.ts";
import { commandNames, commands } from "../../../registers/commands.ts";
import type { CommandDeclaration } from "../../../registers/payload-schema.ts";
import { encodeFields, payloadBig, payloadNumber } from "../../../src/platform/payload.ts";
import { KnownBytes } from "./known-bytes.ts";
import type { Reply } from "./reply.ts";
import { either, failure, success } from "./reply.ts";
import type { DeviceState, Handler, Partition } from "./state.ts";
import { unit } from "./units.ts";

export const commandOf = (opcode: number): CommandName | undefined => commandNames.find((name) => commands[name].opcode === opcode);
export const declarationOf = (name: CommandName): CommandDeclaration => commands[name];

const getTimestamp: Handler = (state) => {
  const { output } = commands.getTimestamp;
  return success(new KnownBytes(output.length).set(output.fields.timestamp, state.timestamp).bytes);
};
const setTimestamp: Handler = (state, { input }) => success(undefined, () => { state.clock = { set: payloadBig(input, commands.setTimestamp.input.fields.timestamp), at: state.now }; });

const identify: Handler = ({ firmware, settings, active, choices, labels, logs }) => {
  const { output } = commands.identifyMemoryDevice;
  const bytes = new KnownBytes(output.length);
  encodeFields(bytes.bytes, output.fields, {
    totalCapacity: active.volatile + active.persistent, volatileOnlyCapacity: choices.volatileOnly, persistentOnlyCapacity: choices.persistentOnly, partitionAlignment: settings.partitionAlignment / unit,
    informationalLogSize: settings.logDepths[0], warningLogSize: settings.logDepths[1], failureLogSize: settings.logDepths[2], fatalLogSize: settings.logDepths[3], labelAreaSize: labels.length,
    poisonListSize: settings.poisonListSize, injectPoisonLimit: settings.injectPoisonLimit, poisonHandling: choices.poisonHandling, qosTelemetry: choices.qosTelemetry, dynamicCapacityLogSize: logs[4]?.depth ?? 0,
  });
  const revision = firmware.slots[firmware.active - 1];
  if (revision !== undefined) bytes.put(output.fields.firmwareRevision[0], revision.bytes, revision.known);
  return success(bytes);
};

const getPartition: Handler = ({ active, next }) => {
  const { output } = commands.getPartitionInfo;
  const bytes = new Uint8Array(output.length);
  encodeFields(bytes, output.fields, { volatile: active.volatile, persistent: active.persistent, nextVolatile: next?.volatile ?? 0n, nextPersistent: next?.persistent ?? 0n });
  return success(bytes);
};

const setPartition: Handler = (state, { input }) => {
  const { fields } = commands.setPartitionInfo.input;
  const { settings, choices, active } = state;
  const volatile = payloadBig(input, fields.volatile);
  const alignment = settings.partitionAlignment / unit;
  if (alignment === 0n) return failure("unsupported");
  const total = active.volatile + active.persistent;
  if (volatile % alignment !== 0n || volatile < choices.volatileOnly || volatile > total - choices.persistentOnly) return failure("invalidInput");
  const wanted: Partition = { volatile, persistent: total - volatile };
  const isNow = (payloadNumber(input, fields.flags) & 1) !== 0;
  return success(undefined, () => {
    if (isNow) state.active = wanted;
    state.next = isNow || wanted.volatile === active.volatile ? undefined : wanted;
  });
};

const locked = ({ security }: DeviceState): Reply => (security.isLocked ? either("labelsLocked", failure("invalidSecurityState")) : []);

const getLabels: Handler = (state, { input, payloadSize }) => {
  const { fields } = commands.getLabels.input;
  const [offset, length] = [payloadNumber(input, fields.offset), payloadNumber(input, fields.length)];
  if (offset + length > state.labels.length || length > payloadSize) return [...locked(state), ...failure("invalidInput")];
  return [...locked(state), ...success(state.labels.slice(offset, offset + length))];
};

const setLabels: Handler = (state, { input, length }) => {
  const { fields, length: fixed } = commands.setLabels.input;
  const offset = payloadNumber(input, fields.offset);
  if (offset + length - fixed > state.labels.length) return [...locked(state), ...failure("invalidInput")];
  const data = input.slice(fixed, length);
  return [...locked(state), ...success(undefined, () => state.labels.set(data, offset))];
};

const qosLength = commands.getQosControl.output.length;
const mostPercent = 100;
const getQos: Handler = (state) => success(state.qosControl);
const setQos: Handler = (state, { input }) => {
  const [control = 0, moderate = 0, severe = 0] = input;
  const isOdd = control > 3 || moderate > mostPercent || severe > mostPercent || moderate > severe;
  return [...(isOdd ? either("qosValues", failure("invalidInput")) : []), ...success(undefined, () => { state.qosControl = input.slice(0, qosLength); })];
};
const getQosStatus: Handler = () => success(new KnownBytes(1).forget());

const securitySend: Handler = () => either("securityTransport", success(), failure("invalidInput", "unsupported"));
const securityReceive: Handler = () => either("securityTransport", success({ bytes: new Uint8Array(), isOwn: true }), failure("invalidInput", "unsupported"));

export const generalHandlers = {
  getTimestamp, setTimestamp, identifyMemoryDevice: identify, getPartitionInfo: getPartition, setPartitionInfo: setPartition, getLabels, setLabels, getQosControl: getQos, setQosControl: setQos, getQosStatus,
  securitySend, securityReceive,
} as const satisfies Record<string, Handler>;
