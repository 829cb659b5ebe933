// Where to look in what `cxl list` and `daxctl list` print: `[0].mappings.length`, `regions[region=region0].decode_state`,
// `[root decoders].length`.

export type PathStep =
  | { readonly kind: "key"; readonly name: string }
  | { readonly kind: "index"; readonly index: number }
  | { readonly kind: "where"; readonly key: string; readonly value: string };

const stepPattern = /^(?:\.?([^.[\]=]+)|\[(\d+)\]|\[([^[\]=]+)(?:=([^[\]]*))?\])/;

/** Steps of a path, or what is wrong with it. */
export function parsePath(path: string): PathStep[] | string {
  const steps: PathStep[] = [];
  let rest = path;
  while (rest !== "") {
    const [taken, plain, index, inside, value] = stepPattern.exec(rest) ?? [];
    if (taken === undefined) return `"${rest}" is no path; write it like regions[0].size, [region=region0].mappings.length`;
    const name = value === undefined ? (plain ?? inside) : undefined;
    steps.push(name !== undefined ? { kind: "key", name } : index !== undefined ? { kind: "index", index: Number(index) } : { kind: "where", key: inside ?? "", value: value ?? "" });
    rest = rest.slice(taken.length);
  }
  return steps;
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === "object" && value !== null && !Array.isArray(value);
const own = (value: unknown, key: string): unknown => (isRecord(value) && Object.hasOwn(value, key) ? value[key] : undefined);

function take(value: unknown, step: PathStep): unknown {
  if (step.kind === "key") {
    if (!Array.isArray(value)) return own(value, step.name);
    // A listing of several kinds is a list of objects with one key each.
    return step.name === "length" ? value.length : own(value.find((entry) => own(entry, step.name) !== undefined), step.name);
  }
  if (!Array.isArray(value)) return undefined;
  return step.kind === "index" ? value[step.index] : value.find((entry) => String(own(entry, step.key)) === step.value);
}

/** The value at a path; undefined where there is none. */
export const valueAt = (document: unknown, steps: readonly PathStep[]): unknown => steps.reduce(take, document);
