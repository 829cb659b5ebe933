// Hands the kernel's policies to the kernel in its own words.

import type { KernelPolicies } from "../kernel/policy.ts";
import type { PolicyValues } from "../scenario/policies.ts";

/** Values were checked against the table when the file was read. */
export function kernelPolicies(values: PolicyValues): KernelPolicies {
  return {
    isolationAction: values.isoact as KernelPolicies["isolationAction"],
    memoryUse: values.use as KernelPolicies["memoryUse"],
    onlineType: values.online as KernelPolicies["onlineType"],
    notification: values.notify as KernelPolicies["notification"],
    recoveryOrder: values.recorder as KernelPolicies["recoveryOrder"],
    refuseIsolated: values.isorefuse === "on",
    hpaHold: values.hpahold as KernelPolicies["hpaHold"],
    softReserved: { owner: values.own as "per-range", publication: values.srpub as "never", failover: values.failover === "on" },
  };
}
