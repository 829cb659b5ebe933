// One action of a fault as text, as a scenario writes it: `linkDown: rp0`, `{ poison: { device: d0, dpa: 0x40 } }`. For what is typed, not filed.

import { isMap, parseDocument } from "yaml";
import type { MachineDescription } from "../platform/description.ts";
import { describeIssues } from "./load.ts";
import type { Path } from "./load.ts";
import type { ActionFile } from "./plan.ts";
import { problemsOfAction } from "./plan.ts";
import { action as actionSchema, actionSchemas } from "./schema.ts";

/** A text that is no action; one problem a line, with its remedy. */
export class ActionError extends Error {}

export const actionNames = Object.keys(actionSchemas);

const longest = 4096;
/** Where an action stands in a file, so that problems are found and named as there. */
const base: Path = ["steps", 0, "inject"];

function refuse(problems: readonly { readonly path: Path; readonly message: string }[]): never {
  throw new ActionError(problems.map(({ path, message }) => [path.slice(base.length).join("."), message].filter((part) => part !== "").join(": ")).join("\n"));
}

/** @throws ActionError */
export function readAction(machine: MachineDescription, text: string): ActionFile {
  if (text.length > longest) refuse([{ path: base, message: `${text.length} characters; an action has at most ${longest}` }]);
  const document = parseDocument(text, { prettyErrors: false, uniqueKeys: true });
  const wrong = document.errors[0];
  if (wrong !== undefined) refuse([{ path: base, message: `not YAML: ${wrong.message.split("\n")[0] ?? ""}; write ACTION: VALUE or { ACTION: { KEY: VALUE } }` }]);
  if (!isMap(document.contents)) refuse([{ path: base, message: `no action: write ACTION: VALUE, like linkDown: rp0; actions: ${actionNames.join(", ")}` }]);
  const parsed = actionSchema.safeParse(document.toJS({ maxAliasCount: 0 }));
  if (!parsed.success) refuse(describeIssues(parsed.error, base));
  const problems = problemsOfAction(machine, parsed.data, base);
  if (problems.length > 0) refuse(problems);
  return parsed.data;
}
