// A CPU's loads and stores for a library user: any legal width, and a clear end where the machine has no room left.

import type { MemoryAccess } from "./contract.ts";
import { LimitError } from "./errors.ts";
import type { Instance } from "./fork.ts";

const defaultWidth = 8;

function widthOf(width: number): 1 | 2 | 4 | 8 {
  if (width === 1 || width === 2 || width === 4 || width === 8) return width;
  throw new RangeError(`a load or store has 1, 2, 4 or 8 bytes, not ${width}`);
}

/** Memory of the machine whose instance `live` gives. */
export function memoryOf(live: () => Instance): MemoryAccess {
  return {
    load: (address, width = defaultWidth) => live().platform.memory.load(address, widthOf(width)),
    store: (address, value, width = defaultWidth) => {
      const { hardware, platform } = live();
      const status = platform.memory.store(address, widthOf(width), value);
      const limit = hardware.limitsReached[0];
      if (limit !== undefined) throw new LimitError(limit);
      return status;
    },
  };
}
