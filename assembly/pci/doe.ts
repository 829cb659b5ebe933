// Data Object Exchange (PCIe 7.9.24, 6.30): discovery, and table access to the CDAT (CXL 3.2 8.1.11). A request that makes no sense is
// discarded without a word. The read mailbox shows the answer's present dword; writing it takes the next.

import * as R from "../generated/registers";
import { Device, Doe, Entity, KIND_DEVICE, Machine } from "../machine";
import { setBits, setDword, testBits } from "../registers";
import { sendVector } from "./msix";

const STATUS: u32 = R.CONFIG_DOE_STATUS;
const REQUEST_DWORDS: u32 = 3;
const LENGTH_MASK: u32 = 0x3_ffff;
/** First dword of a data object: vendor, type in 23:16. */
const DISCOVERY: u32 = R.DOE_OBJECT_DISCOVERY;
const TABLE_ACCESS: u32 = R.DOE_OBJECT_TABLE_ACCESS;
const LAST_ENTRY: u32 = 0xffff;
const CDAT_HEADER_BYTES: u32 = 16;

export function abortExchange(entity: Entity): void {
  const doe = entity.doe;
  doe.requestCount = 0;
  doe.bytes = 0;
  doe.readCount = 0;
  doe.answer1 = 0;
  setBits(entity.config, STATUS, R.DOE_STATUS_READY | R.DOE_STATUS_ERROR | R.DOE_STATUS_BUSY, false);
  setDword(entity.config, R.CONFIG_DOE_READ_MAILBOX, 0);
}

export function writeDoeControl(m: Machine, entity: Entity, value: u32): void {
  if ((value & R.DOE_CONTROL_ABORT) != 0) return abortExchange(entity);
  if ((value & R.DOE_CONTROL_GO) == 0 || testBits(entity.config, STATUS, R.DOE_STATUS_READY)) return;
  const doe = entity.doe;
  const isAnswered = answer(doe);
  doe.requestCount = 0;
  if (!isAnswered) return;
  doe.readCount = 0;
  setBits(entity.config, STATUS, R.DOE_STATUS_READY, true);
  showDword(entity);
  if (!testBits(entity.config, R.CONFIG_DOE_CONTROL, R.DOE_CONTROL_INTERRUPT_ENABLE)) return;
  setBits(entity.config, STATUS, R.DOE_STATUS_INTERRUPT, true);
  if (entity.kind == KIND_DEVICE) sendVector(m, changetype<Device>(entity), R.DOE_MESSAGE);
}

/** The write mailbox takes a dword of the request, while no answer waits to be read. */
export function writeRequest(entity: Entity, value: u32): void {
  const doe = entity.doe;
  if (testBits(entity.config, STATUS, R.DOE_STATUS_READY)) return;
  if (doe.requestCount == 0) doe.request0 = value;
  else if (doe.requestCount == 1) doe.request1 = value;
  else if (doe.requestCount == 2) doe.request2 = value;
  doe.requestCount++;
}

/** Any write of the read mailbox takes the dword that it shows. */
export function readNext(entity: Entity): void {
  if (!testBits(entity.config, STATUS, R.DOE_STATUS_READY)) return;
  entity.doe.readCount++;
  if (entity.doe.readCount < lengthOf(entity.doe)) return showDword(entity);
  abortExchange(entity);
}

/** Dwords of the answer: header, one dword, entry. */
function lengthOf(doe: Doe): u32 {
  return REQUEST_DWORDS + (doe.bytes >> 2);
}

function showDword(entity: Entity): void {
  const doe = entity.doe;
  const at = doe.readCount;
  let value: u32 = 0;
  if (at == 0) value = doe.answer0;
  else if (at == 1) value = lengthOf(doe);
  else if (at == 2) value = doe.answer2;
  else value = load<u32>(doe.bytesAt + (<usize>(at - REQUEST_DWORDS) << 2));
  setDword(entity.config, R.CONFIG_DOE_READ_MAILBOX, value);
}

function answer(doe: Doe): bool {
  const length = doe.request1 & LENGTH_MASK;
  if (doe.requestCount < REQUEST_DWORDS || length != doe.requestCount) return false;
  doe.answer0 = doe.request0;
  doe.bytes = 0;
  if (doe.request0 == DISCOVERY) {
    doe.answer2 = discovered(doe.request2 & 0xff);
    return true;
  }
  return doe.request0 == TABLE_ACCESS && answerEntry(doe);
}

/** Vendor, type and next index of a protocol; behind the last one the vendor is ffff. */
function discovered(index: u32): u32 {
  const protocol = index == 0 ? DISCOVERY : index == 1 ? TABLE_ACCESS : 0x00ff_ffff;
  const next: u32 = index == 1 ? 0 : (index + 1) & 0xff;
  return protocol | (next << 24);
}

/** Entry of the CDAT by handle: 0 the header, then the structures in order. */
function answerEntry(doe: Doe): bool {
  if ((doe.request2 & 0xffff) != 0 || doe.cdatBytes < CDAT_HEADER_BYTES) return false;
  const wanted = doe.request2 >> 16;
  let at: u32 = 0;
  let bytes = CDAT_HEADER_BYTES;
  for (let handle: u32 = 0; handle < wanted; handle++) {
    at += bytes;
    if (at + 4 > doe.cdatBytes) return false;
    bytes = <u32>load<u16>(doe.cdat + <usize>at, 2);
    if (bytes < 4 || at + bytes > doe.cdatBytes) return false;
  }
  const isLast = at + bytes >= doe.cdatBytes;
  doe.answer2 = (isLast ? LAST_ENTRY : wanted + 1) << 16;
  doe.bytesAt = doe.cdat + <usize>at;
  doe.bytes = bytes;
  return true;
}
