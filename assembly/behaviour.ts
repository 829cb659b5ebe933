// From a behaviour's id (a name in registers/) to the code that is its side effect, and the locks that make RWL fields read only.

import { isDecoderLocked, writeControl, writeField } from "./component/hdm-decoder";
import { writeIsolationControl, writeIsolationStatus } from "./component/timeout-isolation";
import * as R from "./generated/registers";
import { Block, Device, KIND_DEVICE, Machine, Port } from "./machine";
import { getDword, setBits, testBits } from "./registers";
import { evaluateLink, secondaryBusReset, writeLinkControl } from "./fabric/link-state";
import { refreshMessageNumbers } from "./pci/msi";
import { writeSlotControl } from "./pci/slot";

export function isLocked(block: Block, instance: u32): bool {
  if (block.isConfig == 0) return isDecoderLocked(block.entity, instance);
  return block.entity.kind == KIND_DEVICE && testBits(block, R.DEVICE_CONFIG_DVSEC_DEVICE_LOCK, R.DVSEC_DEVICE_LOCK_CONFIG_LOCK);
}

/** Keeps the address bits of a BAR below its size at 0, so that sizing works (PCIe 7.5.1.2.1). */
function maskBar(block: Block): void {
  const size: u64 = block.entity.kind == KIND_DEVICE ? changetype<Device>(block.entity).barSize : <u64>R.COMPONENT_BLOCK_SIZE;
  const mask = ~(size - 1);
  const low = getDword(block, R.DEVICE_CONFIG_ENDPOINT_HEADER_BAR0);
  const flags = R.ENDPOINT_HEADER_BAR0_TYPE | R.ENDPOINT_HEADER_BAR0_PREFETCHABLE;
  setBits(block, R.DEVICE_CONFIG_ENDPOINT_HEADER_BAR0, low & ~(<u32>mask) & ~flags, false);
  const high = getDword(block, R.DEVICE_CONFIG_ENDPOINT_HEADER_BAR1);
  setBits(block, R.DEVICE_CONFIG_ENDPOINT_HEADER_BAR1, high & ~<u32>(mask >> 32), false);
}

export function behave(m: Machine, block: Block, behaviour: u32, index: u32, instance: u32, old: u32, value: u32): void {
  const entity = block.entity;
  switch (behaviour) {
    case R.BEHAVIOUR_HDM_CONTROL:
      return writeControl(m, block, index, instance, old);
    case R.BEHAVIOUR_HDM_FIELD:
      return writeField(m, block, instance);
    case R.BEHAVIOUR_HDM_GLOBAL_CONTROL:
    case R.BEHAVIOUR_DEVICE_CONTROL:
    case R.BEHAVIOUR_DEVICE_RANGE:
      m.routeGeneration++;
      return;
    case R.BEHAVIOUR_ISOLATION_CONTROL:
      return writeIsolationControl(m, changetype<Port>(entity), old);
    case R.BEHAVIOUR_ISOLATION_STATUS:
      return writeIsolationStatus(m, changetype<Port>(entity), old);
    case R.BEHAVIOUR_BAR:
      maskBar(block);
      m.mmioGeneration++;
      return;
    case R.BEHAVIOUR_COMMAND:
    case R.BEHAVIOUR_BUS_NUMBERS:
    case R.BEHAVIOUR_BRIDGE_WINDOW:
      m.mmioGeneration++;
      return;
    case R.BEHAVIOUR_MSI:
      if (entity.kind != KIND_DEVICE) refreshMessageNumbers(changetype<Port>(entity));
      return;
    case R.BEHAVIOUR_LINK_CONTROL:
      if (entity.kind != KIND_DEVICE) writeLinkControl(m, changetype<Port>(entity));
      return;
    case R.BEHAVIOUR_SLOT_CONTROL:
      if (entity.kind != KIND_DEVICE) writeSlotControl(m, changetype<Port>(entity), old);
      return;
    case R.BEHAVIOUR_BRIDGE_CONTROL:
      return secondaryBusReset(m, changetype<Port>(entity), old);
    case R.BEHAVIOUR_PORT_CONTROL:
      return evaluateLink(m, changetype<Port>(entity));
    default:
      return;
  }
}
