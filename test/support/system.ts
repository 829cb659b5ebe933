// A system at power-on: memory is there, nothing was probed. Its tasks can be driven.

import type { KernelPolicies } from "../../src/kernel/policy.ts";
import { defaultPolicies } from "../../src/kernel/policy.ts";
import type { KernelSettings } from "../../src/kernel/settings.ts";
import { defaultSettings } from "../../src/kernel/settings.ts";
import { kernelHandlers, onNotify } from "../../src/kernel/boot.ts";
import type { System } from "../../src/sandbox/system.ts";
import { createSystem } from "../../src/sandbox/system.ts";
import { machineOf, modules, portOf } from "./machine.ts";

const firmware = { isolationOwner: "os", restrictions: { deviceCoherent: true, hostOnlyCoherent: true, volatile: true, persistent: false, fixed: false } } as const;

export const freshSystem = (settings: Partial<KernelSettings> = {}, policies: Partial<KernelPolicies> = {}): System =>
  createSystem(modules.release, { machine: machineOf([portOf("rp0")]), firmware, policies: { ...defaultPolicies, ...policies }, settings: { ...defaultSettings, ...settings }, handlers: kernelHandlers, seed: 1, schedule: "fixed", onNotify });
