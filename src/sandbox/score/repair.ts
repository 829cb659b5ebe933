// How an administrator gets the memory back: procedures of shell lines, the shortest first, each tried on a fresh run, then a reboot (seeds S13, S17, S24,
// S43). What a procedure types is computed from the state that it finds, never written down.

import { busDevices, findDevice } from "../../kernel/base/device.ts";
import type { Device } from "../../kernel/base/device.ts";
import { SystemError } from "../../kernel/base/errno.ts";
import { platformBus } from "../../kernel/base/platform-bus.ts";
import { cxlBus, decoderOf, isDecoder, isMemdev, isRegion, regionOf, regionStates } from "../../kernel/cxl/types.ts";
import type { MachineDescription } from "../../platform/description.ts";
import { isSwitch, portsBelow } from "../../platform/description.ts";
import type { Repair, RepairName } from "../../scenario/comparison.ts";
import type { ScenarioPlan } from "../../scenario/plan.ts";
import { runCommand } from "../../userland/run.ts";
import type { OpenRun } from "../contract.ts";
import { DriveError, runTask, settle } from "../drive.ts";
import { UnresolvedReferenceError, resolveReferences } from "../references.ts";
import type { System } from "../system.ts";
import type { Bench, Sliced } from "./drive.ts";
import { isHostAlive, runToEnd } from "./drive.ts";
import type { RegionFacts } from "./memory.ts";
import { daxFacts, decodingBytes, regionFacts } from "./memory.ts";
import { rootPorts, withoutFaults } from "./twin.ts";

/** Virtual ns that a line may take. */
const patience = 20_000_000_000;
const devices = "/sys/bus/cxl/devices";

/** Port of a card, by the card's name. */
const portOfCard = (machine: MachineDescription, card: string): string | undefined => portsBelow(rootPorts(machine)).find(({ slots }) => slots.some((slot) => !isSwitch(slot) && slot.name === card))?.name;

/** Ports of a region's members below which a card answers now. */
function portsThere({ hardware }: System, members: RegionFacts["members"]): string[] {
  return members.flatMap((card) => {
    const port = card === null ? undefined : portOfCard(hardware.description, card);
    if (port === undefined) return [];
    const { link, device, isIsolated } = hardware.port(port);
    return link === "up" && device !== null && !isIsolated ? [port] : [];
  });
}

/** Dax devices in use, no member of whose region is missing or silent. */
export function servedBytes(system: System): bigint {
  const isWhole = new Map(regionFacts(system).map(({ name, ways, members }) => [name, portsThere(system, members).length === ways]));
  return daxFacts(system.kernel).filter(({ isInUse, region }) => isInUse && (region === null || isWhole.get(region) === true)).reduce((sum, { size }) => sum + size, 0n);
}

/** Bytes that the cards which are there can hold of what there is when nothing is wrong. */
export function attainableBytes(system: System, whole: readonly RegionFacts[]): bigint {
  return whole.filter(({ mode }) => mode === "ram").reduce((sum, { size, ways, members }) => sum + (size / BigInt(ways)) * BigInt(portsThere(system, members).length), 0n);
}

const megabytes = (bytes: bigint): string => `${bytes >> 20n}M`;

/** Regions that are to be made again: of all members, or one for each card that is there. */
function createLines(system: System, whole: readonly RegionFacts[]): string[] {
  const { windows } = system.hardware.description;
  const now = regionFacts(system).filter(({ isCommitted, dax }) => isCommitted && dax.some(({ isInUse }) => isInUse));
  const isServing = (region: RegionFacts): boolean => now.some(({ members }) => members.every((card) => region.members.includes(card)));
  return whole.filter((region) => region.mode === "ram" && !isServing(region)).flatMap((region) => {
    const window = windows.findIndex(({ base, size }) => region.start >= base && region.start < base + size);
    const root = rootDecoderOver(system, windows[window]?.base) ?? `decoder0.${window}`;
    const ports = portsThere(system, region.members);
    const line = (of: readonly string[], size: bigint): string => `cxl create-region -d ${root} -m -t ram -w ${of.length} -g ${region.granularity} -s ${megabytes(size)} ${of.map((port) => `\${mem:${port}}`).join(" ")}`;
    return ports.length === region.members.length ? [line(ports, region.size)] : ports.map((port) => line([port], region.size / BigInt(region.ways)));
  });
}

const rootDecoderOver = ({ kernel }: System, base: bigint | undefined): string | undefined => busDevices(kernel, cxlBus).find((device) => isDecoder(device) && decoderOf(device).kind === "root" && decoderOf(device).start === base)?.name;

/** Regions in the way: they came to no memory. */
const failedRegions = ({ kernel }: System): Device[] => busDevices(kernel, cxlBus).filter(isRegion).filter((device) => !daxFacts(kernel).some(({ region, isInUse }) => region === device.name && isInUse));

const destroyLines = (system: System): string[] => failedRegions(system).map(({ name }) => `cxl destroy-region -f ${name}`);

/** The reverse of every step of discovery (S17). */
const unwindLines = (system: System): string[] => failedRegions(system).flatMap((device) => {
  const { targets, rootDecoder } = regionOf(device);
  const slots = targets.flatMap((target, slot) => (target === null ? [] : [`echo "" > ${devices}/${device.name}/target${slot}`, `echo 0 > ${devices}/${target.name}/dpa_size`]));
  return [`echo 0 > ${devices}/${device.name}/commit`, ...slots, `echo ${device.name} > ${devices}/${rootDecoder.name}/delete_region`];
});

/** Takes memory over windows from hmem (S43). */
const reclaimLines = ({ kernel, hardware }: System): string[] => daxFacts(kernel).filter(({ region, ranges }) => region === null && ranges.some(({ start }) => hardware.description.windows.some(({ base, size }) => start >= base && start < base + size))).flatMap(({ name, driver }) => {
  const parent = hmemOf(kernel, name);
  return [...(driver === "kmem" ? [`daxctl reconfigure-device -f -m devdax ${name}`] : []), ...(parent === undefined ? [] : [`echo ${parent} > /sys/bus/platform/drivers/hmem/unbind`])];
});

function hmemOf(kernel: System["kernel"], dax: string): string | undefined {
  const parent = findDevice(kernel, "dax", dax)?.parent ?? null;
  return parent?.bus === platformBus ? parent.name : undefined;
}

const enableLines = ({ kernel }: System): string[] => [
  ...busDevices(kernel, cxlBus).filter((device) => isMemdev(device) && device.driver === null).map(({ name }) => `cxl enable-memdev ${name}`),
  ...busDevices(kernel, cxlBus).filter((device) => isRegion(device) && device.driver === null && regionOf(device).state >= regionStates.commit).map(({ name }) => `cxl enable-region ${name}`),
];

export interface Procedure {
  readonly by: RepairName;
  readonly lines: readonly string[];
}

/** Every procedure that has something to type here, the shortest first; of two that type the same the first. */
function proceduresFor(system: System, whole: readonly RegionFacts[]): Procedure[] {
  const [create, destroy, unwind, reclaim] = [createLines(system, whole), destroyLines(system), unwindLines(system), reclaimLines(system)];
  const all: Procedure[] = [
    { by: "rescan", lines: ["echo 1 > /sys/bus/pci/rescan"] }, { by: "enable", lines: enableLines(system) }, { by: "create", lines: create },
    { by: "destroy", lines: [...destroy, ...create] }, { by: "unwind", lines: [...unwind, ...create] },
    { by: "reclaim", lines: [...reclaim, ...create] }, { by: "reclaim-destroy", lines: [...reclaim, ...destroy, ...create] }, { by: "reclaim-unwind", lines: [...reclaim, ...unwind, ...create] },
  ];
  const typed = (procedure: Procedure): string => procedure.lines.join("\n");
  return all.filter((one, index) => one.lines.length > 0 && all.findIndex((other) => typed(other) === typed(one)) === index).toSorted((a, b) => a.lines.length - b.lines.length);
}

/** Types the lines; null where one of them fails or does not come back, else the lines as they were typed. */
function type(run: OpenRun, lines: readonly string[]): string[] | null {
  const { system, files } = run;
  try {
    return lines.map((line) => {
      const typed = resolveReferences(system.hardware.description, files, line);
      const { exitCode } = runTask(system, typed, runCommand(system.kernel, files, typed), patience);
      if (exitCode !== 0) throw new SystemError("EIO", typed);
      settle(system);
      return typed;
    });
  } catch (thrown) {
    if (thrown instanceof DriveError || thrown instanceof SystemError || thrown instanceof UnresolvedReferenceError) return null;
    throw thrown;
  }
}

const isBack = (run: OpenRun, whole: readonly RegionFacts[]): boolean => isHostAlive(run) && decodingBytes(run.system) >= attainableBytes(run.system, whole);

/**
 * @param ended the run that is to be repaired, looked at only
 * @param whole the regions when nothing is wrong
 */
export function* findRepair(bench: Bench, plan: ScenarioPlan, ended: OpenRun, whole: readonly RegionFacts[]): Sliced<Repair> {
  if (isBack(ended, whole)) return { by: "nothing", lines: [], tried: 0 };
  const procedures = isHostAlive(ended) ? proceduresFor(ended.system, whole) : [];
  for (const [index, { by, lines }] of procedures.entries()) {
    const run = yield* runToEnd(bench, plan);
    const typed = type(run, lines);
    if (typed !== null && isBack(run, whole)) return { by, lines: typed, tried: index + 1 };
  }
  // What failed while it ran is over after a reboot; what is wrong with the machine is not.
  const again = yield* runToEnd(bench, withoutFaults(plan));
  return { by: isBack(again, whole) ? "reboot" : "none", lines: [], tried: procedures.length };
}
