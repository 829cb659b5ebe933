// What a probe does when it fires: every fault of the hardware. Numbers as in src/hardware/probes.ts.

import { failBackground } from "../cci/background";
import { followRecord } from "../cci/capacity";
import { addRecord } from "../cci/events";
import { faultAt, freeFault } from "../cci/mailbox";
import { changeHealth } from "../cci/health";
import { SOURCE_INTERNAL, forgetLines, poisonLines } from "../cci/poison";
import { setDeviceStatus } from "../cci/reset";
import { placeRows } from "../component/hdm-decoder";
import { detectCorrectable, detectUncorrectable } from "../component/ras";
import { cacheTimedOut } from "../component/timeout-isolation";
import { countEffects } from "../fabric/in-flight";
import { flapCable, replace, setCable } from "../fabric/link-state";
import { resetItself, setMediaState } from "../fabric/reset";
import { Device, Entity, KIND_DEVICE, KIND_PORT, Machine, NONE, Port, Probe, entityAt } from "../machine";
import { EFFECT_DELAY, EFFECT_DUPLICATE, EFFECT_LOSE, disturbMessages } from "../pci/messages";
import { getDword, setDword, writeDword } from "../registers";
import { HW_LIMIT, HW_MEDIA, HW_REGISTER, traceHardware } from "../trace/ring";
import { LOG_DYNAMIC_CAPACITY } from "../generated/commands";
import { release, stick } from "./overrides";
import { blockAt, indexAt, uncountFired } from "./probes";

const LINK_DOWN: u32 = 1;
const LINK_UP: u32 = 2;
const NEVER_RETRAIN: u32 = 3;
const DROP_RESPONSE: u32 = 4;
const DELAY_RESPONSE: u32 = 5;
const LOSE_INTERRUPT: u32 = 6;
const PLUG: u32 = 7;
const UNPLUG: u32 = 8;
const FLAP_LINK: u32 = 9;
const CACHE_TIMEOUT: u32 = 10;
const DUPLICATE_INTERRUPT: u32 = 11;
const DELAY_INTERRUPT: u32 = 12;
const UNCORRECTABLE_ERROR: u32 = 13;
const CORRECTABLE_ERROR: u32 = 14;
const POISON: u32 = 15;
const CLEAR_POISON: u32 = 16;
const MEDIA_STATE: u32 = 17;
const STUCK_REGISTER: u32 = 18;
const RELEASE_REGISTER: u32 = 19;
const CORRUPT_REGISTER: u32 = 20;
const REFUSE_COMMIT: u32 = 21;
const NEVER_COMMIT: u32 = 22;
const LATE_COMMIT: u32 = 23;
const RESET_DEVICE: u32 = 24;
const INJECT_EVENT: u32 = 25;
const MAILBOX_FAULT: u32 = 26;
const DEVICE_STATUS: u32 = 27;
const END_BACKGROUND: u32 = 28;
const BREAK_TRANSFER: u32 = 29;
const CHANGE_HEALTH: u32 = 30;
const WRITE_REGISTER: u32 = 31;

export function act(m: Machine, probe: Probe): void {
  const entity = entityAt(m, probe.target);
  actOnFunction(m, probe, entity);
  if (entity.kind == KIND_PORT) actOnPort(m, probe, changetype<Port>(entity));
  else if (entity.kind == KIND_DEVICE) actOnDevice(m, probe, changetype<Device>(entity));
}

function actOnPort(m: Machine, probe: Probe, port: Port): void {
  const argument = <u32>probe.argument;
  switch (probe.action) {
    case LINK_DOWN:
      return setCable(m, port, 1);
    case LINK_UP:
      port.neverRetrain = 0;
      return setCable(m, port, 0);
    case FLAP_LINK:
      return flapCable(m, port, probe.argument);
    case NEVER_RETRAIN:
      port.neverRetrain = 1;
      return;
    case DROP_RESPONSE:
      port.dropResponses += argument;
      return disturb(m);
    case DELAY_RESPONSE:
      port.delayTime = probe.argument;
      port.delayResponses += probe.extra;
      return disturb(m);
    case CACHE_TIMEOUT:
      return cacheTimedOut(m, port);
    case PLUG:
      return replace(m, port, argument);
    case UNPLUG:
      return replace(m, port, NONE);
    default:
      return;
  }
}

/** Answers may be other than they were: whoever counts in closed form looks again. */
function disturb(m: Machine): void {
  m.routeGeneration++;
  countEffects(m);
}

function actOnDevice(m: Machine, probe: Probe, device: Device): void {
  switch (probe.action) {
    case POISON:
      return poison(m, device, probe.argument, probe.extra, true);
    case CLEAR_POISON:
      return poison(m, device, probe.argument, probe.extra, false);
    case MEDIA_STATE:
      traceHardware(m, HW_MEDIA, device.id, <u32>probe.argument, 0, 0, 0);
      return setMediaState(m, device, <u32>probe.argument);
    case RESET_DEVICE:
      return resetItself(m, device);
    case INJECT_EVENT:
      return injectEvent(m, device, <u32>probe.argument, probe.extra, probe.payload);
    case MAILBOX_FAULT:
      return setMailboxFault(m, device, probe);
    case DEVICE_STATUS:
      return setDeviceStatus(m, device, <u32>probe.argument);
    case END_BACKGROUND:
      if (device.cci.background.command == 0) uncountFired(probe);
      return failBackground(m, device, <u32>probe.argument);
    case CHANGE_HEALTH:
      return changeHealth(m, device, probe.payload, <u32>probe.argument);
    case BREAK_TRANSFER:
      device.cci.transferBroken = 1;
      return;
    default:
      return;
  }
}

/** The record, `times` times (once if 0); the device stamps it. */
function injectEvent(m: Machine, device: Device, log: u32, times: u32, record: usize): void {
  for (let i: u32 = 0; i < max<u32>(times, 1); i++) {
    addRecord(m, device, log, record);
    if (log == LOG_DYNAMIC_CAPACITY) followRecord(device, record);
  }
}

/** Argument: kind in 7:0, commands of `count` in the upper half; extra: value; payload: opcode or NONE, commands let through. */
function setMailboxFault(m: Machine, device: Device, probe: Probe): void {
  const index = freeFault(device);
  if (index == NONE) return traceHardware(m, HW_LIMIT, device.id, 7, 0, 0, 0);
  const fault = faultAt(device, index);
  fault.kind = <u32>probe.argument & 0xff;
  fault.count = <u32>(probe.argument >> 32);
  fault.value = probe.extra;
  fault.opcode = load<u32>(probe.payload);
  fault.skip = load<u32>(probe.payload, 4);
  fault.probe = <u32>((changetype<usize>(probe) - m.probes) / offsetof<Probe>());
  uncountFired(probe);
}

/** `lines` lines of 64 bytes from `dpa` on. */
function poison(m: Machine, device: Device, dpa: u64, lines: u32, isPoison: bool): void {
  if (isPoison) poisonLines(m, device, dpa, lines, SOURCE_INTERNAL);
  else forgetLines(m, device, dpa, lines, true);
  traceHardware(m, HW_MEDIA, device.id, isPoison ? 16 : 17, dpa, lines, 0);
  m.routeGeneration++;
}

function actOnFunction(m: Machine, probe: Probe, entity: Entity): void {
  const argument = <u32>probe.argument;
  switch (probe.action) {
    case LOSE_INTERRUPT:
      return disturbMessages(m, EFFECT_LOSE, entity.id, probe.extra, argument, 0);
    case DUPLICATE_INTERRUPT:
      return disturbMessages(m, EFFECT_DUPLICATE, entity.id, probe.extra, argument, 0);
    case DELAY_INTERRUPT:
      return disturbMessages(m, EFFECT_DELAY, entity.id, probe.extra, load<u32>(probe.payload), probe.argument);
    case UNCORRECTABLE_ERROR:
      return detectUncorrectable(m, entity, argument, probe.payload);
    case CORRECTABLE_ERROR:
      return detectCorrectable(m, entity, argument);
    case REFUSE_COMMIT:
      entity.refuseCommits += argument;
      return;
    case NEVER_COMMIT:
      entity.neverCommits += argument;
      return;
    case LATE_COMMIT:
      entity.lateCommits += probe.extra;
      entity.lateCommitTime = probe.argument;
      return;
    case STUCK_REGISTER:
    case RELEASE_REGISTER:
    case CORRUPT_REGISTER:
    case WRITE_REGISTER:
      return disturbRegister(m, probe, entity);
    default:
      return;
  }
}

/** Argument: place in the lower half, mask in the upper one; extra: value. A write is one like software's, by somebody who is not on the bus. */
function disturbRegister(m: Machine, probe: Probe, entity: Entity): void {
  const place = <u32>probe.argument;
  const mask = <u32>(probe.argument >> 32);
  const block = blockAt(entity, place);
  const index = indexAt(place);
  if (index >= block.dwords) return;
  probe.before = getDword(block, index) & mask;
  if (probe.action == WRITE_REGISTER) return writeDword(m, block, index, probe.extra, mask);
  if (probe.action == RELEASE_REGISTER) release(m, block, index, mask);
  else {
    if (probe.action == STUCK_REGISTER && !stick(m, block, index, mask, probe.extra)) return traceHardware(m, HW_LIMIT, entity.id, 6, 0, 0, 0);
    setDword(block, index, (getDword(block, index) & ~mask) | (probe.extra & mask));
  }
  traceHardware(m, HW_REGISTER, entity.id, place, <u64>mask, probe.extra, probe.action);
  if (entity.decoderCount != 0) placeRows(entity);
  m.routeGeneration++;
  m.mmioGeneration++;
}
