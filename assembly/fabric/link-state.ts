// The link of a root port: up, training, down; what holds it down; what going down and coming up do (PCIe link rules, CXL 3.2 9.9, 12.3).
// Presence follows the card and its cable (PCIe 7.5.3.11). A link that the port itself takes down is no Surprise Down.

import * as R from "../generated/registers";
import { Device, LINK_DOWN, LINK_TRAINING, LINK_UP, Machine, NEVER, NONE, Port, deviceAt } from "../machine";
import { holdsLinkDown, isIsolated, isIsolationEnabled, isolate } from "../component/timeout-isolation";
import { linkSource, mediaSource, setDeadline } from "../deadlines";
import { resetDevice } from "./reset";
import { loseLink } from "./in-flight";
import { slotEvents } from "../pci/slot";
import { reportUncorrectable } from "../pci/aer";
import { getDword, setBits, setDword, testBits } from "../registers";
import { HW_LINK, HW_PLUG, HW_READY, traceHardware } from "../trace/ring";

const LINK_STATUS: u32 = R.ROOT_PORT_CONFIG_PCIE_ROOT_PORT_LINK_STATUS;
const LINK_CONTROL: u32 = R.ROOT_PORT_CONFIG_PCIE_ROOT_PORT_LINK_CONTROL;
const SLOT_STATUS: u32 = R.ROOT_PORT_CONFIG_PCIE_ROOT_PORT_SLOT_STATUS;
const RATE: u32 = R.PCIE_ROOT_PORT_LINK_STATUS_SPEED | R.PCIE_ROOT_PORT_LINK_STATUS_WIDTH;

/** Link Disable has its effect only when DVSEC 3 unmasks it (8.1.5.2). */
export function isDisabled(port: Port): bool {
  return testBits(port.config, LINK_CONTROL, R.PCIE_ROOT_PORT_LINK_CONTROL_LINK_DISABLE) && testBits(port.config, R.ROOT_PORT_CONFIG_DVSEC_PORT_CONTROL, R.DVSEC_PORT_CONTROL_UNMASK_LINK_DISABLE);
}

export function isInBusReset(port: Port): bool {
  return testBits(port.config, R.ROOT_PORT_CONFIG_BRIDGE_HEADER_BRIDGE_CONTROL, R.BRIDGE_HEADER_BRIDGE_CONTROL_SECONDARY_BUS_RESET) && testBits(port.config, R.ROOT_PORT_CONFIG_DVSEC_PORT_CONTROL, R.DVSEC_PORT_CONTROL_UNMASK_SECONDARY_BUS_RESET);
}

/** The port itself keeps the link down. */
function isHeldByPort(port: Port): bool {
  return isDisabled(port) || isInBusReset(port) || holdsLinkDown(port);
}

function hasCard(port: Port): bool {
  return port.cableOut == 0 && (port.plugged != NONE || port.nextPlugged != NONE);
}

/** Makes the link, and what the slot shows, follow what permits and what forbids it. */
export function evaluateLink(m: Machine, port: Port): void {
  const mayRun = hasCard(port) && !isHeldByPort(port) && (port.linkState == LINK_UP || port.neverRetrain == 0);
  if (!mayRun && port.linkState != LINK_DOWN) goDown(m, port);
  else if (mayRun && port.linkState == LINK_DOWN) startTraining(m, port);
  slotEvents(m, port, presenceChange(port));
}

/** Shows the card as it is; returns the slot event if that changed anything. */
function presenceChange(port: Port): u32 {
  if (testBits(port.config, SLOT_STATUS, R.PCIE_ROOT_PORT_SLOT_STATUS_PRESENCE) == hasCard(port)) return 0;
  setBits(port.config, SLOT_STATUS, R.PCIE_ROOT_PORT_SLOT_STATUS_PRESENCE, hasCard(port));
  return R.PCIE_ROOT_PORT_SLOT_STATUS_PRESENCE_CHANGED;
}

function startTraining(m: Machine, port: Port): void {
  port.linkState = LINK_TRAINING;
  port.trainedAt = m.now + port.trainingTime;
  setBits(port.config, LINK_STATUS, R.PCIE_ROOT_PORT_LINK_STATUS_TRAINING, true);
  traceHardware(m, HW_LINK, port.id, LINK_TRAINING, 0, 0, 0);
  setDeadline(m, linkSource(port.index), port.trainedAt);
}

/** Secondary Bus Reset in Bridge Control (masked unless DVSEC 3 says otherwise): down while set, trains after release. */
export function secondaryBusReset(m: Machine, port: Port, old: u32): void {
  if (((old ^ getDword(port.config, R.ROOT_PORT_CONFIG_BRIDGE_HEADER_BRIDGE_CONTROL)) & R.BRIDGE_HEADER_BRIDGE_CONTROL_SECONDARY_BUS_RESET) != 0) evaluateLink(m, port);
}

/** Link Control written. Retrain Link reads 0; on an active link it is a recovery without visible change, a down link trains if it may. */
export function writeLinkControl(m: Machine, port: Port): void {
  setBits(port.config, LINK_CONTROL, R.PCIE_ROOT_PORT_LINK_CONTROL_RETRAIN_LINK, false);
  evaluateLink(m, port);
}

function goDown(m: Machine, port: Port): void {
  const wasUp = port.linkState == LINK_UP;
  port.linkState = LINK_DOWN;
  port.trainedAt = NEVER;
  port.linkDownSeen = 1;
  setDeadline(m, linkSource(port.index), NEVER);
  setBits(port.config, LINK_STATUS, R.PCIE_ROOT_PORT_LINK_STATUS_TRAINING | R.PCIE_ROOT_PORT_LINK_STATUS_LINK_ACTIVE | RATE, false);
  showTrained(port, false);
  traceHardware(m, HW_LINK, port.id, LINK_DOWN, 0, wasUp ? 1 : 0, 0);
  m.routeGeneration++;
  m.mmioGeneration++;
  if (!wasUp) return;
  if (port.plugged != NONE) resetDevice(m, deviceAt(m, port.plugged), true);
  const isExcused = isHeldByPort(port);
  if (m.hotplugFirst != 0) announceDown(m, port, isExcused);
  if (isIsolationEnabled(port)) isolate(m, port, true);
  else if (!isIsolated(port)) loseLink(m, port);
  if (m.hotplugFirst == 0) announceDown(m, port, isExcused);
}

function announceDown(m: Machine, port: Port, isExcused: bool): void {
  slotEvents(m, port, R.PCIE_ROOT_PORT_SLOT_STATUS_LINK_STATE_CHANGED | presenceChange(port));
  if (!isExcused) reportUncorrectable(m, port, R.AER_ROOT_PORT_UNCORRECTABLE_STATUS_SURPRISE_DOWN, R.AER_ROOT_PORT_UNCORRECTABLE_STATUS_SURPRISE_DOWN_SHIFT);
}

/** The cable is pulled or put back. */
export function setCable(m: Machine, port: Port, isOut: u32): void {
  port.cableOut = isOut;
  evaluateLink(m, port);
}

/** The card is pulled, so that the link goes down if it is up, and another device slot's card put in: it is found at the next link-up. */
export function replace(m: Machine, port: Port, slot: u32): void {
  const wasOut = port.cableOut;
  setCable(m, port, 1);
  port.cableOut = wasOut;
  port.nextPlugged = slot;
  traceHardware(m, HW_PLUG, port.id, slot == NONE ? NONE : deviceAt(m, slot).id, 0, 0, 0);
  evaluateLink(m, port);
}

/** Ends training that is due. */
export function runLink(m: Machine, port: Port): void {
  if (port.linkState != LINK_TRAINING || port.trainedAt > m.now) return;
  port.trainedAt = NEVER;
  port.linkState = LINK_UP;
  if (port.nextPlugged != NONE) {
    port.plugged = port.nextPlugged;
    port.nextPlugged = NONE;
    resetDevice(m, deviceAt(m, port.plugged), false);
  }
  bringUp(m, port, m.now);
  traceHardware(m, HW_LINK, port.id, LINK_UP, 0, 0, 0);
  slotEvents(m, port, R.PCIE_ROOT_PORT_SLOT_STATUS_LINK_STATE_CHANGED);
}

/** What training leaves at both ends beside the rate. */
function showTrained(port: Port, isUp: bool): void {
  setBits(port.config, R.ROOT_PORT_CONFIG_DVSEC_PORT_STATUS, R.DVSEC_PORT_STATUS_POWER_MANAGEMENT_INIT_COMPLETE, isUp);
  setBits(port.config, R.ROOT_PORT_CONFIG_DVSEC_FLEX_BUS_STATUS, R.DVSEC_FLEX_BUS_STATUS_IO_ENABLED | R.DVSEC_FLEX_BUS_STATUS_MEMORY_ENABLED | R.DVSEC_FLEX_BUS_STATUS_FLIT68_AND_VH, isUp);
  setBits(port.component, R.ROOT_PORT_COMPONENT_LINK_CONTROL_STATUS, R.LINK_CONTROL_STATUS_INIT_STATE, isUp);
}

/** What an active link shows; also the state at power-on. */
export function bringUp(m: Machine, port: Port, from: u64): void {
  const capabilities = getDword(port.config, R.ROOT_PORT_CONFIG_PCIE_ROOT_PORT_LINK_CAPABILITIES);
  const rate = (capabilities & (R.PCIE_ROOT_PORT_LINK_CAPABILITIES_MAX_SPEED | R.PCIE_ROOT_PORT_LINK_CAPABILITIES_MAX_WIDTH)) << R.PCIE_ROOT_PORT_LINK_STATUS_SPEED_SHIFT;
  setBits(port.config, LINK_STATUS, R.PCIE_ROOT_PORT_LINK_STATUS_TRAINING | RATE, false);
  setBits(port.config, LINK_STATUS, R.PCIE_ROOT_PORT_LINK_STATUS_LINK_ACTIVE | rate, true);
  setBits(port.config, SLOT_STATUS, R.PCIE_ROOT_PORT_SLOT_STATUS_PRESENCE, true);
  showTrained(port, true);
  m.routeGeneration++;
  m.mmioGeneration++;
  bringUpDevice(m, deviceAt(m, port.plugged), rate, from);
}

function bringUpDevice(m: Machine, device: Device, rate: u32, from: u64): void {
  const status = R.DEVICE_CONFIG_PCIE_ENDPOINT_LINK_STATUS;
  setDword(device.config, status, getDword(device.config, status) | rate);
  setBits(device.config, R.DEVICE_CONFIG_DVSEC_FLEX_BUS_STATUS, R.DVSEC_FLEX_BUS_STATUS_IO_ENABLED | R.DVSEC_FLEX_BUS_STATUS_MEMORY_ENABLED | R.DVSEC_FLEX_BUS_STATUS_FLIT68_AND_VH, true);
  setBits(device.component, R.DEVICE_COMPONENT_LINK_CONTROL_STATUS, R.LINK_CONTROL_STATUS_INIT_STATE, true);
  device.readyAt = from + device.readyTime;
  setDeadline(m, mediaSource(m, device.index), device.readyAt);
}

/** Media that has become ready shows it (Memory_Info_Valid, Memory_Active). */
export function runMedia(m: Machine, device: Device): void {
  if (device.readyAt > m.now) return;
  device.readyAt = NEVER;
  setBits(device.config, R.DEVICE_CONFIG_DVSEC_DEVICE_RANGE1_SIZE_LOW, R.DVSEC_DEVICE_RANGE1_SIZE_LOW_MEMORY_INFO_VALID | R.DVSEC_DEVICE_RANGE1_SIZE_LOW_MEMORY_ACTIVE, true);
  traceHardware(m, HW_READY, device.id, 0, 0, 0, 0);
  m.routeGeneration++;
}
