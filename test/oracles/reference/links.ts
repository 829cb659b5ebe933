// The reference machine's links and resets, with training and media already over: a link is up whenever nothing keeps it down
// (config sheet 9.1, timeout sheet 5 and 8, component sheet 14). What happens on the way down and up shows in registers.

import { messageNumbers } from "../../../registers/constants.ts";
import type { RegisterFile } from "./registers.ts";
import type { BridgePart, CardPart, DevicePart, PortPart, SwitchPart } from "./tree.ts";

const mostMessages = 5;

/** What a reset takes from a device beside its registers. */
export type ContentsLost = (device: DevicePart) => void;

const put = (file: RegisterFile, structure: string, register: string, field: string, value: number): void => {
  if (file.has(structure)) file.field(structure, register, field).set(value);
};
const get = (file: RegisterFile, structure: string, register: string, field: string): number => (file.has(structure) ? file.field(structure, register, field).get() : 0);

/** CXL.mem or CXL.cache is isolated and its Link Down Enable is set (T4, TS5). */
const isHeldByIsolation = (port: PortPart): boolean =>
  port.hasIsolation && (["memory", "cache"] as const).some((protocol) => get(port.component, "timeoutIsolation", "status", `${protocol}Isolation`) !== 0 && get(port.component, "timeoutIsolation", "control", `${protocol}IsolationLinkDownEnable`) !== 0);

export function isHeldDown(port: PortPart): boolean {
  const { config } = port;
  const isDisabled = get(config, "pcie", "linkControl", "linkDisable") !== 0 && get(config, "dvsecPort", "control", "unmaskLinkDisable") !== 0;
  const isInReset = port.bridge.busReset.get() !== 0 && get(config, "dvsecPort", "control", "unmaskSecondaryBusReset") !== 0;
  const isContained = get(config, "dpc", "status", "trigger") !== 0;
  const isAboveInReset = port.parent.kind === "switch" && port.parent.bridge.busReset.get() !== 0;
  const isSlotOff = get(config, "pcie", "slotControl", "powerControllerControl") !== 0;
  return isSlotOff || isDisabled || isInReset || isContained || isAboveInReset || isHeldByIsolation(port);
}

/** What one of the ends of a link shows of it; the rate is what both can. */
function show(part: PortPart | CardPart, isUp: boolean, ends: readonly (PortPart | CardPart)[] = []): void {
  const { config, component } = part;
  const isDownstream = get(config, "pcie", "linkCapabilities", "linkActiveReporting") !== 0;
  for (const [shown, most] of [["speed", "maxSpeed"], ["width", "maxWidth"]] as const) put(config, "pcie", "linkStatus", shown, isUp ? Math.min(...ends.map((end) => get(end.config, "pcie", "linkCapabilities", most))) : 0);
  put(config, "pcie", "linkStatus", "linkActive", isUp && isDownstream ? 1 : 0);
  for (const field of ["ioEnabled", "memoryEnabled", "flit68AndVh"]) put(config, "dvsecFlexBus", "status", field, isUp ? 1 : 0);
  put(config, "dvsecPort", "status", "powerManagementInitComplete", isUp ? 1 : 0);
  put(component, "link", "controlStatus", "initState", isUp ? 3 : 0);
}

/** T1, for both protocols: a link that goes down with isolation enabled enters it unless it is there already. Each entry has its own message (T6). */
function isolate(port: PortPart): void {
  if (!port.hasIsolation) return;
  for (const protocol of ["memory", "cache"] as const) {
    if (get(port.component, "timeoutIsolation", "control", `${protocol}IsolationEnable`) === 0 || get(port.component, "timeoutIsolation", "status", `${protocol}Isolation`) !== 0) continue;
    put(port.component, "timeoutIsolation", "status", `${protocol}Isolation`, 1);
    put(port.component, "timeoutIsolation", "status", `${protocol}IsolationLinkDown`, 1);
    if (get(port.component, "timeoutIsolation", "control", "errCorEnable") !== 0) sendCorrectable(port);
  }
}

/** A request that needs the link while it is down: T1 read as a condition. Returns whether CXL.mem is isolated now. */
export function isolateOnRequest(port: PortPart): boolean {
  if (!port.hasIsolation || get(port.component, "timeoutIsolation", "control", "memoryIsolationEnable") === 0) return false;
  put(port.component, "timeoutIsolation", "status", "memoryIsolation", 1);
  put(port.component, "timeoutIsolation", "status", "memoryIsolationLinkDown", 1);
  if (get(port.component, "timeoutIsolation", "control", "errCorEnable") !== 0) sendCorrectable(port);
  return true;
}

/** T2, T3: no answer within the timeout. Returns whether CXL.mem is isolated now. */
export function timeOut(port: PortPart): boolean {
  put(port.component, "timeoutIsolation", "status", "memoryTimeout", 1);
  if (get(port.component, "timeoutIsolation", "control", "memoryIsolationEnable") === 0) return false;
  put(port.component, "timeoutIsolation", "status", "memoryIsolation", 1);
  if (get(port.component, "timeoutIsolation", "control", "errCorEnable") !== 0) sendCorrectable(port);
  return true;
}

export const detectsTimeouts = (port: PortPart): boolean => get(port.component, "timeoutIsolation", "control", "memoryTimeoutEnable") !== 0;
export const isIsolated = (port: PortPart): boolean => get(port.component, "timeoutIsolation", "status", "memoryIsolation") !== 0;

/** ERR_COR of a port: on its way up every bridge must forward errors; the root port records it (PCIe 6.2.6, 7.8.4.10). */
export function sendCorrectable(port: PortPart): void {
  let at = port;
  while (at.parent.kind === "switch") {
    if (at.parent.bridge.forwardsErrors.get() === 0) return;
    at = at.parent.port;
    if (at.bridge.forwardsErrors.get() === 0) return;
  }
  const { config } = at;
  const isFirst = get(config, "aer", "rootErrorStatus", "correctableReceived") === 0;
  put(config, "aer", "rootErrorStatus", isFirst ? "correctableReceived" : "multipleCorrectable", 1);
  if (isFirst) put(config, "aer", "errorSource", "correctable", requesterOf(port));
}

const requesterOf = ({ parent, deviceNumber }: PortPart): number => ((parent.kind === "bridge" ? parent.description.busStart : parent.bridge.secondaryBus.get()) << 8) | (deviceNumber << 3);

/** Message numbers of isolation (timeout sheet 2), AER and containment: hardware keeps them among the messages that MSI grants (PCIe 7.8.4.10, 7.9.14.2); which of
 * them is its choice: the last one granted, if the own is not. */
export function showMessageNumbers({ config, component, messageNumber }: PortPart): void {
  const last = (1 << Math.min(get(config, "msi", "control", "multipleEnable"), mostMessages)) - 1;
  put(component, "timeoutIsolation", "capability", "interruptMessage", Math.min(messageNumber, last));
  if (config.block.name === "rootPortConfig") put(config, "aer", "rootErrorStatus", "interruptMessage", Math.min(messageNumbers.aer, last));
  put(config, "dpc", "capability", "interruptMessage", Math.min(messageNumbers.dpc, last));
}

/** Hot reset of a card and of all below it: non-sticky registers, decoders, contents that a reset takes. */
function resetBelow(card: CardPart, lose: ContentsLost): void {
  card.config.reset("hot");
  card.component.reset("hot");
  card.exchange.clear();
  if (card.kind === "device") {
    card.messages.reset("hot");
    lose(card);
    return;
  }
  for (const port of card.ports) resetPort(port, lose);
}

/** A downstream port that is itself reset: its link goes with it, without an event. */
function resetPort(port: PortPart, lose: ContentsLost): void {
  port.isUp = false;
  port.config.reset("hot");
  port.component.reset("hot");
  showMessageNumbers(port);
  put(port.config, "pcie", "slotStatus", "presence", port.card === undefined ? 0 : 1);
  put(port.config, "pcie", "slotStatus", "presenceChanged", 0);
  if (port.card !== undefined) resetBelow(port.card, lose);
}

function goDown(port: PortPart, lose: ContentsLost): void {
  port.isUp = false;
  show(port, false);
  put(port.config, "pcie", "slotStatus", "linkStateChanged", 1);
  if (port.card !== undefined) resetBelow(port.card, lose);
  isolate(port);
}

function goUp(port: PortPart, card: CardPart): void {
  port.isUp = true;
  show(port, true, [port, card]);
  put(port.config, "pcie", "slotStatus", "linkStateChanged", 1);
  show(card, true, [port, card]);
  if (card.kind === "device") showMemory(card);
}

/** What a device shows of its memory once the media is ready: both ranges that exist. */
export function showMemory({ config }: DevicePart): void {
  const count = get(config, "dvsecDevice", "capability", "rangeCount");
  for (let range = 1; range <= count; range++) for (const field of ["memoryInfoValid", "memoryActive"]) put(config, "dvsecDevice", `range${range}SizeLow`, field, 1);
}

/** Brings every link to where its causes put it, from the top. A link that goes down may take others with it or isolate and stay down. */
export function settleLinks(bridges: readonly BridgePart[], lose: ContentsLost): void {
  for (const bridge of bridges) for (const port of bridge.ports) settlePort(port, lose);
}

function settlePort(port: PortPart, lose: ContentsLost): void {
  const { card } = port;
  if (card === undefined) return;
  if (port.isUp && isHeldDown(port)) goDown(port, lose);
  if (!port.isUp && !isHeldDown(port)) goUp(port, card);
  if (!port.isUp || card.kind === "device") return;
  for (const below of card.ports) settlePort(below, lose);
}

/** Secondary Bus Reset of an upstream port: the downstream ports and everything below them. */
export function resetInnerBus(card: SwitchPart, lose: ContentsLost): void {
  for (const port of card.ports) resetPort(port, lose);
}

/** Power-on: registers from cold, cards seen, links up without an event. */
export function powerOn(bridges: readonly BridgePart[]): void {
  settleLinks(bridges, () => undefined);
  const quiet = (port: PortPart): void => {
    showMessageNumbers(port);
    put(port.config, "pcie", "slotStatus", "linkStateChanged", 0);
    put(port.config, "pcie", "slotStatus", "presence", port.card === undefined ? 0 : 1);
    if (port.card?.kind === "switch") for (const below of port.card.ports) quiet(below);
  };
  for (const bridge of bridges) for (const port of bridge.ports) quiet(port);
}

/** Function level reset: neither CXL registers (component sheet 14) nor what belongs to the link (PCIe 6.6.2). */
export function resetFunction(device: DevicePart): void {
  const payload = get(device.config, "pcie", "deviceControl", "maxPayload");
  device.config.reset("hot", (structure, register) => structure.startsWith("dvsec") || (structure === "pcie" && register.startsWith("link")));
  put(device.config, "pcie", "deviceControl", "maxPayload", payload);
  device.messages.reset("hot");
  device.exchange.clear();
}

/** CXL reset: as a function level reset, and CXL.mem has to be set up anew. */
export function resetCxl(device: DevicePart): void {
  resetFunction(device);
  device.component.reset("hot", (structure) => structure !== "hdmDecoderDevice");
  put(device.config, "dvsecDevice", "control", "memoryEnable", 0);
  put(device.config, "dvsecDevice", "status2", "resetComplete", 1);
}
