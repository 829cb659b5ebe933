// Where in a trace the accesses to each register are: records are looked through once, as far as the trace is known; what comes later is looked through when it is asked for.

import type { Space } from "../../platform/register-places.ts";
import { spaces } from "../../platform/register-places.ts";
import { registerAccessOf } from "../../scenario/trace/register-words.ts";
import { kernelKinds, readRecord, recordWords, traceLayers } from "../../sim/trace.ts";
import { changedRegisters, disturbedPlace, isReset } from "./changes.ts";
import type { LiveTrace } from "./contract.ts";
import { NumberList } from "./number-list.ts";

/** Records that are copied out of the trace at a time. */
const chunk = 1 << 15;
const nobody = 0xffff_ffff;
const widths = [1, 2, 4, 8] as const;
const accessLayer = traceLayers.indexOf("access");
const hardwareLayer = traceLayers.indexOf("hardware");
const kernelLayer = traceLayers.indexOf("kernel");
/** Kinds of register accesses are the first four. */
const lastRegisterKind = 4;
const tellingKinds: ReadonlySet<number> = new Set([kernelKinds.step, kernelKinds.choice, kernelKinds.interrupt]);

/** What is looked for. */
export interface RegisterRange {
  readonly part: number;
  readonly space: Space;
  /** Bytes from the start of the block. */
  readonly at: number;
  readonly bytes: number;
  readonly label: string;
}

export class AccessIndex {
  readonly #trace: LiveTrace;
  #scanned = 0;
  readonly #accesses = new Map<number, NumberList>();
  readonly #changes = new Map<string, NumberList>();
  /** Steps, choices and interrupts of the kernel. */
  readonly #kernel = new NumberList();

  constructor(trace: LiveTrace) {
    this.#trace = trace;
  }

  /** Looks through what has come to the trace since. */
  catchUp(): void {
    while (this.#scanned < this.#trace.length) {
      const words = this.#trace.words(this.#scanned, chunk);
      for (let index = 0; index * recordWords < words.length; index++) this.#take(words, index);
      this.#scanned += words.length / recordWords;
    }
  }

  /** Numbers of records of a register, ascending lists that share none. */
  listsOf({ part, space, at, bytes, label }: RegisterRange, withReads: boolean): readonly NumberList[] {
    const found: NumberList[] = [];
    const add = (list: NumberList | undefined): void => void (list !== undefined && found.push(list));
    for (let offset = Math.max(0, at - 7); offset < at + bytes; offset++) {
      for (const width of widths) {
        if (offset + width <= at) continue;
        add(this.#accesses.get(keyOf(part, space, offset, width, true)));
        if (withReads) add(this.#accesses.get(keyOf(part, space, offset, width, false)));
      }
    }
    add(this.#changes.get(`${part} ${label}`));
    add(this.#changes.get(`${part} reset`));
    for (let dword = at & ~3; dword < at + bytes; dword += 4) add(this.#changes.get(`${part} ${space} ${dword}`));
    return found;
  }

  /** Number of the last record before `index` by which the kernel says what it is about; -1: none. */
  kernelBefore(index: number): number {
    return this.#kernel.lastBelow(index);
  }

  #take(words: Uint32Array, index: number): void {
    const packed = words[index * recordWords + 1] ?? 0;
    const layer = (packed >>> 21) & 7;
    const number = this.#scanned + index;
    if (layer === accessLayer) {
      if (packed >>> 24 <= lastRegisterKind) this.#takeAccess(words, index, number);
    } else if (layer === hardwareLayer) this.#takeHardware(words, index, number);
    else if (layer === kernelLayer && tellingKinds.has(packed >>> 24)) this.#kernel.push(number);
  }

  #takeAccess(words: Uint32Array, index: number, number: number): void {
    const access = registerAccessOf(readRecord(words, index));
    if (access === undefined || access.part === nobody || access.space === undefined) return;
    listAt(this.#accesses, keyOf(access.part, access.space, access.offset, access.width, access.isWrite)).push(number);
  }

  #takeHardware(words: Uint32Array, index: number, number: number): void {
    const record = readRecord(words, index);
    for (const label of changedRegisters(record)) listAt(this.#changes, `${record.a} ${label}`).push(number);
    if (isReset(record)) listAt(this.#changes, `${record.a} reset`).push(number);
    const place = disturbedPlace(record);
    if (place !== undefined) listAt(this.#changes, `${record.a} ${place.space} ${place.offset}`).push(number);
  }
}

/** Offsets lie below 2^22: config space has 4 KiB, the largest mailbox 1 MiB. */
const keyOf = (part: number, space: Space, offset: number, width: number, isWrite: boolean): number => ((((part * 4 + spaces.indexOf(space)) * 2 ** 22 + offset) * 16 + width) * 2) + (isWrite ? 1 : 0);

function listAt<K>(lists: Map<K, NumberList>, key: K): NumberList {
  const found = lists.get(key) ?? new NumberList();
  if (found.length === 0) lists.set(key, found);
  return found;
}
