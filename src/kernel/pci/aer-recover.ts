// PCIe errors that firmware tells of: told and recovered from as the root port's service does, out of a queue of their own (aer_recover_queue; machine-check 7).

import { errorSeverities, pcieSection, resetFlag } from "../../../registers/error-records.ts";
import { payloadBig, payloadNumber } from "../../platform/payload.ts";
import { formatPciAddress, pciAddress } from "../../platform/pci-address.ts";
import type { Task } from "../../sim/task.ts";
import { spawn, task } from "../../sim/task.ts";
import type { Device } from "../base/device.ts";
import { busDevices } from "../base/device.ts";
import type { Handler, Kernel } from "../base/kernel.ts";
import { defineState, printk, setTimer } from "../base/kernel.ts";
import type { ErrorKind } from "./aer-names.ts";
import type { ErrorReport } from "./aer-report.ts";
import { tellReport } from "./aer-report.ts";
import { pciBus } from "./device.ts";
import { recover } from "./error-recovery.ts";
import { resetLink } from "./reset.ts";

/** A section of firmware's record, as it lies behind its entry. */
export interface PcieSection {
  readonly severity: number;
  readonly flags: number;
  readonly bytes: Uint8Array;
}

const queued = defineState("pci.aerRecover", () => ({ fifo: [] as PcieSection[], isRunning: false }));
const longest = 16;
const workHandler = "aer-recover-work";
const worker = "kworker/0:0";
const pointerMask = 0x1f;

const nameOf = ({ bytes }: PcieSection): string => {
  const number = (name: "function" | "device" | "bus" | "segment"): number => payloadNumber(bytes, pcieSection.fields[name]);
  return formatPciAddress(pciAddress(number("segment"), number("bus"), number("device"), number("function")));
};

/** Queues a section that says whose error it is and has the function's AER registers; others are passed over, a full queue drops it with a message. */
export function queueRecovery(kernel: Kernel, section: PcieSection): void {
  const { validity, fields } = pcieSection;
  const wanted = (1n << BigInt(validity.device)) | (1n << BigInt(validity.registers));
  if ((payloadBig(section.bytes, fields.validation) & wanted) !== wanted) return;
  const state = queued(kernel);
  if (state.fifo.length >= longest) {
    printk(kernel, "err", `buffer overflow in recovering errors of ${nameOf(section)}`);
    return;
  }
  state.fifo.push(section);
  if (state.fifo.length === 1 && !state.isRunning) setTimer(kernel, 0, { handler: workHandler, argument: 0 });
}

/** A component that firmware has reset must be made ready anew: its error counts as fatal. */
function kindOf({ severity, flags }: PcieSection): ErrorKind {
  if ((flags & resetFlag) !== 0 || severity === errorSeverities.fatal) return "fatal";
  return severity === errorSeverities.corrected ? "correctable" : "nonfatal";
}

function reportOf(device: Device, section: PcieSection): ErrorReport {
  const { fields } = pcieSection;
  const kind = kindOf(section);
  const isCorrectable = kind === "correctable";
  const mask = payloadNumber(section.bytes, isCorrectable ? fields.correctableMask : fields.uncorrectableMask);
  const raw = payloadNumber(section.bytes, isCorrectable ? fields.correctableStatus : fields.uncorrectableStatus);
  return { device, kind, status: (raw & ~mask) >>> 0, mask, first: isCorrectable ? null : payloadNumber(section.bytes, fields.control) & pointerMask };
}

const recoverOne = task("aer.recoverQueued", function* (kernel: Kernel, section: PcieSection): Task<void> {
  const device = busDevices(kernel, pciBus).find((one) => one.name === nameOf(section));
  if (device === undefined) {
    printk(kernel, "err", `no pci_dev for ${nameOf(section)}`);
    return;
  }
  const report = reportOf(device, section);
  tellReport(kernel, report, worker);
  if (report.kind !== "correctable") yield* recover(kernel, { reporter: device, kind: report.kind, status: report.status, service: "AER", reset: resetLink });
});

const workOff = task("aer.recoverWork", function* (kernel: Kernel): Task<void> {
  const state = queued(kernel);
  state.isRunning = true;
  for (let section = state.fifo.shift(); section !== undefined; section = state.fifo.shift()) yield* recoverOne(kernel, section);
  state.isRunning = false;
});

export const aerRecoverHandlers: ReadonlyMap<string, Handler> = new Map([[workHandler, (kernel) => void spawn(kernel.scheduler, "aer recover", workOff(kernel))]]);
