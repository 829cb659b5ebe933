// Modules and reference side by side: each access in all of them, every value compared, every answer one that the sheets allow.

import { deviceBlock } from "../../../registers/device-block.ts";
import type { DeviceDescription } from "../../../src/platform/description.ts";
import type { Bench, Driver, Width } from "./bench.ts";
import { mailboxBases } from "./bench.ts";
import type { DeviceChoices } from "./choices.ts";
import { deviates } from "./deviations.ts";
import type { Observer } from "./device.ts";
import { ReferenceDevice } from "./device.ts";
import { mailboxPlaces } from "./mailbox.ts";
import type { ResetKind } from "./resets.ts";
import { media } from "./units.ts";

export class DivergenceError extends Error {
  constructor(what: string) {
    super(what);
    this.name = "DivergenceError";
  }
}

const hex = (value: bigint): string => `0x${value.toString(16)}`;
const percentageByte = mailboxBases.primary + mailboxPlaces.background + 2;
const resetNeeded = 0xe0n;
const mostSteps = 10_000;

export class SideBySide implements Driver {
  readonly benches: readonly Bench[];
  readonly #description: DeviceDescription;
  readonly #choices: DeviceChoices;
  reference: ReferenceDevice;
  readonly #observer: Observer;

  constructor(benches: readonly Bench[], description: DeviceDescription, choices: DeviceChoices) {
    this.benches = benches;
    this.#description = description;
    this.#choices = choices;
    this.reference = new ReferenceDevice(description, choices);
    this.#observer = {
      returnCode: (mailbox) => this.#same("return code", (bench) => bench.returnCode(mailbox)),
      backgroundCode: () => this.#same("background return code", (bench) => bench.backgroundCode()),
      outputLength: (mailbox) => this.#same("output length", (bench) => bench.outputLength(mailbox)),
      payloadByte: (mailbox, index) => this.#same("payload byte", (bench) => Number(bench.read(mailboxBases[mailbox] + mailboxPlaces.payload + index, 1))),
    };
    this.restart();
  }

  /** Everything as after the machine was brought up. */
  restart(): void {
    for (const { hardware, clean } of this.benches) hardware.restore(clean);
    this.reference = new ReferenceDevice(this.#description, this.#choices);
    this.reference.advance(this.now, this.#observer);
  }

  #same<T extends number | bigint>(what: string, of: (bench: Bench) => T): T {
    const values = this.benches.map(of);
    const [first] = values;
    if (first === undefined || values.some((value) => value !== first)) throw new DivergenceError(`${what}: modules differ: ${values.join(", ")}`);
    return first;
  }

  get now(): number {
    return this.benches[0]?.now ?? 0;
  }

  read(offset: number, width: Width): bigint {
    const got = this.#same(`read +0x${offset.toString(16)} w${width}`, (bench) => bench.read(offset, width));
    const { value, known } = this.reference.read(offset, width);
    if (((got ^ value) & known) !== 0n) throw new DivergenceError(`read +0x${offset.toString(16)} w${width}: module ${hex(got)}, reference ${hex(value)} (of ${hex(known)})`);
    if (((1n << BigInt(8 * width)) - 1n) !== known) this.#readLoosely(offset, width, got);
    return got;
  }

  #readLoosely(offset: number, width: Width, got: bigint): void {
    this.reference.adopt(offset, width, got);
    // device-registers.md 5: while the media is not usable, some reset is named.
    const { mediaStatus, background } = this.reference.state;
    const isTold = offset !== deviceBlock.memoryStatus || mediaStatus === media.ready || (got & resetNeeded) !== 0n || (background !== undefined && deviates("resetNeeded"));
    if (!isTold) throw new DivergenceError("media disabled, but Reset Needed is 0");
    const { percentages } = this.reference;
    if (percentages === undefined || offset > percentageByte || offset + width <= percentageByte) return;
    const shown = Number((got >> BigInt(8 * (percentageByte - offset))) & 0x7fn);
    if (shown < percentages.least || shown > percentages.most) throw new DivergenceError(`percentage ${shown}, not in ${percentages.least}..${percentages.most}`);
  }

  write(offset: number, width: Width, value: bigint): void {
    for (const bench of this.benches) bench.write(offset, width, value);
    this.reference.write(offset, width, value);
    this.reference.advance(this.now, this.#observer);
  }

  /** In steps, so that each answer is looked at before another can take its place. */
  advance(by: number): void {
    const [first] = this.benches;
    if (first === undefined) return;
    const end = this.now + by;
    for (let steps = 0; ; steps++) {
      const { nextDeadline } = first.hardware;
      const to = nextDeadline >= 0 && nextDeadline < end ? Math.max(nextDeadline, this.now) : end;
      for (const { hardware } of this.benches) hardware.advanceTo(to);
      this.reference.advance(to, this.#observer);
      if (to >= end) return;
      if (steps > mostSteps) throw new DivergenceError("the hardware does not settle");
    }
  }

  injectEvent(log: number, record: Uint8Array): void {
    for (const bench of this.benches) bench.injectEvent(log, record);
    this.reference.injectEvent(log, record);
  }

  reset(kind: ResetKind): void {
    for (const bench of this.benches) {
      bench.reset(kind);
      bench.takeInterrupts();
    }
    this.reference.reset(kind);
    this.reference.advance(this.now, this.#observer);
    this.reference.takeInterrupts();
  }

  takeInterrupts(): number[] {
    const [first = [], ...others] = this.benches.map((bench) => bench.takeInterrupts());
    const expected = this.reference.takeInterrupts();
    for (const found of [first, ...others]) if (found.join() !== expected.join()) throw new DivergenceError(`interrupts: modules [${first.join()}]${others.map((other) => ` [${other.join()}]`).join("")}, reference [${expected.join()}]`);
    return first;
  }
}
