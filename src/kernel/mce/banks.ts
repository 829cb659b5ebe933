// Machine-check banks of the cores: an error stays in its bank until the handler has read and cleared it; one that comes before that is lost, and the bank says so
// (machine-check 1 and 8, S76).

import { coreOf } from "../base/processors.ts";
import type { Kernel } from "../base/kernel.ts";
import { defineState } from "../base/kernel.ts";

interface Held {
  /** Logical processor that consumed the error. */
  readonly cpu: number;
  readonly at: number;
}

/** Errors that banks hold, by core and bank. */
const banks = defineState("mce.banks", () => ({ held: new Map<number, Held>() }));
const banksPerCore = 32;

/**
 * Puts an error into a bank of the core of `cpu`. True: one that another thread of this core consumed within `overflowWindow` was there. Loads of one thread never
 * do that to each other: a processor retires one of them into the exception, the others never were (INFERRED).
 */
export function takeBank(kernel: Kernel, cpu: number, bank: number): boolean {
  const { held } = banks(kernel);
  const key = coreOf(kernel, cpu) * banksPerCore + bank;
  const before = held.get(key);
  const now = kernel.platform.clock.now;
  const isOverflow = before !== undefined && before.cpu !== cpu && now - before.at < kernel.settings.overflowWindow;
  held.set(key, { cpu, at: now });
  return isOverflow;
}
