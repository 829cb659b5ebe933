// Rules of Timeout & Isolation (CXL 3.2 8.2.4.24, 12.3; ids of docs/rules.md), of containment and of taking a link down.

import { dpcRootPort } from "../../../registers/dpc.ts";
import { dvsecPort } from "../../../registers/dvsec.ts";
import { bridgeHeader } from "../../../registers/pci-header.ts";
import { pcieRootPort } from "../../../registers/pcie.ts";
import { timeoutIsolation, timeoutSpans } from "../../../registers/timeout-isolation.ts";
import { extract } from "../../platform/registers.ts";
import type { IsolationWatch, Part } from "./parts.ts";
import { held } from "./parts.ts";
import { maskOf } from "../../platform/register-places.ts";
import type { Finding, HardwareEvent, Rule, Touch } from "./rule.ts";

const { capability, control, status } = timeoutIsolation.registers;
const controlOf = "timeoutIsolation.control";
const statusOf = "timeoutIsolation.status";

type StatusField = keyof typeof status.fields;
type ControlField = keyof typeof control.fields;
type CapabilityField = keyof typeof capability.fields;

const offers = (part: Part, field: CapabilityField): boolean => extract(capability.fields[field], held(part, "component", "timeoutIsolation.capability")) === 1;
const rises = ({ before, next }: Touch, field: ControlField): boolean => (before & maskOf(control.fields[field])) === 0n && (next & maskOf(control.fields[field])) !== 0n;
const asks = ({ next }: Touch, field: ControlField): boolean => (next & maskOf(control.fields[field])) !== 0n;

/** Halves whose isolation a write of the status ends, with what was seen of each. */
function endings({ part, value, before }: Touch): readonly { readonly field: StatusField; readonly watch: IsolationWatch }[] {
  const halves = [{ field: "memoryIsolation", watch: part.memoryIsolation }, { field: "cacheIsolation", watch: part.cacheIsolation }] as const;
  return halves.filter(({ field }) => (value & before & maskOf(status.fields[field])) !== 0n);
}

function clearedWhileBusy(touch: Touch): Finding | undefined {
  for (const { field, watch } of endings(touch)) {
    const isBusy = extract(status.fields.rootPortBusy, touch.before) === 1;
    if (!isBusy && watch.hasSeenIdle) continue;
    const did = isBusy ? `1 was written to ${field} while rootPortBusy was 1` : `1 was written to ${field}, but since the port isolated nobody has read the status with rootPortBusy 0`;
    return { part: touch.part, register: statusOf, field, did };
  }
  return undefined;
}

function clearedWithLinkUp(touch: Touch): Finding | undefined {
  const found = endings(touch).find(({ watch }) => !watch.wasLinkDown);
  if (found === undefined) return undefined;
  return { part: touch.part, register: statusOf, field: found.field, did: `1 was written to ${found.field}, and the link has not been down since the port isolated: accesses reach a device that nobody has reset` };
}

function notQuiesced({ part, kind, b, c }: HardwareEvent): Finding | undefined {
  if (kind !== "violation" || b !== enableChanged) return undefined;
  return { part, register: controlOf, field: "memoryIsolationEnable", did: `memoryIsolationEnable was changed with ${c} request${c === 1 ? "" : "s"} of CXL.mem outstanding` };
}

/** Kind of a violation record (assembly/component/timeout-isolation.ts). */
const enableChanged = 1;

function noNotification(touch: Touch): Finding | undefined {
  const { part } = touch;
  const isEnabled = rises(touch, "memoryIsolationEnable") || rises(touch, "cacheIsolationEnable");
  if (!isEnabled || asks(touch, "interruptEnable") || asks(touch, "errCorEnable") || !(offers(part, "interrupt") || offers(part, "errCorSignaling"))) return undefined;
  return { part, register: controlOf, field: offers(part, "interrupt") ? "interruptEnable" : "errCorEnable", did: "isolation was enabled with neither interruptEnable nor errCorEnable: the first to learn of it is whoever loads poison" };
}

function timeoutValue(touch: Touch): Finding | undefined {
  const { part, before, next } = touch;
  for (const [field, ranges] of [["memoryTimeoutValue", "memoryTimeoutRanges"], ["cacheTimeoutValue", "cacheTimeoutRanges"]] as const) {
    const value = extract(control.fields[field], next);
    if (value === 0 || value === extract(control.fields[field], before)) continue;
    const range = timeoutSpans.values.find((one) => one.value === value)?.range ?? 0;
    const offered = extract(capability.fields[ranges], held(part, "component", "timeoutIsolation.capability"));
    if ((range & offered) !== 0) continue;
    const legal = [0, ...timeoutSpans.values.filter((one) => (one.range & offered) !== 0).map((one) => one.value)];
    return { part, register: controlOf, field, did: `${value} was written to ${field}; with ${ranges} ${offered} the port takes ${legal.join(", ")}` };
  }
  return undefined;
}

function lostWakeUp(part: Part): Finding {
  const field = extract(status.fields.memoryIsolation, held(part, "component", statusOf)) === 1 ? "memoryIsolation" : "cacheIsolation";
  return { part, register: statusOf, field, clause: status.clause, did: "interruptEnable was set while the port was isolated already, and the status was not read afterwards: no message comes for what was before, and nobody looks" };
}

const dpcStatus = dpcRootPort.registers.status;

function containedBusy({ part, place, value, before }: Touch): Finding | undefined {
  const isCleared = (value & before & maskOf(dpcStatus.fields.trigger)) !== 0n;
  if (!isCleared || extract(dpcStatus.fields.rootPortBusy, before) === 0) return undefined;
  return { part, register: place.label, field: "trigger", did: "1 was written to trigger while rootPortBusy was 1" };
}

const unmask = dvsecPort.registers.control.fields;
const switchesLink = [
  { of: "pcie.linkControl", field: pcieRootPort.registers.linkControl.fields.linkDisable, name: "linkDisable", mask: unmask.unmaskLinkDisable, maskName: "unmaskLinkDisable" },
  { of: "bridgeHeader.bridgeControl", field: bridgeHeader.registers.bridgeControl.fields.secondaryBusReset, name: "secondaryBusReset", mask: unmask.unmaskSecondaryBusReset, maskName: "unmaskSecondaryBusReset" },
] as const;

function maskedLinkDown({ part, place, before, next }: Touch): Finding | undefined {
  const found = switchesLink.find(({ of }) => of === place.name);
  if (found === undefined || !part.kind.endsWith("port")) return undefined;
  const isSet = ((next & ~before) & maskOf(found.field)) !== 0n;
  if (!isSet || extract(found.mask, held(part, "config", "dvsecPort.control")) === 1) return undefined;
  return { part, register: place.label, field: found.name, did: `1 was written to ${found.name} while dvsecPort.control.${found.maskName} is 0: the link stays as it is` };
}

export const isolationRules: readonly Rule[] = [
  {
    id: "TR1", title: "Isolation status is cleared only after Root Port Busy was read as 0", clause: "8.2.4.24.3",
    asks: "software waits until rootPortBusy reads 0 before it clears an isolation status; before that the result is undefined",
    remedy: "poll timeoutIsolation.status until rootPortBusy is 0, with a limit, then write 1 to the isolation status",
    watches: [{ on: "write", of: [statusOf], judge: clearedWhileBusy }],
  },
  {
    id: "TR3", title: "The link has been down before isolation is left", clause: "12.3", isInferred: true,
    asks: "the link passes through Link Down between isolation and the device's recovery, so that nothing of before is taken for valid",
    remedy: "take the link down (dvsecPort.control.unmaskLinkDisable and pcie.linkControl.linkDisable, or memoryIsolationLinkDownEnable from the start), see it down, then clear the status",
    watches: [{ on: "write", of: [statusOf], judge: clearedWithLinkUp }],
  },
  {
    id: "quiesce", title: "Isolation Enable changes only while CXL.mem is quiet", clause: "8.2.4.24.2",
    asks: "CXL.mem through the port is quiesced before memoryIsolationEnable changes, else the result is undefined",
    remedy: "stop and drain accesses below the port first, or enable isolation before there are any",
    watches: [{ on: "event", of: ["violation"], judge: notQuiesced }],
  },
  {
    id: "notification", title: "Who enables isolation also enables what tells of it", clause: "12.3", isInferred: true,
    asks: "a port that can tell of isolation is told to, in the same write or before (software may do without, if it means to rely on the exception alone)",
    remedy: "set interruptEnable (or errCorEnable) together with the enable",
    watches: [{ on: "write", of: [controlOf], judge: noNotification }],
  },
  {
    id: "timeout-value", title: "Only timeout values of an offered range are written", clause: "8.2.4.24.2",
    asks: "a timeout value is legal only if the capability has its range",
    remedy: "choose from the ranges that timeoutIsolation.capability names; 0 always is there",
    watches: [{ on: "write", of: [controlOf], judge: timeoutValue }],
  },
  {
    id: "lost-wake-up", title: "The status is read after the interrupt is enabled", clause: "12.3", isInferred: true,
    asks: "there is one message per entry into isolation, so what came before the enable is found in the status alone (here: within 1 ms)",
    remedy: "read timeoutIsolation.status after setting interruptEnable, and handle what it shows",
    watches: [{ on: "overdue", judge: lostWakeUp }],
  },
  {
    id: "containment-busy", title: "A DPC trigger is cleared only while its Root Port Busy is 0", clause: "PCIe 7.9.14.4",
    asks: "software waits until the port is not busy before it clears the trigger",
    remedy: "poll dpc.status.rootPortBusy first",
    watches: [{ on: "write", of: ["dpc.status"], judge: containedBusy }],
  },
  {
    id: "masked-link-down", title: "Link Disable and bus reset are unmasked before they are used", clause: "8.1.5",
    asks: "in CXL mode Link Disable and Secondary Bus Reset have no effect unless the port's DVSEC unmasks them",
    remedy: "set the unmask bit of dvsecPort.control first",
    watches: [{ on: "write", of: switchesLink.map(({ of }) => of), judge: maskedLinkDown }],
  },
];
