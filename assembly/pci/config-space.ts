// Config space: which function answers an address, and narrow accesses to it (PCIe 7.2, 7.3.1: type 1 accesses follow the live bus numbers).

import { matchAccess } from "../fault/probes";
import * as R from "../generated/registers";
import { Block, LINK_UP, Machine, NONE, Port, bridgeAt, deviceAt, portAt } from "../machine";
import { ACCESS_DONE, ACCESS_UNANSWERED, ACCESS_WRONG_WIDTH, getDword, judge, traceRefused, writeDword } from "../registers";
import { ACCESS_CONFIG_READ, ACCESS_CONFIG_WRITE, LAYER_ACCESS, REFUSED_WIDTH, trace } from "../trace/ring";

const CONFIG_SIZE: u32 = 4096;

function busOf(port: Port, mask: u32, shift: u32): u32 {
  return (getDword(port.config, R.ROOT_PORT_CONFIG_BRIDGE_HEADER_PRIMARY_BUS) & mask) >> shift;
}

function behindPort(m: Machine, port: Port, bus: u32, deviceFunction: u32): Block | null {
  const secondary = busOf(port, R.BRIDGE_HEADER_SECONDARY_BUS_VALUE, R.BRIDGE_HEADER_SECONDARY_BUS_VALUE_SHIFT);
  if (secondary == 0 || bus != secondary || deviceFunction != 0 || port.linkState != LINK_UP || port.plugged == NONE) return null;
  return deviceAt(m, port.plugged).config;
}

/** The function at segment:bus:device.function, or null: nothing answers. */
export function findFunction(m: Machine, address: u32): Block | null {
  const segment = address >> 16;
  const bus = (address >> 8) & 0xff;
  const deviceFunction = address & 0xff;
  for (let i: u32 = 0; i < m.bridgeCount; i++) {
    const bridge = bridgeAt(m, i);
    if (bridge.segment != segment || bus < bridge.busStart || bus > bridge.busEnd) continue;
    for (let j: u32 = 0; j < bridge.portCount; j++) {
      const port = portAt(m, bridge.firstPort + j);
      if (bus == bridge.busStart) {
        if (deviceFunction == port.deviceNumber << 3) return port.config;
      } else {
        const found = behindPort(m, port, bus, deviceFunction);
        if (found !== null) return found;
      }
    }
  }
  return null;
}

function ones(width: u32): u32 {
  return width == 4 ? 0xffff_ffff : (1 << (width << 3)) - 1;
}

/** The function behind an access; what a probe does when it sees the access comes first. */
function reach(m: Machine, address: u32, offset: u32, width: u32, isWrite: bool, value: u32): Block | null {
  const block = findFunction(m, address);
  if (m.armedAccess == 0 || block === null) return block;
  matchAccess(m, block.entity.id, true, offset, width, isWrite, value);
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
  trace(m, LAYER_ACCESS, ACCESS_CONFIG_WRITE, address, offset, value, 0, width | (judgement << 8), block === null ? NONE : block.entity.id);
  if (block === null) return;
  if (judgement == ACCESS_WRONG_WIDTH) traceRefused(m, block, offset, value, REFUSED_WIDTH, width);
  if (judgement != ACCESS_DONE) return;
  const shift = (offset & 3) << 3;
  writeDword(m, block, offset >> 2, (value & ones(width)) << shift, ones(width) << shift);
}
