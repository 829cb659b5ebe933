// Every order of the events asked for: a system is run again and again, each time with the next list of choices, until there is none left; end states
// are counted (decision 0005; seeds S37).

import type { ExploredStrategy, TakenChoice } from "../sim/explored.ts";
import { createExplored } from "../sim/explored.ts";

export interface Exploration {
  /** Powers a system on under the strategy, drives it to its end and tells its end state. Called once per order. */
  readonly run: (strategy: ExploredStrategy) => string;
  /** Tasks that are at stake, by the point where they stand and whether they have run at all. */
  readonly isEvent: ExploredStrategy["isEvent"];
  /** Events are transactions: what one sets going ends before the next. */
  readonly isWhole: boolean;
  /** At most so many preemptions in one run; absent: any number. A task that waits is not preempted by the next one. */
  readonly preemptions?: number;
  /** Orders after which it is given up. */
  readonly limit: number;
}

export interface EndState {
  /** Orders that lead here. */
  count: number;
  /** Choices of the first of them: the run to look at. */
  readonly choices: readonly number[];
}

export interface Explored {
  readonly orders: number;
  /** By what `run` told. */
  readonly states: ReadonlyMap<string, EndState>;
  /** Most choices at stake in one run. */
  readonly deepest: number;
}

/** An exploration has more orders than it was allowed. */
export class TooManyOrdersError extends Error {
  constructor(limit: number) {
    super(`more than ${limit} orders; name fewer events, or bound the preemptions`);
    this.name = "TooManyOrdersError";
  }
}

const preemptionsOf = (made: readonly TakenChoice[]): number => made.filter((choice) => choice.isContinuing && choice.taken > 0).length;

/** The list of choices behind this one, depth first; undefined: that was the last. */
function nextChoices(made: readonly TakenChoice[], preemptions: number): number[] | undefined {
  for (let at = made.length - 1; at >= 0; at--) {
    const choice = made[at];
    if (choice === undefined || choice.taken + 1 >= choice.among) continue;
    const before = made.slice(0, at);
    if (preemptionsOf([...before, { ...choice, taken: choice.taken + 1 }]) > preemptions) continue;
    return [...before.map(({ taken }) => taken), choice.taken + 1];
  }
  return undefined;
}

/** @throws TooManyOrdersError */
export function explore(exploration: Exploration): Explored {
  const states = new Map<string, EndState>();
  let orders = 0;
  let deepest = 0;
  for (let choices: number[] | undefined = []; choices !== undefined; orders++) {
    if (orders === exploration.limit) throw new TooManyOrdersError(exploration.limit);
    const strategy = createExplored(exploration.isEvent, exploration.isWhole, choices);
    const told = exploration.run(strategy);
    const state = states.get(told) ?? { count: 0, choices: strategy.made.map(({ taken }) => taken) };
    state.count++;
    states.set(told, state);
    deepest = Math.max(deepest, strategy.made.length);
    choices = nextChoices(strategy.made, exploration.preemptions ?? Number.POSITIVE_INFINITY);
  }
  return { orders, states, deepest };
}
