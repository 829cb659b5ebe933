// Differences between the real kernel and ours that were looked at and are right as they are; docs/fidelity.md has the same table for people.

import type { Difference } from "./compare.ts";

export interface Explanation {
  readonly id: string;
  /** Whether a difference is this one, in the case named. */
  readonly holds: (difference: Difference, name: string) => boolean;
  readonly reason: string;
}

export const explanations: readonly Explanation[] = [];
