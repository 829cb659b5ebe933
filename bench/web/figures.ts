// Figures of the page beside their aims, as a table.

export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: "ms" | "s" | "KB" | "MB" | "records" | "";
  /** The most that is aimed at. */
  readonly aim?: number;
  readonly note?: string;
}

const sorted = (values: readonly number[]): number[] => [...values].toSorted((a, b) => a - b);

/** The value below which a share of them lies; 0 of none. @param share 0..1 */
export const quantile = (values: readonly number[], share: number): number => sorted(values)[Math.min(values.length - 1, Math.floor(values.length * share))] ?? 0;

export const medianOf = (values: readonly number[]): number => quantile(values, 0.5);

export const least = (values: readonly number[]): number => sorted(values)[0] ?? 0;

const numberText = (value: number): string => (value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2));

/** One line: the figure, its aim and the ratio of both, what belongs to it. */
export function lineOf({ name, value, unit, aim, note }: Figure): string {
  const isMissed = aim !== undefined && value > aim;
  const aimText = aim === undefined ? "" : `aim ${aim} ${unit}`;
  const ratio = aim === undefined ? "" : `${(value / aim).toFixed(2)}${isMissed ? " MISSED" : ""}`;
  return `${name.padEnd(58)} ${`${numberText(value)} ${unit}`.padStart(14)}   ${aimText.padEnd(14)} ${ratio.padEnd(12)} ${note ?? ""}`.trimEnd();
}
