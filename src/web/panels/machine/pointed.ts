// From what is picked to what the worker is asked, and from an edited text to the lines that are new.

import type { ActionsQuestion } from "../../../sandbox/live/action-types.ts";
import type { Item } from "./tree.ts";

/** What actions are asked for; null: nothing can be done to a window. */
export function pointedAt({ name, thing }: Item): ActionsQuestion | null {
  if (thing.kind === "window") return null;
  if (thing.kind === "host") return { kind: "host", name: "" };
  return thing.kind === "region" ? { kind: "region", name } : { kind: thing.part.kind, name };
}

/** Lines of a text that another one has not: what stands between what both begin and end with. */
export function newLines(before: string, after: string): { readonly line: number; readonly lines: readonly string[] } {
  const [old, fresh] = [before.split("\n"), after.split("\n")];
  let same = 0;
  while (same < old.length && same < fresh.length && old[same] === fresh[same]) same++;
  let tail = 0;
  while (tail < old.length - same && tail < fresh.length - same && old.at(-1 - tail) === fresh.at(-1 - tail)) tail++;
  return { line: same + 1, lines: fresh.slice(same, fresh.length - tail) };
}
