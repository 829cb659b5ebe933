// The PCI Express capability as lspci shows it (PCIe 7.5.3).

import type { Config, Flags } from "./config.ts";
import { bits, has, hex, portTypes, showFlags, u16, u32 } from "./config.ts";
import type { PciFunction } from "./functions.ts";
import { hasMemoryBar } from "./regions.ts";

const at = { deviceCapabilities: 4, deviceControl: 8, deviceStatus: 10, linkCapabilities: 12, linkControl: 16, linkStatus: 18, slotCapabilities: 20, slotControl: 24, slotStatus: 26, rootControl: 28, rootCapabilities: 30, rootStatus: 32, deviceCapabilities2: 36, deviceControl2: 40, linkCapabilities2: 44, linkControl2: 48, linkStatus2: 50 } as const;
const { endpoint, legacyEndpoint, rootPort, upstream, downstream, pciBridge, pcieBridge, integratedEndpoint, eventCollector } = portTypes;

interface Capability {
  readonly one: PciFunction;
  readonly config: Config;
  readonly where: number;
  readonly type: number;
}

const word = ({ config, where }: Capability, offset: number): number => u16(config, where + offset);
const long = ({ config, where }: Capability, offset: number): number => u32(config, where + offset);
const isOneOf = (type: number, ...types: readonly number[]): boolean => types.includes(type);
const pick = (names: readonly string[], index: number, other: string): string => names[index] ?? other;

const l0sLatencies = ["<64ns", "<128ns", "<256ns", "<512ns", "<1us", "<2us", "<4us", "unlimited"];
const l1Latencies = ["<1us", "<2us", "<4us", "<8us", "<16us", "<32us", "<64us", "unlimited"];
const speeds: Readonly<Record<number, string>> = { 1: "2.5GT/s", 2: "5GT/s", 3: "8GT/s", 4: "16GT/s", 5: "32GT/s", 6: "64GT/s", 8: "128GT/s" };

/** Watts of a slot: a value in tenths to the power of `scale`; from 0xf0 on the largest scale has names of its own (7.5.3.9). */
function powerLimit(value: number, scale: number): string {
  if (scale === 0 && value === 0xff) return ">600W";
  const watts = scale === 0 && value >= 0xf0 ? 250 + 25 * (value - 0xf0) : value;
  const digits = String(watts).padStart(scale + 1, "0");
  const [whole, part] = [digits.slice(0, digits.length - scale), digits.slice(digits.length - scale).replace(/0+$/, "")];
  return `${whole}${part === "" ? "" : `.${part}`}W`;
}

const controlFlags: readonly [Flags, Flags] = [{ CorrErr: 1, NonFatalErr: 2, FatalErr: 4, UnsupReq: 8 }, { RlxdOrd: 0x10, ExtTag: 0x100, PhantFunc: 0x200, AuxPwr: 0x400, NoSnoop: 0x800 }];
const statusFlags: Flags = { CorrErr: 1, NonFatalErr: 2, FatalErr: 4, UnsupReq: 8, AuxPwr: 0x10, TransPend: 0x20 };
const buttons: Flags = { AttnBtn: 0x1000, AttnInd: 0x2000, PwrInd: 0x4000 };
const functionReset = 0x1000_0000;

function deviceLines(capability: Capability): string[] {
  const { type } = capability;
  const can = long(capability, at.deviceCapabilities);
  const control = word(capability, at.deviceControl);
  const isEndpoint = isOneOf(type, endpoint, legacyEndpoint);
  const resets = isEndpoint || type === integratedEndpoint;
  const parts = [showFlags(can, { ExtTag: 0x20 })];
  if (isEndpoint || isOneOf(type, upstream, pciBridge)) parts.push(showFlags(can, buttons));
  parts.push(showFlags(can, { RBE: 0x8000 }));
  if (resets) parts.push(showFlags(can, { FLReset: functionReset }));
  if (isOneOf(type, endpoint, upstream, pciBridge)) parts.push(`SlotPowerLimit ${powerLimit(bits(can, 25, 18), bits(can, 27, 26))}`);
  const latency = isEndpoint ? `, Latency L0s ${pick(l0sLatencies, bits(can, 8, 6), "")}, L1 ${pick(l1Latencies, bits(can, 11, 9), "")}` : "";
  const retry = type === pciBridge ? " " + showFlags(control, { BrConfRtry: 0x8000 }) : resets && (can & functionReset) !== 0 ? " " + showFlags(control, { FLReset: 0x8000 }) : "";
  return [
    `\t\tDevCap:\tMaxPayload ${128 << bits(can, 2, 0)} bytes, PhantFunc ${(1 << bits(can, 4, 3)) - 1}${latency}`,
    `\t\t\t${parts.join(" ")} ${showFlags(can, { "TEE-IO": 0x4000_0000 })}`,
    `\t\tDevCtl:\t${showFlags(control, controlFlags[0])}`,
    `\t\t\t${showFlags(control, controlFlags[1])}${retry}`,
    `\t\t\tMaxPayload ${128 << bits(control, 7, 5)} bytes, MaxReadReq ${128 << bits(control, 14, 12)} bytes`,
    `\t\tDevSta:\t${showFlags(word(capability, at.deviceStatus), statusFlags)}`,
  ];
}

const stateSupport = ["not supported", "L0s", "L1", "L0s L1"];
const stateControl = ["Disabled", "L0s Enabled", "L1 Enabled", "L0s L1 Enabled"];
const linkFlags: Flags = { ClockPM: 0x4_0000, Surprise: 0x8_0000, LLActRep: 0x10_0000, BwNot: 0x20_0000, ASPMOptComp: 0x40_0000 };
const linkControlFlags: readonly [Flags, Flags] = [{ LnkDisable: 0x10, CommClk: 0x40 }, { ExtSynch: 0x80, ClockPM: 0x100, AutWidDis: 0x200, BWInt: 0x400, AutBWInt: 0x800, FltModeDis: 0x2000 }];
const linkStatusFlags: Flags = { TrErr: 0x400, Train: 0x800, SlotClk: 0x1000, DLActive: 0x2000, BWMgmt: 0x4000, ABWMgmt: 0x8000 };

/** A link below a port may be slower than the port; one above a device is told of. */
function compared(type: number, now: number, largest: number): string {
  if (now > largest) return " (overdriven)";
  return now === largest || isOneOf(type, rootPort, downstream, pcieBridge) ? "" : " (downgraded)";
}

function linkLines(capability: Capability): string[] {
  const { type } = capability;
  const can = long(capability, at.linkCapabilities);
  const control = word(capability, at.linkControl);
  const status = word(capability, at.linkStatus);
  const states = bits(can, 11, 10);
  const latencies = [(states & 1) !== 0 ? `L0s ${pick(l0sLatencies, bits(can, 14, 12), "")}` : "", (states & 2) !== 0 ? `L1 ${pick(l1Latencies, bits(can, 17, 15), "")}` : ""].filter((text) => text !== "");
  const boundary = isOneOf(type, rootPort, endpoint, legacyEndpoint, pciBridge) ? ` RCB ${(control & 8) !== 0 ? 128 : 64} bytes,` : "";
  const [speed, width] = [bits(status, 3, 0), bits(status, 9, 4)];
  return [
    `\t\tLnkCap:\tPort #${bits(can, 31, 24)}, Speed ${speeds[bits(can, 3, 0)] ?? "unknown"}, Width x${bits(can, 9, 4)}, ASPM ${pick(stateSupport, states, "unknown")}${latencies.length === 0 ? "" : `, Exit Latency ${latencies.join(", ")}`}`,
    `\t\t\t${showFlags(can, linkFlags)}`,
    `\t\tLnkCtl:\tASPM ${pick(stateControl, bits(control, 1, 0), "")};${boundary} ${showFlags(control, linkControlFlags[0])}`,
    `\t\t\t${showFlags(control, linkControlFlags[1])}`,
    `\t\tLnkSta:\tSpeed ${speeds[speed] ?? "unknown"}${compared(type, speed, bits(can, 3, 0))}, Width x${width}${compared(type, width, bits(can, 9, 4))}`,
    `\t\t\t${showFlags(status, linkStatusFlags)}`,
  ];
}

const slotFlags: Flags = { AttnBtn: 1, PwrCtrl: 2, MRL: 4, AttnInd: 8, PwrInd: 0x10, HotPlug: 0x40, Surprise: 0x20 };
const slotEnableFlags: Flags = { AttnBtn: 1, PwrFlt: 2, MRL: 4, PresDet: 8, CmdCplt: 0x10, HPIrq: 0x20, LinkChg: 0x1000 };
const slotStatusFlags: Flags = { AttnBtn: 1, PowerFlt: 2, MRL: 0x20, CmdCplt: 0x10, PresDet: 0x40, Interlock: 0x80 };
const indicators = ["Unknown", "On", "Blink", "Off"];

function slotLines(capability: Capability): string[] {
  const can = long(capability, at.slotCapabilities);
  const control = word(capability, at.slotControl);
  const status = word(capability, at.slotStatus);
  const indicator = (high: number): string => pick(indicators, bits(control, high, high - 1), "");
  return [
    `\t\tSltCap:\t${showFlags(can, slotFlags)}`,
    `\t\t\tSlot #${bits(can, 31, 19)}, PowerLimit ${powerLimit(bits(can, 14, 7), bits(can, 16, 15))}; ${showFlags(can, { Interlock: 0x2_0000, NoCompl: 0x4_0000 })}`,
    `\t\tSltCtl:\tEnable: ${showFlags(control, slotEnableFlags)}`,
    `\t\t\tControl: AttnInd ${indicator(7)}, PwrInd ${indicator(9)}, ${showFlags(control, { Power: 0x400, Interlock: 0x800 })}`,
    `\t\tSltSta:\tStatus: ${showFlags(status, slotStatusFlags)}`,
    `\t\t\tChanged: ${showFlags(status, { MRL: 4, PresDet: 8, LinkState: 0x100 })}`,
  ];
}

function rootLines(capability: Capability): string[] {
  const status = long(capability, at.rootStatus);
  return [
    `\t\tRootCap: ${showFlags(word(capability, at.rootCapabilities), { CRSVisible: 1 })}`,
    `\t\tRootCtl: ${showFlags(word(capability, at.rootControl), { ErrCorrectable: 1, "ErrNon-Fatal": 2, ErrFatal: 4, PMEIntEna: 8, CRSVisible: 0x10 })}`,
    `\t\tRootSta: PME ReqID ${hex(bits(status, 15, 0), 4)}, ${showFlags(status, { PMEStatus: 0x1_0000, PMEPending: 0x2_0000 })}`,
  ];
}

const timeoutRanges: Readonly<Record<number, string>> = { 0: "Not Supported", 1: "Range A", 2: "Range B", 3: "Range AB", 6: "Range BC", 7: "Range ABC", 14: "Range BCD", 15: "Range ABCD" };
const timeoutValues: Readonly<Record<number, string>> = { 0: "50us to 50ms", 1: "50us to 100us", 2: "1ms to 10ms", 5: "16ms to 55ms", 6: "65ms to 210ms", 9: "260ms to 900ms", 10: "1s to 3.5s", 13: "4s to 13s", 14: "17s to 64s" };
const bufferFlush = ["Not Supported", "Via message", "Via WAKE#", "Via message/WAKE#"];
const bufferFlushControl = ["Disabled", "Via message A", "Via message B", "Via WAKE#"];
const emergency = ["Not Supported", "Dev Specific", "Form Factor Dev Specific", "Reserved"];
const notification = ["Not Supported", "64byte cachelines", "128byte cachelines", "Reserved"];
const hints = ["TPHComp- ExtTPHComp-", "TPHComp+ ExtTPHComp-", "", "TPHComp+ ExtTPHComp+"];
const isPort = (type: number): boolean => isOneOf(type, rootPort, upstream, downstream);

function deviceCapabilities2(capability: Capability): string[] {
  const { one, type } = capability;
  const can = long(capability, at.deviceCapabilities2);
  const hasBar = hasMemoryBar(one);
  const prefixes = (can & 0x20_0000) === 0 ? "" : `, MaxEETLPPrefixes ${bits(can, 23, 22) || 4}`;
  const more = [showFlags(can, { FRS: 0x8000_0000 })];
  if (type === rootPort) more.push(`LN System CLS ${pick(notification, bits(can, 15, 14), "")},`);
  if (isOneOf(type, rootPort, endpoint)) more.push(pick(hints, bits(can, 13, 12), ""));
  if (isOneOf(type, rootPort, downstream)) more.push(showFlags(can, { ARIFwd: 0x20 }));
  const lines = [
    `\t\tDevCap2: Completion Timeout: ${timeoutRanges[bits(can, 3, 0)] ?? "Unknown"}, ${showFlags(can, { TimeoutDis: 0x10, NROPrPrP: 0x400, LTR: 0x800 })}`,
    `\t\t\t ${showFlags(can, { "10BitTagComp": 0x1_0000, "10BitTagReq": 0x2_0000 })} OBFF ${pick(bufferFlush, bits(can, 19, 18), "")}, ${showFlags(can, { ExtFmt: 0x10_0000, EETLPPrefix: 0x20_0000 })}${prefixes}`,
    `\t\t\t EmergencyPowerReduction ${pick(emergency, bits(can, 25, 24), "")}, ${showFlags(can, { EmergencyPowerReductionInit: 0x400_0000 })}`,
    `\t\t\t ${more.join(" ")}`,
  ];
  if (!isPort(type) && !hasBar) return lines;
  const routing = isPort(type) ? ` ${showFlags(can, { Routing: 0x40 })}` : "";
  const completer = type === rootPort || hasBar ? ` ${showFlags(can, { "32bit": 0x80, "64bit": 0x100, "128bitCAS": 0x200 })}` : "";
  return [...lines, `\t\t\t AtomicOpsCap:${routing}${completer}`];
}

function deviceControl2(capability: Capability): string[] {
  const { type } = capability;
  const control = word(capability, at.deviceControl2);
  const forwards = isOneOf(type, rootPort, downstream) ? ` ${showFlags(control, { ARIFwd: 0x20 })}` : "";
  const lines = [`\t\tDevCtl2: Completion Timeout: ${timeoutValues[bits(control, 3, 0)] ?? "Unknown"}, ${showFlags(control, { TimeoutDis: 0x10 })}${forwards}`];
  const requests = isOneOf(type, rootPort, endpoint, integratedEndpoint, legacyEndpoint);
  if (requests || isPort(type)) lines.push(`\t\t\t AtomicOpsCtl:${requests ? ` ${showFlags(control, { ReqEn: 0x40 })}` : ""}${isPort(type) ? ` ${showFlags(control, { EgressBlck: 0x80 })}` : ""}`);
  return [
    ...lines,
    `\t\t\t ${showFlags(control, { IDOReq: 0x100, IDOCompl: 0x200, LTR: 0x400, EmergencyPowerReductionReq: 0x800 })}`,
    `\t\t\t ${showFlags(control, { "10BitTagReq": 0x1000 })} OBFF ${pick(bufferFlushControl, bits(control, 14, 13), "")}, ${showFlags(control, { EETLPPrefixBlk: 0x8000 })}`,
  ];
}

/** By the highest bit of the vector of supported speeds. */
const topSpeeds = ["2.5GT/s", "2.5-5GT/s", "2.5-8GT/s", "2.5-16GT/s", "2.5-32GT/s", "2.5-64GT/s", "2.5-128GT/s"];
const emphases = ["-6dB", "-3.5dB"];
const presets = ["-6dB de-emphasis, 0dB preshoot", "-3.5dB de-emphasis, 0dB preshoot", "-4.4dB de-emphasis, 0dB preshoot", "-2.5dB de-emphasis, 0dB preshoot", "0dB de-emphasis, 0dB preshoot", "0dB de-emphasis, 1.9dB preshoot", "0dB de-emphasis, 2.5dB preshoot", "-6.0dB de-emphasis, 3.5dB preshoot", "-3.5dB de-emphasis, 3.5dB preshoot", "0dB de-emphasis, 3.5dB preshoot"];
const margins = ["Normal Operating Range", "800-1200mV(full-swing)/400-700mV(half-swing)", ...Array.from({ length: 4 }, () => "200-400mV(full-swing)/100-200mV(half-swing)")];
const crosslinks = ["unsupported", "Upstream Port", "Downstream Port", "incomplete"];
const components: Readonly<Record<number, string>> = { 0: "Link Down - Not Determined", 1: "Link Down - Not Present", 2: "Link Down - Present", 4: "Link Up - Present", 5: "Link Up - Present and DRS Received" };
const targetSpeed = (code: number): string => (code === 0 ? "2.5GT/s" : (speeds[code] ?? "Unknown"));

function supportedSpeeds(vector: number): string {
  const highest = topSpeeds.findLastIndex((_, index) => (vector & (1 << index)) !== 0);
  return topSpeeds[highest] ?? "Unknown";
}

/** Functions of an endpoint beside the first leave these to it. */
const hasLink2 = ({ one, type }: Capability): boolean => !isOneOf(type, endpoint, legacyEndpoint) || (one.device === 0 && one.fn === 0);

function link2Control(capability: Capability, can: number): string[] {
  const control = word(capability, at.linkControl2);
  const lines = can === 0 ? [] : [`\t\tLnkCap2: Supported Link Speeds: ${supportedSpeeds(bits(can, 7, 1))}, ${showFlags(can, { Crosslink: 0x100, Retimer: 0x80_0000, "2Retimers": 0x100_0000, DRS: 0x8000_0000 })}`];
  const emphasis = capability.type === downstream ? `, Selectable De-emphasis: ${pick(emphases, bits(control, 6, 6), "")}` : "";
  return [
    ...lines,
    `\t\tLnkCtl2: Target Link Speed: ${targetSpeed(bits(control, 3, 0))}, ${showFlags(control, { EnterCompliance: 0x10, SpeedDis: 0x20 })}${emphasis}`,
    `\t\t\t Transmit Margin: ${pick(margins, bits(control, 9, 7), "Unknown")}, ${showFlags(control, { EnterModifiedCompliance: 0x400, ComplianceSOS: 0x800 })}`,
    `\t\t\t Compliance Preset/De-emphasis: ${pick(presets, bits(control, 15, 12), "Unknown")}`,
  ];
}

function link2Lines(capability: Capability): string[] {
  const can = hasLink2(capability) ? long(capability, at.linkCapabilities2) : 0;
  const status = word(capability, at.linkStatus2);
  const tellsReadiness = isOneOf(capability.type, rootPort, downstream, pcieBridge) && (can & 0x8000_0000) !== 0;
  const readiness = tellsReadiness ? [`\t\t\t DownstreamComp: ${components[bits(status, 14, 12)] ?? "Reserved"}`] : [];
  return [
    ...(hasLink2(capability) ? link2Control(capability, can) : []),
    `\t\tLnkSta2: Current De-emphasis Level: ${pick(emphases, bits(status, 0, 0), "")}, ${showFlags(status, { EqualizationComplete: 2, EqualizationPhase1: 4 })}`,
    `\t\t\t ${showFlags(status, { EqualizationPhase2: 8, EqualizationPhase3: 0x10, LinkEqualizationRequest: 0x20 })}`,
    `\t\t\t ${showFlags(status, { Retimer: 0x40, "2Retimers": 0x80 })} CrosslinkRes: ${pick(crosslinks, bits(status, 9, 8), "")}, ${showFlags(status, { FltMode: 0x400 })}${tellsReadiness ? `, ${showFlags(status, { DRS: 0x8000 })}` : ""}`,
    ...readiness,
  ];
}

function typeName(type: number, flags: number): string {
  const slot = `(Slot${(flags & 0x100) === 0 ? "-" : "+"})`;
  const names: Readonly<Record<number, string>> = {
    [endpoint]: "Endpoint", [legacyEndpoint]: "Legacy Endpoint", [rootPort]: `Root Port ${slot}`, [upstream]: "Upstream Port", [downstream]: `Downstream Port ${slot}`, [pciBridge]: "PCI-Express to PCI/PCI-X Bridge",
    [pcieBridge]: `PCI/PCI-X to PCI-Express Bridge ${slot}`, [integratedEndpoint]: "Root Complex Integrated Endpoint", [eventCollector]: "Root Complex Event Collector",
  };
  return names[type] ?? `Unknown type ${type}`;
}

/** Lines of the capability at `where`, the first without its place; and the port's type. */
export function expressLines(one: PciFunction, where: number, verbosity: number): { readonly lines: string[]; readonly type: number } {
  const { config } = one;
  const flags = u16(config, where + 2);
  const type = bits(flags, 7, 4);
  const capability: Capability = { one, config, where, type };
  const lines = [`Express ${verbosity > 1 ? `(v${bits(flags, 3, 0)}) ` : ""}${typeName(type, flags)}, IntMsgNum ${bits(flags, 13, 9)}${(flags & 0x8000) !== 0 ? ", FLIT Mode Supported" : ""}`];
  if (verbosity < 2) return { lines, type };
  const hasSlot = isOneOf(type, rootPort, downstream, pcieBridge) && (flags & 0x100) !== 0;
  const isRoot = isOneOf(type, rootPort, eventCollector);
  const hasLink = !isOneOf(type, integratedEndpoint, eventCollector);
  if (!has(config, where + at.deviceCapabilities, isRoot ? 32 : hasSlot ? 24 : 16)) return { lines, type };
  lines.push(...deviceLines(capability));
  if (hasLink) lines.push(...linkLines(capability));
  if (hasSlot) lines.push(...slotLines(capability));
  if (isRoot) lines.push(...rootLines(capability));
  if (bits(flags, 3, 0) < 2 || !has(config, where + at.deviceCapabilities2, hasSlot ? 24 : 16)) return { lines, type };
  lines.push(...deviceCapabilities2(capability), ...deviceControl2(capability));
  if (hasLink) lines.push(...link2Lines(capability));
  return { lines, type };
}
