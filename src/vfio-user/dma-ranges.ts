// The client's memory as its DMA_MAP and DMA_UNMAP messages describe it: ranges that do not overlap, a bounded number of them.

import type { DmaRange } from "./contract.ts";
import type { Errno } from "./wire.ts";
import { errnos, limits, sizes } from "./wire.ts";

const readable = 1;
const writable = 2;
/** VFIO_DMA_UNMAP_FLAG_ALL */
const unmapAll = 2;
const addressEnd = 1n << 64n;

export interface DmaRanges {
  readonly all: readonly DmaRange[];
  /** DMA_MAP: 0, or why not - EINVAL of what is malformed, EEXIST of what overlaps, ENOSPC of the 257th. */
  map(payload: DataView): 0 | Errno;
  /** DMA_UNMAP: 0, or why not - EINVAL of what is malformed, ENOENT of what was not mapped so. */
  unmap(payload: DataView): 0 | Errno;
  clear(): void;
}

export function createDmaRanges(): DmaRanges {
  const ranges: DmaRange[] = [];
  return {
    all: ranges,
    map(payload) {
      const flags = payload.getUint32(4, true);
      const address = payload.getBigUint64(16, true);
      const size = payload.getBigUint64(24, true);
      if (payload.getUint32(0, true) < sizes.dmaMap || (flags & ~(readable | writable)) !== 0 || size === 0n || address + size > addressEnd) return errnos.EINVAL;
      if (ranges.some((range) => address < range.address + range.size && range.address < address + size)) return errnos.EEXIST;
      if (ranges.length >= limits.dmaRanges) return errnos.ENOSPC;
      ranges.push({ address, size, isReadable: (flags & readable) !== 0, isWritable: (flags & writable) !== 0 });
      return 0;
    },
    unmap(payload) {
      const flags = payload.getUint32(4, true);
      const address = payload.getBigUint64(8, true);
      const size = payload.getBigUint64(16, true);
      if (payload.getUint32(0, true) < sizes.dmaUnmap) return errnos.EINVAL;
      if (flags === unmapAll && address === 0n && size === 0n) {
        ranges.length = 0;
        return 0;
      }
      if (flags !== 0) return errnos.EINVAL;
      const found = ranges.findIndex((range) => range.address === address && range.size === size);
      if (found < 0) return errnos.ENOENT;
      ranges.splice(found, 1);
      return 0;
    },
    clear: () => void (ranges.length = 0),
  };
}
