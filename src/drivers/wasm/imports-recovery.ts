// The part of a wasm driver's imports that a recovery needs: link, slot, regions, and the record of the recovery itself.

import type { DriverDevice, DriverRegion, DriverServices } from "../../platform/driver.ts";
import { constants, nameOf } from "./abi.ts";
import type { ImportFunctions } from "./bind.ts";
import { Refusal } from "./errors.ts";
import type { DriverObject, DriverState } from "./state.ts";
import { addObject, deviceOf, noDevice, numbersAt, objectOf, putNumbers, putText, servicesOf, textAt } from "./state.ts";

type Part<K extends keyof ImportFunctions> = Pick<ImportFunctions, K>;

export const recoveryImports = (state: DriverState) => ({ ...linkImports(state), ...regionImports(state), ...recordImports(state) });

function linkImports(state: DriverState): Part<"cxl_link_is_up" | "cxl_link_disable" | "cxl_link_enable" | "cxl_slot_hold" | "cxl_slot_disconnect" | "cxl_granted" | "cxl_set_isolated"> {
  const order = (id: number, act: (services: DriverServices, device: DriverDevice) => void): number => {
    act(servicesOf(state), deviceOf(state, id));
    return 0;
  };
  return {
    cxl_link_is_up: (id) => (servicesOf(state).link.isUp(deviceOf(state, id)) ? 1 : 0),
    cxl_link_disable: (id) => order(id, (services, device) => services.link.disable(device)),
    cxl_link_enable: (id) => order(id, (services, device) => services.link.enable(device)),
    cxl_slot_hold: (id, isHeld) => order(id, (services, device) => services.slot.hold(device, isHeld !== 0)),
    cxl_slot_disconnect: (id) => order(id, (services, device) => services.slot.disconnect(device)),
    cxl_granted: (id) => {
      const { isolationControl, isolationNotification, memoryErrors } = servicesOf(state).cxl.granted(deviceOf(state, id));
      const { granted } = constants;
      return (isolationControl ? granted.isolationControl : 0) | (isolationNotification ? granted.isolationNotification : 0) | (memoryErrors === true ? granted.memoryErrors : 0);
    },
    cxl_set_isolated: (id, isIsolated) => order(id, (services, device) => services.cxl.setIsolated(device, isIsolated !== 0)),
  };
}

/** Regions by their numbers. @throws Refusal */
export const regionsAt = (state: DriverState, pointer: number, count: number): DriverRegion[] => numbersAt(state, pointer, count).map((number) => objectOf(state, number, "region").region);

function regionImports(state: DriverState): Part<"cxl_regions_below" | "cxl_plan" | "cxl_value" | "cxl_name" | "cxl_pin_owners"> {
  return {
    cxl_regions_below: (id, out, capacity) => {
      const regions = servicesOf(state).cxl.regionsBelow(deviceOf(state, id));
      const shown = regions.slice(0, capacity);
      putNumbers(state, out, shown.map(() => 0));
      putNumbers(state, out, shown.map((region) => addObject(state, { kind: "region", device: noDevice, region, start: null, size: null })));
      return regions.length;
    },
    cxl_plan: (region) => addObject(state, { kind: "plan", device: noDevice, plan: servicesOf(state).cxl.plan(objectOf(state, region, "region").region) }),
    cxl_value: (number, which) => {
      const object = state.objects.get(number);
      const value = object === undefined ? undefined : valueOf(servicesOf(state), object, which);
      if (value === undefined) throw new Refusal("EINVAL", `${number} is ${object === undefined ? "no object of this driver" : `a ${object.kind}, which has no value ${which}`}`);
      return value;
    },
    cxl_name: (number, out, capacity) => {
      const isPlan = state.objects.get(number)?.kind === "plan";
      return putText(state, out, capacity, isPlan ? objectOf(state, number, "plan").plan.name : objectOf(state, number, "region").region.name);
    },
    cxl_pin_owners: (regions, count, out, capacity) => putText(state, out, capacity, servicesOf(state).cxl.pinOwners(regionsAt(state, regions, count)).join(",")),
  };
}

/** A figure, or undefined where there is no such. */
function valueOf(services: DriverServices, object: DriverObject, which: number): bigint | undefined {
  const { value } = constants;
  if (object.kind === "recovery") return which === value.state ? BigInt(constants.state[object.recovery.state]) : undefined;
  if (object.kind === "plan") {
    if (which === value.start) return object.plan.start;
    if (which === value.size) return object.plan.size;
    if (which === value.aliveBytes) return object.plan.aliveBytes;
    return which === value.isKernelMapped ? BigInt(services.cxl.isKernelMapped(object.plan)) : undefined;
  }
  if (object.kind !== "region") return undefined;
  if (which === value.start) return object.start ?? undefined;
  if (which === value.size) return object.size ?? undefined;
  if (which === value.aliveBytes) return services.cxl.aliveBytes(object.region);
  return which === value.isGone ? BigInt(object.region.isGone) : undefined;
}

function recordImports(state: DriverState): Part<"cxl_recovery" | "cxl_recovery_enter" | "cxl_recovery_blocked" | "cxl_recovery_bytes" | "cxl_recovery_end"> {
  const recordOf = (number: number) => objectOf(state, number, "recovery").recovery;
  return {
    cxl_recovery: (id) => addObject(state, { kind: "recovery", device: noDevice, recovery: servicesOf(state).cxl.recovery(deviceOf(state, id)) }),
    cxl_recovery_enter: (number, step, detail, length) => {
      const name = nameOf(constants.state, step);
      if (name === undefined) throw new Refusal("EINVAL", `there is no state ${step} of a recovery`);
      recordOf(number).enter(name, textAt(state, detail, length));
      return 0;
    },
    cxl_recovery_blocked: (number, owners, length) => {
      recordOf(number).blockedOn = textAt(state, owners, length);
      return 0;
    },
    cxl_recovery_bytes: (number, before, after) => {
      Object.assign(recordOf(number), { bytesBefore: before, bytesAfter: after });
      return 0;
    },
    cxl_recovery_end: (number) => {
      recordOf(number).end();
      return 0;
    },
  };
}
