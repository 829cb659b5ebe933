// Hands the kernel's policies to the kernel in its own words.

import type { KernelPolicies } from "../kernel/policy.ts";
import type { PolicyValues } from "../scenario/policies.ts";
import { readPolicyValue } from "../scenario/policies.ts";

/** Values were checked against the table when the file was read. */
export function kernelPolicies(values: PolicyValues): KernelPolicies {
  const asm = readPolicyValue("asm", values.asm);
  const quiesce = readPolicyValue("quiesce", values.quiesce);
  return {
    isolationAction: values.isoact as KernelPolicies["isolationAction"],
    memoryUse: values.use as KernelPolicies["memoryUse"],
    onlineType: values.online as KernelPolicies["onlineType"],
    notification: values.notify as KernelPolicies["notification"],
    recoveryOrder: values.recorder as KernelPolicies["recoveryOrder"],
    refuseIsolated: values.isorefuse === "on",
    assembly: {
      // A time limit ends as the stronger of the two removals does (S5).
      onFailure: asm.value === "timeout" ? "unregister-b" : (asm.value as "leave"), timeout: asm.time, isLogged: values.log === "explicit",
      unwind: values.unwind as "none", hpaHold: values.hpahold as "at-construct",
    },
    softReserved: {
      owner: values.own as "per-range", publication: values.srpub as "never", failover: values.failover === "on", split: values.sr as "softened",
      leftover: values.leftover as "whole-to-hmem", blast: values.blast as "per-range", refuseReset: values.resetgate === "deny",
      decision: quiesce.time === null ? { kind: quiesce.value as "barrier" } : { kind: "delay", time: quiesce.time },
    },
    isDaxExclusive: values.excl === "resource",
    version: values.kernel as "7.2",
    offlining: values.offline as "retry",
    isRemovalVetoed: values.removeveto === "on",
    panicsOnUncorrectable: values.uce === "panic-on-any",
  };
}
