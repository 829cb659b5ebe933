// A capture folder as a running Linux would leave it, written from our own system: for topologies that no capture is at hand for. It says nothing about
// Linux; it says whether the comparison reads such a folder and sees what differs.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { MachineDescription } from "../../src/platform/description.ts";
import { readDecoders } from "../../tools/conformance/capture.ts";
import { decoderOffsets } from "../../tools/conformance/decoder-values.ts";
import type { Host } from "../../tools/conformance/linux/host.ts";
import { attributesText, bootHost, capturedBooting, decoderRegister } from "../../tools/conformance/linux/host.ts";
import { pullCard } from "../../tools/conformance/linux/outside.ts";
import { partFinder, withoutCard } from "../../tools/conformance/linux/parts.ts";
import { programmedDecoders } from "../../tools/conformance/linux/programmed.ts";
import { functionsOf, machineOf, readTopology } from "../../tools/conformance/topology.ts";
import { modules } from "./machine.ts";

/** Where QEMU puts windows and host bridges of a machine with 1 GiB of RAM. */
const firstWindow = 0x4_d000_0000n;
const firstBridge = 0x4_c000_0000n;

export type CaptureStep =
  /** A command; `@2` is the memdev of serial number 2. */
  | { readonly run: string }
  | { readonly moment: string }
  /** Another kernel on the hardware as it stands; cards that go before its drivers come. */
  | { readonly kexec: string; readonly without?: readonly string[] }
  | { readonly pull: string };

export interface CaptureSetup {
  /** QEMU's -device, -object and cxl-fmw words. */
  readonly machine: string;
  readonly fmw: string;
  readonly kernel?: string;
  readonly steps: readonly CaptureStep[];
  /** Races of the captured kernel, so that its names are others than those of the comparison. */
  readonly seed?: number;
}

const hex = (value: number | bigint, digits: number): string => value.toString(16).padStart(digits, "0");

/** Decoder registers in the captures' form; QEMU's names for host bridges. */
function decodersText(host: Host, machine: MachineDescription): string {
  const bridges = machine.hostBridges.map(({ name }) => name);
  const lines: string[] = [];
  for (const [name, kind] of functionsOf(host.machine)) {
    const global = decoderRegister(host, name, undefined, 0);
    if (kind === "rp" || kind === "dsp" || global === undefined) continue;
    lines.push(`${bridges.includes(name) ? `hb${bridges.indexOf(name)}` : name}: cap 00000382 (decoders 4, targets 8, 11-8 1, 14-12 1) global_ctl ${hex(global, 8)}`);
    const read = (index: number, offset: number): number => decoderRegister(host, name, index, offset) ?? 0;
    const wide = (index: number, offset: number): bigint => BigInt(read(index, offset)) | (BigInt(read(index, offset + 4)) << 32n);
    for (let index = 0; index < 4; index++) {
      lines.push(`  dec${index}: base ${hex(wide(index, decoderOffsets.base), 16)} size ${hex(wide(index, decoderOffsets.size), 16)} ctrl ${hex(read(index, decoderOffsets.control), 8)} (as read) tl/skip ${hex(wide(index, decoderOffsets.targets), 16)} reserved 00000000`);
    }
  }
  return `${lines.join("\n")}\n`;
}

function writeMoment(folder: string, name: string, host: Host, machine: MachineDescription): void {
  const files = {
    "cxl-vvv.json": host.command("cxl list -vvv").stdout, "cxl-all.json": host.command("cxl list -BDMPERTXi").stdout, "daxctl.json": host.command("daxctl list -DRMi").stdout,
    iomem: host.files.read("/proc/iomem"), "attrs.txt": attributesText(host), "hdm-regs.txt": decodersText(host, machine),
  };
  for (const [kind, text] of Object.entries(files)) writeFileSync(join(folder, `${name}.${kind}`), text);
}

function memdevWith(host: Host, serial: string): string {
  const listed = JSON.parse(host.command("cxl list -Mi").stdout) as { readonly memdev: string; readonly serial: number }[];
  return listed.find((one) => String(one.serial) === serial)?.memdev ?? `mem-of-${serial}`;
}

/** Kernel on the hardware as another one left it. */
function secondHost(host: Host, machine: MachineDescription, commandLine: string, gone: readonly string[], seed: number | undefined): Host {
  const decoders = programmedDecoders(machine, partFinder("second", machine), readDecoders("second", decodersText(host, machine), "").entries);
  return bootHost(modules.release, { ...capturedBooting(gone.reduce(withoutCard, machine), commandLine, decoders), ...(seed === undefined ? {} : { seed }) });
}

/** Writes a case; returns its folder. */
export function writeCapture(folder: string, { machine: devices, fmw, kernel = "console=ttyS0 memhp_default_state=offline", steps, seed }: CaptureSetup): string {
  mkdirSync(folder, { recursive: true });
  const commandLine = `qemu-system-x86_64 -M q35,cxl=on,${fmw} -m 1G,maxmem=8G,slots=8 -append '${kernel}' ${devices}`;
  writeFileSync(join(folder, "qemu-cmdline.txt"), commandLine);
  const topology = readTopology("written", commandLine);
  const bases = topology.windows.reduce<bigint[]>((before, _, index) => [...before, index === 0 ? firstWindow : (before[index - 1] ?? 0n) + (topology.windows[index - 1]?.size ?? 0n)], []);
  const machine = machineOf(topology, { bridges: new Map(topology.bridges.map(({ bus }, index) => [bus, firstBridge + BigInt(index) * 0x1_0000n])), windows: bases });
  let host = bootHost(modules.release, { ...capturedBooting(machine, kernel, []), ...(seed === undefined ? {} : { seed }) });
  const log: string[] = ["9.53 cxl-up"];
  for (const [index, step] of steps.entries()) {
    const time = `${index + 10}.00`;
    if ("run" in step) {
      const line = step.run.replaceAll(/@(\d+)/g, (_, serial: string) => memdevWith(host, serial));
      const { stderr, stdout, exitCode } = host.command(line);
      log.push(`$ ${line.replace(/^sh -c '(.*)'$/, "sh -c $1")}`, ...`${stderr}${stdout}`.replace(/\n$/, "").split("\n").filter((one) => one !== ""), `[rc=${exitCode}, uptime=${time}]`);
    } else if ("moment" in step) {
      log.push(`${time} capture ${step.moment}`);
      writeMoment(folder, step.moment, host, machine);
    } else if ("kexec" in step) {
      host = secondHost(host, machine, step.kexec, step.without ?? [], seed);
      const before = `s${index}-before-drivers`;
      log.push(`$ kexec -s -l VMLINUZ --initrd=INITRD --command-line=${step.kexec}`, `[rc=0, uptime=${time}]`, ...(step.without ?? []).map((card) => `${time} host-request del ${card}`), `${time} host-request regs.${before}`);
      writeFileSync(join(folder, `${before}.hdm-regs.txt`), decodersText(host, machine));
    } else {
      pullCard("written", host, step.pull);
      log.push(`${time} host-request del ${step.pull}`);
    }
  }
  writeFileSync(join(folder, "steps.log"), `${log.join("\n")}\n`);
  return folder;
}

