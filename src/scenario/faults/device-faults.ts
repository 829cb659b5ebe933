// Faults of a device's command interface: events with the arguments of QEMU's commands, and what can go wrong between doorbell and answer.

import { z } from "zod";
import { commandNames, commands } from "../../../registers/commands.ts";
import type { EventLog } from "../../../registers/events.ts";
import { eventRecords, eventLogs, recordLayout } from "../../../registers/events.ts";
import type { PayloadField } from "../../../registers/payload-schema.ts";
import { returnCodes } from "../../../registers/payload-schema.ts";
import { componentFormat, eventArguments } from "../../platform/event-arguments.ts";
import type { EventArgument, EventArguments, InjectedEvent } from "../../platform/event-arguments.ts";
import type { EventValues } from "../../platform/events.ts";
import { count, named, size, whole } from "../values.ts";

/** Whose: by name, or by the path that QEMU has for it, of which the last part is the name. */
const target = { of: z.string().optional(), path: z.string().optional() };
export interface Target {
  readonly of?: string | undefined;
  readonly path?: string | undefined;
}

export const targetOf = ({ of, path }: Target): string => of ?? path?.split("/").at(-1) ?? "";

const repeats = z.int().min(1).max(0xffff).optional();
const hostLogs = eventLogs.filter((log) => log !== "dynamicCapacity");
const log = named("event log", hostLogs);

const recordKinds = { injectGeneralMediaEvent: "generalMedia", injectDramEvent: "dram", injectMemoryModuleEvent: "memoryModule", injectMemorySparingEvent: "memorySparing" } as const satisfies Readonly<Record<string, InjectedEvent>>;
export type EventAction = keyof typeof recordKinds;
export const eventKinds: Readonly<Record<EventAction, InjectedEvent>> = recordKinds;
export const eventActions = Object.keys(recordKinds) as readonly EventAction[];

/** An injected event: what is no argument of the record, and the arguments. */
export type EventFault = Target & { readonly log: EventLog; readonly times?: number | undefined } & EventValues;

const narrow = 6;
/** Forms of an argument; ranges are looked at when the record is made. */
function argumentSchema(argument: EventArgument, bytes: number): z.ZodType {
  if (argument.form === "text") return z.union([z.string(), z.array(z.int())]);
  if (argument.form === "numbers") return z.array(whole);
  if (argument.form === "signed") return z.int();
  return bytes > narrow ? whole : count;
}

function eventSchema(kind: InjectedEvent): z.ZodType<EventFault> {
  const fields: Readonly<Record<string, PayloadField>> = recordLayout(kind).fields;
  const list: EventArguments = eventArguments[kind];
  const shape = Object.fromEntries(
    Object.entries(list).map(([name, argument]) => {
      const schema = argumentSchema(argument, fields[argument.field]?.[1] ?? 0);
      return [name, argument.isRequired === true ? schema : schema.optional()];
    }),
  );
  const format = "component" in eventRecords[kind].fields ? { [componentFormat]: z.boolean().optional() } : {};
  return z.strictObject({ ...target, log, times: repeats, ...shape, ...format }) as unknown as z.ZodType<EventFault>;
}

const bytes = z.string().transform((text, context): Uint8Array => {
  const digits = text.replaceAll(/\s/g, "");
  if (/^([0-9a-fA-F]{2})*$/.test(digits)) return Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
  context.addIssue({ code: "custom", message: `"${text}" is no list of bytes; write two hexadecimal digits for each, like "01 02 ff"` });
  return z.NEVER;
});

/** Names of RAS errors in QEMU's commands, and here. */
export const correctableErrors = { "cache-data-ecc": "cacheDataEcc", "mem-data-ecc": "memoryDataEcc", "crc-threshold": "crcThreshold", "retry-threshold": "retryThreshold", "cache-poison-received": "cachePoisonReceived", "mem-poison-received": "memoryPoisonReceived", physical: "physicalLayerError" } as const;
export const uncorrectableErrors = {
  "cache-data-parity": "cacheDataParity", "cache-address-parity": "cacheAddressParity", "cache-be-parity": "cacheByteEnableParity", "cache-data-ecc": "cacheDataEcc", "mem-data-parity": "memoryDataParity", "mem-address-parity": "memoryAddressParity",
  "mem-be-parity": "memoryByteEnableParity", "mem-data-ecc": "memoryDataEcc", "reinit-threshold": "reinitThreshold", "rsvd-encoding": "reservedEncodingViolation", "poison-received": "poisonReceived", "receiver-overflow": "receiverOverflow",
  internal: "internalError", "cxl-ide-tx": "ideTransmitError", "cxl-ide-rx": "ideReceiveError",
} as const;
const keysOf = <T extends object>(table: T): readonly (keyof T & string)[] => Object.keys(table) as (keyof T & string)[];

const dword = z.int().min(0).max(0xffff_ffff);
const uncorrectable = z.strictObject({ type: named("uncorrectable error", keysOf(uncorrectableErrors)), header: z.array(dword).max(16) });

const extent = z.strictObject({ offset: whole, len: whole });
const capacity = { ...target, "host-id": z.int().min(0).max(0xffff), region: z.int().min(0).max(7), tag: z.string().optional(), extents: z.array(extent).min(1).max(64) };

const commandOpcode = z.union([z.int().min(0).max(0xffff), named("command", commandNames).transform((name) => commands[name].opcode)]);
const returnCode = z.union([z.int().min(0).max(0xffff), named("return code", keysOf(returnCodes)).transform((name) => returnCodes[name])]);
/** Which commands: of one kind or any, from the n-th on. */
const commandKeys = { ...target, command: commandOpcode.optional(), nth: z.int().min(1).max(0xffff).optional(), count: repeats };

export const deviceActionSchemas = {
  injectGeneralMediaEvent: eventSchema("generalMedia"),
  injectDramEvent: eventSchema("dram"),
  injectMemoryModuleEvent: eventSchema("memoryModule"),
  injectMemorySparingEvent: eventSchema("memorySparing"),
  injectRecord: z.strictObject({ ...target, log, times: repeats, uuid: z.string(), flags: count.optional(), "maint-op-class": count.optional(), "maint-op-subclass": count.optional(), "ld-id": count.optional(), "head-id": count.optional(), data: bytes.optional() }),
  injectPoison: z.strictObject({ ...target, start: whole, length: whole }),
  injectCorrectableError: z.strictObject({ ...target, type: named("correctable error", keysOf(correctableErrors)) }),
  injectUncorrectableErrors: z.strictObject({ ...target, errors: z.array(uncorrectable).min(1).max(32) }),
  addDynamicCapacity: z.strictObject({ ...capacity, "selection-policy": z.enum(["free", "contiguous", "prescriptive", "enable-shared-access"]) }),
  releaseDynamicCapacity: z.strictObject({ ...capacity, "removal-policy": z.enum(["tag-based", "prescriptive"]), "forced-removal": z.boolean().optional(), "sanitize-on-release": z.boolean().optional() }),
  overflowEventLog: z.strictObject({ ...target, log, lost: z.int().min(1).max(0xffff).optional() }),
  mailboxBusy: z.string(),
  commandTimeout: z.strictObject(commandKeys),
  commandError: z.strictObject({ ...commandKeys, code: returnCode }),
  truncateOutput: z.strictObject({ ...commandKeys, bytes: size }),
  corruptOutput: z.strictObject({ ...commandKeys, mask: z.int().min(1).max(0xff).optional() }),
  deviceStatus: z.strictObject({ ...target, status: z.enum(["fatal", "firmware-halt", "mailbox-not-ready", "clear"]) }),
  changeHealth: z.strictObject({
    ...target, "health-status": z.int().min(0).max(0xff).optional(), "media-status": z.int().min(0).max(0xff).optional(), "life-used": z.int().min(0).max(0xff).optional(), temperature: z.int().min(-0x8000).max(0x7fff).optional(),
    "dirty-shutdown-count": dword.optional(), "corrected-volatile-error-count": dword.optional(), "corrected-persistent-error-count": dword.optional(),
  }),
  interruptBackground: z.strictObject({ ...target, code: returnCode.optional() }),
  breakFirmwareTransfer: z.string(),
} as const;
export type DeviceActionName = keyof typeof deviceActionSchemas;
export type DeviceActionFile = { readonly [K in DeviceActionName]?: z.output<(typeof deviceActionSchemas)[K]> | undefined };
