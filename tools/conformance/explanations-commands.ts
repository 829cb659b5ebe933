// Differences in return codes and outputs of mailbox commands that have a reason.

import { commandNames, commands } from "../../registers/commands.ts";
import type { CommandName } from "../../registers/commands.ts";
import { eventRecords } from "../../registers/events.ts";
import type { EventRecordName } from "../../registers/events.ts";
import type { ReturnCode } from "../../registers/payload-schema.ts";
import { returnCodes } from "../../registers/payload-schema.ts";
import type { CaptureKind } from "./capture.ts";
import type { Circumstance } from "./compare.ts";
import type { FunctionKind } from "./topology.ts";
import type { Explanation, Extra, Row } from "./rule.ts";
import { rules } from "./rule.ts";

const devices: readonly FunctionKind[] = ["type3"];
const captures: readonly CaptureKind[] = ["mailbox", "accesses"];
const ended = -1;
const weHave = [[0, 1]] as const;
const theyHave = [[1, 0]] as const;
const oursHasMore = (theirs: number, ours: number): boolean => theirs === 0 && ours > 0;

type Code = ReturnCode | typeof ended;
const codeOf = (code: Code): number => (code === ended ? ended : returnCodes[code]);
const spoken = (name: CommandName): string => `${commands[name].meaning} (0x${commands[name].opcode.toString(16).padStart(4, "0")})`;

/** A return code of one command in one circumstance. */
type CodeRow = readonly [command: CommandName, circumstance: Circumstance, theirs: Code, ours: ReturnCode, reason: string, extra?: Extra];
const codeRules = (rows: readonly CodeRow[]): Explanation[] =>
  rules(captures, rows.map(([command, circumstance, theirs, ours, reason, extra]): Row => [`${spoken(command)}, ${circumstance}: ${theirs === ended ? "the emulator ends" : theirs} there, ${ours} here`, devices, `${command}.returnCode.value`, [[codeOf(theirs), codeOf(ours)]], `CXL ${commands[command].clause}`, reason, { circumstance, ...extra }]));

const documentedOnly = { documentedOnly: true } as const;

const codes = codeRules([
  ["clearEventRecords", "length is not of its count", "success", "invalidPayloadLength", "6 bytes and 2 a handle; theirs asks for no exact length."],
  ["clearEventRecords", "clear all", "success", "invalidInput", "Accepted only once the log has overflowed; theirs ignores Clear All."],
  ["clearEventRecords", "not the oldest handles", "success", "invalidHandle", "Handles name the oldest records in order; theirs ignores them where the log is empty."],
  ["clearEventRecords", "not the oldest handles", "invalidInput", "invalidHandle", "Invalid Handle is the code for it.", documentedOnly],
  ["setEventInterruptPolicy", "longer than its fields", "success", "invalidPayloadLength", "5 bytes at most; theirs takes any length from 4."],
  ["setEventInterruptPolicy", "reserved mode", "success", "invalidInput", "Mode 3 is reserved, and 2 for dynamic capacity; theirs takes both as none."],
  ["getLog", "past the end of the log", "success", "invalidInput", "Offset and length lie inside the log; theirs gives zeros from behind it."],
  ["getPoisonList", "restart requested", "invalidInput", "success", "Bit 0 of the address is a request, no part of the address."],
  ["getPoisonList", "unaligned address", "invalidInput", "success", "Bits 5:1 of the address are reserved.", documentedOnly],
  ["getPoisonList", "beyond the capacity", "success", "invalidPhysicalAddress", "The range lies inside the device."],
  ["injectPoison", "unaligned address", "success", "invalidInput", "Bits 5:0 are 0."],
  ["injectPoison", "beyond the capacity", "success", "invalidPhysicalAddress", "The address lies inside the device."],
  ["clearPoison", "unaligned address", "success", "invalidInput", "Bits 5:0 are 0."],
  ["abortBackground", "no background operation yet", "abortNotSupported", "success", "Nothing is under way that could not be aborted."],
  ["getScanCapabilities", "no lines", "success", "invalidInput", "A range has lines."],
  ["scanMedia", "no lines", "backgroundStarted", "invalidInput", "A range has lines.", documentedOnly],
  ["setAlerts", "beyond their thresholds", "invalidInput", "success", "Warnings lie on this side of what is critical, and what is critical is each device's own."],
  ["setAlerts", "reserved bits", "success", "invalidInput", "Alerts that are not programmable are refused."],
  ["transferFirmware", "transfer aborted", "backgroundStarted", "firmwareTransferOutOfOrder", "With Request Abort the transfer ended; theirs goes on with it."],
  ["transferFirmware", "no transfer open", "invalidInput", "firmwareTransferOutOfOrder", "A part that continues or ends nothing is out of order."],
  ["transferFirmware", "no transfer open", "success", "firmwareTransferOutOfOrder", "There is nothing to abort."],
  ["transferFirmware", "part out of order", "backgroundStarted", "firmwareTransferOutOfOrder", "A part follows the one before; theirs does not look at the offset."],
  ["activateFirmware", "in the background here", "success", "backgroundStarted", "Activation may run in the background, as its effects say on both."],
  ["activateFirmware", "reserved action", "invalidSlot", "invalidInput", "Two things are wrong with the command: theirs names the slot, ours the action."],
  ["performMaintenance", "emulator ended", ended, "invalidPayloadLength", "2 bytes at least."],
  ["getPoisonList", "emulator ended", ended, "success", "What does not fit the payload comes with the next commands: More Media Error Records."],
]);

/** What QEMU's sources and its sheet say of it, beyond the project's captures. */
const known = codeRules(([
  ["getLabels", "emulator ended", ended, "success", "No bytes are asked for."],
  ["setLabels", "emulator ended", ended, "success", "No bytes are written."],
  ["addDynamicCapacity", "emulator ended", ended, "success", "The host takes nothing of what was offered."],
  ["getSupportedFeatures", "behind the last entry", "invalidInput", "success", "The list ends where it begins: no entries."],
  ["getFeature", "not the current value", "unsupported", "success", "Default and saved values can be selected."],
  ["getFeature", "not the current value", "unsupported", "unsupportedFeatureSelection", "The code for a selection that there is not."],
  ["getFeature", "beyond the feature", "success", "invalidInput", "Offset and count lie inside the feature; theirs gives what there is."],
  ["getFeature", "no such feature", "featureTransferInProgress", "unsupported", "An id of zeros names no feature; theirs takes it for the one that is being transferred."],
  ["setFeature", "version of another feature", "unsupported", "unsupportedFeatureVersion", "The code for a version that it does not have."],
  ["setFeature", "beyond the feature", "invalidPayloadLength", "invalidInput", "The data lies outside of the feature; how long it is, is legal."],
  ["setFeature", "part of a feature", "success", "invalidInput", "A full transfer has all of the writable data."],
  ["setFeature", "part of a feature", "success", "featureTransferOutOfOrder", "Parts follow each other; theirs takes any."],
  ["setFeature", "part of a feature", "invalidPayloadLength", "success", "A part of no bytes changes nothing."],
  ["setFeature", "part of a feature", "invalidPayloadLength", "invalidInput", "A full transfer has all of the writable data; how long it is, is legal."],
  ["performMaintenance", "reserved operation", "success", "invalidInput", "Class 0 is no operation."],
  ["performMaintenance", "in the background here", "success", "backgroundStarted", "It may run in the background, as its effects say on both."],
  ["performMaintenance", "no background operation yet", "success", "backgroundStarted", "It may run in the background, as its effects say on both."],
  ["mediaOperations", "reserved operation", "unsupported", "invalidInput", "The command is supported; what it asks for is not."],
  ["mediaOperations", "beyond the capacity", "invalidInput", "invalidPhysicalAddress", "The range lies inside the device."],
  ["releaseDynamicCapacity", "no ranges", "invalidInput", "success", "Nothing is released."],
  ["mediaOperations", "no ranges", "success", "invalidInput", "There is nothing to work on."],
  ["getEventRecords", "media disabled", "mediaDisabled", "success", "Needs no media."],
  ["getLog", "media disabled", "mediaDisabled", "success", "Needs no media."],
  ["getPartitionInfo", "media disabled", "mediaDisabled", "success", "Needs no media."],
  ["sanitize", "media disabled", "mediaDisabled", "busy", "One operation at a time; theirs looks at the media first."],
  ["transferFirmware", "media disabled", "mediaDisabled", "busy", "One operation at a time; theirs looks at the media first."],
  ["activateFirmware", "media disabled", "mediaDisabled", "busy", "One operation at a time; theirs looks at the media first."],
] as const).map((one): CodeRow => [...one, documentedOnly]));

/** While the media is disabled, by a sanitize for example. */
const disabled = codeRules(commandNames.filter((name) => (commands[name] as { readonly needsMedia?: true }).needsMedia === true).map((name): CodeRow => [name, "media disabled", "success", "mediaDisabled", "Needs the media; a sanitize does not stop it there.", documentedOnly]));

const logSizes = ["informationalLogSize", "warningLogSize", "failureLogSize", "fatalLogSize"] as const;
const logNames = [["informational", 2], ["warning", 3], ["failure", 4], ["fatal", 5], ["dynamicCapacity", 6]] as const;
const revisions = [1, 2, 3, 4] as const;
const transferred = { circumstance: "firmware was transferred" } as const;
const identify = "CXL 8.2.10.9.1.1";
const alerts = "CXL 8.2.10.9.3.2";
const thresholds = "What is critical, and what warnings begin with, is each device's own.";
const inEntries = "The offset is in bytes; theirs counts it in entries of four.";
const oneLine = "Lines are told in as many records as the device likes; theirs keeps one for each injection, and two of a line that was injected at an unaligned address too.";

const outputs = rules(captures, [
  ["firmware revision", devices, "identifyMemoryDevice.output.firmwareRevision", [[0x30, 0]], identify, "The revision of the active slot; theirs has another text for it (its last character)."],
  ["firmware revision after a transfer", devices, "identifyMemoryDevice.output.firmwareRevision", "any", identify, "The revision of the active slot, which was transferred; theirs has the same text for every one.", transferred],
  ...revisions.map((slot): Row => [`revision of slot ${slot} after a transfer`, devices, `firmwareInfo.output.revision${slot}`, "any", "CXL 8.2.10.3.1", "What revision a package has, and where in it, is its maker's; theirs numbers its slots.", { ...transferred, ...(slot > 2 ? documentedOnly : {}) }]),
  ["slot that stays staged", devices, "firmwareInfo.output.slot staged", [[2, 0], [1, 0]], "CXL 8.2.10.3.1", "Nothing is staged once it is active; theirs leaves the slot there.", transferred],
  ...logSizes.map((field): Row => [`identify: ${field}`, devices, `identifyMemoryDevice.output.${field}`, [[0, 8]], identify, "Records that the log holds, 8 on both; theirs says 0."]),
  ["identify: injectPoisonLimit", devices, "identifyMemoryDevice.output.injectPoisonLimit", [[0, 256]], identify, "Both refuse what goes beyond 256 lines; theirs says that there is no limit."],
  ["identify: poisonHandling", devices, "identifyMemoryDevice.output.poisonHandling", [[0, 3]], identify, "It takes injected poison and scans for poison, as its commands say; theirs names neither."],
  ["timestamp", devices, "getTimestamp.output.timestamp", "any", "CXL 8.2.10.4.1", "Counts on from what it was set to; a transcript does not say how long.", { circumstance: "clock runs" }],
  ...logNames.map(([log, vector]): Row => [`message number of the ${log} log`, devices, `getEventInterruptPolicy.output.${log} message`, [[0, vector]], "CXL 8.2.10.2.4", "The device's vector for the log; theirs shows it only while the log has messages."]),
  ...logNames.slice(0, 4).map(([log]): Row => [`firmware notification of the ${log} log`, devices, `getEventInterruptPolicy.output.${log} mode`, [[0, 2]], "CXL 8.2.10.2.5", "Mode 2 is kept; theirs takes it as none."]),
  ["part of the log of command effects", devices, "getLog.output.data", "any", "CXL 8.2.10.5.2", inEntries, { circumstance: "offset in entries" }],
  ["alerts in force", devices, "getAlerts.output.valid", (theirs, ours) => theirs === 0 && ours !== 0, alerts, "Warnings that were enabled; theirs never says so.", { states: "0x0 / any" }],
  ["programmable alerts", devices, "getAlerts.output.programmable", (theirs, ours) => theirs !== ours && ours === 0x1f, alerts, "All five can be programmed; theirs shows what was enabled last.", { states: "any / 0x1f" }],
  ...([["lifeUsedCritical", 75, 95], ["lifeUsedWarning", 40, 75], ["overCritical", 35, 70], ["underCritical", 10, 0xfff6], ["overWarning", 25, 55], ["underWarning", 20, 0]] as const).map(([field, theirs, ours]): Row => [`alerts: ${field}`, devices, `getAlerts.output.${field}`, [[theirs, ours]], alerts, thresholds]),
  ["records of poisoned lines", devices, "getPoisonList.output.count", "any", "CXL 8.2.10.9.4.1", oneLine, { circumstance: "same lines" }],
  ["lines that ours refused", devices, "getPoisonList.item.listed", [[1, 0]], "CXL 8.2.10.9.4.2", "Theirs holds what it should not have taken: an address beyond the device, or a second record by an unaligned address.", { circumstance: "refused here" }],
  ["lines of an empty range", devices, "getPoisonList.item.listed", [[1, 0]], "CXL 8.2.10.9.4.1", "A range of no lines has none; theirs takes its end for the last address.", { circumstance: "no lines" }],
  ["records of an empty range", devices, "getPoisonList.output.count", (theirs, ours) => theirs > 0 && ours === 0, "CXL 8.2.10.9.4.1", "A range of no lines has none; theirs takes its end for the last address.", { circumstance: "no lines", states: "any / 0x0" }],
  ["time of a scan", devices, "getScanCapabilities.output.time", (theirs, ours) => theirs > 0 && ours > 0, "CXL 8.2.10.9.4.4", "Each device's own estimate.", { states: "above 0" }],
  ["lines that a scan finds", devices, "getScanResults.item.listed", [[0, 1]], "CXL 8.2.10.9.4.6", "Poisoned lines of the range; theirs tells none that are in its list already."],
  ["records that a scan finds", devices, "getScanResults.output.count", (theirs, ours) => theirs < ours, "CXL 8.2.10.9.4.6", "Poisoned lines of the range; theirs tells none that are in its list already.", { states: "fewer / more" }],
  ["lines until the limit", devices, "injectPoison.limit.injected", "any", "CXL 8.2.10.9.4.2", "Lines count that were injected; theirs counts every record of its list.", { circumstance: "lists differ" }],
  ["events of injected poison", devices, "generalMedia.informational.logged", weHave, "CXL 8.2.10.9.4.2", "Inject Poison adds an event to the informational log; theirs adds none."],
  ["events of a scan", devices, "generalMedia.failure.logged", weHave, "CXL 8.2.10.9.4.5", "A scan tells what it finds unless it is asked not to; theirs tells nothing."],
  ["event of a full poison list", devices, "generalMedia.warning.logged", weHave, "CXL 8.2.10.2.1.1", "A list that loses a record tells so once; theirs refuses instead."],
  ["events of alerts", devices, "memoryModule.warning.logged", weHave, "CXL 8.2.10.9.3.3", "An alert whose condition holds tells so at once; theirs has no conditions."],
]);

const recordKinds = Object.keys(eventRecords) as EventRecordName[];
const records = rules(captures, [
  ["records of its own", devices, "getEventRecords.output.count", (theirs, ours) => theirs < ours, "CXL 8.2.10.9.4.2", "Ours logs poison that is injected or found; theirs does not.", { ...documentedOnly, circumstance: "logs of its own", states: "fewer / more" }],
  ["extents that were not offered", devices, "addDynamicCapacity.returnCode.value", [[0x0f, 0x1e]], "CXL 8.2.10.9.9.3", "They lie in a region, but nobody offered them: an invalid extent list.", documentedOnly],
  ["extents that are not held", devices, "releaseDynamicCapacity.returnCode.value", [[0x0f, 0x1e]], "CXL 8.2.10.9.9.4", "They lie in a region, but the host does not have them: an invalid extent list.", documentedOnly],
  ["tags supported", devices, "getDynamicCapacity.output.tagsSupported", [[0, 512]], "CXL 8.2.10.9.9.1", "Every extent can have a tag here; theirs has none.", documentedOnly],
  ["tags available", devices, "getDynamicCapacity.output.tagsAvailable", oursHasMore, "CXL 8.2.10.9.9.1", "Every extent can have a tag here; theirs has none.", { ...documentedOnly, states: "0x0 / any" }],
  ["handle of a region", devices, "getDynamicCapacity.item.dsmadHandle", (theirs, ours) => theirs !== ours, "CXL 8.2.10.9.9.1", "Names a structure of the device's own CDAT.", { ...documentedOnly, states: "different" }],
  ["operations that are told", devices, "mediaOperations.item.listed", weHave, "CXL 8.2.10.9.5.3", "Discovery is an operation too; theirs leaves it out of its list.", documentedOnly],
  ...(["total", "count"] as const).map((field): Row => [`operations: ${field}`, devices, `mediaOperations.output.${field}`, (theirs, ours) => ours === theirs + 1, "CXL 8.2.10.9.5.3", "Discovery is an operation too; theirs leaves it out of its list.", { ...documentedOnly, states: "one less / one more" }]),
  ["more event records", devices, "getEventRecords.output.flags more", theyHave, "CXL 8.2.10.2.2", "There are no more than these; theirs says so whenever there is one.", documentedOnly],
  ...recordKinds.flatMap((kind): Row[] => [
    [`handle of a record (${kind})`, devices, `${kind}.record.handle`, (theirs, ours) => theirs > 0 && ours > 0, `CXL ${eventRecords[kind].clause}`, "Each device numbers its records.", { ...documentedOnly, states: "not 0" }],
    [`timestamp of a record (${kind})`, devices, `${kind}.record.timestamp`, "any", `CXL ${eventRecords[kind].clause}`, "The device's clock when it happened; a transcript does not say when that was.", { ...documentedOnly, circumstance: "clock runs" }],
  ]),
]);

const feature = "CXL 8.2.10.6.1";
const featureValues = rules(captures, [
  ["features: flags", devices, "getSupportedFeatures.item.flags", [[0x01, 0x69], [0x21, 0x69]], feature, "Values are changeable on both; ours can be saved and survive a reset too.", documentedOnly],
  ["features: readable bytes", devices, "getSupportedFeatures.item.getSize", [[13, 5]], feature, "Error check scrub: three units there, one here.", documentedOnly],
  ["features: writable bytes", devices, "getSupportedFeatures.item.setSize", [[7, 3]], feature, "Error check scrub: three units there, one here.", documentedOnly],
  ["patrol scrub enabled", devices, "patrolScrub.readable.flags", weHave, "CXL 8.2.10.9.11.1", "Whether it runs after a reset is the device's own.", documentedOnly],
  ["error check scrub: threshold in force", devices, "errorCheckScrub.readable.flags", (theirs, ours) => theirs === 0 && ours >= 3 && ours <= 5, "CXL 8.2.10.9.11.2", "The threshold that is in force; theirs says none.", { ...documentedOnly, states: "0x0 / a threshold" }],
  ...(["softRepair", "hardRepair"] as const).flatMap((name): Row[] => [
    [`${name}: latency`, devices, `${name}.readable.latency`, [[5, 0]], "CXL 8.2.10.7.2", "Each device's own.", documentedOnly],
    [`${name}: flags`, devices, `${name}.readable.flags`, [[5, 3]], "CXL 8.2.10.7.2", "What it takes to name a place, and whether sparing leaves a record, is each device's own.", documentedOnly],
    [`${name}: boot mode`, devices, `${name}.readable.bootMode`, theyHave, "CXL 8.2.10.7.2", "Records of sparing are enabled after a reset there; ours leaves that to the host.", documentedOnly],
  ]),
]);

export const commandExplanations: readonly Explanation[] = [...codes, ...known, ...disabled, ...outputs, ...records, ...featureValues];
