// Several ways to do one thing, measured turn by turn, so that a slow minute of the machine falls on all of them alike.

export interface Contestant {
  readonly name: string;
  /** Operations that one call of `work` does. */
  readonly count: number;
  work(): void;
}

export interface Compared {
  readonly name: string;
  /** Nanoseconds of this process an operation, median of the rounds. */
  readonly nanoseconds: number;
  /** Times the first contestant's, median of the rounds' ratios. */
  readonly ratio: number;
}

export function medianOf(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

/** Processor time of this process: what other processes take meanwhile does not count. */
function cost({ work, count }: Contestant): number {
  const start = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(start);
  return ((user + system) * 1000) / count;
}

/** Three warm-ups, then `rounds` rounds. */
export function compare(contestants: readonly Contestant[], rounds = 9): Compared[] {
  for (let i = 0; i < 3; i++) for (const one of contestants) one.work();
  const costs = Array.from({ length: rounds }, () => contestants.map(cost));
  return contestants.map(({ name }, index) => ({
    name,
    nanoseconds: medianOf(costs.map((round) => round[index] ?? 0)),
    ratio: medianOf(costs.map((round) => (round[index] ?? 0) / (round[0] ?? 1))),
  }));
}
