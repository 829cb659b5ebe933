// JSON as the cxl and daxctl tools print it: two-space indent, no space after the colon, slashes escaped. 64-bit numbers stay whole.

export type Json = string | number | bigint | boolean | readonly Json[] | { readonly [key: string]: Json | undefined };

const quote = (text: string): string => JSON.stringify(text).replaceAll("/", "\\/");

function print(value: Json, indent: string): string {
  if (typeof value === "string") return quote(value);
  if (typeof value !== "object") return String(value);
  const inner = `${indent}  `;
  const isList = Array.isArray(value);
  const parts = isList
    ? (value as readonly Json[]).map((item) => inner + print(item, inner))
    : Object.entries(value).flatMap(([key, item]) => (item === undefined ? [] : [`${inner}${quote(key)}:${print(item, inner)}`]));
  const [open, close] = isList ? ["[", "]"] : ["{", "}"];
  return parts.length === 0 ? open + close : `${open}\n${parts.join(",\n")}\n${indent}${close}`;
}

/** One document with its line end. */
export const toJson = (value: Json): string => `${print(value, "")}\n`;

/** The same on one line, without spaces. */
export function toJsonLine(value: Json): string {
  if (typeof value === "string") return quote(value);
  if (typeof value !== "object") return String(value);
  if (Array.isArray(value)) return `[${(value as readonly Json[]).map(toJsonLine).join(",")}]`;
  return `{${Object.entries(value).flatMap(([key, item]) => (item === undefined ? [] : [`${quote(key)}:${toJsonLine(item)}`])).join(",")}}`;
}
