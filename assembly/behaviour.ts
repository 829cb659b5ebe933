// From a behaviour's id (a name in registers/) to the code that is its side effect, and the locks that make RWL fields read only.

import { isMailboxLocked, writeMailboxControl } from "./cci/mailbox";
import { writeCommit } from "./component/back-invalidate";
import { isDecoderLocked, writeControl, writeField } from "./component/hdm-decoder";
import { clearErrors } from "./component/ras";
import { writeIsolationControl, writeIsolationStatus } from "./component/timeout-isolation";
import { evaluateLink, resetInnerBus, secondaryBusReset, writeLinkControl } from "./fabric/link-state";
import { resetFunction, startCxlReset } from "./fabric/reset";
import * as R from "./generated/registers";
import { Block, Device, KIND_DEVICE, KIND_PORT, KIND_SWITCH, Machine, Port, SPACE_CONFIG, SPACE_DEVICE, Switch } from "./machine";
import { readNext, writeDoeControl, writeRequest } from "./pci/doe";
import { writeDpcControl, writeDpcStatus } from "./pci/dpc";
import { refreshMailboxMessage, refreshMessageNumbers } from "./pci/msi";
import { releasePending } from "./pci/msix";
import { writeSlotControl } from "./pci/slot";
import { getDword, setBits, testBits } from "./registers";

export function isLocked(block: Block, index: u32, instance: u32): bool {
  if (block.space == SPACE_DEVICE) return isMailboxLocked(block, index);
  if (block.space != SPACE_CONFIG) return isDecoderLocked(block.entity, instance);
  return block.entity.kind == KIND_DEVICE && testBits(block, R.CONFIG_DVSEC_DEVICE_LOCK, R.DVSEC_DEVICE_LOCK_CONFIG_LOCK);
}

/** Keeps the address bits of a BAR below its size at 0, so that sizing works (PCIe 7.5.1.2.1). */
function maskBar(block: Block): void {
  const size: u64 = block.entity.kind == KIND_DEVICE ? changetype<Device>(block.entity).barSize : <u64>R.COMPONENT_BLOCK_SIZE;
  const mask = ~(size - 1);
  const low = getDword(block, R.CONFIG_ENDPOINT_HEADER_BAR0);
  const flags = R.ENDPOINT_HEADER_BAR0_TYPE | R.ENDPOINT_HEADER_BAR0_PREFETCHABLE;
  setBits(block, R.CONFIG_ENDPOINT_HEADER_BAR0, low & ~(<u32>mask) & ~flags, false);
  const high = getDword(block, R.CONFIG_ENDPOINT_HEADER_BAR1);
  setBits(block, R.CONFIG_ENDPOINT_HEADER_BAR1, high & ~<u32>(mask >> 32), false);
}

/** `value` holds what software wrote in the lanes it wrote. */
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
    case R.BEHAVIOUR_RAS_STATUS:
      return clearErrors(entity);
    case R.BEHAVIOUR_BI_DECODER_CONTROL:
      return writeCommit(m, block, index, R.BI_DECODER_CONTROL_COMMIT, old);
    case R.BEHAVIOUR_BI_ROUTE_CONTROL:
      return writeCommit(m, block, index, R.BI_ROUTE_TABLE_CONTROL_COMMIT, old);
    case R.BEHAVIOUR_MAILBOX_CONTROL:
      return writeMailboxControl(m, changetype<Device>(entity), true, old);
    case R.BEHAVIOUR_SECONDARY_CONTROL:
      return writeMailboxControl(m, changetype<Device>(entity), false, old);
    case R.BEHAVIOUR_BAR:
      maskBar(block);
      m.mmioGeneration++;
      return;
    case R.BEHAVIOUR_COMMAND:
    case R.BEHAVIOUR_BRIDGE_WINDOW:
      m.mmioGeneration++;
      return;
    default:
      return behaveConfig(m, block, behaviour, old, value);
  }
}

function behaveConfig(m: Machine, block: Block, behaviour: u32, old: u32, value: u32): void {
  const entity = block.entity;
  switch (behaviour) {
    case R.BEHAVIOUR_DOE_CONTROL:
      return writeDoeControl(m, entity, value);
    case R.BEHAVIOUR_DOE_WRITE:
      return writeRequest(entity, value);
    case R.BEHAVIOUR_DOE_READ:
      return readNext(entity);
    default:
      break;
  }
  if (entity.kind == KIND_DEVICE) behaveDevice(m, changetype<Device>(entity), behaviour, value);
  else if (entity.kind == KIND_PORT) behavePort(m, changetype<Port>(entity), behaviour, old, value);
  else if (entity.kind == KIND_SWITCH && behaviour == R.BEHAVIOUR_BRIDGE_CONTROL) resetInnerBus(m, changetype<Switch>(entity));
}

function behaveDevice(m: Machine, device: Device, behaviour: u32, value: u32): void {
  switch (behaviour) {
    case R.BEHAVIOUR_FUNCTION_CONTROL:
      if ((value & R.PCIE_DEVICE_CONTROL_INITIATE_FUNCTION_RESET) != 0) resetFunction(m, device);
      return;
    case R.BEHAVIOUR_DEVICE_CONTROL2:
      if ((value & R.DVSEC_DEVICE_CONTROL2_INITIATE_RESET) != 0) startCxlReset(m, device);
      return;
    case R.BEHAVIOUR_MSI:
      return refreshMailboxMessage(device);
    case R.BEHAVIOUR_MSIX_CONTROL:
    case R.BEHAVIOUR_MSIX_VECTOR:
      return releasePending(m, device);
    default:
      return;
  }
}

function behavePort(m: Machine, port: Port, behaviour: u32, old: u32, value: u32): void {
  switch (behaviour) {
    case R.BEHAVIOUR_MSI:
      return refreshMessageNumbers(port);
    case R.BEHAVIOUR_LINK_CONTROL:
      return writeLinkControl(m, port, old, value);
    case R.BEHAVIOUR_SLOT_CONTROL:
      return writeSlotControl(m, port, old);
    case R.BEHAVIOUR_BRIDGE_CONTROL:
      return secondaryBusReset(m, port, old);
    case R.BEHAVIOUR_PORT_CONTROL:
      return evaluateLink(m, port);
    case R.BEHAVIOUR_DPC_CONTROL:
      return writeDpcControl(m, port, value);
    case R.BEHAVIOUR_DPC_STATUS:
      return writeDpcStatus(m, port, old);
    default:
      return;
  }
}
