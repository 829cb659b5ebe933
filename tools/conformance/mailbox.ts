// Transcripts of a primary mailbox: every command is sent here too, in order, and what both answered is compared.

import { primaryMailbox } from "../../registers/device-block.ts";
import { commands } from "../../registers/commands.ts";
import type { CommandName } from "../../registers/commands.ts";
import { recordFields, recordLength } from "../../registers/events.ts";
import { deviceLogs } from "../../registers/features.ts";
import { returnCodes } from "../../registers/payload-schema.ts";
import { encodePayload, payloadNumber, uuidFrom } from "../../src/platform/payload.ts";
import { decode, encode } from "../../src/platform/registers.ts";
import type { Capture, Entry } from "./capture.ts";
import { CaptureError, bigOf, isObject, listOf, numberOf, textOf } from "./capture.ts";
import { circumstancesOf } from "./command-circumstances.ts";
import type { CommandCircumstance, Sent } from "./command-circumstances.ts";
import { effectDifferences, effectsOf, nameOf } from "./command-effects.ts";
import { CommandHistory } from "./command-history.ts";
import type { Circumstance, Difference, Pointed, Tally } from "./compare.ts";
import { count, valueDifferences } from "./compare.ts";
import { backingDifferences } from "./backing.ts";
import { MailboxHost } from "./mailbox-host.ts";
import type { Answer } from "./mailbox-host.ts";
import { injectLimit, injectionOf, sequenceOf } from "./mailbox-steps.ts";
import { outputDifferences } from "./payload-compare.ts";
import type { Context } from "./registers.ts";
import { capacityOf, componentNamed, labelAreaOf } from "./topology.ts";

const { control, command, status, background } = primaryMailbox.registers;
const millisecond = 1_000_000;
const complete = 100;
const abortOpcode = commands.abortBackground.opcode;
const { success, backgroundStarted } = returnCodes;
const isTaken = (code: number): boolean => code === success || code === backgroundStarted;
const isKnown = (name: string): name is CommandName => Object.hasOwn(commands, name);

/** One device's transcript, from its power-on. */
interface Session {
  readonly capture: Capture;
  readonly context: Context;
  readonly topology: string;
  readonly name: string;
  readonly tally: Tally;
  host: MailboxHost;
  history: CommandHistory;
  /** Bytes of our log of command effects. */
  effectsLog: number;
  /** What theirs did at once goes on here, or went on here last. */
  isBackgroundHere: boolean;
  /** Lines that were injected here until one was refused. */
  injected: number;
}

/** As an entry of op `cmd` gives it. */
interface Theirs {
  readonly opcode: number;
  readonly input: Uint8Array;
  readonly length: number;
  readonly returnCode: number;
  readonly output: Uint8Array;
  readonly control: bigint;
  readonly command: bigint;
  readonly status: bigint;
  readonly background: bigint;
}

const bytesOf = (text: string): Uint8Array => Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));

const theirsOf = ({ value }: Entry): Theirs => ({
  opcode: numberOf(value["opcode"]), input: bytesOf(textOf(value["in"])), length: numberOf(value["in_len"]), returnCode: numberOf(value["rc"]), output: bytesOf(textOf(value["out"])),
  control: bigOf(value["ctrl_after"]), command: bigOf(value["cmd_after"]), status: bigOf(value["status"]), background: bigOf(value["bg_status"]),
});

const logId = uuidFrom(deviceLogs.commandEffects.uuid);
const supportedLogs = commands.getSupportedLogs.output;

/** Our log of command effects, whole. */
function effectsHere(host: MailboxHost): Uint8Array {
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
function restart(session: Omit<Session, "host" | "history" | "effectsLog" | "isBackgroundHere" | "injected">, place: string): Session {
  const host = hostOf(session.capture, place, session.context, session.topology, session.name);
  const { result, takeBack } = host.attempt(() => effectsHere(host).length);
  takeBack();
  return { ...session, host, history: new CommandHistory(), effectsLog: result, isBackgroundHere: false, injected: 0 };
}

export function compareMailbox(capture: Capture, entries: readonly Entry[], context: Context, tally: Tally): void {
  const sessions = new Map<string, Session>();
  for (const [index, entry] of entries.entries()) {
    const [topology, name] = [textOf(entry.value["topo"]) || "main", textOf(entry.value["fn"])];
    const key = `${topology}|${name}`;
    const session = sessions.get(key) ?? restart({ capture, context, topology, name, tally }, entry.place);
    sessions.set(key, session);
    if (entry.value["op"] === "crash") {
      compareCrash(session, entry);
      context.fresh(topology);
      // Theirs started again with every device: so does ours.
      for (const [other, one] of sessions) if (one.topology === topology) sessions.set(other, restart(one, entry.place));
    } else compareStep(session, entry, entries.slice(index + 1).find((next) => textOf(next.value["fn"]) === name));
  }
  tally.notes.add("transcripts have few times: ours waits where theirs had ended, and does not where theirs was still at it");
}

const placeOf = ({ name, topology }: Session, { value, place }: Entry): Pointed => ({ capture: "mailbox", kind: "type3", function: topology === "main" ? name : `${name} (${topology})`, text: `${place}${textOf(value["name"]) === "" ? "" : ` ${textOf(value["name"])}`}${textOf(value["note"]) === "" ? "" : `, ${textOf(value["note"])}`}` });

function compareStep(session: Session, entry: Entry, next: Entry | undefined): void {
  const { host, tally, history } = session;
  const { value } = entry;
  const place = placeOf(session, entry);
  switch (value["op"]) {
    case "cmd":
      // How many were injected before the refusal stands behind it: they come first.
      if (next?.value["op"] === "limit" && numberOf(value["opcode"]) === commands.injectPoison.opcode) session.injected = injectLimit(host, next, bytesOf(textOf(value["in"])));
      return compareCommand(session, entry, place);
    case "w":
      host.write(numberOf(value["off"]), numberOf(value["w"]), bigOf(value["val"]));
      tally.repeated++;
      return;
    case "r":
      return count(tally, valueDifferences(place, host.mailbox, numberOf(value["off"]), numberOf(value["w"]), bigOf(value["val"]), host.read(numberOf(value["off"]), numberOf(value["w"])), holds(session)));
    case "bg":
      return compareBackground(session, value, place);
    case "cel": {
      const { result, takeBack } = host.attempt(() => effectsHere(host));
      takeBack();
      return count(tally, effectDifferences(place, new Map(listOf(value["entries"]).map((one) => [numberOf(listOf(one)[0]), numberOf(listOf(one)[1])])), effectsOf(result)));
    }
    case "seq":
      return compareSequence(session, value, place);
    case "qmp":
      return inject(session, entry);
    case "limit":
      return count(tally, session.injected === numberOf(value["injected"]) ? [] : [{ ...place, structure: "injectPoison", register: "limit", field: "injected", theirs: numberOf(value["injected"]), ours: session.injected, circumstances: history.listsDiffer ? ["lists differ"] : [] }]);
    default:
      return count(tally, backingDifferences(session.context.bench(session.topology), session.capture.file, entry, place));
  }
}

/** What holds for the registers of ours now. */
function holds({ host, isBackgroundHere }: Session): Circumstance[] {
  const found: Circumstance[] = [];
  if (decode(background, host.read(background.offset)).opcode === 0) found.push("no background operation yet");
  if (isBackgroundHere) found.push("in the background here");
  return found;
}

const percentageOf = (value: bigint): number => decode(background, value).percentage;
const isUnderWay = (value: bigint): boolean => decode(status, value).backgroundOperation === 1;

/** Registers behind a command, but for what its return code says: it is judged as the command's. */
function registerDifferences(session: Session, place: Pointed, theirs: Theirs, ours: Answer): Difference[] {
  const { mailbox } = session.host;
  const around = holds(session);
  const both: Circumstance[] = isUnderWay(theirs.status) && isUnderWay(ours.status) && percentageOf(theirs.background) < complete && percentageOf(ours.background) < complete ? [...around, "operation under way"] : around;
  const isAlike = theirs.returnCode === ours.returnCode;
  const without = (value: bigint): bigint => encode(status, { returnCode: 0 }, value);
  const length = (value: bigint): bigint => (isAlike ? value : encode(command, { payloadLength: 0 }, value));
  return [
    ...valueDifferences(place, mailbox, control.offset, 4, theirs.control, ours.control, around),
    ...valueDifferences(place, mailbox, command.offset, 8, length(theirs.command), length(ours.command), around),
    ...valueDifferences(place, mailbox, status.offset, 8, without(theirs.status), without(ours.status), both),
    ...valueDifferences(place, mailbox, background.offset, 8, theirs.background, ours.background, both),
  ];
}

function sentOf(session: Session, name: CommandName, theirs: Theirs): Sent {
  const { topology } = session.context.bench(session.topology);
  const id = componentNamed(topology, session.name);
  return { name, input: theirs.input, length: theirs.length, capacity: capacityOf(topology, id), effectsLog: session.effectsLog, isMediaDisabled: session.host.isMediaDisabled, hasLabels: labelAreaOf(topology, id) > 0n };
}

/** Where theirs had ended its operation before this command, ours ends first. */
function waitFor(session: Session, { opcode, returnCode, status: after, background: operation }: Theirs): void {
  const { host } = session;
  if (opcode === abortOpcode || !host.isUnderWay) return;
  if (session.isBackgroundHere || returnCode === backgroundStarted || !isUnderWay(after) || percentageOf(operation) === complete) host.finish();
}

function compareCommand(session: Session, entry: Entry, place: Pointed): void {
  const { host, history, tally } = session;
  const theirs = theirsOf(entry);
  waitFor(session, theirs);
  const name = nameOf(theirs.opcode);
  const sent = isKnown(name) ? sentOf(session, name, theirs) : undefined;
  const circumstances = sent === undefined ? [] : [...circumstancesOf(sent), ...history.circumstancesOf(sent)];
  const { result: ours, takeBack } = host.attempt(() => host.run(theirs.opcode, theirs.input, theirs.length, theirs.control));
  if (theirs.returnCode === backgroundStarted) session.isBackgroundHere = false;
  else if (ours.returnCode === backgroundStarted && theirs.returnCode === success) session.isBackgroundHere = true;
  const differences = registerDifferences(session, place, theirs, ours);
  if (ours.isStuck) differences.push({ ...place, structure: name, register: "doorbell", field: "cleared", theirs: 1, ours: 0 });
  if (theirs.returnCode !== ours.returnCode) differences.push({ ...place, structure: name, register: "returnCode", field: "value", theirs: theirs.returnCode, ours: ours.returnCode, circumstances });
  else if (sent !== undefined && ours.returnCode === success) differences.push(...outputsOf(session, sent, place, theirs.output, ours.output, circumstances));
  count(tally, differences);
  if (sent === undefined) return;
  noteRecords(session, sent, theirs);
  settle(session, sent, theirs, ours, takeBack);
}

function outputsOf({ history }: Session, { name, input }: Sent, place: Pointed, theirs: Uint8Array, ours: Uint8Array, circumstances: readonly CommandCircumstance[]): Difference[] {
  const clocks = [theirs, ours].map((bytes) => history.isClock(new DataView(Uint8Array.from({ length: 8 }, (_, at) => bytes[at] ?? 0).buffer).getBigUint64(0, true)));
  const runs: CommandCircumstance[] = name === "getTimestamp" && clocks.every(Boolean) ? ["clock runs"] : [];
  return outputDifferences({ place, name, input, theirs, ours, circumstances: [...circumstances, ...runs], refusedLines: history.refusedLines });
}

function noteRecords({ history }: Session, { name, input }: Sent, { output }: Theirs): void {
  const layout = commands.getEventRecords.output;
  if (name === "getEventRecords" && output.length >= layout.length) history.noteRecords(input[0] ?? 0, Array.from({ length: Math.floor((output.length - layout.length) / recordLength) }, (_, index) => payloadNumber(output, recordFields.handle, layout.length + index * recordLength)));
}

/** Makes the devices alike again where one of them took what the other refused. */
function settle({ host, history, tally }: Session, sent: Sent, theirs: Theirs, ours: Answer, takeBack: () => void): void {
  const wasTaken = isTaken(theirs.returnCode);
  const again = wasTaken && !isTaken(ours.returnCode) ? history.inOrder(sent) : undefined;
  const code = again === undefined ? ours.returnCode : host.run(theirs.opcode, again).returnCode;
  if (again !== undefined) tally.notes.add("a command that ours refused for an explained reason was sent again without that reason, so that the devices stay alike");
  history.note(sent, theirs.returnCode, code);
  if (wasTaken || !isTaken(ours.returnCode)) return;
  takeBack();
  tally.notes.add("a command that theirs refused was taken back here, so that the devices stay alike");
}

function compareBackground(session: Session, value: Entry["value"], place: Pointed): void {
  const { host, tally } = session;
  const [theirStatus, theirOperation] = [bigOf(value["mailbox_status"]), bigOf(value["bg_status"])];
  if (!isUnderWay(theirStatus)) {
    host.advance(numberOf(value["virtual_ms"]) * millisecond);
    host.finish();
  }
  const [ourStatus, ourOperation] = [host.read(status.offset), host.read(background.offset)];
  const around = holds(session);
  const both: Circumstance[] = isUnderWay(theirStatus) && isUnderWay(ourStatus) ? [...around, "operation under way"] : around;
  count(tally, [...valueDifferences(place, host.mailbox, status.offset, 8, theirStatus, ourStatus, both), ...valueDifferences(place, host.mailbox, background.offset, 8, theirOperation, ourOperation, both)]);
}

/** A sequence that its note tells in words: registers read at its end. */
function compareSequence(session: Session, value: Entry["value"], place: Pointed): void {
  const { host, tally } = session;
  const theirs = listOf(value["vals"]).map(bigOf);
  const run = sequenceOf(textOf(value["note"]));
  if (run === undefined || theirs.length !== 3) {
    tally.notModelled++;
    tally.notes.add(`a sequence is told in words that are not known here: "${textOf(value["note"])}"`);
    return;
  }
  run(host, decode(command, theirs[1] ?? 0n).opcode);
  const around = holds(session);
  count(tally, ([[control, 4], [command, 8], [status, 8]] as const).flatMap(([register, width], index) => valueDifferences(place, host.mailbox, register.offset, width, theirs[index] ?? 0n, host.read(register.offset, width), around)));
}

/** An injection from outside; one that was refused changed nothing. */
function inject(session: Session, entry: Entry): void {
  const { host, history, tally } = session;
  const result = entry.value["result"];
  if (isObject(result) && result["error"] !== undefined) {
    tally.repeated++;
    return;
  }
  const action = injectionOf(textOf(entry.value["note"]), componentNamed(session.context.bench(session.topology).topology, session.name));
  if (action === undefined) {
    tally.notModelled++;
    tally.notes.add(`an injection is told in words that are not known here: "${textOf(entry.value["note"])}"`);
    return;
  }
  host.provoke(action);
  if (action.kind === "poison") history.noteExternalPoison();
  tally.repeated++;
}

/** A command that ended the emulator: ours answers it. */
function compareCrash(session: Session, entry: Entry): void {
  const { host, tally } = session;
  const opcode = numberOf(entry.value["opcode"]);
  const ours = host.run(opcode, bytesOf(textOf(entry.value["in"])), numberOf(entry.value["in_len"]));
  count(tally, [{ ...placeOf(session, entry), structure: nameOf(opcode), register: "returnCode", field: "value", theirs: -1, ours: ours.isStuck ? -1 : ours.returnCode, circumstances: ["emulator ended"] }]);
}
