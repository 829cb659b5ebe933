// Resets (PCIe 2.9, 6.6; CXL 3.2 9.7; component-registers sheet 14): conventional, hot for everything below a link that went down and from
// power-on for a card that was put in; function level; CXL reset. And the media of a device, ready some time after its link is up.

import { activateStaged } from "../cci/firmware";
import { resetCci, resetMailboxes, startCci } from "../cci/reset";
import { forgetBackInvalidate } from "../component/back-invalidate";
import { forgetCommits } from "../component/hdm-decoder";
import { forgetErrors } from "../component/ras";
import { refreshDeadline } from "../deadlines";
import * as R from "../generated/registers";
import { Device, Entity, KIND_DEVICE, LINK_DOWN, LINK_UP, Machine, NEVER, Port, Switch, portOf } from "../machine";
import { forgetContents } from "../media/pages";
import { abortExchange } from "../pci/doe";
import { refreshMailboxMessage, refreshMessageNumbers } from "../pci/msi";
import { getDword, resetBlock, setBits, setDword, testBits } from "../registers";
import { HW_READY, HW_RESET, traceHardware } from "../trace/ring";
import { dropLink, showPresence } from "./link-state";

export const MEDIA_NOT_READY: u32 = R.MEMORY_DEVICE_STATUS_STATUS_MEDIA_STATUS_NOT_READY;
export const MEDIA_READY: u32 = R.MEMORY_DEVICE_STATUS_STATUS_MEDIA_STATUS_READY;
export const MEDIA_ERROR: u32 = R.MEMORY_DEVICE_STATUS_STATUS_MEDIA_STATUS_ERROR;
export const MEDIA_DISABLED: u32 = R.MEMORY_DEVICE_STATUS_STATUS_MEDIA_STATUS_DISABLED;

const NEEDS_COLD: u32 = R.MEMORY_DEVICE_STATUS_STATUS_RESET_NEEDED_COLD << R.MEMORY_DEVICE_STATUS_STATUS_RESET_NEEDED_SHIFT;
const NEEDS_HOT: u32 = R.MEMORY_DEVICE_STATUS_STATUS_RESET_NEEDED_HOT << R.MEMORY_DEVICE_STATUS_STATUS_RESET_NEEDED_SHIFT;

export const RESET_COLD: u32 = 0;
export const RESET_HOT: u32 = 1;
export const RESET_FUNCTION: u32 = 2;
export const RESET_CXL: u32 = 3;

function resetEntity(m: Machine, entity: Entity, isHot: bool): void {
  resetBlock(entity.config, entity, isHot);
  resetBlock(entity.component, entity, isHot);
  if (!isHot) forgetErrors(entity);
  if (entity.decoderCount != 0) forgetCommits(m, entity);
  forgetBackInvalidate(m, entity);
}

/** Conventional reset of a card and of everything below it. */
export function resetCard(m: Machine, card: Entity, isHot: bool): void {
  if (card.kind == KIND_DEVICE) return resetDevice(m, changetype<Device>(card), isHot);
  const inner = changetype<Switch>(card);
  resetEntity(m, card, isHot);
  abortExchange(card);
  for (let place: u32 = 0; place < inner.portCount; place++) {
    resetPort(m, portOf(inner, place), isHot);
  }
  traceHardware(m, HW_RESET, card.id, 0, 0, isHot ? RESET_HOT : RESET_COLD, 0);
}

/** A downstream port of a switch is itself reset: its link goes with it, and nothing is said of that. */
export function resetPort(m: Machine, port: Port, isHot: bool): void {
  if (port.linkState != LINK_DOWN) dropLink(m, port);
  resetEntity(m, port, isHot);
  refreshMessageNumbers(port);
  showPresence(port);
}

/** `isHot` spares sticky registers. */
export function resetDevice(m: Machine, device: Device, isHot: bool): void {
  repartition(m, device);
  resetEntity(m, device, isHot);
  resetBlock(device.messages, device, false);
  resetBlock(device.registers, device, false);
  memory.fill(device.registers.image + (<usize>device.registers.dwords << 2), 0, device.registers.rawBytes);
  resetCci(m, device, isHot);
  abortExchange(device);
  device.linkAt = NEVER;
  device.isResetting = 0;
  setMediaState(m, device, MEDIA_NOT_READY);
  refreshDeadline(m, device);
  forgetContents(m, device, isHot);
  m.routeGeneration++;
  m.mmioGeneration++;
  traceHardware(m, HW_RESET, device.id, device.resetCount, 0, isHot ? RESET_HOT : RESET_COLD, 0);
}

/** The device below an active link gets its media ready; what its ranges are is known at once (8.1.3.8.2: within 1 s of the reset). */
export function startMedia(m: Machine, device: Device): void {
  setBits(device.config, R.CONFIG_DVSEC_DEVICE_RANGE1_SIZE_LOW, R.DVSEC_DEVICE_RANGE1_SIZE_LOW_MEMORY_INFO_VALID, true);
  if (hasSecondRange(device)) setBits(device.config, R.CONFIG_DVSEC_DEVICE_RANGE2_SIZE_LOW, R.DVSEC_DEVICE_RANGE2_SIZE_LOW_MEMORY_INFO_VALID, true);
  device.linkAt = m.now + device.readyTime;
  startCci(m, device);
  refreshDeadline(m, device);
}

/** The device resets itself, without its link going down: a hot reset that nobody asked for. */
export function resetItself(m: Machine, device: Device): void {
  const above = changetype<Port>(device.parent);
  const status = getDword(device.config, R.CONFIG_PCIE_LINK_STATUS);
  const protocols = getDword(device.config, R.CONFIG_DVSEC_FLEX_BUS_STATUS);
  const link = getDword(device.component, R.COMPONENT_LINK_CONTROL_STATUS);
  resetDevice(m, device, true);
  if (above.linkState != LINK_UP || above.plugged != device.id) return;
  setDword(device.config, R.CONFIG_PCIE_LINK_STATUS, status);
  setDword(device.config, R.CONFIG_DVSEC_FLEX_BUS_STATUS, protocols);
  setDword(device.component, R.COMPONENT_LINK_CONTROL_STATUS, link);
  startMedia(m, device);
}

/** Initiate Function Level Reset: config space but the payload size and what belongs to CXL.cache/mem and to the link; HDM decoders stay (sheet 14). */
export function resetFunction(m: Machine, device: Device): void {
  const config = device.config.image;
  const dvsec = <usize>R.CONFIG_DVSEC_DEVICE_HEADER << 2;
  const dvsecBytes = (<usize>R.CONFIG_DVSEC_DEVICE_CAPABILITY3 << 2) + 4 - dvsec;
  const status = getDword(device.config, R.CONFIG_PCIE_LINK_STATUS);
  const protocols = getDword(device.config, R.CONFIG_DVSEC_FLEX_BUS_STATUS);
  const payload = getDword(device.config, R.CONFIG_PCIE_DEVICE_CONTROL) & R.PCIE_DEVICE_CONTROL_MAX_PAYLOAD;
  memory.copy(m.scratch, config + dvsec, dvsecBytes);
  resetBlock(device.config, device, true);
  memory.copy(config + dvsec, m.scratch, dvsecBytes);
  setDword(device.config, R.CONFIG_PCIE_LINK_STATUS, status);
  setDword(device.config, R.CONFIG_DVSEC_FLEX_BUS_STATUS, protocols);
  setBits(device.config, R.CONFIG_PCIE_DEVICE_CONTROL, payload, true);
  resetBlock(device.messages, device, false);
  refreshMailboxMessage(device);
  resetMailboxes(m, device);
  abortExchange(device);
  m.mmioGeneration++;
  traceHardware(m, HW_RESET, device.id, device.resetCount, 0, RESET_FUNCTION, 0);
}

/** Initiate CXL Reset (8.1.3.4, 9.7): config space as by a function level reset, then CXL.mem: decoders, Mem_Enable, media until it ends. */
export function startCxlReset(m: Machine, device: Device): void {
  if (!testBits(device.config, R.CONFIG_DVSEC_DEVICE_CAPABILITY, R.DVSEC_DEVICE_CAPABILITY_RESET_CAPABLE) || device.isResetting != 0) return;
  const clears = testBits(device.config, R.CONFIG_DVSEC_DEVICE_CONTROL2, R.DVSEC_DEVICE_CONTROL2_RESET_MEMORY_CLEAR_ENABLE);
  resetFunction(m, device);
  resetBlock(device.component, device, true);
  setBits(device.component, R.COMPONENT_LINK_CONTROL_STATUS, R.LINK_CONTROL_STATUS_INIT_STATE, true);
  forgetCommits(m, device);
  forgetBackInvalidate(m, device);
  setBits(device.config, R.CONFIG_DVSEC_DEVICE_CONTROL, R.DVSEC_DEVICE_CONTROL_MEMORY_ENABLE, false);
  setBits(device.config, R.CONFIG_DVSEC_DEVICE_STATUS2, R.DVSEC_DEVICE_STATUS2_RESET_COMPLETE | R.DVSEC_DEVICE_STATUS2_RESET_ERROR, false);
  if (clears) forgetContents(m, device, false);
  activateStaged(device);
  repartition(m, device);
  device.isResetting = 1;
  device.linkAt = m.now + device.resetTime;
  refreshDeadline(m, device);
  m.routeGeneration++;
  traceHardware(m, HW_RESET, device.id, device.resetCount, 0, RESET_CXL, 0);
}

/** The media is ready, or the CXL reset has ended. */
export function runDevice(m: Machine, device: Device): void {
  device.linkAt = NEVER;
  if (device.isResetting != 0) {
    device.isResetting = 0;
    setBits(device.config, R.CONFIG_DVSEC_DEVICE_STATUS2, R.DVSEC_DEVICE_STATUS2_RESET_COMPLETE, true);
  }
  setMediaState(m, device, device.cci.needsSanitize != 0 ? MEDIA_DISABLED : MEDIA_READY);
  traceHardware(m, HW_READY, device.id, 0, 0, 0, 0);
}

/** Ranges show active while the media is ready; a second one that a partition change made is valid from then on too. */
export function setMediaState(m: Machine, device: Device, state: u32): void {
  device.mediaState = state;
  const isReady = state == MEDIA_READY;
  showMediaStatus(device, state);
  showRange(device, R.CONFIG_DVSEC_DEVICE_RANGE1_SIZE_LOW, isReady);
  showRange(device, R.CONFIG_DVSEC_DEVICE_RANGE2_SIZE_LOW, isReady && hasSecondRange(device));
  m.routeGeneration++;
}

/** Media status, and the reset that it asks for: never none while the media is in error or disabled (sheet 5). */
function showMediaStatus(device: Device, state: u32): void {
  const index = R.DEVICE_MEMORY_DEVICE_STATUS_STATUS;
  setBits(device.registers, index, R.MEMORY_DEVICE_STATUS_STATUS_MEDIA_STATUS | R.MEMORY_DEVICE_STATUS_STATUS_RESET_NEEDED, false);
  let bits = state << R.MEMORY_DEVICE_STATUS_STATUS_MEDIA_STATUS_SHIFT;
  if (state == MEDIA_ERROR) bits |= NEEDS_HOT;
  if (state == MEDIA_DISABLED) bits |= NEEDS_COLD;
  setBits(device.registers, index, bits, true);
}

/** A partition change that was asked for takes effect: the ranges of the DVSEC follow. */
export function repartition(m: Machine, device: Device): void {
  const wanted = device.cci.nextVolatile;
  if (wanted == NEVER) return;
  device.cci.nextVolatile = NEVER;
  device.volatileCapacity = wanted;
  const first = wanted != 0 ? wanted : device.capacity;
  const second = device.capacity - first;
  setRange(device, R.KEY_RANGE1_SIZE_HIGH, R.KEY_RANGE1_SIZE_LOW, R.CONFIG_DVSEC_DEVICE_RANGE1_SIZE_HIGH, R.CONFIG_DVSEC_DEVICE_RANGE1_SIZE_LOW, first);
  setRange(device, R.KEY_RANGE2_SIZE_HIGH, R.KEY_RANGE2_SIZE_LOW, R.CONFIG_DVSEC_DEVICE_RANGE2_SIZE_HIGH, R.CONFIG_DVSEC_DEVICE_RANGE2_SIZE_LOW, second);
  m.routeGeneration++;
}

function setRange(device: Device, highKey: u32, lowKey: u32, high: u32, low: u32, size: u64): void {
  store<u32>(device.keys + (<usize>highKey << 2), <u32>(size >> 32));
  store<u32>(device.keys + (<usize>lowKey << 2), <u32>size >> 28);
  setDword(device.config, high, <u32>(size >> 32));
  setDword(device.config, low, (getDword(device.config, low) & 0x0fff_ffff) | (<u32>size & 0xf000_0000));
}

function hasSecondRange(device: Device): bool {
  return device.volatileCapacity != 0 && device.volatileCapacity != device.capacity;
}

function showRange(device: Device, index: u32, isReady: bool): void {
  if (isReady) setBits(device.config, index, R.DVSEC_DEVICE_RANGE1_SIZE_LOW_MEMORY_INFO_VALID, true);
  setBits(device.config, index, R.DVSEC_DEVICE_RANGE1_SIZE_LOW_MEMORY_ACTIVE, isReady);
}
