// The strategy of an exploration: of all the choices that a run has, those at stake are taken from a list and counted; every other one stays in its
// fixed order. src/sandbox/explore.ts runs it again and again.

/** A task that is ready. */
export interface Candidate {
  readonly id: number;
  /** Where it stands. */
  readonly point: string;
  readonly isStarted: boolean;
}

/** A choice that was at stake. */
export interface TakenChoice {
  readonly taken: number;
  /** How many there were to choose from. */
  readonly among: number;
  /** 0 would have let the task go on that ran last: anything else preempts it. */
  readonly isContinuing: boolean;
}

export interface ExploredStrategy {
  readonly kind: "explored";
  /** Whether a task at this point is at stake; `isStarted`: false before its first step. Others go first, the oldest before. */
  readonly isEvent: (point: string, isStarted: boolean) => boolean;
  /** What an event sets going comes to its end before the next one: events wait while anything else is ready or asleep. */
  readonly isWhole: boolean;
  /** What to take at each choice at stake; 0 beyond its end. */
  readonly choices: readonly number[];
  readonly made: TakenChoice[];
  /** The task that ran last; -1: none. */
  last: number;
}

export const createExplored = (isEvent: ExploredStrategy["isEvent"], isWhole: boolean, choices: readonly number[]): ExploredStrategy => ({ kind: "explored", isEvent, isWhole, choices, made: [], last: -1 });

const isAtStake = (strategy: ExploredStrategy, { point, isStarted }: Candidate): boolean => strategy.isEvent(point, isStarted);

/** Only events are ready, and something sleeps that must come to its end first. */
export const isHeldBack = (strategy: ExploredStrategy, ready: readonly Candidate[], isAnyAsleep: boolean): boolean => strategy.isWhole && isAnyAsleep && ready.every((one) => isAtStake(strategy, one));

/** Index of the task that goes next. */
export function pickExplored(strategy: ExploredStrategy, ready: readonly Candidate[]): number {
  const other = ready.findIndex((one) => !isAtStake(strategy, one));
  if (other >= 0) return other;
  const continuing = ready.findIndex(({ id }) => id === strategy.last);
  const order = [...ready.keys()].toSorted((a, b) => Number(b === continuing) - Number(a === continuing) || a - b);
  const taken = strategy.choices[strategy.made.length] ?? 0;
  strategy.made.push({ taken, among: ready.length, isContinuing: continuing >= 0 });
  return order[taken] ?? 0;
}
