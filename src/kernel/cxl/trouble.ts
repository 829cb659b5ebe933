// What went wrong with CXL until now, for who must know whether it can be trusted with memory (S48, S50): a sticky list of reasons. Failures of
// regions that a user makes are none.

import type { Task } from "../../sim/task.ts";
import { task } from "../../sim/task.ts";
import type { Device, Driver } from "../base/device.ts";
import { busDevices } from "../base/device.ts";
import { SystemError } from "../base/errno.ts";
import type { Kernel } from "../base/kernel.ts";
import { defineState } from "../base/kernel.ts";
import { cxlBus, decoderOf, isDecoder, isRegion, regionOf, regionStates } from "./types.ts";

const state = defineState("cxl.trouble", () => ({ reasons: [] as string[] }));

/** The driver, with every failure of a probe that counts kept as a reason. */
export const reportingTrouble = (driver: Driver, counts: (kernel: Kernel, device: Device) => boolean = () => true): Driver => ({
  ...driver,
  probe: task(`${driver.name}.probe`, function* (kernel: Kernel, device: Device): Task<void> {
    try {
      yield* driver.probe(kernel, device);
    } catch (thrown) {
      if (thrown instanceof SystemError && thrown.errno !== "EPROBE_DEFER" && counts(kernel, device)) state(kernel).reasons.push(`${driver.name} ${device.name}: probe failed: -${thrown.number}`);
      throw thrown;
    }
  }),
});

/** Firmware's regions that are not complete, and its decoders that no region took. */
function incomplete(kernel: Kernel): string[] {
  const devices = busDevices(kernel, cxlBus);
  const regions = devices.filter((device) => isRegion(device) && regionOf(device).isAuto && regionOf(device).state < regionStates.commit);
  const decoders = devices.filter((device) => {
    if (!isDecoder(device)) return false;
    const { endpoint, isEnabled, region } = decoderOf(device);
    return endpoint !== null && isEnabled && endpoint.state === "auto" && region === null && endpoint.stagedIn === null;
  });
  return [...regions.map((device) => `${device.name}: not assembled`), ...decoders.map((device) => `${device.name}: in no region`)];
}

/** Every reason so far, with what is incomplete now: to be asked when boot's devices have had their time. */
export const troubles = (kernel: Kernel): readonly string[] => [...state(kernel).reasons, ...incomplete(kernel)];
