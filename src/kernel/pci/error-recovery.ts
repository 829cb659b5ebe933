// What becomes of a function that reported an uncorrectable error (pcie_do_recovery in outline; error-recovery 4.1): its drivers have voted, a fatal error
// asks for a reset in any case.

import type { ErrorAnswer } from "../../platform/driver.ts";
import type { Task } from "../../sim/task.ts";
import { task } from "../../sim/task.ts";
import type { Device } from "../base/device.ts";
import { SystemError } from "../base/errno.ts";
import type { Kernel } from "../base/kernel.ts";
import { mark, printk } from "../base/kernel.ts";
import { removeOne } from "./rescan.ts";
import { resetFunction } from "./reset.ts";

/** The gravest answer counts (merge_result); drivers without an opinion leave it to the others. */
const gravity: readonly ErrorAnswer[] = ["none", "can-recover", "need-reset", "disconnect"];
const gravest = (answers: readonly ErrorAnswer[]): ErrorAnswer => answers.reduce((most, answer) => (gravity.indexOf(answer) > gravity.indexOf(most) ? answer : most), "none");

const tryReset = task("pci.tryReset", function* (kernel: Kernel, port: Device, device: Device): Task<boolean> {
  try {
    yield* resetFunction(kernel, device);
    return true;
  } catch (thrown) {
    if (!(thrown instanceof SystemError)) throw thrown;
    printk(kernel, "warn", `pcieport ${port.name}: AER: subordinate device reset failed`);
    return false;
  }
});

/** Carries out what the answers ask for. Returns whether the function goes on. */
export const recoverFunction = task("pci.recoverFunction", function* (kernel: Kernel, port: Device, device: Device, severity: "nonfatal" | "fatal", answers: readonly ErrorAnswer[]): Task<boolean> {
  const vote = gravest(answers);
  if (vote === "none") printk(kernel, "info", `pci ${device.name}: AER: can't recover (no error_detected callback)`);
  const needsReset = vote === "need-reset" || (severity === "fatal" && vote === "can-recover");
  const isGoingOn = vote === "can-recover" || vote === "need-reset";
  const isRecovered = isGoingOn && (!needsReset || (yield* tryReset(kernel, port, device)));
  printk(kernel, "info", `pcieport ${port.name}: AER: device recovery ${isRecovered ? "successful" : "failed"}`);
  mark(kernel, `${device.name} error ${isRecovered ? "recovered" : "not recovered"}`, severity);
  if (vote === "disconnect") yield* removeOne(kernel, device);
  return isRecovered;
});
