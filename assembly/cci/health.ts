// Health, alerts, shutdown state and QoS control (CXL 3.2 8.2.10.9.3, 8.2.10.9.8; mailbox.md 13, 17).

import * as C from "../generated/commands";
import { Device, Machine } from "../machine";
import { addRecord } from "./events";
import { in16, in32, in8, out32, out8, outBytes, startOutput } from "./memory";
import { Cci, FACTORY_ACTIVE_SLOT, FACTORY_ALERTS, Mailbox } from "./state";

const LIFE: u32 = C.OUT_GET_ALERTS_VALID_LIFE_USED;
const OVER: u32 = C.OUT_GET_ALERTS_VALID_OVER_TEMPERATURE;
const UNDER: u32 = C.OUT_GET_ALERTS_VALID_UNDER_TEMPERATURE;
const VOLATILE: u32 = C.OUT_GET_ALERTS_VALID_CORRECTED_VOLATILE;
const PERSISTENT: u32 = C.OUT_GET_ALERTS_VALID_CORRECTED_PERSISTENT;
/** The model's choice: every warning can be set. */
const ALERTS: u32 = LIFE | OVER | UNDER | VOLATILE | PERSISTENT;
const ADDITIONAL_LIFE: u32 = C.OUT_GET_HEALTH_ADDITIONAL_STATUS_LIFE_USED;
const ADDITIONAL_TEMPERATURE: u32 = C.OUT_GET_HEALTH_ADDITIONAL_STATUS_TEMPERATURE;
const TEMPERATURE_SHIFT: u32 = C.OUT_GET_HEALTH_ADDITIONAL_STATUS_TEMPERATURE_SHIFT;
const ADDITIONAL_VOLATILE: u32 = C.OUT_GET_HEALTH_ADDITIONAL_STATUS_VOLATILE_WARNING;
const ADDITIONAL_PERSISTENT: u32 = C.OUT_GET_HEALTH_ADDITIONAL_STATUS_PERSISTENT_WARNING;
const CHANGE_HEALTH: u32 = C.RECORD_MEMORY_MODULE_TYPE_HEALTH_STATUS;
const CHANGE_MEDIA: u32 = C.RECORD_MEMORY_MODULE_TYPE_MEDIA_STATUS;
const CHANGE_LIFE: u32 = C.RECORD_MEMORY_MODULE_TYPE_LIFE_USED;
const CHANGE_TEMPERATURE: u32 = C.RECORD_MEMORY_MODULE_TYPE_TEMPERATURE;
/** Of life used, and of the temperature alike. */
const WARNING: u32 = C.OUT_GET_HEALTH_ADDITIONAL_STATUS_LIFE_USED_WARNING;
const CRITICAL: u32 = C.OUT_GET_HEALTH_ADDITIONAL_STATUS_LIFE_USED_CRITICAL;
const UNKNOWN_LIFE: u8 = <u8>C.OUT_GET_HEALTH_LIFE_USED_NOT_IMPLEMENTED;
const NO_TEMPERATURE: i32 = <i32>C.OUT_GET_HEALTH_TEMPERATURE_NOT_IMPLEMENTED;

/** As it leaves the factory: normal, 30 degrees; warnings at 75 % life, 55 and 0 degrees, critical at 95 %, 70 and -10. */
export function factoryDefaults(cci: Cci): void {
  store<u16>(cci.factory + C.OUT_GET_HEALTH_TEMPERATURE, 30);
  store<u8>(cci.factory + FACTORY_ACTIVE_SLOT, 1);
  const alerts = cci.factory + FACTORY_ALERTS;
  store<u8>(alerts + C.OUT_GET_ALERTS_PROGRAMMABLE, ALERTS);
  store<u8>(alerts + C.OUT_GET_ALERTS_LIFE_USED_CRITICAL, 95);
  store<u8>(alerts + C.OUT_GET_ALERTS_LIFE_USED_WARNING, 75);
  store<i16>(alerts + C.OUT_GET_ALERTS_OVER_CRITICAL, 70);
  store<i16>(alerts + C.OUT_GET_ALERTS_UNDER_CRITICAL, -10);
  store<i16>(alerts + C.OUT_GET_ALERTS_OVER_WARNING, 55);
  store<i16>(alerts + C.OUT_GET_ALERTS_UNDER_WARNING, 0);
}

export function initializeHealth(cci: Cci): void {
  memory.copy(cci.health, cci.factory, C.OUT_GET_HEALTH_BYTES);
  memory.copy(cci.alerts, cci.factory + FACTORY_ALERTS, C.OUT_GET_ALERTS_BYTES);
}

export function getHealth(device: Device, mailbox: Mailbox): u32 {
  startOutput(mailbox, C.OUT_GET_HEALTH_BYTES);
  outBytes(mailbox, 0, device.cci.health, C.OUT_GET_HEALTH_BYTES);
  return C.RETURN_SUCCESS;
}

export function getAlerts(device: Device, mailbox: Mailbox): u32 {
  startOutput(mailbox, C.OUT_GET_ALERTS_BYTES);
  outBytes(mailbox, 0, device.cci.alerts, C.OUT_GET_ALERTS_BYTES);
  return C.RETURN_SUCCESS;
}

/** Only alerts that are programmable, with warnings on this side of what is critical. */
function isAcceptable(cci: Cci, mailbox: Mailbox, valid: u32): bool {
  const alerts = cci.alerts;
  if ((valid & ~<u32>load<u8>(alerts + C.OUT_GET_ALERTS_PROGRAMMABLE)) != 0) return false;
  if ((valid & LIFE) != 0 && in8(mailbox, C.IN_SET_ALERTS_LIFE_USED) > <u32>load<u8>(alerts + C.OUT_GET_ALERTS_LIFE_USED_CRITICAL)) return false;
  if ((valid & OVER) != 0 && <i16>in16(mailbox, C.IN_SET_ALERTS_OVER) > load<i16>(alerts + C.OUT_GET_ALERTS_OVER_CRITICAL)) return false;
  return (valid & UNDER) == 0 || <i16>in16(mailbox, C.IN_SET_ALERTS_UNDER) >= load<i16>(alerts + C.OUT_GET_ALERTS_UNDER_CRITICAL);
}

/** Bits of the additional status that alerts speak of. */
function statusBits(valid: u32): u32 {
  return ((valid & LIFE) != 0 ? ADDITIONAL_LIFE : 0) | ((valid & (OVER | UNDER)) != 0 ? ADDITIONAL_TEMPERATURE : 0) | ((valid & VOLATILE) != 0 ? ADDITIONAL_VOLATILE : 0) | ((valid & PERSISTENT) != 0 ? ADDITIONAL_PERSISTENT : 0);
}

/** Thresholds of the alerts named are set and enabled, or taken back; a condition that holds already is told at once, each time. */
export function setAlerts(m: Machine, device: Device, mailbox: Mailbox): u32 {
  const cci = device.cci;
  const valid = in8(mailbox, C.IN_SET_ALERTS_VALID);
  if (!isAcceptable(cci, mailbox, valid)) return C.RETURN_INVALID_INPUT;
  const enabled = <u32>load<u8>(cci.alerts + C.OUT_GET_ALERTS_VALID);
  store<u8>(cci.alerts + C.OUT_GET_ALERTS_VALID, (enabled & ~valid) | (in8(mailbox, C.IN_SET_ALERTS_ENABLE) & valid));
  if ((valid & LIFE) != 0) store<u8>(cci.alerts + C.OUT_GET_ALERTS_LIFE_USED_WARNING, in8(mailbox, C.IN_SET_ALERTS_LIFE_USED));
  if ((valid & OVER) != 0) store<u16>(cci.alerts + C.OUT_GET_ALERTS_OVER_WARNING, in16(mailbox, C.IN_SET_ALERTS_OVER));
  if ((valid & UNDER) != 0) store<u16>(cci.alerts + C.OUT_GET_ALERTS_UNDER_WARNING, in16(mailbox, C.IN_SET_ALERTS_UNDER));
  if ((valid & VOLATILE) != 0) store<u16>(cci.alerts + C.OUT_GET_ALERTS_VOLATILE_WARNING, in16(mailbox, C.IN_SET_ALERTS_VOLATILE));
  if ((valid & PERSISTENT) != 0) store<u16>(cci.alerts + C.OUT_GET_ALERTS_PERSISTENT_WARNING, in16(mailbox, C.IN_SET_ALERTS_PERSISTENT));
  store<u8>(cci.health + C.OUT_GET_HEALTH_ADDITIONAL_STATUS, load<u8>(cci.health + C.OUT_GET_HEALTH_ADDITIONAL_STATUS) & <u8>~statusBits(valid));
  checkAlerts(m, device);
  return C.RETURN_SUCCESS;
}

/**
 * The device's health changes: bytes of `values` whose bit is set in `mask`. A change of the media status is a failure record, one of the health
 * status a warning; then the alerts are looked at.
 */
export function changeHealth(m: Machine, device: Device, values: usize, mask: u32): void {
  const health = device.cci.health;
  const oldStatus = load<u8>(health + C.OUT_GET_HEALTH_HEALTH_STATUS);
  const oldMedia = load<u8>(health + C.OUT_GET_HEALTH_MEDIA_STATUS);
  for (let at: u32 = 0; at < C.OUT_GET_HEALTH_BYTES; at++) if (((mask >> at) & 1) != 0) store<u8>(health + at, load<u8>(values + at));
  if (load<u8>(health + C.OUT_GET_HEALTH_MEDIA_STATUS) != oldMedia) report(m, device, C.LOG_FAILURE, CHANGE_MEDIA);
  if (load<u8>(health + C.OUT_GET_HEALTH_HEALTH_STATUS) != oldStatus) report(m, device, C.LOG_WARNING, CHANGE_HEALTH);
  checkAlerts(m, device);
}

/** Conditions: warnings of enabled alerts, and what is critical. Each is told when it comes to hold: a warning, or a failure where critical (INFERRED). */
function checkAlerts(m: Machine, device: Device): void {
  const cci = device.cci;
  const health = cci.health;
  const alerts = cci.alerts;
  const valid = <u32>load<u8>(alerts + C.OUT_GET_ALERTS_VALID);
  const temperature = <i32>load<i16>(health + C.OUT_GET_HEALTH_TEMPERATURE);
  const old = <u32>load<u8>(health + C.OUT_GET_HEALTH_ADDITIONAL_STATUS);
  let status = lifeStatus(cci, valid) | (temperatureStatus(cci, valid, temperature) << TEMPERATURE_SHIFT);
  if ((valid & VOLATILE) != 0 && load<u32>(health + C.OUT_GET_HEALTH_CORRECTED_VOLATILE_COUNT) >= <u32>load<u16>(alerts + C.OUT_GET_ALERTS_VOLATILE_WARNING)) status |= ADDITIONAL_VOLATILE;
  if ((valid & PERSISTENT) != 0 && load<u32>(health + C.OUT_GET_HEALTH_CORRECTED_PERSISTENT_COUNT) >= <u32>load<u16>(alerts + C.OUT_GET_ALERTS_PERSISTENT_WARNING)) status |= ADDITIONAL_PERSISTENT;
  store<u8>(health + C.OUT_GET_HEALTH_ADDITIONAL_STATUS, status);
  if ((status & ADDITIONAL_LIFE) > (old & ADDITIONAL_LIFE)) report(m, device, (status & ADDITIONAL_LIFE) == CRITICAL ? C.LOG_FAILURE : C.LOG_WARNING, CHANGE_LIFE);
  if ((status & ADDITIONAL_TEMPERATURE) > (old & ADDITIONAL_TEMPERATURE)) report(m, device, (status & ADDITIONAL_TEMPERATURE) >> TEMPERATURE_SHIFT == CRITICAL ? C.LOG_FAILURE : C.LOG_WARNING, CHANGE_TEMPERATURE);
  if ((status & ~old & (ADDITIONAL_VOLATILE | ADDITIONAL_PERSISTENT)) != 0) report(m, device, C.LOG_WARNING, CHANGE_HEALTH);
}

/** 0 normal, 1 warning, 2 critical. */
function lifeStatus(cci: Cci, valid: u32): u32 {
  const used = load<u8>(cci.health + C.OUT_GET_HEALTH_LIFE_USED);
  if (used == UNKNOWN_LIFE) return 0;
  if (used >= load<u8>(cci.alerts + C.OUT_GET_ALERTS_LIFE_USED_CRITICAL)) return CRITICAL;
  return (valid & LIFE) != 0 && used >= load<u8>(cci.alerts + C.OUT_GET_ALERTS_LIFE_USED_WARNING) ? WARNING : 0;
}

function temperatureStatus(cci: Cci, valid: u32, temperature: i32): u32 {
  const alerts = cci.alerts;
  if (temperature == NO_TEMPERATURE) return 0;
  if (temperature >= <i32>load<i16>(alerts + C.OUT_GET_ALERTS_OVER_CRITICAL) || temperature <= <i32>load<i16>(alerts + C.OUT_GET_ALERTS_UNDER_CRITICAL)) return CRITICAL;
  const isHot = (valid & OVER) != 0 && temperature >= <i32>load<i16>(alerts + C.OUT_GET_ALERTS_OVER_WARNING);
  const isCold = (valid & UNDER) != 0 && temperature <= <i32>load<i16>(alerts + C.OUT_GET_ALERTS_UNDER_WARNING);
  return isHot || isCold ? WARNING : 0;
}

/** A memory module record with the health as it is now. Severity follows the log. */
function report(m: Machine, device: Device, log: u32, change: u32): void {
  const record = m.scratch;
  memory.fill(record, 0, C.RECORD_BYTES);
  memory.copy(record, C.RECORD_MEMORY_MODULE_UUID, 16);
  store<u8>(record + C.RECORD_FLAGS, log);
  store<u8>(record + C.RECORD_MEMORY_MODULE_TYPE, change);
  memory.copy(record + C.RECORD_MEMORY_MODULE_HEALTH_STATUS, device.cci.health, C.OUT_GET_HEALTH_BYTES);
  addRecord(m, device, log, record);
}

export function getShutdown(device: Device, mailbox: Mailbox): u32 {
  startOutput(mailbox, C.OUT_GET_SHUTDOWN_BYTES);
  out8(mailbox, 0, device.cci.isDirty);
  return C.RETURN_SUCCESS;
}

export function setShutdown(device: Device, mailbox: Mailbox): u32 {
  device.cci.isDirty = in8(mailbox, C.IN_SET_SHUTDOWN_STATE) & C.IN_SET_SHUTDOWN_STATE_DIRTY;
  return C.RETURN_SUCCESS;
}

/** A reset that finds the state dirty counts it, and starts clean; corrected errors are counted anew. */
export function resetHealth(cci: Cci): void {
  const health = cci.health;
  if (cci.isDirty != 0) store<u32>(health + C.OUT_GET_HEALTH_DIRTY_SHUTDOWN_COUNT, load<u32>(health + C.OUT_GET_HEALTH_DIRTY_SHUTDOWN_COUNT) + 1);
  cci.isDirty = 0;
  store<u32>(health + C.OUT_GET_HEALTH_CORRECTED_VOLATILE_COUNT, 0);
  store<u32>(health + C.OUT_GET_HEALTH_CORRECTED_PERSISTENT_COUNT, 0);
}

export function getQos(device: Device, mailbox: Mailbox): u32 {
  startOutput(mailbox, C.OUT_GET_QOS_CONTROL_BYTES);
  out32(mailbox, 0, device.cci.qos);
  return C.RETURN_SUCCESS;
}

/** Percentages up to 100, moderate not above severe. */
export function setQos(device: Device, mailbox: Mailbox): u32 {
  const moderate = in8(mailbox, C.IN_SET_QOS_CONTROL_MODERATE);
  const severe = in8(mailbox, C.IN_SET_QOS_CONTROL_SEVERE);
  if (moderate > severe || severe > 100) return C.RETURN_INVALID_INPUT;
  device.cci.qos = in32(mailbox, 0);
  return C.RETURN_SUCCESS;
}

export function getQosStatus(mailbox: Mailbox): u32 {
  startOutput(mailbox, C.OUT_GET_QOS_STATUS_BYTES);
  return C.RETURN_SUCCESS;
}
