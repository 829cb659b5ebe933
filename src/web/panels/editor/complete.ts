// What can be written at a place of a scenario: keys, values and names, by the JSON Schema and by what the text says already. Pure functions over schema, text and place.

import type { Context } from "./context.ts";
import { contextAt, keyAt } from "./context.ts";
import { namesFor, namesIn, referencesIn } from "./names.ts";
import type { Schema } from "./schema-walk.ts";
import { below, fitting, schemasAt } from "./schema-walk.ts";

export interface Completion {
  readonly label: string;
  readonly kind: "key" | "value" | "name";
  /** A few words beside it: what it takes. */
  readonly detail: string;
  /** What it means; "" for nothing to say. */
  readonly info: string;
  /** What is written, with the cursor at `caret` letters from its beginning. */
  readonly apply: string;
  readonly caret: number;
  /** More can be chosen at once behind it. */
  readonly goesOn: boolean;
}

export interface Completions {
  /** Where what is replaced begins; it ends at the place. */
  readonly from: number;
  readonly options: readonly Completion[];
}

const isMapping = ({ properties, additionalProperties }: Schema): boolean => properties !== undefined || typeof additionalProperties === "object";
const isList = ({ type, items }: Schema): boolean => type === "array" || items !== undefined;
const wordOf = (schema: Schema): string => (schema.enum !== undefined ? schema.enum.slice(0, 4).map(String).join(" | ") + (schema.enum.length > 4 ? " | …" : "") : schema.const !== undefined ? String(schema.const) : isMapping(schema) ? "{ … }" : isList(schema) ? "[ … ]" : schema.type === "boolean" ? "true | false" : schema.type === "integer" || schema.type === "number" ? "number" : "text");
const detailOf = (schemas: readonly Schema[]): string => [...new Set(schemas.map(wordOf))].slice(0, 3).join(" or ");
const infoOf = (schemas: readonly Schema[]): string => schemas.find(({ description }) => description !== undefined)?.description ?? "";

/** Blanks by which lists of the text stand further in than their keys. */
function listIndent(text: string): number {
  const [, key = "", dash = "  "] = /^( *)[\w-]+:[ \t]*(?:#.*)?\r?\n( *)- /m.exec(text) ?? [];
  return Math.max(dash.length - key.length, 0);
}

/** Letters behind a new key: what it takes begins there. */
function applyKey(key: string, schemas: readonly Schema[], context: Context, text: string): Pick<Completion, "apply" | "caret" | "goesOn"> {
  if (context.hasColon || context.isQuoted) return { apply: key, caret: key.length, goesOn: false };
  const [areMappings, areLists] = [schemas.every(isMapping), schemas.every(isList)];
  const plain = `${key}: `;
  if (context.isFlow && areMappings) return { apply: `${plain}{  }`, caret: plain.length + 2, goesOn: true };
  if (context.isFlow && areLists) return { apply: `${plain}[]`, caret: plain.length + 1, goesOn: true };
  const indent = " ".repeat(context.column);
  const lines = areMappings ? `${key}:\n${indent}  ` : areLists ? `${key}:\n${indent}${" ".repeat(listIndent(text))}- ` : plain;
  return { apply: lines, caret: lines.length, goesOn: areMappings || areLists || schemas.some(({ enum: values, type }) => values !== undefined || type === "boolean") };
}

/** Keys that a mapping of these alternatives may have beside those that it has. */
function keyOptions(root: Schema, schemas: readonly Schema[], context: Context, text: string, wrap: (option: Completion) => Completion): readonly Completion[] {
  const fit = fitting(schemas, context.present);
  const keys = [...new Set([...fit.flatMap(({ required = [], properties = {} }) => required.filter((key) => Object.hasOwn(properties, key))), ...fit.flatMap(({ properties }) => Object.keys(properties ?? {}))])];
  return keys.filter((key) => !context.present.includes(key)).map((key) => {
    const inner = fit.flatMap((schema) => below(root, schema, key));
    return wrap({ label: key, kind: "key", detail: detailOf(inner), info: infoOf(inner), ...applyKey(key, inner, context, text) });
  });
}

/** Examples in a schema's words, as far as its pattern takes them. */
function examplesOf({ description = "", pattern, type, enum: values }: Schema): readonly string[] {
  if (type !== "string" || values !== undefined || pattern === undefined) return [];
  const words = /\blike ((?:\S+(?:, | or )?)+)/.exec(description)?.[1] ?? "";
  const fits = new RegExp(pattern);
  return words.split(/, | or | /).map((word) => word.replace(/[.;:,)]+$/, "")).filter((word) => word !== "" && fits.test(word));
}

/** In YAML 1.2 `on`, `off`, `yes` and `no` are words. */
const asWord = (value: unknown): string => (typeof value === "string" && /^(?:true|false|null|~|)$/i.test(value) ? JSON.stringify(value) : String(value));

function valueOptions(schemas: readonly Schema[], context: Context): readonly Completion[] {
  const names = namesIn(context.tree);
  const option = (label: string, kind: Completion["kind"], schema: Schema): Completion => {
    // A dollar and brackets inside brackets would be read as brackets.
    const apply = kind === "name" && context.isFlow && !context.isQuoted && label.includes("{") ? `"${label}"` : label;
    return { label, kind, detail: "", info: schema.description ?? "", apply, caret: apply.length, goesOn: false };
  };
  const found = schemas.flatMap((schema) => [
    ...(schema.enum ?? (schema.const === undefined ? [] : [schema.const])).map((value) => option(context.isQuoted ? String(value) : asWord(value), "value", schema)),
    ...(schema.type === "boolean" && schema.const === undefined ? ["true", "false"].map((word) => option(word, "value", schema)) : []),
    ...namesFor(schema, names).map((name) => option(name, "name", schema)),
    ...examplesOf(schema).map((word) => option(word, "value", schema)),
  ]);
  return found.filter(({ label }, index) => found.findIndex((other) => other.label === label) === index);
}

/** A key as the first of a mapping in brackets. */
const inBrackets = (option: Completion): Completion => ({ ...option, apply: `{ ${option.apply} }`, caret: option.caret + 2 });

/** A reference that was begun in a text: ${mem:... */
function references(context: Context): Completions | null {
  const begin = context.typed.lastIndexOf("${");
  if (begin < 0 || context.typed.indexOf("}", begin) >= 0) return null;
  const options = referencesIn(namesIn(context.tree)).map((label): Completion => ({ label, kind: "name", detail: "", info: "", apply: label, caret: label.length, goesOn: false }));
  return { from: context.from + begin, options };
}

/** What can be written at a place (letters from the beginning of the text); null: nothing that is known of. */
export function completionsAt(schema: Schema, text: string, at: number): Completions | null {
  const context = contextAt(text, at);
  if (context === null) return null;
  const schemas = schemasAt(schema, context.tree, context.path);
  if (context.role === "key") return { from: context.from, options: keyOptions(schema, schemas, context, text, (option) => option) };
  const reference = references(context);
  if (reference !== null) return reference;
  // Below its key or behind a dash a mapping can begin; in the line of its key one in brackets.
  const wrap = context.isOwnLine ? (option: Completion) => option : inBrackets;
  const inner: Context = context.isOwnLine ? { ...context, column: columnOf(text, context.from), isFlow: false } : { ...context, isFlow: true };
  const keys = context.isQuoted ? [] : keyOptions(schema, schemas.filter(isMapping), inner, text, wrap);
  return { from: context.from, options: [...valueOptions(schemas, context), ...keys] };
}

const columnOf = (text: string, at: number): number => at - text.lastIndexOf("\n", at - 1) - 1;

/** What the key at a place means; null: there is none, or nothing is known of it. */
export function aboutKey(schema: Schema, text: string, at: number): { readonly from: number; readonly to: number; readonly key: string; readonly detail: string; readonly info: string } | null {
  const key = keyAt(text, at);
  if (key === null) return null;
  const schemas = schemasAt(schema, key.tree, key.path);
  const info = infoOf(schemas);
  return info === "" ? null : { from: key.from, to: key.to, key: String(key.path.at(-1) ?? ""), detail: detailOf(schemas), info };
}
