// Names that the trace lines of the system `cxl` give to bits and values, as the captured formats have them.

import type { FlagNames, SymbolNames } from "./format.ts";

export const logNames: SymbolNames = { 0: "Informational", 1: "Warning", 2: "Failure", 3: "Fatal" };
export const recordFlagNames: FlagNames = {
  2: "PERMANENT_CONDITION", 3: "MAINTENANCE_NEEDED", 4: "PERFORMANCE_DEGRADED", 5: "HARDWARE_REPLACEMENT_NEEDED", 6: "MAINT_OP_SUB_CLASS_VALID", 7: "LD_ID_VALID", 8: "HEAD_ID_VALID",
};
export const addressFlagNames: FlagNames = { 0: "VOLATILE", 1: "NOT_REPAIRABLE" };
export const descriptorNames: FlagNames = { 0: "UNCORRECTABLE_EVENT", 1: "THRESHOLD_EVENT", 2: "POISON_LIST_OVERFLOW" };
export const thresholdNames: FlagNames = { 0: "Corrected Memory Errors in Multiple Media Components", 1: "Exceeded Programmable Threshold" };
export const componentNames: FlagNames = { 0: "PLDM Entity ID", 1: "Resource ID" };

export const generalMediaTypes: SymbolNames = { 0: "ECC Error", 1: "Invalid Address", 2: "Data Path Error", 3: "TE State Violation", 4: "Scrub Media ECC Error", 5: "Adv Prog CME Counter Expiration", 6: "CKID Violation" };
export const dramTypes: SymbolNames = { 0: "ECC Error", 1: "Scrub Media ECC Error", 2: "Invalid Address", 3: "Data Path Error", 4: "TE State Violation", 5: "Adv Prog CME Counter Expiration", 6: "CKID Violation" };
export const memorySubTypes: SymbolNames = { 0: "Not Reported", 1: "Internal Datapath Error", 2: "Media Link Command Training Error", 3: "Media Link Control Training Error", 4: "Media Link Data Training Error", 5: "Media Link CRC Error" };
export const transactionTypes: SymbolNames = {
  0: "Unknown", 1: "Host Read", 2: "Host Write", 3: "Host Scan Media", 4: "Host Inject Poison", 5: "Internal Media Scrub", 6: "Internal Media Management", 7: "Internal Media Error Check Scrub", 8: "Media Initialization",
};

export const generalMediaValidity: FlagNames = { 0: "CHANNEL", 1: "RANK", 2: "DEVICE", 3: "COMPONENT", 4: "COMPONENT PLDM FORMAT" };
export const dramValidity: FlagNames = {
  0: "CHANNEL", 1: "RANK", 2: "NIBBLE", 3: "BANK GROUP", 4: "BANK", 5: "ROW", 6: "COLUMN", 7: "CORRECTION MASK", 8: "COMPONENT", 9: "COMPONENT PLDM FORMAT", 10: "SUB CHANNEL",
};
export const moduleValidity: FlagNames = { 0: "COMPONENT", 1: "COMPONENT PLDM FORMAT" };
export const sparingValidity: FlagNames = { 0: "CHANNEL", 1: "RANK", 2: "NIBBLE", 3: "BANK GROUP", 4: "BANK", 5: "ROW", 6: "COLUMN", 7: "COMPONENT ID", 8: "COMPONENT ID PLDM FORMAT", 9: "SUB CHANNEL" };
export const sparingFlagNames: FlagNames = { 0: "Query Resources", 1: "Hard Sparing", 2: "Device Initiated Sparing" };

export const moduleTypes: SymbolNames = {
  0: "Health Status Change", 1: "Media Status Change", 2: "Life Used Change", 3: "Temperature Change", 4: "Data Path Error", 5: "LSA Error", 6: "Unrecoverable Internal Sideband Bus Error", 7: "Memory Media FRU Error", 8: "Power Management Fault",
};
export const moduleSubTypes: SymbolNames = { 0: "Not Reported", 1: "Invalid Config Data", 2: "Unsupported Config Data", 3: "Unsupported Memory Media FRU" };
export const healthNames: FlagNames = { 0: "MAINTENANCE_NEEDED", 1: "PERFORMANCE_DEGRADED", 2: "REPLACEMENT_NEEDED", 3: "MEM_CAPACITY_DEGRADED" };
export const mediaStates: SymbolNames = {
  0: "Normal", 1: "Not Ready", 2: "Write Persistency Lost", 3: "All Data Lost", 4: "Write Persistency Loss in the Event of Power Loss", 5: "Write Persistency Loss in Event of Shutdown",
  6: "Write Persistency Loss Imminent", 7: "All Data Loss in Event of Power Loss", 8: "All Data loss in the Event of Shutdown", 9: "All Data Loss Imminent",
};
export const statusNames: SymbolNames = { 0: "Normal", 1: "Warning", 2: "Critical" };

export const poisonSources: SymbolNames = { 0: "Unknown", 1: "External", 2: "Internal", 3: "Injected", 7: "Vendor" };
export const poisonFlagNames: FlagNames = { 0: "More", 1: "Overflow", 2: "Scanning" };

/** Bits of the RAS capability's status registers. */
export const correctableNames: FlagNames = {
  0: "Cache Data ECC Error", 1: "Memory Data ECC Error", 2: "CRC Threshold Hit", 3: "Retry Threshold", 4: "Received Cache Poison From Peer", 5: "Received Memory Poison From Peer", 6: "Received Error From Physical Layer",
};
export const uncorrectableNames: FlagNames = {
  0: "Cache Data Parity Error", 1: "Cache Address Parity Error", 2: "Cache Byte Enable Parity Error", 3: "Cache Data ECC Error", 4: "Memory Data Parity Error", 5: "Memory Address Parity Error", 6: "Memory Byte Enable Parity Error",
  7: "Memory Data ECC Error", 8: "REINIT Threshold Hit", 9: "Received Unrecognized Encoding", 10: "Received Poison From Peer", 11: "Receiver Overflow", 14: "Component Specific Error", 15: "IDE Tx Error", 16: "IDE Rx Error",
};
