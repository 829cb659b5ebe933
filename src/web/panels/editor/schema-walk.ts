// The JSON Schema of scenarios at a path of a text: which of its alternatives fit what is written there.

import type { Path } from "../../../scenario/yaml-text.ts";
import type { TreeNode } from "./yaml-tree.ts";

export interface Schema {
  readonly type?: string;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: boolean | Schema;
  readonly required?: readonly string[];
  readonly items?: Schema | readonly Schema[];
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly pattern?: string;
  readonly $ref?: string;
  readonly definitions?: Readonly<Record<string, Schema>>;
}

const deepest = 20;

/** The alternatives of a schema, each with the words that are nearest to it. */
export function alternatives(root: Schema, schema: Schema, depth = 0): readonly Schema[] {
  if (depth > deepest) return [];
  const { $ref, anyOf, oneOf, allOf, description } = schema;
  const named = $ref === undefined ? undefined : root.definitions?.[$ref.replace("#/definitions/", "")];
  const inner = [...(named === undefined ? [] : [named]), ...(anyOf ?? []), ...(oneOf ?? []), ...(allOf ?? [])];
  if (inner.length === 0) return [schema];
  return inner.flatMap((one) => alternatives(root, one, depth + 1)).map((one) => (description === undefined ? one : { ...one, description }));
}

/** Alternatives that may have all of these keys; those that can be a mapping at all where none may. */
export function fitting(schemas: readonly Schema[], keys: readonly string[]): readonly Schema[] {
  const mappings = schemas.filter(({ properties, additionalProperties }) => properties !== undefined || typeof additionalProperties === "object");
  const fit = mappings.filter(({ properties, additionalProperties }) => keys.every((key) => Object.hasOwn(properties ?? {}, key) || additionalProperties !== false));
  return fit.length > 0 ? fit : mappings;
}

const keysOf = (node: TreeNode | null): readonly string[] => (node?.kind === "map" ? node.entries.map(({ key }) => key) : []);

const childOf = (node: TreeNode | null, step: string | number): TreeNode | null => {
  if (node?.kind === "map") return node.entries.find(({ key }) => key === step)?.value ?? null;
  return node?.kind === "seq" && typeof step === "number" ? (node.items[step] ?? null) : null;
};

/** What may stand under a key, or at a place of a list. */
export function below(root: Schema, schema: Schema, step: string | number): readonly Schema[] {
  if (typeof step === "number") {
    const { items } = schema;
    const item = Array.isArray(items) ? (items as readonly Schema[])[step] : (items as Schema | undefined);
    // What is said of a list is said of what is in it.
    return item === undefined ? [] : alternatives(root, item).map((one) => (one.description === undefined && schema.description !== undefined ? { ...one, description: schema.description } : one));
  }
  const { properties, additionalProperties } = schema;
  const own = properties !== undefined && Object.hasOwn(properties, step) ? properties[step] : typeof additionalProperties === "object" ? additionalProperties : undefined;
  return own === undefined ? [] : alternatives(root, own);
}

/** What may stand at a path; empty: nothing that the schema knows. */
export function schemasAt(root: Schema, tree: TreeNode | null, path: Path): readonly Schema[] {
  let schemas = alternatives(root, root);
  let node = tree;
  for (const step of path) {
    const fit = typeof step === "number" ? schemas : fitting(schemas, keysOf(node));
    const next = fit.flatMap((schema) => below(root, schema, step));
    // A key that is half written can make all alternatives unfit: then those that know this one.
    schemas = next.length > 0 ? next : schemas.flatMap((schema) => below(root, schema, step));
    node = childOf(node, step);
  }
  return schemas;
}
