// Second statement of a memory device's registers and mailboxes, from device-registers.md, mailbox.md and events.md. It keeps time as it is told, and
// asks how the module answered where the sheets leave a choice.

import { deviceBlock, deviceCapabilityIds } from "../../../registers/device-block.ts";
import { returnCodes } from "../../../registers/payload-schema.ts";
import { recordFields, recordLength } from "../../../registers/events.ts";
import type { DeviceDescription } from "../../../src/platform/description.ts";
import type { DeviceChoices } from "./choices.ts";
import { eventStatus } from "./events.ts";
import type { MailboxName } from "./execute.ts";
import { execute } from "./execute.ts";
import { declarationOf, commandOf } from "./general.ts";
import type { Known } from "./known-bytes.ts";
import { KnownBytes } from "./known-bytes.ts";
import { Mailbox, mailboxPlaces } from "./mailbox.ts";
import type { Alternative, Reply } from "./reply.ts";
import type { ResetKind } from "./resets.ts";
import { resetDepths, resetState } from "./resets.ts";
import { DeviceState } from "./state.ts";
import { media, second } from "./units.ts";

const all = (1n << 64n) - 1n;
const wordBytes = 8;
const million = 1_000_000;
const resetNeededBits = 0xe0n;

/** How the device under test answered: asked when a command or a background operation ends. */
export interface Observer {
  returnCode(mailbox: MailboxName): number;
  backgroundCode(): number;
  outputLength(mailbox: MailboxName): number;
  payloadByte(mailbox: MailboxName, index: number): number;
}

/** The device answered something that no sheet allows. */
export class AnswerError extends Error {
  constructor(what: string, got: number, allowed: Reply) {
    super(`${what}: module answers 0x${got.toString(16)}, the sheets allow ${allowed.map(({ code, question }) => `0x${code.toString(16)}${question === undefined ? "" : ` (${question})`}`).join(", ")}`);
    this.name = "AnswerError";
  }
}

interface Header { readonly id: number; readonly version: number; readonly offset: number; readonly length: number }

export class ReferenceDevice {
  readonly state: DeviceState;
  readonly mailboxes: Readonly<Record<MailboxName, Mailbox>>;
  readonly #headers: readonly Header[];
  /** Rung mailboxes in order. */
  #rung: MailboxName[] = [];

  constructor(description: DeviceDescription, choices: DeviceChoices) {
    this.state = new DeviceState(description, choices);
    const { payloadSize, readyTime } = this.state.settings;
    const readySeconds = Math.ceil(readyTime / second);
    this.mailboxes = {
      primary: new Mailbox({ isPrimary: true, payloadSize, vector: choices.mailboxVector, readySeconds }),
      secondary: new Mailbox({ isPrimary: false, payloadSize: deviceBlock.secondaryPayload, vector: 0, readySeconds }),
    };
    const { mailboxRegisters } = deviceBlock;
    this.#headers = [
      { id: deviceCapabilityIds.deviceStatus, version: 2, offset: deviceBlock.status, length: 8 },
      { id: deviceCapabilityIds.primaryMailbox, version: 1, offset: deviceBlock.primaryMailbox, length: mailboxRegisters + payloadSize },
      { id: deviceCapabilityIds.secondaryMailbox, version: 1, offset: deviceBlock.secondaryMailbox, length: mailboxRegisters + deviceBlock.secondaryPayload },
      { id: deviceCapabilityIds.memoryDeviceStatus, version: 1, offset: deviceBlock.memoryStatus, length: 8 },
    ];
  }

  /** Lets time pass, with everything due on the way. @throws AnswerError */
  advance(to: number, observer: Observer): void {
    const { state } = this;
    for (;;) {
      const [name] = this.#rung;
      const commandAt = name === undefined ? Infinity : (this.mailboxes[name].endsAt ?? Infinity);
      const backgroundAt = state.background?.to ?? Infinity;
      const at = Math.min(commandAt, backgroundAt);
      if (at > to) break;
      state.now = at;
      if (backgroundAt <= commandAt) this.#finishBackground(observer);
      else if (name !== undefined) this.#complete(name, observer);
    }
    state.now = to;
  }

  #complete(name: MailboxName, observer: Observer): void {
    const { state } = this;
    const mailbox = this.mailboxes[name];
    this.#rung = this.#rung.filter((rung) => rung !== name);
    const { opcode, length, payload } = mailbox;
    const reply = execute(state, { mailbox: name, opcode, length, payload: payload.bytes });
    const code = observer.returnCode(name);
    const answer = reply.find((alternative) => alternative.code === code);
    if (answer === undefined) throw new AnswerError(`${name} mailbox, ${commandOf(opcode) ?? "no command"} 0x${opcode.toString(16)}, ${length} bytes`, code, reply);
    mailbox.endsAt = undefined;
    mailbox.returnCode = code;
    answer.commit?.();
    if (answer.background !== undefined) this.#start(opcode, answer.background);
    this.#answer(name, answer, observer);
    if (state.hasAborted) this.#interruptBackground();
    state.hasAborted = false;
    if (mailbox.interruptsAt("doorbellInterrupt")) state.interrupt(mailbox.settings.vector);
  }

  #answer(name: MailboxName, answer: Alternative, observer: Observer): void {
    const mailbox = this.mailboxes[name];
    const output = answer.output?.isOwn === true ? new KnownBytes(Math.min(observer.outputLength(name), mailbox.settings.payloadSize)).forget() : answer.output;
    const bytes = output?.bytes ?? new Uint8Array();
    mailbox.command = BigInt(mailbox.opcode) | (BigInt(bytes.length) << 16n);
    mailbox.payload.put(0, bytes, output?.known);
    output?.known?.forEach((bits, index) => {
      if (bits === 0xff) return;
      const got = observer.payloadByte(name, index);
      const expected = mailbox.payload.bytes[index] ?? 0;
      mailbox.payload.write(index, 1, BigInt((expected & bits) | (got & ~bits & 0xff)));
    });
    const wrong = answer.output?.verify?.(mailbox.payload.bytes.slice(0, bytes.length));
    if (wrong !== undefined) throw new AnswerError(`${name} mailbox, ${commandOf(mailbox.opcode) ?? "no command"}: ${wrong}`, answer.code, [answer]);
  }

  #start(opcode: number, plan: NonNullable<Alternative["background"]>): void {
    const { state } = this;
    const name = commandOf(opcode);
    const isAbortable = name !== undefined && declarationOf(name).effects.includes("abortable");
    state.background = { opcode, plan, from: state.now, to: state.now + state.settings.backgroundTime * million, isAbortable };
    state.lastBackground = { opcode, percentage: 0, code: 0 };
  }

  #finishBackground(observer: Observer): void {
    const { state } = this;
    const { background } = state;
    if (background === undefined) return;
    state.background = undefined;
    const reply = background.plan.finish();
    const code = observer.backgroundCode();
    const answer = reply.find((alternative) => alternative.code === code);
    if (answer === undefined) throw new AnswerError(`end of background operation 0x${background.opcode.toString(16)}`, code, reply);
    state.lastBackground = { opcode: background.opcode, percentage: 100, code };
    answer.commit?.();
    this.#interruptBackground();
  }

  #interruptBackground(): void {
    const { primary } = this.mailboxes;
    if (primary.interruptsAt("backgroundInterrupt")) this.state.interrupt(primary.settings.vector);
  }

  read(offset: number, width: number): Known {
    const at = offset % wordBytes;
    const { value, known } = this.#word(offset - at);
    const mask = (1n << BigInt(8 * width)) - 1n;
    return { value: (value >> BigInt(8 * at)) & mask, known: (known >> BigInt(8 * at)) & mask };
  }

  #mailboxAt(offset: number): { readonly name: MailboxName; readonly at: number } | undefined {
    for (const [name, base] of [["secondary", deviceBlock.secondaryMailbox], ["primary", deviceBlock.primaryMailbox]] as const) {
      const { payloadSize } = this.mailboxes[name].settings;
      if (offset >= base && offset < base + deviceBlock.mailboxRegisters + payloadSize) return { name, at: offset - base };
    }
    return undefined;
  }

  #word(offset: number): Known {
    const found = this.#mailboxAt(offset);
    if (found !== undefined) return this.#mailboxWord(found.name, found.at);
    if (offset === deviceBlock.status) return { value: eventStatus(this.state), known: all };
    if (offset === deviceBlock.memoryStatus) return this.#memoryStatus();
    return { value: this.#capabilityWord(offset), known: all };
  }

  #capabilityWord(offset: number): bigint {
    if (offset === 0) return 0x1_0000n | (1n << 24n) | (BigInt(this.#headers.length) << 32n);
    const header = this.#headers[Math.floor(offset / 0x10) - 1];
    if (header === undefined) return 0n;
    return offset % 0x10 === 0 ? BigInt(header.id | (header.version << 16)) | (BigInt(header.offset) << 32n) : BigInt(header.length);
  }

  #memoryStatus(): Known {
    const { mediaStatus } = this.state;
    const mailboxReady = 0x10n;
    return { value: (BigInt(mediaStatus) << 2n) | mailboxReady, known: mediaStatus === media.ready ? all : all & ~resetNeededBits };
  }

  #mailboxWord(name: MailboxName, at: number): Known {
    const mailbox = this.mailboxes[name];
    if (at >= mailboxPlaces.payload) return mailbox.payload.read(at - mailboxPlaces.payload, wordBytes);
    if (at < mailboxPlaces.command) return { value: mailbox.first, known: all };
    if (at < mailboxPlaces.status) return { value: mailbox.command, known: all };
    if (at < mailboxPlaces.background) return mailbox.status(this.state.background !== undefined);
    return name === "primary" ? this.#backgroundStatus() : { value: 0n, known: all };
  }

  #backgroundStatus(): Known {
    const { background, lastBackground } = this.state;
    if (background !== undefined) return { value: BigInt(background.opcode), known: 0xff80_ffffn };
    const { opcode, percentage, code } = lastBackground;
    // How far an aborted operation came is the device's to say; below 100.
    const known = code === returnCodes.aborted ? all & ~0x7f_0000n : all;
    return { value: BigInt(opcode) | (BigInt(percentage) << 16n) | (BigInt(code) << 32n), known };
  }

  write(offset: number, width: number, value: bigint): void {
    const found = this.#mailboxAt(offset);
    if (found === undefined) return;
    const mailbox = this.mailboxes[found.name];
    if (!mailbox.write(found.at, width, value)) return;
    mailbox.endsAt = this.state.now + this.state.settings.commandTime;
    this.#rung.push(found.name);
  }

  /** An event that comes from elsewhere: what the record says, stamped, with the length of a standard record. */
  injectEvent(log: number, record: Uint8Array): void {
    this.state.report(log, KnownBytes.from(record).set(recordFields.length, recordLength));
  }

  /** Takes over what the module shows of payload bytes that are not known. */
  adopt(offset: number, width: number, value: bigint): void {
    const found = this.#mailboxAt(offset);
    if (found === undefined || found.at < mailboxPlaces.payload) return;
    const { payload } = this.mailboxes[found.name];
    const at = found.at - mailboxPlaces.payload;
    const { value: now, known } = payload.read(at, width);
    payload.write(at, width, (now & known) | (value & ~known));
  }

  /** A reset of the function; registers to their defaults, and what the device keeps or loses (resets.ts). */
  reset(kind: ResetKind): void {
    for (const mailbox of Object.values(this.mailboxes)) mailbox.reset(resetDepths[kind] >= resetDepths.hot);
    this.#rung = [];
    resetState(this.state, kind);
  }

  /** Interrupt messages since the last call, in order, by vector. */
  takeInterrupts(): number[] {
    return this.state.interrupts.splice(0);
  }

  /** Percentages that the background status may show now; undefined: nothing runs. */
  get percentages(): { readonly least: number; readonly most: number } | undefined {
    const { background, now } = this.state;
    if (background === undefined) return undefined;
    const share = (time: number): number => Math.floor((100 * Math.max(0, time - background.from)) / (background.to - background.from));
    return { least: share(now - second), most: Math.min(share(now), 99) };
  }
}
