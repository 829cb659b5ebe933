// Our kernel on the machine of a case: power-on, decoders as another kernel left them, boot, commands, what is seen at a moment.

import { hdmDecoderPort } from "../../../registers/hdm-decoder.ts";
import type { IsolationOwner } from "../../../src/firmware/firmware.ts";
import type { ModulePlan } from "../../../src/kernel/base/module-plan.ts";
import { boot, kernelHandlers, onNotify } from "../../../src/kernel/boot.ts";
import { SystemError } from "../../../src/kernel/base/errno.ts";
import { createFileSystem } from "../../../src/kernel/sysfs/file-system.ts";
import type { FileSystem } from "../../../src/kernel/sysfs/file-system.ts";
import type { FolderEntry } from "../../../src/kernel/sysfs/interface.ts";
import type { MachineDescription } from "../../../src/platform/description.ts";
import type { FirmwareDecoder, FirmwareSetup, SoftReservedRange } from "../../../src/platform/firmware-setup.ts";
import { noSetup } from "../../../src/platform/firmware-setup.ts";
import { kernelPolicies } from "../../../src/sandbox/policies.ts";
import { runTask, settle } from "../../../src/sandbox/drive.ts";
import type { System } from "../../../src/sandbox/system.ts";
import { createSystem } from "../../../src/sandbox/system.ts";
import type { PolicyValues } from "../../../src/scenario/policies.ts";
import { presetValues } from "../../../src/scenario/policies.ts";
import type { Task } from "../../../src/sim/task.ts";
import type { CommandResult } from "../../../src/userland/output.ts";
import { runCommand } from "../../../src/userland/run.ts";
import { decoderAt } from "../decoder-values.ts";

export interface Host {
  readonly system: System;
  readonly machine: MachineDescription;
  readonly files: FileSystem;
  readonly command: (line: string) => CommandResult;
}

/** Runs a task to its end and lets all that it started come to rest. */
function run<T>(system: System, body: Task<T>): T {
  try {
    return runTask(system, "comparison", body);
  } finally {
    settle(system);
  }
}

const hdmIdentity = 5;

/** Place of the HDM decoder structure in a component's CXL.cache/mem range, or undefined. */
function decodersAt(read: (offset: number) => number): number | undefined {
  const count = read(0) >>> 24;
  const headers = Array.from({ length: count }, (_, index) => read(4 * (index + 1)));
  const found = headers.find((header) => (header & 0xffff) === hdmIdentity);
  return found === undefined ? undefined : found >>> 20;
}

const units: Readonly<Record<string, bigint>> = { "": 1n, K: 1n << 10n, M: 1n << 20n, G: 1n << 30n, T: 1n << 40n };
const softReservedType = 0xefff_ffffn;
const bytes = (digits: string, unit: string): bigint => BigInt(digits) * (units[unit.toUpperCase()] ?? 1n);

const retyped = /^(0x[0-9a-f]+|\d+)([KMGT]?)%(0x[0-9a-f]+|\d+)([KMGT]?)(?:-(?:0x[0-9a-f]+|\d+))?\+(0x[0-9a-f]+|\d+)$/i;

/** Ranges that a command line makes Soft Reserved: `memmap=SIZE%BASE+0xefffffff`, several with commas between, the old type before the + if it is said. */
export const softReservedOf = (commandLine: string): SoftReservedRange[] =>
  [...commandLine.matchAll(/\bmemmap=(\S+)/g)].flatMap(([, list = ""]) => list.split(",")).flatMap((one) => {
    const [, size = "0", sizeUnit = "", base = "0", baseUnit = "", type = "0"] = retyped.exec(one) ?? [];
    return BigInt(type) === softReservedType ? [{ base: bytes(base, baseUnit), size: bytes(size, sizeUnit) }] : [];
  });

const preset = "linux-7.2";
const restrictions = { deviceCoherent: true, hostOnlyCoherent: true, volatile: true, persistent: true, fixed: false };

/** A machine, what firmware or an earlier kernel left in it, and the kernel's policies. */
export interface Booting {
  readonly machine: MachineDescription;
  readonly setup: FirmwareSetup;
  readonly policies: PolicyValues;
  /** Drivers that the kernel has; all of them, built in, when absent. */
  readonly modules?: ModulePlan;
  /** Decides races; in order when absent. */
  readonly seed?: number;
}

/** What a captured kernel was booted with: the preset of its version, changed by its command line; decoders as an earlier kernel left them. */
export function capturedBooting(machine: MachineDescription, commandLine: string, decoders: readonly FirmwareDecoder[]): Booting {
  const chosen = presetValues(preset);
  if (chosen === undefined) throw new Error(`there is no preset ${preset}`);
  const policies = { ...chosen, online: /\bmemhp_default_state=(\w+)/.exec(commandLine)?.[1] ?? chosen.online };
  return { machine, setup: { ...noSetup, decoders, softReserved: softReservedOf(commandLine) }, policies };
}

export function bootHost(module: WebAssembly.Module, { machine, setup, policies, modules, seed }: Booting): Host {
  const system = createSystem(module, { machine, firmware: { isolationOwner: policies.isoown as IsolationOwner, restrictions, setup }, policies: kernelPolicies(policies), handlers: kernelHandlers, seed: seed ?? 1, schedule: seed === undefined ? "fixed" : "seeded", onNotify });
  const files = createFileSystem(system.kernel);
  run(system, boot(system.kernel, modules));
  return { system, machine, files, command: (line) => run(system, runCommand(system.kernel, files, line)) };
}

/** Files that the captures leave out: commands, and groups of a dax region. */
const leftOut = /^(create|delete|commands?_|trigger|uevent$|power$)|^dax_region$|^driver_override$/;

/** `key: value` for every attribute of a directory, one level of groups included; what can only be written is shown empty. */
function attributesOf(files: FileSystem, path: string): string {
  const lines: string[] = [];
  const one = (name: string, { status, read }: FolderEntry): void => {
    if (status.kind !== "file" || leftOut.test(name.slice(name.lastIndexOf("/") + 1))) return;
    try {
      lines.push(`${name}: ${status.isReadable ? read().trimEnd() : ""}\n`);
    } catch (thrown) {
      if (!(thrown instanceof SystemError)) throw thrown;
      lines.push(`${name}: \n`);
    }
  };
  for (const entry of files.scan(path)) {
    if (entry.status.kind !== "directory" || leftOut.test(entry.name)) {
      one(entry.name, entry);
      continue;
    }
    const group = files.scan(`${path}/${entry.name}`);
    // A child device has a subsystem, a group of attributes has not.
    if (!group.some(({ name }) => name === "subsystem")) for (const inner of group) one(`${entry.name}/${inner.name}`, inner);
  }
  return lines.join("");
}

/** Devices of the buses that captures list, in the captures' form. */
export function attributesText({ files }: Pick<Host, "files">): string {
  return ["cxl", "dax", "nd"].flatMap((bus) => {
    const folder = `/sys/bus/${bus}/devices`;
    if (!files.exists(folder)) return [];
    return files.list(folder).map((name) => {
      const path = `${folder}/${name}`;
      const driver = files.exists(`${path}/driver`) ? `driver: ${files.readlink(`${path}/driver`).split("/").at(-1) ?? ""}\n` : "";
      return `## ${bus} ${name} -> ${files.readlink(path)}\n${driver}${attributesOf(files, path)}`;
    });
  }).join("");
}

/** Registers of one decoder, or of a component's global control (`index` undefined); undefined: there is none. */
export function decoderRegister({ system: { hardware } }: { readonly system: Pick<System, "hardware"> }, component: string, index: number | undefined, offset: number): number | undefined {
  const { bridges, ports, switches, devices } = hardware.entities;
  const found = [bridges, ports, switches, devices].map((kind) => kind.get(component)).find((one) => one !== undefined);
  if (found === undefined) return undefined;
  const start = decodersAt((at) => hardware.peekComponent(found.id, at));
  if (start === undefined) return undefined;
  const at = index === undefined ? hdmDecoderPort.registers.globalControl.offset : decoderAt(index) + offset;
  return hardware.peekComponent(found.id, start + at);
}
