// The scenario file's shape as JSON Schema draft-07, for editors: made of the zod schema, with the project's own tables as descriptions and as lists of names.
// It allows what the loader allows by shape; names within a file, and keys against each other, are the loader's alone.

import { z } from "zod";
import { commands } from "../../registers/commands.ts";
import type { PayloadFields } from "../../registers/payload-schema.ts";
import { moduleNames } from "../kernel/base/module-plan.ts";
import { defaultSettings } from "../kernel/settings.ts";
import { descriptions } from "./descriptions.ts";
import { eventActions } from "./faults/device-faults.ts";
import { faultRows } from "./faults/page.ts";
import type { Word } from "./glossary/words.ts";
import { expectationWords, triggerWords } from "./glossary/words.ts";
import { mailboxRows } from "./mailbox-page.ts";
import { rasErrors } from "./plan.ts";
import { policies, policyNames, presetNames, presetValues } from "./policies.ts";
import type { PolicyName } from "./policies.ts";
import { scenarioParts, scenarioSchema } from "./schema.ts";
import type { Setting } from "./settings.ts";
import { hostSettings } from "./settings.ts";
import { timeText } from "./units.ts";
import { fileForms } from "./values.ts";
import { acceptanceSettings, verdictSettings } from "./verdict/settings.ts";

/** Any part of a JSON Schema. */
export interface JsonSchema {
  type?: string;
  description?: string;
  properties?: Record<string, JsonSchema>;
  items?: JsonSchema | JsonSchema[];
  anyOf?: JsonSchema[];
  allOf?: JsonSchema[];
  additionalProperties?: JsonSchema | boolean;
  required?: string[];
  definitions?: Record<string, JsonSchema>;
  [keyword: string]: unknown;
}

/** Where editors find the schema of files of version 1, relative to the package. */
export const schemaFile = "scenarios/scenario-1.schema.json";

/** `named`: parts that stand on their own. */
function generated(schema: z.ZodType, named: Readonly<Record<string, z.ZodType>>): JsonSchema {
  const parts = z.registry<{ id: string }>();
  for (const [id, part] of Object.entries(named)) parts.add(part, { id });
  const made = z.toJSONSchema(schema, {
    target: "draft-7",
    io: "input",
    unrepresentable: "any",
    metadata: parts,
    override: ({ zodSchema, jsonSchema }) => {
      // zod's own word beside the pattern that says it.
      if (jsonSchema.format === "starts_with") delete jsonSchema.format;
      const form = fileForms.get(zodSchema as unknown as z.ZodType);
      if (form === undefined) return;
      for (const keyword of Object.keys(jsonSchema)) delete jsonSchema[keyword];
      Object.assign(jsonSchema, form);
    },
  });
  // Forms are shared; what is described below is not.
  return JSON.parse(JSON.stringify(made)) as JsonSchema;
}

/** A part itself and its alternatives, down to what has keys; parts that are named stand on their own. */
function variantsOf(schema: JsonSchema): JsonSchema[] {
  const items = schema.items === undefined ? [] : Array.isArray(schema.items) ? schema.items : [schema.items];
  return [schema, ...[...(schema.anyOf ?? []), ...(schema.allOf ?? []), ...items].flatMap(variantsOf)];
}

/** Schemas of a key in a part. */
const keysNamed = (schema: JsonSchema, key: string): JsonSchema[] => variantsOf(schema).flatMap(({ properties }) => (properties !== undefined && Object.hasOwn(properties, key) ? [properties[key] as JsonSchema] : []));

/** Schemas at a path of keys, joined by dots. */
const schemasAt = (schema: JsonSchema, path: string): JsonSchema[] => path.split(".").reduce<JsonSchema[]>((level, key) => level.flatMap((one) => keysNamed(one, key)), [schema]);

function describe(schema: JsonSchema, path: string, words: string): void {
  for (const found of schemasAt(schema, path)) found.description ??= words;
}

/** Every key of a part at any depth gets the words of its own name, where it has none yet. */
function describeByName(schema: JsonSchema, words: Readonly<Record<string, string>>): void {
  for (const { properties } of variantsOf(schema)) {
    for (const [key, below] of Object.entries(properties ?? {})) {
      if (Object.hasOwn(words, key)) below.description ??= words[key] as string;
      describeByName(below, words);
    }
  }
}

const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;

function describeSettings(schema: JsonSchema, path: string, table: Readonly<Record<string, Setting & { readonly default?: unknown }>>, defaults: Readonly<Record<string, unknown>>): void {
  for (const [key, setting] of Object.entries(table)) {
    const usual = setting.default ?? defaults[key];
    const range = setting.range === undefined ? "" : ` ${setting.range[0]} to ${setting.range[1]}.`;
    describe(schema, path === "" ? key : `${path}.${key}`, `${sentence(setting.meaning)}${range} Default ${setting.kind === "time" ? timeText(Number(usual)) : String(usual)} (${setting.source}).`);
  }
}

const meanings = (words: Readonly<Record<string, Word>>): Record<string, string> => Object.fromEntries(Object.entries(words).map(([name, { meaning }]) => [name, sentence(meaning)]));

const escaped = (text: string): string => text.replaceAll(/[.+*?^$()|[\]\\{}]/g, "\\$&");

/** Values of a policy; some take a time in brackets. */
function policySchema(name: PolicyName): JsonSchema {
  const policy: { readonly values: readonly string[]; readonly meaning: string; readonly owner: string; readonly times?: Readonly<Record<string, string>> } = policies[name];
  const timed = Object.keys(policy.times ?? {});
  const plain: JsonSchema = { type: "string", enum: policy.values };
  const description = `${policy.meaning} (${policy.owner}). linux-7.2: ${presetValues("linux-7.2")?.[name] ?? ""}.`;
  if (timed.length === 0) return { ...plain, description };
  return { anyOf: [plain, { type: "string", pattern: `^(${timed.map(escaped).join("|")})\\(\\s*\\d+(\\.\\d+)?\\s*(ns|us|ms|s)\\s*\\)$` }], description };
}

/** Names that the loader looks up in tables, as lists. */
function enumerate(root: JsonSchema): void {
  for (const found of schemasAt(root, "kernel.preset")) found["enum"] = presetNames;
  for (const list of ["kernel.builtIn", "kernel.modules"]) for (const found of schemasAt(root, list)) found.items = { type: "string", enum: moduleNames };
  for (const found of schemasAt(root, "kernel.policies")) {
    for (const keyword of Object.keys(found)) delete found[keyword];
    Object.assign(found, { type: "object", properties: Object.fromEntries(policyNames.map((name) => [name, policySchema(name)])), additionalProperties: false });
  }
  enumerateErrors(root.definitions?.["action"] ?? {});
}

function enumerateErrors(action: JsonSchema): void {
  for (const kind of ["uncorrectable", "correctable"] as const) for (const found of schemasAt(action, `rasError.${kind}`)) found["enum"] = Object.keys(rasErrors[kind]);
}

function describeActions(action: JsonSchema): void {
  for (const [name, { meaning, example, clause }] of Object.entries(faultRows)) describe(action, name, `${sentence(meaning)} Like: ${example}${clause === "-" ? "" : ` (${clause})`}`);
  describeByName(action, descriptions["action"] ?? {});
  const record = new Set<string>([...eventActions, "injectRecord", "changeHealth"]);
  for (const name of record) for (const found of schemasAt(action, name)) for (const below of Object.values(found.properties ?? {})) below.description ??= "A field of the record, with the name and values of QEMU's command.";
}

/** Fields of an answer by their own declarations. */
function describeAnswer(schema: JsonSchema, path: string, fields: PayloadFields): void {
  for (const [name, [, size, meaning]] of Object.entries(fields)) describe(schema, `${path}.${name}`, `${meaning}; ${size} byte${size === 1 ? "" : "s"}.`);
}

function describeAll(root: JsonSchema): void {
  const definitions = root.definitions ?? {};
  describeSettings(definitions["host"] ?? {}, "", hostSettings, { ...defaultSettings });
  describeSettings(definitions["verdict"] ?? {}, "", verdictSettings, {});
  describeSettings(definitions["verdict"] ?? {}, "acceptance", acceptanceSettings, {});
  describe(definitions["verdict"] ?? {}, "acceptance", "The three conditions of S92 (docs/verdict.md).");
  for (const [key, { meaning, usual, example }] of Object.entries(mailboxRows)) describe(definitions["mailbox"] ?? {}, key, `${sentence(meaning)} Default ${usual}. Like: ${example}`);
  describeAnswer(definitions["mailbox"] ?? {}, "health", commands.getHealth.output.fields);
  describeAnswer(definitions["mailbox"] ?? {}, "alerts", commands.getAlerts.output.fields);
  describeActions(definitions["action"] ?? {});
  for (const [part, words] of Object.entries(descriptions)) {
    const schema = part === "" ? root : (definitions[part] ?? {});
    for (const [path, text] of Object.entries(words)) describe(schema, path, text);
  }
  for (const field of ["health", "alerts"]) for (const found of schemasAt(definitions["mailbox"] ?? {}, field)) for (const below of Object.values(found.properties ?? {})) below.description ??= "A field of the answer; a whole number of its width.";
  for (const part of ["when", "workload", "step", "expectation", "momentaryExpectation"]) describeByName(definitions[part] ?? {}, descriptions[part] ?? {});
  describeByName(definitions["when"] ?? {}, meanings(triggerWords));
  for (const part of ["expectation", "momentaryExpectation"]) describeByName(definitions[part] ?? {}, meanings(expectationWords));
}

/** The schema of scenario files of version 1. */
export function scenarioJsonSchema(): JsonSchema {
  const root = generated(scenarioSchema, scenarioParts as Readonly<Record<string, z.ZodType>>);
  enumerate(root);
  describeAll(root);
  const { $schema, definitions, ...rest } = root;
  return { $schema, title: "cxl-sandbox scenario, version 1", description: "A CXL machine, what fails in it and what must then hold. See docs/scenarios.md of cxl-sandbox.", ...rest, definitions: definitions ?? {} };
}

/** The schema of the actions of faults alone, by name: quicker made than the whole. */
export function actionJsonSchemas(): Readonly<Record<string, JsonSchema>> {
  const action = generated(scenarioParts.action, {});
  enumerateErrors(action);
  describeActions(action);
  return action.properties ?? {};
}

/** The schema as the text of its file. */
export const schemaText = (): string => `${JSON.stringify(scenarioJsonSchema(), null, 1)}\n`;

/** Keys that an editor could say nothing about, by part and path. */
export function undescribed(schema: JsonSchema = scenarioJsonSchema()): string[] {
  const missing = (below: JsonSchema, path: string): string[] =>
    variantsOf(below).flatMap(({ properties, additionalProperties }) => [
      ...Object.entries(properties ?? {}).flatMap(([key, one]) => [...(one.description === undefined ? [`${path}.${key}`] : []), ...missing(one, `${path}.${key}`)]),
      ...(typeof additionalProperties === "object" ? missing(additionalProperties, `${path}.*`) : []),
    ]);
  return [...missing(schema, ""), ...Object.entries(schema.definitions ?? {}).flatMap(([name, one]) => missing(one, name))];
}
