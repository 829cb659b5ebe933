// What an import has to say beside the file: what it assumed, where captures contradict each other, what the sandbox does not have.

/** A capture that cannot be read: one message with file, place and remedy. */
export class CaptureFileError extends Error {
  readonly file: string;
  constructor(file: string, place: string, problem: string) {
    super(`${file}${place === "" ? "" : `: ${place}`}: ${problem}`);
    this.name = "CaptureFileError";
    this.file = file;
  }
}

export type FindingKind = "assumed" | "conflict" | "difference";

export interface Finding {
  readonly kind: FindingKind;
  /** What it is about, as the file names it: `rp0`, `dev1`, `window 0`. */
  readonly place: string;
  readonly text: string;
}

/** Findings in order, each once. */
export class Findings {
  readonly #all = new Map<string, Finding>();

  add(kind: FindingKind, place: string, text: string): void {
    this.#all.set(`${kind}|${place}|${text}`, { kind, place, text });
  }

  get all(): readonly Finding[] {
    return [...this.#all.values()];
  }
}

const titles: Readonly<Record<FindingKind, string>> = { assumed: "assumed", conflict: "captures disagree", difference: "not as captured" };
const mostPlaces = 8;

const placesText = (places: readonly string[]): string => (places.length <= mostPlaces ? places.join(", ") : `${places.slice(0, mostPlaces).join(", ")} and ${places.length - mostPlaces} more`);

/** One line for each text, with all the places that it is about. */
export function findingLines(findings: readonly Finding[]): string[] {
  const places = new Map<string, string[]>();
  for (const { kind, place, text } of findings) {
    const key = `${titles[kind]}|${text}`;
    places.set(key, [...(places.get(key) ?? []), place]);
  }
  return [...places].map(([key, names]) => {
    const [title = "", ...text] = key.split("|");
    const named = names.filter((name) => name !== "");
    return `${title}${named.length === 0 ? "" : ` (${placesText(named)})`}: ${text.join("|")}`;
  });
}
