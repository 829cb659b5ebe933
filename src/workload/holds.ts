// Processors that are in a handler: what runs on them waits for its end (machine-check 1 and 4; a storm is as fast as its handling allows).

export interface Holds {
  /** Logical processor -> virtual time at which it takes up its thread again. */
  readonly until: Map<number, number>;
  /** All of them. */
  all: number;
}

export const createHolds = (): Holds => ({ until: new Map(), all: 0 });

/** When a processor is free; a device (-1) waits for nobody. */
export const freeAt = (holds: Holds, cpu: number): number => (cpu < 0 ? 0 : Math.max(holds.all, holds.until.get(cpu) ?? 0));

/** Processor `cpu` executes nothing else for `busy` ns from now on, and all of them for `busyAll`. */
export function hold(holds: Holds, cpu: number, now: number, busy: number, busyAll: number): void {
  if (busyAll > 0) holds.all = Math.max(holds.all, now + busyAll);
  if (busy > 0 && cpu >= 0) holds.until.set(cpu, Math.max(freeAt(holds, cpu), now + busy));
}
