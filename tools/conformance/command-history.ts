// What went before in a transcript, as far as later commands depend on it; and how a command that ours refused for a reason is put so that ours
// takes it, for the devices to stay alike.

import { commands } from "../../registers/commands.ts";
import { returnCodes } from "../../registers/payload-schema.ts";
import { deviceLogs } from "../../registers/features.ts";
import { payloadBig, payloadNumber, uuidText } from "../../src/platform/payload.ts";
import type { CommandCircumstance, Sent } from "./command-circumstances.ts";

const line = 64n;
const unit = 128;
const dataAt = commands.transferFirmware.input.length;
const actions = { full: 0, initiate: 1, continue: 2, end: 3, abort: 4 } as const;
const space = 1n << 64n;
/** Nanoseconds that a transcript may take. */
const longestRun = 3_600_000_000_000n;

const entryBytes = 4;
const alerts = 0x1f;
const signed = (value: number): number => (value << 16) >> 16;
const isEffectsLog = (input: Uint8Array): boolean => uuidText(input.slice(0, 16)) === deviceLogs.commandEffects.uuid;
const isTaken = (code: number): boolean => code === returnCodes.success || code === returnCodes.backgroundStarted;

export class CommandHistory {
  /** Lines that theirs has poisoned and ours could not. */
  readonly refusedLines = new Set<bigint>();
  /** Handles of each log, oldest first, as they were read last. */
  readonly #handles = new Map<number, readonly number[]>();
  /** What the clock was set to last. */
  #clock: bigint | undefined;
  /** Of a firmware transfer: the unit that comes next; undefined: none is open. */
  #next: number | undefined;
  #last = 0;
  #wasAborted = false;
  #hasExternalPoison = false;
  /** Lines that were injected, and those of them that theirs has two records of, because it took an unaligned address there. */
  readonly #injected = new Set<bigint>();
  readonly #twice = new Set<bigint>();
  /** Critical thresholds as theirs told them: life used, over- and under-temperature. */
  #critical: readonly [number, number, number] | undefined;
  #wasTransferred = false;
  /** Their log of command effects, as it was read from its start. */
  #effects: Uint8Array | undefined;

  /** After a restart: what theirs is does not change. */
  constructor(before?: CommandHistory) {
    this.#effects = before === undefined ? undefined : before.#effects;
    this.#critical = before === undefined ? undefined : before.#critical;
  }

  /** Circumstances that follow from what went before. */
  circumstancesOf({ name, input }: Sent): CommandCircumstance[] {
    if (name === "clearEventRecords") return this.#ofClear(input);
    if (name === "transferFirmware") return this.#ofTransfer(input);
    if (name === "setAlerts") return this.#ofAlerts(input);
    if (name === "firmwareInfo" || name === "identifyMemoryDevice") return this.#wasTransferred ? ["firmware was transferred"] : [];
    return [];
  }

  #ofClear(input: Uint8Array): CommandCircumstance[] {
    const { log, count } = commands.clearEventRecords.input.fields;
    const oldest = this.#handles.get(payloadNumber(input, log)) ?? [];
    const named = Array.from({ length: payloadNumber(input, count) }, (_, index) => payloadNumber(input, [commands.clearEventRecords.input.length + 2 * index, 2, ""]));
    return named.every((handle, index) => handle === oldest[index]) ? [] : ["not the oldest handles"];
  }

  #ofTransfer(input: Uint8Array): CommandCircumstance[] {
    const { action, offset } = commands.transferFirmware.input.fields;
    const [wanted, at] = [payloadNumber(input, action), payloadNumber(input, offset)];
    if (wanted === actions.full || wanted === actions.initiate) return [];
    if (this.#next === undefined) return ["no transfer open"];
    if (this.#wasAborted) return ["transfer aborted"];
    return wanted === actions.abort || at === this.#next || at === this.#last ? [] : ["part out of order"];
  }

  /** Theirs refuses what is not on this side of its own thresholds. */
  #ofAlerts(input: Uint8Array): CommandCircumstance[] {
    const { valid, lifeUsed, over, under } = commands.setAlerts.input.fields;
    if (this.#critical === undefined) return [];
    const [life, hot, cold] = this.#critical;
    const isSet = (bit: number): boolean => ((payloadNumber(input, valid) >>> bit) & 1) === 1;
    const refuses = (isSet(0) && payloadNumber(input, lifeUsed) >= life) || (isSet(1) && signed(payloadNumber(input, over)) >= hot) || (isSet(2) && signed(payloadNumber(input, under)) <= cold);
    return refuses ? ["beyond their thresholds"] : [];
  }

  /** Takes what theirs answered. */
  noteOutput({ name, input }: Sent, output: Uint8Array): void {
    if (name === "getAlerts" && output.length > 0) {
      const { lifeUsedCritical, overCritical, underCritical } = commands.getAlerts.output.fields;
      this.#critical = [payloadNumber(output, lifeUsedCritical), signed(payloadNumber(output, overCritical)), signed(payloadNumber(output, underCritical))];
    }
    if (name === "getLog" && isEffectsLog(input) && payloadNumber(input, commands.getLog.input.fields.offset) === 0 && output.length > (this.#effects?.length ?? 0)) this.#effects = output;
  }

  /** Whether a part of their log of command effects is what stands at four times the offset. */
  isOffsetInEntries(input: Uint8Array, theirs: Uint8Array): boolean {
    const offset = payloadNumber(input, commands.getLog.input.fields.offset);
    const whole = this.#effects;
    return whole !== undefined && offset !== 0 && isEffectsLog(input) && theirs.every((byte, index) => byte === (whole[entryBytes * offset + index] ?? 0));
  }

  /** The clock's value may be this, for it was set and counts on. */
  isClock(value: bigint): boolean {
    return this.#clock !== undefined && (value - this.#clock + space) % space < longestRun;
  }

  /** Poison was injected or found: ours logs it. */
  get logsOwn(): boolean {
    return this.#injected.size > 0;
  }

  get listsDiffer(): boolean {
    return this.#hasExternalPoison || this.refusedLines.size > 0;
  }

  noteExternalPoison(): void {
    this.#hasExternalPoison = true;
  }

  /** Takes the handles of a log that was read. */
  noteRecords(log: number, handles: readonly number[]): void {
    this.#handles.set(log, handles);
  }

  /** Takes a command that theirs took. */
  note({ name, input }: Sent, theirCode: number, ourCode: number): void {
    if (name === "abortBackground") this.#wasAborted ||= theirCode === returnCodes.success;
    else if (theirCode === returnCodes.backgroundStarted) this.#wasAborted = false;
    if (!isTaken(theirCode)) return;
    if (name === "setTimestamp") this.#clock = payloadBig(input, [0, 8, ""]);
    if (name === "injectPoison") this.#noteInjection(payloadBig(input, [0, 8, ""]), isTaken(ourCode));
    if (name === "clearPoison") this.#noteClear(payloadBig(input, [0, 8, ""]) / line * line);
    if (name === "transferFirmware") this.#noteTransfer(input);
  }

  #noteInjection(address: bigint, isOurs: boolean): void {
    const at = address / line * line;
    if (!isOurs) this.refusedLines.add(at);
    else if (address !== at && this.#injected.has(at)) this.#twice.add(at);
    if (isOurs) this.#injected.add(at);
  }

  /** One of two records stays there. */
  #noteClear(at: bigint): void {
    this.refusedLines.delete(at);
    if (this.#twice.delete(at)) this.refusedLines.add(at);
    this.#injected.delete(at);
  }

  #noteTransfer(input: Uint8Array): void {
    const { action } = commands.transferFirmware.input.fields;
    const wanted = payloadNumber(input, action);
    const units = Math.ceil((input.length - dataAt) / unit);
    if (wanted === actions.initiate) [this.#last, this.#next] = [0, units];
    else if (wanted === actions.continue && this.#next !== undefined) this.#next = this.#follows(input) ? this.#next + units : this.#next;
    else this.#next = undefined;
    this.#wasTransferred ||= wanted === actions.full || wanted === actions.end;
  }

  /** Whether a part is new; the last one may be sent again. Those of another place count as the next one (see `inOrder`). */
  #follows(input: Uint8Array): boolean {
    const at = payloadNumber(input, commands.transferFirmware.input.fields.offset);
    const isNew = at !== this.#last || at === this.#next;
    if (isNew) this.#last = this.#next ?? 0;
    return isNew;
  }

  /** A command that theirs took and ours refused, put so that it breaks no rule and does the same; undefined: there is no such form. */
  inOrder({ name, input, capacity }: Sent): Uint8Array | undefined {
    const copy = Uint8Array.from(input);
    const view = new DataView(copy.buffer);
    if (name === "injectPoison" || name === "clearPoison") {
      const address = payloadBig(input, [0, 8, ""]);
      view.setBigUint64(0, address / line * line, true);
      return address % line !== 0n && address < capacity ? copy : undefined;
    }
    if (name === "setAlerts") return Uint8Array.from(copy, (byte, index) => (index < 2 ? byte & alerts : byte));
    if (name === "setEventInterruptPolicy") return Uint8Array.from(copy.slice(0, commands.setEventInterruptPolicy.input.length), (byte) => ((byte & 3) === 1 ? byte : 0));
    if (name !== "transferFirmware") return undefined;
    const wanted = payloadNumber(input, commands.transferFirmware.input.fields.action);
    const [at] = commands.transferFirmware.input.fields.offset;
    if (this.#wasAborted && wanted === actions.continue) {
      // Theirs goes on where ours has forgotten the transfer: it begins with this part.
      this.#next = undefined;
      view.setUint8(0, actions.initiate);
    }
    view.setUint32(at, wanted === actions.continue || wanted === actions.end ? (this.#next ?? 0) : 0, true);
    const whole = new Uint8Array(dataAt + Math.ceil((input.length - dataAt) / unit) * unit);
    whole.set(copy);
    return wanted <= actions.end ? whole : undefined;
  }
}
