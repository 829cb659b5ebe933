// Machines with Soft Reserved memory for tests, and what is asked of them after boot.

import type { KernelPolicies } from "../../src/kernel/policy.ts";
import { defaultPolicies } from "../../src/kernel/policy.ts";
import type { DeviceDescription, MachineDescription } from "../../src/platform/description.ts";
import type { FirmwareDecoder, FirmwareRegion, SoftReservedRange } from "../../src/platform/firmware-setup.ts";
import { noSetup } from "../../src/platform/firmware-setup.ts";
import type { BootOptions, Booted } from "./kernel.ts";
import { bootMachine } from "./kernel.ts";
import { GiB, MiB, deviceOf, machineOf, portOf } from "./machine.ts";

export const devices = "/sys/bus/cxl/devices";
export const start = 0x4_d000_0000n;
export const policyOf = (change: Partial<KernelPolicies["softReserved"]>): Partial<KernelPolicies> => ({ softReserved: { ...defaultPolicies.softReserved, ...change } });

/** One host bridge on bus 12 with a root port and a card per entry of `present`, a window of 4 GiB. */
export function machineWith(present: readonly boolean[], card: Partial<DeviceDescription> = {}): MachineDescription {
  const base = machineOf(present.map((isPresent, n) => portOf(`rp${n}`, { portNumber: n, present: isPresent, slots: [deviceOf(`mem${n}`, { serial: BigInt(n + 1), ...card })] })));
  return { ...base, ram: [{ base: 0n, size: GiB }], hostBridges: base.hostBridges.map((bridge) => ({ ...bridge, uid: 12 })), windows: [{ base: start, size: 4n * GiB, ways: 1, granularity: 256, targets: [0] }] };
}

/** The captured machine: two cards of 256 MiB. */
export const captured = (present: readonly boolean[] = [true, true], volatileCapacity = 256n * MiB): MachineDescription => machineWith(present, { volatileCapacity });

export const region = (values: Partial<FirmwareRegion> = {}): FirmwareRegion => ({ window: 0, base: start, size: 512n * MiB, granularity: 256, targets: ["mem1", "mem0"], isLocked: false, ...values });
export const whole: SoftReservedRange = { base: start, size: 512n * MiB };

export interface Case extends Pick<BootOptions, "modules" | "beside" | "onStep"> {
  readonly machine?: MachineDescription;
  readonly regions?: readonly FirmwareRegion[];
  readonly decoders?: readonly FirmwareDecoder[];
  readonly softReserved?: readonly SoftReservedRange[];
  readonly policies?: Partial<KernelPolicies>;
}

export const bootCase = ({ machine = captured(), regions = [region()], decoders = [], softReserved = [whole], policies = {}, ...options }: Case): Booted =>
  bootMachine(machine, { firmware: { setup: { ...noSetup, regions, decoders, softReserved } }, policies, ...options });

export const bus = (booted: Booted, name: string): string[] => (booted.files.exists(`/sys/bus/${name}/devices`) ? booted.files.list(`/sys/bus/${name}/devices`).toSorted() : []);
export const hmemOf = (booted: Booted): string[] => bus(booted, "platform").filter((name) => name.startsWith("hmem."));
export const daxOf = (booted: Booted): string[] => bus(booted, "dax");
export const regionsOf = (booted: Booted): string[] => bus(booted, "cxl").filter((name) => name.startsWith("region"));
export const saying = (booted: Booted, pattern: RegExp): string[] => booted.dmesg().filter((line) => pattern.test(line));

/** /proc/iomem from the window on, as far as it lies in it. */
export function windowOf(booted: Booted): string[] {
  const lines = booted.read("/proc/iomem").split("\n");
  const at = lines.findIndex((line) => line.includes("CXL Window 0"));
  const length = lines.slice(at + 1).findIndex((line) => !line.startsWith(" "));
  return lines.slice(at, at + 1 + length);
}

export interface DaxFact {
  readonly owner: "cxl" | "hmem";
  /** MiB from the start of the window. */
  readonly at: number;
  /** MiB. */
  readonly size: number;
  readonly hasDriver: boolean;
}

/** Every dax device with its owner and place, in order of address. */
export function daxFacts(booted: Booted): DaxFact[] {
  const number = (name: string, attribute: string): bigint => BigInt(booted.read(`/sys/bus/dax/devices/${name}/${attribute}`).trim());
  const facts = daxOf(booted).map((name): DaxFact => ({
    owner: booted.files.readlink(`/sys/bus/dax/devices/${name}`).includes("hmem_platform") ? "hmem" : "cxl",
    at: Number((number(name, "resource") - start) / MiB), size: Number(number(name, "size") / MiB), hasDriver: booted.files.exists(`/sys/bus/dax/devices/${name}/driver`),
  }));
  return facts.toSorted((a, b) => a.at - b.at);
}

/** `cxl 0+512`: owner, place and size of every dax device; one without a driver has a question mark. */
export const daxLine = (booted: Booted): string => daxFacts(booted).map(({ owner, at, size, hasDriver }) => `${owner} ${at}+${size}${hasDriver ? "" : "?"}`).join(", ");
