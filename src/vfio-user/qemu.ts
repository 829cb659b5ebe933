// The command line of a QEMU that has a machine's topology: host bridges, ports and switches are QEMU's own, each type-3 device is the one at its socket. Pure.

import type { DeviceDescription, DownstreamPortDescription, HostBridgeDescription, MachineDescription, SlotDescription, WindowDescription } from "../platform/description.ts";
import { deviceNumberOf, isSwitch, portsBelow } from "../platform/description.ts";

/** What the command line has beside the topology. */
export interface QemuOptions {
  /** Program; absent: qemu-system-x86_64. */
  readonly program?: string;
  /** Kernel image and initial file system. */
  readonly kernel: string;
  readonly initrd: string;
  /** Further words for the kernel. */
  readonly append?: string;
  /** Socket of QEMU's monitor (QMP), by which devices are plugged and unplugged. */
  readonly monitor: string;
  /** Socket of a served device. */
  readonly socketOf: (device: string) => string;
}

/** A device that is not plugged in at first, and what QEMU's monitor is told to plug it in. */
export interface Pluggable {
  readonly name: string;
  /** One line of QMP. */
  readonly command: string;
}

const mebibyte = 1n << 20n;

/** Memory stays offline: what the guest stored there would be lost. */
export const kernelWords = "console=ttyS0 memhp_default_state=offline";

/** A value within QEMU's comma-separated options. */
const escaped = (text: string): string => text.replaceAll(",", ",,");

const options = (driver: string, values: Readonly<Record<string, string | number>>): string[] => ["-device", [driver, ...Object.entries(values).map(([key, value]) => `${key}=${value}`)].join(",")];

/** A served device as `-device` and QMP's `device_add` take it. */
const servedDevice = ({ name }: DeviceDescription, bus: string, socket: string): Readonly<Record<string, unknown>> => ({ driver: "vfio-user-pci", id: name, bus, socket: { path: socket, type: "unix" } });

interface Walk {
  readonly socketOf: QemuOptions["socketOf"];
  /** Numbers of slots in the one chassis. */
  slot: number;
}

function cardWords(walk: Walk, card: SlotDescription, bus: string): string[] {
  if (!isSwitch(card)) return ["-device", JSON.stringify(servedDevice(card, bus, walk.socketOf(card.name)))];
  return [...options("cxl-upstream", { id: card.name, bus, sn: `0x${card.serial.toString(16)}` }), ...card.ports.flatMap((port, index) => portWords(walk, "cxl-downstream", card.name, port, index))];
}

function portWords(walk: Walk, driver: "cxl-rp" | "cxl-downstream", bus: string, port: DownstreamPortDescription, index: number): string[] {
  const words = options(driver, { id: port.name, bus, addr: `0x${deviceNumberOf(port, index).toString(16)}`, port: port.portNumber, chassis: 1, slot: ++walk.slot });
  const card = port.slots[0];
  return card === undefined || !port.present ? words : [...words, ...cardWords(walk, card, port.name)];
}

function bridgeWords(walk: Walk, bridge: HostBridgeDescription): string[] {
  return [...options("pxb-cxl", { id: bridge.name, bus: "pcie.0", bus_nr: bridge.busStart }), ...bridge.rootPorts.flatMap((port, index) => portWords(walk, "cxl-rp", bridge.name, port, index))];
}

/** A window's address is QEMU's choice. */
function windowOptions({ targets, size, granularity }: WindowDescription, index: number, bridges: readonly HostBridgeDescription[]): string[] {
  const key = `cxl-fmw.${index}`;
  const names = targets.map((target, position) => `${key}.targets.${position}=${bridges[target]?.name ?? ""}`);
  return [...names, `${key}.size=${size / mebibyte}M`, ...(targets.length > 1 ? [`${key}.interleave-granularity=${granularity}`] : [])];
}

/** What QEMU cannot have of a machine, each with a remedy; nothing: qemuWords() has it all. */
export function qemuProblems({ hostBridges, windows }: MachineDescription): string[] {
  return [
    ...hostBridges.filter(({ segment }) => segment !== 0).map(({ name, segment }) => `${name} is in segment ${segment}, and QEMU's host bridges are all in segment 0: leave out segment`),
    ...hostBridges.filter(({ segment, busStart }) => segment === 0 && busStart === 0).map(({ name }) => `${name} begins at bus 0, which is that of QEMU's q35 itself: leave out buses, or begin above it`),
    ...windows.flatMap(({ arithmetic }, index) => (arithmetic === "xor" ? [`window ${index} has XOR arithmetic, and QEMU's windows have modulo: leave out arithmetic`] : [])),
  ];
}

/** Words of the program that runs the machine. @throws RangeError QEMU has no such machine (qemuProblems) */
export function qemuWords(machine: MachineDescription, given: QemuOptions): string[] {
  const [problem] = qemuProblems(machine);
  if (problem !== undefined) throw new RangeError(problem);
  const walk: Walk = { socketOf: given.socketOf, slot: 0 };
  const memory = machine.ram.reduce((sum, { size }) => sum + size, 0n);
  const windows = machine.windows.flatMap((window, index) => windowOptions(window, index, machine.hostBridges));
  return [
    given.program ?? "qemu-system-x86_64",
    "-M", ["q35", "cxl=on", ...windows].join(","),
    // Where the processor says that it is a hypervisor's, the kernel does not make caches agree, and so commits no region.
    "-accel", "tcg,thread=multi", "-cpu", "max,la57=off,hypervisor=off", "-smp", "2", "-m", `${memory / mebibyte}M`,
    "-nodefaults", "-nographic", "-no-reboot", "-serial", "mon:stdio", "-qmp", `unix:${escaped(given.monitor)},server=on,wait=off`,
    "-kernel", given.kernel, "-initrd", given.initrd, "-append", given.append === undefined ? kernelWords : `${kernelWords} ${given.append}`,
    ...machine.hostBridges.flatMap((bridge) => bridgeWords(walk, bridge)),
  ];
}

/** Served devices that the command line leaves out: declared with `present: false`, or as another card of their port. Those below a switch that is not there come with it. */
export function pluggableDevices({ hostBridges }: MachineDescription, socketOf: QemuOptions["socketOf"]): Pluggable[] {
  return portsBelow(hostBridges.flatMap(({ rootPorts }) => rootPorts)).flatMap((port) => port.slots.flatMap((card, index) => {
    if (isSwitch(card) || (index === 0 && port.present)) return [];
    return [{ name: card.name, command: JSON.stringify({ execute: "device_add", arguments: servedDevice(card, port.name, socketOf(card.name)) }) }];
  }));
}

const isPlain = (word: string): boolean => /^[\w@%+=:,./-]+$/.test(word);
const quoted = (word: string): string => (isPlain(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`);

/** Words as a shell takes them, an option with its value on each line. */
export function shellText(words: readonly string[]): string {
  const lines: string[] = [];
  for (const word of words) {
    if (lines.length === 0 || word.startsWith("-")) lines.push(quoted(word));
    else lines.push(`${lines.pop() ?? ""} ${quoted(word)}`);
  }
  return lines.join(" \\\n  ");
}

/** What a served machine is not, and what its guest has to leave alone; a line each (docs/vfio-user.md). */
export const servedLimits: readonly string[] = [
  "loads and stores of CXL memory do not come here: a window reads 0 and loses what is written; leave its memory offline and kmem unloaded",
  "host bridges, root ports and switches are QEMU's, with their decoders; a fault of ours at a port is seen at the device, as a link that is down",
  "messages to the root port (ERR_COR, ERR_NONFATAL, ERR_FATAL) do not get to the guest; inject AER at QEMU's root port (pcie_aer_inject_error)",
  "interrupts are MSI (no INTx, no MSI-X); a guest without interrupt remapping gives one vector",
  "start this before QEMU; each socket has one client; a device whose socket was closed reads all ones until device_del and device_add",
  "the scenario's kernel, steps, workloads and expectations are not used: the kernel is the guest's",
];
