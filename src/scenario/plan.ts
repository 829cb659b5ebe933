// A checked scenario as plain data: everything a run needs, with every name resolved against the machine it declares.

import { blocks } from "../../registers/blocks.ts";
import type { StructureDeclaration } from "../../registers/schema.ts";
import { fieldBits } from "../../registers/checks.ts";
import type { MachineDescription } from "../platform/description.ts";
import { ScenarioFileError, loadScenario } from "./load.ts";
import type { Path } from "./load.ts";
import type { PathProblem } from "./machine.ts";
import { describeMachine } from "./machine.ts";
import type { PolicyName, PolicyValues } from "./policies.ts";
import { policies, policyNames, presetNames, presetValues } from "./policies.ts";
import type { ScenarioFile } from "./schema.ts";
import { suggestion } from "./suggest.ts";

export type StepFile = NonNullable<ScenarioFile["steps"]>[number];
export type WorkloadFile = NonNullable<ScenarioFile["workloads"]>[number];
export type FaultFile = NonNullable<ScenarioFile["faults"]>[number];
export type ExpectationFile = NonNullable<ScenarioFile["expect"]>[number];

export interface ScenarioPlan {
  readonly file: string;
  readonly name: string;
  readonly machine: MachineDescription;
  readonly policies: PolicyValues;
  readonly steps: readonly StepFile[];
  readonly workloads: readonly WorkloadFile[];
  readonly faults: readonly FaultFile[];
  readonly expectations: readonly ExpectationFile[];
  /** Virtual nanoseconds after ready, and scheduler steps. */
  readonly limits: { readonly time: number; readonly steps: number };
}

/** A register field of an entity as the hardware's probes and peeks name it. */
export interface FieldPlace {
  readonly entity: string;
  readonly space: "config" | "component";
  /** Byte offset of the dword in the block. */
  readonly offset: number;
  readonly mask: number;
  readonly shift: number;
}

type EntityKind = "bridge" | "port" | "device";
const blocksOf: Readonly<Record<EntityKind, readonly ("hostBridgeComponent" | "rootPortComponent" | "rootPortConfig" | "deviceComponent" | "deviceConfig")[]>> = {
  bridge: ["hostBridgeComponent"],
  port: ["rootPortComponent", "rootPortConfig"],
  device: ["deviceComponent", "deviceConfig"],
};

export function kindOf(machine: MachineDescription, name: string): EntityKind | undefined {
  for (const bridge of machine.hostBridges) {
    if (bridge.name === name) return "bridge";
    for (const port of bridge.rootPorts) {
      if (port.name === name) return "port";
      if (port.slots.some((slot) => slot.name === name)) return "device";
    }
  }
  return undefined;
}

const entityNames = (machine: MachineDescription): string[] => machine.hostBridges.flatMap((bridge) => [bridge.name, ...bridge.rootPorts.flatMap((port) => [port.name, ...port.slots.map((slot) => slot.name)])]);
const portNames = (machine: MachineDescription): string[] => machine.hostBridges.flatMap((bridge) => bridge.rootPorts.map((port) => port.name));

/** Finds `structure.register.field` (or `structure.register`, whole) of an entity. Returns a message when there is none. */
export function findField(machine: MachineDescription, entity: string, path: string): FieldPlace | string {
  const kind = kindOf(machine, entity);
  if (kind === undefined) return `no "${entity}" in the machine; ${suggestion(entity, entityNames(machine))}`;
  const [structureName = "", registerName = "", fieldName] = path.split(".");
  const known: string[] = [];
  for (const blockName of blocksOf[kind]) {
    const block = blocks[blockName];
    for (const [name, placement] of Object.entries(block.placements) as [string, { readonly at: number; readonly structure: StructureDeclaration }][]) {
      known.push(name);
      if (name !== structureName) continue;
      const register = placement.structure.registers[registerName];
      if (register === undefined) return `${structureName} has no register "${registerName}"; ${suggestion(registerName, Object.keys(placement.structure.registers))}`;
      const field = fieldName === undefined ? undefined : register.fields[fieldName];
      if (fieldName !== undefined && field === undefined) return `${structureName}.${registerName} has no field "${fieldName}"; ${suggestion(fieldName, Object.keys(register.fields))}`;
      const [high, low] = field === undefined ? [Math.min(register.width, 32) - 1, 0] : fieldBits(field);
      const start = (placement.at + register.offset) * 8 + low;
      return { entity, space: block.kind, offset: Math.floor(start / 32) * 4, mask: ((2 ** (high - low + 1) - 1) * 2 ** (start % 32)) >>> 0, shift: start % 32 };
    }
  }
  return `${entity} has no register structure "${structureName}"; ${suggestion(structureName, known)}`;
}

function checkPort(machine: MachineDescription, name: string, path: Path, problems: PathProblem[]): void {
  if (!portNames(machine).includes(name)) problems.push({ path, message: `no root port "${name}" in the machine; ${suggestion(name, portNames(machine))}` });
}

function checkAction(machine: MachineDescription, fault: FaultFile, path: Path, problems: PathProblem[]): void {
  const action = fault.do;
  for (const [kind, value] of Object.entries(action) as [string, string | { readonly port: string; readonly with?: string }][]) {
    const port = typeof value === "string" ? value : value.port;
    checkPort(machine, port, typeof value === "string" ? [...path, kind] : [...path, kind, "port"], problems);
    if (typeof value === "string" || value.with === undefined) continue;
    const slots = machine.hostBridges.flatMap((bridge) => bridge.rootPorts).find((one) => one.name === port)?.slots.map((slot) => slot.name) ?? [];
    if (!slots.includes(value.with)) problems.push({ path: [...path, kind, "with"], message: `"${value.with}" is not declared below ${port} (device or alternates); ${suggestion(value.with, slots)}` });
  }
}

function checkTrigger(machine: MachineDescription, fault: FaultFile, path: Path, problems: PathProblem[]): void {
  const when = fault.when;
  const field = (of: string, name: string, at: Path): void => {
    const found = findField(machine, of, name);
    if (typeof found === "string") problems.push({ path: at, message: found });
  };
  if ("access" in when) field(when.access.of, when.access.register, [...path, "access"]);
  if ("register" in when) field(when.register.of, when.register.field, [...path, "register"]);
  if ("request" in when && when.request.port !== undefined) checkPort(machine, when.request.port, [...path, "request", "port"], problems);
}

function resolvePolicies(scenario: ScenarioFile, problems: PathProblem[]): PolicyValues {
  const name = scenario.kernel?.preset ?? "linux-7.2";
  const preset = presetValues(name);
  if (preset === undefined) problems.push({ path: ["kernel", "preset"], message: `no preset "${name}"; ${suggestion(name, presetNames)}` });
  const values: Record<PolicyName, string> = { ...(preset ?? (presetValues("linux-7.2") as PolicyValues)) };
  for (const [key, value] of Object.entries(scenario.kernel?.policies ?? {})) {
    const path: Path = ["kernel", "policies", key];
    const policy = policies[key as PolicyName] as (typeof policies)[PolicyName] | undefined;
    const legal: readonly string[] = policy?.values ?? [];
    if (policy === undefined) problems.push({ path, message: `no policy "${key}"; ${suggestion(key, policyNames)}` });
    else if (!legal.includes(String(value))) problems.push({ path, message: `policy ${key} has no value "${String(value)}"; ${suggestion(String(value), legal)}` });
    else values[key as PolicyName] = String(value);
  }
  return values;
}

/** Loads, checks and resolves one file. @throws ScenarioFileError with every problem found */
export function planScenario(file: string, text: string): ScenarioPlan {
  const { scenario, place } = loadScenario(file, text);
  const problems: PathProblem[] = [];
  const values = resolvePolicies(scenario, problems);
  const described = describeMachine(scenario, values);
  problems.push(...described.problems);
  const seen = new Set<string>();
  for (const [index, fault] of (scenario.faults ?? []).entries()) {
    const path: Path = ["faults", index];
    if (seen.has(fault.id)) problems.push({ path: [...path, "id"], message: `the fault id "${fault.id}" is used twice` });
    seen.add(fault.id);
    checkTrigger(described.machine, fault, [...path, "when"], problems);
    checkAction(described.machine, fault, [...path, "do"], problems);
  }
  for (const [index, expectation] of (scenario.expect ?? []).entries()) {
    if (!("register" in expectation)) continue;
    const found = findField(described.machine, expectation.register.of, expectation.register.field);
    if (typeof found === "string") problems.push({ path: ["expect", index, "register"], message: found });
  }
  if (problems.length > 0) throw new ScenarioFileError(file, problems.map((problem) => ({ ...place(problem.path), message: `${problem.path.join(".")}: ${problem.message}` })));
  return {
    file,
    name: scenario.name,
    machine: described.machine,
    policies: values,
    steps: scenario.steps ?? [],
    workloads: scenario.workloads ?? [],
    faults: scenario.faults ?? [],
    expectations: scenario.expect ?? [],
    limits: { time: scenario.limits?.time ?? 2_000_000_000, steps: scenario.limits?.steps ?? 1_000_000 },
  };
}
