// Kernel policies of the benchmarks.

import type { KernelPolicies } from "../src/kernel/policy.ts";
import { defaultPolicies } from "../src/kernel/policy.ts";

export const linuxPolicies: KernelPolicies = { ...defaultPolicies, isolationAction: "recover", memoryUse: "device-dax-only", onlineType: "offline", notification: "interrupt", recoveryOrder: "fence-first", refuseIsolated: false };
