// One YAML text as values with places: what is no YAML, too long, too deep or ambiguous is refused here, before anything looks at what it says.

import { Lexer, Parser, isAlias, isMap, isScalar, isSeq, parseDocument, visit } from "yaml";
import type { Document, YAMLMap } from "yaml";
import type { Problem } from "./problem.ts";
import { ScenarioFileError } from "./problem.ts";

/** Characters; a scenario is a page of text. */
export const maximumLength = 1 << 18;
const maximumAliases = 100;
/** Levels of lists and mappings within each other; a switch below a switch takes three. */
const maximumDepth = 200;
/** Values of a file with its aliases written out. */
const maximumValues = 1 << 20;
const mostErrors = 5;

/** Steps from the top of a file to a value in it: keys, and numbers of elements from 0. */
export type Path = readonly (string | number)[];

/** A mapping that was read, and where its parts stand. */
export interface YamlText {
  readonly file: string;
  readonly value: Readonly<Record<string, unknown>>;
  /** Something that is wrong with what stands at a path, or at its nearest parent; `isKey`: with the key itself. */
  readonly problemAt: (path: Path, message: string, isKey?: boolean) => Problem;
}

const hasOffset = (node: unknown): node is { readonly range?: readonly [number, number, number] | null } => typeof node === "object" && node !== null && "range" in node;

/** Where a path begins in the text. */
function offsetOf(document: Document, path: Path, isKey: boolean): number {
  let node: unknown = document.contents;
  let found: unknown = node;
  for (const [index, step] of path.entries()) {
    if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(step));
      if (pair === undefined) break;
      found = isKey && index === path.length - 1 ? pair.key : (pair.value ?? pair.key);
      node = pair.value;
    } else if (isSeq(node)) {
      node = node.items[Number(step)];
      if (node === undefined) break;
      found = node;
    } else break;
  }
  return hasOffset(found) ? (found.range?.[0] ?? 0) : 0;
}

/** A key that stands twice in a mapping: the second one. */
function repeatedKey(map: YAMLMap): { readonly name: string; readonly offset: number } | undefined {
  const seen = new Set<string>();
  for (const { key } of map.items) {
    if (!isScalar(key)) continue;
    const name = String(key.value);
    if (seen.has(name)) return { name, offset: key.range?.[0] ?? 0 };
    seen.add(name);
  }
  return undefined;
}

interface Flaw {
  readonly offset: number;
  readonly message: string;
}

const tooManyAliases: Flaw = { offset: 0, message: `the file expands to more than ${maximumAliases} aliases; write the values out` };
const tooDeep = (offset: number): Flaw => ({ offset, message: `lists and mappings stand in each other more than ${maximumDepth} deep; is this the right file?` });

/** Where a text becomes too deep. Asked first: what makes values of a text recurs, and is slow to give up. */
function depthFlaw(text: string): Flaw | undefined {
  const parser = new Parser();
  for (const lexeme of new Lexer().lex(text)) {
    const tokens = parser.next(lexeme);
    for (let step = tokens.next(); step.done !== true; step = tokens.next()) if (parser.stack.length > maximumDepth) return tooDeep(parser.offset);
    if (parser.stack.length > maximumDepth) return tooDeep(parser.offset - lexeme.length);
  }
  return undefined;
}

/** What YAML allows and a scenario does not: keys twice, aliases without number, aliases of nothing. */
function flawsOf(document: Document): Flaw[] {
  const flaws: Flaw[] = [];
  const anchors = new Set<string>();
  let aliases = 0;
  visit(document, {
    Node: (_key, node) => {
      if (isAlias(node)) {
        aliases++;
        if (!anchors.has(node.source)) flaws.push({ offset: node.range?.[0] ?? 0, message: `nothing above is named &${node.source}; write the anchor at the value that is meant` });
      } else if ("anchor" in node && node.anchor !== undefined) anchors.add(node.anchor);
      const unsafe = isMap(node) ? node.items.find(({ key }) => isScalar(key) && key.value === "__proto__")?.key : undefined;
      if (unsafe !== undefined && isScalar(unsafe)) flaws.push({ offset: unsafe.range?.[0] ?? 0, message: 'no key of a scenario is "__proto__"; remove it' });
      const repeated = isMap(node) ? repeatedKey(node) : undefined;
      if (repeated !== undefined) flaws.push({ offset: repeated.offset, message: `the key "${repeated.name}" stands twice in this mapping; remove one` });
      return aliases > maximumAliases || flaws.length >= mostErrors ? visit.BREAK : undefined;
    },
  });
  return aliases > maximumAliases ? [tooManyAliases] : flaws;
}

/** Too deep or too large once aliases are written out, an alias of what it stands in included. */
function flawOfValue(value: unknown): Flaw | undefined {
  let values = 0;
  const isTooDeep = (inner: unknown, depth: number): boolean => {
    if (typeof inner !== "object" || inner === null) return false;
    values++;
    return depth > maximumDepth || (values <= maximumValues && Object.values(inner).some((one) => isTooDeep(one, depth + 1)));
  };
  if (isTooDeep(value, 0)) return tooDeep(0);
  return values > maximumValues ? tooManyAliases : undefined;
}

const whatYamlSays = (message: string): string => `not YAML: ${message.split("\n")[0]?.slice(0, 200) ?? ""}; check indentation and quotes`;

/** The value of a text, or what is wrong with it. */
function readValue(text: string): { readonly document: Document; readonly value: unknown } | readonly Flaw[] {
  const deep = depthFlaw(text);
  if (deep !== undefined) return [deep];
  try {
    // A directive of the text does not change what values mean: always YAML 1.2.
    const document = parseDocument(text, { prettyErrors: false, uniqueKeys: false, schema: "core", merge: false, resolveKnownTags: false, logLevel: "silent" });
    const flaws = document.errors.length > 0 ? document.errors.slice(0, mostErrors).map((error): Flaw => ({ offset: error.pos[0], message: whatYamlSays(error.message) })) : flawsOf(document);
    if (flaws.length > 0) return flaws;
    const value: unknown = document.toJS({ maxAliasCount: maximumAliases });
    const flaw = flawOfValue(value);
    return flaw === undefined ? { document, value } : [flaw];
  } catch (error) {
    if (error instanceof ReferenceError) return [tooManyAliases];
    throw error;
  }
}

/** Reads a text that is one mapping. @throws ScenarioFileError */
export function readYaml(file: string, text: string): YamlText {
  if (text.length > maximumLength) throw new ScenarioFileError(file, [{ line: 1, column: 1, message: `the file has ${text.length} characters, a scenario has at most ${maximumLength}; is this the right file?` }]);
  const problem = (offset: number, message: string): Problem => {
    const before = text.slice(0, offset);
    const start = before.lastIndexOf("\n") + 1;
    const end = text.indexOf("\n", offset);
    return { line: before.split("\n").length, column: offset - start + 1, message, source: text.slice(start, end < 0 ? text.length : end).replace(/\r$/, "") };
  };
  const read = readValue(text);
  if (!("document" in read)) throw new ScenarioFileError(file, read.map(({ offset, message }) => problem(offset, message)));
  const { document, value } = read;
  if (!isMap(document.contents)) throw new ScenarioFileError(file, [problem(0, "not a scenario: a mapping with version, name and machine is expected")]);
  return { file, value: value as Record<string, unknown>, problemAt: (path, message, isKey = false) => problem(offsetOf(document, path, isKey), message) };
}
