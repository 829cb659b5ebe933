// The record of a recovery as a driver writes it: its states in log and trace, and what the report reads.

import type { DriverRecovery, RecoveryState } from "../../platform/driver.ts";
import type { Device } from "../base/device.ts";
import type { Kernel } from "../base/kernel.ts";
import { mark, printk } from "../base/kernel.ts";
import type { Recovery } from "./state.ts";
import { recoveryState } from "./state.ts";

/** Opens a record; it stands for a recovery under way until it is ended. */
export function openRecovery(kernel: Kernel, port: Device): DriverRecovery {
  const recovery: Recovery = { port: port.name, state: "NOTIFIED", startedAt: kernel.platform.clock.now, endedAt: -1, bytesBefore: 0n, bytesAfter: 0n, blockedOn: "" };
  recoveryState(kernel).recoveries.push(recovery);
  return {
    enter: (state: RecoveryState, detail = "") => {
      recovery.state = state;
      mark(kernel, `${port.name} ${state}`, detail);
      printk(kernel, "info", `cxl_isolation ${port.name}: recovery: ${state}${detail === "" ? "" : ` (${detail})`}`);
    },
    get state() {
      return recovery.state;
    },
    get blockedOn() {
      return recovery.blockedOn;
    },
    set blockedOn(owners: string) {
      recovery.blockedOn = owners;
    },
    get bytesBefore() {
      return recovery.bytesBefore;
    },
    set bytesBefore(bytes: bigint) {
      recovery.bytesBefore = bytes;
    },
    get bytesAfter() {
      return recovery.bytesAfter;
    },
    set bytesAfter(bytes: bigint) {
      recovery.bytesAfter = bytes;
    },
    end: () => {
      recovery.endedAt = kernel.platform.clock.now;
    },
  };
}
