// Downstream Port Containment (PCIe 7.9.14): root ports and downstream ports.

import { extendedHeader } from "./capability-headers.ts";
import { messageNumbers } from "./constants.ts";
import type { StructureDeclaration } from "./schema.ts";

const errorSources = { 0: "unmasked uncorrectable error of the port", 1: "ERR_NONFATAL received", 2: "ERR_FATAL received", 3: "see the extension" } as const;

/** Only root ports have the root port extensions; their programmed-I/O log is not modelled. */
const dpc = (isRoot: boolean) => {
  const log = (offset: number, clause: string, meaning: string, reset: 0 | 1) => ({
    offset, width: 32, clause, meaning,
    fields: {
      configuration: { bits: [2, 0], access: isRoot ? ("RW" as const) : ("RO" as const), reset: isRoot && reset === 1 ? 7 : 0, meaning: "Configuration requests", ...(isRoot ? { unmodelled: true as const } : {}) },
      io: { bits: [10, 8], access: isRoot ? ("RW" as const) : ("RO" as const), reset: isRoot && reset === 1 ? 7 : 0, meaning: "I/O requests", ...(isRoot ? { unmodelled: true as const } : {}) },
      memory: { bits: [18, 16], access: isRoot ? ("RW" as const) : ("RO" as const), reset: isRoot && reset === 1 ? 7 : 0, meaning: "Memory requests", ...(isRoot ? { unmodelled: true as const } : {}) },
    },
  } as const);
  return {
    name: "dpc", clause: "PCIe 7.9.14", length: 0x20, identity: { list: "extended", id: 0x001d, version: 1 }, widths: [1, 2, 4],
    registers: {
      header: extendedHeader,
      capability: {
        offset: 0x04, width: 16, clause: "PCIe 7.9.14.2", meaning: "What the port can do",
        fields: {
          interruptMessage: { bits: [4, 0], access: "RO", reset: messageNumbers.dpc, meaning: "Message number" },
          rootPortExtensions: { bits: 5, access: "RO", reset: isRoot ? 1 : 0, meaning: "Root port extensions" },
          poisonedTlpEgressBlocking: { bits: 6, access: "RO", meaning: "Poisoned TLP egress blocking" },
          softwareTriggering: { bits: 7, access: "RO", reset: 1, meaning: "Software can trigger" },
          programmedIoLogSize: { bits: [11, 8], access: "RO", meaning: "Dwords of the programmed-I/O log" },
          linkActiveErrCor: { bits: 12, access: "RO", meaning: "ERR_COR when the link becomes active" },
        },
      },
      control: {
        offset: 0x06, width: 16, clause: "PCIe 7.9.14.3", meaning: "What is enabled", onWrite: "dpcControl",
        fields: {
          triggerEnable: { bits: [1, 0], access: "RW", meaning: "What triggers", values: { 0: "nothing", 1: "ERR_FATAL", 2: "ERR_NONFATAL or ERR_FATAL" } },
          completionControl: { bits: 2, access: "RW", meaning: "Completions while contained: 1 unsupported request, 0 completer abort", unmodelled: true },
          interruptEnable: { bits: 3, access: "RW", meaning: "Raise the interrupt" },
          errCorEnable: { bits: 4, access: "RW", meaning: "Send ERR_COR" },
          poisonedTlpEgressEnable: { bits: 5, access: "RW", when: "capability.poisonedTlpEgressBlocking", meaning: "Block poisoned TLPs" },
          softwareTrigger: { bits: 6, access: "RW", readsZero: true, meaning: "Triggers; reads 0" },
          linkActiveErrCorEnable: { bits: 7, access: "RW", when: "capability.linkActiveErrCor", meaning: "ERR_COR when the link becomes active" },
        },
      },
      status: {
        offset: 0x08, width: 16, clause: "PCIe 7.9.14.4", meaning: "What happened", onWrite: "dpcStatus",
        fields: {
          trigger: { bits: 0, access: "RW1CS", meaning: "The port is contained; the link is held down" },
          reason: { bits: [2, 1], access: "ROS", meaning: "Why", values: errorSources },
          interrupt: { bits: 3, access: "RW1CS", meaning: "The interrupt was raised" },
          rootPortBusy: { bits: 4, access: "RO", meaning: "The root port is not done yet" },
          reasonExtension: { bits: [6, 5], access: "ROS", meaning: "More of why", values: { 0: "programmed I/O of the root port", 1: "software" } },
          programmedIoFirstError: { bits: [12, 8], access: "ROS", meaning: "First error of programmed I/O" },
        },
      },
      source: { offset: 0x0a, width: 16, clause: "PCIe 7.9.14.5", meaning: "Who sent the message", fields: { requester: { bits: [15, 0], access: "ROS", meaning: "Requester id" } } },
      programmedIoStatus: log(0x0c, "PCIe 7.9.14.6", "Programmed-I/O errors", 0),
      programmedIoMask: log(0x10, "PCIe 7.9.14.7", "1 masks", 1),
      programmedIoSeverity: log(0x14, "PCIe 7.9.14.8", "1 is uncorrectable", 0),
      programmedIoSystemError: log(0x18, "PCIe 7.9.14.9", "1 raises a system error", 0),
      programmedIoException: log(0x1c, "PCIe 7.9.14.10", "1 is an exception", 0),
    },
  } as const satisfies StructureDeclaration;
};

export const dpcRootPort = dpc(true);
export const dpcDownstreamPort = dpc(false);
