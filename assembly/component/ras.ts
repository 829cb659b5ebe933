// RAS of a function (CXL 3.2 8.2.4.17, 12.2.1): uncorrectable and correctable errors, recorded headers, and their way into AER as internal
// errors. A masked error leaves no trace at all, unlike PCIe's.

import * as R from "../generated/registers";
import { ERROR_HEADERS, ERROR_STRIDE, Entity, HEADER_DWORDS, Machine } from "../machine";
import { report, reportCorrectable } from "../pci/aer";
import { getDword, setBits, setDword, testBits } from "../registers";
import { HW_RAS, traceHardware } from "../trace/ring";

const STATUS: u32 = R.COMPONENT_RAS_UNCORRECTABLE_STATUS;
/** Any value of 32 or more names no error (12.2.1.4). */
const NO_ERROR: u32 = 0x3f;

function recordAt(entity: Entity, place: u32): usize {
  return entity.errors + <usize>place * ERROR_STRIDE;
}

/** Error `bit` is detected; `header` points to 16 dwords. */
export function detectUncorrectable(m: Machine, entity: Entity, bit: u32, header: usize): void {
  const mask: u32 = 1 << bit;
  if (testBits(entity.component, R.COMPONENT_RAS_UNCORRECTABLE_MASK, mask)) return;
  const isFatal = testBits(entity.component, R.COMPONENT_RAS_UNCORRECTABLE_SEVERITY, mask);
  setBits(entity.component, STATUS, mask, true);
  if (entity.errorCount < ERROR_HEADERS) {
    const record = recordAt(entity, entity.errorCount++);
    store<u32>(record, bit);
    memory.copy(record + 4, header, <usize>HEADER_DWORDS * 4);
    if (entity.errorCount == 1) showFirst(entity);
  }
  traceHardware(m, HW_RAS, entity.id, bit, <u64>isFatal, 1, 0);
  report(m, entity, R.AER_UNCORRECTABLE_STATUS_UNCORRECTABLE_INTERNAL, R.AER_UNCORRECTABLE_STATUS_UNCORRECTABLE_INTERNAL_SHIFT, isFatal);
}

export function detectCorrectable(m: Machine, entity: Entity, bit: u32): void {
  const mask: u32 = 1 << bit;
  if (testBits(entity.component, R.COMPONENT_RAS_CORRECTABLE_MASK, mask)) return;
  setBits(entity.component, R.COMPONENT_RAS_CORRECTABLE_STATUS, mask, true);
  traceHardware(m, HW_RAS, entity.id, bit, 0, 0, 0);
  reportCorrectable(m, entity, R.AER_CORRECTABLE_STATUS_CORRECTED_INTERNAL);
}

/** Header log and pointer of the oldest recorded error. */
function showFirst(entity: Entity): void {
  const pointer = entity.errorCount == 0 ? NO_ERROR : load<u32>(recordAt(entity, 0));
  const control = getDword(entity.component, R.COMPONENT_RAS_CONTROL);
  setDword(entity.component, R.COMPONENT_RAS_CONTROL, (control & ~R.RAS_CONTROL_FIRST_ERROR_POINTER) | (pointer << R.RAS_CONTROL_FIRST_ERROR_POINTER_SHIFT));
  for (let i: u32 = 0; i < HEADER_DWORDS; i++) setDword(entity.component, R.COMPONENT_RAS_HEADER_LOG + i, entity.errorCount == 0 ? 0 : load<u32>(recordAt(entity, 0) + 4 + (<usize>i << 2)));
}

/** Status bits were cleared. With the pointed one goes its header, and the next recorded error whose bit is still set takes its place. */
export function clearErrors(entity: Entity): void {
  if (entity.errorCount == 0) return;
  let kept: u32 = 0;
  for (let place: u32 = 0; place < entity.errorCount; place++) {
    const record = recordAt(entity, place);
    if (!testBits(entity.component, STATUS, <u32>1 << load<u32>(record))) continue;
    if (kept != place) memory.copy(recordAt(entity, kept), record, ERROR_STRIDE);
    kept++;
  }
  if (kept == entity.errorCount) return;
  entity.errorCount = kept;
  showFirst(entity);
}

/** A reset that does not spare sticky registers. */
export function forgetErrors(entity: Entity): void {
  entity.errorCount = 0;
}
