// The reference page of mailbox commands, event records, features and return codes, in Markdown. Pure.

import { commands } from "../registers/commands.ts";
import { eventLogs, eventRecords, recordFields, recordLength } from "../registers/events.ts";
import { features } from "../registers/features.ts";
import type { CommandDeclaration, PayloadFields, PayloadLayout, PayloadNames, PayloadValueNames } from "../registers/payload-schema.ts";
import { returnCodes } from "../registers/payload-schema.ts";
import { inputLengths } from "./command-tables.ts";
import { hex } from "./register-tables.ts";

const spoken = (name: string): string => name.replaceAll(/([A-Z])/g, (letter) => ` ${letter.toLowerCase()}`);
const valuesText = (values: PayloadValueNames = {}): string => Object.entries(values).map(([name, value]) => `${value > 9 ? hex(value) : value} ${spoken(name)}`).join(", ");

/** Bits as `bit name` or `high:low name (values)`, then values. */
function namesText({ bits = {}, values }: PayloadNames): string[] {
  const parts = Object.entries(bits).map(([name, part]) => {
    if (typeof part === "number") return `bit ${part} ${spoken(name)}`;
    return `bits ${part[0]}:${part[1]} ${spoken(name)}${part[2] === undefined ? "" : ` (${valuesText(part[2])})`}`;
  });
  return [...parts, ...(values === undefined ? [] : [valuesText(values)])];
}

const rows = (fields: PayloadFields, part: string): string[] => Object.entries(fields).toSorted(([, a], [, b]) => a[0] - b[0]).map(([name, [offset, bytes, meaning, names = {}]]) => `| ${part} | ${hex(offset)} | ${bytes} | ${name} | ${[meaning, ...namesText(names)].join("; ").replaceAll("|", "\\|")} |`);

function layoutRows(layout: PayloadLayout, part: string): string[] {
  return [...rows(layout.fields, part), ...(layout.items === undefined ? [] : rows(layout.items.fields, `${part}, each ${hex(layout.items.length)} bytes from ${hex(layout.length)}`)), ...(layout.hasData === true ? [`| ${part} | ${hex(layout.length)} | any | data | |`] : [])];
}

function lengthText(command: CommandDeclaration): string {
  const [least, most] = inputLengths(command);
  if (most === 0xffff_ffff) return `${least} or more`;
  return least === most ? `${least}` : `${least} to ${most}`;
}

function commandReference(name: string, command: CommandDeclaration): string[] {
  const fields = [...layoutRows(command.input, "input"), ...layoutRows(command.output, "output")];
  return [
    `### 0x${command.opcode.toString(16).padStart(4, "0")} ${command.meaning} (\`${name}\`, ${command.clause})`, "",
    `Set \`${command.set}\`. Input ${lengthText(command)} bytes, output ${command.output.length}${command.output.items !== undefined || command.output.hasData === true ? " or more" : ""}. Effects: ${command.effects.length === 0 ? "none" : command.effects.join(", ")}.${command.needsMedia === true ? " Needs the media." : ""} Returns, beside what every command can: ${command.returns.length === 0 ? "nothing else" : command.returns.join(", ")}.`, "",
    ...(fields.length === 0 ? [] : ["| part | offset | bytes | field | meaning |", "|---|---|---|---|---|", ...fields, ""]),
  ];
}

/** Text of build/docs/commands.md. */
export function commandPage(): string {
  return [
    "# Mailbox commands", "", "Generated from the declarations in `registers/`. Payloads are little endian and packed; bytes that no field names read 0 and are ignored. Any command can",
    "end with success, unsupported, invalidPayloadLength or unsupportedMailbox.", "",
    "## Return codes", "", "| code | name |", "|---|---|", ...Object.entries(returnCodes).map(([name, code]) => `| ${hex(code)} | ${name} |`), "",
    "## Commands", "", ...Object.entries(commands).flatMap(([name, command]) => commandReference(name, command)),
    "## Event records", "", `Logs: ${eventLogs.map((log, number) => `${number} ${log}`).join(", ")}. A record has ${recordLength} bytes.`, "", "| part | offset | bytes | field | meaning |", "|---|---|---|---|---|", ...rows(recordFields, "every record"),
    ...Object.entries(eventRecords).flatMap(([name, record]) => rows(record.fields, `${name} (${record.uuid}, ${record.clause})`)), "",
    "## Features", "", ...Object.entries(features).flatMap(([name, feature]) => [`### ${feature.meaning} (\`${name}\`, ${feature.uuid}, version ${feature.version})`, "", "| part | offset | bytes | field | meaning |", "|---|---|---|---|---|", ...rows(feature.readable.fields, "readable"), ...rows(feature.writable.fields, "writable"), ""]),
  ].join("\n");
}
