// Data Object Exchange (PCIe 7.9.24): devices and upstream ports, for the CDAT (CXL 3.2 8.1.11).

import { extendedHeader } from "./capability-headers.ts";
import { messageNumbers } from "./constants.ts";
import type { StructureDeclaration } from "./schema.ts";

/** First dwords of data objects: vendor in 15:0, type in 23:16. */
export const dataObjects = { discovery: 0x0000_0001, tableAccess: 0x0002_1e98 } as const;

const doe = (hasInterrupt: boolean) => ({
  name: "doe", clause: "PCIe 7.9.24", length: 0x18, identity: { list: "extended", id: 0x002e, version: 1 }, widths: [1, 2, 4],
  registers: {
    header: extendedHeader,
    capability: { offset: 0x04, width: 32, clause: "PCIe 7.9.24.2", meaning: "What the instance can do", fields: { interruptSupport: { bits: 0, access: "RO", reset: hasInterrupt ? 1 : 0, meaning: "Can raise an interrupt" }, interruptMessage: { bits: [11, 1], access: "RO", reset: messageNumbers.doe, meaning: "Message number" } } },
    control: {
      offset: 0x08, width: 32, clause: "PCIe 7.9.24.3", meaning: "Control", onWrite: "doeControl",
      fields: { abort: { bits: 0, access: "RW", readsZero: true, meaning: "Ends what is going on" }, interruptEnable: { bits: 1, access: "RW", when: "capability.interruptSupport", meaning: "Raise the interrupt" }, go: { bits: 31, access: "RW", readsZero: true, meaning: "The request is written" } },
    },
    status: {
      offset: 0x0c, width: 32, clause: "PCIe 7.9.24.4", meaning: "Status", onWrite: "doeStatus",
      fields: { busy: { bits: 0, access: "RO", meaning: "Takes no request now" }, interrupt: { bits: 1, access: "RW1C", meaning: "The interrupt was raised" }, error: { bits: 2, access: "RO", meaning: "Broken; abort ends it" }, ready: { bits: 31, access: "RO", meaning: "An answer waits" } },
    },
    writeMailbox: { offset: 0x10, width: 32, clause: "PCIe 7.9.24.5", meaning: "Next dword of the request", onWrite: "doeWrite", fields: { value: { bits: [31, 0], access: "RW", readsZero: true, meaning: "Dword; reads 0" } } },
    readMailbox: { offset: 0x14, width: 32, clause: "PCIe 7.9.24.6", meaning: "Dword of the answer; a write goes on to the next", onWrite: "doeRead", fields: { value: { bits: [31, 0], access: "RO", meaning: "Dword" } } },
  },
} as const satisfies StructureDeclaration);

export const doeDevice = doe(true);
export const doeUpstreamPort = doe(false);
