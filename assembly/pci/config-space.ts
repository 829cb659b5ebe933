// Config space: which function answers an address, and narrow accesses to it (PCIe 7.2, 7.3.1: type 1 accesses follow the live bus numbers).

import { CONFIG_FLAG, matchAccess } from "../fault/probes";
import * as R from "../generated/registers";
import { Block, Bridge, Entity, Hub, KIND_SWITCH, Machine, NONE, Port, bridgeAt, entityAt, portOf } from "../machine";
import { isLive } from "../fabric/routing";
import { ACCESS_DONE, ACCESS_UNANSWERED, ACCESS_WRONG_WIDTH, getDword, judge, traceRefused, writeDword } from "../registers";
import { ACCESS_CONFIG_READ, ACCESS_CONFIG_WRITE, LAYER_ACCESS, REFUSED_WIDTH, trace } from "../trace/ring";

const CONFIG_SIZE: u32 = 4096;
const SECONDARY: u32 = R.BRIDGE_HEADER_SECONDARY_BUS_VALUE_SHIFT;
const SUBORDINATE: u32 = R.BRIDGE_HEADER_SUBORDINATE_BUS_VALUE_SHIFT;

/** Number of the bus below a bridge function, as software has set it. */
export function secondaryBus(bridge: Entity): u32 {
  return (getDword(bridge.config, R.CONFIG_BRIDGE_HEADER_PRIMARY_BUS) >> SECONDARY) & 0xff;
}

/** A bridge function passes a bus on, to its secondary side (7.3.3): the bus right below, or one behind it. Bus 0 is never below. */
function passes(bridge: Entity, bus: u32): bool {
  const secondary = secondaryBus(bridge);
  if (secondary == 0 || bus < secondary) return false;
  return bus == secondary || bus <= ((getDword(bridge.config, R.CONFIG_BRIDGE_HEADER_PRIMARY_BUS) >> SUBORDINATE) & 0xff);
}

/** The port of a host bridge or switch that passes a bus on, or null. */
function portToward(hub: Hub, bus: u32): Port | null {
  for (let place: u32 = 0; place < hub.portCount; place++) if (passes(portOf(hub, place), bus)) return portOf(hub, place);
  return null;
}

function portOn(hub: Hub, deviceFunction: u32): Block | null {
  if ((deviceFunction & 7) != 0) return null;
  const port = load<usize>(hub.portsByDevice + <usize>(deviceFunction >> 3) * sizeof<usize>());
  return port == 0 ? null : changetype<Port>(port).config;
}

/** Follows the bus numbers down from a host bridge or switch. */
function follow(m: Machine, from: Hub, bus: u32, deviceFunction: u32): Block | null {
  let hub = from;
  while (true) {
    const port = portToward(hub, bus);
    if (port === null || !isLive(port)) return null;
    const card = entityAt(m, port.plugged);
    if (bus == secondaryBus(port)) return deviceFunction == 0 ? card.config : null;
    if (card.kind != KIND_SWITCH || !passes(card, bus)) return null;
    hub = changetype<Hub>(card);
    if (bus == secondaryBus(card)) return portOn(hub, deviceFunction);
  }
}

/** The function at segment:bus:device.function, or null: nothing answers. */
function findFunction(m: Machine, address: u32): Block | null {
  const segment = address >> 16;
  const bus = (address >> 8) & 0xff;
  for (let i: u32 = 0; i < m.bridgeCount; i++) {
    const bridge: Bridge = bridgeAt(m, i);
    if (bridge.segment != segment || bus < bridge.busStart || bus > bridge.busEnd) continue;
    return bus == bridge.busStart ? portOn(bridge, address & 0xff) : follow(m, bridge, bus, address & 0xff);
  }
  return null;
}

/** Requester id of a function: its bus as configured, its device number. */
export function requesterId(entity: Entity): u32 {
  if (entity.kind != 1) return secondaryBus(entity.parent) << 8;
  const port = changetype<Port>(entity);
  const bus = port.isRoot != 0 ? changetype<Bridge>(port.parent).busStart : secondaryBus(port.parent);
  return (bus << 8) | (port.deviceNumber << 3);
}

function ones(width: u32): u32 {
  return width == 4 ? 0xffff_ffff : (1 << (width << 3)) - 1;
}

/** The function behind an access; what a probe does when it sees the access comes first. */
function reach(m: Machine, address: u32, offset: u32, width: u32, isWrite: bool, value: u32): Block | null {
  const block = findFunction(m, address);
  if (m.armedAccess == 0 || block === null) return block;
  matchAccess(m, block.entity.id, CONFIG_FLAG, offset, width, isWrite, value);
  return findFunction(m, address);
}

function judgeConfig(block: Block | null, offset: u32, width: u32): u32 {
  if (block === null) return ACCESS_UNANSWERED;
  return width > 4 || offset >= CONFIG_SIZE ? ACCESS_WRONG_WIDTH : judge(block, offset, width);
}

export function configRead(m: Machine, address: u32, offset: u32, width: u32): u32 {
  const block = reach(m, address, offset, width, false, 0);
  const judgement = judgeConfig(block, offset, width);
  let value: u32 = 0;
  if (block === null) value = ones(width);
  else if (judgement == ACCESS_DONE) value = (getDword(block, offset >> 2) >> ((offset & 3) << 3)) & ones(width);
  else if (judgement == ACCESS_WRONG_WIDTH) traceRefused(m, block, offset, 0, REFUSED_WIDTH, width);
  trace(m, LAYER_ACCESS, ACCESS_CONFIG_READ, address, offset, value, 0, width | (judgement << 8), block === null ? NONE : block.entity.id);
  return value;
}

export function configWrite(m: Machine, address: u32, offset: u32, width: u32, value: u32): void {
  const block = reach(m, address, offset, width, true, value);
  const judgement = judgeConfig(block, offset, width);
  const before = block !== null && judgement == ACCESS_DONE ? getDword(block, offset >> 2) : 0;
  trace(m, LAYER_ACCESS, ACCESS_CONFIG_WRITE, address, offset, value, before, width | (judgement << 8), block === null ? NONE : block.entity.id);
  if (block === null) return;
  if (judgement == ACCESS_WRONG_WIDTH) traceRefused(m, block, offset, value, REFUSED_WIDTH, width);
  if (judgement != ACCESS_DONE) return;
  const shift = (offset & 3) << 3;
  writeDword(m, block, offset >> 2, (value & ones(width)) << shift, ones(width) << shift);
}
