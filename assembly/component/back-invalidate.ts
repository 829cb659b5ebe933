// Explicit commits of the BI Route Table and the BI Decoder (CXL 3.2 8.2.4.26, 8.2.4.27): started by 0 to 1 of Commit, ended by Committed
// after the machine's commit time; 1 to 0 takes both result bits back. Control and status lie alike in both structures.

import { refreshDeadline } from "../deadlines";
import * as R from "../generated/registers";
import { Block, Entity, KIND_SWITCH, Machine, NEVER } from "../machine";
import { getDword, setBits } from "../registers";
import { HW_COMMIT, traceHardware } from "../trace/ring";

const RESULTS: u32 = R.BI_DECODER_STATUS_COMMITTED | R.BI_DECODER_STATUS_ERROR_NOT_COMMITTED;
const DECODER: u32 = 0xffff;

function statusOf(entity: Entity): u32 {
  return entity.kind == KIND_SWITCH ? R.COMPONENT_BI_ROUTE_TABLE_STATUS : R.COMPONENT_BI_DECODER_STATUS;
}

/** Control of either structure was written; `commit` is the bit of its kind. */
export function writeCommit(m: Machine, block: Block, index: u32, commit: u32, old: u32): void {
  const entity = block.entity;
  const isSet = (getDword(block, index) & commit) != 0;
  if (isSet == ((old & commit) != 0)) return;
  setBits(block, statusOf(entity), RESULTS, false);
  entity.backInvalidateAt = isSet ? m.now + m.commitTime : NEVER;
  if (isSet && m.commitTime == 0) runBackInvalidate(m, entity);
  refreshDeadline(m, entity);
}

export function runBackInvalidate(m: Machine, entity: Entity): void {
  entity.backInvalidateAt = NEVER;
  setBits(entity.component, statusOf(entity), R.BI_DECODER_STATUS_COMMITTED, true);
  traceHardware(m, HW_COMMIT, entity.id, DECODER, 0, 1, 0);
}

export function forgetBackInvalidate(m: Machine, entity: Entity): void {
  if (entity.backInvalidateAt == NEVER) return;
  entity.backInvalidateAt = NEVER;
  refreshDeadline(m, entity);
}
