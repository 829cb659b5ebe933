// Virtual times as sentences have them.

/** Nanoseconds in the unit that keeps up to three decimals: 1.5 ms, 40 s. */
export function timeText(nanoseconds: number): string {
  for (const [unit, size] of [["s", 1_000_000_000], ["ms", 1_000_000], ["us", 1_000]] as const) {
    if (nanoseconds < size) continue;
    const thousandths = Math.floor(nanoseconds / (size / 1000));
    const rest = String(thousandths % 1000).padStart(3, "0").replace(/0+$/, "");
    return `${Math.floor(thousandths / 1000)}${rest === "" ? "" : `.${rest}`} ${unit}`;
  }
  return `${nanoseconds} ns`;
}
