// The header of a function as lspci shows it (PCIe 7.5.1): command and status, BARs, a bridge's buses and windows.

import type { Flags } from "./config.ts";
import { bits, bridge, bridgeClass, header, headerTypeOf, headerTypes, hex, showFlags, u16, u32, u8 } from "./config.ts";
import type { PciFunction } from "./functions.ts";

const commandBits = { memory: 2, master: 4, snoop: 0x20, stepping: 0x80, fast: 0x200, noInterrupt: 0x400 } as const;
const commandFlags: Flags = { "I/O": 1, Mem: 2, BusMaster: 4, SpecCycle: 8, MemWINV: 0x10, VGASnoop: 0x20, ParErr: 0x40, Stepping: 0x80, SERR: 0x100, FastB2B: 0x200, DisINTx: 0x400 };
const statusBits = { capabilities: 0x10, is66: 0x20, definable: 0x40 } as const;
const statusFlags: readonly [Flags, Flags] = [{ Cap: 0x10, "66MHz": 0x20, UDF: 0x40, FastB2B: 0x80, ParErr: 0x100 }, { ">TAbort": 0x800, "<TAbort": 0x1000, "<MAbort": 0x2000, ">SERR": 0x4000, "<PERR": 0x8000, INTx: 8 }];
const secondaryFlags: readonly [Flags, Flags] = [{ "66MHz": 0x20, FastB2B: 0x80, ParErr: 0x100 }, { ">TAbort": 0x800, "<TAbort": 0x1000, "<MAbort": 0x2000, "<SERR": 0x4000, "<PERR": 0x8000 }];
const controlFlags: readonly [Flags, Flags] = [{ Parity: 1, SERR: 2, NoISA: 4, VGA: 8, VGA16: 0x10, MAbort: 0x20, ">Reset": 0x40, FastB2B: 0x80 }, { PriDiscTmr: 0x100, SecDiscTmr: 0x200, DiscTmrStat: 0x400, DiscTmrSERREn: 0x800 }];

const selectSpeed = (status: number): string => ["fast", "medium", "slow", "??"][bits(status, 10, 9)] ?? "??";

export const hasCapabilities = (one: PciFunction): boolean => (u16(one.config, header.status) & statusBits.capabilities) !== 0;
export const isKnownHeader = (one: PciFunction): boolean => ([headerTypes.endpoint, headerTypes.bridge] as number[]).includes(headerTypeOf(one.config));

/** What does not go together. */
export function headerComplaint(one: PciFunction): string[] {
  const type = headerTypeOf(one.config);
  if (!isKnownHeader(one)) return [`\t!!! Unknown header type ${hex(type, 2)}`];
  const isWrong = type === headerTypes.bridge ? one.classCode >>> 8 !== bridgeClass >>> 8 : one.classCode === bridgeClass;
  return isWrong ? [`\t!!! Invalid class ${hex(one.classCode, 4)} for header type ${hex(type, 2)}`] : [];
}

/** Units of 250 ns that an endpoint asks for. */
function grants(one: PciFunction): string {
  if (headerTypeOf(one.config) !== headerTypes.endpoint) return "";
  const parts = [["min", u8(one.config, header.minimumGrant)], ["max", u8(one.config, header.maximumLatency)]] as const;
  const given = parts.filter(([, value]) => value !== 0).map(([name, value]) => `${value * 250}ns ${name}`);
  return given.length === 0 ? "" : ` (${given.join(", ")})`;
}

function latencyLine(one: PciFunction): string[] {
  if ((u16(one.config, header.command) & commandBits.master) === 0) return [];
  const line = u8(one.config, header.cacheLine);
  return [`\tLatency: ${u8(one.config, header.latency)}${grants(one)}${line === 0 ? "" : `, Cache Line Size: ${line * 4} bytes`}`];
}

/** What the operating system routes; a dump knows what software noted in the function. */
const interruptOf = (one: PciFunction): number => one.system?.irq ?? u8(one.config, header.interruptLine);

/** Ascending numbers, those in a row as "first-last". */
function ranges(numbers: readonly number[]): string {
  const found: { first: number; last: number }[] = [];
  for (const number of numbers) {
    const before = found.at(-1);
    if (before !== undefined && before.last === number - 1) before.last = number;
    else found.push({ first: number, last: number });
  }
  return found.map(({ first, last }) => (first === last ? String(first) : `${first}-${last}`)).join(", ");
}

/** Of pins the tool names the one behind (B for pin 1), and so it is here. */
function pinPart(one: PciFunction): string[] {
  const pin = u8(one.config, header.interruptPin);
  const isOff = (u16(one.config, header.command) & commandBits.noInterrupt) !== 0;
  const irq = interruptOf(one);
  if (pin === 0 && (isOff || irq === 0)) return [];
  const name = pin === 0 ? "unknown pin" : pin > 4 ? `pin #${pin}` : `pin ${"ABCDE"[pin]}`;
  return [`${name}${isOff ? " disabled" : irq === 0 ? "" : ` routed to IRQ ${irq}`}`];
}

function interruptLine(one: PciFunction): string[] {
  const messages = one.system?.messages ?? [];
  const parts = [...pinPart(one), ...(messages.length === 0 ? [] : [`MSI(X) routed to IRQ ${ranges(messages)}`])];
  return parts.length === 0 ? [] : [`\tInterrupts: ${parts.join(", ")}`];
}

/** -vv: every bit of command and status. */
export function fullHeader(one: PciFunction): string[] {
  const lines: string[] = [];
  if (isKnownHeader(one)) {
    const status = u16(one.config, header.status);
    lines.push(`\tControl: ${showFlags(u16(one.config, header.command), commandFlags)}`);
    lines.push(`\tStatus: ${showFlags(status, statusFlags[0])} DEVSEL=${selectSpeed(status)} ${showFlags(status, statusFlags[1])}`);
    lines.push(...latencyLine(one));
  }
  if (isKnownHeader(one)) lines.push(...interruptLine(one));
  if (one.system !== undefined && one.system.numaNode !== -1) lines.push(`\tNUMA node: ${one.system.numaNode}`);
  return lines;
}

/** -v: what is set, in one line. */
export function shortHeader(one: PciFunction): string[] {
  if (!isKnownHeader(one)) return [];
  const [command, status] = [u16(one.config, header.command), u16(one.config, header.status)];
  const named: readonly (readonly [number, string])[] = [
    [command & commandBits.master, "bus master"], [command & commandBits.snoop, "VGA palette snoop"], [command & commandBits.stepping, "stepping"], [command & commandBits.fast, "fast Back2Back"], [status & statusBits.is66, "66MHz"], [status & statusBits.definable, "user-definable features"],
  ];
  const parts = [...named.filter(([isSet]) => isSet !== 0).map(([, name]) => name), `${selectSpeed(status)} devsel`];
  if ((command & commandBits.master) !== 0) parts.push(`latency ${u8(one.config, header.latency)}`);
  if (interruptOf(one) !== 0) parts.push(`IRQ ${interruptOf(one)}`);
  if (one.system !== undefined && one.system.numaNode !== -1) parts.push(`NUMA node ${one.system.numaNode}`);
  return [`\tFlags: ${parts.join(", ")}`];
}

/** Built-in self test (7.5.1.1.10). */
export function selfTest(one: PciFunction): string[] {
  const value = isKnownHeader(one) ? u8(one.config, header.selfTest) : 0;
  if ((value & 0x80) === 0) return [];
  return [(value & 0x40) !== 0 ? "\tBIST is running" : `\tBIST result: ${hex(value & 0xf, 2)}`];
}

export const busLine = (one: PciFunction): string =>
  `\tBus: primary=${hex(u8(one.config, bridge.primary), 2)}, secondary=${hex(u8(one.config, bridge.secondary), 2)}, subordinate=${hex(u8(one.config, bridge.subordinate), 2)}, sec-latency=${u8(one.config, bridge.secondaryLatency)}`;

export function secondaryStatus(one: PciFunction): string {
  const status = u16(one.config, bridge.secondaryStatus);
  return `\tSecondary status: ${showFlags(status, secondaryFlags[0])} DEVSEL=${selectSpeed(status)} ${showFlags(status, secondaryFlags[1])}`;
}

export function bridgeControl(one: PciFunction): string[] {
  const control = u16(one.config, bridge.control);
  return [`\tBridgeCtl: ${showFlags(control, controlFlags[0])}`, `\t\t${showFlags(control, controlFlags[1])}`];
}

export const isMemoryOn = (one: PciFunction): boolean => (u16(one.config, header.command) & commandBits.memory) !== 0;
export const isIoOn = (one: PciFunction): boolean => (u16(one.config, header.command) & 1) !== 0;
export const rawRom = (one: PciFunction): number => u32(one.config, headerTypeOf(one.config) === headerTypes.bridge ? bridge.rom : header.rom);
