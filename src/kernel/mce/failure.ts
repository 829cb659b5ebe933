// What memory_failure is asked for.

import type { Process } from "../mm/process.ts";

export interface Failure {
  readonly address: bigint;
  /** Whose thread consumed the error; null: nobody's, the error was found. */
  readonly current: Process | null;
  /** MF_ACTION_REQUIRED: the current task cannot go on without it. */
  readonly isActionRequired: boolean;
  /** MF_MUST_KILL: also where the page is clean. */
  readonly mustKill: boolean;
}
