// One case in the real kernel: guest up, drivers loaded, steps done, what is seen collected, guest off.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { resolveReferences, UnresolvedReferenceError } from "../../src/sandbox/references.ts";
import type { StepFile } from "../../src/scenario/plan.ts";
import type { LinuxCase } from "./cases.ts";
import type { Folder, Stamp } from "./folder.ts";
import type { Guest, Limits } from "./guest.ts";
import { startGuest } from "./guest.ts";
import type { CaseHardware } from "./hardware.ts";
import { RigProblem } from "./problem.ts";
import { cardsAtStart, doPlugging, pluggingOf } from "./plugging.ts";
import type { CaseRecord, CommandRecord } from "./record.ts";
import { treeOf, treeScript } from "./tree.ts";

export interface RunOptions {
  readonly folder: Folder;
  readonly stamp: Stamp;
  /** Makes the hardware of one case; the folder is for its sockets. */
  readonly hardwareOf: (linux: LinuxCase, folder: string) => Promise<CaseHardware>;
  readonly limits: Limits;
  readonly report: (line: string) => void;
}

/** What a case came to, with what is kept beside the record. */
export interface CaseOutcome {
  readonly record: CaseRecord;
  readonly console: string;
  readonly trace: Uint8Array | null;
}

interface Doing {
  readonly linux: LinuxCase;
  readonly options: RunOptions;
  readonly guest: Guest;
  readonly hardware: CaseHardware;
  readonly commands: CommandRecord[];
  /** Cards by port, as steps left them. */
  readonly cards: Map<string, string>;
}

const hasReference = /\$\{/;
const settleSeconds = 90;
const patienceSeconds = 60;

/** A command with names of this boot in it. @throws UnresolvedReferenceError */
async function resolved({ linux, guest }: Doing, text: string): Promise<string> {
  return hasReference.test(text) ? resolveReferences(linux.plan.machine, treeOf(await guest.run(treeScript)), text) : text;
}

async function give(doing: Doing, step: number, text: string): Promise<void> {
  const command = await resolved(doing, text);
  const answer = await doing.guest.run(command);
  doing.commands.push({ step, text, command, ...answer });
  doing.options.report(`  $ ${command} -> ${answer.exitCode}`);
}

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/** Lets the guest come to rest. What moved meanwhile is told, so that a case that never rests can be looked into. */
async function settle({ guest, options }: Doing): Promise<void> {
  const { exitCode, stdout, uptime } = await guest.run(`settle ${settleSeconds}`, settleSeconds + options.limits.command);
  options.report(`  ${exitCode === 0 ? "settled" : "did not settle"} at ${uptime} s after ${stdout.trimEnd().split("\n").length} looks`);
}

/** What a step injects; a card that comes or goes does so in QEMU as well. */
async function inject({ linux, guest, hardware, cards }: Doing, action: unknown): Promise<void> {
  const plugging = pluggingOf(linux.plan.machine, action, (port) => cards.get(port));
  if (plugging === null) {
    hardware.inject(action);
    return;
  }
  await doPlugging(plugging, await guest.monitor(), hardware.socketOf, () => hardware.inject(action));
  if (plugging.kind === "plug") cards.set(plugging.port, plugging.device.name);
  else cards.delete(plugging.port);
}

async function oneStep(doing: Doing, step: StepFile, number: number): Promise<void> {
  const { guest, linux, options } = doing;
  if ("run" in step) await give(doing, number, step.run);
  else if ("advance" in step) await guest.run(`sleep ${step.advance / 1e9}`, step.advance / 1e9 + options.limits.command);
  else if ("settle" in step) await settle(doing);
  else if ("inject" in step) await inject(doing, linux.actions.get(number));
  else if ("until" in step) {
    const seconds = Math.max(patienceSeconds, Math.ceil((step.within ?? 0) / 1e9));
    const { exitCode } = await guest.run(`left=${seconds}; until dmesg | grep -qF ${quoted(step.until)}; do sleep 1; left=$((left - 1)); [ $left -gt 0 ] || exit 1; done`, seconds + options.limits.command);
    if (exitCode !== 0) throw new RigProblem(`step ${number}: the kernel did not say "${step.until}" within ${seconds} s`);
  }
}

/** Steps until one cannot be done; what stopped them, or null. */
async function doSteps(doing: Doing): Promise<string | null> {
  try {
    await doing.guest.run("load", doing.options.limits.command);
    for (const [index, step] of doing.linux.plan.steps.entries()) await oneStep(doing, step, index + 1);
    return null;
  } catch (error) {
    if (error instanceof RigProblem || error instanceof UnresolvedReferenceError) return error.message;
    throw error;
  }
}

/** Text of a command, or nothing where the guest does not answer any more. */
async function look(guest: Guest, command: string, limits: Limits): Promise<string> {
  try {
    return (await guest.run(command, limits.command)).stdout;
  } catch (error) {
    if (error instanceof RigProblem) return "";
    throw error;
  }
}

const consoleLines = (console: string): string[] => console.split(/\r?\n/).filter((line) => /^\[ *\d+\.\d+\] /.test(line));

async function runInGuest(linux: LinuxCase, options: RunOptions, hardware: CaseHardware, work: string): Promise<CaseOutcome> {
  const { folder, stamp, limits } = options;
  const started = Date.now();
  const guest = await startGuest(folder, linux.plan.machine, work, hardware.socketOf, limits);
  options.report(`  Linux ${guest.release} up after ${guest.bootSeconds.toFixed(1)} s`);
  const doing: Doing = { linux, options, guest, hardware, commands: [], cards: cardsAtStart(linux.plan.machine) };
  const problem = await doSteps(doing);
  const log = await look(guest, "dmesg -r", limits);
  const iomem = await look(guest, "cat /proc/iomem", limits);
  const registers = hardware.registers();
  const poweredOff = await guest.end();
  const trace = hardware.trace();
  const console = guest.console();
  const dmesg = log === "" ? consoleLines(console) : log.trimEnd().split("\n");
  const record = {
    case: linux.name, name: linux.plan.name, hardware: hardware.name, kernel: guest.release, qemu: stamp.qemu, tools: stamp.tools, bootSeconds: guest.bootSeconds, seconds: (Date.now() - started) / 1000,
    problem, poweredOff, commands: doing.commands, dmesg, iomem, registers, faults: hardware.faults(), hasTrace: trace !== null,
  };
  return { record, console, trace };
}

/** Runs a case. @throws RigProblem the guest did not start */
export async function runCase(linux: LinuxCase, options: RunOptions): Promise<CaseOutcome> {
  const work = mkdtempSync(join(tmpdir(), "cxl-linux-"));
  const clean = (): void => rmSync(work, { recursive: true, force: true });
  process.once("exit", clean);
  try {
    const hardware = await options.hardwareOf(linux, work);
    try {
      return await runInGuest(linux, options, hardware, work);
    } finally {
      await hardware.close();
    }
  } finally {
    process.off("exit", clean);
    clean();
  }
}
