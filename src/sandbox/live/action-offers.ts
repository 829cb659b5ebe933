// What can be done to a part by pointing at it: one table over the actions of the schema. Parameters and their usual values come from the schema and docs/faults.md.

import type { actionSchemas } from "../../scenario/schema.ts";
import type { PartLook } from "./machine-types.ts";

export type ActionName = keyof typeof actionSchemas;

/** What can be pointed at. */
export type PointedKind = PartLook["kind"] | "region" | "host";

export interface Offer {
  readonly action: ActionName;
  /** Tells it from another offer of the same action. */
  readonly variant?: string;
  readonly group: "Link and card" | "Requests" | "Interrupts" | "Errors" | "Media" | "Decoders" | "Registers" | "Mailbox" | "Events" | "Kernel";
  readonly title: string;
  readonly on: readonly PointedKind[];
  /** Done to the port that holds the part, not to the part. */
  readonly isAbove?: true;
  /** Usual values in place of those of docs/faults.md, as they are typed; by the kind of part where they differ. */
  readonly values?: Readonly<Partial<Record<PointedKind | "any", Readonly<Record<string, string>>>>>;
  /** What the part must have. */
  readonly needs?: "card" | "empty slot or alternate" | "alternate" | "isolation" | "cache isolation" | "dynamic capacity" | "decoders";
}

const ports = ["root port", "downstream port"] as const;
const cards = ["switch", "device"] as const;
const functions = [...ports, ...cards] as const;
const withDecoders = ["host bridge", "switch", "device"] as const;
const device = ["device"] as const;

const committed = { "host bridge": { field: "hdmDecoderPort.control.committed", value: "0" }, switch: { field: "hdmDecoderPort.control.committed", value: "0" }, device: { field: "hdmDecoderDevice.control.committed", value: "0" } } as const;
const presence = { field: "pcie.slotStatus.presence", value: "0" } as const;
const mayField = { ...committed, "root port": presence, "downstream port": presence } as const;
const disable = { field: "pcie.linkControl.linkDisable", value: "1" } as const;
const written = { ...committed, "root port": disable, "downstream port": disable, switch: { field: "bridgeHeader.bridgeControl.secondaryBusReset", value: "1" }, device: { field: "hdmDecoderDevice.globalControl.decoderEnable", value: "0" } } as const;

export const offers: readonly Offer[] = [
  { action: "linkDown", group: "Link and card", title: "Pull the cable", on: ports },
  { action: "linkDown", variant: "above", group: "Link and card", title: "Pull the cable above it", on: cards, isAbove: true },
  { action: "linkUp", group: "Link and card", title: "Put the cable back: the link trains", on: ports },
  { action: "linkUp", variant: "above", group: "Link and card", title: "Put the cable above it back", on: cards, isAbove: true },
  { action: "linkFlap", group: "Link and card", title: "Pull the cable and put it back", on: ports },
  { action: "neverRetrain", group: "Link and card", title: "Never train again once the link is down", on: ports },
  { action: "unplug", group: "Link and card", title: "Pull the card (surprise removal)", on: ports, needs: "card" },
  { action: "unplug", variant: "above", group: "Link and card", title: "Pull it (surprise removal)", on: cards, isAbove: true },
  { action: "plug", group: "Link and card", title: "Plug a card in (hot-add)", on: ports, needs: "empty slot or alternate" },
  { action: "replaceDevice", group: "Link and card", title: "Replace the card", on: ports, needs: "alternate" },
  { action: "resetDevice", group: "Link and card", title: "Reset itself, its link stays up", on: device },
  { action: "dropResponse", group: "Requests", title: "Lose an answer: isolation by timeout", on: ["root port"] },
  { action: "delayResponse", group: "Requests", title: "Answer late", on: ["root port"] },
  { action: "cacheTimeout", group: "Requests", title: "Time a CXL.cache transaction out", on: ["root port"], needs: "cache isolation" },
  { action: "loseInterrupt", group: "Interrupts", title: "Lose interrupts", on: functions, values: { any: { message: "" } } },
  { action: "duplicateInterrupt", group: "Interrupts", title: "Send interrupts twice", on: functions },
  { action: "delayInterrupt", group: "Interrupts", title: "Send interrupts late", on: functions },
  { action: "rasError", variant: "uncorrectable", group: "Errors", title: "Uncorrectable error", on: functions, values: { any: { uncorrectable: "cacheDataParity", correctable: "", header: "" }, device: { uncorrectable: "memoryDataEcc", correctable: "", header: "" } } },
  { action: "rasError", variant: "correctable", group: "Errors", title: "Correctable error", on: functions, values: { any: { uncorrectable: "", correctable: "crcThreshold", header: "" } } },
  { action: "injectUncorrectableErrors", group: "Errors", title: "Several uncorrectable errors (QEMU's names)", on: device },
  { action: "injectCorrectableError", group: "Errors", title: "Correctable error (QEMU's names)", on: device },
  { action: "poison", group: "Media", title: "Poison lines", on: device, values: { any: { dpa: "4KiB", length: "256" } } },
  { action: "injectPoison", group: "Media", title: "Poison lines (QEMU's names)", on: device, values: { any: { start: "16KiB", length: "256" } } },
  { action: "clearPoison", group: "Media", title: "Take poison away", on: device, values: { any: { dpa: "4KiB", length: "256" } } },
  { action: "mediaState", group: "Media", title: "Media not ready, failed or disabled", on: device },
  { action: "refuseCommit", group: "Decoders", title: "Refuse the next commit of a decoder", on: withDecoders, needs: "decoders" },
  { action: "neverCommit", group: "Decoders", title: "Never end the next commit", on: withDecoders, needs: "decoders" },
  { action: "lateCommit", group: "Decoders", title: "End the next commit late", on: withDecoders, needs: "decoders" },
  { action: "stuckRegister", variant: "busy", group: "Registers", title: "Isolated port busy for ever", on: ["root port"], needs: "isolation", values: { any: { field: "timeoutIsolation.status.rootPortBusy", value: "1" } } },
  { action: "stuckRegister", group: "Registers", title: "A field of a register is stuck", on: [...withDecoders, ...ports], values: mayField },
  { action: "corruptRegister", group: "Registers", title: "A field changes once", on: [...withDecoders, ...ports], values: mayField },
  { action: "writeRegister", group: "Registers", title: "A field is written behind the kernel's back", on: [...withDecoders, ...ports], values: written },
  { action: "releaseRegister", group: "Registers", title: "A stuck field can change again", on: [...withDecoders, ...ports], values: Object.fromEntries(Object.entries(mayField).map(([kind, { field }]) => [kind, { field }])) },
  { action: "mailboxBusy", group: "Mailbox", title: "Mailbox busy for ever", on: device },
  { action: "commandTimeout", group: "Mailbox", title: "A command never ends", on: device, values: { any: { command: "", nth: "1" } } },
  { action: "commandError", group: "Mailbox", title: "A command ends with an error", on: device, values: { any: { command: "" } } },
  { action: "truncateOutput", group: "Mailbox", title: "An answer is cut short", on: device, values: { any: { command: "" } } },
  { action: "corruptOutput", group: "Mailbox", title: "An answer is corrupted", on: device, values: { any: { command: "" } } },
  { action: "deviceStatus", group: "Mailbox", title: "Fatal error, firmware halt, mailbox not ready", on: device },
  { action: "interruptBackground", group: "Mailbox", title: "End the background operation", on: device },
  { action: "breakFirmwareTransfer", group: "Mailbox", title: "Lose the firmware transfer", on: device },
  { action: "changeHealth", group: "Events", title: "Change its health", on: device },
  { action: "injectGeneralMediaEvent", group: "Events", title: "General media record", on: device },
  { action: "injectDramEvent", group: "Events", title: "DRAM record", on: device },
  { action: "injectMemoryModuleEvent", group: "Events", title: "Memory module record", on: device },
  { action: "injectMemorySparingEvent", group: "Events", title: "Memory sparing record", on: device },
  { action: "injectRecord", group: "Events", title: "A record of any kind", on: device },
  { action: "overflowEventLog", group: "Events", title: "Overflow an event log", on: device },
  { action: "addDynamicCapacity", group: "Events", title: "Offer dynamic capacity", on: device, needs: "dynamic capacity" },
  { action: "releaseDynamicCapacity", group: "Events", title: "Ask dynamic capacity back", on: device, needs: "dynamic capacity" },
  {
    action: "kernelStep", group: "Kernel", title: "A step of Linux fails", on: ["device", "region", "host"],
    values: { device: { step: "mem.endpoint", errno: "", nth: "", count: "" }, region: { step: "region.probe", errno: "", nth: "", count: "" }, host: { step: "memory.online", errno: "", nth: "", count: "" } },
  },
];

/** Actions that pointing does not offer, and why. */
export const notOffered: Readonly<Partial<Record<ActionName, string>>> = { qmp: "a script of QEMU's is written, or dropped as a file: what it does is offered one by one" };
