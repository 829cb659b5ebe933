// Transcripts of a primary mailbox: every command is sent here too, in order, and what both answered is compared.

import { primaryMailbox } from "../../registers/device-block.ts";
import { commands } from "../../registers/commands.ts";
import type { CommandName } from "../../registers/commands.ts";
import { recordFields, recordLength } from "../../registers/events.ts";
import { returnCodes } from "../../registers/payload-schema.ts";
import { payloadBig } from "../../src/platform/payload.ts";
import { decode, encode } from "../../src/platform/registers.ts";
import type { Capture, Entry } from "./capture.ts";
import { CaptureError, bigOf, isObject, listOf, numberOf, textOf } from "./capture.ts";
import { circumstancesOf } from "./command-circumstances.ts";
import type { Sent } from "./command-circumstances.ts";
import { effectDifferences, effectsOf, nameOf } from "./command-effects.ts";
import type { Circumstance, Difference, Pointed, Tally } from "./compare.ts";
import { count, valueDifferences } from "./compare.ts";
import { backingDifferences } from "./backing.ts";
import type { Answer } from "./mailbox-host.ts";
import type { Session } from "./mailbox-session.ts";
import { bytesOf, effectsHere, holds, laterOf, placeOf, restart } from "./mailbox-session.ts";
import { injectLimit, isCapacity, isEvent, poisonOf, sequenceOf } from "./mailbox-steps.ts";
import { outputDifferences } from "./payload-compare.ts";
import type { Context } from "./registers.ts";
import { capacityOf, componentNamed, otherFunction } from "./topology.ts";

const { control, command, status, background } = primaryMailbox.registers;
const millisecond = 1_000_000;
const complete = 100;
const lineBytes = 64;
const abortOpcode = commands.abortBackground.opcode;
const { success, backgroundStarted } = returnCodes;
const isTaken = (code: number): boolean => code === success || code === backgroundStarted;
const isKnown = (name: string): name is CommandName => Object.hasOwn(commands, name);

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

const theirsOf = ({ value }: Entry): Theirs => ({
  opcode: numberOf(value["opcode"]), input: bytesOf(textOf(value["in"])), length: numberOf(value["in_len"]), returnCode: numberOf(value["rc"]), output: bytesOf(textOf(value["out"])),
  control: bigOf(value["ctrl_after"]), command: bigOf(value["cmd_after"]), status: bigOf(value["status"]), background: bigOf(value["bg_status"]),
});

export function compareMailbox(capture: Capture, entries: readonly Entry[], context: Context, tally: Tally): void {
  const sessions = new Map<string, Session>();
  for (const [index, entry] of entries.entries()) {
    const [topology, name] = [textOf(entry.value["topo"]) || "main", textOf(entry.value["fn"])];
    const key = `${topology}|${name}`;
    const unknown = otherFunction(context.bench(topology).topology, name);
    if (unknown !== undefined) {
      tally.notModelled++;
      tally.notes.add(`mailboxes of functions of kind ${unknown} are not modelled`);
      continue;
    }
    const session = sessions.get(key) ?? restart({ capture, context, topology, name, tally }, entry.place);
    sessions.set(key, session);
    if (entry.value["op"] === "crash") {
      compareCrash(session, entry);
      context.fresh(topology);
      // Theirs started again with every device: so does ours.
      for (const [other, one] of sessions) if (one.topology === topology) sessions.set(other, restart(one, entry.place, one.history));
    } else compareStep(session, entry, laterOf(entries, index));
  }
  tally.notes.add("transcripts have few times: ours waits where theirs had ended, and does not where theirs was still at it");
}

/** `later`: what follows on this device until theirs starts again. */
function compareStep(session: Session, entry: Entry, later: readonly Entry[]): void {
  const { host, tally, history } = session;
  const { value } = entry;
  const place = placeOf(session, entry);
  if ((value["op"] === "r" || value["op"] === "w") && numberOf(value["off"]) + numberOf(value["w"]) > host.bytes) throw new CaptureError(session.capture.file, entry.place, `"off" is ${textOf(value["off"])}, and a mailbox with its payload has ${host.bytes} bytes`);
  switch (value["op"]) {
    case "cmd":
      // How many were injected before the refusal stands behind it: they come first.
      if (later[0]?.value["op"] === "limit" && numberOf(value["opcode"]) === commands.injectPoison.opcode) session.injected = injectLimit(host, later[0], bytesOf(textOf(value["in"])));
      return compareCommand(session, entry, place, later);
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
      return inject(session, entry, later);
    case "limit": {
      const ours = session.injected ?? injectLimit(host, entry);
      session.injected = undefined;
      return count(tally, ours === numberOf(value["injected"]) ? [] : [{ ...place, structure: "injectPoison", register: "limit", field: "injected", theirs: numberOf(value["injected"]), ours, circumstances: history.listsDiffer ? ["lists differ"] : [] }]);
    }
    default:
      return count(tally, backingDifferences(session.context.bench(session.topology), session.capture.file, entry, place));
  }
}

const percentageOf = (value: bigint): number => decode(background, value).percentage;
const isUnderWay = (value: bigint): boolean => decode(status, value).backgroundOperation === 1;

/** Registers behind a command, but for what its return code says: it is judged as the command's. */
function registerDifferences(session: Session, place: Pointed, theirs: Theirs, ours: Answer): Difference[] {
  const { mailbox } = session.host;
  const around = holds(session);
  const both: Circumstance[] = isUnderWay(theirs.status) && isUnderWay(ours.status) && percentageOf(theirs.background) < complete && percentageOf(ours.background) < complete ? [...around, "operation under way"] : around;
  // How long an output is stands with the outputs.
  const isAlike = theirs.returnCode === ours.returnCode && (decode(command, theirs.command).payloadLength !== theirs.output.length || decode(command, ours.command).payloadLength !== ours.output.length);
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
  return { name, input: theirs.input, length: theirs.length, capacity: capacityOf(topology, id), effectsLog: session.effectsLog, isMediaDisabled: session.host.isMediaDisabled };
}

/** Where theirs had ended its operation before this command, ours ends first. */
function waitFor(session: Session, { opcode, returnCode, status: after, background: operation }: Theirs): void {
  const { host } = session;
  if (opcode === abortOpcode || !host.isUnderWay) return;
  if (session.isBackgroundHere || returnCode === backgroundStarted || !isUnderWay(after) || percentageOf(operation) === complete) host.finish();
}

function compareCommand(session: Session, entry: Entry, place: Pointed, later: readonly Entry[]): void {
  const { host, history, tally } = session;
  const theirs = theirsOf(entry);
  waitFor(session, theirs);
  session.events.dropOwn(place, [entry, ...later]);
  const name = nameOf(theirs.opcode);
  const sent = isKnown(name) ? sentOf(session, name, theirs) : undefined;
  const circumstances: readonly Circumstance[] = sent === undefined ? [] : [...circumstancesOf(sent), ...history.circumstancesOf(sent), ...holds(session)];
  const input = sent === undefined ? theirs.input : session.events.translated(sent);
  const isUndone = !isTaken(theirs.returnCode) || (sent !== undefined && isFrozen(sent, theirs));
  const send = (): Answer => host.run(theirs.opcode, input, theirs.length, theirs.control);
  const { result: ours, takeBack } = isUndone ? host.attempt(send) : { result: send(), takeBack: undefined };
  const again = sent === undefined ? undefined : alike(session, sent, theirs, ours);
  if (theirs.returnCode === backgroundStarted) session.isBackgroundHere = false;
  else if (ours.returnCode === backgroundStarted && theirs.returnCode === success) session.isBackgroundHere = true;
  session.theirOperation = theirs.background;
  const differences = registerDifferences(session, place, theirs, again ?? ours);
  if (ours.isStuck) differences.push({ ...place, structure: name, register: "doorbell", field: "cleared", theirs: 1, ours: 0 });
  if (theirs.returnCode !== ours.returnCode) differences.push({ ...place, structure: name, register: "returnCode", field: "value", theirs: theirs.returnCode, ours: ours.returnCode, circumstances: [...circumstances, ...holds(session)] });
  else if (sent !== undefined && ours.returnCode === success) differences.push(...outputsOf(session, sent, place, theirs.output, ours.output, circumstances));
  count(tally, differences);
  if (sent === undefined) return;
  history.noteOutput(sent, theirs.output);
  history.note(sent, theirs.returnCode, (again ?? ours).returnCode);
  session.events.note(sent, theirs.returnCode, theirs.output, ours.output);
  if (takeBack === undefined || !isTaken(ours.returnCode)) return;
  takeBack();
  tally.notes.add(isTaken(theirs.returnCode) ? "poison put in or cleared during a scan was taken back here: theirs does nothing then" : "a command that theirs refused was taken back here, so that the devices stay alike");
}

/** Theirs leaves its poison list alone while a scan is under way. */
const isFrozen = ({ name }: Sent, { background: operation, status: after }: Theirs): boolean => (name === "injectPoison" || name === "clearPoison") && isUnderWay(after) && decode(background, operation).opcode === commands.scanMedia.opcode;

/** A command that theirs took and ours refused for a reason, sent again without the reason. */
function alike({ host, history, tally }: Session, sent: Sent, theirs: Theirs, ours: Answer): Answer | undefined {
  const again = isTaken(theirs.returnCode) && !isTaken(ours.returnCode) ? history.inOrder(sent) : undefined;
  if (again === undefined) return undefined;
  tally.notes.add("a command that ours refused for an explained reason was sent again without that reason, so that the devices stay alike");
  return host.run(theirs.opcode, again, again.length, theirs.control);
}

function outputsOf({ history }: Session, { name, input }: Sent, place: Pointed, theirs: Uint8Array, ours: Uint8Array, circumstances: readonly Circumstance[]): Difference[] {
  const [there, here] = [theirs, ours].map((bytes) => clocksOf(name, bytes));
  const isClock = there !== undefined && here !== undefined && there.length === here.length && there.every((time, index) => time === here[index] || (history.isClock(time) && history.isClock(here[index] ?? 0n)));
  const found: Circumstance[] = isClock ? ["clock runs"] : [];
  if (name === "getLog" && history.isOffsetInEntries(input, theirs)) found.push("offset in entries");
  return outputDifferences({ place, name, input, theirs, ours, circumstances: [...circumstances, ...found], refusedLines: history.refusedLines });
}

/** Times that an output tells; undefined: it tells none. */
function clocksOf(name: CommandName, bytes: Uint8Array): bigint[] | undefined {
  if (name === "getTimestamp") return [payloadBig(bytes, commands.getTimestamp.output.fields.timestamp)];
  const { length, fields } = commands.getEventRecords.output;
  if (name !== "getEventRecords" || bytes.length < length) return undefined;
  return [payloadBig(bytes, fields.firstOverflow), payloadBig(bytes, fields.lastOverflow), ...Array.from({ length: Math.floor((bytes.length - length) / recordLength) }, (_, index) => payloadBig(bytes, recordFields.timestamp, length + index * recordLength))];
}

function compareBackground(session: Session, value: Entry["value"], place: Pointed): void {
  const { host, tally } = session;
  const [theirStatus, theirOperation] = [bigOf(value["mailbox_status"]), bigOf(value["bg_status"])];
  session.theirOperation = theirOperation;
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
function inject(session: Session, entry: Entry, later: readonly Entry[]): void {
  const { host, history, events, tally } = session;
  const result = entry.value["result"];
  const device = componentNamed(session.context.bench(session.topology).topology, session.name);
  const note = textOf(entry.value["note"]);
  if (isObject(result) && result["error"] !== undefined) {
    tally.repeated++;
    return;
  }
  const poison = poisonOf(note, device);
  if (poison === undefined && !isEvent(note)) {
    tally.notModelled++;
    tally.notes.add(`an injection is told in words that are not known here: "${note}"`);
    return;
  }
  events.dropOwn(placeOf(session, entry), later);
  if (poison !== undefined) {
    if (poison.length === 0 || poison.length % lineBytes !== 0 || poison.dpa % BigInt(lineBytes) !== 0n) throw new CaptureError(session.capture.file, entry.place, `"${note}" was taken there, but is no whole lines of 64 bytes`);
    host.provoke(poison);
    history.noteExternalPoison();
  } else if (isCapacity(note)) events.injectAll(device, later);
  else events.inject(device, later);
  tally.repeated++;
}

/** A command that ended the emulator: ours answers it. */
function compareCrash(session: Session, entry: Entry): void {
  const { host, tally } = session;
  const opcode = numberOf(entry.value["opcode"]);
  const ours = host.run(opcode, bytesOf(textOf(entry.value["in"])), numberOf(entry.value["in_len"]));
  count(tally, [{ ...placeOf(session, entry), structure: nameOf(opcode), register: "returnCode", field: "value", theirs: -1, ours: ours.isStuck ? -1 : ours.returnCode, circumstances: ["emulator ended"] }]);
}
