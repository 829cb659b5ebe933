// From a host physical address to a root port, and from there through switches to a device address (cedt sheet 3 to 5, CXL 3.2 8.2.4.20,
// 9.18.1). A decoder without a port of the number it names claims nothing.

import { dpaOf, findRow, targetOf } from "../component/hdm-decoder";
import * as R from "../generated/registers";
import { Bridge, Device, Entity, Hub, KIND_DEVICE, LINK_UP, Machine, NONE, Port, Range, Switch, WINDOW_STRIDE, Window, entityAt, portOf } from "../machine";
import { getDword, testBits } from "../registers";

/** What a walk to a device ended with; `foundMiss` of the machine. */
export const FOUND: u32 = 0;
export const MISS_ONES: u32 = 1;
export const MISS_POISON: u32 = 2;
/** A downstream port on the way is not up. */
export const MISS_SILENT: u32 = 3;

const UNCLAIMED: u64 = ~(<u64>0);

function parity(address: u64, map: u64): u32 {
  return <u32>popcnt(address & map) & 1;
}

/** Way of XOR arithmetic: low bits from the maps, for 6 and 12 ways the rest from the address modulo 3 (cedt sheet 5). */
function xorWay(window: Window, address: u64): u32 {
  let way: u32 = 0;
  const bits = window.mapCount;
  if (bits > 0) way |= parity(address, window.map0);
  if (bits > 1) way |= parity(address, window.map1) << 1;
  if (bits > 2) way |= parity(address, window.map2) << 2;
  if (bits > 3) way |= parity(address, window.map3) << 3;
  if (window.ways % 3 == 0) way |= <u32>((address >> (window.granularityShift + <u64>bits)) % 3) << bits;
  return min(way, window.ways - 1);
}

function otherWay(window: Window, address: u64): u32 {
  if (window.mapCount != 0) return xorWay(window, address);
  return <u32>((address >> window.granularityShift) % <u64>window.ways);
}

/** Host bridge that the address maps of the CPU route an address to (CFMWS arithmetic on the absolute HPA), or null. */
// @ts-ignore: decorator
@inline
function bridgeOf(m: Machine, address: u64): Bridge | null {
  const count = m.windowCount;
  let at = m.windows;
  for (let i: u32 = 0; i < count; i++, at += WINDOW_STRIDE) {
    const window = changetype<Window>(at);
    if (address - window.base >= window.size) continue;
    const mask = window.wayMask;
    const way = mask != 0 || window.ways == 1 ? <u32>(address >> window.granularityShift) & mask : otherWay(window, address);
    return changetype<Bridge>(load<usize>(at + <usize>way * sizeof<usize>(), offsetof<Window>()));
  }
  return null;
}

/** Port of a host bridge or switch that an address goes to, or 0. Without decoders everything passes to the one port. */
// @ts-ignore: decorator
@inline
function nextPort(hub: Hub, address: u64): usize {
  if (hub.decoderCount == 0) return changetype<usize>(portOf(hub, 0));
  const row = findRow(hub, address);
  if (row == 0) return 0;
  return load<usize>(hub.portsByNumber + <usize>targetOf(row, address) * sizeof<usize>());
}

/** Root port index for an address of CXL memory, or NONE: no window or no decoder claims it. */
// @ts-ignore: decorator
@inline
export function routeToPort(m: Machine, address: u64): u32 {
  const bridge = bridgeOf(m, address);
  if (bridge === null) return NONE;
  const port = nextPort(bridge, address);
  return port == 0 ? NONE : changetype<Port>(port).index;
}

export function isRam(m: Machine, address: u64): bool {
  for (let i: u32 = 0; i < m.ramCount; i++) {
    const range = changetype<Range>(m.rams + <usize>i * offsetof<Range>());
    if (address >= range.base && address - range.base < range.size) return true;
  }
  return false;
}

/** Something is plugged below a port whose link is up. */
export function isLive(port: Port): bool {
  return port.linkState == LINK_UP && port.plugged != NONE;
}

/** Walks from a live root port to the device an address reaches; the answer is in the machine's `found` fields. */
export function locate(m: Machine, from: Port, address: u64): u32 {
  let port = from;
  m.foundLatency = 0;
  m.foundDevice = 0;
  while (true) {
    if (!isLive(port)) return (m.foundMiss = m.deadPortAnswers != 0 ? MISS_ONES : MISS_SILENT);
    const card = entityAt(m, port.plugged);
    if (card.kind == KIND_DEVICE) return locateDevice(m, changetype<Device>(card), address);
    m.foundLatency += changetype<Switch>(card).latency;
    const next = nextPort(changetype<Hub>(card), address);
    if (next == 0) return (m.foundMiss = missOf(card));
    port = changetype<Port>(next);
  }
}

function locateDevice(m: Machine, device: Device, address: u64): u32 {
  m.foundDevice = changetype<usize>(device);
  m.foundDpa = dpaAt(device, address);
  return (m.foundMiss = m.foundDpa == UNCLAIMED ? missOf(device) : FOUND);
}

/** A read that no decoder claims: poison if Global Control says so, else all ones (8.2.4.20.2). */
function missOf(entity: Entity): u32 {
  return testBits(entity.component, R.COMPONENT_HDM_DECODER_PORT_GLOBAL_CONTROL, R.HDM_DECODER_PORT_GLOBAL_CONTROL_POISON_ON_DECODE_ERROR_ENABLE) ? MISS_POISON : MISS_ONES;
}

/** DPA of an address at a device, or ~0: nothing there claims it (Mem_Enable off, no decoder, beyond capacity). */
function dpaAt(device: Device, address: u64): u64 {
  if (!testBits(device.config, R.CONFIG_DVSEC_DEVICE_CONTROL, R.DVSEC_DEVICE_CONTROL_MEMORY_ENABLE)) return UNCLAIMED;
  let dpa = UNCLAIMED;
  if (testBits(device.component, R.COMPONENT_HDM_DECODER_DEVICE_GLOBAL_CONTROL, R.HDM_DECODER_DEVICE_GLOBAL_CONTROL_DECODER_ENABLE)) {
    const row = findRow(device, address);
    if (row != 0) dpa = dpaOf(device, row, address);
  } else {
    dpa = rangeOffset(device, address, R.CONFIG_DVSEC_DEVICE_RANGE1_SIZE_HIGH);
    if (dpa == UNCLAIMED) {
      const second = rangeOffset(device, address, R.CONFIG_DVSEC_DEVICE_RANGE2_SIZE_HIGH);
      if (second != UNCLAIMED) dpa = rangeSize(device, R.CONFIG_DVSEC_DEVICE_RANGE1_SIZE_HIGH) + second;
    }
  }
  return dpa < device.capacity ? dpa : UNCLAIMED;
}

const SIZE_LOW: u32 = R.CONFIG_DVSEC_DEVICE_RANGE1_SIZE_LOW - R.CONFIG_DVSEC_DEVICE_RANGE1_SIZE_HIGH;
const BASE_HIGH: u32 = R.CONFIG_DVSEC_DEVICE_RANGE1_BASE_HIGH - R.CONFIG_DVSEC_DEVICE_RANGE1_SIZE_HIGH;
const BASE_LOW: u32 = R.CONFIG_DVSEC_DEVICE_RANGE1_BASE_LOW - R.CONFIG_DVSEC_DEVICE_RANGE1_SIZE_HIGH;

function rangeSize(device: Device, at: u32): u64 {
  return (<u64>getDword(device.config, at) << 32) | <u64>(getDword(device.config, at + SIZE_LOW) & R.DVSEC_DEVICE_RANGE1_SIZE_LOW_SIZE31TO28);
}

/** Offset in a DVSEC range, used while HDM Decoder Enable is 0 (8.1.3.8). */
function rangeOffset(device: Device, address: u64, at: u32): u64 {
  if (!testBits(device.config, at + SIZE_LOW, R.DVSEC_DEVICE_RANGE1_SIZE_LOW_MEMORY_ACTIVE)) return UNCLAIMED;
  const base = (<u64>getDword(device.config, at + BASE_HIGH) << 32) | <u64>(getDword(device.config, at + BASE_LOW) & R.DVSEC_DEVICE_RANGE1_BASE_LOW_BASE31TO28);
  return address >= base && address - base < rangeSize(device, at) ? address - base : UNCLAIMED;
}

/** A read that no decoder of the host bridge claims is answered with poison. */
export function unroutedIsPoison(m: Machine, address: u64): bool {
  const bridge = bridgeOf(m, address);
  return bridge !== null && bridge.decoderCount != 0 && missOf(bridge) == MISS_POISON;
}
