// Keeps the time line's data up to the trace: asks for columns from where they end until there are no more.

import type { Columns, ColumnsQuestion } from "../../../sandbox/live/columns.ts";
import { TimelineData } from "./data.ts";

export interface Feed {
  readonly data: TimelineData;
  /** Asks for what is new; calls while it asks are one more round. */
  update(): Promise<void>;
}

/** @param ask undefined: there is no run @param changed called after each piece that was taken */
export function createFeed(ask: (question: ColumnsQuestion) => Promise<Columns | undefined>, changed: () => void): Feed {
  const data = new TimelineData();
  let isAsking = false;
  let isAskedAgain = false;

  const round = async (): Promise<void> => {
    for (;;) {
      const from = data.length;
      const told = await ask({ from });
      if (told === undefined) return;
      const before = data.generation;
      const isTaken = data.append(told);
      if (isTaken || data.generation !== before) changed();
      if (isTaken && (data.length >= told.known || data.length === from)) return;
      // Other records than these were asked for only where the run is another: then from the start, once more.
      if (!isTaken && data.length !== 0) return;
    }
  };

  return {
    data,
    update: async () => {
      isAskedAgain = true;
      if (isAsking) return;
      isAsking = true;
      try {
        while (isAskedAgain) {
          isAskedAgain = false;
          await round();
        }
      } finally {
        isAsking = false;
      }
    },
  };
}
