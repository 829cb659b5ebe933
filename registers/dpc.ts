// Downstream Port Containment (PCIe 7.9.14): root ports and downstream ports.

import { extendedHeader } from "./capability-headers.ts";
import { messageNumbers } from "./constants.ts";
import type { StructureDeclaration } from "./schema.ts";

const errorSources = { 0: "unmasked uncorrectable error of the port", 1: "ERR_NONFATAL received", 2: "ERR_FATAL received", 3: "see the extension" } as const;

/** The log is the header log alone: no implementation-specific dword, no TLP prefixes. */
const headerLogDwords = 4;

/** Only root ports have the root port extensions; the errors of programmed I/O that they tell of do not happen here. */
const dpc = (isRoot: boolean) => {
  const kept = (access: "RW1CS" | "RWS" | "ROS") => (isRoot ? ({ access, unmodelled: true } as const) : ({ access: "RO" } as const));
  const log = (offset: number, clause: string, meaning: string, access: "RW1CS" | "RWS", reset = 0) => ({
    offset, width: 32, clause, meaning,
    fields: {
      configuration: { bits: [2, 0], reset: isRoot ? reset : 0, meaning: "Configuration requests: unsupported request, completer abort, timeout", ...kept(access) },
      io: { bits: [10, 8], reset: isRoot ? reset : 0, meaning: "I/O requests, likewise", ...kept(access) },
      memory: { bits: [18, 16], reset: isRoot ? reset : 0, meaning: "Memory requests, likewise", ...kept(access) },
    },
  } as const);
  return {
    name: "dpc", clause: "PCIe 7.9.14", length: 0x30, identity: { list: "extended", id: 0x001d, version: 1 }, widths: [1, 2, 4],
    registers: {
      header: extendedHeader,
      capability: {
        offset: 0x04, width: 16, clause: "PCIe 7.9.14.2", meaning: "What the port can do",
        fields: {
          interruptMessage: { bits: [4, 0], access: "RO", reset: messageNumbers.dpc, meaning: "Message number" },
          rootPortExtensions: { bits: 5, access: "RO", reset: isRoot ? 1 : 0, meaning: "Root port extensions" },
          poisonedTlpEgressBlocking: { bits: 6, access: "RO", meaning: "Poisoned TLP egress blocking" },
          softwareTriggering: { bits: 7, access: "RO", reset: 1, meaning: "Software can trigger" },
          programmedIoLogSize: { bits: [11, 8], access: "RO", reset: isRoot ? headerLogDwords : 0, meaning: "Dwords of the programmed-I/O log: 4 or more with root port extensions" },
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
      programmedIoStatus: log(0x0c, "PCIe 7.9.14.6", "Programmed-I/O errors", "RW1CS"),
      programmedIoMask: log(0x10, "PCIe 7.9.14.7", "1 masks", "RWS", 7),
      programmedIoSeverity: log(0x14, "PCIe 7.9.14.8", "1 is uncorrectable", "RWS"),
      programmedIoSystemError: log(0x18, "PCIe 7.9.14.9", "1 raises a system error", "RWS"),
      programmedIoException: log(0x1c, "PCIe 7.9.14.10", "1 is an exception", "RWS"),
      programmedIoHeaderLog: { offset: 0x20, width: 32, clause: "PCIe 7.9.14.11", meaning: "Header of the first error of programmed I/O", repeat: { count: headerLogDwords, stride: 4 }, fields: { dword: { bits: [31, 0], meaning: "Header dword", ...kept("ROS") } } },
    },
  } as const satisfies StructureDeclaration;
};

export const dpcRootPort = dpc(true);
export const dpcDownstreamPort = dpc(false);
