// The record of a recovery as a driver writes it: its states in log and trace, and what the report reads.

import type { DriverRecovery, RecoveryState } from "../../platform/driver.ts";
import { suggestion } from "../../sim/suggest.ts";
import type { Device } from "../base/device.ts";
import type { Kernel } from "../base/kernel.ts";
import { mark, printk } from "../base/kernel.ts";
import { aliveBytes } from "./dax-plan.ts";
import { affectedRegions } from "./regions.ts";
import type { Recovery } from "./state.ts";
import { recoveryState } from "./state.ts";
import { systemRamBytes } from "./system-ram.ts";

const recoveryStates = ["NOTIFIED", "FENCED", "EVACUATED", "UNBOUND", "REMOVED", "LINK_DOWN", "CLEARED", "LINK_UP", "ENUMERATED", "RECREATED", "RECOVERED", "RECOVERED-REDUCED", "BLOCKED", "STRANDED", "REBOOT_CHOSEN"] as const satisfies readonly RecoveryState[];

function bytesOf(what: string, bytes: bigint): bigint {
  if (typeof bytes !== "bigint" || bytes < 0n) throw new TypeError(`${what} of a recovery is a bigint from 0n, and this is a ${typeof bytes}`);
  return bytes;
}

/** Opens a record; it stands for a recovery under way until it is ended. */
export function openRecovery(kernel: Kernel, port: Device): DriverRecovery {
  const regions = affectedRegions(kernel, port);
  const systemRamBefore = regions.reduce((sum, region) => sum + systemRamBytes(kernel, region), 0n);
  const bytesForfeited = systemRamBefore + regions.reduce((sum, region) => sum + aliveBytes(kernel, region), 0n);
  const recovery: Recovery = { port: port.name, state: "NOTIFIED", startedAt: kernel.platform.clock.now, endedAt: -1, bytesBefore: 0n, bytesAfter: 0n, bytesForfeited, systemRamBefore, blockedOn: "" };
  recoveryState(kernel).recoveries.push(recovery);
  return {
    enter: (state: RecoveryState, detail = "") => {
      if (!recoveryStates.includes(state)) throw new TypeError(`"${String(state)}" is no state of a recovery; ${suggestion(String(state), recoveryStates)}`);
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
      recovery.blockedOn = String(owners);
    },
    get bytesBefore() {
      return recovery.bytesBefore;
    },
    set bytesBefore(bytes: bigint) {
      recovery.bytesBefore = bytesOf("bytesBefore", bytes);
    },
    get bytesAfter() {
      return recovery.bytesAfter;
    },
    set bytesAfter(bytes: bigint) {
      recovery.bytesAfter = bytesOf("bytesAfter", bytes);
    },
    end: () => {
      recovery.endedAt = kernel.platform.clock.now;
    },
  };
}
