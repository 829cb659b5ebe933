// Poison of a memdev: the list read by decoder and by partition, injection and clearing by DPA or by offset into a region; each of them traced
// (mailbox.md 14; error-recovery 7).

import { commands, mediaError } from "../../../registers/commands.ts";
import { encodePayload, payloadBig, payloadBytes, payloadNumber } from "../../platform/payload.ts";
import type { Task } from "../../sim/task.ts";
import { task, wake } from "../../sim/task.ts";
import type { Attribute, Device } from "../base/device.ts";
import { SystemError } from "../base/errno.ts";
import type { Kernel } from "../base/kernel.ts";
import { printk } from "../base/kernel.ts";
import { printkOnce } from "../base/ratelimit.ts";
import { waitInterruptibly } from "../base/signal.ts";
import { resourceSize } from "../resource/resource.ts";
import { formatPoison } from "../trace/cxl-lines.ts";
import type { TracedPoison } from "../trace/cxl-lines.ts";
import { addressMask } from "../trace/cxl-records.ts";
import { traceEvent } from "../trace/ring.ts";
import type { DeviceState } from "./device-state.ts";
import { placeIn, placeOf, tracedDevice } from "./events.ts";
import { parseBoolean } from "./format.ts";
import { lockRegionsForStore, unlockRegions } from "./lock.ts";
import { sendCommand } from "./mailbox.ts";
import { dpaOfOffset } from "./translate.ts";
import { decoderOf, endpointPart, memdevOf, portOf, regionOf } from "./types.ts";

const line = 64n;
const moreFlag = 1;
/** Whoever stores into a file. */
const userCommand = "sh";

interface Range {
  readonly start: bigint;
  readonly size: bigint;
  readonly isRam: boolean;
  /** Of the decoder that the range is read for. */
  readonly region: Device | null;
}

/** The caller holds the region lock, so that region and HPA fit the moment. */
function trace(kernel: Kernel, state: DeviceState, region: Device | null, poison: TracedPoison): void {
  const place = placeIn(state, region, poison.address & addressMask);
  traceEvent(kernel, "cxl_poison", userCommand, tracedDevice(state).memdev, () => formatPoison(tracedDevice(state), poison, place));
}

const channel = (state: DeviceState): string => `poison:${state.device.name}`;

/** Reads and traces the media errors of one range, in as many pieces as the device makes of it. */
const readRange = task("poison.readRange", function* (kernel: Kernel, state: DeviceState, range: Range): Task<void> {
  const { input, output } = commands.getPoisonList;
  while (state.isPoisonHeld) yield* waitInterruptibly(kernel, channel(state));
  state.isPoisonHeld = true;
  try {
    let seen = 0;
    let flags = moreFlag;
    while ((flags & moreFlag) !== 0) {
      const bytes = yield* sendCommand(kernel, state, { name: "getPoisonList", input: encodePayload(input, { address: range.start, lines: range.size / line }), output: state.payloadSize, least: output.length });
      flags = payloadNumber(bytes, output.fields.flags);
      const count = payloadNumber(bytes, output.fields.count);
      for (let n = 0; n < count; n++) {
        const record = payloadBytes(bytes, [output.length + n * mediaError.length, mediaError.length, "Media error record"]);
        const address = payloadBig(record, mediaError.fields.address);
        trace(kernel, state, range.region, { kind: "List", address, length: payloadNumber(record, mediaError.fields.lines) * Number(line), flags, overflowTime: payloadBig(bytes, output.fields.overflowTimestamp) });
      }
      seen += count;
      if (seen < state.poisonListSize) continue;
      printk(kernel, "debug", `cxl_mem ${tracedDevice(state).memdev}: Max Error Records reached: ${seen}`);
      break;
    }
  } catch (thrown) {
    // Volatile memory need not have a poison list.
    if (!(thrown instanceof SystemError) || thrown.errno !== "EFAULT" || !range.isRam) throw thrown;
  } finally {
    state.isPoisonHeld = false;
    wake(kernel.scheduler, channel(state));
  }
});

function partitionsOf(state: DeviceState): Range[] {
  const { ram, pmem } = state.capacity;
  return [{ start: 0n, size: ram, isRam: true, region: null }, { start: ram, size: pmem, isRam: false, region: null }].filter((range) => range.size > 0n);
}

/**
 * Ranges as Linux asks for them: those of committed decoders in order of id with the gaps before them, then what lies behind the last reservation of each
 * partition. A reservation without a commit is in neither: nobody asks for it (seen with a real kernel).
 */
export function poisonRanges(state: DeviceState, endpoint: Device): Range[] {
  const partitions = partitionsOf(state);
  const { commitEnd, decoders } = portOf(endpoint);
  if (commitEnd < 0) return partitions;
  const ranges: Range[] = [];
  for (const decoder of decoders.slice(0, commitEnd + 1)) {
    const { dpa } = endpointPart(decoder);
    if (dpa === null || dpa.size === 0n) continue;
    const isRam = dpa.start < state.capacity.ram;
    if (dpa.skip > 0n) ranges.push({ start: dpa.start - dpa.skip, size: dpa.skip, isRam, region: null });
    ranges.push({ start: dpa.start, size: dpa.size, isRam, region: decoderOf(decoder).region });
  }
  const ends = decoders.map((decoder) => endpointPart(decoder).dpa).map((dpa) => (dpa === null ? 0n : dpa.start + dpa.size));
  const end = ends.reduce((last, one) => (one > last ? one : last), 0n);
  for (const { start, size, isRam } of partitions) {
    const from = end > start ? end : start;
    if (start + size > from) ranges.push({ start: from, size: start + size - from, isRam, region: null });
  }
  return ranges;
}

/** Store of `trigger_poison_list`. @throws SystemError EINVAL not a true value, or no endpoint; what the command throws */
const triggerList = task("trigger_poison_list.store", function* (kernel: Kernel, memdev: Device, text: string): Task<void> {
  if (!parseBoolean(text)) throw new SystemError("EINVAL", "only 1 triggers");
  const { endpoint, state } = memdevOf(memdev);
  if (endpoint === null) throw new SystemError("EINVAL", `${memdev.name} has no endpoint`);
  yield* lockRegionsForStore(kernel);
  try {
    for (const range of poisonRanges(state, endpoint)) yield* readRange(kernel, state, range);
  } finally {
    unlockRegions(kernel);
  }
});

/** Files of a memdev while cxl_mem is bound to it. */
export const poisonAttributes: readonly Attribute[] = [{ name: "trigger_poison_list", visible: (_kernel, memdev) => memdevOf(memdev).state.commands.has("getPoisonList"), store: triggerList }];

function checkAddress(kernel: Kernel, state: DeviceState, dpa: bigint): void {
  const size = state.capacity.ram + state.capacity.pmem;
  const refuse = (text: string): never => {
    printk(kernel, "debug", `cxl_pci ${state.device.name}: ${text}`);
    throw new SystemError("EINVAL", `${state.device.name}: ${text}`);
  };
  if (size === 0n) refuse("device has no dpa resource");
  const hex = (value: bigint): string => value.toString(16);
  if (dpa >= size) refuse(`dpa:0x${hex(dpa)} not in resource:[mem 0x00000000-0x${hex(size - 1n).padStart(8, "0")}]`);
  if (dpa % line !== 0n) refuse(`dpa:0x${hex(dpa)} is not 64-byte aligned`);
}

export type PoisonChange = "inject" | "clear";

/** The caller holds the region lock. */
const change = task("poison.change", function* (kernel: Kernel, memdev: Device, what: PoisonChange, dpa: bigint): Task<void> {
  const { state } = memdevOf(memdev);
  checkAddress(kernel, state, dpa);
  // What is cleared reads as zeros: the command writes its data there.
  if (what === "inject") yield* sendCommand(kernel, state, { name: "injectPoison", input: encodePayload(commands.injectPoison.input, { address: dpa }) });
  else yield* sendCommand(kernel, state, { name: "clearPoison", input: encodePayload(commands.clearPoison.input, { address: dpa }) });
  const place = placeOf(kernel, state, dpa);
  if (place !== null) printkOnce(kernel, "warn", `poison ${what}`, `cxl_pci ${state.device.name}: poison ${what} dpa:0x${dpa.toString(16)} region: ${place.region}`);
  const poison: TracedPoison = { kind: what === "inject" ? "Inject" : "Clear", address: dpa, length: Number(line), flags: 0, overflowTime: 0n };
  traceEvent(kernel, "cxl_poison", userCommand, memdev.name, () => formatPoison(tracedDevice(state), poison, place));
});

/** Poisons a line, or takes its poison away. @throws SystemError EINVAL unaligned or outside the device; EBUSY at the device's limit; EFAULT, ENXIO of the device */
export const changePoison = task("poison.changeAt", function* (kernel: Kernel, memdev: Device, what: PoisonChange, dpa: bigint): Task<void> {
  yield* lockRegionsForStore(kernel);
  try {
    yield* change(kernel, memdev, what, dpa);
  } finally {
    unlockRegions(kernel);
  }
});

/** The same at an offset into a region. @throws SystemError EINVAL outside the region */
export const changePoisonOfRegion = task("poison.changeInRegion", function* (kernel: Kernel, region: Device, what: PoisonChange, offset: bigint): Task<void> {
  yield* lockRegionsForStore(kernel);
  try {
    const { resource } = regionOf(region);
    const found = resource === null || offset >= resourceSize(resource) ? undefined : dpaOfOffset(region, offset);
    if (found === undefined) throw new SystemError("EINVAL", `${region.name}: offset 0x${offset.toString(16)}`);
    yield* change(kernel, found.memdev, what, found.dpa);
  } finally {
    unlockRegions(kernel);
  }
});

/** Every member of a region can inject and clear poison. */
export function canPoisonRegion(region: Device): boolean {
  const { targets } = regionOf(region);
  return targets.length > 0 && targets.every((decoder) => decoder !== null && canPoison(endpointPart(decoder).memdev, "inject") && canPoison(endpointPart(decoder).memdev, "clear") && decoderOf(decoder).region === region);
}

export const canPoison = (memdev: Device, what: PoisonChange): boolean => memdevOf(memdev).state.commands.has(what === "inject" ? "injectPoison" : "clearPoison");
