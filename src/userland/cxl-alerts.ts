// `cxl set-alert-config`: thresholds from which on a memdev warns, and whether it warns at all.

import { SystemError, errnoText } from "../kernel/base/errno.ts";
import { userPayloads } from "../kernel/cxl/ioctl.ts";
import { encodePayload } from "../platform/payload.ts";
import type { Task } from "../sim/task.ts";
import { describeMemdev } from "./cxl-describe.ts";
import { readAlerts } from "./cxl-mailbox.ts";
import type { MemdevCall } from "./cxl-memdev-call.ts";
import { ToolFailure, complaint } from "./failure.ts";
import { memdevTool } from "./cxl-memdev-call.ts";
import type { Options } from "./options.ts";

const where = "action_set_alert_config";
const mask16 = 0xffff;

/** In the order of their bits in the command. */
const alerts = [
  { option: "life-used", field: "lifeUsed", what: "life used", least: 0, most: 100 },
  { option: "over-temperature", field: "over", what: "device temperature", least: -0x8000, most: 0x7fff },
  { option: "under-temperature", field: "under", what: "device temperature", least: -0x8000, most: 0x7fff },
  { option: "volatile-mem-err", field: "volatile", what: "corrected mem error", least: 0, most: mask16 },
  { option: "pmem-err", field: "persistent", what: "corrected mem error", least: 0, most: mask16 },
] as const;
type Alert = (typeof alerts)[number];

interface AlertWish {
  readonly alert: Alert;
  /** Null: the alert is switched off. */
  readonly threshold: number | null;
}

const refuse = (place: string, message: string): never => {
  throw new ToolFailure("EINVAL", place, message);
};

/** Both threshold and `on`, or `off` alone. @throws ToolFailure */
function parseAlert(options: Options, alert: Alert): AlertWish | undefined {
  const [action, text] = [options.values.get(`${alert.option}-alert`), options.values.get(`${alert.option}-threshold`)];
  if (action === undefined) return text === undefined ? undefined : refuse(where, "Action not specified");
  if (action !== "on" && action !== "off") return refuse(where, `Invalid action: ${action}`);
  if (action === "off") return text === undefined ? { alert, threshold: null } : refuse(where, "Disable not require threshold");
  if (text === undefined) return refuse(where, "Threshold not specified");
  if (!/^-?\d+$/.test(text)) return refuse(where, `Invalid threshold: ${text}`);
  return { alert, threshold: Number(text) };
}

/** @throws ToolFailure */
function parseAlerts(options: Options): AlertWish[] {
  const wishes = alerts.flatMap((alert) => parseAlert(options, alert) ?? []);
  if (wishes.length === 0) refuse(where, "No action specified");
  for (const { alert, threshold } of wishes) {
    if (threshold !== null && (threshold < alert.least || threshold > alert.most)) refuse("validate_alert_threshold", `Invalid ${alert.what} threshold: ${threshold}`);
  }
  return wishes;
}

/** Undefined: the device took it. */
function* send({ files }: MemdevCall, memdev: string, wishes: readonly AlertWish[]): Task<ToolFailure | undefined> {
  const { input } = userPayloads.setAlerts;
  const bits = (chosen: readonly AlertWish[]): number => chosen.reduce((sum, { alert }) => sum | (1 << alerts.indexOf(alert)), 0);
  const thresholds = Object.fromEntries(wishes.flatMap(({ alert, threshold }) => (threshold === null ? [] : [[alert.field, threshold & mask16] as const])));
  const payload = encodePayload(input, { valid: bits(wishes), enable: bits(wishes.filter(({ threshold }) => threshold !== null)), ...thresholds });
  try {
    const { returnCode } = yield* files.send(`/dev/cxl/${memdev}`, "setAlerts", payload, 0);
    return returnCode === 0 ? undefined : new ToolFailure("ENXIO", where, `${where}: mbox status: ${returnCode}`);
  } catch (thrown) {
    if (!(thrown instanceof SystemError)) throw thrown;
    // The library makes no command that the device does not have.
    return thrown.errno === "ENOTTY" ? new ToolFailure("ENXIO", "", "") : new ToolFailure(thrown.errno, where, `cmd submission failed: ${errnoText(thrown.errno)}`);
  }
}

/** What the memdev says of its alerts is shown whether or not it took the new ones. */
export function* setAlerts(call: MemdevCall, memdev: string): Task<void> {
  const { files, options, output, shown } = call;
  const wishes = parseAlerts(options);
  const failure = yield* send(call, memdev, wishes);
  if (failure !== undefined) output.err(`${failure.message === "" ? "" : complaint(memdevTool, failure)}${memdevTool}: ${where}: ${memdev} error: ${errnoText(failure.errno)}\n`);
  shown.push(describeMemdev(files, memdev, { areTargetsShown: false, answers: new Map([[memdev, { alert_config: yield* readAlerts(files, memdev) }]]) }));
  if (failure !== undefined) throw new ToolFailure(failure.errno, "", "");
}
