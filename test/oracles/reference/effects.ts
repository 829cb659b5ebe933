// Side effects of register writes in the reference machine, once everything they start is over.

import { messageNumbers } from "../../../registers/constants.ts";
import type { DecoderRegisters } from "../hdm-decoder.ts";
import { isAccepted } from "../hdm-decoder.ts";
import type { ContentsLost } from "./links.ts";
import { isHeldDown, resetCxl, resetFunction, resetInnerBus, sendCorrectable, showMessageNumbers } from "./links.ts";
import type { FieldHandle, RegisterFile, Touched } from "./registers.ts";
import type { CardPart, DevicePart, Part, PortPart } from "./tree.ts";

export interface Consequences {
  readonly lose: ContentsLost;
  /** A CXL reset with memory clear. */
  readonly clear: ContentsLost;
}

const software = 1;
const seeExtension = 3;

/** Whether links may have to move afterwards. */
export function applyEffect(part: Part, touched: Touched, consequences: Consequences): boolean {
  switch (touched.behaviour) {
    case "hdmControl":
      commitDecoder(part, touched);
      return false;
    case "biRouteControl":
      commitBackInvalidate(part.component, "biRouteTable", touched);
      return false;
    case "biDecoderControl":
      commitBackInvalidate(part.component, "biDecoder", touched);
      return false;
    case "isolationControl":
    case "isolationStatus":
      return true;
    default:
      return part.kind !== "bridge" && applyConfigEffect(part, touched, consequences);
  }
}

function applyConfigEffect(part: PortPart | CardPart, touched: Touched, { lose, clear }: Consequences): boolean {
  switch (touched.behaviour) {
    case "bar":
      maskBar(part);
      return false;
    case "bridgeControl":
      if (part.kind === "switch" && part.bridge.busReset.get() !== 0) resetInnerBus(part, lose);
      return true;
    case "linkControl":
      // PCIe 7.5.3.8: retraining that was asked for has ended, the link never having been down.
      if (part.kind === "port" && touched.commands !== 0 && part.isUp && !isHeldDown(part)) part.config.field("pcie", "linkStatus", "bandwidthManagement").set(1);
      return true;
    case "portControl":
    case "dpcStatus":
      return true;
    case "dpcControl":
      if (part.kind === "port" && touched.commands !== 0) triggerContainment(part);
      return true;
    case "msi":
      if (part.kind === "port") showMessageNumbers(part);
      return false;
    case "functionControl":
      if (part.kind === "device" && touched.commands !== 0) resetFunction(part);
      return false;
    case "doeControl":
      if (part.kind !== "port") controlExchange(part, touched.commands);
      return false;
    case "doeWrite":
      if (part.kind !== "port") part.exchange.write(touched.commands >>> 0);
      return false;
    case "doeRead":
      if (part.kind !== "port") part.exchange.advance();
      return false;
    case "msixControl":
    case "msixVector":
      if (part.kind === "device") sendPending(part);
      return false;
    case "deviceControl2":
      if (part.kind === "device") startCxlReset(part, touched.commands, clear);
      return false;
    default:
      return false;
  }
}

/** Address bits below the size of the BAR read 0. */
function maskBar({ fields, barSize }: PortPart | CardPart): void {
  const lowMask = Number((~(barSize - 1n) >> 16n) & 0xffffn);
  const highMask = Number((~(barSize - 1n) >> 32n) & 0xffff_ffffn);
  fields.barLow.set(fields.barLow.get() & lowMask);
  fields.barHigh.set((fields.barHigh.get() & highMask) >>> 0);
}

function startCxlReset(device: DevicePart, commands: number, clear: ContentsLost): void {
  const initiateReset = 1 << 2;
  if ((commands & initiateReset) === 0 || device.config.field("dvsecDevice", "capability", "resetCapable").get() === 0) return;
  const clears = device.config.field("dvsecDevice", "control2", "resetMemoryClearEnable").get() !== 0;
  resetCxl(device);
  if (clears) clear(device);
}

const abort = 1;
const go = 0x8000_0000;

function controlExchange(card: CardPart, commands: number): void {
  if ((commands & abort) !== 0) card.exchange.clear();
  else if ((commands & go) !== 0 && card.exchange.go() && card.config.field("doe", "control", "interruptEnable").get() !== 0) {
    card.config.field("doe", "status", "interrupt").set(1);
    if (card.kind === "device") raise(card, messageNumbers.doe);
  }
}

/** PCIe 7.7.1: MSI here has neither masks nor pending bits. */
const hasNoVectors = ({ messages }: DevicePart): boolean => messages.keys.hasMsi === 1;

const isMasked = ({ config, messages }: DevicePart, vector: number): boolean => config.field("msix", "control", "functionMask").get() !== 0 || messages.field("msixTable", "vectorControl", "mask").get(vector) !== 0;

/** PCIe 6.1.4.5: a masked vector's message waits as its pending bit. */
function raise(device: DevicePart, vector: number): void {
  if (hasNoVectors(device) || device.config.field("msix", "control", "enable").get() === 0 || !isMasked(device, vector)) return;
  const pending = device.messages.field("msixTable", "pending", "low");
  pending.set(pending.get() | (1 << vector));
}

function sendPending(device: DevicePart): void {
  if (hasNoVectors(device) || device.config.field("msix", "control", "enable").get() === 0) return;
  const pending = device.messages.field("msixTable", "pending", "low");
  const count = device.messages.keys.vectors ?? 0;
  for (let vector = 0; vector < count; vector++) if (((pending.get() >>> vector) & 1) !== 0 && !isMasked(device, vector)) pending.set(pending.get() & ~(1 << vector));
}

/** PCIe 6.2.11: software triggers containment while it is enabled and not triggered. */
function triggerContainment(port: PortPart): void {
  const of = (register: string, field: string): FieldHandle => port.config.field("dpc", register, field);
  if (of("control", "triggerEnable").get() === 0 || of("status", "trigger").get() !== 0) return;
  of("status", "trigger").set(1);
  of("status", "reason").set(seeExtension);
  of("status", "reasonExtension").set(software);
  if (of("control", "interruptEnable").get() !== 0) of("status", "interrupt").set(1);
  const reports = port.config.field("pcie", "deviceControl", "correctableEnable").get() !== 0;
  if (of("control", "errCorEnable").get() !== 0 && reports) sendCorrectable(port);
}

/** Component sheet 11: the edge of Commit acts; taking it back clears the result. */
function commitBackInvalidate(file: RegisterFile, structure: string, { before, register }: Touched): void {
  const commitBit = structure === "biDecoder" ? 4 : 1;
  const isSet = file.field(structure, register, "commit").get() !== 0;
  if (!isSet) {
    file.field(structure, "status", "committed").set(0);
    file.field(structure, "status", "errorNotCommitted").set(0);
  } else if ((before & commitBit) === 0) file.field(structure, "status", "committed").set(1);
}

function registersOf(file: RegisterFile, structure: string, n: number): DecoderRegisters {
  const at = file.offsetOf(structure, "baseLow", n);
  const word = (offset: number): number => file.word(at + offset);
  return { baseLow: word(0), baseHigh: word(4), sizeLow: word(8), sizeHigh: word(12), control: word(16), listLow: word(20), listHigh: word(24) };
}

/** C1, C8, C10: only the edge of Commit starts a commit, taking it back clears both results. */
function commitDecoder(part: Part, { structure, instance, before }: Touched): void {
  const file = part.component;
  const of = (field: string): FieldHandle => file.field(structure, "control", field);
  const wasRequested = (before & 0x200) !== 0;
  if (of("commit").get(instance) === 0) {
    of("committed").set(0, instance);
    of("errorNotCommitted").set(0, instance);
    return;
  }
  if (wasRequested) return;
  const { keys } = file;
  const options = { kind: part.kind === "device" ? "device" : "port", targetCount: keys.targetCount ?? 0, ways3_6_12: keys.ways3612 === 1, ways16: keys.ways16 === 1 } as const;
  const succeeds = isAccepted(registersOf(file, structure, instance), instance === 0 ? undefined : registersOf(file, structure, instance - 1), options);
  of(succeeds ? "committed" : "errorNotCommitted").set(1, instance);
}
