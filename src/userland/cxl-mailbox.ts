// What `cxl list` asks devices through /dev/cxl/memN: health (-H), alerts (-A), partitions (-I), firmware (-F).

import { SystemError } from "../kernel/base/errno.ts";
import { userPayloads } from "../kernel/cxl/ioctl.ts";
import type { FileSystem } from "../kernel/sysfs/file-system.ts";
import { payloadBig, payloadBytes, payloadNumber } from "../platform/payload.ts";
import type { Task } from "../sim/task.ts";
import type { Json } from "./json.ts";
import { attribute } from "./tree.ts";

type JsonObject = { readonly [key: string]: Json | undefined };
type Asked = "getHealth" | "getAlerts" | "identifyMemoryDevice" | "getPartitionInfo" | "firmwareInfo";

/** Answers vary in length; what an answer does not hold reads 0. */
const room = 4096;
export const capacityUnit = 256n << 20n;

/** The answer of a device that has the command and takes it; undefined else, and then the key is left out. */
function* ask(files: FileSystem, memdev: string, command: Asked): Task<Uint8Array | undefined> {
  try {
    const { returnCode, output } = yield* files.send(`/dev/cxl/${memdev}`, command, new Uint8Array(0), room);
    return returnCode === 0 ? output : undefined;
  } catch (thrown) {
    if (thrown instanceof SystemError) return undefined;
    throw thrown;
  }
}

const bit = (value: number, position: number): boolean => ((value >> position) & 1) === 1;
const signed16 = (value: number): number => (value >= 0x8000 ? value - 0x1_0000 : value);

const mediaKeys = [
  "media_normal", "media_not_ready", "media_persistence_lost", "media_data_lost", "media_powerloss_persistence_loss", "media_shutdown_persistence_loss", "media_persistence_loss_imminent", "media_powerloss_data_loss",
  "media_shutdown_data_loss", "media_data_loss_imminent",
] as const;
const grades = ["normal", "warning", "critical", "unknown"] as const;
const noLifeUsed = 0xff;
const noTemperature = 0x7fff;

export function* readHealth(files: FileSystem, memdev: string): Task<JsonObject | undefined> {
  const bytes = yield* ask(files, memdev, "getHealth");
  if (bytes === undefined) return undefined;
  const { fields } = userPayloads.getHealth.output;
  const read = (name: keyof typeof fields): number => payloadNumber(bytes, fields[name]);
  const [health, media, more, lifeUsed, temperature] = [read("healthStatus"), read("mediaStatus"), read("additionalStatus"), read("lifeUsed"), read("temperature")];
  return {
    maintenance_needed: bit(health, 0), performance_degraded: bit(health, 1), hw_replacement_needed: bit(health, 2),
    ...Object.fromEntries(mediaKeys.map((key, value) => [key, media === value])),
    ext_life_used: grades[more & 3], ext_temperature: grades[(more >> 2) & 3], ext_corrected_volatile: grades[(more >> 4) & 1], ext_corrected_persistent: grades[(more >> 5) & 1],
    life_used_percent: lifeUsed === noLifeUsed ? undefined : lifeUsed, temperature: temperature === noTemperature ? undefined : signed16(temperature),
    dirty_shutdowns: read("dirtyShutdownCount"), volatile_errors: read("correctedVolatileCount"), pmem_errors: read("correctedPersistentCount"),
  };
}

const alertNames = ["life_used", "dev_over_temperature", "dev_under_temperature", "corrected_volatile_mem_err", "corrected_pmem_err"] as const;

/** Temperatures as the real tool shows them: its library takes the sixteen bits without a sign, so that -10 degrees are 65526. */
export function* readAlerts(files: FileSystem, memdev: string): Task<JsonObject | undefined> {
  const bytes = yield* ask(files, memdev, "getAlerts");
  if (bytes === undefined) return undefined;
  const { fields } = userPayloads.getAlerts.output;
  const read = (name: keyof typeof fields): number => payloadNumber(bytes, fields[name]);
  const bits = (value: number, what: string): JsonObject => Object.fromEntries(alertNames.map((name, position) => [`${name}_prog_warn_threshold_${what}`, bit(value, position)]));
  return {
    ...bits(read("valid"), "valid"), ...bits(read("programmable"), "writable"),
    life_used_crit_alert_threshold: read("lifeUsedCritical"), life_used_prog_warn_threshold: read("lifeUsedWarning"),
    dev_over_temperature_crit_alert_threshold: read("overCritical"), dev_under_temperature_crit_alert_threshold: read("underCritical"),
    dev_over_temperature_prog_warn_threshold: read("overWarning"), dev_under_temperature_prog_warn_threshold: read("underWarning"),
    corrected_volatile_mem_err_prog_warn_threshold: read("volatileWarning"), corrected_pmem_err_prog_warn_threshold: read("persistentWarning"),
  };
}

export interface Capacity {
  readonly total: bigint;
  readonly volatileOnly: bigint;
  readonly persistentOnly: bigint;
  /** 0: the device cannot be partitioned. */
  readonly alignment: bigint;
}

export function* readCapacity(files: FileSystem, memdev: string): Task<Capacity | undefined> {
  const bytes = yield* ask(files, memdev, "identifyMemoryDevice");
  if (bytes === undefined) return undefined;
  const { fields } = userPayloads.identifyMemoryDevice.output;
  const read = (name: keyof typeof fields): bigint => payloadBig(bytes, fields[name]) * capacityUnit;
  return { total: read("totalCapacity"), volatileOnly: read("volatileOnlyCapacity"), persistentOnly: read("persistentOnlyCapacity"), alignment: read("partitionAlignment") };
}

/** The active and coming division only of a device that can be partitioned. */
export function* readPartitions(files: FileSystem, memdev: string): Task<JsonObject | undefined> {
  const capacity = yield* readCapacity(files, memdev);
  if (capacity === undefined) return undefined;
  const shown = { total_size: capacity.total, volatile_only_size: capacity.volatileOnly, persistent_only_size: capacity.persistentOnly, partition_alignment_size: capacity.alignment };
  const bytes = capacity.alignment === 0n ? undefined : yield* ask(files, memdev, "getPartitionInfo");
  if (bytes === undefined) return shown;
  const { fields } = userPayloads.getPartitionInfo.output;
  const read = (name: keyof typeof fields): bigint => payloadBig(bytes, fields[name]) * capacityUnit;
  return { ...shown, active_volatile_size: read("volatile"), active_persistent_size: read("persistent"), next_volatile_size: read("nextVolatile"), next_persistent_size: read("nextPersistent") };
}

const revisions = ["revision1", "revision2", "revision3", "revision4"] as const;

function textOf(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return String.fromCodePoint(...bytes.subarray(0, end < 0 ? bytes.length : end));
}

export function* readFirmware(files: FileSystem, memdev: string): Task<JsonObject | undefined> {
  const bytes = yield* ask(files, memdev, "firmwareInfo");
  if (bytes === undefined) return undefined;
  const { fields } = userPayloads.firmwareInfo.output;
  const slots = payloadNumber(bytes, fields.slots);
  const slot = payloadNumber(bytes, fields.slot);
  const staged = (slot >> 3) & 7;
  const versions = revisions.map((name, index) => [`slot_${index + 1}_version`, textOf(payloadBytes(bytes, fields[name]))] as const).filter(([, text]) => text !== "");
  const status = attribute(files, "cxl", memdev, `firmware/${memdev}/status`) ?? "idle";
  const isBusy = status !== "idle";
  return {
    num_slots: slots, active_slot: slot & 7, staged_slot: staged > 0 && staged <= slots ? staged : undefined, online_activate_capable: bit(payloadNumber(bytes, fields.activation), 0),
    ...Object.fromEntries(versions), fw_update_in_progress: isBusy, remaining_size: isBusy ? BigInt(attribute(files, "cxl", memdev, `firmware/${memdev}/remaining_size`) ?? 0) : undefined,
  };
}
