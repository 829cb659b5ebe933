// Latency and bandwidth between processors and memory (struct access_coordinate), and figures as HMAT and CDAT encode them (ACPI 6.4 5.2.27.4).

/** Nanoseconds and MB/s; 0: nobody said. */
export interface Coordinates {
  readonly readLatency: number;
  readonly writeLatency: number;
  readonly readBandwidth: number;
  readonly writeBandwidth: number;
}

export const noCoordinates: Coordinates = { readLatency: 0, writeLatency: 0, readBandwidth: 0, writeBandwidth: 0 };

/** All four figures are there. */
export const areComplete = (c: Coordinates): boolean => c.readLatency > 0 && c.writeLatency > 0 && c.readBandwidth > 0 && c.writeBandwidth > 0;

/** The smaller of two bandwidths; 0 if nobody said one of them. */
const narrower = (a: number, b: number): number => (a > 0 && b > 0 ? Math.min(a, b) : 0);

/** Two parts of one way: latencies add up, the narrower part limits. */
export const combine = (a: Coordinates, b: Coordinates): Coordinates => ({
  readLatency: a.readLatency + b.readLatency, writeLatency: a.writeLatency + b.writeLatency,
  readBandwidth: narrower(a.readBandwidth, b.readBandwidth), writeBandwidth: narrower(a.writeBandwidth, b.writeBandwidth),
});

/** Data types of both tables, and which figures each sets. */
const figuresOfType: readonly (readonly (keyof Coordinates)[])[] = [
  ["readLatency", "writeLatency"], ["readLatency"], ["writeLatency"], ["readBandwidth", "writeBandwidth"], ["readBandwidth"], ["writeBandwidth"],
];
const firstBandwidthType = 3;
const picosecondsPerNanosecond = 1000;
const unreachable = 0xffff;
const largestValue = 0xffff_ffff;

/** What a figure of a data type comes to: picoseconds are rounded up to nanoseconds; none, unreachable, or beyond 32 bits: 0 (revision 2). */
export function normalizeFigure(type: number, unit: bigint, entry: number): number {
  if (entry === 0 || entry === unreachable || unit > BigInt(Math.floor(largestValue / entry))) return 0;
  const value = Number(unit) * entry;
  return type < firstBandwidthType ? Math.ceil(value / picosecondsPerNanosecond) : value;
}

/** Sets the figures that a data type speaks of; one that is reserved sets nothing. */
export function withFigure(coordinates: Coordinates, type: number, value: number): Coordinates {
  return { ...coordinates, ...Object.fromEntries((figuresOfType[type] ?? []).map((name) => [name, value])) };
}
