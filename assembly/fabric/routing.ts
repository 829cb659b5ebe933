// From a host physical address to a root port and a device address (cedt sheet 4.1, CXL 3.2 8.2.4.20, 9.18.1).

import { dpaOf, findRow, targetOf } from "../component/hdm-decoder";
import * as R from "../generated/registers";
import { Bridge, Device, LINK_UP, Machine, NONE, Port, Range, WINDOW_STRIDE, Window, deviceAt } from "../machine";
import { getDword, testBits } from "../registers";

/** Host bridge that the address maps of the CPU route an address to (CFMWS modulo arithmetic on the absolute HPA), or null. */
// @ts-ignore: decorator
@inline
function bridgeOf(m: Machine, address: u64): Bridge | null {
  const count = m.windowCount;
  let at = m.windows;
  for (let i: u32 = 0; i < count; i++, at += WINDOW_STRIDE) {
    const window = changetype<Window>(at);
    if (address - window.base >= window.size) continue;
    const chunk = address >> window.granularityShift;
    const mask = window.wayMask;
    const way = mask != 0 || window.ways == 1 ? <u32>chunk & mask : <u32>(chunk % <u64>window.ways);
    return changetype<Bridge>(load<usize>(at + <usize>way * sizeof<usize>(), offsetof<Window>()));
  }
  return null;
}

/** Root port index for an address of CXL memory, or NONE: no window or no decoder claims it. */
// @ts-ignore: decorator
@inline
export function routeToPort(m: Machine, address: u64): u32 {
  const bridge = bridgeOf(m, address);
  if (bridge === null) return NONE;
  const row = findRow(bridge, address);
  if (row == 0) return NONE;
  return <u32>load<u8>(bridge.portsByNumber + <usize>targetOf(row, address)) - 1;
}

export function isRam(m: Machine, address: u64): bool {
  for (let i: u32 = 0; i < m.ramCount; i++) {
    const range = changetype<Range>(m.rams + <usize>i * offsetof<Range>());
    if (address >= range.base && address - range.base < range.size) return true;
  }
  return false;
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
    const row = findRow(device, address);
    if (row != 0) dpa = dpaOf(device, row, address);
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

/** A read that no decoder of the device claims: poison if the device says so, else all ones (8.2.4.20.2). */
export function missIsPoison(device: Device): bool {
  return testBits(device.component, R.DEVICE_COMPONENT_HDM_DECODER_DEVICE_GLOBAL_CONTROL, R.HDM_DECODER_DEVICE_GLOBAL_CONTROL_POISON_ON_DECODE_ERROR_ENABLE);
}

/** The same for a read that no decoder of the host bridge claims. */
export function unroutedIsPoison(m: Machine, address: u64): bool {
  const bridge = bridgeOf(m, address);
  return bridge !== null && testBits(bridge.component, R.HOST_BRIDGE_COMPONENT_HDM_DECODER_PORT_GLOBAL_CONTROL, R.HDM_DECODER_PORT_GLOBAL_CONTROL_POISON_ON_DECODE_ERROR_ENABLE);
}
