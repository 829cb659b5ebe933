// Which transaction timeout the service programs: the longer span of the lowest range that the port supports, so that no legitimate access runs
// into it and a dead device is still noticed soon (CXL 3.2 8.2.4.24.1, sheet 3.1).

interface RangeChoice {
  /** Bit in the capability's bitmap. */
  readonly range: number;
  readonly value: number;
}

const choices: readonly RangeChoice[] = [
  { range: 1, value: 0x2 },
  { range: 2, value: 0x6 },
  { range: 4, value: 0xa },
  { range: 8, value: 0xe },
];

/** Transaction timeout value for a bitmap of supported ranges; 0, the default span, where it is not programmable. */
export function chooseTimeoutValue(ranges: number): number {
  return choices.find((choice) => (ranges & choice.range) !== 0)?.value ?? 0;
}
