// From a host physical address to a root port and a device address (cedt sheet 4.1, CXL 3.2 8.2.4.20, 9.18.1).

import { dpaOf, findDecoder, targetOf } from "../component/hdm-decoder";
import * as R from "../generated/registers";
import { Device, LINK_UP, Machine, NONE, Port, Range, Window, bridgeAt, deviceAt, portAt } from "../machine";
import { getDword, testBits } from "../registers";

export const ROUTE_NONE: u32 = 0;
export const ROUTE_RAM: u32 = 1;
export const ROUTE_PORT: u32 = 2;

/** Port that the last `route` found. */
function portOf(m: Machine, address: u64): u32 {
  for (let i: u32 = 0; i < m.windowCount; i++) {
    const window = changetype<Window>(m.windows + <usize>i * offsetof<Window>());
    if (address - window.base >= window.size) continue;
    const ways = window.ways;
    const chunk = address >> <u64>window.granularityShift;
    const way = (ways & (ways - 1)) == 0 ? <u32>chunk & (ways - 1) : <u32>(chunk % <u64>ways);
    return portBelow(m, load<u32>(window.targets + (<usize>way << 2)), address);
  }
  return NONE;
}

function portBelow(m: Machine, bridgeIndex: u32, address: u64): u32 {
  const bridge = bridgeAt(m, bridgeIndex);
  const decoder = findDecoder(bridge, address);
  if (decoder < 0) return NONE;
  const target = targetOf(bridge, decoder, address);
  const first = bridge.firstPort;
  const end = first + bridge.portCount;
  for (let i = first; i < end; i++) if (portAt(m, i).portNumber == target) return i;
  return NONE;
}

export function isRam(m: Machine, address: u64): bool {
  for (let i: u32 = 0; i < m.ramCount; i++) {
    const range = changetype<Range>(m.rams + <usize>i * offsetof<Range>());
    if (address >= range.base && address - range.base < range.size) return true;
  }
  return false;
}

/** Root port index for an address of CXL memory, or NONE: no window or no decoder claims it. */
export function routeToPort(m: Machine, address: u64): u32 {
  return portOf(m, address);
}

/** The device plugged below a port whose link is up, or null. */
export function deviceBelow(m: Machine, port: Port): Device | null {
  return port.linkState == LINK_UP && port.plugged != NONE ? deviceAt(m, port.plugged) : null;
}

/** DPA of an address at a device, or ~0: nothing there claims it (Mem_Enable off, no decoder, beyond capacity). */
export function dpaAt(device: Device, address: u64): u64 {
  const control = getDword(device.config, R.DEVICE_CONFIG_DVSEC_DEVICE_CONTROL);
  if ((control & R.DVSEC_DEVICE_CONTROL_MEMORY_ENABLE) == 0) return ~(<u64>0);
  const usesDecoders = testBits(device.component, R.DEVICE_COMPONENT_HDM_DECODER_DEVICE_GLOBAL_CONTROL, R.HDM_DECODER_DEVICE_GLOBAL_CONTROL_DECODER_ENABLE);
  let dpa = ~(<u64>0);
  if (usesDecoders) {
    const decoder = findDecoder(device, address);
    if (decoder >= 0) dpa = dpaOf(device, decoder, address);
  } else dpa = rangeOffset(device, address);
  return dpa < device.capacity ? dpa : ~(<u64>0);
}

/** DVSEC range 1, used while HDM Decoder Enable is 0 (8.1.3.8). */
function rangeOffset(device: Device, address: u64): u64 {
  const sizeLow = getDword(device.config, R.DEVICE_CONFIG_DVSEC_DEVICE_RANGE1_SIZE_LOW);
  if ((sizeLow & R.DVSEC_DEVICE_RANGE1_SIZE_LOW_MEMORY_ACTIVE) == 0) return ~(<u64>0);
  const base = (<u64>getDword(device.config, R.DEVICE_CONFIG_DVSEC_DEVICE_RANGE1_BASE_HIGH) << 32) | <u64>(getDword(device.config, R.DEVICE_CONFIG_DVSEC_DEVICE_RANGE1_BASE_LOW) & R.DVSEC_DEVICE_RANGE1_BASE_LOW_BASE31TO28);
  const size = (<u64>getDword(device.config, R.DEVICE_CONFIG_DVSEC_DEVICE_RANGE1_SIZE_HIGH) << 32) | <u64>(sizeLow & R.DVSEC_DEVICE_RANGE1_SIZE_LOW_SIZE31TO28);
  return address >= base && address - base < size ? address - base : ~(<u64>0);
}

/** A read that no decoder claims: poison if the component says so, else all ones (8.2.4.20.2). */
export function missIsPoison(m: Machine, port: u32, device: Device | null): bool {
  if (device !== null) return testBits(device.component, R.DEVICE_COMPONENT_HDM_DECODER_DEVICE_GLOBAL_CONTROL, R.HDM_DECODER_DEVICE_GLOBAL_CONTROL_POISON_ON_DECODE_ERROR_ENABLE);
  if (port == NONE) return false;
  return testBits(bridgeAt(m, portAt(m, port).parent).component, R.HOST_BRIDGE_COMPONENT_HDM_DECODER_PORT_GLOBAL_CONTROL, R.HDM_DECODER_PORT_GLOBAL_CONTROL_POISON_ON_DECODE_ERROR_ENABLE);
}

