// A case from power-on to its last step: commands are given in order, at every moment what is seen is held against what was captured.

import { CaptureError, bigOf, numberOf, readDecoders, textOf } from "../capture.ts";
import type { Entry } from "../capture.ts";
import { decoderOffsets } from "../decoder-values.ts";
import type { Topology } from "../topology.ts";
import { componentNamed, machineOf, readTopology } from "../topology.ts";
import type { MachineDescription } from "../../../src/platform/description.ts";
import type { FirmwareDecoder } from "../../../src/platform/firmware-setup.ts";
import type { CommandResult } from "../../../src/userland/output.ts";
import type { LinuxCase, Moment, Step } from "./case.ts";
import { addressesOf } from "./addresses.ts";
import type { Facts } from "./facts.ts";
import { attributeFacts, iomemFacts, listingFacts, outputFacts, parseJson } from "./facts.ts";
import type { Host } from "./host.ts";
import { attributesText, bootHost, decoderRegister } from "./host.ts";
import type { Names } from "./names.ts";
import { lasting, namesIn, present } from "./names.ts";
import { programmedDecoders } from "./programmed.ts";
import { linuxRules } from "./rules.ts";

export interface LinuxDifference {
  readonly moment: string;
  readonly place: string;
  readonly theirs: string | undefined;
  readonly ours: string | undefined;
}

/** What one moment, or one command, came to. */
export interface MomentResult {
  readonly name: string;
  entries: number;
  equal: number;
  explained: number;
  readonly different: LinuxDifference[];
}

export interface CaseResult {
  readonly name: string;
  readonly moments: readonly MomentResult[];
  /** Rules that were used, with how often. */
  readonly used: ReadonlyMap<string, number>;
  /** What could not be done here, such as loading a module. */
  readonly notes: readonly string[];
}

interface Run {
  readonly linux: LinuxCase;
  readonly topology: Topology;
  readonly moments: MomentResult[];
  readonly used: Map<string, number>;
  readonly notes: Set<string>;
  host: Host;
  theirNames: Names;
  ourNames: Names;
}

const canonical = (names: Names, facts: Facts): Facts => new Map([...facts].map(([place, value]) => [lasting(names, place), lasting(names, value)]));

/** Holds two sets of facts against each other. */
export function compareFacts(result: MomentResult, used: Map<string, number>, theirs: Facts, ours: Facts): void {
  for (const place of new Set([...theirs.keys(), ...ours.keys()])) {
    const [their, our] = [theirs.get(place), ours.get(place)];
    result.entries++;
    if (their === our) {
      result.equal++;
      continue;
    }
    const rule = linuxRules.find((one) => one.place.test(place) && one.holds(their, our));
    if (rule === undefined) result.different.push({ moment: result.name, place, theirs: their, ours: our });
    else {
      result.explained++;
      used.set(rule.id, (used.get(rule.id) ?? 0) + 1);
    }
  }
}

export const newResult = (name: string): MomentResult => ({ name, entries: 0, equal: 0, explained: 0, different: [] });

const allObjects = "cxl list -BDMPERTXi";
/** How each listing of a moment was made. */
const listings: readonly (readonly [kind: "cxl-vvv.json" | "cxl-all.json" | "cxl.json" | "daxctl.json", command: string])[] = [
  ["cxl-vvv.json", "cxl list -vvv"], ["cxl-all.json", allObjects], ["cxl.json", "cxl list -BDMPERT"], ["daxctl.json", "daxctl list -DRMi"],
];

const namesOfMoment = (moment: Moment, before: Names): Names =>
  (["cxl-all.json", "cxl-vvv.json", "cxl.json"] as const).reduce((names, kind) => {
    const text = moment.files.get(kind);
    return text === undefined || text.trim() === "" ? names : namesIn(parseJson(`${moment.name}.${kind}`, text), names);
  }, before);

const withoutMessages = ({ stdout }: CommandResult): string => stdout;
const renew = (run: Run): void => void (run.ourNames = namesIn(parseJson(allObjects, run.host.command(allObjects).stdout), run.ourNames));

const hex = (value: bigint | number, digits: number): string => `0x${value.toString(16).padStart(digits, "0")}`;

function decoderFacts(run: Run, entries: readonly Entry[]): { readonly theirs: Facts; readonly ours: Facts } {
  const [theirs, ours] = [new Map<string, string>(), new Map<string, string>()];
  for (const { value } of entries) {
    const component = textOf(value["fn"]);
    const index = value["decoder"] === undefined ? undefined : numberOf(value["decoder"]);
    const read = (offset: number): number | undefined => decoderRegister(run.host, componentNamed(run.topology, component), index, offset);
    const add = (what: string, their: bigint, low: number | undefined, high: number | undefined): void => {
      const place = `registers ${component}${index === undefined ? "" : ` decoder ${index}`} ${what}`;
      theirs.set(place, hex(their, 8));
      if (low !== undefined) ours.set(place, hex(BigInt(low) | (BigInt(high ?? 0) << 32n), 8));
    };
    if (index === undefined) add("global control", bigOf(value["global"]), read(0), 0);
    else {
      for (const key of ["base", "size", "targets"] as const) add(key, bigOf(value[key]), read(decoderOffsets[key]), read(decoderOffsets[key] + 4));
      add("control", bigOf(value["control"]), read(decoderOffsets.control), 0);
    }
  }
  return { theirs, ours };
}

function compareMoment(run: Run, moment: Moment): void {
  const result = newResult(moment.name);
  run.moments.push(result);
  run.theirNames = namesOfMoment(moment, run.theirNames);
  renew(run);
  const compare = (theirs: Facts, ours: Facts): void => compareFacts(result, run.used, canonical(run.theirNames, theirs), canonical(run.ourNames, ours));
  for (const [kind, command] of listings) {
    const text = moment.files.get(kind);
    if (text !== undefined) compare(listingFacts(`${moment.name}.${kind}`, kind, text), listingFacts(command, kind, withoutMessages(run.host.command(command))));
  }
  const [iomem, attributes, decoders] = (["iomem", "attrs.txt", "hdm-regs.txt"] as const).map((kind) => moment.files.get(kind));
  if (iomem !== undefined) compare(iomemFacts(iomem), iomemFacts(run.host.files.read("/proc/iomem")));
  if (attributes !== undefined) compare(attributeFacts(attributes), attributeFacts(attributesText(run.host)));
  if (decoders !== undefined) {
    const { theirs, ours } = decoderFacts(run, readDecoders(`${moment.name}.hdm-regs.txt`, decoders, run.linux.commandLine).entries);
    compareFacts(result, run.used, theirs, ours);
  }
}

function runStep(run: Run, { line, output, exitCode }: Extract<Step, { readonly kind: "command" }>): void {
  const shared = lasting(run.theirNames, line);
  const result = newResult(`$ ${shared}`);
  if (line.startsWith("modprobe ")) {
    run.notes.add(`"${line}" was not given: drivers here are built in`);
    return;
  }
  run.moments.push(result);
  renew(run);
  const answer = run.host.command(present(run.ourNames, shared).replace(/^sh -c /, ""));
  renew(run);
  const ours = new Map([...outputFacts("output", answer.stderr + answer.stdout), ["exit code", String(answer.exitCode)]]);
  const theirs = new Map([...outputFacts("output", output), ["exit code", String(exitCode)]]);
  compareFacts(result, run.used, canonical(run.theirNames, theirs), canonical(run.ourNames, ours));
}

/** @throws CaptureError the moment has no registers */
function programmed(run: Run, moment: Moment | undefined): FirmwareDecoder[] {
  const text = moment?.files.get("hdm-regs.txt");
  if (moment === undefined || text === undefined) throw new CaptureError(run.linux.name, "kexec", "a second kernel needs the decoders that it finds; give the first moment after it with hdm-regs.txt");
  return programmedDecoders(run.topology, readDecoders(`${moment.name}.hdm-regs.txt`, text, run.linux.commandLine).entries);
}

/** The machine without a card. */
const without = (machine: MachineDescription, card: string): MachineDescription => ({
  ...machine, hostBridges: machine.hostBridges.map((bridge) => ({ ...bridge, rootPorts: bridge.rootPorts.map((port) => (port.slots[0]?.name === card ? { ...port, slots: [], present: false } : port)) })),
});

const namesAhead = (linux: LinuxCase, steps: readonly Step[]): Names => {
  for (const step of steps) {
    const moment = step.kind === "moment" ? linux.moments.get(step.name) : undefined;
    const names = moment === undefined ? undefined : namesOfMoment(moment, new Map());
    if (names !== undefined && names.size > 0) return names;
  }
  return new Map();
};

/** A new kernel on hardware as the step before it left it; cards that go before its drivers come are gone from the start. */
function startSecond(run: Run, module: WebAssembly.Module, machine: MachineDescription, commandLine: string, rest: readonly Step[]): void {
  const moment = rest.find((step) => step.kind === "moment");
  const gone = rest.slice(0, moment === undefined ? 0 : rest.indexOf(moment)).flatMap((step) => (step.kind === "removed" ? [step.card] : []));
  const left = gone.reduce(without, machine);
  run.host = bootHost(module, { machine: left, commandLine, decoders: programmed(run, moment === undefined ? undefined : run.linux.moments.get(moment.name)) });
  run.theirNames = namesAhead(run.linux, rest);
  run.ourNames = new Map();
  renew(run);
  run.notes.add("the second kernel found decoders programmed from the registers of its first moment");
}

/** @throws CaptureError the case cannot be read */
export function runCase(module: WebAssembly.Module, linux: LinuxCase): CaseResult {
  const topology = readTopology(linux.name, linux.commandLine);
  const machine = machineOf(topology, addressesOf(linux, topology));
  const run: Run = { linux, topology, moments: [], used: new Map(), notes: new Set(), host: bootHost(module, { machine, commandLine: linux.kernelCommandLine, decoders: [] }), theirNames: namesAhead(linux, linux.steps), ourNames: new Map() };
  let isBeforeDrivers = false;
  for (const [index, step] of linux.steps.entries()) {
    if (step.kind === "kexec") {
      startSecond(run, module, machine, step.commandLine, linux.steps.slice(index + 1));
      isBeforeDrivers = true;
    } else if (step.kind === "command") runStep(run, step);
    else if (step.kind === "moment") {
      const moment = linux.moments.get(step.name);
      // The registers before drivers are what ours was programmed with.
      if (moment !== undefined && !isBeforeDrivers) compareMoment(run, moment);
      isBeforeDrivers = false;
    }
  }
  return { name: linux.name, moments: run.moments, used: run.used, notes: [...run.notes] };
}
