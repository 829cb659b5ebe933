// What went before in a transcript, as far as later commands depend on it; and how a command that ours refused for a reason is put so that ours
// takes it, for the devices to stay alike.

import { commands } from "../../registers/commands.ts";
import { returnCodes } from "../../registers/payload-schema.ts";
import { payloadBig, payloadNumber } from "../../src/platform/payload.ts";
import type { CommandCircumstance, Sent } from "./command-circumstances.ts";

const line = 64n;
const unit = 128;
const dataAt = commands.transferFirmware.input.length;
const actions = { full: 0, initiate: 1, continue: 2, end: 3, abort: 4 } as const;
const space = 1n << 64n;
/** Nanoseconds that a transcript may take. */
const longestRun = 3_600_000_000_000n;

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

  /** Circumstances that follow from what went before. */
  circumstancesOf({ name, input }: Sent): CommandCircumstance[] {
    if (name === "clearEventRecords") return this.#ofClear(input);
    if (name === "transferFirmware") return this.#ofTransfer(input);
    return name === "abortBackground" && this.#wasAborted ? ["aborted before"] : [];
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
    const found: CommandCircumstance[] = (input.length - dataAt) % unit === 0 ? [] : ["part of no whole units"];
    if (wanted === actions.full || wanted === actions.initiate) return at === 0 ? found : [...found, "part out of order"];
    if (this.#next === undefined) return [...found, "no transfer open"];
    if (this.#wasAborted) found.push("transfer aborted");
    return wanted === actions.abort || at === this.#next || at === this.#last ? found : [...found, "part out of order"];
  }

  /** The clock's value may be this, for it was set and counts on. */
  isClock(value: bigint): boolean {
    return this.#clock !== undefined && (value - this.#clock + space) % space < longestRun;
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
    if (name === "injectPoison" && !isTaken(ourCode)) this.refusedLines.add(payloadBig(input, [0, 8, ""]) / line * line);
    if (name === "clearPoison") this.refusedLines.delete(payloadBig(input, [0, 8, ""]) / line * line);
    if (name === "transferFirmware") this.#noteTransfer(input);
  }

  #noteTransfer(input: Uint8Array): void {
    const { action } = commands.transferFirmware.input.fields;
    const wanted = payloadNumber(input, action);
    const units = Math.ceil((input.length - dataAt) / unit);
    if (wanted === actions.initiate) [this.#last, this.#next] = [0, units];
    else if (wanted === actions.continue && this.#next !== undefined) this.#next = this.#follows(input) ? this.#next + units : this.#next;
    else this.#next = undefined;
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
    if (name === "setEventInterruptPolicy") return Uint8Array.from(copy.slice(0, commands.setEventInterruptPolicy.input.length), (byte) => ((byte & 3) === 1 ? byte : 0));
    if (name !== "transferFirmware") return undefined;
    const wanted = payloadNumber(input, commands.transferFirmware.input.fields.action);
    const [at] = commands.transferFirmware.input.fields.offset;
    view.setUint32(at, wanted === actions.continue || wanted === actions.end ? (this.#next ?? 0) : 0, true);
    const whole = new Uint8Array(dataAt + Math.ceil((input.length - dataAt) / unit) * unit);
    whole.set(copy);
    return wanted <= actions.end ? whole : undefined;
  }
}
