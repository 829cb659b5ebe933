// What the driver does to the registers of one port: arming it, disabling it, asking whether it is isolated (timeout-isolation sheet 2 to 4). The defects of the
// posted series are here, each beside what is right.

import { timeoutIsolation } from "../../../registers/timeout-isolation.ts";
import type { DriverServices } from "../../platform/driver.ts";
import { decode } from "../../platform/registers.ts";
import type { StructureAccess } from "../../platform/registers.ts";
import type { Task } from "../../sim/task.ts";
import type { DefectName } from "./defects.ts";
import { chooseTimeoutValue, timeoutValueOf } from "./timeout.ts";

export type IsolationRegisters = StructureAccess<typeof timeoutIsolation>;
export type Capability = ReturnType<IsolationRegisters["capability"]["read"]>;

const millisecond = 1_000_000;
/** V25-6: root port busy is looked at four times, half a second apart. */
const busyPolls = 4;
const busyPollTime = 500 * millisecond;

const enableBit = 1n << BigInt(timeoutIsolation.registers.control.fields.memoryIsolationEnable.bits);
const statusOffset = BigInt(timeoutIsolation.registers.status.offset);

export interface Arming {
  /** Name of a timeout span; undefined: the driver's choice. */
  readonly range: string | undefined;
  readonly hasInterrupt: boolean;
  /** Undefined: firmware is told by ERR_COR, and its enable bit is left alone. */
  readonly hasErrCor: boolean | undefined;
  readonly defects: ReadonlySet<DefectName>;
}

/** Value of a named span as the port can have it. @throws the kernel's EINVAL no such name, or its range is not supported */
export function parseRange(kernel: Pick<DriverServices, "error">, name: string, ranges: number, defects: ReadonlySet<DefectName>): number {
  const value = timeoutValueOf(name, ranges);
  if (value === undefined) throw kernel.error("EINVAL", `"${name}" is no timeout range of the port`);
  return defects.has("range-not-written") ? 0 : value;
}

/** Timeout value, then its enable, then isolation with everything that belongs to it in one write (S90). */
export function arm(kernel: Pick<DriverServices, "error">, registers: IsolationRegisters, capability: Capability, { range, hasInterrupt, hasErrCor, defects }: Arming): void {
  const ranges = capability.memoryTimeoutRanges;
  const value = range === undefined ? chooseTimeoutValue(ranges) : parseRange(kernel, range, ranges, defects);
  registers.control.modify({ memoryTimeoutValue: capability.memoryTimeout === 1 ? value : 0 });
  if (capability.memoryTimeout === (defects.has("timeout-when-unsupported") ? 0 : 1)) registers.control.modify({ memoryTimeoutEnable: 1 });
  registers.control.modify({
    memoryIsolationEnable: 1,
    memoryIsolationLinkDownEnable: capability.memoryIsolationLinkDown,
    interruptEnable: hasInterrupt && !defects.has("interrupt-never-enabled") ? 1 : 0,
    ...(hasErrCor === undefined ? {} : { errCorEnable: hasErrCor ? 1 : 0 }),
  });
}

/** Clears everything that the status says of CXL.mem (TR2). Returns whether isolation is over. */
export function clearIsolation(registers: IsolationRegisters): boolean {
  registers.status.write({ memoryTimeout: 1, memoryIsolation: 1, memoryIsolationLinkDown: 1 });
  return registers.status.get("memoryIsolation") === 0;
}

/** Whether CXL.mem of a port with this status is isolated. */
export function isIsolated(status: bigint, defects: ReadonlySet<DefectName>): boolean {
  if (defects.has("status-against-offset")) return (status & statusOffset) === 0n;
  return decode(timeoutIsolation.registers.status, status).memoryIsolation === 1;
}

/**
 * Takes isolation out of service, and what was told of it; the timeout stays. A port that is busy has two seconds.
 * @throws the kernel's ETIMEDOUT it stays busy: nothing was changed
 */
export function* disable(kernel: DriverServices, registers: IsolationRegisters, defects: ReadonlySet<DefectName>): Task<void> {
  for (let poll = 0; registers.status.get("memoryIsolation") === 1 && registers.status.get("rootPortBusy") === 1; poll++) {
    if (poll === busyPolls) throw kernel.error("ETIMEDOUT", "the root port stays busy");
    yield* kernel.sleep(busyPollTime);
  }
  if (defects.has("disable-keeps-bit")) registers.control.writeRaw(registers.control.readRaw() & enableBit);
  else registers.control.modify({ memoryIsolationEnable: 0, memoryIsolationLinkDownEnable: 0, interruptEnable: 0 });
}
