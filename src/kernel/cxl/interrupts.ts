// Named handlers of CXL. Messages of memory devices arrive here and go to whom their vector is bound.

import type { Handler } from "../base/kernel.ts";
import { isBackgroundDone } from "./device-registers.ts";
import { deviceStateOf } from "./device-state.ts";
import { onEventInterrupt } from "./events.ts";
import { assemblyHandlers } from "./region-failure.ts";
import { performanceHandlers } from "./region-performance.ts";
import { lookAtSanitize, sanitizeHandlers } from "./sanitize-poll.ts";
import { spuriousHandler, vectorHandler, vectorsPerDevice } from "./vectors.ts";

const onVector: Handler = (kernel, argument) => {
  const state = deviceStateOf(kernel, Math.floor(argument / vectorsPerDevice));
  if (state === undefined) return;
  const vector = argument % vectorsPerDevice;
  const users = state.vectors.get(vector);
  if (users?.has("mailbox") === true && isBackgroundDone(state.registers)) lookAtSanitize(kernel, state);
  if (users?.has("events") === true) onEventInterrupt(kernel, state, vector);
};

export const cxlHandlers: ReadonlyMap<string, Handler> = new Map<string, Handler>([[vectorHandler, onVector], [spuriousHandler, () => undefined], ...sanitizeHandlers, ...assemblyHandlers, ...performanceHandlers]);
