// Poison of a device's media as it lies there, seen without time or trace.

import type { Hardware } from "./machine.ts";

/** What `deviceState` is asked for. */
const poisonedLines = 2;
const lineBytes = 64n;

/** Poisoned lines of a device's media. */
export interface MediaPoison {
  /** Lines of 64 bytes. */
  readonly lines: number;
  /** DPA at which each of the first of them begins, ascending. */
  readonly addresses: readonly bigint[];
}

/** Where a device is poisoned now; `most`: addresses that are given at most. @throws RangeError */
export function poisonOf(hardware: Hardware, name: string, most: number): MediaPoison {
  const { exports, entities } = hardware;
  const found = entities.devices.get(name);
  if (found === undefined) throw new RangeError(`the machine has no device "${name}"; it has ${[...entities.devices.keys()].join(", ")}`);
  const lines = exports.deviceState(found.index, poisonedLines) >>> 0;
  const addresses: bigint[] = [];
  for (let from = 0n; addresses.length < Math.min(lines, most); ) {
    const lower = exports.nextPoisonedLine(found.index, Number(from & 0xffff_ffffn), Number(from >> 32n)) >>> 0;
    const address = (BigInt(hardware.resultHigh) << 32n) | BigInt(lower);
    addresses.push(address);
    from = address + lineBytes;
  }
  return { lines, addresses };
}
