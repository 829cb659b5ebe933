// Pages of the API reference in Markdown, one for each entry point. Pure.

import type { Declared, EntryPoint } from "./entry-points.ts";

/** Lines of a declaration that a page shows; what is longer is data whose type says all of it again. */
const longest = 60;

/** "cxl-sandbox/vitest" -> "docs/api/vitest.md" */
export const pageOf = (specifier: string): string => `docs/api/${specifier.split("/")[1] ?? "index"}.md`;

/** The comment as sentences: `@throws X when` becomes "Throws X when". */
function prose(comment: string): string {
  return comment
    .replaceAll(/\s*@throws\s+(.+)/g, "\n\nThrows: $1.")
    .replaceAll("..\n", ".\n")
    .replace(/\.\.$/, ".")
    .trim();
}

function shown(declared: Declared): string {
  const lines = declared.text.split("\n");
  if (lines.length > longest) return `\`${declared.name}\` is data of ${lines.length} lines; its type is inferred from it and states every value (\`${declared.file}\`).`;
  return `\`\`\`ts\n${declared.text.replaceAll(/^export declare |^declare |^export /gm, "")}\n\`\`\``;
}

function section(declared: Declared): string {
  return [`### ${declared.name}`, prose(declared.comment), shown(declared)].filter((part) => part !== "").join("\n\n");
}

function chapter(title: string, all: readonly Declared[]): readonly string[] {
  return all.length === 0 ? [] : [`## ${title}`, ...all.map(section)];
}

/** Text of an entry point's page. */
export function apiPage({ specifier, exported, mentioned }: EntryPoint): string {
  const values = exported.filter((one) => one.isValue);
  const types = exported.filter((one) => !one.isValue);
  const parts = [
    `# ${specifier}`,
    "Generated from the declarations by `npm run api`. Addresses, sizes and 64-bit values are `bigint`; 8, 16 and 32-bit values are unsigned numbers; times are virtual nanoseconds.",
    ...(exported.length === 0 ? ["It exports nothing: importing it starts what it is for."] : []),
    ...chapter("Functions, classes and data", values),
    ...chapter("Types", types),
    ...chapter("Types that these mention", mentioned),
  ];
  return `${parts.join("\n\n")}\n`;
}
