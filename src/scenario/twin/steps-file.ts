// The kernel of a twin, and the steps that bring it from boot to what was captured.

import type { CapturedDax } from "./cxl-capture.ts";
import type { DecodePlan } from "./decode.ts";
import type { TwinRegion } from "./members.ts";
import type { FileNode, Mapping } from "./nodes.ts";
import { isDeviceDaxFirst } from "./members.ts";
import { entry, inLine, mapping } from "./nodes.ts";
import type { Sources } from "./sources.ts";
import type { Topology } from "./topology.ts";
import { portsOfTopology } from "./topology.ts";

const daxOf = (regions: readonly TwinRegion[]): CapturedDax[] => regions.flatMap(({ captured }) => captured.dax);

const onlineOf = ({ onlineBlocks, isMovable }: CapturedDax): string => ((onlineBlocks ?? 0) === 0 ? "offline" : isMovable === true ? "online_movable" : "online");

const isSystemRam = (device: CapturedDax | undefined): boolean => device?.mode === "system-ram";

/** What most memory devices have. */
function mostCommon(values: readonly string[]): string | undefined {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].toSorted((a, b) => b[1] - a[1])[0]?.[0];
}

/** No driver has taken the dax region of any region. */
const lacksDaxDriver = (regions: readonly TwinRegion[]): boolean => {
  const assembled = regions.filter(({ captured }) => captured.type === "ram" && captured.isCommitted && !captured.isDisabled);
  return assembled.length > 0 && assembled.every(({ captured }) => captured.hasDaxRegion && captured.dax.length === 0);
};

export function kernelNode(sources: Sources, regions: readonly TwinRegion[]): Mapping {
  const system = daxOf(regions).filter(({ mode, isDisabled }) => mode === "system-ram" && !isDisabled);
  const isTakenDown = regions.some(({ captured, isGone }) => isGone || captured.isDisabled);
  const online = mostCommon(system.map(onlineOf)) ?? (isTakenDown ? "offline" : undefined);
  const uses = isDeviceDaxFirst(regions);
  if (online === undefined && !uses) sources.findings.add("assumed", "kernel", "memory that comes goes online by itself (policy online): no captured region says");
  for (const device of system.filter((one) => onlineOf(one) !== online)) sources.findings.add("difference", device.name, `its blocks are ${onlineOf(device)}, those of most regions ${online}; the file says the latter`);
  const policies = inLine(entry("online", online), entry("use", uses ? "device-dax-only" : undefined));
  const builtIn = ["cxl_port", "cxl_acpi", "cxl_mem", "cxl_pci", "dax_hmem"];
  return mapping(
    entry("preset", "linux-7.2", "assumed: a listing does not say which kernel it was"), entry("policies", policies.entries.length === 0 ? undefined : policies),
    entry("builtIn", lacksDaxDriver(regions) ? builtIn : undefined, "dax_cxl was not there: no driver has the memory of regions"),
  );
}

const run = (command: string): FileNode => mapping(entry("run", command));

/** The first memdev of a region's window decides which root decoder is meant: windows are in the order of root decoders. */
function createStep(region: TwinRegion): FileNode {
  const { captured, places, window } = region;
  const targets = places.map(({ name }) => `\${mem:${name}}`).join(" ");
  const size = captured.size === 0n ? "" : ` -s ${captured.size}`;
  return run(`cxl create-region -d decoder0.${window} -w ${captured.ways} -g ${captured.granularity}${size} -t ${captured.type} -m ${targets}`);
}

const numberOf = (device: CapturedDax): number => Number(/(\d+)$/.exec(device.name)?.[1] ?? "0");

/** Memory that is device-dax becomes the system's, with its blocks as captured. */
function systemRamStep(device: CapturedDax, name: string): FileNode {
  const online = onlineOf(device);
  return run(`daxctl reconfigure-device -m system-ram${online === "offline" ? " --no-online" : online === "online" ? " --no-movable" : ""} ${name}`);
}

/** The memory of a region in several dax devices: the one that comes with it is given back, the others are created in order. */
function divideSteps(captured: TwinRegion["captured"], name: string): FileNode[] {
  const first = `\${dax:${name}[0]}`;
  const parts = captured.dax.filter(({ size }) => size > 0n).toSorted((a, b) => numberOf(a) - numberOf(b));
  const made = parts.map(({ size }) => run(`daxctl create-device -r ${name} -s ${size}`));
  const modes = parts.flatMap((device, index) => (isSystemRam(device) ? [systemRamStep(device, `\${dax:${name}[${index + 1}]}`)] : []));
  return [run(`daxctl disable-device ${first}`), run(`daxctl destroy-device ${first}`), ...made, ...modes];
}

/** What is done to a region once it is there. `name`: as the twin's kernel calls it. */
function afterSteps(sources: Sources, region: TwinRegion, name: string, uses: boolean): FileNode[] {
  const { captured, isGone } = region;
  if (isGone) return [run(`cxl destroy-region -f ${name}`)];
  const [first, ...others] = captured.dax;
  const steps: FileNode[] = [];
  if (others.length > 0) steps.push(...divideSteps(captured, name));
  else if (first !== undefined && isSystemRam(first) && !first.isDisabled && uses) steps.push(systemRamStep(first, `\${dax:${name}[0]}`));
  else if (first?.mode === "devdax" && !uses) steps.push(run(`daxctl reconfigure-device -m devdax -f \${dax:${name}}`));
  else if (isSystemRam(first) && first?.isDisabled === true) sources.findings.add("difference", captured.name, `its dax device ${first.name} has no driver; in the twin it has one`);
  if (captured.isDisabled && region.isWhole) steps.push(run(`cxl disable-region -f ${name}`));
  return steps;
}

/** Regions that need mending, with their names in the twin: firmware's come first, then those that steps create. */
function namedRegions(plan: DecodePlan): readonly { readonly region: TwinRegion; readonly name: string }[] {
  return [...plan.regions.map((region, index) => ({ region, name: `region${index}` })), ...plan.created.map((region, index) => ({ region, name: `region${plan.regions.length + index}` }))];
}

/** Cards that no driver has. */
function disableSteps(topology: Topology): FileNode[] {
  return portsOfTopology(topology).flatMap(({ name, card }) => (card?.kind === "device" && card.memdev?.isDisabled === true && !card.isAbsent ? [run(`cxl disable-memdev -f \${mem:${name}}`)] : []));
}

const mostPoison = 64;
/** Name of the card that a port has, which the file does not give. */
const cardName = (port: string): string => (port.startsWith("rp") ? port.replace(/^rp/, "dev") : `${port}-dev`);

/** Poison that the devices' own lists have. */
function poisonSteps(sources: Sources, topology: Topology): FileNode[] {
  const all = portsOfTopology(topology).flatMap(({ name, card }) => (card?.kind === "device" ? (card.memdev?.errors ?? []).map((error) => ({ name: cardName(name), ...error })) : []));
  if (all.length > mostPoison) sources.findings.add("difference", "media errors", `${all.length} records; the first ${mostPoison} are put in`);
  return all.slice(0, mostPoison).map(({ name, offset, length }) => mapping(entry("inject", mapping(entry("poison", inLine(entry("device", name), entry("dpa", `${offset}`), entry("length", length === 64n ? undefined : `${length}`)))))));
}

export function stepNodes(sources: Sources, topology: Topology, plan: DecodePlan, regions: readonly TwinRegion[]): FileNode[] {
  const uses = isDeviceDaxFirst(regions);
  const created = plan.created.map(createStep);
  const mended = namedRegions(plan).flatMap(({ region, name }) => afterSteps(sources, region, name, uses));
  const disabled = disableSteps(topology);
  const poisoned = poisonSteps(sources, topology);
  const all = [...created, ...mended, ...disabled, ...poisoned];
  return all.length === 0 ? [] : [...all, mapping(entry("settle", true))];
}
