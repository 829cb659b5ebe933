// Where the sheets say UNKNOWN, or nothing, in one table. `taken`: "adopted" means that the reference follows whatever the device answers among the
// alternatives; anything else is the answer that the rest of the reference is built on, found by looking at the device, not by a sheet.

export interface OpenQuestion {
  /** Sheet and section that comes nearest. */
  readonly sheet: string;
  readonly question: string;
  readonly reason: string;
  readonly taken: string;
}

const adopted = "adopted";

export const openQuestions = {
  busyReturnCode: { sheet: "device-registers.md 4.4", question: "Return Code and Vendor Status while the doorbell is set", reason: "said to be valid only while it is clear", taken: "not looked at" },
  secondaryBackgroundBit: { sheet: "device-registers.md 4.4, 4.5", question: "Background Operation bit of the secondary mailbox", reason: "only Background Command Status is said to read zero there", taken: "not looked at while an operation runs" },
  runningReturnCode: { sheet: "device-registers.md 4.5", question: "Return Code of the background status while the operation runs", reason: "valid at 100 per cent or when nothing runs", taken: "not looked at" },
  errorLength: { sheet: "device-registers.md 4.3", question: "Payload Length after an error", reason: "\"device writes output bytes, 0 = none\" speaks of output only", taken: "0" },
  errorOrder: { sheet: "mailbox.md 1", question: "which of several field errors is told", reason: "field checks come last, their order among themselves is not given", taken: adopted },
  countLength: { sheet: "mailbox.md 1, events.md 11", question: "whether a length that disagrees with a count in the payload is a length check (before mailbox, media and background slot) or a field check", reason: "general order names the length only", taken: adopted },
  clearAllLength: { sheet: "events.md 11", question: "length of Clear All with a handle count that it does not carry", reason: "\"6 + 2n\" and \"the count is ignored\" meet", taken: adopted },
  clearNone: { sheet: "events.md 11", question: "Clear with no handle and without Clear All", reason: "nothing is violated, nothing is named", taken: adopted },
  policyLength: { sheet: "mailbox.md 3, events.md 13", question: "Set Event Interrupt Policy with 5 bytes on a device without dynamic capacity", reason: "\"4 or 5\" in one place, \"4 bytes otherwise\" in the other", taken: adopted },
  policyFirmware: { sheet: "events.md 13", question: "mode 2 (firmware interrupt) on a device that sends none", reason: "no error is named", taken: adopted },
  policyReserved: { sheet: "events.md 13", question: "mode 3, and mode 2 of the dynamic capacity log", reason: "reserved; no error is named", taken: adopted },
  abortIdle: { sheet: "device-registers.md 4.7", question: "Request Abort while nothing runs", reason: "the rule speaks of a running operation only", taken: adopted },
  abortInterrupt: { sheet: "device-registers.md 4.7", question: "whether an aborted operation interrupts", reason: "the interrupt is named for completion only", taken: "yes" },
  backgroundOrNot: { sheet: "mailbox.md 3 (\"may run in background\")", question: "which commands with effect bit 6 answer at once", reason: "the device's choice, and may differ by input", taken: adopted },
  firmwarePackage: { sheet: "mailbox.md 6", question: "what a package must be to pass the check", reason: "vendor's own", taken: adopted },
  firmwarePart: { sheet: "mailbox.md 6", question: "parts that are no multiple of 128 bytes, empty parts, a first part not at 0", reason: "INFERRED rule without an error code", taken: "adopted; a first part counts as at 0" },
  firmwarePause: { sheet: "mailbox.md 6", question: "whether the 30 s count from the acceptance of a part or from its end in background", reason: "\"of the previous one\"", taken: "its end" },
  firmwareAbort: { sheet: "mailbox.md 6, device-registers.md 4.7", question: "a transfer of which a part was aborted in background", reason: "not said", taken: "dropped" },
  firmwareResend: { sheet: "mailbox.md 6", question: "a last part that is sent again with another length", reason: "\"resend of the very last part\"", taken: "the next part follows what came last" },
  firmwareRevision: { sheet: "mailbox.md 6", question: "revision of a slot after a transfer", reason: "from the package; its form is the vendor's", taken: "not looked at until the next read, then fixed" },
  activateActive: { sheet: "mailbox.md 6", question: "Activate of the active slot", reason: "\"bad slot\" is not spelled out", taken: adopted },
  activateEmpty: { sheet: "mailbox.md 6", question: "Activate of an empty slot", reason: "\"bad slot\" is not spelled out", taken: "0x0B" },
  activateOnline: { sheet: "mailbox.md 6", question: "online activation on a device that cannot", reason: "no error is named", taken: adopted },
  activateStaged: { sheet: "mailbox.md 6", question: "staged slot after an online activation of another", reason: "not said", taken: "kept" },
  activateReset: { sheet: "mailbox.md 3, 6", question: "whether a conventional or CXL reset activates the staged slot", reason: "action 1 says cold reset, effect bits 10 and 11 say conventional and CXL reset", taken: "yes" },
  logFlags: { sheet: "mailbox.md 8", question: "capabilities of the logs, size and contents of the vendor debug log", reason: "vendor's own", taken: adopted },
  subListStart: { sheet: "mailbox.md 8", question: "sub-list or feature list from beyond the last entry", reason: "no error is named", taken: adopted },
  featureListSize: { sheet: "mailbox.md 9", question: "Get Supported Features with room for less than the header", reason: "no error is named", taken: adopted },
  featureEmpty: { sheet: "mailbox.md 9", question: "Get Feature of 0 bytes, Set Feature with less or more data than writable, offset of a full transfer", reason: "only the codes of whole transfers are named", taken: adopted },
  featureRefused: { sheet: "mailbox.md 9", question: "a transfer whose last part was refused", reason: "not said", taken: "dropped, but not by a part beyond the end" },
  featurePersistence: { sheet: "mailbox.md 9", question: "whether a value lasts over the resets of \"deepest reset persistence\" when it was not written with \"saved\"", reason: "both flags are named, not how they meet", taken: "no: the saved value comes back" },
  featureSaved: { sheet: "mailbox.md 9", question: "bit \"saved across reset\" on a feature without saved selection", reason: "no error is named", taken: adopted },
  featureValues: { sheet: "mailbox.md 9", question: "values out of a feature's range (scrub cycle below the least, reserved thresholds)", reason: "no error is named", taken: adopted },
  featureThreshold: { sheet: "mailbox.md 9", question: "when the threshold in force follows the configured one (error check scrub)", reason: "not said", taken: "at once" },
  featureAbort: { sheet: "mailbox.md 9", question: "abort without a transfer, continue with another UUID", reason: "\"out of order\" is not spelled out", taken: adopted },
  maintenance: { sheet: "mailbox.md 10", question: "lengths, spare resources, events and reserved flags of maintenance operations", reason: "layouts only", taken: adopted },
  maintenancePoison: { sheet: "mailbox.md 10", question: "poison of a line that a post package repair names", reason: "not said", taken: "gone with the end of the operation" },
  partitionSame: { sheet: "mailbox.md 12", question: "Set Partition Info that asks for what is active; immediate change while memory is in use", reason: "not said", taken: "nothing is pending then" },
  labelsLocked: { sheet: "mailbox.md 16", question: "labels while the device is locked", reason: "\"commands touching persistent media\" does not say whether labels are", taken: adopted },
  alertBoundary: { sheet: "mailbox.md 13", question: "threshold equal to the critical one; condition just met; thresholds of alerts being disabled", reason: "\"beyond\" and \"holds\"", taken: adopted },
  alertEvents: { sheet: "mailbox.md 13", question: "events when several conditions hold at once", reason: "\"an event\"", taken: "one for life used, one for temperature (also when the other threshold was set), one for the corrected error counts" },
  alertValid: { sheet: "mailbox.md 13", question: "bit of Valid Alerts after Set without the enable bit", reason: "not said", taken: "cleared" },
  poisonOrder: { sheet: "mailbox.md 14", question: "order of the poison list, and whether neighbours are one record", reason: "not said", taken: "any order; records are counted against the list's size one a line until a scan, neighbours of one source as one after it" },
  poisonLength: { sheet: "mailbox.md 14", question: "range of 0 lines", reason: "no error is named", taken: adopted },
  rangeAddress: { sheet: "mailbox.md 14", question: "range that does not begin at a line", reason: "named for injection only; 63:6 is the DPA", taken: adopted },
  poisonCursor: { sheet: "mailbox.md 14", question: "where a list goes on that changed between two parts, and whether another range starts anew", reason: "cursor is INFERRED", taken: "no line twice, none left out; another range starts anew" },
  poisonAgain: { sheet: "mailbox.md 14", question: "event record for an injection into a poisoned line", reason: "\"success, no second record\" speaks of the list", taken: "none" },
  poisonPartition: { sheet: "mailbox.md 12, 14", question: "poison where volatile capacity becomes persistent or the other way over a reset", reason: "not said", taken: "lost where the capacity is volatile after the reset" },
  poisonRebuilt: { sheet: "mailbox.md 14", question: "a list that a scan of everything rebuilds and that is too long again: event, timestamp", reason: "not said", taken: "an overflow like any other, at the end of the scan" },
  poisonFull: { sheet: "mailbox.md 14", question: "injection with a full list: answer, and log of the event", reason: "\"overflow\" and \"per device\" only", taken: "success; a record in the warning log when the list overflows first" },
  scanSource: { sheet: "mailbox.md 14", question: "source of a record after a scan found its line", reason: "not said", taken: "as the list knew it, 2 (internal) where it did not; the list is rebuilt by every scan of everything" },
  scanResults: { sheet: "mailbox.md 14", question: "order and cursor of results, whether neighbours are one record, results while a scan runs or after an abort", reason: "not said", taken: "any order, as many as the list holds; the rest adopted" },
  scanEvents: { sheet: "events.md 14", question: "log and number of records of a scan", reason: "\"per severity\"", taken: "failure log, one a line of the results" },
  sanitizeMoment: { sheet: "mailbox.md 15", question: "when during Sanitize logs, poison list and labels go", reason: "not said", taken: "at its end" },
  sanitizeAbort: { sheet: "mailbox.md 15", question: "media after an aborted Sanitize", reason: "\"failure or reset in between leaves media disabled\"", taken: "disabled" },
  resetNeeded: { sheet: "device-registers.md 5", question: "value of Reset Needed while media is disabled or in error", reason: "only said to be other than 0", taken: "any but 0" },
  eraseBusy: { sheet: "mailbox.md 15", question: "Secure Erase and Passphrase Secure Erase while an operation runs", reason: "foreground; the declaration lists Busy", taken: adopted },
  erasePoison: { sheet: "mailbox.md 15", question: "poison list and labels after a secure erase", reason: "\"crypto-erase by changing keys\"", taken: "list cleared, labels kept" },
  mediaRanges: { sheet: "mailbox.md 15", question: "no range, overlapping ranges, more ranges than the payload holds, discovery beyond the last operation", reason: "no error is named", taken: adopted },
  mediaMoment: { sheet: "mailbox.md 15", question: "when a media operation changes its ranges", reason: "not said", taken: "at its start" },
  mediaClass: { sheet: "mailbox.md 15", question: "class or subclass that is not listed", reason: "no error is named", taken: adopted },
  lockedPassphrase: { sheet: "mailbox.md 16", question: "Set Passphrase and Freeze while locked", reason: "not in the table", taken: adopted },
  securityTransport: { sheet: "mailbox.md 17", question: "protocols and data of Security Send and Receive", reason: "layout only", taken: adopted },
  qosValues: { sheet: "mailbox.md 17", question: "percentages above 100 and reserved control bits", reason: "layout only", taken: adopted },
  capacityErrors: { sheet: "mailbox.md 18", question: "which error for which faulty extent", reason: "\"exact split UNKNOWN\"", taken: adopted },
  handlesLost: { sheet: "events.md 12", question: "whether a record that is lost uses up a handle", reason: "not said", taken: "no" },
  payloadAfterReset: { sheet: "device-registers.md 6", question: "payload after a reset", reason: "only registers are said to be cleared", taken: "0 after a conventional reset, kept over CXL and function resets" },
  resetBackground: { sheet: "device-registers.md 4.7, 6", question: "background operation over a CXL reset or a function reset", reason: "ended by a Conventional Reset; of the others only the registers are spoken of", taken: "goes on" },
  resetPolicy: { sheet: "device-registers.md 6", question: "event interrupt policy over a CXL reset or a function reset", reason: "UNKNOWN", taken: "kept" },
  dirtyReset: { sheet: "mailbox.md 13", question: "whether CXL and function resets count a dirty shutdown", reason: "\"a reset\"", taken: "conventional resets only" },
  stateAfterReset: { sheet: "device-registers.md 6, mailbox.md 7 to 18", question: "clock, alerts, QoS control, open transfers, scan results, poison list over hot reset, function reset and CXL reset", reason: "not said, or \"a reset that loses the clock\"", taken: "see resets.ts" },
} as const satisfies Readonly<Record<string, OpenQuestion>>;

export type QuestionName = keyof typeof openQuestions;
