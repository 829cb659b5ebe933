// Kernel policies of the benchmarks.

import type { KernelPolicies } from "../src/kernel/policy.ts";

export const linuxPolicies: KernelPolicies = { isolationAction: "recover", memoryUse: "device-dax-only", onlineType: "offline", notification: "interrupt", recoveryOrder: "fence-first", refuseIsolated: false, hpaHold: "at-construct" };
