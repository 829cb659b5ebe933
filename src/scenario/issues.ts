// What zod has against a value, in the words of a scenario file.

import type { z } from "zod";
import { scenarioSchema } from "./schema.ts";
import { suggestion } from "./suggest.ts";
import type { Path } from "./yaml-text.ts";

/** What is wrong, and where. */
export interface Described {
  readonly path: Path;
  readonly message: string;
  /** The place is the key itself, not its value. */
  readonly isKey: boolean;
}

function isMissing(issue: z.core.$ZodIssue): boolean {
  if (issue.code === "invalid_union") return issue.errors.every((list) => list.some((one) => one.path.length === 0 && isMissing(one)));
  return issue.code === "invalid_type" && issue.message.includes("received undefined");
}

/** What is wrong with a key: no form of the mapping has it, or another one than the keys beside it make. */
const strayMessage = (key: string, known: readonly string[]): string => (known.includes(key) ? `"${key}" does not go with the keys beside it; leave one of them out` : `unknown key "${key}"; ${suggestion(key, known)}`);

/** One of zod's issues, below `base`, in the words of the file. */
function describe(issue: z.core.$ZodIssue, base: Path): Described[] {
  const path: Path = [...base, ...issue.path.map((step) => (typeof step === "symbol" ? String(step) : step))];
  const last = String(path.at(-1) ?? "");
  if (issue.code === "unrecognized_keys") return issue.keys.map((key) => ({ path: [...path, key], message: strayMessage(key, knownKeys(path)), isKey: true }));
  if (issue.code === "invalid_union") return describeUnion(issue, path);
  if (issue.code === "invalid_type" && isMissing(issue)) return [{ path, message: `"${last}" is missing; it must be ${issue.expected}`, isKey: false }];
  if (issue.code === "invalid_type") return [{ path, message: `must be ${issue.expected}; ${issue.message.replace(/^Invalid input: /, "")}`, isKey: false }];
  return [{ path, message: issue.message.replace(/^Invalid (input|option): /, ""), isKey: false }];
}

/** Alternatives are told apart by the key they need: the one whose key is there was meant; else the key itself is wrong. */
function describeUnion(issue: Extract<z.core.$ZodIssue, { code: "invalid_union" }>, path: Path): Described[] {
  const strays = (list: readonly z.core.$ZodIssue[]): number => list.reduce((sum, one) => sum + (one.path.length === 0 && one.code === "unrecognized_keys" ? one.keys.length : 0), 0);
  // A word that is missing and one that is no word of a list are told in the same way; where other keys stand beside it, it is missing.
  const lacks = (list: readonly z.core.$ZodIssue[]): boolean => list.some((one) => one.path.length === 1 && (isMissing(one) || (one.code === "invalid_value" && strays(list) > 0)));
  const meant = issue.errors.filter((list) => !lacks(list) && !list.some((one) => one.path.length === 0 && one.code !== "unrecognized_keys"));
  const closest = [...meant].toSorted((a, b) => strays(a) - strays(b) || a.length - b.length)[0];
  if (closest !== undefined) return closest.flatMap((inner) => describe(inner, path));
  // A value of the right kind that cannot be read, as a time without its unit, is told by the form that tried.
  const tried = issue.errors.flatMap((list) => list.filter((one) => one.path.length === 0 && one.code === "custom"));
  if (tried.length > 0) return [{ path, message: [...new Set(tried.map(({ message }) => message))].join(", or "), isKey: false }];
  const unknown = new Set(issue.errors.flatMap((list) => list.flatMap((one) => (one.code === "unrecognized_keys" && one.path.length === 0 ? one.keys : []))));
  const known = knownKeys(path);
  for (const key of unknown) if (!known.includes(key)) return [{ path: [...path, key], message: strayMessage(key, known), isKey: true }];
  const messages = issue.errors.flatMap((list) => list.filter((one) => one.path.length === 0).map((one) => (one.code === "invalid_type" ? `must be ${one.expected}` : one.message.replace(/^Invalid (input|option): /, ""))));
  return [{ path, message: known.length > 0 ? `is none of the forms that fit here; use one of ${known.join(", ")}` : [...new Set(messages)].join(", or "), isKey: false }];
}

/** What a schema has against a value that stands at `base` of a scenario, in the words of the file. */
export const describeIssues = (error: z.ZodError, base: Path): Described[] => error.issues.flatMap((issue) => describe(issue, base));

interface Shaped {
  readonly def: { readonly type: string; readonly shape?: Readonly<Record<string, Shaped>>; readonly element?: Shaped; readonly innerType?: Shaped; readonly options?: readonly Shaped[]; readonly items?: readonly Shaped[] };
}

const ownShape = ({ def: { shape } }: Shaped, key: string): Shaped | undefined => (shape !== undefined && Object.hasOwn(shape, key) ? shape[key] : undefined);

/** Keys that the schema knows at a path. */
function knownKeys(path: Path): string[] {
  let level: Shaped[] = [scenarioSchema as unknown as Shaped];
  const open = (schema: Shaped): Shaped[] => (schema.def.innerType !== undefined ? open(schema.def.innerType) : schema.def.options !== undefined ? schema.def.options.flatMap(open) : [schema]);
  level = level.flatMap(open);
  for (const step of path) {
    level = level.flatMap((schema) => {
      const next = typeof step === "number" ? (schema.def.element ?? schema.def.items?.[step]) : ownShape(schema, step);
      return next === undefined ? [] : open(next);
    });
  }
  return [...new Set(level.flatMap((schema) => Object.keys(schema.def.shape ?? {})))];
}
