// QEMU's command line for a machine of ours: bridges, root ports and switches are QEMU's, each device is served (vfio-user) or one of QEMU's own.

import { join } from "node:path";
import type { DeviceDescription, DownstreamPortDescription, HostBridgeDescription, MachineDescription } from "../../src/platform/description.ts";
import { deviceNumberOf, isSwitch } from "../../src/platform/description.ts";
import type { Folder } from "./folder.ts";
import { programOf } from "./folder.ts";
import { RigProblem } from "./problem.ts";

/** How a device reaches the guest: by the socket of its server, or null: QEMU's own card of the same size and serial number. */
export type SocketOf = (device: string) => string | null;

export interface QemuSockets {
  readonly qmp: string;
  /** Of the line to init.sh: a virtio port, since a serial line of QEMU's takes seconds for a page of text where processors are scarce. */
  readonly talk: string;
  /** File of the kernel's console, a serial line. */
  readonly console: string;
}

/** A value within QEMU's comma-separated options. */
const escaped = (text: string): string => text.replaceAll(",", ",,");

/** A device as -device or device_add take it. */
export function deviceObject(device: DeviceDescription, bus: string, socket: string | null): Readonly<Record<string, unknown>> {
  const common = { id: device.name, bus };
  return socket === null
    ? { driver: "cxl-type3", ...common, "volatile-memdev": `memory-${device.name}`, sn: Number(device.serial) }
    : { driver: "vfio-user-pci", ...common, socket: { path: socket, type: "unix" } };
}

const deviceWords = (value: object): string[] => ["-device", JSON.stringify(value)];

function cardWords(device: DeviceDescription, bus: string, socketOf: SocketOf): string[] {
  const socket = socketOf(device.name);
  const memory = socket === null ? ["-object", JSON.stringify({ "qom-type": "memory-backend-ram", id: `memory-${device.name}`, size: Number(device.volatileCapacity), reserve: false })] : [];
  return [...memory, ...deviceWords(deviceObject(device, bus, socket))];
}

interface Numbers {
  chassis: number;
}

function portWords(port: DownstreamPortDescription, driver: string, bus: string, index: number, numbers: Numbers, socketOf: SocketOf): string[] {
  const slot = ++numbers.chassis;
  const words = deviceWords({ driver, id: port.name, bus, port: port.portNumber, chassis: slot, slot, addr: deviceNumberOf(port, index).toString(16) });
  const card = port.slots[0];
  if (card === undefined || !port.present) return words;
  if (!isSwitch(card)) return [...words, ...cardWords(card, port.name, socketOf)];
  return [...words, ...deviceWords({ driver: "cxl-upstream", id: card.name, bus: port.name, sn: Number(card.serial) }), ...card.ports.flatMap((below, at) => portWords(below, "cxl-downstream", card.name, at, numbers, socketOf))];
}

function bridgeWords(bridge: HostBridgeDescription, numbers: Numbers, socketOf: SocketOf): string[] {
  return [...deviceWords({ driver: "pxb-cxl", id: bridge.name, bus: "pcie.0", bus_nr: bridge.busStart }), ...bridge.rootPorts.flatMap((port, index) => portWords(port, "cxl-rp", bridge.name, index, numbers, socketOf))];
}

/** Windows as the q35 machine takes them. QEMU's windows are multiples of 256 MiB, at an address of its own choice. */
function windowOptions({ windows, hostBridges }: MachineDescription): string {
  return windows.map(({ targets, size, granularity }, index) => {
    const names = targets.map((target, position) => `,cxl-fmw.${index}.targets.${position}=${hostBridges[target]?.name ?? ""}`).join("");
    return `${names},cxl-fmw.${index}.size=${size / (1n << 20n)}M,cxl-fmw.${index}.interleave-granularity=${granularity}`;
  }).join("");
}

/**
 * What the kernel is told: memory stays offline, log lines of the drivers at every level, an end instead of a stop when it panics. Where
 * processors are scarce the check of the timer would find none. */
export const kernelCommandLine = 'console=ttyS0 loglevel=8 nokaslr no_timer_check panic=-1 log_buf_len=4M printk.time=1 memhp_default_state=offline mitigations=off dyndbg="file drivers/cxl/* +p; file drivers/dax/* +p"';

/** Names of devices are those of QEMU's objects, so they have to be one word. @throws RigProblem */
function checkNames({ hostBridges }: MachineDescription): void {
  if (hostBridges.some(({ segment }) => segment !== 0)) throw new RigProblem("QEMU's host bridges are all in segment 0; give the machine's no other segment");
}

/** Words of the program that runs a machine. @throws RigProblem QEMU has no such machine */
export function qemuWords(folder: Folder, machine: MachineDescription, sockets: QemuSockets, socketOf: SocketOf): string[] {
  checkNames(machine);
  const numbers = { chassis: 0 };
  return [
    ...programOf(folder, "usr/bin/qemu-system-x86_64"), "-L", join(folder.debian, "usr/share/qemu"), "-L", join(folder.debian, "usr/share/seabios"),
    "-M", `q35,cxl=on${windowOptions(machine)}`, "-accel", "tcg,thread=multi", "-cpu", "max,la57=off,hypervisor=off", "-smp", "2", "-m", "1G,maxmem=8G,slots=8",
    "-display", "none", "-nodefaults", "-no-reboot", "-kernel", folder.kernel, "-initrd", folder.initramfs, "-append", kernelCommandLine,
    "-chardev", `file,id=console,path=${escaped(sockets.console)}`, "-serial", "chardev:console",
    "-chardev", `socket,id=talk,path=${escaped(sockets.talk)}`, "-device", "virtio-serial-pci", "-device", "virtserialport,chardev=talk,name=rig",
    "-qmp", `unix:${escaped(sockets.qmp)},server=on,wait=off`,
    ...machine.hostBridges.flatMap((bridge) => bridgeWords(bridge, numbers, socketOf)),
  ];
}
