// What a device tells at probe, in the order of the driver: its commands (CEL), the clock it gets, its identity, its capacity (region-assembly 4.1;
// capture 4-events; mailbox.md 2, 7, 8, 11, 12).

import type { CommandName } from "../../../registers/commands.ts";
import { commandNames, commands } from "../../../registers/commands.ts";
import { deviceLogs } from "../../../registers/features.ts";
import { returnCodes } from "../../../registers/payload-schema.ts";
import { encodePayload, payloadBig, payloadBytes, payloadNumber, uuidFrom, uuidText } from "../../platform/payload.ts";
import type { Task } from "../../sim/task.ts";
import { task } from "../../sim/task.ts";
import { SystemError } from "../base/errno.ts";
import type { Kernel } from "../base/kernel.ts";
import { printk } from "../base/kernel.ts";
import { realTime } from "../base/time.ts";
import type { DeviceState } from "./device-state.ts";
import { CommandError } from "./mailbox-errors.ts";
import { sendCommand } from "./mailbox.ts";
import { granule } from "./types.ts";

const effectsEntry = 4;
/** Bytes of Identify that the driver knows; newer devices give more. */
export const identifyLength = 0x43;
const mostMediaErrors = 1024;
const forced: readonly CommandName[] = ["identifyMemoryDevice", "getSupportedLogs", "getLog"];
const byOpcode: ReadonlyMap<number, CommandName> = new Map(commandNames.map((name) => [commands[name].opcode, name]));

const latin = (bytes: Uint8Array): string => {
  const end = bytes.indexOf(0);
  return String.fromCodePoint(...bytes.subarray(0, end < 0 ? bytes.length : end));
};

/** Reads a log in pieces that fit the payload; a shorter piece is its end. */
const readLog = task("cxl_pci.readLog", function* (kernel: Kernel, state: DeviceState, id: Uint8Array, size: number): Task<Uint8Array> {
  const log = new Uint8Array(size);
  let offset = 0;
  while (offset < size) {
    const length = Math.min(size - offset, state.payloadSize);
    const piece = yield* sendCommand(kernel, state, { name: "getLog", input: encodePayload(commands.getLog.input, { id, offset, length }), output: length, least: 0 });
    log.set(piece, offset);
    offset += piece.length;
    if (piece.length < length) break;
  }
  return log.subarray(0, offset);
});

function takeEffects(state: DeviceState, log: Uint8Array): void {
  for (let at = 0; at + effectsEntry <= log.length; at += effectsEntry) {
    const name = byOpcode.get(payloadNumber(log, [0, 2, "Opcode"], at));
    if (name !== undefined) state.commands.add(name);
  }
}

/** Learns which commands there are. @throws SystemError ENOENT no Command Effects Log, and what a command throws */
export const enumerateCommands = task("cxl_pci.enumerateCommands", function* (kernel: Kernel, state: DeviceState): Task<void> {
  const { output } = commands.getSupportedLogs;
  const list = yield* sendCommand(kernel, state, { name: "getSupportedLogs", output: state.payloadSize, least: output.fields.count[1] });
  const room = Math.floor((list.length - output.length) / output.items.length);
  const count = Math.min(payloadNumber(list, output.fields.count), room);
  for (let n = 0; n < count; n++) {
    const at = output.length + n * output.items.length;
    const id = payloadBytes(list, output.items.fields.id, at);
    const size = payloadNumber(list, output.items.fields.size, at);
    printk(kernel, "debug", `cxl_pci ${state.device.name}: Found LOG type ${uuidText(id)} of size ${size}`);
    if (uuidText(id) !== deviceLogs.commandEffects.uuid) continue;
    takeEffects(state, yield* readLog(kernel, state, uuidFrom(deviceLogs.commandEffects.uuid), size));
    for (const name of forced) state.commands.add(name);
    return;
  }
  throw new SystemError("ENOENT", `${state.device.name} has no Command Effects Log`);
});

/** Sets the device's clock; one without a clock is no error. */
export const setTimestamp = task("cxl_pci.setTimestamp", function* (kernel: Kernel, state: DeviceState): Task<void> {
  try {
    yield* sendCommand(kernel, state, { name: "setTimestamp", input: encodePayload(commands.setTimestamp.input, { timestamp: realTime(kernel) }) });
  } catch (thrown) {
    if (!(thrown instanceof CommandError) || thrown.returnCode !== returnCodes.unsupported) throw thrown;
  }
});

/** Identity and capacity; a device whose media is not ready is not asked (cxl_dev_state_identify). */
export const identify = task("cxl_pci.identify", function* (kernel: Kernel, state: DeviceState): Task<void> {
  const { fields } = commands.identifyMemoryDevice.output;
  const bytes = yield* sendCommand(kernel, state, { name: "identifyMemoryDevice", output: identifyLength });
  state.firmwareVersion = latin(payloadBytes(bytes, fields.firmwareRevision));
  state.labelSize = payloadBig(bytes, fields.labelAreaSize);
  if (state.commands.has("getPoisonList")) state.poisonListSize = Math.min(mostMediaErrors, payloadNumber(bytes, fields.poisonListSize));
  const ofIdentity = { ram: payloadBig(bytes, fields.volatileOnlyCapacity) * granule, pmem: payloadBig(bytes, fields.persistentOnlyCapacity) * granule };
  state.capacity = payloadBig(bytes, fields.partitionAlignment) === 0n ? ofIdentity : yield* readPartitions(kernel, state);
  printCapacity(kernel, state);
});

const readPartitions = task("cxl_pci.readPartitions", function* (kernel: Kernel, state: DeviceState): Task<DeviceState["capacity"]> {
  const { output } = commands.getPartitionInfo;
  try {
    const bytes = yield* sendCommand(kernel, state, { name: "getPartitionInfo", output: output.length });
    return { ram: payloadBig(bytes, output.fields.volatile) * granule, pmem: payloadBig(bytes, output.fields.persistent) * granule };
  } catch (thrown) {
    printk(kernel, "err", `cxl_pci ${state.device.name}: Failed to query partition information`);
    throw thrown;
  }
});

function printCapacity(kernel: Kernel, state: DeviceState): void {
  const { ram, pmem } = state.capacity;
  const hex = (value: bigint): string => `0x${value.toString(16).padStart(8, "0")}`;
  const print = (name: string, start: bigint, size: bigint): void => {
    if (size > 0n) printk(kernel, "debug", `cxl_pci ${state.device.name}: DPA(${name}): [mem ${hex(start)}-${hex(start + size - 1n)} flags 0x200]`);
  };
  print("ram", 0n, ram);
  print("pmem", ram, pmem);
}
