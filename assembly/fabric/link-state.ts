// The link of a port: up, training, down; what holds it down; what going down and coming up do (PCIe link rules, CXL 3.2 9.9, 12.3).
// Presence follows the card and its cable (PCIe 7.5.3.11). A link that the port itself takes down is no Surprise Down.

import * as R from "../generated/registers";
import { Entity, KIND_DEVICE, LINK_DOWN, LINK_TRAINING, LINK_UP, Machine, NEVER, NONE, Port, Switch, Device, entityAt, portOf } from "../machine";
import { holdsLinkDown, isIsolated, isolateOnLinkDown } from "../component/timeout-isolation";
import { refreshDeadline } from "../deadlines";
import { resetCard, resetPort, startMedia } from "./reset";
import { loseBelow, loseLink } from "./in-flight";
import { sendMessage } from "../pci/msi";
import { slotEvents } from "../pci/slot";
import { reportUncorrectable } from "../pci/aer";
import { isContained } from "../pci/dpc";
import { getDword, setBits, setDword, testBits } from "../registers";
import { HW_LINK, HW_PLUG, traceHardware } from "../trace/ring";

const LINK_STATUS: u32 = R.CONFIG_PCIE_LINK_STATUS;
const LINK_CONTROL: u32 = R.CONFIG_PCIE_LINK_CONTROL;
const SLOT_STATUS: u32 = R.CONFIG_PCIE_SLOT_STATUS;
const RATE: u32 = R.PCIE_LINK_STATUS_SPEED | R.PCIE_LINK_STATUS_WIDTH;

/** Link Disable has its effect only when DVSEC 3 unmasks it (8.1.5.2). */
export function isDisabled(port: Port): bool {
  return testBits(port.config, LINK_CONTROL, R.PCIE_LINK_CONTROL_LINK_DISABLE) && testBits(port.config, R.CONFIG_DVSEC_PORT_CONTROL, R.DVSEC_PORT_CONTROL_UNMASK_LINK_DISABLE);
}

/** Secondary Bus Reset of the port itself, which DVSEC 3 may mask, or of the upstream port above it. */
export function isInBusReset(port: Port): bool {
  if (port.isRoot == 0 && testBits(port.parent.config, R.CONFIG_BRIDGE_HEADER_BRIDGE_CONTROL, R.BRIDGE_HEADER_BRIDGE_CONTROL_SECONDARY_BUS_RESET)) return true;
  return testBits(port.config, R.CONFIG_BRIDGE_HEADER_BRIDGE_CONTROL, R.BRIDGE_HEADER_BRIDGE_CONTROL_SECONDARY_BUS_RESET) && testBits(port.config, R.CONFIG_DVSEC_PORT_CONTROL, R.DVSEC_PORT_CONTROL_UNMASK_SECONDARY_BUS_RESET);
}

/** Software has taken power off the slot. */
export function isSlotOff(port: Port): bool {
  return testBits(port.config, R.CONFIG_PCIE_SLOT_CONTROL, R.PCIE_SLOT_CONTROL_POWER_CONTROLLER_CONTROL);
}

/** Slot power switched: without it the link goes down, and the card forgets what a hot reset would spare. */
export function switchSlotPower(m: Machine, port: Port): void {
  evaluateLink(m, port);
  if (isSlotOff(port) && port.plugged != NONE) resetCard(m, entityAt(m, port.plugged), false);
}

/** The port itself keeps the link down. */
function isHeldByPort(port: Port): bool {
  return isSlotOff(port) || isDisabled(port) || isInBusReset(port) || isContained(port) || holdsLinkDown(port);
}

function hasCard(port: Port): bool {
  return port.cableOut == 0 && (port.plugged != NONE || port.nextPlugged != NONE);
}

/** A root port has power; a downstream port while its switch is plugged in and the link above is up. */
function isPowered(port: Port): bool {
  if (port.isRoot != 0) return true;
  const above = changetype<Port>(port.parent.parent);
  return above.linkState == LINK_UP && above.plugged == port.parent.id;
}

/** Makes the link, and what the slot shows, follow what permits and what forbids it. */
export function evaluateLink(m: Machine, port: Port): void {
  if (!isPowered(port)) return;
  const mayRun = hasCard(port) && !isHeldByPort(port) && (port.linkState == LINK_UP || port.neverRetrain == 0);
  if (!mayRun && port.linkState != LINK_DOWN) goDown(m, port);
  else if (mayRun && port.linkState == LINK_DOWN) startTraining(m, port);
  slotEvents(m, port, presenceChange(port));
}

/** Shows the card as it is; returns the slot event if that changed anything. */
function presenceChange(port: Port): u32 {
  if (testBits(port.config, SLOT_STATUS, R.PCIE_SLOT_STATUS_PRESENCE) == hasCard(port)) return 0;
  showPresence(port);
  return R.PCIE_SLOT_STATUS_PRESENCE_CHANGED;
}

export function showPresence(port: Port): void {
  setBits(port.config, SLOT_STATUS, R.PCIE_SLOT_STATUS_PRESENCE, hasCard(port));
}

function startTraining(m: Machine, port: Port): void {
  port.linkState = LINK_TRAINING;
  port.linkAt = m.now + port.trainingTime;
  setBits(port.config, LINK_STATUS, R.PCIE_LINK_STATUS_TRAINING, true);
  traceHardware(m, HW_LINK, port.id, LINK_TRAINING, 0, 0, 0);
  refreshDeadline(m, port);
}

/** Secondary Bus Reset in Bridge Control (masked unless DVSEC 3 says otherwise): down while set, trains after release. */
export function secondaryBusReset(m: Machine, entity: Entity, old: u32): void {
  const changed = (old ^ getDword(entity.config, R.CONFIG_BRIDGE_HEADER_BRIDGE_CONTROL)) & R.BRIDGE_HEADER_BRIDGE_CONTROL_SECONDARY_BUS_RESET;
  if (changed != 0) evaluateLink(m, changetype<Port>(entity));
}

/** Bridge Control of an upstream port: while Secondary Bus Reset is set, its downstream ports are in reset (PCIe 7.5.1.3.13). */
export function resetInnerBus(m: Machine, inner: Switch): void {
  const isSet = testBits(inner.config, R.CONFIG_BRIDGE_HEADER_BRIDGE_CONTROL, R.BRIDGE_HEADER_BRIDGE_CONTROL_SECONDARY_BUS_RESET);
  for (let place: u32 = 0; place < inner.portCount; place++) {
    const port = portOf(inner, place);
    const wasUp = port.linkState == LINK_UP;
    if (isSet) resetPort(m, port, true);
    else evaluateLink(m, port);
    if (isSet && wasUp) loseBelow(m, port);
  }
}

/** An event of Link Status is pending whose enable in Link Control, in the same dword, is set (PCIe 7.5.3.6 to 8). */
function isNotified(link: u32): bool {
  if ((link & R.PCIE_LINK_STATUS_BANDWIDTH_MANAGEMENT) != 0 && (link & R.PCIE_LINK_CONTROL_BANDWIDTH_MANAGEMENT_ENABLE) != 0) return true;
  return (link & R.PCIE_LINK_STATUS_AUTONOMOUS_BANDWIDTH) != 0 && (link & R.PCIE_LINK_CONTROL_AUTONOMOUS_BANDWIDTH_ENABLE) != 0;
}

/** Link Control written. Retrain Link: an active link recovers at the rate it had and says so, a down link trains if it may. */
export function writeLinkControl(m: Machine, port: Port, old: u32, value: u32): void {
  evaluateLink(m, port);
  if ((value & R.PCIE_LINK_CONTROL_RETRAIN_LINK) != 0 && port.linkState == LINK_UP) setBits(port.config, LINK_STATUS, R.PCIE_LINK_STATUS_BANDWIDTH_MANAGEMENT, true);
  if (!isNotified(old) && isNotified(getDword(port.config, LINK_STATUS))) sendMessage(m, port, R.SLOT_MESSAGE);
}

/** The state alone: down, with nothing said to anyone. Also what a reset from above does. */
export function dropLink(m: Machine, port: Port): void {
  const wasUp = port.linkState == LINK_UP;
  port.linkState = LINK_DOWN;
  port.linkAt = NEVER;
  port.linkDownSeen = 1;
  port.cacheLinkDownSeen = 1;
  refreshDeadline(m, port);
  setBits(port.config, LINK_STATUS, R.PCIE_LINK_STATUS_TRAINING | R.PCIE_LINK_STATUS_LINK_ACTIVE | RATE, false);
  showTrained(port, false);
  traceHardware(m, HW_LINK, port.id, LINK_DOWN, 0, wasUp ? 1 : 0, 0);
  m.routeGeneration++;
  m.mmioGeneration++;
  if (wasUp && port.plugged != NONE) resetCard(m, entityAt(m, port.plugged), true);
}

function goDown(m: Machine, port: Port): void {
  const wasUp = port.linkState == LINK_UP;
  dropLink(m, port);
  if (!wasUp) return;
  const isExcused = isHeldByPort(port);
  if (m.hotplugFirst != 0) announceDown(m, port, isExcused);
  if (port.isRoot == 0) loseBelow(m, port);
  else {
    isolateOnLinkDown(m, port);
    if (!isIsolated(port)) loseLink(m, port);
  }
  if (m.hotplugFirst == 0) announceDown(m, port, isExcused);
}

function announceDown(m: Machine, port: Port, isExcused: bool): void {
  slotEvents(m, port, R.PCIE_SLOT_STATUS_LINK_STATE_CHANGED | presenceChange(port));
  if (!isExcused) reportUncorrectable(m, port, R.AER_UNCORRECTABLE_STATUS_SURPRISE_DOWN, R.AER_UNCORRECTABLE_STATUS_SURPRISE_DOWN_SHIFT);
}

/** The cable is pulled or put back. */
export function setCable(m: Machine, port: Port, isOut: u32): void {
  port.cableOut = isOut;
  port.cableBackAt = NEVER;
  evaluateLink(m, port);
  refreshDeadline(m, port);
}

/** The cable is pulled and comes back after a time. */
export function flapCable(m: Machine, port: Port, time: u64): void {
  setCable(m, port, 1);
  port.cableBackAt = m.now + time;
  refreshDeadline(m, port);
}

export function runCable(m: Machine, port: Port): void {
  setCable(m, port, 0);
}

/** The card is pulled, so that the link goes down if it is up, and another card, or none, put in: it is found at the next link-up. */
export function replace(m: Machine, port: Port, card: u32): void {
  const wasOut = port.cableOut;
  setCable(m, port, 1);
  port.cableOut = wasOut;
  port.plugged = NONE;
  port.nextPlugged = card;
  traceHardware(m, HW_PLUG, port.id, card, 0, 0, 0);
  evaluateLink(m, port);
}

/** Ends training that is due. */
export function runLink(m: Machine, port: Port): void {
  if (port.linkState != LINK_TRAINING) return;
  port.linkAt = NEVER;
  port.linkState = LINK_UP;
  if (port.nextPlugged != NONE) {
    port.plugged = port.nextPlugged;
    port.nextPlugged = NONE;
    resetCard(m, entityAt(m, port.plugged), false);
  }
  bringUp(m, port);
  traceHardware(m, HW_LINK, port.id, LINK_UP, 0, 0, 0);
  slotEvents(m, port, R.PCIE_SLOT_STATUS_LINK_STATE_CHANGED);
}

/** What training leaves at both ends beside the rate. */
function showTrained(port: Port, isUp: bool): void {
  setBits(port.config, R.CONFIG_DVSEC_PORT_STATUS, R.DVSEC_PORT_STATUS_POWER_MANAGEMENT_INIT_COMPLETE, isUp);
  showProtocols(port, isUp);
}

function showProtocols(end: Entity, isUp: bool): void {
  setBits(end.config, R.CONFIG_DVSEC_FLEX_BUS_STATUS, R.DVSEC_FLEX_BUS_STATUS_IO_ENABLED | R.DVSEC_FLEX_BUS_STATUS_MEMORY_ENABLED | R.DVSEC_FLEX_BUS_STATUS_FLIT68_AND_VH, isUp);
  setBits(end.component, R.COMPONENT_LINK_CONTROL_STATUS, R.LINK_CONTROL_STATUS_INIT_STATE, isUp);
}

/** The lower of both ends' speeds and of their widths, as Link Status has them. */
function commonRate(port: Port, card: Entity): u32 {
  const ours = getDword(port.config, R.CONFIG_PCIE_LINK_CAPABILITIES);
  const theirs = getDword(card.config, R.CONFIG_PCIE_LINK_CAPABILITIES);
  const speed = min(ours & R.PCIE_LINK_CAPABILITIES_MAX_SPEED, theirs & R.PCIE_LINK_CAPABILITIES_MAX_SPEED);
  const width = min(ours & R.PCIE_LINK_CAPABILITIES_MAX_WIDTH, theirs & R.PCIE_LINK_CAPABILITIES_MAX_WIDTH);
  return (speed | width) << R.PCIE_LINK_STATUS_SPEED_SHIFT;
}

/** What an active link shows at the port, then at its card; a switch's own ports begin to train. */
function bringUp(m: Machine, port: Port): void {
  const card = entityAt(m, port.plugged);
  const rate = commonRate(port, card);
  setBits(port.config, LINK_STATUS, R.PCIE_LINK_STATUS_TRAINING | RATE, false);
  setBits(port.config, LINK_STATUS, R.PCIE_LINK_STATUS_LINK_ACTIVE | rate, true);
  setBits(port.config, SLOT_STATUS, R.PCIE_SLOT_STATUS_PRESENCE, true);
  showTrained(port, true);
  m.routeGeneration++;
  m.mmioGeneration++;
  setDword(card.config, LINK_STATUS, getDword(card.config, LINK_STATUS) | rate);
  showProtocols(card, true);
  if (card.kind == KIND_DEVICE) return startMedia(m, changetype<Device>(card));
  const inner = changetype<Switch>(card);
  setBits(inner.config, R.CONFIG_DVSEC_PORT_STATUS, R.DVSEC_PORT_STATUS_POWER_MANAGEMENT_INIT_COMPLETE, true);
  for (let place: u32 = 0; place < inner.portCount; place++) m.built != 0 ? evaluateLink(m, portOf(inner, place)) : powerOn(m, portOf(inner, place));
}

/** State of a port when the machine is switched on: links of plugged cards have trained. */
export function powerOn(m: Machine, port: Port): void {
  if (port.plugged == NONE) return;
  port.linkState = LINK_UP;
  bringUp(m, port);
}
