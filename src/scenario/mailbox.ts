// The `mailbox:` part of a device: from the words of the file to the description, and back to the place of a problem.

import type { CommandName } from "../../registers/commands.ts";
import { commands } from "../../registers/commands.ts";
import { eventLogs } from "../../registers/events.ts";
import type { AlertValues, HealthValues, MailboxDescription } from "../platform/description.ts";
import { defaultMailbox, mailboxOf } from "../platform/description.ts";
import type { MailboxProblem } from "../platform/mailbox-rules.ts";
import type { Path } from "./load.ts";
import type { DeviceFile } from "./machine.ts";

type MailboxFile = NonNullable<DeviceFile["mailbox"]>;

const nanosecondsInMillisecond = 1_000_000;
const defaultBlock = 2n << 20n;

/** Where a key of the description comes from. */
const fileKeys: Readonly<Record<keyof MailboxDescription, keyof MailboxFile>> = {
  payloadSize: "payload", commands: "without", commandTime: "commandTime", readyTime: "readyTime", backgroundTime: "backgroundTime", logDepths: "logs", poisonListSize: "poisonList", injectPoisonLimit: "injectLimit",
  partitionAlignment: "partitionAlignment", firmware: "firmware", onlineActivation: "onlineActivation", activeSlot: "activeSlot", revision: "revision", health: "health", alerts: "alerts", dynamicRegions: "dynamicRegions", dynamicExtents: "dynamicExtents",
};

/** The steps from `mailbox` down to what a problem speaks of. */
export function placeInMailbox({ key, index }: MailboxProblem): Path {
  if (index === undefined) return [fileKeys[key]];
  return [fileKeys[key], key === "logDepths" ? (eventLogs[index] ?? "") : index];
}

/** What the file says of the ranges of a device; whatever it leaves out keeps the default. */
export function describeMailbox(file: MailboxFile, labelArea: bigint): Partial<MailboxDescription> {
  const regions = (file.dynamicRegions ?? []).map(({ length, block }) => ({ length, blockSize: block ?? defaultBlock }));
  const without: ReadonlySet<string> = new Set(file.without ?? []);
  const full = mailboxOf({ labelArea, mailbox: { dynamicRegions: regions } });
  const isKept = (name: CommandName): boolean => !without.has(name) && !without.has(commands[name].set);
  const [informational, warning, failure, fatal, dynamicCapacity] = full.logDepths;
  const logs = { informational, warning, failure, fatal, dynamicCapacity, ...Object.fromEntries(Object.entries(file.logs ?? {}).filter(([, depth]) => depth !== undefined)) };
  return {
    payloadSize: Number(file.payload ?? BigInt(defaultMailbox.payloadSize)),
    commands: full.commands.filter(isKept),
    commandTime: file.commandTime ?? defaultMailbox.commandTime,
    readyTime: file.readyTime ?? defaultMailbox.readyTime,
    backgroundTime: (file.backgroundTime ?? 0) / nanosecondsInMillisecond,
    logDepths: [logs.informational, logs.warning, logs.failure, logs.fatal, logs.dynamicCapacity],
    poisonListSize: file.poisonList ?? defaultMailbox.poisonListSize,
    injectPoisonLimit: file.injectLimit ?? defaultMailbox.injectPoisonLimit,
    partitionAlignment: file.partitionAlignment ?? defaultMailbox.partitionAlignment,
    firmware: file.firmware ?? defaultMailbox.firmware,
    onlineActivation: file.onlineActivation ?? defaultMailbox.onlineActivation,
    ...(file.activeSlot === undefined ? {} : { activeSlot: file.activeSlot }),
    ...(file.revision === undefined ? {} : { revision: file.revision }),
    ...(file.health === undefined ? {} : { health: file.health as HealthValues }),
    ...(file.alerts === undefined ? {} : { alerts: file.alerts as AlertValues }),
    dynamicRegions: regions,
    dynamicExtents: file.dynamicExtents ?? defaultMailbox.dynamicExtents,
  };
}
