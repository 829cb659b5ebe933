// Code blocks of a page, and running one: what it imports is handed in, so that a page's examples are run as they are printed.

export interface CodeBlock {
  /** Line of the page, from 1. */
  readonly line: number;
  readonly text: string;
}

export function codeBlocks(page: string, language: string): CodeBlock[] {
  const pattern = new RegExp(`^\`\`\`${language}\n([\\s\\S]*?)^\`\`\`$`, "gm");
  return [...page.matchAll(pattern)].map((match) => ({ line: page.slice(0, match.index).split("\n").length, text: match[1] ?? "" }));
}

const importLine = /^import (?:(?<names>\{[^}]*\})|(?<whole>\w+)) from "(?<module>[^"]+)";$/gm;
type Run = (modules: Readonly<Record<string, unknown>>, console: { log(...values: unknown[]): void }) => Promise<void>;
const AsyncFunction = (async () => undefined).constructor as new (...words: string[]) => Run;

/** Runs a block of JavaScript; imports are taken from `modules` (a default import is the whole of it). What it logs is given back, a line for each call. */
export async function runBlock({ text }: CodeBlock, modules: Readonly<Record<string, unknown>>): Promise<string[]> {
  const body = text.replaceAll(importLine, (_line, names: string | undefined, whole: string | undefined, module: string) => {
    if (!Object.hasOwn(modules, module)) throw new Error(`the page imports ${module}, which the test does not hand in`);
    return `const ${names ?? whole ?? ""} = modules["${module}"];`;
  });
  const said: string[] = [];
  await new AsyncFunction("modules", "console", body)(modules, { log: (...values) => void said.push(values.map(String).join(" ")) });
  return said;
}

/** What comments behind `console.log(...)` lines announce, in order; a `:` ends it. */
export const announced = ({ text }: CodeBlock): string[] => [...text.matchAll(/^console\.log\(.*\); \/\/ ([^:\n]*(?::[^ \n][^:\n]*)*)/gm)].map((match) => match[1] ?? "");
