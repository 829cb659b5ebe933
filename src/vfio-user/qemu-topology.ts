// A machine's topology in QEMU's words: host bridges, ports and switches are QEMU's own; what a type-3 card is, the caller says. Pure.

import type { DeviceDescription, DownstreamPortDescription, HostBridgeDescription, MachineDescription, SlotDescription, WindowDescription } from "../platform/description.ts";
import { deviceNumberOf, isSwitch } from "../platform/description.ts";

/** Words of a card in the slot of a port, which is the bus. */
export type CardWords = (card: DeviceDescription, bus: string) => readonly string[];

const mebibyte = 1n << 20n;

/** Bytes as QEMU's options take them. */
export const mebibytes = (bytes: bigint): string => `${bytes / mebibyte}M`;

/** A value within QEMU's comma-separated options. */
export const escaped = (text: string): string => text.replaceAll(",", ",,");

/** A number that may have 64 bits. */
const hexadecimal = (value: bigint | number): string => `0x${value.toString(16)}`;

/** One `-device` of plain values. */
const deviceWords = (driver: string, values: Readonly<Record<string, string | number>>): string[] => ["-device", [driver, ...Object.entries(values).map(([key, value]) => `${key}=${value}`)].join(",")];

/** A card at the socket of its server, as `-device` and QMP's `device_add` take it. */
export const servedDevice = ({ name }: DeviceDescription, bus: string, socket: string): Readonly<Record<string, unknown>> => ({ driver: "vfio-user-pci", id: name, bus, socket: { path: socket, type: "unix" } });

interface Walk {
  readonly cardWords: CardWords;
  /** Numbers of slots in the one chassis. */
  slot: number;
}

function slotWords(walk: Walk, card: SlotDescription, bus: string): readonly string[] {
  if (!isSwitch(card)) return walk.cardWords(card, bus);
  return [...deviceWords("cxl-upstream", { id: card.name, bus, sn: hexadecimal(card.serial) }), ...card.ports.flatMap((port, index) => portWords(walk, "cxl-downstream", card.name, port, index))];
}

function portWords(walk: Walk, driver: "cxl-rp" | "cxl-downstream", bus: string, port: DownstreamPortDescription, index: number): readonly string[] {
  const words = deviceWords(driver, { id: port.name, bus, addr: hexadecimal(deviceNumberOf(port, index)), port: port.portNumber, chassis: 1, slot: ++walk.slot });
  const card = port.slots[0];
  return card === undefined || !port.present ? words : [...words, ...slotWords(walk, card, port.name)];
}

function bridgeWords(walk: Walk, bridge: HostBridgeDescription): string[] {
  return [...deviceWords("pxb-cxl", { id: bridge.name, bus: "pcie.0", bus_nr: bridge.busStart }), ...bridge.rootPorts.flatMap((port, index) => portWords(walk, "cxl-rp", bridge.name, port, index))];
}

/** A window's address is QEMU's choice. */
function windowOptions({ targets, size, granularity }: WindowDescription, index: number, bridges: readonly HostBridgeDescription[]): string[] {
  const key = `cxl-fmw.${index}`;
  const names = targets.map((target, position) => `${key}.targets.${position}=${bridges[target]?.name ?? ""}`);
  return [...names, `${key}.size=${mebibytes(size)}`, ...(targets.length > 1 ? [`${key}.interleave-granularity=${granularity}`] : [])];
}

/** What QEMU cannot have of a machine, each with a remedy; nothing: topologyWords() has it all. */
export function qemuProblems({ hostBridges, windows }: MachineDescription): string[] {
  return [
    ...hostBridges.filter(({ segment }) => segment !== 0).map(({ name, segment }) => `${name} is in segment ${segment}, and QEMU's host bridges are all in segment 0: leave out segment`),
    ...hostBridges.filter(({ segment, busStart }) => segment === 0 && busStart === 0).map(({ name }) => `${name} begins at bus 0, which is that of QEMU's q35 itself: leave out buses, or begin above it`),
    ...windows.flatMap(({ arithmetic }, index) => (arithmetic === "xor" ? [`window ${index} has XOR arithmetic, and QEMU's windows have modulo: leave out arithmetic`] : [])),
  ];
}

/** The machine with its windows, the processor that runs it, then every bridge, port, switch and card. @throws RangeError QEMU has no such machine (qemuProblems) */
export function topologyWords(machine: MachineDescription, cardWords: CardWords): string[] {
  const [problem] = qemuProblems(machine);
  if (problem !== undefined) throw new RangeError(problem);
  const windows = machine.windows.flatMap((window, index) => windowOptions(window, index, machine.hostBridges));
  const walk: Walk = { cardWords, slot: 0 };
  return [
    "-M", ["q35", "cxl=on", ...windows].join(","),
    // Where the processor says that it is a hypervisor's, the kernel does not make caches agree, and so commits no region.
    "-accel", "tcg,thread=multi", "-cpu", "max,la57=off,hypervisor=off", "-smp", "2",
    ...machine.hostBridges.flatMap((bridge) => bridgeWords(walk, bridge)),
  ];
}
