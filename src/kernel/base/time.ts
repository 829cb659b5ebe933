// Wall clock time of the kernel: what its real-time clock said at power-on, and virtual time since.

import type { Kernel } from "./kernel.ts";

/** 2026-01-01 00:00 UTC, ns since 1970. */
const powerOn = 1_767_225_600_000_000_000n;

/** Nanoseconds since 1970-01-01 UTC (ktime_get_real_ns). */
export const realTime = (kernel: Kernel): bigint => powerOn + BigInt(kernel.platform.clock.now);
