// What a case is held against: the machine of its own command line under the captured kernel's preset, or a scenario's machine, firmware and policies.

import type { MachineDescription } from "../../../src/platform/description.ts";
import type { ScenarioPlan } from "../../../src/scenario/plan.ts";
import { moduleNames } from "../../../src/kernel/base/module-plan.ts";
import type { Json, JsonObject } from "../capture.ts";
import { CaptureError, isObject, objectsIn, readDecoders } from "../capture.ts";
import { machineOf, readTopology } from "../topology.ts";
import { addressesOf } from "./addresses.ts";
import type { LinuxCase, Moment, Step } from "./case.ts";
import { logFile } from "./case.ts";
import { documentIn, parseJson } from "./facts.ts";
import type { Booting } from "./host.ts";
import { capturedBooting } from "./host.ts";
import { partFinder, withoutCard } from "./parts.ts";
import { programmedDecoders } from "./programmed.ts";

/** A kernel's life in a case: from power-on, or from the step that started another kernel, to the next one or the end. */
export interface Stage {
  readonly booting: Booting;
  readonly steps: readonly Step[];
  /** Commands given instead of the log's, in order. */
  readonly commands: readonly string[] | null;
  /** The first moment came before this kernel's drivers. */
  readonly startsBeforeDrivers: boolean;
}

export interface Start {
  readonly stages: readonly Stage[];
  readonly partNamed: (name: string) => string;
  readonly notes: readonly string[];
}

export const isModuleCommand = (line: string): boolean => /^(modprobe|rmmod|insmod)\b/.test(line);

/** Loading and unloading of modules that the model has. */
export const isKnownModule = (line: string): boolean => line.split(/\s+/).slice(1).filter((word) => !word.startsWith("-")).every((name) => (moduleNames as readonly string[]).includes(name.replaceAll("-", "_")));

const machineOfCase = (linux: LinuxCase): MachineDescription => {
  const topology = readTopology(linux.name, linux.commandLine);
  return machineOf(topology, addressesOf(linux, topology));
};

/** Every region with dax information in what a kernel's tools printed. */
function daxRegionsShown(linux: LinuxCase, steps: readonly Step[]): JsonObject[] {
  const documents = steps.flatMap((step): Json[] => {
    if (step.kind === "command") return [documentIn(step.output)];
    const moment = step.kind === "moment" ? linux.moments.get(step.name) : undefined;
    return moment === undefined ? [] : [...moment.files].filter(([kind, text]) => kind.startsWith("cxl-") && text.trim() !== "").map(([kind, text]) => parseJson(`${moment.file}.${kind}`, text));
  });
  return documents.flatMap(objectsIn).flatMap(({ daxregion }) => (isObject(daxregion) ? [daxregion] : []));
}

/** Captured kernels have modules, loaded before the first moment; one whose dax regions never had a driver did not have dax_cxl. */
function modulesOf(linux: LinuxCase, steps: readonly Step[]): Pick<Booting, "modules"> {
  const shown = daxRegionsShown(linux, steps);
  const hasDriver = shown.length === 0 || shown.some((region) => region["size"] !== undefined);
  return { modules: { builtIn: [], modules: moduleNames.filter((name) => hasDriver || name !== "dax_cxl") } };
}

/** Steps of each kernel, with its command line. */
function kernelsOf(linux: LinuxCase): { readonly commandLine: string; readonly steps: Step[] }[] {
  const kernels: { readonly commandLine: string; readonly steps: Step[] }[] = [{ commandLine: linux.kernelCommandLine, steps: [] }];
  for (const step of linux.steps) {
    if (step.kind === "kexec") kernels.push({ commandLine: step.commandLine, steps: [] });
    else kernels.at(-1)?.steps.push(step);
  }
  return kernels;
}

/** Cards that were taken out before the first moment with drivers: gone from the start. The other steps follow. */
function takenBefore(steps: readonly Step[]): { readonly gone: readonly string[]; readonly rest: readonly Step[] } {
  const first = steps.findIndex((step) => step.kind === "moment");
  const before = steps.slice(0, Math.max(0, first));
  return { gone: before.flatMap((step) => (step.kind === "removed" ? [step.card] : [])), rest: [...before.filter((step) => step.kind !== "removed"), ...steps.slice(Math.max(0, first))] };
}

const firstMoment = (linux: LinuxCase, steps: readonly Step[]): Moment | undefined => {
  const found = steps.find((step) => step.kind === "moment");
  return found === undefined ? undefined : linux.moments.get(found.name);
};

/** The machine of the command line; a second kernel finds decoders as the registers of its first moment show them. @throws CaptureError */
export function derivedStart(linux: LinuxCase): Start {
  const machine = machineOfCase(linux);
  const partNamed = partFinder(linux.name, machine);
  const [first, ...later] = kernelsOf(linux);
  const missing = (first?.steps ?? []).flatMap((step) => (step.kind === "removed" ? [step.card] : []));
  const second = later.map(({ commandLine, steps }): Stage => {
    const moment = firstMoment(linux, steps);
    const text = moment?.files.get("hdm-regs.txt");
    if (moment === undefined || text === undefined) throw new CaptureError(linux.name, "kexec", "a second kernel needs the decoders that it finds; give the first moment after it with hdm-regs.txt");
    const { gone, rest } = takenBefore(steps);
    const left = [...missing, ...gone].map(partNamed).reduce(withoutCard, machine);
    missing.push(...steps.flatMap((step) => (step.kind === "removed" ? [step.card] : [])));
    const decoders = programmedDecoders(machine, partNamed, readDecoders(`${moment.file}.hdm-regs.txt`, text, linux.commandLine).entries);
    return { booting: { ...capturedBooting(left, commandLine, decoders), ...modulesOf(linux, steps) }, steps: rest, commands: null, startsBeforeDrivers: true };
  });
  return {
    stages: [{ booting: { ...capturedBooting(machine, first?.commandLine ?? "", []), ...modulesOf(linux, first?.steps ?? []) }, steps: first?.steps ?? [], commands: null, startsBeforeDrivers: false }, ...second],
    partNamed, notes: second.length === 0 ? [] : ["the second kernel found decoders programmed from the registers of its first moment"],
  };
}

/** The scenario's steps that are commands; one for each command of the log. @throws CaptureError */
function commandsOf(linux: LinuxCase, steps: readonly Step[], plan: ScenarioPlan): string[] | null {
  if (plan.steps.length === 0) return null;
  const commands = plan.steps.flatMap((step) => ("run" in step ? [step.run] : []));
  const theirs = steps.filter((step) => step.kind === "command" && !isModuleCommand(step.line));
  if (commands.length === theirs.length) return commands;
  throw new CaptureError(plan.file, "steps", `has ${commands.length} commands, ${linux.name}/${logFile} has ${theirs.length}${linux.steps.some((step) => step.kind === "kexec") ? " after the last kexec" : ""}; give one step for each of them, or leave steps out to give the log's own`);
}

/** A scenario's machine, firmware and policies. What it finds at power-on is the scenario's to say, so that a log starts with its last kernel. @throws CaptureError */
export function scenarioStart(linux: LinuxCase, plan: ScenarioPlan): Start {
  const kernels = kernelsOf(linux);
  const { gone, rest } = takenBefore(kernels.at(-1)?.steps ?? []);
  const steps = kernels.length > 1 ? rest : (kernels[0]?.steps ?? []);
  const unused = [["faults", plan.faults.length], ["workloads", plan.workloads.length], ["expect", plan.expectations.length]].filter(([, count]) => count !== 0).map(([name]) => name);
  return {
    stages: [{ booting: { machine: plan.machine, setup: plan.firmware, policies: plan.policies, modules: plan.modules }, steps, commands: commandsOf(linux, steps, plan), startsBeforeDrivers: kernels.length > 1 }],
    partNamed: partFinder(linux.name, plan.machine, linux.commandLine === "" ? undefined : machineOfCase(linux)),
    notes: [
      ...(kernels.length > 1 ? ["what came before the last kernel was left out: the scenario's firmware stands for it"] : []),
      ...(kernels.length > 1 ? gone.map((card) => `that ${card} was taken out before the drivers is the scenario's to say (present: false)`) : []),
      ...(unused.length === 0 ? [] : [`the scenario's ${unused.join(", ")} are not used here`]),
    ],
  };
}
