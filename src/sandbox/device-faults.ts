// Faults of a device's command interface as the hardware's probes take them.

import { returnCodes } from "../../registers/payload-schema.ts";
import type { ProbeAction } from "../hardware/probes.ts";
import type { MachineDescription } from "../platform/description.ts";
import { deviceActionOf, deviceOfAction } from "../scenario/faults/check-device-faults.ts";
import { correctableErrors, uncorrectableErrors } from "../scenario/faults/device-faults.ts";
import type { DeviceActionFile, DeviceActionName } from "../scenario/faults/device-faults.ts";
import { deviceNamed, recordsOf } from "../scenario/faults/event-records.ts";
import { findField } from "../scenario/machine-parts.ts";
import { rasErrors } from "../scenario/plan.ts";

/** A fault that the plan has not checked. */
export class UncheckedFaultError extends Error {}

interface Commands {
  readonly command?: number | undefined;
  readonly nth?: number | undefined;
  readonly count?: number | undefined;
}

const bitOf = (kind: keyof typeof rasErrors, name: string): number => rasErrors[kind][name] ?? 0;
const defaultMask = 0xff;
const doorbell = "primaryMailbox.control.doorbell";

function mailboxFault(device: string, fault: Extract<ProbeAction, { kind: "mailboxFault" }>["fault"], { command, nth, count }: Commands, value?: number): ProbeAction {
  return { kind: "mailboxFault", device, fault, skip: (nth ?? 1) - 1, count: count ?? 1, ...(command === undefined ? {} : { opcode: command }), ...(value === undefined ? {} : { value }) };
}

/** The doorbell is set with no command behind it: the mailbox is busy until a reset. */
function busy(machine: MachineDescription, device: string): ProbeAction {
  const place = findField(machine, device, doorbell);
  if (typeof place === "string") throw new UncheckedFaultError(place);
  return { kind: "corruptRegister", at: { entity: device, space: place.space, offset: place.offset, mask: place.mask }, value: place.mask };
}

const healthNames = {
  "health-status": "healthStatus", "media-status": "mediaStatus", "life-used": "lifeUsed", temperature: "temperature", "dirty-shutdown-count": "dirtyShutdownCount", "corrected-volatile-error-count": "correctedVolatileCount",
  "corrected-persistent-error-count": "correctedPersistentCount",
} as const;

function healthOf(value: NonNullable<DeviceActionFile["changeHealth"]>): Extract<ProbeAction, { kind: "changeHealth" }>["values"] {
  return Object.fromEntries(Object.entries(healthNames).flatMap(([from, to]) => {
    const given = value[from as keyof typeof healthNames];
    return given === undefined ? [] : [[to, given]];
  }));
}

type Translations = { readonly [K in DeviceActionName]?: (value: NonNullable<DeviceActionFile[K]>, device: string, machine: MachineDescription) => readonly ProbeAction[] };

const translations: Translations = {
  injectPoison: ({ start, length }, device) => [{ kind: "poison", device, dpa: start, length: Number(length) }],
  injectCorrectableError: ({ type }, device) => [{ kind: "correctableError", function: device, bit: bitOf("correctable", correctableErrors[type]) }],
  injectUncorrectableErrors: ({ errors }, device) => errors.map(({ type, header }) => ({ kind: "uncorrectableError", function: device, bit: bitOf("uncorrectable", uncorrectableErrors[type]), header })),
  mailboxBusy: (_, device, machine) => [busy(machine, device)],
  commandTimeout: (value, device) => [mailboxFault(device, "never-ends", value)],
  commandError: (value, device) => [mailboxFault(device, "return-code", value, value.code)],
  truncateOutput: (value, device) => [mailboxFault(device, "truncate", value, Number(value.bytes))],
  corruptOutput: (value, device) => [mailboxFault(device, "corrupt", value, value.mask ?? defaultMask)],
  deviceStatus: ({ status }, device) => [{ kind: "deviceStatus", device, status }],
  changeHealth: (value, device) => [{ kind: "changeHealth", device, values: healthOf(value) }],
  interruptBackground: ({ code }, device) => [{ kind: "endBackground", device, returnCode: code ?? returnCodes.interrupted }],
  breakFirmwareTransfer: (_, device) => [{ kind: "breakFirmwareTransfer", device }],
};

/** What an action on a device does in the hardware, in order. */
export function probesOfDevice(machine: MachineDescription, action: DeviceActionFile): readonly ProbeAction[] {
  const name = deviceActionOf(action);
  const device = deviceNamed(machine, deviceOfAction(action));
  if (name === undefined || device === undefined) throw new UncheckedFaultError(`no device "${deviceOfAction(action)}"`);
  const translate = translations[name] as ((value: unknown, device: string, machine: MachineDescription) => readonly ProbeAction[]) | undefined;
  if (translate !== undefined) return translate(action[name], device.name, machine);
  return recordsOf(action, device).map(({ log, record, times }) => ({ kind: "injectEvent", device: device.name, log, record, times }));
}
