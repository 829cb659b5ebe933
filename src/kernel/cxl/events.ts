// Event logs: interrupt policy, handlers, and the drain that traces and clears every record (events.md 10 to 13; error-recovery 6.2).

import { commands } from "../../../registers/commands.ts";
import { eventLogs, recordFields, recordLength } from "../../../registers/events.ts";
import { encodePayload, payloadBig, payloadNumber } from "../../platform/payload.ts";
import type { Task } from "../../sim/task.ts";
import { sleep, spawn, task, until, wake } from "../../sim/task.ts";
import { oscGranted } from "../acpi/acpi.ts";
import { SystemError } from "../base/errno.ts";
import type { Device } from "../base/device.ts";
import type { Kernel } from "../base/kernel.ts";
import { printk } from "../base/kernel.ts";
import { printkLimited } from "../base/ratelimit.ts";
import { hostBridgeOf } from "../pci/buses.ts";
import { pciFunctionOf } from "../pci/device.ts";
import { formatOverflow } from "../trace/cxl-lines.ts";
import { eventOfRecord, formatRecord, hasAddress, recordAddress } from "../trace/cxl-records.ts";
import type { TracedDevice, TracedPlace } from "../trace/cxl-records.ts";
import { traceEvent } from "../trace/ring.ts";
import { eventStatusOf } from "./device-registers.ts";
import type { DeviceState } from "./device-state.ts";
import { lockRegions, unlockRegions } from "./lock.ts";
import { sendCommand } from "./mailbox.ts";
import { tellRecord } from "./record-listeners.ts";
import { hpaOfDpa, regionOfDpa } from "./translate.ts";
import { memdevOf, regionOf } from "./types.ts";
import { bindVector } from "./vectors.ts";

/** Logs that Linux reads, in the order of draining: the gravest first. */
const drained = [3, 2, 1, 0] as const;
const allLogs = 0xf;
/** The policy's bytes that Linux knows: four logs. */
const policyLength = 4;
const modeMask = 3;
const messageShift = 4;
const modes = { message: 1, firmware: 2 } as const;
const mostHandles = 255;
const overflowFlag = 1;
const firstPause = 10_000;
const longestPause = 100_000_000;
const policyNames = ["Info", "Warn", "Failure", "Fatal"] as const;

const logName = (state: DeviceState): string => `cxl_pci ${state.device.name}`;

/** Names under which a memdev's events are traced. */
export function tracedDevice(state: DeviceState): TracedDevice {
  return { memdev: state.memdev?.name ?? "", host: state.device.name, serial: state.memdev === null ? 0n : memdevOf(state.memdev).serial };
}

/** Where a DPA of the device lies now, which the log tells at level debug. The caller holds the region lock. */
export const placeOf = (kernel: Kernel, state: DeviceState, dpa: bigint): TracedPlace | null => placeIn(state, state.memdev === null ? null : regionOfDpa(kernel, state.memdev, dpa), dpa);

/** The same where the region is known. */
export function placeIn(state: DeviceState, region: Device | null, dpa: bigint): TracedPlace | null {
  const hpa = region === null || state.memdev === null ? undefined : hpaOfDpa(region, state.memdev, dpa);
  return region === null || hpa === undefined ? null : { region: region.name, uuid: regionOf(region).uuid, hpa };
}

/** Region and HPA are those of this moment, under the lock. */
const traceRecord = task("events.trace", function* (kernel: Kernel, state: DeviceState, log: number, record: Uint8Array, command: string): Task<void> {
  if (state.memdev === null) return;
  const event = eventOfRecord(record);
  let place: TracedPlace | null = null;
  if (hasAddress(event)) {
    yield* lockRegions(kernel);
    place = placeOf(kernel, state, recordAddress(record));
    unlockRegions(kernel);
  }
  traceEvent(kernel, event, command, tracedDevice(state).memdev, () => formatRecord(tracedDevice(state), log, record, place));
});

const clearRecords = task("events.clear", function* (kernel: Kernel, state: DeviceState, log: number, handles: readonly number[]): Task<void> {
  const { input } = commands.clearEventRecords;
  const most = Math.min(mostHandles, Math.floor((state.payloadSize - input.length) / input.items.length));
  for (let from = 0; from < handles.length; from += most) {
    const batch = handles.slice(from, from + most);
    for (const handle of batch) printk(kernel, "debug", `${logName(state)}: Event log '${log}': Clearing ${handle}`);
    yield* sendCommand(kernel, state, { name: "clearEventRecords", input: encodePayload(input, { log, count: batch.length }, { items: batch.map((handle) => ({ handle })) }) });
  }
});

/** Reads what a log holds, traces and clears it. Returns how many records there were. */
const readRecords = task("events.read", function* (kernel: Kernel, state: DeviceState, log: number, command: string): Task<number> {
  const { input, output } = commands.getEventRecords;
  const bytes = yield* sendCommand(kernel, state, { name: "getEventRecords", input: encodePayload(input, { log }), output: state.payloadSize, least: output.length });
  const count = payloadNumber(bytes, output.fields.count);
  if (count === 0) return 0;
  const records = Array.from({ length: count }, (_, n) => bytes.subarray(output.length + n * recordLength, output.length + (n + 1) * recordLength));
  for (const record of records) {
    yield* traceRecord(kernel, state, log, record, command);
    tellRecord(kernel, state.device, log, record);
  }
  if ((payloadNumber(bytes, output.fields.flags) & overflowFlag) !== 0) {
    const lost = { count: payloadNumber(bytes, output.fields.overflowCount), first: payloadBig(bytes, output.fields.firstOverflow), last: payloadBig(bytes, output.fields.lastOverflow) };
    traceEvent(kernel, "cxl_overflow", command, tracedDevice(state).memdev, () => formatOverflow(tracedDevice(state), log, lost));
  }
  try {
    yield* clearRecords(kernel, state, log, records.map((record) => payloadNumber(record, recordFields.handle)));
  } catch (thrown) {
    if (!(thrown instanceof SystemError)) throw thrown;
    printkLimited(kernel, "err", "clear events", `${logName(state)}: Event log '${log}': Failed to clear events : -${thrown.number}`);
    return 0;
  }
  return count;
});

const channel = (state: DeviceState): string => `events:${state.device.name}`;

const drainLog = task("events.drainLog", function* (kernel: Kernel, state: DeviceState, log: number, command: string): Task<number> {
  while (state.events.isHeld) yield until(channel(state));
  state.events.isHeld = true;
  let total = 0;
  try {
    for (let count = yield* readRecords(kernel, state, log, command); count > 0; count = yield* readRecords(kernel, state, log, command)) total += count;
  } catch (thrown) {
    if (!(thrown instanceof SystemError)) throw thrown;
    printkLimited(kernel, "err", "query events", `${logName(state)}: Event log '${log}': Failed to query event records : -${thrown.number}`);
  } finally {
    state.events.isHeld = false;
    wake(kernel.scheduler, channel(state));
  }
  return total;
});

/** Empties the logs of a status, the gravest first. Returns how many records went. */
export const drainEvents = task("events.drain", function* (kernel: Kernel, state: DeviceState, status: number, command: string): Task<number> {
  printk(kernel, "debug", `${logName(state)}: Reading event logs: ${status.toString(16)}`);
  let total = 0;
  for (const log of drained) if (((status >>> log) & 1) === 1) total += yield* drainLog(kernel, state, log, command);
  return total;
});

/**
 * Until no log holds anything. A device that gives nothing while its status says otherwise (a sanitize runs, a command fails) keeps the driver
 * turning in a circle; here it turns ever more slowly, so that the run goes on.
 */
const drainAll = task("events.drainAll", function* (kernel: Kernel, state: DeviceState, command: string): Task<void> {
  let pause = firstPause;
  for (let status = eventStatusOf(state.registers) & allLogs; status !== 0 && state.memdev !== null; status = eventStatusOf(state.registers) & allLogs) {
    if ((yield* drainEvents(kernel, state, status, command)) > 0) pause = firstPause;
    else {
      yield sleep(pause);
      pause = Math.min(2 * pause, longestPause);
    }
  }
});

/** The threaded handler of a vector: until no log holds anything, and again when an interrupt came meanwhile. */
const handleEvents = task("events.handle", function* (kernel: Kernel, state: DeviceState, vector: number): Task<void> {
  const thread = state.events.threads.get(vector);
  if (thread === undefined) return;
  const command = `irq/${(pciFunctionOf(state.device).messages?.data ?? 0) + vector}-${state.device.name}`;
  do {
    thread.isPending = false;
    yield* drainAll(kernel, state, command);
  } while (thread.isPending && state.memdev !== null);
  thread.isRunning = false;
});

/** An interrupt of a vector that event logs use. */
export function onEventInterrupt(kernel: Kernel, state: DeviceState, vector: number): void {
  const thread = state.events.threads.get(vector);
  if (thread === undefined) return;
  thread.isPending = true;
  if (thread.isRunning) return;
  thread.isRunning = true;
  spawn(kernel.scheduler, `events:${state.device.name}`, handleEvents(kernel, state, vector));
}

const readPolicy = task("events.readPolicy", function* (kernel: Kernel, state: DeviceState): Task<readonly number[]> {
  try {
    const bytes = yield* sendCommand(kernel, state, { name: "getEventInterruptPolicy", output: policyLength });
    return [...bytes];
  } catch (thrown) {
    if (thrown instanceof SystemError) printk(kernel, "err", `${logName(state)}: Failed to get event interrupt policy : -${thrown.number}`);
    throw thrown;
  }
});

const writePolicy = task("events.writePolicy", function* (kernel: Kernel, state: DeviceState): Task<void> {
  const { fields } = commands.setEventInterruptPolicy.input;
  const values = Object.fromEntries(eventLogs.slice(0, policyLength).map((log) => [log, modes.message]));
  try {
    yield* sendCommand(kernel, state, { name: "setEventInterruptPolicy", input: encodePayload({ length: policyLength, fields }, values) });
  } catch (thrown) {
    if (thrown instanceof SystemError) printk(kernel, "err", `${logName(state)}: Failed to set event interrupt policy : -${thrown.number}`);
    throw thrown;
  }
});

/** One handler per log, on the vector that the device chose. @throws SystemError ENXIO no message; EINVAL a message that was not granted */
function requestVectors(kernel: Kernel, state: DeviceState, policy: readonly number[]): void {
  for (const [log, setting] of policy.entries()) {
    try {
      if ((setting & modeMask) !== modes.message) throw new SystemError("ENXIO", `${state.device.name}: log ${log} has no message`);
      const vector = setting >>> messageShift;
      bindVector(kernel, state, vector, "events");
      if (!state.events.threads.has(vector)) state.events.threads.set(vector, { isRunning: false, isPending: false });
    } catch (thrown) {
      printk(kernel, "err", `${logName(state)}: Failed to get interrupt for event ${policyNames[log] ?? ""} log`);
      throw thrown;
    }
  }
}

/**
 * Takes over the event logs, when firmware leaves them to the system: messages for the four logs, then everything that they hold already.
 * @throws SystemError EBUSY firmware owns a log; EINVAL, ENXIO its messages cannot be had; what a command throws
 */
export const configureEvents = task("events.configure", function* (kernel: Kernel, state: DeviceState, hasVectors: boolean): Task<void> {
  const { uid } = hostBridgeOf(pciFunctionOf(state.device).hostBridge);
  if (oscGranted(kernel, uid).memoryErrors !== true) return;
  if (!hasVectors) {
    printk(kernel, "info", `${logName(state)}: No interrupt support, disable event processing.`);
    return;
  }
  const found = yield* readPolicy(kernel, state);
  if (found.some((setting) => (setting & modeMask) === modes.firmware)) {
    printk(kernel, "err", `${logName(state)}: FW still in control of Event Logs despite _OSC settings`);
    throw new SystemError("EBUSY", `${state.device.name}: firmware controls event logs`);
  }
  yield* writePolicy(kernel, state);
  requestVectors(kernel, state, yield* readPolicy(kernel, state));
  yield* drainEvents(kernel, state, allLogs, "kworker/u4:1");
});
