// Checks of faults against the machine's devices: that they are there, and that what is injected can be.

import type { MachineDescription } from "../../platform/description.ts";
import { mailboxOf } from "../../platform/description.ts";
import type { DeviceDescription } from "../../platform/description.ts";
import { EventArgumentError } from "../../platform/events.ts";
import { deviceActionSchemas, targetOf } from "./device-faults.ts";
import type { DeviceActionFile, DeviceActionName, Target } from "./device-faults.ts";
import { deviceNamed, recordsOf } from "./event-records.ts";
import type { Path } from "../load.ts";

const names = Object.keys(deviceActionSchemas) as readonly DeviceActionName[];
const lineBytes = 64n;

/** Which of a device's faults an action is; undefined for one of another kind. */
export const deviceActionOf = (action: DeviceActionFile): DeviceActionName | undefined => names.find((name) => action[name] !== undefined);

/** Entries of the hardware's fault table that an action takes; a step of the kernel takes none. */
export function probesOfAction(action: DeviceActionFile & { readonly qmp?: readonly DeviceActionFile[] | undefined; readonly kernelStep?: object | undefined }): number {
  if (action.kernelStep !== undefined) return 0;
  if (action.qmp !== undefined) return action.qmp.reduce((sum, one) => sum + probesOfAction(one), 0);
  return action.injectUncorrectableErrors?.errors.length ?? (action.addDynamicCapacity ?? action.releaseDynamicCapacity)?.extents.length ?? 1;
}

export interface DeviceCheck {
  readonly machine: MachineDescription;
  /** Says that a name is no device; true when it is one. */
  readonly isDevice: (name: string, path: Path) => boolean;
  readonly report: (path: Path, message: string) => void;
}

/** The name of the device that an action is done to. */
export function deviceOfAction(action: DeviceActionFile): string {
  const name = deviceActionOf(action);
  const value: Target | string = (name === undefined ? undefined : (action[name] as Target | string | undefined)) ?? "";
  return typeof value === "string" ? value : targetOf(value);
}

function checkTarget(check: DeviceCheck, value: string | Target, path: Path): boolean {
  if (typeof value === "string") return check.isDevice(value, path);
  if ((value.of === undefined) === (value.path === undefined)) {
    check.report(path, "say which device: of: its name");
    return false;
  }
  return check.isDevice(targetOf(value), [...path, value.of === undefined ? "path" : "of"]);
}

function checkRecords(check: DeviceCheck, action: DeviceActionFile, device: DeviceDescription, path: Path): void {
  try {
    recordsOf(action, device);
  } catch (error) {
    if (!(error instanceof EventArgumentError)) throw error;
    check.report([...path, ...error.argument.split(".").map((step) => (/^\d+$/.test(step) ? Number(step) : step))], error.problem);
  }
}

/** What is wrong with one of a device's faults; `path` leads to its value. */
export function checkDeviceAction(check: DeviceCheck, action: DeviceActionFile, path: Path): void {
  const name = deviceActionOf(action);
  if (name === undefined || !checkTarget(check, action[name] as string | Target, path)) return;
  const device = deviceNamed(check.machine, deviceOfAction(action));
  if (device === undefined) return;
  checkRecords(check, action, device, path);
  const { injectPoison, truncateOutput, changeHealth } = action;
  if (changeHealth !== undefined && Object.keys(changeHealth).every((key) => key === "of" || key === "path")) check.report(path, "says nothing of the health; give what changes, like temperature: 95");
  if (injectPoison !== undefined && (injectPoison.start % lineBytes !== 0n || injectPoison.length % lineBytes !== 0n || injectPoison.length === 0n)) check.report(path, "poison covers whole lines: start and length are multiples of 64");
  const { payloadSize } = mailboxOf(device);
  if (truncateOutput !== undefined && truncateOutput.bytes >= BigInt(payloadSize)) check.report([...path, "bytes"], `${truncateOutput.bytes} bytes are no less than the payload of ${payloadSize}; keep fewer`);
}
