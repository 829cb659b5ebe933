// The `mailbox:` keys of a device as a page: docs/mailbox.md is this text (a test holds them equal), one row for each key of the schema.

import { commandNames, commands } from "../../registers/commands.ts";
import { commandSets } from "../../registers/payload-schema.ts";
import { defaultMailbox, mailboxOf } from "../platform/description.ts";
import type { mailboxSchema } from "./schema.ts";

interface Row {
  readonly example: string;
  readonly meaning: string;
  /** Without the key. */
  readonly usual: string;
}

const kibibytes = defaultMailbox.payloadSize / 1024;

/** What each key of `mailbox:` says. */
export const mailboxRows: Readonly<Record<keyof typeof mailboxSchema.shape, Row>> = {
  payload: { example: "payload: 4KiB", meaning: "payload of the primary mailbox, a power of two from 256 to 1MiB; it ends inside BAR 0, so above 64KiB the device needs a larger `barSize`", usual: `${kibibytes}KiB` },
  commandTime: { example: "commandTime: 20us", meaning: "from the doorbell to its clearing", usual: `${defaultMailbox.commandTime / 1000}us` },
  readyTime: { example: "readyTime: 3s", meaning: "from link up, or a reset, until commands are taken; announced in whole seconds, at most 255", usual: "0" },
  backgroundTime: { example: "backgroundTime: 500ms", meaning: "every background operation takes this long, whole milliseconds; 0: as each one's size asks", usual: "0" },
  without: { example: "without: [sanitize, security, getHealth]", meaning: "commands that the device does not have, by name or by set", usual: "none" },
  logs: { example: "logs: { informational: 16, warning: 16, failure: 8, fatal: 8 }", meaning: "records that the event logs hold, 1 to 4096; `dynamicCapacity` with dynamic regions", usual: `${defaultMailbox.logDepths[0]} each` },
  poisonList: { example: "poisonList: 32", meaning: "media error records that the poison list holds, 1 to 4096", usual: String(defaultMailbox.poisonListSize) },
  injectLimit: { example: "injectLimit: 8", meaning: "lines that are poisoned by injection at a time; 0: no limit", usual: String(defaultMailbox.injectPoisonLimit) },
  partitionAlignment: { example: "partitionAlignment: 256MiB", meaning: "capacity moves between volatile and persistent in multiples of this; both start on it", usual: "not partitionable" },
  firmware: { example: 'firmware: ["1.0", "2.0", ""]', meaning: "revisions of 2 to 4 firmware slots, at most 16 letters; an empty text is an empty slot", usual: defaultMailbox.firmware.map((revision) => `"${revision}"`).join(", ") },
  onlineActivation: { example: "onlineActivation: false", meaning: "firmware can be activated without a reset", usual: String(defaultMailbox.onlineActivation) },
  activeSlot: { example: 'firmware: [one, two], activeSlot: 2', meaning: "firmware slot that is active from the start", usual: "1" },
  revision: { example: 'revision: "BIOS 1.0"', meaning: "what Identify (`firmware_version`) calls the firmware until another slot is activated; at most 16 letters", usual: "as the active slot" },
  health: { example: "health: { temperature: 41, lifeUsed: 3 }", meaning: `Get Health Info from the start, by field: ${Object.keys(commands.getHealth.output.fields).map((name) => `\`${name}\``).join(", ")}; bits as numbers, temperatures in degrees`, usual: "normal, 30 degrees" },
  alerts: { example: "alerts: { overCritical: 80, overWarning: 70 }", meaning: `Get Alert Configuration from the start, by field: ${Object.keys(commands.getAlerts.output.fields).map((name) => `\`${name}\``).join(", ")}`, usual: "nothing enabled; 75% and 95% life, 0 to 55 and -10 to 70 degrees" },
  dynamicRegions: { example: "dynamicRegions: [{ length: 1GiB, block: 2MiB }]", meaning: "up to 8 dynamic capacity regions behind the static capacity; lengths are multiples of 256MiB, extents of the block (2MiB)", usual: "none" },
  dynamicExtents: { example: "dynamicExtents: 16", meaning: "extents that the device holds at most", usual: String(defaultMailbox.dynamicExtents) },
};

/** Examples by key, for tests. */
export const mailboxExamples: Readonly<Record<string, string>> = Object.fromEntries(Object.entries(mailboxRows).map(([key, row]) => [key, row.example]));

export function mailboxPage(): string {
  const keys = Object.values(mailboxRows).map(({ example, meaning, usual }) => `| \`${example}\` | ${meaning} | ${usual} |`);
  const always = new Set<string>(mailboxOf({}).commands);
  const sets = commandSets.map((set) => {
    const names = commandNames.filter((name) => commands[name].set === set);
    return `| \`${set}\` | ${names.map((name) => `\`${name}\``).join(", ")} |${names.every((name) => always.has(name)) ? "" : set === "labels" ? " with `labels`" : " with `dynamicRegions`"} |`;
  });
  return `# The command interface of a device

A device of the machine file has a primary and a secondary mailbox, event logs and every command. \`mailbox:\` says what is other than usual:
\`device: { volatile: 4GiB, mailbox: { payload: 4KiB, without: [security] } }\`. What can go wrong with it is in [faults](faults.md).

| key | meaning | usual |
|---|---|---|
${keys.join("\n")}

## Commands by set

| set | commands | only |
|---|---|---|
${sets.join("\n")}
`;
}
