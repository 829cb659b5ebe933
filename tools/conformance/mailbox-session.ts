// A transcript's device: its mailbox here, what went before, and where its entries stand.

import { commands } from "../../registers/commands.ts";
import { primaryMailbox } from "../../registers/device-block.ts";
import { deviceLogs } from "../../registers/features.ts";
import { encodePayload, payloadNumber, uuidFrom } from "../../src/platform/payload.ts";
import { decode } from "../../src/platform/registers.ts";
import type { Capture, Entry } from "./capture.ts";
import { CaptureError, textOf } from "./capture.ts";
import { CommandHistory } from "./command-history.ts";
import type { Circumstance, Pointed, Tally } from "./compare.ts";
import { EventTrack } from "./event-track.ts";
import { MailboxHost } from "./mailbox-host.ts";
import type { Context } from "./registers.ts";
import { componentNamed } from "./topology.ts";

const { background } = primaryMailbox.registers;

/** One device's transcript, from its power-on. */
export interface Session {
  readonly capture: Capture;
  readonly context: Context;
  readonly topology: string;
  readonly name: string;
  readonly tally: Tally;
  host: MailboxHost;
  history: CommandHistory;
  events: EventTrack;
  /** Bytes of our log of command effects. */
  effectsLog: number;
  /** What theirs did at once goes on here, or went on here last. */
  isBackgroundHere: boolean;
  /** Their background command status as it was seen last. */
  theirOperation: bigint;
  /** Lines that were injected here until one was refused. */
  injected: number | undefined;
}

export const bytesOf = (text: string): Uint8Array => Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));

const logId = uuidFrom(deviceLogs.commandEffects.uuid);
const supportedLogs = commands.getSupportedLogs.output;

/** Our log of command effects, whole. */
export function effectsHere(host: MailboxHost): Uint8Array {
  const { output } = host.run(commands.getSupportedLogs.opcode, new Uint8Array(0));
  for (let at: number = supportedLogs.length; at < output.length; at += supportedLogs.items.length) {
    if (logId.some((byte, index) => output[at + index] !== byte)) continue;
    const length = payloadNumber(output, supportedLogs.items.fields.size, at);
    return host.run(commands.getLog.opcode, encodePayload(commands.getLog.input, { id: logId, offset: 0, length })).output;
  }
  return new Uint8Array(0);
}

function hostOf(capture: Capture, place: string, context: Context, topology: string, name: string): MailboxHost {
  const bench = context.bench(topology);
  const host = MailboxHost.of(bench, componentNamed(bench.topology, name));
  if (host === undefined) throw new CaptureError(capture.file, place, `"${name}" has no mailbox here; devices of its command line are ${bench.topology.functions.filter(({ kind }) => kind === "type3").map(({ id }) => id).join(", ")}`);
  return host;
}

/** Power-on: what our device says of itself is asked for, and taken back. */
export function restart(session: Omit<Session, "host" | "history" | "events" | "effectsLog" | "isBackgroundHere" | "theirOperation" | "injected">, place: string, before?: CommandHistory): Session {
  const host = hostOf(session.capture, place, session.context, session.topology, session.name);
  const { result, takeBack } = host.attempt(() => effectsHere(host).length);
  takeBack();
  return { ...session, host, history: new CommandHistory(before), events: new EventTrack(host, session.tally), effectsLog: result, isBackgroundHere: false, theirOperation: 0n, injected: undefined };
}

/** What follows an entry on its device, until theirs starts again. */
export function laterOf(entries: readonly Entry[], index: number): Entry[] {
  const key = ({ value }: Entry): string => `${textOf(value["topo"])}|${textOf(value["fn"])}`;
  const [own, ...rest] = entries.slice(index);
  const end = rest.findIndex(({ value }) => value["op"] === "crash");
  return own === undefined ? [] : (end < 0 ? rest : rest.slice(0, end)).filter((one) => key(one) === key(own));
}

export const placeOf = ({ name, topology }: Session, { value, place }: Entry): Pointed => ({ capture: "mailbox", kind: "type3", function: topology === "main" ? name : `${name} (${topology})`, text: `${place}${textOf(value["name"]) === "" ? "" : ` ${textOf(value["name"])}`}${textOf(value["note"]) === "" ? "" : `, ${textOf(value["note"])}`}` });

/** What holds for the registers now. */
export function holds({ theirOperation, isBackgroundHere }: Session): Circumstance[] {
  const found: Circumstance[] = [];
  if (decode(background, theirOperation).opcode === 0) found.push("no background operation yet");
  if (isBackgroundHere) found.push("in the background here");
  return found;
}
