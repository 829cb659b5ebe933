// The command line of a QEMU whose type-3 devices are those at our sockets, as a shell takes it, with what such a machine is not. Pure.

import type { DownstreamPortDescription, MachineDescription, SlotDescription } from "../platform/description.ts";
import { isSwitch } from "../platform/description.ts";
import { escaped, mebibytes, servedDevice, topologyWords } from "./qemu-topology.ts";

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

/** Memory stays offline: what the guest stored there would be lost. */
export const kernelWords = "console=ttyS0 memhp_default_state=offline";

/** Words of the program that runs the machine. @throws RangeError QEMU has no such machine (qemuProblems) */
export function qemuWords(machine: MachineDescription, given: QemuOptions): string[] {
  const memory = machine.ram.reduce((sum, { size }) => sum + size, 0n);
  return [
    given.program ?? "qemu-system-x86_64", "-m", mebibytes(memory),
    "-nodefaults", "-nographic", "-no-reboot", "-serial", "mon:stdio", "-qmp", `unix:${escaped(given.monitor)},server=on,wait=off`,
    "-kernel", given.kernel, "-initrd", given.initrd, "-append", given.append === undefined ? kernelWords : `${kernelWords} ${given.append}`,
    ...topologyWords(machine, (card, bus) => ["-device", JSON.stringify(servedDevice(card, bus, given.socketOf(card.name)))]),
  ];
}

/** A card that the command line leaves out, with the port that it belongs to: declared with `present: false`, or as another card of its port. */
interface LeftOut {
  readonly card: SlotDescription;
  readonly port: string;
}

/** Ports that the guest has, and what is left out of them; what is below a switch that is left out goes with it. */
const leftOut = (ports: readonly DownstreamPortDescription[]): LeftOut[] => ports.flatMap(({ name, present, slots }) => slots.flatMap((card, index) => {
  if (index !== 0 || !present) return [{ card, port: name }];
  return isSwitch(card) ? leftOut(card.ports) : [];
}));

const leftOutOf = ({ hostBridges }: MachineDescription): LeftOut[] => leftOut(hostBridges.flatMap(({ rootPorts }) => rootPorts));

/** Served devices that can be plugged in while the guest runs. */
export function pluggableDevices(machine: MachineDescription, socketOf: QemuOptions["socketOf"]): Pluggable[] {
  return leftOutOf(machine).flatMap(({ card, port }) => (isSwitch(card) ? [] : [{ name: card.name, command: JSON.stringify({ execute: "device_add", arguments: servedDevice(card, port, socketOf(card.name)) }) }]));
}

/** Switches that the guest does not have and cannot get: QEMU plugs none in while it runs. */
export const unpluggableSwitches = (machine: MachineDescription): string[] => leftOutOf(machine).flatMap(({ card }) => (isSwitch(card) ? [card.name] : []));

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
  "tried with QEMU 11.1.3; vfio-user-pci came with 10.1",
  "start this before QEMU; each socket has one client; a device whose socket was closed reads all ones until device_del and device_add",
  "the scenario's kernel, steps, workloads and expectations are not used: the kernel is the guest's",
];
