// The platform bus: devices that no bus enumerates, below /sys/devices/platform.

import type { Device, DeviceType } from "./device.ts";
import { addDevice } from "./device.ts";
import type { Kernel } from "./kernel.ts";
import { defineState } from "./kernel.ts";

export const platformBus = "platform";
const plainType: DeviceType = { name: "plain", attributes: [] };

const state = defineState("platform", (): { root: Device | null } => ({ root: null }));

/** The device /sys/devices/platform. */
export const platformRoot = (kernel: Kernel): Device => (state(kernel).root ??= addDevice(kernel, { name: "platform", bus: null, type: plainType, parent: null, data: {} }));
