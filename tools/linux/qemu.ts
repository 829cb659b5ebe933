// QEMU's command line of a case: the topology as `cxl-sandbox vfio-user` prints it, each card served or one of QEMU's own, with the rig's kernel, memory, console and line to the guest.

import { join } from "node:path";
import type { DeviceDescription, MachineDescription } from "../../src/platform/description.ts";
import { escaped, mebibytes, qemuProblems, servedDevice, topologyWords } from "../../src/vfio-user/qemu-topology.ts";
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

const memoryOf = (device: DeviceDescription): string => `memory-${device.name}`;

/** A device as `-device` and `device_add` take it; QEMU's own card has its memory from the command line. */
export const deviceObject = (device: DeviceDescription, bus: string, socket: string | null): Readonly<Record<string, unknown>> =>
  socket === null ? { driver: "cxl-type3", id: device.name, bus, "volatile-memdev": memoryOf(device), sn: Number(device.serial) } : servedDevice(device, bus, socket);

/** A card with as much memory of the host's, where it is QEMU's own. */
function cardWords(device: DeviceDescription, bus: string, socket: string | null): string[] {
  const memory = socket === null ? ["-object", `memory-backend-ram,id=${memoryOf(device)},size=${mebibytes(device.volatileCapacity)},reserve=off`] : [];
  return [...memory, "-device", JSON.stringify(deviceObject(device, bus, socket))];
}

/** @throws RigProblem QEMU has no such machine */
function machineWords(machine: MachineDescription, socketOf: SocketOf): string[] {
  const [problem] = qemuProblems(machine);
  if (problem !== undefined) throw new RigProblem(`QEMU has no such machine: ${problem}`);
  return topologyWords(machine, (device, bus) => cardWords(device, bus, socketOf(device.name)));
}

/**
 * What the kernel is told: memory stays offline, log lines of the drivers at every level, an end instead of a stop when it panics. Where
 * processors are scarce the check of the timer would find none. */
export const kernelCommandLine = 'console=ttyS0 loglevel=8 nokaslr no_timer_check panic=-1 log_buf_len=4M printk.time=1 memhp_default_state=offline mitigations=off dyndbg="file drivers/cxl/* +p; file drivers/dax/* +p; file drivers/base/dd.c +p"';

/** Words of the program that runs a machine. @throws RigProblem QEMU has no such machine */
export function qemuWords(folder: Folder, machine: MachineDescription, sockets: QemuSockets, socketOf: SocketOf): string[] {
  return [
    ...programOf(folder, "usr/bin/qemu-system-x86_64"), "-L", join(folder.debian, "usr/share/qemu"), "-L", join(folder.debian, "usr/share/seabios"),
    "-m", "1G,maxmem=8G,slots=8",
    "-display", "none", "-nodefaults", "-no-reboot", "-kernel", folder.kernel, "-initrd", folder.initramfs, "-append", kernelCommandLine,
    "-chardev", `file,id=console,path=${escaped(sockets.console)}`, "-serial", "chardev:console",
    "-chardev", `socket,id=talk,path=${escaped(sockets.talk)}`, "-device", "virtio-serial-pci", "-device", "virtserialport,chardev=talk,name=rig",
    "-qmp", `unix:${escaped(sockets.qmp)},server=on,wait=off`,
    ...machineWords(machine, socketOf),
  ];
}
