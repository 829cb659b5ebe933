// Corrected errors: an interrupt each (CMCI), until a bank has so many that it is polled instead (machine-check 6). Thresholds are Linux's own constants.

import type { Handler, Kernel } from "../base/kernel.ts";
import { defineState, printk, setTimer } from "../base/kernel.ts";
import type { BankError } from "./check-log.ts";
import { logEvents, traceRecord } from "./check-log.ts";
import type { CheckRecord } from "./severity.ts";

/** Virtual ns of a slot of a bank's history, and between two polls. */
const second = 1_000_000_000;
const historySlots = 64;
const errorsOfStorm = 5;
const cleanPolls = 30;
const pollHandler = "mce-poll";
const banksPerProcessor = 64;

interface BankHistory {
  /** Slots with errors, the newest in bit 0. */
  history: bigint;
  lookedAt: number;
  isStorm: boolean;
  /** The error that the bank holds since the last poll, and whether it overwrote another. */
  held: BankError | null;
}

const corrected = defineState("mce.corrected", () => ({ banks: new Map<number, BankHistory>(), count: 0 }));

/** A corrected error of a processor's bank. */
export interface CorrectedError {
  readonly cpu: number;
  readonly bank: number;
  readonly address: bigint;
}

const record: CheckRecord = {
  isValid: true, isEnabled: true, isUncorrected: false, isContextCorrupt: false, isOverflow: false, isSignalled: false, isActionRequired: false, hasAddress: true, hasMisc: true, code: "load",
  isPoison: false, isDeferred: false, isException: false, isInProgress: false, canReturn: true, isFaulting: false, context: "KERNEL", isConfidential: false,
};

/** Corrected errors that were logged since boot. */
export const correctedCount = (kernel: Kernel): number => corrected(kernel).count;

function historyOf(kernel: Kernel, key: number): BankHistory {
  const { banks } = corrected(kernel);
  const known = banks.get(key);
  if (known !== undefined) return known;
  const made: BankHistory = { history: 0n, lookedAt: 0, isStorm: false, held: null };
  banks.set(key, made);
  return made;
}

const countBits = (value: bigint): number => value.toString(2).split("1").length - 1;

/** Notes what a look at a bank found. Outside a storm a slot is a second, within one it is a poll. */
function track(kernel: Kernel, key: number, bank: BankHistory, isFound: boolean): void {
  const now = kernel.platform.clock.now;
  const shift = bank.isStorm ? 1 : (now - bank.lookedAt - ((now - bank.lookedAt) % second)) / second + 1;
  bank.history = (shift < historySlots ? BigInt.asUintN(historySlots, bank.history << BigInt(shift)) : 0n) | (isFound ? 1n : 0n);
  bank.lookedAt = now;
  const name = `CPU${(key - (key % banksPerProcessor)) / banksPerProcessor} BANK${key % banksPerProcessor}`;
  if (!bank.isStorm && countBits(bank.history) >= errorsOfStorm) {
    bank.isStorm = true;
    printk(kernel, "notice", `${name} CMCI storm detected`);
    setTimer(kernel, second, { handler: pollHandler, argument: key });
  } else if (bank.isStorm && BigInt.asUintN(cleanPolls, bank.history) === 0n) {
    bank.isStorm = false;
    bank.history = 0n;
    printk(kernel, "notice", `${name} CMCI storm subsided`);
  }
}

function take(kernel: Kernel, error: BankError): void {
  corrected(kernel).count++;
  traceRecord(kernel, error);
  logEvents(kernel);
}

/** A bank has a corrected error: told at once, or found by the next poll of a storm. The kernel does nothing but log it. */
export function correctedError(kernel: Kernel, { cpu, bank, address }: CorrectedError): void {
  const key = cpu * banksPerProcessor + bank;
  const history = historyOf(kernel, key);
  const error: BankError = { cpu, address, bank, record: { ...record, isOverflow: history.held !== null }, isLocal: true };
  if (history.isStorm) {
    history.held = error;
    return;
  }
  take(kernel, error);
  track(kernel, key, history, true);
}

const poll: Handler = (kernel, key) => {
  const bank = historyOf(kernel, key);
  const { held } = bank;
  bank.held = null;
  if (held !== null) take(kernel, held);
  track(kernel, key, bank, held !== null);
  if (bank.isStorm) setTimer(kernel, second, { handler: pollHandler, argument: key });
};

export const correctedHandlers: ReadonlyMap<string, Handler> = new Map([[pollHandler, poll]]);
