// From captures of a running host to a scenario file of a machine like it, and to what is to be said beside the file.

import { schemaFile } from "../json-schema.ts";
import { loadScenario, ScenarioFileError } from "../load.ts";
import { modeline } from "../modeline.ts";
import { planScenario } from "../plan.ts";
import { remainsOf } from "./remains.ts";
import type { DecodePlan, RegionsWish } from "./decode.ts";
import { decodePlan } from "./decode.ts";
import { expectations } from "./expectations.ts";
import type { Finding } from "./findings.ts";
import { CaptureFileError, Findings, findingLines } from "./findings.ts";
import { parseIsolationWish } from "./isolation-wish.ts";
import { machineNode } from "./machine-file.ts";
import type { TwinRegion } from "./members.ts";
import { regionsOf } from "./members.ts";
import type { Entry, FileNode, Mapping } from "./nodes.ts";
import { entry, fileText, mapping, sizeText } from "./nodes.ts";
import type { CaptureFiles, Sources } from "./sources.ts";
import { readSources } from "./sources.ts";
import { kernelNode, stepNodes } from "./steps-file.ts";
import { portsOfTopology, topologyOf } from "./topology.ts";
import type { TwinWindow } from "./windows-file.ts";
import { windowsOf } from "./windows-file.ts";

export interface ImportOptions {
  /** Name of the scenario; absent: says where it comes from. */
  readonly name?: string;
  /** Root ports that isolate: "" all, "none", or names with commas; absent: none, as an assumption. */
  readonly isolation?: string;
  /** Who makes the regions again; absent: as the captures suggest. */
  readonly regions?: "firmware" | "steps";
}

export interface ImportedTwin {
  /** Text of the scenario file. */
  readonly text: string;
  readonly findings: readonly Finding[];
}

/** A root port that `--isolation` names is not there. */
export class UnknownPortError extends Error {}

function regionNode(region: TwinRegion): Mapping {
  const { captured, places, window } = region;
  return mapping(
    entry("targets", places.map(({ name }) => name)), entry("window", window === 0 ? undefined : window), entry("base", { hex: captured.base }), entry("size", sizeText(captured.size)), entry("granularity", captured.granularity), entry("locked", captured.isLocked ? true : undefined),
  );
}

function decoderNode(decoder: DecodePlan["decoders"][number]): Mapping {
  return mapping(
    entry("of", decoder.of), entry("index", decoder.index === 0 ? undefined : decoder.index), entry("base", { hex: decoder.base }), entry("size", sizeText(decoder.size)), entry("ways", decoder.ways), entry("granularity", decoder.granularity),
    entry("targets", decoder.targets.length === 0 ? undefined : decoder.targets, decoder.note), entry("skip", decoder.skip === 0n ? undefined : sizeText(decoder.skip)), entry("locked", decoder.isLocked ? true : undefined),
  );
}

const listOf = (nodes: readonly FileNode[]): FileNode | undefined => (nodes.length === 0 ? undefined : nodes);

function firmwareNode(windows: readonly TwinWindow[], plan: DecodePlan): Mapping {
  const reserved = plan.softReserved.map(({ base, size, note }) => mapping(entry("base", { hex: base }, note), entry("size", sizeText(size))));
  return mapping(
    entry("windows", listOf(windows.map(({ node }) => node))), entry("regions", listOf(plan.regions.map(regionNode))), entry("decoders", listOf(plan.decoders.map(decoderNode))), entry("softReserved", listOf(reserved)),
  );
}

/** Comments at the head of the file, a line each whatever names and captures hold. */
const headOf = (files: CaptureFiles, findings: readonly Finding[]): string[] => [
  `Imported from ${[files.cxlList, files.cedt, files.iomem, files.lspci].flatMap((one) => (one === undefined ? [] : [one.file.split(/[\\/]/).at(-1) ?? one.file])).join(", ")} by cxl-sandbox import (docs/import.md).`,
  ...(findings.length === 0 ? [] : ["", ...findingLines(findings)]),
].map((line) => line.replaceAll(/[\p{Cc}\u2028\u2029]/gu, "?"));

const defaultName = (memdevs: number, bridges: number): string => `the twin of a host with ${memdevs} memory device${memdevs === 1 ? "" : "s"} below ${bridges} host bridge${bridges === 1 ? "" : "s"}`;

/** What no capture says, or none of those given. */
function sayWhatNoneHas({ lspci, findings }: Sources): void {
  findings.add("assumed", "cards and switches", "latencies, bandwidth, payload of the mailbox, depth of event logs as the sandbox has them: no capture has them");
  if (lspci === undefined) findings.add("assumed", "ports", "links of 32GT/s with 8 lanes, DPC and hot-plug everywhere, and no ports or cards but those listed: --lspci was not given");
  else if (lspci.isShort) findings.add("assumed", "ports", "DPC, serial numbers of switches, what is CXL: lspci -xxxx was not taken as root, and has the first bytes of config space only");
}

/** Holds the text against the loader: hostile captures describe machines that cannot be. @throws CaptureFileError */
function check(file: string, text: string): void {
  try {
    loadScenario(file, text);
    planScenario(file, text);
  } catch (error) {
    if (!(error instanceof ScenarioFileError)) throw error;
    throw new CaptureFileError(file, "", `describes a machine that the sandbox cannot build: ${error.problems.slice(0, 3).map(({ message }) => message).join("; ")}`);
  }
}

/**
 * Makes the file. Pure: reads and writes nothing.
 * @throws CaptureFileError a capture cannot be read, or is none @throws UnknownPortError
 */
export function importTwin(files: CaptureFiles, options: ImportOptions = {}): ImportedTwin {
  const findings = new Findings();
  const sources = readSources(files, findings);
  if (sources.cxl.isRounded) findings.add("assumed", "sizes", "as rounded by cxl list -u to two decimals; a listing without -u has them whole");
  if (!sources.cxl.isAsked) findings.add("assumed", "devices", "health, alerts, firmware slots as the sandbox has them: the listing does not have what devices answer (cxl list -vvv)");
  sayWhatNoneHas(sources);
  const topology = topologyOf(sources);
  const isolation = parseIsolationWish(options.isolation);
  const rootPorts = topology.bridges.flatMap((bridge) => bridge.rootPorts.map(({ name }) => name));
  const unknown = isolation.kind === "some" ? isolation.ports.filter((port) => !rootPorts.includes(port)) : [];
  if (unknown.length > 0) throw new UnknownPortError(`--isolation: there is no root port ${unknown.join(", ")}; the twin has ${rootPorts.join(", ")}`);
  const windows = windowsOf(sources, topology);
  const regions = [...regionsOf(topology, windows.map(({ captured }) => captured)), ...remainsOf(sources, topology)];
  const wish: RegionsWish = options.regions;
  const plan = decodePlan(sources, topology, regions, wish);
  const lowest = windows.reduce<bigint | undefined>((least, { base }) => (least === undefined || base < least ? base : least), undefined);
  const machine = machineNode({ sources, topology, isolation, lowest });
  const steps = stepNodes(sources, topology, plan, regions);
  const memdevs = portsOfTopology(topology).filter(({ card }) => card?.kind === "device" && !card.isAbsent).length;
  const parts: readonly (readonly Entry[])[] = [
    entry("version", 1), entry("name", options.name ?? defaultName(memdevs, topology.bridges.length)), entry("machine", machine), entry("firmware", firmwareNode(windows, plan)), entry("kernel", kernelNode(sources, regions)),
    entry("steps", listOf(steps)), entry("expect", expectations(sources, topology, windows)),
  ];
  const text = modeline(`./node_modules/cxl-sandbox/${schemaFile}`) + fileText(mapping(...parts), headOf(files, findings.all));
  check(files.cxlList.file, text);
  return { text, findings: findings.all };
}
