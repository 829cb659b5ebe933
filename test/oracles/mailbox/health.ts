// Health, alerts, shutdown state (mailbox.md 13).

import { commands, healthFields } from "../../../registers/commands.ts";
import { eventRecords } from "../../../registers/events.ts";
import { payloadNumber, uuidFrom } from "../../../src/platform/payload.ts";
import type { DeviceChoices } from "./choices.ts";
import { deviates } from "./deviations.ts";
import { KnownBytes } from "./known-bytes.ts";
import { looseRecord } from "./poison.ts";
import type { Reply } from "./reply.ts";
import { either, failure, success } from "./reply.ts";
import type { DeviceState, Handler } from "./state.ts";
import { media } from "./units.ts";

const warningLog = 1;
const allAlerts = 0x1f;
const thresholdDescriptor = 2;
const notImplemented = { lifeUsed: 0xff, temperature: 0x7fff } as const;
/** Bits of Valid, Programmable and Enable, by number. */
const alertBits = { lifeUsed: 0, over: 1, under: 2, volatile: 3, persistent: 4 } as const;
const eventTypes = { health: 0, lifeUsed: 2, temperature: 3 } as const;

const signed = (value: number): number => (value << 16) >> 16;

export class HealthState {
  readonly health: Uint8Array;
  alerts: Uint8Array;
  isDirty = false;
  /** Alerts were changed: what Additional Status shows of them is not looked at. */
  isAltered = false;

  constructor({ health, alerts }: DeviceChoices) {
    this.health = health.slice();
    this.alerts = alerts.slice();
  }

  get dirtyShutdowns(): number {
    return payloadNumber(this.health, healthFields.dirtyShutdownCount);
  }

  /** After a reset: a dirty shutdown counts, and the state is clean. */
  reset(): void {
    const bytes = KnownBytes.from(this.health);
    if (this.isDirty) bytes.set(healthFields.dirtyShutdownCount, this.dirtyShutdowns + 1);
    bytes.set(healthFields.correctedVolatileCount, 0).set(healthFields.correctedPersistentCount, 0);
    this.health.set(bytes.bytes);
    this.isDirty = false;
  }
}

/** Get Health Info; the sheet ties its media status to nothing, so that it is known with the media as at the start only. */
function healthOf({ health, mediaStatus, security }: DeviceState): KnownBytes {
  const bytes = KnownBytes.from(health.health);
  if (health.isAltered) bytes.forgetField(healthFields.additionalStatus);
  if (mediaStatus !== media.ready || security.isLocked) bytes.forgetField(healthFields.mediaStatus).forgetField(healthFields.healthStatus);
  return bytes;
}

const getHealth: Handler = (state) => success(healthOf(state));
const getAlerts: Handler = ({ health }) => success(health.alerts);

/** Warning thresholds that are to be set, each with what it may not pass; true: beyond, undefined: just there. */
function beyond(alerts: Uint8Array, input: Uint8Array, valid: number): { readonly isBeyond: boolean; readonly isEqual: boolean } {
  const { output: { fields: now }, } = commands.getAlerts;
  const { input: { fields } } = commands.setAlerts;
  const pairs = [
    [alertBits.lifeUsed, payloadNumber(input, fields.lifeUsed) - payloadNumber(alerts, now.lifeUsedCritical)],
    [alertBits.over, signed(payloadNumber(input, fields.over)) - signed(payloadNumber(alerts, now.overCritical))],
    [alertBits.under, signed(payloadNumber(alerts, now.underCritical)) - signed(payloadNumber(input, fields.under))],
  ] as const;
  const set = pairs.filter(([bit]) => ((valid >>> bit) & 1) !== 0);
  return { isBeyond: set.some(([, distance]) => distance > 0), isEqual: set.some(([, distance]) => distance === 0) };
}

function warn(state: DeviceState, type: number): void {
  const { fields, uuid } = eventRecords.memoryModule;
  const record = looseRecord(warningLog);
  record.put(0, uuidFrom(uuid));
  const health = healthOf(state);
  record.put(fields.healthStatus[0], health.bytes, health.known).set(fields.type, type).forgetField(fields.additionalStatus);
  state.report(warningLog, record);
}

/** Corrected errors reached a threshold (events.md 14): a media event with descriptor bit 1. */
function warnOfErrors(state: DeviceState): void {
  const record = looseRecord(warningLog);
  record.bytes[eventRecords.generalMedia.fields.descriptor[0]] = thresholdDescriptor;
  record.known[eventRecords.generalMedia.fields.descriptor[0]] = thresholdDescriptor;
  state.report(warningLog, record);
}

/**
 * Alerts that hold already tell so at once: life used, temperature, error counts, each if one of its alerts was set now; of the two temperatures
 * the one may tell of the other (open question `alertEvents`).
 */
function warnIfMet(state: DeviceState, set: number): void {
  const { health, alerts } = state.health;
  const { fields } = commands.getAlerts.output;
  const enabled = payloadNumber(alerts, fields.valid);
  const life = payloadNumber(health, healthFields.lifeUsed);
  const temperature = payloadNumber(health, healthFields.temperature);
  const degrees = temperature === notImplemented.temperature ? undefined : signed(temperature);
  const groups = [
    { isOne: false, warn: () => warn(state, eventTypes.lifeUsed), conditions: [[alertBits.lifeUsed, life !== notImplemented.lifeUsed && life >= payloadNumber(alerts, fields.lifeUsedWarning)]] },
    { isOne: true, warn: () => warn(state, eventTypes.temperature), conditions: [[alertBits.over, degrees !== undefined && degrees >= signed(payloadNumber(alerts, fields.overWarning))], [alertBits.under, degrees !== undefined && degrees <= signed(payloadNumber(alerts, fields.underWarning))]] },
    {
      isOne: false,
      warn: () => (deviates("countAlert") ? warn(state, eventTypes.health) : warnOfErrors(state)),
      conditions: [[alertBits.volatile, payloadNumber(health, healthFields.correctedVolatileCount) >= payloadNumber(alerts, fields.volatileWarning)], [alertBits.persistent, payloadNumber(health, healthFields.correctedPersistentCount) >= payloadNumber(alerts, fields.persistentWarning)]],
    },
  ] as const;
  const has = (mask: number, bit: number): boolean => ((mask >>> bit) & 1) !== 0;
  for (const group of groups) {
    const isTouched = group.conditions.some(([bit]) => has(set, bit));
    if (group.conditions.some(([bit, holds]) => holds && has(enabled, bit) && (group.isOne ? isTouched : has(set, bit)))) group.warn();
  }
}

function apply(state: DeviceState, input: Uint8Array, valid: number, enable: number): void {
  const { output: { fields: to } } = commands.getAlerts;
  const { input: { fields: from } } = commands.setAlerts;
  const pairs = [[to.lifeUsedWarning, from.lifeUsed], [to.overWarning, from.over], [to.underWarning, from.under], [to.volatileWarning, from.volatile], [to.persistentWarning, from.persistent]] as const;
  const bytes = KnownBytes.from(state.health.alerts);
  for (const [bit, [target, source]] of pairs.entries()) if (((valid >>> bit) & 1) !== 0) bytes.set(target, payloadNumber(input, source));
  bytes.set(to.valid, (payloadNumber(bytes.bytes, to.valid) & ~valid) | (enable & valid));
  state.health.alerts = bytes.bytes;
  state.health.isAltered = true;
  warnIfMet(state, valid);
}

const setAlerts: Handler = (state, { input }) => {
  const { fields } = commands.setAlerts.input;
  const { alerts } = state.health;
  const [valid, enable] = [payloadNumber(input, fields.valid), payloadNumber(input, fields.enable)];
  const programmable = payloadNumber(alerts, commands.getAlerts.output.fields.programmable);
  if ((valid & ~programmable) !== 0) return failure("invalidInput");
  const enabled = beyond(alerts, input, valid & enable);
  const any = beyond(alerts, input, valid);
  if (enabled.isBeyond) return failure("invalidInput");
  const isOpen = any.isBeyond || any.isEqual || (enable & ~valid) !== 0 || (enable & ~allAlerts) !== 0;
  const maybe: Reply = isOpen ? either("alertBoundary", failure("invalidInput")) : [];
  return [...maybe, ...success(undefined, () => apply(state, input, valid, enable))];
};

const getShutdown: Handler = ({ health }) => success(Uint8Array.of(health.isDirty ? 1 : 0));
const setShutdown: Handler = ({ health }, { input }) => success(undefined, () => { health.isDirty = ((input[0] ?? 0) & 1) !== 0; });

export const healthHandlers = { getHealth, getAlerts, setAlerts, getShutdown, setShutdown } as const satisfies Record<string, Handler>;
