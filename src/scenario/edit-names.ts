// Names that an edit gives to what it puts into a file.

const isNamed = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === "object" && value !== null;

/** `link-down-rp0` of `{ linkDown: rp0 }`: the action and the part it is done to. */
export function actionPart(action: Readonly<Record<string, unknown>>): string {
  const [name = "fault", given] = Object.entries(action)[0] ?? [];
  const part = isNamed(given) ? (given["of"] ?? given["port"] ?? given["device"] ?? given["step"]) : given;
  const words = [name.replaceAll(/([a-z0-9])([A-Z])/g, "$1-$2").toLowerCase(), ...(typeof part === "string" ? [part] : [])];
  return words.join("-");
}

const longest = 64;

/** An id that a fault may have and that none has yet. */
export function faultId(wanted: string, taken: ReadonlySet<string>): string {
  const plain = wanted.replaceAll(/[^A-Za-z0-9_-]+/g, "-").replaceAll(/^[^A-Za-z]+|-+$/g, "").slice(0, longest) || "fault";
  if (!taken.has(plain)) return plain;
  for (let number = 2; ; number++) if (!taken.has(`${plain}-${number}`)) return `${plain}-${number}`;
}
