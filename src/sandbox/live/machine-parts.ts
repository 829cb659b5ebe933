// The parts side of the machine look: every bridge, port, switch and device with its link, isolation, decoders, poison and mailbox, and the kernel's names for it.

import { blocks } from "../../../registers/blocks.ts";
import { memoryDeviceStatus, primaryMailbox } from "../../../registers/device-block.ts";
import { ras } from "../../../registers/ras-link.ts";
import { timeoutIsolation } from "../../../registers/timeout-isolation.ts";
import type { Hardware, PortSummary } from "../../hardware/machine.ts";
import { poisonOf } from "../../hardware/poison.ts";
import { busDevices } from "../../kernel/base/device.ts";
import type { Device } from "../../kernel/base/device.ts";
import type { Kernel } from "../../kernel/base/kernel.ts";
import { cxlBus, decoderOf, isMemdev, isPort, memdevOf, portOf } from "../../kernel/cxl/types.ts";
import { isSwitch } from "../../platform/description.ts";
import type { DeviceDescription, SlotDescription } from "../../platform/description.ts";
import { registerAt } from "../../platform/registers.ts";
import { peekBus } from "../part-registers.ts";
import { isolationFact, linkFact } from "../details-topology.ts";
import { hex, sizeText } from "../forensics/scene.ts";
import type { DecoderState, PartState } from "../part-states.ts";
import type { CardLook, DecoderLook, Fact, IsolationState, PartLook, PoisonLook, RegionLook } from "./machine-types.ts";

/** Ranges of poison, and lines that are read for them, of one device. */
const mostPoisonRanges = 16;
const mostPoisonLines = 256;
const lineBytes = 64;

/** What the parts are seen with. */
export interface Sight {
  readonly hardware: Hardware;
  /** The kernel's CXL port by the device that it stands on: a function's name, or `uid N` of a host bridge. */
  readonly ports: ReadonlyMap<string, Device>;
  readonly dports: ReadonlyMap<string, string>;
  readonly memdevs: ReadonlyMap<string, Device>;
  readonly regions: readonly RegionLook[];
  /** Parts that may still be shown. */
  left: number;
  leftOut: number;
}

export function sightOf(hardware: Hardware, kernel: Kernel, regions: readonly RegionLook[], most: number): Sight {
  const devices = busDevices(kernel, cxlBus);
  const ports = devices.filter((device) => isPort(device) && portOf(device).kind === "switch");
  const isBelowRoot = (port: Device): boolean => port.parent !== null && isPort(port.parent) && portOf(port.parent).kind === "root";
  return {
    hardware, regions, left: most, leftOut: 0,
    ports: new Map(ports.map((port) => [isBelowRoot(port) ? `uid ${portOf(port).parentDport?.id ?? -1}` : portOf(port).uport.name, port])),
    dports: new Map(ports.flatMap((port) => portOf(port).dports.map(({ id, device }) => [device.name, `dport${id} of ${port.name}`] as const))),
    memdevs: new Map(devices.filter(isMemdev).map((device) => [device.name, device])),
  };
}

const fact = (label: string, value: string): Fact => ({ label, value });

/** The kernel's CXL port of a part that has one. */
function portDevice({ ports, memdevs }: Sight, { bridge, kind, address, memdev }: PartState): Device | undefined {
  if (bridge !== null) return ports.get(`uid ${bridge.uid}`);
  if (kind === "switch") return ports.get(address);
  const found = memdev === null ? undefined : memdevs.get(memdev);
  return found === undefined ? undefined : (memdevOf(found).endpoint ?? undefined);
}

function kernelNames(sight: Sight, part: PartState): string[] {
  if (part.port !== null) return sight.dports.has(part.address) ? [sight.dports.get(part.address) ?? ""] : [];
  const port = portDevice(sight, part);
  return [...(part.memdev === null ? [] : [part.memdev]), ...(port === undefined ? [] : [port.name])];
}

function decoderLook({ index, base, size, ways, granularity, state, isLocked }: DecoderState, known: Device | undefined): DecoderLook {
  const region = known === undefined ? null : (decoderOf(known).region?.name ?? null);
  const words = `${state}${isLocked ? ", locked" : ""}: ${sizeText(size)} at ${hex(base)}, ${ways} way${ways === "1" ? "" : "s"} of ${granularity}${region === null ? "" : `, ${region}`}`;
  return { index, name: known?.name ?? "", state, isLocked, base: hex(base), size: sizeText(size), region, words };
}

function decoderLooks(sight: Sight, part: PartState): DecoderLook[] {
  const port = portDevice(sight, part);
  const known = port === undefined ? [] : portOf(port).decoders;
  return part.decoders.map((decoder) => decoderLook(decoder, known.find((one) => decoderOf(one).id === decoder.index)));
}

const decoderFacts = (decoders: readonly DecoderLook[], count: number): Fact[] => [
  fact("Decoders", count === 0 ? "none: everything passes" : `${decoders.filter(({ state }) => state === "committed").length} of ${count} committed`),
  ...decoders.map(({ index, name, words }) => fact(`Decoder ${index}${name === "" ? "" : ` (${name})`}`, words)),
];

const { control: isolationControl, status: isolationStatus } = timeoutIsolation.registers;

interface IsolationLook {
  readonly state: IsolationState;
  readonly facts: readonly Fact[];
}

function isolationOf({ hardware }: Sight, { entity, isolation, kind }: PartState): IsolationLook {
  if (kind !== "root port") return { state: "none", facts: [] };
  if (isolation === null) return { state: "none", facts: [fact("Isolation", "it has no timeout and isolation")] };
  const bus = peekBus(hardware, entity, "component");
  const { at } = blocks.rootPortComponent.placements.timeoutIsolation;
  const control = registerAt(bus, at, isolationControl).read();
  const status = registerAt(bus, at, isolationStatus).read();
  const isIsolated = status.memoryIsolation === 1;
  const state: IsolationState = isIsolated ? (status.rootPortBusy === 1 ? "busy" : "isolated") : control.memoryIsolationEnable === 1 ? "armed" : "off";
  const cause = status.memoryIsolationLinkDown === 1 ? "by link down" : "by a timeout";
  const words: Readonly<Record<IsolationState, string>> = { none: "", off: "not enabled", armed: "armed", isolated: `isolated ${cause}`, busy: `isolated ${cause}, and busy with what was under way` };
  const enabled = [control.memoryTimeoutEnable === 1 ? "timeout" : "", control.memoryIsolationEnable === 1 ? "isolation" : "", control.memoryIsolationLinkDownEnable === 1 ? "forced link down" : "", control.interruptEnable === 1 ? "interrupt" : "", control.errCorEnable === 1 ? "ERR_COR" : ""].filter((one) => one !== "");
  return { state, facts: [fact("Isolation", words[state]), fact("Can do", isolationFact(isolation).replace("can do ", "")), fact("Enabled", enabled.join(", ") || "nothing")] };
}

const rasBlocks = { "root port": "rootPortComponent", "downstream port": "downstreamPortComponent", switch: "upstreamPortComponent", device: "deviceComponent" } as const;

/** Names of the errors that a part's RAS registers hold. */
function errorsOf({ hardware }: Sight, { kind, entity }: PartState): string[] {
  if (kind === "host bridge") return [];
  const bus = peekBus(hardware, entity, "component");
  const { at } = blocks[rasBlocks[kind]].placements.ras;
  const { uncorrectableStatus, correctableStatus } = ras.registers;
  const set = (register: typeof uncorrectableStatus | typeof correctableStatus): string[] => Object.entries(registerAt(bus, at, register).read()).filter(([, value]) => value === 1).map(([name]) => name);
  return [...set(uncorrectableStatus), ...set(correctableStatus)];
}

function cardLook(card: SlotDescription): CardLook {
  if (isSwitch(card)) return { name: card.name, kind: "switch", words: `a switch with ${card.ports.length} port${card.ports.length === 1 ? "" : "s"}` };
  return { name: card.name, kind: "device", words: `a device of ${sizeText(card.volatileCapacity + (card.persistentCapacity ?? 0n))}` };
}

function portFacts({ kind }: PartState, port: PortSummary, places: number, isolation: IsolationLook, cards: readonly CardLook[]): Fact[] {
  return [
    fact("Link", linkFact(port).slice("link ".length)), fact("Card", port.device ?? "empty slot"), ...isolation.facts,
    ...(kind === "root port" ? [fact("Requests under way", `${port.inFlight} of ${places}`), fact("Requesters", port.isStalled ? "wait for a free place" : "do not wait")] : []),
    ...(cards.length === 0 ? [] : [fact("Can be plugged in", cards.map(({ name, words }) => `${name}, ${words}`).join("; "))]),
  ];
}

function poisonLook(hardware: Hardware, name: string): PoisonLook {
  const { lines, addresses } = poisonOf(hardware, name, mostPoisonLines);
  const ranges: { dpa: bigint; bytes: number }[] = [];
  for (const address of addresses) {
    const last = ranges.at(-1);
    if (last !== undefined && last.dpa + BigInt(last.bytes) === address) last.bytes += lineBytes;
    else ranges.push({ dpa: address, bytes: lineBytes });
  }
  const shown = ranges.slice(0, mostPoisonRanges);
  return { lines, ranges: shown.map(({ dpa, bytes }) => ({ dpa: hex(dpa), bytes })), isMore: shown.reduce((sum, { bytes }) => sum + bytes / lineBytes, 0) < lines };
}

const poisonWords = ({ lines, ranges, isMore }: PoisonLook): string =>
  lines === 0 ? "none" : `${lines} line${lines === 1 ? "" : "s"} of 64 B at ${ranges.map(({ dpa, bytes }) => (bytes === lineBytes ? dpa : `${dpa} (${bytes} B)`)).join(", ")}${isMore ? " and more" : ""}`;

const codeWords = (code: number): string => `0x${code.toString(16).padStart(4, "0")}`;

/** Mailbox and media of a device, with what is wrong with them. */
function deviceStatus({ hardware }: Sight, entity: number): { readonly facts: readonly Fact[]; readonly troubles: readonly string[] } {
  const bus = peekBus(hardware, entity, "device");
  const { placements } = blocks.deviceRegisters;
  const status = registerAt(bus, placements.memoryDeviceStatus.at, memoryDeviceStatus.registers.status).read();
  const control = registerAt(bus, placements.primaryMailbox.at, primaryMailbox.registers.control).read();
  const command = registerAt(bus, placements.primaryMailbox.at, primaryMailbox.registers.command).read();
  const operation = registerAt(bus, placements.primaryMailbox.at, primaryMailbox.registers.status).read();
  const background = registerAt(bus, placements.primaryMailbox.at, primaryMailbox.registers.background).read();
  const media = memoryDeviceStatus.registers.status.fields.mediaStatus.values[status.mediaStatus as 0 | 1 | 2 | 3];
  const halted = status.deviceFatal === 1 ? "fatal error" : status.firmwareHalt === 1 ? "firmware has halted" : "";
  const busy = control.doorbell === 1 ? `busy with command ${codeWords(command.opcode)}` : "idle";
  const mailbox = status.mailboxReady === 0 ? "not ready" : `${busy}${operation.backgroundOperation === 1 ? `, in the background ${codeWords(background.opcode)} at ${background.percentage} %` : ""}`;
  return {
    facts: [fact("Media", media), fact("Mailbox", mailbox), ...(operation.returnCode === 0 ? [] : [fact("Last return code", codeWords(operation.returnCode))]), ...(halted === "" ? [] : [fact("Device", halted)])],
    troubles: [...(media === "ready" ? [] : [`media ${media}`]), ...(status.mailboxReady === 0 ? ["mailbox not ready"] : []), ...(halted === "" ? [] : [halted])],
  };
}

function deviceFacts(sight: Sight, part: PartState, device: DeviceDescription, poison: PoisonLook, status: readonly Fact[]): Fact[] {
  const memdev = part.memdev === null ? undefined : sight.memdevs.get(part.memdev);
  const persistent = device.persistentCapacity ?? 0n;
  return [
    fact("Capacity", [device.volatileCapacity === 0n ? "" : `${sizeText(device.volatileCapacity)} volatile`, persistent === 0n ? "" : `${sizeText(persistent)} persistent`].filter((one) => one !== "").join(", ")),
    fact("Serial", hex(device.serial)), fact("Reachable", part.isCutOff ? "no" : "yes"), fact("Memdev", memdev === undefined ? "none" : `${memdev.name}, ${memdev.driver === null ? "no driver" : `driver ${memdev.driver.name}`}`),
    ...status, fact("Poison", poisonWords(poison)),
  ];
}

/** Regions with a member at or below some parts. */
const regionsAt = ({ regions }: Sight, names: ReadonlySet<string>): RegionLook[] => regions.filter(({ members }) => members.some(({ part }) => part !== null && names.has(part)));

/** A part's share of what workloads sent: regions spread their requests evenly. */
const requestsAt = (regions: readonly RegionLook[], names: ReadonlySet<string>): number =>
  regions.reduce((sum, { requests, members }) => sum + Math.floor((requests * members.filter(({ part }) => part !== null && names.has(part)).length) / Math.max(1, members.length)), 0);

const devicesIn = ({ kind, name, below }: PartState): string[] => (kind === "device" ? [name] : below.flatMap(devicesIn));
const sizeOf = ({ below }: PartState): number => 1 + below.reduce((sum, part) => sum + sizeOf(part), 0);

function summaryOf({ kind, port, device, bridge }: PartState, places: number): string {
  if (device !== null) return sizeText(device.volatileCapacity + (device.persistentCapacity ?? 0n));
  if (bridge !== null) return `${bridge.rootPorts.length} root port${bridge.rootPorts.length === 1 ? "" : "s"}`;
  if (port === null) return "";
  return kind === "root port" ? `${port.inFlight}/${places} under way` : "";
}

/** A part with what is below it, as far as there is room. */
export function partLook(sight: Sight, part: PartState): PartLook {
  sight.left--;
  const { name, kind, address, condition, port, device, slots, entity } = part;
  const names = new Set(devicesIn(part));
  const regions = regionsAt(sight, names);
  const decoders = decoderLooks(sight, part);
  const isolation = isolationOf(sight, part);
  const places = sight.hardware.entities.ports.get(name)?.inFlight ?? 0;
  const plugged = port?.device ?? null;
  const cards = slots.filter((slot) => slot.name !== plugged).map(cardLook);
  const poison = device === null ? null : poisonLook(sight.hardware, name);
  const status = device === null ? { facts: [], troubles: [] } : deviceStatus(sight, entity);
  const errors = errorsOf(sight, part);
  const kernel = kernelNames(sight, part);
  const requests = requestsAt(regions, names);
  const below: PartLook[] = [];
  for (const one of part.below) {
    if (sight.left > 0) below.push(partLook(sight, one));
    else sight.leftOut += sizeOf(one);
  }
  const facts = [
    ...(port === null ? [] : portFacts(part, port, places, isolation, cards)), ...(device === null || poison === null ? [] : deviceFacts(sight, part, device, poison, status.facts)),
    fact("The kernel's", kernel.join(", ") || "not known to it"), ...(port === null ? decoderFacts(decoders, part.decoderCount) : []),
    ...(kind === "host bridge" ? [] : [fact("Errors logged", errors.join(", ") || "none")]), fact("Regions", regions.map((region) => region.name).join(", ") || "none"), fact("Requests of workloads", String(requests)),
  ];
  return {
    name, kind, address, condition, kernel, summary: summaryOf(part, places), link: port === null ? null : { state: port.link, heldBy: port.heldBy }, isolation: isolation.state,
    inFlight: port?.inFlight ?? 0, places, isStalled: port?.isStalled ?? false, decoders, decoderCount: part.decoderCount, poison: poison === null || poison.lines === 0 ? null : poison,
    troubles: [...status.troubles, ...(errors.length === 0 ? [] : ["errors logged"])], cards, regions: regions.map((region) => region.name), requests, facts, below,
  };
}
