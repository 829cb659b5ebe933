// Register accesses of a stretch of a run, as the trace has them.

import type { Hardware } from "../../src/hardware/machine.ts";
import { readRecord } from "../../src/sim/trace.ts";

export interface Access {
  readonly kind: "config-read" | "config-write" | "read" | "write";
  /** PCI address of a config access, entity id of a register access. */
  readonly place: number;
  readonly offset: number;
  readonly value: number;
  readonly width: number;
}

const kinds: Readonly<Record<number, Access["kind"]>> = { 1: "config-read", 2: "config-write", 3: "read", 4: "write" };

/** Runs `body` and returns every access to config space and registers that it made, in order. */
export function accessesOf(hardware: Hardware, body: () => void): Access[] {
  const found: Access[] = [];
  hardware.storeTrace((words) => {
    for (let index = 0; index < words.length / 8; index++) {
      const record = readRecord(words, index);
      const kind = kinds[record.kind];
      if (record.layer === "access" && kind !== undefined) found.push({ kind, place: record.a, offset: record.b, value: record.c, width: record.e });
    }
  });
  body();
  hardware.storeTrace(null);
  return found;
}
