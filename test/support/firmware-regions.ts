// Machines whose firmware made regions: wide ones, their setups, and the tree as tests read it.

import type { KernelPolicies } from "../../src/kernel/policy.ts";
import { defaultPolicies } from "../../src/kernel/policy.ts";
import type { MachineDescription } from "../../src/platform/description.ts";
import type { FirmwareDecoder, FirmwareRegion, FirmwareSetup } from "../../src/platform/firmware-setup.ts";
import { noSetup } from "../../src/platform/firmware-setup.ts";
import type { BootOptions, Booted } from "./kernel.ts";
import { bootMachine } from "./kernel.ts";
import { GiB, MiB, deviceOf, machineOf, portOf } from "./machine.ts";

export const devices = "/sys/bus/cxl/devices";
/** Where the window and firmware's first region begin. */
export const start = 16n * GiB;

/** `bridges` host bridges with `ports` ports and a card of 512 MiB each, one window over all bridges. */
export function wideMachine(bridges: number, ports: number, granularity = 256, absent: readonly string[] = []): MachineDescription {
  const hostBridges = Array.from({ length: bridges }, (_, b) => ({
    name: `hb${b}`, uid: b, segment: 0, busStart: 16 * (b + 1), busEnd: 16 * (b + 1) + 15, componentBase: 0xfe00_0000n + BigInt(b) * 0x1_0000n, decoders: 4, targetCount: 8,
    rootPorts: Array.from({ length: ports }, (__, p) => portOf(`rp${b}${p}`, { portNumber: p, present: !absent.includes(`d${b}${p}`), slots: [deviceOf(`d${b}${p}`, { serial: BigInt(b * 16 + p + 1), interleave3612: true, volatileCapacity: 512n * MiB })] })),
  }));
  return { ...machineOf([]), hostBridges, windows: [{ base: start, size: 8n * GiB, ways: bridges, granularity, targets: hostBridges.map((_, index) => index) }] };
}

export const regionOver = (targets: readonly string[], values: Partial<FirmwareRegion> = {}): FirmwareRegion => ({ window: 0, base: start, size: 256n * MiB * BigInt(targets.length), granularity: 256, targets, isLocked: false, ...values });
export const decoderAt = (place: string, values: Partial<FirmwareDecoder> = {}): FirmwareDecoder => ({ place, index: 0, base: start, size: 512n * MiB, ways: 2, granularity: 256, targets: [], skip: 0n, isLocked: false, isCommitted: true, ...values });

export type SetupOptions = Omit<BootOptions, "firmware">;

/** Boots a machine whose firmware did `setup`. */
export const bootWith = (machine: MachineDescription, setup: Partial<FirmwareSetup>, options: SetupOptions = {}): Booted => bootMachine(machine, { firmware: { setup: { ...noSetup, ...setup } }, ...options });

/** The default policies with these of assembly. */
export const assembly = (change: Partial<KernelPolicies["assembly"]>): Partial<KernelPolicies> => ({ assembly: { ...defaultPolicies.assembly, ...change } });

export const read = (booted: Booted, path: string): string => booted.read(`${devices}/${path}`).trim();
export const list = (booted: Booted, prefix: string): string[] => booted.files.list(devices).filter((name) => name.startsWith(prefix)).toSorted();
export const store = (booted: Booted, path: string, value: string): void => booted.run(booted.files.write(`${devices}/${path}`, value));
export const saying = (booted: Booted, pattern: RegExp): string[] => booted.dmesg().filter((line) => pattern.test(line));
