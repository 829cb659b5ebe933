// Markup that cannot be broken out of: whatever goes into a template is escaped, unless it is markup itself.

/** Controls and marks that turn the direction of writing: nothing of a foreign text may hide, or move what stands beside it. Tabs and line ends stay. */
const harmful = /(?![\t\n])[\p{Cc}\p{Cs}\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufffe\uffff]/gu;

/** Shown as what it is: [U+202E]. */
const shown = (letter: string): string => `[U+${(letter.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}]`;

const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

/** Foreign text for an element or a quoted attribute. */
export const escapeText = (text: string): string => text.replaceAll("\r\n", "\n").replaceAll(harmful, shown).replaceAll(/[&<>"']/g, (letter) => entities[letter] ?? "");

/** A piece of a page. Made by `markup` alone. */
export class Markup {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

type Part = string | number | Markup | readonly Markup[];

function textOf(part: Part): string {
  if (part instanceof Markup) return part.text;
  if (typeof part === "string") return escapeText(part);
  return typeof part === "number" ? String(part) : part.map(({ text }) => text).join("");
}

/** A template: strings are escaped, markup goes in as it is. */
export const markup = (strings: TemplateStringsArray, ...parts: readonly Part[]): Markup => new Markup(strings.map((text, index) => `${text}${index < parts.length ? textOf(parts[index] ?? "") : ""}`).join(""));

export const nothing = markup``;

/** A share of a whole as a percentage with three decimals. */
export function percent(part: number, whole: number): string {
  const thousandths = whole <= 0 ? 0 : Math.round((part * 100_000) / whole);
  const size = Math.abs(thousandths);
  return `${thousandths < 0 ? "-" : ""}${Math.floor(size / 1000)}.${String(size % 1000).padStart(3, "0")}%`;
}
