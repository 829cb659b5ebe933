// What the actions of a scenario do in the hardware: probes, in order.

import type { ProbeAction } from "../hardware/probes.ts";
import { deviceActionOf } from "../scenario/faults/check-device-faults.ts";
import type { DeviceActionFile, DeviceActionName } from "../scenario/faults/device-faults.ts";
import { findField } from "../scenario/machine-parts.ts";
import type { FieldPlace } from "../scenario/machine-parts.ts";
import { rasErrors } from "../scenario/plan.ts";
import type { ActionFile, PlannedFault, ScenarioPlan } from "../scenario/plan.ts";
import { UncheckedFaultError, probesOfDevice } from "./device-faults.ts";

const functionOf = (value: { readonly of?: string | undefined; readonly port?: string | undefined }): string => value.of ?? value.port ?? "";

function messagesOf(value: { readonly of?: string | undefined; readonly port?: string | undefined; readonly message?: number | undefined; readonly count?: number | undefined }) {
  return { function: functionOf(value), count: value.count ?? 1, ...(value.message === undefined ? {} : { message: value.message }) };
}

const linesOf = (value: { readonly device: string; readonly dpa: bigint; readonly length?: bigint | undefined }) => ({ device: value.device, dpa: value.dpa, length: Number(value.length ?? 64n) });

function errorOf(value: NonNullable<ActionFile["rasError"]>): ProbeAction {
  const kind = value.uncorrectable === undefined ? "correctable" : "uncorrectable";
  const bit = rasErrors[kind][value.uncorrectable ?? value.correctable ?? ""] ?? 0;
  return { kind: kind === "correctable" ? "correctableError" : "uncorrectableError", function: value.of, bit, ...(value.header === undefined ? {} : { header: value.header }) };
}

type Actions = { readonly [K in Exclude<keyof ActionFile, DeviceActionName | "qmp" | "kernelStep">]-?: (value: NonNullable<ActionFile[K]>, plan: ScenarioPlan) => ProbeAction };

const toProbe: Actions = {
  linkDown: (port) => ({ kind: "linkDown", port }),
  linkUp: (port) => ({ kind: "linkUp", port }),
  neverRetrain: (port) => ({ kind: "neverRetrain", port }),
  linkFlap: ({ port, time }) => ({ kind: "flapLink", port, time }),
  dropResponse: ({ port, count }) => ({ kind: "dropResponse", port, count: count ?? 1 }),
  delayResponse: ({ port, by, count }) => ({ kind: "delayResponse", port, by, count: count ?? 1 }),
  cacheTimeout: (port) => ({ kind: "cacheTimeout", port }),
  loseInterrupt: (value) => ({ kind: "loseInterrupt", ...messagesOf(value) }),
  duplicateInterrupt: (value) => ({ kind: "duplicateInterrupt", ...messagesOf(value) }),
  delayInterrupt: (value) => ({ kind: "delayInterrupt", by: value.by, ...messagesOf(value) }),
  replaceDevice: (value) => ({ kind: "plug", port: value.port, device: value.with }),
  plug: ({ port, card }) => ({ kind: "plug", port, device: card }),
  unplug: (port) => ({ kind: "unplug", port }),
  rasError: errorOf,
  poison: (value) => ({ kind: "poison", ...linesOf(value) }),
  clearPoison: (value) => ({ kind: "clearPoison", ...linesOf(value) }),
  mediaState: ({ device, state }) => ({ kind: "mediaState", device, state }),
  stuckRegister: ({ of, field, value }, plan) => ({ kind: "stuckRegister", ...bitsOf(plan, of, field, value) }),
  corruptRegister: ({ of, field, value }, plan) => ({ kind: "corruptRegister", ...bitsOf(plan, of, field, value) }),
  writeRegister: ({ of, field, value }, plan) => ({ kind: "writeRegister", ...bitsOf(plan, of, field, value) }),
  releaseRegister: ({ of, field }, plan) => ({ kind: "releaseRegister", at: bitsOf(plan, of, field, 0).at }),
  refuseCommit: ({ of, count }) => ({ kind: "refuseCommit", function: of, count: count ?? 1 }),
  neverCommit: ({ of, count }) => ({ kind: "neverCommit", function: of, count: count ?? 1 }),
  lateCommit: ({ of, by, count }) => ({ kind: "lateCommit", function: of, by, count: count ?? 1 }),
  resetDevice: (device) => ({ kind: "resetDevice", device }),
};

function bitsOf(plan: ScenarioPlan, of: string, field: string, value: number) {
  const place = fieldOf(plan, of, field);
  return { at: { entity: of, space: place.space, offset: place.offset, mask: place.mask }, value: (value << place.shift) >>> 0 };
}

/** What a fault does in the hardware, in order. */
export function probesOfFault(plan: ScenarioPlan, fault: PlannedFault): readonly ProbeAction[] {
  const inDevice = (action: DeviceActionFile): readonly ProbeAction[] => probesOfDevice(plan.machine, action);
  if (fault.do.qmp !== undefined) return fault.do.qmp.flatMap(inDevice);
  if (deviceActionOf(fault.do) !== undefined) return inDevice(fault.do);
  for (const [kind, value] of Object.entries(fault.do)) if (value !== undefined) return [(toProbe[kind as keyof Actions] as (value: unknown, plan: ScenarioPlan) => ProbeAction)(value, plan)];
  throw new UncheckedFaultError(`fault ${fault.id} does nothing`);
}

/** A field that the loader has checked. */
export function fieldOf(plan: ScenarioPlan, of: string, path: string): FieldPlace {
  const place = findField(plan.machine, of, path);
  if (typeof place === "string") throw new UncheckedFaultError(`unchecked register name: ${place}`);
  return place;
}
