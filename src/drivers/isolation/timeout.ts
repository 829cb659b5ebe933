// Transaction timeouts by the names that the July 2025 series has for them, and which one the service programs when nobody says: the longer span of the lowest
// range that the port supports, so that no legitimate access runs into it and a dead device is still noticed soon (CXL 3.2 8.2.4.24.1, sheet 3.1).

interface Span {
  readonly name: string;
  /** Bit in the capability's bitmap. */
  readonly range: number;
  readonly value: number;
}

/** Short span and long span of each range. */
const spans: readonly Span[] = [
  { name: "a", range: 1, value: 0x1 }, { name: "a2", range: 1, value: 0x2 },
  { name: "b", range: 2, value: 0x5 }, { name: "b2", range: 2, value: 0x6 },
  { name: "c", range: 4, value: 0x9 }, { name: "c2", range: 4, value: 0xa },
  { name: "d", range: 8, value: 0xd }, { name: "d2", range: 8, value: 0xe },
];

export const spanNames = spans.map(({ name }) => name);

/** Transaction timeout value for a bitmap of supported ranges; 0, the default span, where it is not programmable. */
export const chooseTimeoutValue = (ranges: number): number => spans.find(({ range, name }) => (ranges & range) !== 0 && name.endsWith("2"))?.value ?? 0;

/** Value of a named span; undefined: there is no such name, or the port does not support its range. */
export const timeoutValueOf = (name: string, ranges: number): number | undefined => spans.find((span) => span.name === name && (ranges & span.range) !== 0)?.value;

/** Name of a value; the default span has none of its own. */
export const spanNameOf = (value: number): string => spans.find((span) => span.value === value)?.name ?? "default";
