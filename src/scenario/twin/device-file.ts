// A card as the file declares it.

import type { CapturedEndpoint, CapturedMemdev } from "./cxl-capture.ts";
import type { LinkFacts } from "./lspci-capture.ts";
import { alertsOf, healthOf } from "./answers.ts";
import type { Entry, FileNode, Mapping } from "./nodes.ts";
import { entry, inLine, mapping, sizeText } from "./nodes.ts";
import type { Sources } from "./sources.ts";
import type { TwinDevice } from "./topology.ts";

const granule = 256n << 20n;
const deviceDecoders = [1, 2, 4, 6, 8, 10];
const speedNames: Readonly<Record<number, string>> = { 3: "8GT/s", 4: "16GT/s", 5: "32GT/s" };
const widths = [1, 2, 4, 8, 16];

/** A number that YAML and JSON hold, or its text. */
export const serialText = (serial: bigint): FileNode => (serial <= 0xffff_ffffn ? Number(serial) : `0x${serial.toString(16)}`);

/** One end of a link, as near to the capture as the sandbox has it. */
export function linkNode(sources: Sources, place: string, link: LinkFacts | undefined): Entry[] {
  if (link === undefined) return [];
  const speed = Math.min(5, Math.max(3, link.speed));
  const width = widths.filter((lanes) => lanes <= link.width).at(-1) ?? 1;
  if (speed !== link.speed || width !== link.width) sources.findings.add("difference", place, `a link of speed code ${link.speed} with ${link.width} lanes; the sandbox has 8, 16 and 32GT/s with 1 to 16 lanes, here ${speedNames[speed]} and ${width}`);
  return entry("link", inLine(entry("speed", speedNames[speed]), entry("width", width)));
}

/** The next number of decoders that a capability can say. */
export function encodable(sources: Sources, place: string, count: number, allowed: readonly number[]): number {
  const found = allowed.find((one) => one >= count) ?? allowed.at(-1) ?? 1;
  if (found !== count) sources.findings.add("difference", place, `${count} decoders cannot be said in its capability register; it has ${found}`);
  return found;
}

/** Decoders that a listing shows; without idle ones (-i) there may be more. */
export function decoderCount(sources: Sources, place: string, listed: number, isIdleShown: boolean): { readonly count: number; readonly note?: string } {
  if (isIdleShown && listed > 0) return { count: listed };
  sources.findings.add("assumed", place, "four decoders, or as many as are in use: the listing has no idle ones (cxl list -vvv shows them)");
  return { count: Math.max(4, listed), note: "assumed" };
}

/** Capacity by kind, in what the sandbox can decode. */
function capacityOf(sources: Sources, place: string, device: TwinDevice): { readonly volatile: bigint; readonly persistent: bigint; readonly note?: string } {
  const { memdev, endpoint, facts, like } = device;
  const whole = (bytes: bigint): bigint => bytes - (bytes % granule);
  if (memdev !== undefined && memdev.volatile + memdev.persistent > 0n) {
    const [volatile, persistent] = [whole(memdev.volatile), whole(memdev.persistent)];
    if (volatile !== memdev.volatile || persistent !== memdev.persistent) sources.findings.add("difference", place, "its capacity is no multiple of 256MiB; what is beyond is left out");
    if (volatile + persistent > 0n) return { volatile, persistent };
  }
  if (like !== undefined) return { ...capacityOf(sources, place, like), note: "assumed: as that of the other members" };
  const said = memdev?.partitions?.whole("total_size") ?? facts?.memory;
  if (said !== undefined && whole(said) > 0n) {
    sources.findings.add("assumed", place, "all its capacity is volatile: captures have its total only");
    return { volatile: whole(said), persistent: 0n, note: "assumed: all of it volatile" };
  }
  const used = endpoint?.decoders.reduce((end, { dpaBase, dpaSize }) => ((dpaBase ?? 0n) + (dpaSize ?? 0n) > end ? (dpaBase ?? 0n) + (dpaSize ?? 0n) : end), 0n) ?? 0n;
  sources.findings.add("assumed", place, "its capacity is what its decoders map, 256MiB at least: no capture says it");
  return { volatile: used > granule ? whole(used) : granule, persistent: 0n, note: "assumed: no capture says it" };
}

const slotKeys = ["slot_1_version", "slot_2_version", "slot_3_version", "slot_4_version"] as const;
const printable = (text: string): string => text.replaceAll(/[^ -~]/g, "?").slice(0, 16);

/** Revisions by slot; the first is the active one. */
function firmwareNode(sources: Sources, place: string, memdev: CapturedMemdev): Entry[] {
  const { firmware, firmwareVersion } = memdev;
  if (firmware === undefined && firmwareVersion === undefined) return [];
  const slots = Math.min(4, Math.max(2, firmware?.small("num_slots", 255) ?? 2));
  const versions = slotKeys.slice(0, slots).map((key) => printable(firmware?.text(key) ?? ""));
  const active = Math.min(slots, Math.max(1, firmware?.small("active_slot", 7) ?? 1));
  if (firmware?.has("staged_slot") === true) sources.findings.add("difference", place, "a firmware slot is staged; in the twin none is");
  if (versions[active - 1] === "") versions[active - 1] = printable(firmwareVersion ?? "") || "captured";
  const own = printable(firmwareVersion ?? "");
  return [...entry("firmware", versions), ...entry("activeSlot", active === 1 ? undefined : active), ...entry("revision", own === "" || own === versions[active - 1] ? undefined : own)];
}

/** Commands that the listing shows the device not to have. */
function missingCommands(sources: Sources, memdev: CapturedMemdev): string[] {
  const lacks: string[] = [];
  if (memdev.isPoisonInjectable === false) lacks.push("injectPoison");
  if (!sources.cxl.isAsked) return lacks;
  if (memdev.health === undefined) lacks.push("getHealth");
  if (memdev.alerts === undefined) lacks.push("getAlerts");
  if (memdev.firmware === undefined) lacks.push("firmwareInfo");
  return lacks;
}

/** Fields of an answer in one line; none where the listing has none of them. */
function answerNode(values: Readonly<Record<string, number>>): FileNode | undefined {
  const entries = Object.entries(values).map(([name, value]) => entry(name, value));
  return entries.length === 0 ? undefined : inLine(...entries);
}

export interface DeviceContext {
  readonly sources: Sources;
  readonly isIdleShown: boolean;
}

function mailboxNode({ sources }: DeviceContext, place: string, memdev: CapturedMemdev): Mapping {
  const alignment = memdev.partitions?.whole("partition_alignment_size") ?? 0n;
  const lacks = missingCommands(sources, memdev);
  const online = memdev.firmware?.flag("online_activate_capable");
  return mapping(
    firmwareNode(sources, place, memdev), entry("onlineActivation", online === false ? false : undefined), entry("partitionAlignment", alignment > 0n ? sizeText(alignment) : undefined),
    entry("health", memdev.health === undefined ? undefined : answerNode(healthOf(memdev.health))), entry("alerts", memdev.alerts === undefined ? undefined : answerNode(alertsOf(memdev.alerts))),
    entry("without", lacks.length === 0 ? undefined : lacks, "the listing lacks what these tell"),
  );
}

const needs3612 = (endpoint: CapturedEndpoint | undefined): boolean => endpoint?.decoders.some(({ ways }) => ways % 3 === 0) === true;

function serialEntry(sources: Sources, place: string, { memdev, facts }: TwinDevice): Entry[] {
  if (memdev?.serial !== undefined && facts?.serial !== undefined && memdev.serial !== facts.serial) sources.findings.add("conflict", place, `cxl list says serial 0x${memdev.serial.toString(16)}, lspci 0x${facts.serial.toString(16)}; the former is taken`);
  const serial = memdev?.serial ?? facts?.serial;
  if (serial !== undefined) return entry("serial", serialText(serial));
  sources.findings.add("assumed", place, "its serial number: no capture says it");
  return [];
}

/** The `device:` of a port. */
export function deviceNode(context: DeviceContext, place: string, device: TwinDevice): Mapping {
  const { sources } = context;
  const { memdev, endpoint, facts } = device;
  const { volatile, persistent, note } = capacityOf(sources, place, device);
  const decoders = decoderCount(sources, place, (endpoint ?? device.like?.endpoint)?.decoders.length ?? 0, context.isIdleShown);
  if (persistent > 0n) sources.findings.add("assumed", place, "a label area of 1MiB: cxl list does not print its size");
  const mailbox = memdev === undefined ? mapping() : mailboxNode(context, place, memdev);
  return mapping(
    entry("volatile", volatile > 0n ? sizeText(volatile) : undefined, note), entry("persistent", persistent > 0n ? sizeText(persistent) : undefined), entry("labels", persistent > 0n ? "1MiB" : undefined, "assumed"),
    serialEntry(sources, place, device), entry("decoders", encodable(sources, place, decoders.count, deviceDecoders), decoders.note),
    entry("vectors", facts?.vectors === undefined ? undefined : Math.min(32, facts.vectors)), linkNode(sources, place, facts?.link), entry("interleave3612", needs3612(endpoint) ? true : undefined),
    entry("resetTime", facts?.isResetCapable === true ? "10ms" : undefined, "assumed: it can reset, how fast is not said"),
    entry("mailbox", mailbox.entries.length === 0 ? undefined : mailbox),
  );
}

