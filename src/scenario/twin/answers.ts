// What a memdev answered of its health and alerts, as the fields of the commands that were asked: the tool's names the other way round.

import { commands } from "../../../registers/commands.ts";
import type { PayloadField } from "../../../registers/payload-schema.ts";
import type { ObjectReader } from "./capture-json.ts";

const alertNames = ["life_used", "dev_over_temperature", "dev_under_temperature", "corrected_volatile_mem_err", "corrected_pmem_err"] as const;
const alertNumbers = {
  lifeUsedCritical: "life_used_crit_alert_threshold", lifeUsedWarning: "life_used_prog_warn_threshold", overCritical: "dev_over_temperature_crit_alert_threshold", underCritical: "dev_under_temperature_crit_alert_threshold",
  overWarning: "dev_over_temperature_prog_warn_threshold", underWarning: "dev_under_temperature_prog_warn_threshold", volatileWarning: "corrected_volatile_mem_err_prog_warn_threshold", persistentWarning: "corrected_pmem_err_prog_warn_threshold",
} as const satisfies Partial<Record<keyof typeof commands.getAlerts.output.fields, string>>;

const mediaKeys = [
  "media_normal", "media_not_ready", "media_persistence_lost", "media_data_lost", "media_powerloss_persistence_loss", "media_shutdown_persistence_loss", "media_persistence_loss_imminent", "media_powerloss_data_loss",
  "media_shutdown_data_loss", "media_data_loss_imminent",
] as const;
const grades = ["normal", "warning", "critical", "unknown"];
const healthFlags = ["maintenance_needed", "performance_degraded", "hw_replacement_needed"] as const;
const healthNumbers = { temperature: "temperature", dirtyShutdownCount: "dirty_shutdowns", correctedVolatileCount: "volatile_errors", correctedPersistentCount: "pmem_errors" } as const satisfies Partial<Record<keyof typeof commands.getHealth.output.fields, string>>;
const { lifeUsed, temperature } = commands.getHealth.output.fields;

type Values = Record<string, number>;

const bitsOf = (reader: ObjectReader, keys: readonly string[]): number => keys.reduce((bits, key, index) => bits | (reader.flag(key) === true ? 1 << index : 0), 0);

function numbersOf(reader: ObjectReader, names: Readonly<Record<string, string>>, fields: Readonly<Record<string, PayloadField>>): Values {
  return Object.fromEntries(Object.entries(names).flatMap(([field, key]) => {
    const value = reader.signed(key);
    const bits = 8 * (fields[field]?.[1] ?? 1);
    if (value === undefined || value >= 2 ** bits || value < -(2 ** (bits - 1))) return [];
    // The tool shows degrees below zero without their sign.
    const isBelowZero = key.includes("temperature") && value >= 2 ** (bits - 1);
    return [[field, isBelowZero ? value - 2 ** bits : value]];
  }));
}

/** Fields of Get Alert Configuration. */
export function alertsOf(reader: ObjectReader): Values {
  const flags = (what: string): number => bitsOf(reader, alertNames.map((name) => `${name}_prog_warn_threshold_${what}`));
  return { valid: flags("valid"), programmable: flags("writable"), ...numbersOf(reader, alertNumbers, commands.getAlerts.output.fields) };
}

/** Grade of a condition in the additional status, at its bit. */
function gradeOf(reader: ObjectReader, key: string, shift: number): number {
  const grade = grades.indexOf(reader.text(key) ?? "normal");
  return grade < 0 ? 0 : grade << shift;
}

/** Fields of Get Health Info; what the tool leaves out is not implemented. */
export function healthOf(reader: ObjectReader): Values {
  const media = mediaKeys.findIndex((key) => reader.flag(key) === true);
  const additional = gradeOf(reader, "ext_life_used", 0) | gradeOf(reader, "ext_temperature", 2) | gradeOf(reader, "ext_corrected_volatile", 4) | gradeOf(reader, "ext_corrected_persistent", 5);
  return {
    healthStatus: bitsOf(reader, healthFlags), mediaStatus: Math.max(0, media), additionalStatus: additional & 0xff, lifeUsed: Math.min(0xff, reader.signed("life_used_percent") ?? lifeUsed[3].values.notImplemented),
    ...(reader.has("temperature") ? {} : { temperature: temperature[3].values.notImplemented }), ...numbersOf(reader, healthNumbers, commands.getHealth.output.fields),
  };
}
