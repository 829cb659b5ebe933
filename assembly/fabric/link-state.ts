// The link of a root port: up, training, down; what holds it down; what going down and coming up do (PCIe link rules, CXL 3.2 9.9, 12.3).

import * as R from "../generated/registers";
import { Device, LINK_DOWN, LINK_TRAINING, LINK_UP, Machine, NEVER, NONE, Port, deviceAt } from "../machine";
import { holdsLinkDown, isIsolationEnabled, isolate } from "../component/timeout-isolation";
import { resetDevice } from "./reset";
import { loseLink } from "./in-flight";
import { reportUncorrectable, slotEvent } from "../pci/interrupts";
import { getDword, setBits, setDword, testBits } from "../registers";
import { reschedule } from "../time";
import { HW_LINK, HW_PLUG, HW_READY, traceHardware } from "../trace/ring";
import { checkRegisterProbes } from "../fault/probes";

const LINK_STATUS: u32 = R.ROOT_PORT_CONFIG_PCIE_ROOT_PORT_LINK_STATUS;
const LINK_CONTROL: u32 = R.ROOT_PORT_CONFIG_PCIE_ROOT_PORT_LINK_CONTROL;

function isDisabled(port: Port): bool {
  return testBits(port.config, LINK_CONTROL, R.PCIE_ROOT_PORT_LINK_CONTROL_LINK_DISABLE) && testBits(port.config, R.ROOT_PORT_CONFIG_DVSEC_PORT_CONTROL, R.DVSEC_PORT_CONTROL_UNMASK_LINK_DISABLE);
}

function isInBusReset(port: Port): bool {
  return testBits(port.config, R.ROOT_PORT_CONFIG_BRIDGE_HEADER_BRIDGE_CONTROL, R.BRIDGE_HEADER_BRIDGE_CONTROL_SECONDARY_BUS_RESET) && testBits(port.config, R.ROOT_PORT_CONFIG_DVSEC_PORT_CONTROL, R.DVSEC_PORT_CONTROL_UNMASK_SECONDARY_BUS_RESET);
}

function mayTrain(port: Port): bool {
  if (port.cableOut != 0 || port.neverRetrain != 0) return false;
  return (port.plugged != NONE || port.nextPlugged != NONE) && !isDisabled(port) && !isInBusReset(port) && !holdsLinkDown(port);
}

/** Makes the link follow what permits and what forbids it. */
export function evaluateLink(m: Machine, port: Port): void {
  const mayRun = port.linkState == LINK_UP ? port.cableOut == 0 && !isDisabled(port) && !isInBusReset(port) && !holdsLinkDown(port) : mayTrain(port);
  if (!mayRun && port.linkState != LINK_DOWN) goDown(m, port);
  else if (mayRun && port.linkState == LINK_DOWN) startTraining(m, port);
}

function startTraining(m: Machine, port: Port): void {
  port.linkState = LINK_TRAINING;
  port.trainedAt = m.now + port.trainingTime;
  setBits(port.config, LINK_STATUS, R.PCIE_ROOT_PORT_LINK_STATUS_TRAINING, true);
  traceHardware(m, HW_LINK, port.id, LINK_TRAINING, 0, 0, 0);
  reschedule(m, port.trainedAt);
}

/** Retrain Link on an active link: down and up again without reset is a recovery; modelled as no visible change. On a down link: train. */
export function retrain(m: Machine, port: Port): void {
  if (port.linkState == LINK_DOWN && mayTrain(port)) startTraining(m, port);
}

/** Secondary Bus Reset in Bridge Control (masked unless DVSEC 3 says otherwise): down while set, trains after release. */
export function secondaryBusReset(m: Machine, port: Port, old: u32): void {
  if (((old ^ getDword(port.config, R.ROOT_PORT_CONFIG_BRIDGE_HEADER_BRIDGE_CONTROL)) & R.BRIDGE_HEADER_BRIDGE_CONTROL_SECONDARY_BUS_RESET) != 0) evaluateLink(m, port);
}

function goDown(m: Machine, port: Port): void {
  const wasUp = port.linkState == LINK_UP;
  port.linkState = LINK_DOWN;
  port.trainedAt = NEVER;
  port.linkDownSeen = 1;
  setBits(port.config, LINK_STATUS, R.PCIE_ROOT_PORT_LINK_STATUS_TRAINING | R.PCIE_ROOT_PORT_LINK_STATUS_LINK_ACTIVE | R.PCIE_ROOT_PORT_LINK_STATUS_SPEED | R.PCIE_ROOT_PORT_LINK_STATUS_WIDTH, false);
  setBits(port.config, R.ROOT_PORT_CONFIG_DVSEC_FLEX_BUS_STATUS, R.DVSEC_FLEX_BUS_STATUS_IO_ENABLED | R.DVSEC_FLEX_BUS_STATUS_MEMORY_ENABLED | R.DVSEC_FLEX_BUS_STATUS_FLIT68_AND_VH, false);
  setBits(port.component, R.ROOT_PORT_COMPONENT_LINK_CONTROL_STATUS, R.LINK_CONTROL_STATUS_INIT_STATE, false);
  traceHardware(m, HW_LINK, port.id, LINK_DOWN, 0, wasUp ? 1 : 0, 0);
  m.routeGeneration++;
  m.mmioGeneration++;
  if (!wasUp) return;
  if (port.plugged != NONE) resetDevice(m, deviceAt(m, port.plugged));
  const isExcused = isDisabled(port) || isInBusReset(port);
  if (m.hotplugFirst != 0) announceDown(m, port, isExcused);
  if (isIsolationEnabled(port)) isolate(m, port, true);
  else loseLink(m, port);
  if (m.hotplugFirst == 0) announceDown(m, port, isExcused);
  if (m.armedRegister != 0) checkRegisterProbes(m);
}

function announceDown(m: Machine, port: Port, isExcused: bool): void {
  slotEvent(m, port, R.PCIE_ROOT_PORT_SLOT_STATUS_LINK_STATE_CHANGED, R.PCIE_ROOT_PORT_SLOT_CONTROL_LINK_STATE_CHANGED_ENABLE);
  if (!isExcused) reportUncorrectable(m, port, R.AER_ROOT_PORT_UNCORRECTABLE_STATUS_SURPRISE_DOWN);
}

/** Plugs another device slot into the port; it is found at the next link-up. */
export function plug(m: Machine, port: Port, slot: u32): void {
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
    resetDevice(m, deviceAt(m, port.plugged));
  }
  bringUp(m, port, m.now);
  traceHardware(m, HW_LINK, port.id, LINK_UP, 0, 0, 0);
  slotEvent(m, port, R.PCIE_ROOT_PORT_SLOT_STATUS_LINK_STATE_CHANGED, R.PCIE_ROOT_PORT_SLOT_CONTROL_LINK_STATE_CHANGED_ENABLE);
  if (m.armedRegister != 0) checkRegisterProbes(m);
}

/** What an active link shows; also the state at power-on. */
export function bringUp(m: Machine, port: Port, from: u64): void {
  const capabilities = getDword(port.config, R.ROOT_PORT_CONFIG_PCIE_ROOT_PORT_LINK_CAPABILITIES);
  const rate = capabilities & (R.PCIE_ROOT_PORT_LINK_CAPABILITIES_MAX_SPEED | R.PCIE_ROOT_PORT_LINK_CAPABILITIES_MAX_WIDTH);
  const shift = R.PCIE_ROOT_PORT_LINK_STATUS_SPEED_SHIFT;
  setBits(port.config, LINK_STATUS, R.PCIE_ROOT_PORT_LINK_STATUS_TRAINING, false);
  setBits(port.config, LINK_STATUS, R.PCIE_ROOT_PORT_LINK_STATUS_LINK_ACTIVE | (rate << shift), true);
  setBits(port.config, R.ROOT_PORT_CONFIG_PCIE_ROOT_PORT_SLOT_STATUS, R.PCIE_ROOT_PORT_SLOT_STATUS_PRESENCE, true);
  setBits(port.config, R.ROOT_PORT_CONFIG_DVSEC_PORT_STATUS, R.DVSEC_PORT_STATUS_POWER_MANAGEMENT_INIT_COMPLETE, true);
  setBits(port.config, R.ROOT_PORT_CONFIG_DVSEC_FLEX_BUS_STATUS, R.DVSEC_FLEX_BUS_STATUS_IO_ENABLED | R.DVSEC_FLEX_BUS_STATUS_MEMORY_ENABLED | R.DVSEC_FLEX_BUS_STATUS_FLIT68_AND_VH, true);
  setBits(port.component, R.ROOT_PORT_COMPONENT_LINK_CONTROL_STATUS, R.LINK_CONTROL_STATUS_INIT_STATE, true);
  m.routeGeneration++;
  m.mmioGeneration++;
  bringUpDevice(m, deviceAt(m, port.plugged), rate << shift, from);
}

function bringUpDevice(m: Machine, device: Device, rate: u32, from: u64): void {
  const status = R.DEVICE_CONFIG_PCIE_ENDPOINT_LINK_STATUS;
  setDword(device.config, status, getDword(device.config, status) | rate);
  setBits(device.config, R.DEVICE_CONFIG_DVSEC_FLEX_BUS_STATUS, R.DVSEC_FLEX_BUS_STATUS_IO_ENABLED | R.DVSEC_FLEX_BUS_STATUS_MEMORY_ENABLED | R.DVSEC_FLEX_BUS_STATUS_FLIT68_AND_VH, true);
  setBits(device.component, R.DEVICE_COMPONENT_LINK_CONTROL_STATUS, R.LINK_CONTROL_STATUS_INIT_STATE, true);
  device.readyAt = from + device.readyTime;
  reschedule(m, device.readyAt);
}

/** Media that has become ready shows it (Memory_Info_Valid, Memory_Active). */
export function runMedia(m: Machine, device: Device): void {
  if (device.readyAt > m.now) return;
  device.readyAt = NEVER;
  setBits(device.config, R.DEVICE_CONFIG_DVSEC_DEVICE_RANGE1_SIZE_LOW, R.DVSEC_DEVICE_RANGE1_SIZE_LOW_MEMORY_INFO_VALID | R.DVSEC_DEVICE_RANGE1_SIZE_LOW_MEMORY_ACTIVE, true);
  traceHardware(m, HW_READY, device.id, 0, 0, 0, 0);
  m.routeGeneration++;
}
