// Memory devices of a booted kernel for tests of their command interface: stores with their errno, faults that fire now, time that passes.

import { armProbe } from "../../src/hardware/probes.ts";
import type { ProbeAction } from "../../src/hardware/probes.ts";
import type { Errno } from "../../src/kernel/base/errno.ts";
import { SystemError } from "../../src/kernel/base/errno.ts";
import type { DeviceState } from "../../src/kernel/cxl/device-state.ts";
import { isMemdev, memdevOf } from "../../src/kernel/cxl/types.ts";
import type { DeviceDescription, MachineDescription, MailboxDescription } from "../../src/platform/description.ts";
import { sleep } from "../../src/sim/task.ts";
import type { Task } from "../../src/sim/task.ts";
import type { Booted } from "./kernel.ts";
import { deviceOf, machineOf, portOf } from "./machine.ts";

export const memdevs = "/sys/bus/cxl/devices";
export const tracing = "/sys/kernel/tracing";
export const debug = "/sys/kernel/debug/cxl";

/** Two ports with a device each, `d0` (serial 1) and `d1` (serial 2). */
export function twoDevices(mailbox: Partial<MailboxDescription> = {}, overrides: Partial<DeviceDescription> = {}): MachineDescription {
  const device = (name: string, serial: bigint): DeviceDescription => deviceOf(name, { serial, mailbox, ...overrides });
  return machineOf([portOf("rp0", { slots: [device("d0", 1n)] }), portOf("rp1", { slots: [device("d1", 2n)] })]);
}

export function errnoOf(action: () => void): Errno | "ok" {
  try {
    action();
    return "ok";
  } catch (thrown) {
    if (thrown instanceof SystemError) return thrown.errno;
    throw thrown;
  }
}

export const store = (booted: Booted, path: string, text: string): Errno | "ok" => errnoOf(() => booted.run(booted.files.write(path, text)));

function* pause(nanoseconds: number): Task<void> {
  yield sleep(nanoseconds);
}

/** Lets virtual time pass. */
export const pass = (booted: Booted, nanoseconds: number): void => booted.run(pause(nanoseconds));

const probes = new WeakMap<Booted, number>();

/** Makes the hardware do something now. */
export function act(booted: Booted, action: ProbeAction): void {
  const probe = probes.get(booted) ?? 0;
  probes.set(booted, (probe + 1) % 32);
  armProbe(booted.system.hardware, probe, { match: { kind: "time", at: booted.system.hardware.now + 1 }, action });
  booted.system.hardware.advanceTo(booted.system.hardware.now + 2);
}

/** The kernel's state of a memdev. */
export function stateOf(booted: Booted, name: string): DeviceState {
  const memdev = [...booted.kernel.devices.values()].find((device) => isMemdev(device) && device.name === name);
  if (memdev === undefined) throw new Error(`no ${name}`);
  return memdevOf(memdev).state;
}

/** Name of the memdev with a serial number. */
export const memdevWith = (booted: Booted, serial: bigint): string => {
  const found = booted.files.list(memdevs).find((name) => /^mem\d/.test(name) && BigInt(booted.read(`${memdevs}/${name}/serial`).trim()) === serial);
  if (found === undefined) throw new Error(`no memdev with serial ${serial}`);
  return found;
};

/** Lines of the trace behind the event's name, for one event. */
export function traced(booted: Booted, event: string): string[] {
  return booted.read(`${tracing}/trace`).split("\n").filter((line) => line.includes(` ${event}: `)).map((line) => line.slice(line.indexOf(`${event}: `) + event.length + 2));
}

/** Opcodes that the kernel sent since line `from` of its log, in order. */
export const sent = (booted: Booted, from = 0): string[] => booted.dmesg().slice(from).flatMap((line) => /Sending command: 0x([0-9a-f]{4})/.exec(line)?.[1] ?? []);
