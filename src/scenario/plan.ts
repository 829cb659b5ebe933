// A checked scenario as plain data: everything a run needs, with every name resolved against the machine it declares.

import { fieldBits } from "../../registers/checks.ts";
import { ras } from "../../registers/ras-link.ts";
import type { FieldDeclaration } from "../../registers/schema.ts";
import type { ModulePlan } from "../kernel/base/module-plan.ts";
import type { KernelSettings } from "../kernel/settings.ts";
import type { MachineDescription } from "../platform/description.ts";
import { portsBelow } from "../platform/description.ts";
import type { FirmwareSetup } from "../platform/firmware-setup.ts";
import { checkDeviceAction, deviceActionOf, probesOfAction } from "./faults/check-device-faults.ts";
import type { DeviceCheck } from "./faults/check-device-faults.ts";
import type { PlannedDriver } from "./driver.ts";
import type { Includes } from "./include.ts";
import { describeDrivers, firstDriver, refusalOf } from "./driver.ts";
import { kernelSettings } from "./settings.ts";
import type { MomentExpectation } from "./expectations/judge.ts";
import type { VerdictSettings } from "./verdict/settings.ts";
import { verdictSettingsOf } from "./verdict/settings.ts";
import { MachineValueError, ScenarioFileError, checkScenario, loadScenario } from "./load.ts";
import { describeFirmware } from "./firmware.ts";
import type { Path } from "./load.ts";
import type { PathProblem } from "./machine.ts";
import { problemsOfExpectations } from "./expectations/check.ts";
import { problemsOfFollowing, problemsOfMoments, problemsOfTrigger } from "./faults/check-trigger.ts";
import type { PlanPlaces } from "./plan-places.ts";
import { placesOf } from "./plan-places.ts";
import type { Trigger } from "./faults/trigger.ts";
import { injectedBy, triggerOf } from "./faults/trigger.ts";
import { describeMachine } from "./machine.ts";
import type { EntityKind } from "./machine-parts.ts";
import { findField, isPort, namesOf } from "./machine-parts.ts";
import { describeModules } from "./modules.ts";
import type { PolicyName, PolicyValues } from "./policies.ts";
import { policyChoices, policyNames, presetNames, presetValues, readPolicyValue } from "./policies.ts";
import type { ScenarioFile } from "./schema.ts";
import type { SourcePlace } from "./result.ts";
import { suggestion } from "./suggest.ts";
import type { WorkloadFile } from "./workloads.ts";
import { checkNames, checkWorkloads } from "./workloads.ts";

export type StepFile = NonNullable<ScenarioFile["steps"]>[number];
export type FaultFile = NonNullable<ScenarioFile["faults"]>[number];
export type ActionFile = FaultFile["do"];
export type ExpectationFile = NonNullable<ScenarioFile["expect"]>[number];

/** A fault with what its trigger comes to. */
export interface PlannedFault extends Omit<FaultFile, "when"> {
  readonly trigger: Trigger;
}

/** Entries of the hardware's fault table. */
const mostProbes = 1024;

/** A reboot at the end of a scenario. */
export interface PlannedReboot {
  readonly kind: "warm" | "cold";
  /** Firmware clears an isolation status that it finds. */
  readonly clearsIsolation: boolean;
  readonly expectations: readonly MomentExpectation[];
}

/** A scenario file, checked, with every name resolved and every default filled in. */
export interface ScenarioPlan {
  readonly file: string;
  readonly name: string;
  readonly machine: MachineDescription;
  /** What firmware does to the machine before the kernel runs. */
  readonly firmware: FirmwareSetup;
  readonly policies: PolicyValues;
  readonly settings: KernelSettings;
  /** Weights and times of the verdict; no run reads them. */
  readonly verdict: VerdictSettings;
  /** Which drivers are built in or modules, and the order of loading. */
  readonly modules: ModulePlan;
  readonly steps: readonly StepFile[];
  readonly workloads: readonly WorkloadFile[];
  /** Those of the file, then those that steps inject. */
  readonly faults: readonly PlannedFault[];
  readonly expectations: readonly ExpectationFile[];
  /** Where these stand in the file. */
  readonly places: PlanPlaces;
  /** The host is rebooted at the end; null: it is not. */
  readonly reboot: PlannedReboot | null;
  /** Files that bring drivers; only a caller that says so gets a plan with some. */
  readonly drivers: readonly PlannedDriver[];
  /** Virtual nanoseconds after ready, and scheduler steps. */
  readonly limits: { readonly time: number; readonly steps: number };
}

interface Check {
  readonly machine: MachineDescription;
  readonly problems: PathProblem[];
}

function checkName({ machine, problems }: Check, what: string, suits: (kind: EntityKind) => boolean, name: string, path: Path): boolean {
  const names = namesOf(machine, suits);
  if (!names.includes(name)) problems.push({ path, message: `no ${what} "${name}" in the machine; ${suggestion(name, names)}` });
  return names.includes(name);
}

const checkPort = (check: Check, name: string, path: Path): boolean => checkName(check, "port", isPort, name, path);
const checkDevice = (check: Check, name: string, path: Path): boolean => checkName(check, "device", (kind) => kind === "device", name, path);

function checkCard(check: Check, port: string, card: string, path: Path): void {
  const slots = check.machine.hostBridges.flatMap((bridge) => portsBelow(bridge.rootPorts)).find((one) => one.name === port)?.slots.map((slot) => slot.name) ?? [];
  if (!slots.includes(card)) check.problems.push({ path, message: `"${card}" is not declared below ${port} (device, switch or alternates); ${suggestion(card, slots)}` });
}

function checkField(check: Check, of: string, field: string, path: Path): void {
  const found = findField(check.machine, of, field);
  if (typeof found === "string") check.problems.push({ path, message: found });
}

/** Bit numbers of RAS errors by name. */
export const rasErrors = { uncorrectable: errorBits(ras.registers.uncorrectableStatus.fields), correctable: errorBits(ras.registers.correctableStatus.fields) } as const;

function errorBits(fields: Readonly<Record<string, FieldDeclaration>>): Readonly<Record<string, number>> {
  return Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, fieldBits(field)[1]]));
}

function checkRasError(check: Check, error: NonNullable<ActionFile["rasError"]>, path: Path): void {
  checkName(check, "function", (kind) => kind !== "bridge", error.of, [...path, "of"]);
  if ((error.uncorrectable === undefined) === (error.correctable === undefined)) check.problems.push({ path, message: "name one error: uncorrectable or correctable" });
  for (const kind of ["uncorrectable", "correctable"] as const) {
    const name = error[kind];
    if (name !== undefined && !Object.hasOwn(rasErrors[kind], name)) check.problems.push({ path: [...path, kind], message: `no ${kind} error "${name}"; ${suggestion(name, Object.keys(rasErrors[kind]))}` });
  }
}

function checkMessages(check: Check, value: { readonly of?: string | undefined; readonly port?: string | undefined }, path: Path): void {
  const name = value.of ?? value.port;
  if (name === undefined || (value.of !== undefined && value.port !== undefined)) check.problems.push({ path, message: "say whose interrupt: of: the name of a port, switch or device" });
  else checkName(check, "function", (kind) => kind !== "bridge", name, [...path, value.of === undefined ? "port" : "of"]);
}

function checkLines(check: Check, value: { readonly device: string; readonly dpa: bigint; readonly length?: bigint | undefined }, path: Path): void {
  checkDevice(check, value.device, [...path, "device"]);
  if (value.dpa % 64n !== 0n || (value.length ?? 64n) % 64n !== 0n) check.problems.push({ path, message: "poison covers whole lines: dpa and length are multiples of 64" });
}

function checkAction(check: Check, action: ActionFile, path: Path): void {
  if (Object.keys(action).length === 0) check.problems.push({ path, message: "a fault does something; docs/faults.md has the list" });
  for (const kind of ["linkDown", "linkUp", "neverRetrain", "cacheTimeout", "unplug"] as const) if (action[kind] !== undefined) checkPort(check, action[kind], [...path, kind]);
  for (const kind of ["linkFlap", "dropResponse", "delayResponse", "replaceDevice", "plug"] as const) if (action[kind] !== undefined) checkPort(check, action[kind].port, [...path, kind, "port"]);
  for (const kind of ["loseInterrupt", "duplicateInterrupt", "delayInterrupt"] as const) if (action[kind] !== undefined) checkMessages(check, action[kind], [...path, kind]);
  for (const kind of ["poison", "clearPoison"] as const) if (action[kind] !== undefined) checkLines(check, action[kind], [...path, kind]);
  for (const kind of ["stuckRegister", "corruptRegister", "writeRegister", "releaseRegister"] as const) if (action[kind] !== undefined) checkField(check, action[kind].of, action[kind].field, [...path, kind]);
  for (const kind of ["refuseCommit", "neverCommit", "lateCommit"] as const) if (action[kind] !== undefined) checkName(check, "part with decoders", (part) => !isPort(part), action[kind].of, [...path, kind, "of"]);
  if (action.replaceDevice !== undefined) checkCard(check, action.replaceDevice.port, action.replaceDevice.with, [...path, "replaceDevice", "with"]);
  if (action.plug !== undefined) checkCard(check, action.plug.port, action.plug.card, [...path, "plug", "card"]);
  if (action.rasError !== undefined) checkRasError(check, action.rasError, [...path, "rasError"]);
  if (action.mediaState !== undefined) checkDevice(check, action.mediaState.device, [...path, "mediaState", "device"]);
  if (action.resetDevice !== undefined) checkDevice(check, action.resetDevice, [...path, "resetDevice"]);
  checkDeviceFaults(check, action, path);
}

/** What is wrong with an action for a machine; nothing: it can be injected. */
export function problemsOfAction(machine: MachineDescription, action: ActionFile, path: Path): PathProblem[] {
  const check: Check = { machine, problems: [] };
  checkAction(check, action, path);
  return check.problems;
}

function checkDeviceFaults(check: Check, action: ActionFile, path: Path): void {
  const { machine, problems } = check;
  const inside: DeviceCheck = { machine, isDevice: (name, at) => checkDevice(check, name, at), report: (at, message) => problems.push({ path: at, message }) };
  const kind = deviceActionOf(action);
  if (kind !== undefined) checkDeviceAction(inside, action, [...path, kind]);
  for (const [index, one] of (action.qmp ?? []).entries()) {
    const report = (at: Path, message: string): void => void problems.push({ path: [...path, "qmp"], message: [`action ${index + 1}, ${deviceActionOf(one)}`, ...at.slice(1), message].join(": ") });
    checkDeviceAction({ ...inside, report, isDevice: (name) => checkDevice(check, name, [...path, "qmp"]) }, one, ["arguments"]);
  }
}

/** What is wrong with a fault and its trigger for a machine. */
export function problemsOfFault(machine: MachineDescription, fault: FaultFile, path: Path): PathProblem[] {
  const check: Check = { machine, problems: [] };
  check.problems.push(...problemsOfTrigger(machine, fault, [...path, "when"]));
  checkAction(check, fault.do, [...path, "do"]);
  return check.problems;
}

function checkExpectations({ machine, problems }: Check, { steps, expect }: ScenarioFile, ids: readonly string[]): void {
  for (const [index, step] of (steps ?? []).entries()) if ("expect" in step) problems.push(...problemsOfExpectations(machine, step.expect, ids, ["steps", index, "expect"]));
  problems.push(...problemsOfExpectations(machine, expect ?? [], ids, ["expect"]));
}

function planReboot(check: Check, file: ScenarioFile["reboot"], verdict: VerdictSettings): PlannedReboot | null {
  if (file === undefined) return null;
  const { kind, firmwareClearsIsolation, expect } = typeof file === "string" ? { kind: file } : file;
  check.problems.push(...problemsOfExpectations(check.machine, expect ?? [], [], ["reboot", "expect"]));
  return { kind, clearsIsolation: firmwareClearsIsolation ?? verdict.firmwareClearsIsolation, expectations: expect ?? [] };
}

/** Checks what steps inject and expect; returns the faults that they inject. `seen` has the ids that are taken. */
function checkSteps(check: Check, steps: readonly StepFile[], seen: ReadonlySet<string>): PlannedFault[] {
  return steps.flatMap((step, index) => {
    if (!("inject" in step)) return [];
    const path: Path = ["steps", index, "inject"];
    checkAction(check, step.inject, path);
    const id = `step-${index + 1}`;
    if (seen.has(id)) check.problems.push({ path, message: `the fault id "${id}" is this step's; give the fault another one` });
    return [{ id, trigger: injectedBy(index + 1), do: step.inject }];
  });
}

type KernelFile = Pick<NonNullable<ScenarioFile["kernel"]>, "preset" | "policies">;

/** Policies of a preset and the changes to it; without a preset those of `base`. */
function resolvePolicies(kernel: KernelFile | undefined, problems: PathProblem[], base?: PolicyValues): PolicyValues {
  const name = kernel?.preset ?? "linux-7.2";
  const preset = kernel?.preset === undefined && base !== undefined ? base : presetValues(name);
  if (preset === undefined) problems.push({ path: ["kernel", "preset"], message: `no preset "${name}"; ${suggestion(name, presetNames)}` });
  const values: Record<PolicyName, string> = { ...(preset ?? (presetValues("linux-7.2") as PolicyValues)) };
  for (const [key, value] of Object.entries(kernel?.policies ?? {})) {
    const path: Path = ["kernel", "policies", key];
    const isKnown = policyNames.includes(key as PolicyName);
    if (!isKnown) problems.push({ path, message: `no policy "${key}"; ${suggestion(key, policyNames)}` });
    else if (readPolicyValue(key as PolicyName, String(value)).value === undefined) problems.push({ path, message: `policy ${key} has no value "${String(value)}"; ${suggestion(String(value), policyChoices(key as PolicyName))}` });
    else values[key as PolicyName] = String(value);
  }
  return values;
}

/** Other policies than those of a plan. @throws MachineValueError */
export function changePolicies(base: PolicyValues, kernel: KernelFile): PolicyValues {
  const problems: PathProblem[] = [];
  const values = resolvePolicies(kernel, problems, base);
  if (problems.length > 0) throw new MachineValueError(problems);
  return values;
}

type Place = (path: Path) => SourcePlace;

/** A value has no lines. */
const nowhere: Place = () => ({ line: 0, column: 0 });

/** Resolves a scenario of the right shape; `problems` has what is wrong with it. */
function resolveScenario(file: string, scenario: ScenarioFile, place: Place, problems: PathProblem[]): ScenarioPlan {
  const brought = describeDrivers(scenario.driver, place, problems);
  const values = resolvePolicies(scenario.kernel, problems);
  const modules = describeModules(scenario.kernel, problems);
  const described = describeMachine(scenario, values);
  problems.push(...described.problems);
  const firmware = describeFirmware(scenario.firmware, described.machine);
  problems.push(...firmware.problems);
  const seen = new Set<string>();
  const check: Check = { machine: described.machine, problems };
  for (const [index, fault] of (scenario.faults ?? []).entries()) {
    const path: Path = ["faults", index];
    if (seen.has(fault.id)) problems.push({ path: [...path, "id"], message: `the fault id "${fault.id}" is used twice` });
    seen.add(fault.id);
    problems.push(...problemsOfFault(described.machine, fault, path));
  }
  const own = scenario.faults ?? [];
  const limits = { time: scenario.limits?.time ?? 2_000_000_000, steps: scenario.limits?.steps ?? 1_000_000 };
  const faults = [...own.map(({ when, ...fault }) => ({ ...fault, trigger: triggerOf(when) })), ...checkSteps(check, scenario.steps ?? [], seen)];
  problems.push(...problemsOfFollowing(own, faults.map(({ id }) => id)), ...problemsOfMoments(own, limits.time));
  const probes = faults.reduce((sum, fault) => sum + probesOfAction(fault.do), 0);
  if (probes > mostProbes) problems.push({ path: ["faults"], message: `they are ${probes} actions in the hardware, ${mostProbes} are possible; inject less in one file` });
  checkExpectations(check, scenario, faults.map(({ id }) => id));
  const verdict = verdictSettingsOf(values.verdict, scenario.verdict);
  problems.push(...checkWorkloads(scenario.workloads ?? []), ...checkNames(scenario.workloads ?? [], scenario.expect ?? []));
  return {
    file,
    name: scenario.name,
    machine: { ...described.machine, limits: { ...described.machine.limits, probes: Math.max(described.machine.limits.probes, probes) } },
    firmware: firmware.setup,
    policies: values,
    settings: kernelSettings(scenario.host),
    verdict,
    modules,
    steps: scenario.steps ?? [],
    workloads: scenario.workloads ?? [],
    faults,
    expectations: scenario.expect ?? [],
    reboot: planReboot(check, scenario.reboot, verdict),
    drivers: brought,
    limits,
    places: placesOf(scenario, place),
  };
}

/**
 * Loads, checks and resolves one file. A scenario that brings drivers is refused unless the caller allows them: it will run them contained, or not at all.
 * @throws ScenarioFileError with every problem found
 */
export function planScenario(file: string, text: string, drivers: "refused" | "allowed" = "refused", includes: Includes = {}): ScenarioPlan {
  const { scenario, place, problem: problemAt } = loadScenario(file, text, includes);
  const problems: PathProblem[] = [];
  const plan = resolveScenario(file, scenario, place, problems);
  if (problems.length > 0) throw new ScenarioFileError(file, problems.map(({ path, message }) => problemAt(path, message)));
  const refusal = drivers === "allowed" ? undefined : refusalOf(plan.drivers);
  if (refusal !== undefined) throw new ScenarioFileError(file, [{ ...problemAt(firstDriver(scenario.driver), ""), message: `driver: ${refusal}` }]);
  return plan;
}

/** Checks and resolves a scenario that is a value. @throws MachineValueError with every problem found */
export function planValue(name: string, value: unknown): ScenarioPlan {
  const problems: PathProblem[] = [];
  const plan = resolveScenario(name, checkScenario(value), nowhere, problems);
  if (problems.length > 0) throw new MachineValueError(problems);
  return plan;
}
