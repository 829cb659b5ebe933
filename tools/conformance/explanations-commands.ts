// Differences in return codes and outputs of mailbox commands that have a reason.

import { commandNames, commands } from "../../registers/commands.ts";
import type { CommandName } from "../../registers/commands.ts";
import type { ReturnCode } from "../../registers/payload-schema.ts";
import { returnCodes } from "../../registers/payload-schema.ts";
import type { CaptureKind } from "./capture.ts";
import type { CommandCircumstance } from "./command-circumstances.ts";
import type { FunctionKind } from "./topology.ts";
import type { Explanation, Extra, Row } from "./rule.ts";
import { rules } from "./rule.ts";

const devices: readonly FunctionKind[] = ["type3"];
const captures: readonly CaptureKind[] = ["mailbox", "accesses"];
const ended = -1;

type Code = ReturnCode | typeof ended;
const codeOf = (code: Code): number => (code === ended ? ended : returnCodes[code]);
const spoken = (name: CommandName): string => `${commands[name].meaning} (0x${commands[name].opcode.toString(16).padStart(4, "0")})`;

/** A return code of one command in one circumstance. */
type CodeRow = readonly [command: CommandName, circumstance: CommandCircumstance, theirs: Code, ours: ReturnCode, reason: string, extra?: Extra];
const codeRules = (rows: readonly CodeRow[]): Explanation[] =>
  rules(captures, rows.map(([command, circumstance, theirs, ours, reason, extra]): Row => [`${spoken(command)}, ${circumstance}: ${theirs === ended ? "the emulator ends" : theirs} there, ${ours} here`, devices, `${command}.returnCode.value`, [[codeOf(theirs), codeOf(ours)]], `CXL ${commands[command].clause}`, reason, { circumstance, ...extra }]));

const documentedOnly = { documentedOnly: true } as const;
const noArea = "The device has no label storage area.";

const codes = codeRules([
  ["clearEventRecords", "length is not of its count", "success", "invalidPayloadLength", "6 bytes and 2 a handle; theirs asks for no exact length."],
  ["clearEventRecords", "clear all", "success", "invalidInput", "Accepted only once the log has overflowed; theirs ignores Clear All."],
  ["clearEventRecords", "not the oldest handles", "success", "invalidHandle", "Handles name the oldest records in order; theirs ignores them where the log is empty."],
  ["clearEventRecords", "not the oldest handles", "invalidInput", "invalidHandle", "Invalid Handle is the code for it.", documentedOnly],
  ["setEventInterruptPolicy", "longer than its fields", "success", "invalidPayloadLength", "5 bytes at most; theirs takes any length from 4."],
  ["setEventInterruptPolicy", "mode without messages", "success", "invalidInput", "Mode 3 is reserved and mode 2 needs firmware notification; theirs takes both as none."],
  ["getLog", "past the end of the log", "success", "invalidInput", "Offset and length lie inside the log; theirs gives zeros from behind it."],
  ["getPoisonList", "restart requested", "invalidInput", "success", "Bit 0 of the address is a request, no part of the address."],
  ["getPoisonList", "beyond the capacity", "success", "invalidPhysicalAddress", "The range lies inside the device."],
  ["injectPoison", "unaligned address", "success", "invalidInput", "Bits 5:0 are 0."],
  ["injectPoison", "beyond the capacity", "success", "invalidPhysicalAddress", "The address lies inside the device."],
  ["clearPoison", "unaligned address", "success", "invalidInput", "Bits 5:0 are 0."],
  ["transferFirmware", "no transfer open", "invalidInput", "firmwareTransferOutOfOrder", "A part that continues or ends nothing is out of order."],
  ["transferFirmware", "no transfer open", "success", "firmwareTransferOutOfOrder", "There is nothing to abort."],
  ["transferFirmware", "part out of order", "backgroundStarted", "firmwareTransferOutOfOrder", "A part follows the one before; theirs does not look at the offset."],
  ["activateFirmware", "reserved action", "invalidSlot", "invalidInput", "Two things are wrong with the command: theirs names the slot, ours the action."],
  ["getLabels", "no label area", "success", "invalidInput", noArea],
  ["setLabels", "no label area", "success", "invalidInput", noArea],
  ["performMaintenance", "emulator ended", ended, "invalidPayloadLength", "2 bytes at least."],
  ["getPoisonList", "emulator ended", ended, "success", "What does not fit the payload comes with the next commands: More Media Error Records."],
]);

/** While the media is disabled, by a sanitize for example. */
const disabled = codeRules(commandNames.filter((name) => (commands[name] as { readonly needsMedia?: true }).needsMedia === true).map((name): CodeRow => [name, "media disabled", "success", "mediaDisabled", "Needs the media; a sanitize does not stop it there.", documentedOnly]));

const logSizes = ["informationalLogSize", "warningLogSize", "failureLogSize", "fatalLogSize"] as const;
const logNames = [["informational", 2], ["warning", 3], ["failure", 4], ["fatal", 5], ["dynamicCapacity", 6]] as const;

const outputs = rules(captures, [
  ["firmware revision", devices, "identifyMemoryDevice.output.firmwareRevision", [[0x30, 0]], "CXL 8.2.10.9.1.1", "The revision of the active slot; theirs has another text for it (its last character)."],
  ...logSizes.map((field): Row => [`identify: ${field}`, devices, `identifyMemoryDevice.output.${field}`, [[0, 8]], "CXL 8.2.10.9.1.1", "Records that the log holds, 8 on both; theirs says 0."]),
  ["identify: injectPoisonLimit", devices, "identifyMemoryDevice.output.injectPoisonLimit", [[0, 256]], "CXL 8.2.10.9.1.1", "Both refuse the 257th line; theirs says that there is no limit."],
  ["timestamp", devices, "getTimestamp.output.timestamp", "any", "CXL 8.2.10.4.1", "Counts on from what it was set to; a transcript does not say how long.", { circumstance: "clock runs" }],
  ...logNames.map(([log, vector]): Row => [`message number of the ${log} log`, devices, `getEventInterruptPolicy.output.${log} message`, [[0, vector]], "CXL 8.2.10.2.4", "The device's vector for the log; theirs shows it only while the log has messages."]),
]);

export const commandExplanations: readonly Explanation[] = [...codes, ...disabled, ...outputs];
