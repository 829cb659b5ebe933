// Numbers that several parts of the reference share.

/** Memory device status 3:2 (device-registers.md 5). */
export const media = { notReady: 0, ready: 1, error: 2, disabled: 3 } as const;
/** Capacities are multiples of this. */
export const unit = 256n << 20n;
export const lineBytes = 64n;
export const second = 1_000_000_000;
