// Features (CXL 3.2 8.2.10.6; mailbox.md 9): current, default and saved data of each; a write can come in parts.

import * as C from "../generated/commands";
import { Device } from "../machine";
import { extendOutput, findId, in16, in32, in8, out16, out32, out8, outBytes, startOutput } from "./memory";
import { Cci, FEATURE_BYTES, Mailbox } from "./state";

const DEFAULT: u32 = C.IN_GET_FEATURE_SELECTION_DEFAULT;
const SAVED: u32 = C.IN_GET_FEATURE_SELECTION_SAVED;
const FULL: u32 = C.IN_SET_FEATURE_FLAGS_TRANSFER_FULL;
const INITIATE: u32 = C.IN_SET_FEATURE_FLAGS_TRANSFER_INITIATE;
const FINISH: u32 = C.IN_SET_FEATURE_FLAGS_TRANSFER_FINISH;
const ABORT: u32 = C.IN_SET_FEATURE_FLAGS_TRANSFER_ABORT;
const TRANSFER_MASK: u32 = C.IN_SET_FEATURE_FLAGS_TRANSFER;
const SAVES: u32 = C.IN_SET_FEATURE_FLAGS_SAVED_OVER_RESETS;
/** The model's choice for every feature: changeable, survives a cold reset when saved, default and saved selectable. */
const FLAGS: u32 = C.OUT_GET_SUPPORTED_FEATURES_ITEM_FLAGS_CHANGEABLE | (C.OUT_GET_SUPPORTED_FEATURES_ITEM_FLAGS_DEEPEST_RESET_SURVIVED_COLD << C.OUT_GET_SUPPORTED_FEATURES_ITEM_FLAGS_DEEPEST_RESET_SURVIVED_SHIFT)
  | C.OUT_GET_SUPPORTED_FEATURES_ITEM_FLAGS_DEFAULT_SELECTABLE | C.OUT_GET_SUPPORTED_FEATURES_ITEM_FLAGS_SAVED_SELECTABLE;

function row(feature: u32, word: u32): u32 {
  return load<u32>(C.FEATURE_ROWS + (<usize>(feature * 4 + word) << 2));
}

function readable(feature: u32): u32 {
  return row(feature, 0);
}

function writable(feature: u32): u32 {
  return row(feature, 1);
}

function named(mailbox: Mailbox): u32 {
  return findId(C.FEATURE_IDS, C.FEATURE_COUNT, mailbox.payload);
}

export function getFeatures(mailbox: Mailbox): u32 {
  const size = in32(mailbox, C.IN_GET_SUPPORTED_FEATURES_SIZE);
  const start = in16(mailbox, C.IN_GET_SUPPORTED_FEATURES_START);
  if (size < C.OUT_GET_SUPPORTED_FEATURES_BYTES || start > C.FEATURE_COUNT) return C.RETURN_INVALID_INPUT;
  const room = (min(size, mailbox.payloadBytes) - C.OUT_GET_SUPPORTED_FEATURES_BYTES) / C.OUT_GET_SUPPORTED_FEATURES_ITEM_BYTES;
  const count = min(room, C.FEATURE_COUNT - start);
  startOutput(mailbox, C.OUT_GET_SUPPORTED_FEATURES_BYTES);
  out16(mailbox, C.OUT_GET_SUPPORTED_FEATURES_COUNT, count);
  out16(mailbox, C.OUT_GET_SUPPORTED_FEATURES_TOTAL, C.FEATURE_COUNT);
  for (let feature = start; feature < start + count; feature++) writeEntry(mailbox, feature);
  return C.RETURN_SUCCESS;
}

function writeEntry(mailbox: Mailbox, feature: u32): void {
  const at = extendOutput(mailbox, C.OUT_GET_SUPPORTED_FEATURES_ITEM_BYTES);
  outBytes(mailbox, at, C.FEATURE_IDS + <usize>(feature << 4), 16);
  out16(mailbox, at + C.OUT_GET_SUPPORTED_FEATURES_ITEM_INDEX, feature);
  out16(mailbox, at + C.OUT_GET_SUPPORTED_FEATURES_ITEM_GET_SIZE, readable(feature));
  out16(mailbox, at + C.OUT_GET_SUPPORTED_FEATURES_ITEM_SET_SIZE, writable(feature));
  out32(mailbox, at + C.OUT_GET_SUPPORTED_FEATURES_ITEM_FLAGS, FLAGS);
  out8(mailbox, at + C.OUT_GET_SUPPORTED_FEATURES_ITEM_GET_VERSION, row(feature, 2));
  out8(mailbox, at + C.OUT_GET_SUPPORTED_FEATURES_ITEM_SET_VERSION, row(feature, 2));
  out16(mailbox, at + C.OUT_GET_SUPPORTED_FEATURES_ITEM_EFFECTS, row(feature, 3));
}

function currentOf(cci: Cci, feature: u32): usize {
  return cci.features + <usize>(feature * FEATURE_BYTES);
}

function savedOf(cci: Cci, feature: u32): usize {
  return cci.savedFeatures + <usize>(feature * FEATURE_BYTES);
}

export function getFeature(device: Device, mailbox: Mailbox): u32 {
  const feature = named(mailbox);
  if (feature == C.FEATURE_COUNT) return C.RETURN_UNSUPPORTED;
  const offset = in16(mailbox, C.IN_GET_FEATURE_OFFSET);
  const count = in16(mailbox, C.IN_GET_FEATURE_COUNT);
  const selection = in8(mailbox, C.IN_GET_FEATURE_SELECTION);
  if (selection > SAVED) return C.RETURN_UNSUPPORTED_FEATURE_SELECTION;
  if (offset + count > readable(feature)) return C.RETURN_INVALID_INPUT;
  let data = currentOf(device.cci, feature);
  if (selection == DEFAULT) data = C.FEATURE_INITIAL + <usize>(feature * FEATURE_BYTES);
  else if (selection == SAVED) data = savedOf(device.cci, feature);
  startOutput(mailbox, count);
  outBytes(mailbox, 0, data + offset, count);
  return C.RETURN_SUCCESS;
}

export function setFeature(device: Device, mailbox: Mailbox, length: u32): u32 {
  const cci = device.cci;
  const feature = named(mailbox);
  if (feature == C.FEATURE_COUNT) return C.RETURN_UNSUPPORTED;
  const flags = in32(mailbox, C.IN_SET_FEATURE_FLAGS);
  const transfer = flags & TRANSFER_MASK;
  if (transfer > ABORT) return C.RETURN_INVALID_INPUT;
  if (in8(mailbox, C.IN_SET_FEATURE_VERSION) != row(feature, 2)) return C.RETURN_UNSUPPORTED_FEATURE_VERSION;
  if (transfer == ABORT) {
    if (cci.partFeature != feature + 1) return C.RETURN_FEATURE_TRANSFER_OUT_OF_ORDER;
    cci.partFeature = 0;
    return C.RETURN_SUCCESS;
  }
  const offset = in16(mailbox, C.IN_SET_FEATURE_OFFSET);
  const bytes = length - C.IN_SET_FEATURE_BYTES;
  if (transfer == FULL || transfer == INITIATE) {
    if (cci.partFeature != 0) return C.RETURN_FEATURE_TRANSFER_IN_PROGRESS;
    if (offset + bytes > writable(feature) || (transfer == FULL && (offset != 0 || bytes != writable(feature)))) return C.RETURN_INVALID_INPUT;
    if (transfer == INITIATE && offset != 0) return C.RETURN_FEATURE_TRANSFER_OUT_OF_ORDER;
    memory.fill(cci.part, 0, FEATURE_BYTES);
  } else {
    if (cci.partFeature != feature + 1 || offset != cci.partNext) return C.RETURN_FEATURE_TRANSFER_OUT_OF_ORDER;
    if (offset + bytes > writable(feature)) return C.RETURN_INVALID_INPUT;
  }
  memory.copy(cci.part + offset, mailbox.payload + C.IN_SET_FEATURE_BYTES, bytes);
  if (transfer == FULL || transfer == FINISH) return apply(cci, feature, transfer == FULL ? (flags & SAVES) != 0 : (cci.partIsSaved != 0 || (flags & SAVES) != 0), offset + bytes);
  if (transfer == INITIATE) cci.partIsSaved = (flags & SAVES) != 0 ? 1 : 0;
  cci.partFeature = feature + 1;
  cci.partNext = offset + bytes;
  return C.RETURN_SUCCESS;
}

/** All of the writable data is there: its fields go where they are read. */
function apply(cci: Cci, feature: u32, isSaved: bool, bytes: u32): u32 {
  cci.partFeature = 0;
  if (bytes != writable(feature) || !isAcceptable(cci, feature)) return C.RETURN_INVALID_INPUT;
  const data = currentOf(cci, feature);
  for (let i: u32 = 0; i < C.FEATURE_MOVE_COUNT; i++) {
    const move = C.FEATURE_MOVES + <usize>(i * 20);
    if (load<u32>(move) != feature) continue;
    const to = data + load<u32>(move, 8);
    const from = cci.part + load<u32>(move, 4);
    const mask = load<u32>(move, 16);
    for (let byte: u32 = 0; byte < load<u32>(move, 12); byte++) store<u8>(to + byte, load<u8>(from + byte) & <u8>(mask >> (byte << 3)));
  }
  if (feature == C.FEATURE_ERROR_CHECK_SCRUB) store<u8>(data + C.FEATURE_ERROR_CHECK_SCRUB_READABLE_FLAGS, load<u8>(data + C.FEATURE_ERROR_CHECK_SCRUB_READABLE_CONFIGURATION) & <u8>C.FEATURE_ERROR_CHECK_SCRUB_READABLE_CONFIGURATION_THRESHOLD);
  if (isSaved) memory.copy(savedOf(cci, feature), data, FEATURE_BYTES);
  return C.RETURN_SUCCESS;
}

/** Patrol scrub: no cycle shorter than the shortest. Error check scrub: a threshold that is defined. */
function isAcceptable(cci: Cci, feature: u32): bool {
  if (feature == C.FEATURE_PATROL_SCRUB) return load<u8>(cci.part + C.FEATURE_PATROL_SCRUB_WRITABLE_CYCLE) >= load<u8>(currentOf(cci, feature) + C.FEATURE_PATROL_SCRUB_READABLE_LEAST);
  if (feature != C.FEATURE_ERROR_CHECK_SCRUB) return true;
  const threshold = <u32>load<u8>(cci.part + C.FEATURE_ERROR_CHECK_SCRUB_WRITABLE_CONFIGURATION) & C.FEATURE_ERROR_CHECK_SCRUB_WRITABLE_CONFIGURATION_THRESHOLD;
  return threshold >= C.FEATURE_ERROR_CHECK_SCRUB_WRITABLE_CONFIGURATION_THRESHOLD_AT256 && threshold <= C.FEATURE_ERROR_CHECK_SCRUB_WRITABLE_CONFIGURATION_THRESHOLD_AT4096;
}

/** After a reset the saved data is the current one. */
export function resetFeatures(cci: Cci): void {
  memory.copy(cci.features, cci.savedFeatures, C.FEATURE_COUNT * FEATURE_BYTES);
  cci.partFeature = 0;
}

/** As it leaves the factory. */
export function initializeFeatures(cci: Cci): void {
  memory.copy(cci.savedFeatures, C.FEATURE_INITIAL, C.FEATURE_COUNT * FEATURE_BYTES);
  resetFeatures(cci);
}
