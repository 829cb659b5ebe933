// Clearing a range of CXL memory at once: what is written there becomes zero, wherever an address of the range reaches it now. It stands for as many stores, and goes
// behind the processors' cache; pages that were never written stay as their background.

import { hpaAt, nextRow } from "../component/hdm-decoder";
import { isIsolated } from "../component/timeout-isolation";
import { Device, Machine, NEVER, NONE, deviceAt, portAt } from "../machine";
import { PAGE_BYTES, pageAddress, pageDevice, zeroPart } from "../media/pages";
import { FOUND, isLive, locate, routeToPort } from "./routing";

/** Interleave has no smaller granularity. */
const CHUNK: u64 = 256;
const MOST_WAYS: u32 = 16;

function reaches(m: Machine, address: u64, device: Device, dpa: u64): bool {
  const index = routeToPort(m, address);
  if (index == NONE || isIsolated(portAt(m, index)) || !isLive(portAt(m, index))) return false;
  return locate(m, portAt(m, index), address) == FOUND && m.foundDevice == changetype<usize>(device) && m.foundDpa == dpa;
}

function isInRange(m: Machine, device: Device, dpa: u64, start: u64, size: u64): bool {
  for (let row = nextRow(device, 0); row != 0; row = nextRow(device, row)) {
    for (let way: u32 = 0; way < MOST_WAYS; way++) {
      const address = hpaAt(device, row, dpa, way);
      if (address == NEVER) break;
      if (address - start < size && reaches(m, address, device, dpa)) return true;
    }
  }
  return false;
}

export function zeroRange(m: Machine, start: u64, size: u64): void {
  for (let slot: u32 = 0; slot < m.pageTableSize; slot++) {
    const index = pageDevice(m, slot);
    if (index >= m.deviceCount) continue;
    for (let at: u64 = 0; at < <u64>PAGE_BYTES; at += CHUNK) if (isInRange(m, deviceAt(m, index), pageAddress(m, slot) + at, start, size)) zeroPart(m, slot, <u32>at, <u32>CHUNK);
  }
}
