// What keys do on the time line.

export type Command =
  | { readonly kind: "zoom"; readonly factor: number }
  | { readonly kind: "pan"; readonly share: number }
  | { readonly kind: "event"; readonly direction: 1 | -1; readonly extends: boolean }
  | { readonly kind: "edge"; readonly end: "first" | "last" }
  | { readonly kind: "row"; readonly step: number }
  | { readonly kind: "whole" | "ready" | "go" | "clear" | "toggle" | "range" };

/** Each with the words of the help. */
export const keyHelp: readonly (readonly [keys: string, what: string])[] = [
  ["W S + \u2212", "zoom in and out"],
  ["A D", "move to earlier and later"],
  ["\u2190 \u2192", "event before and after, in the row"],
  ["\u2191 \u2193", "row above and below"],
  ["Home End", "first and last event of the row"],
  ["Shift \u2190 \u2192", "pick a stretch of time from event to event"],
  ["F", "zoom to the stretch that is picked"],
  ["0", "whole run"],
  ["9", "from ready on"],
  ["Enter", "go to the event"],
  ["Space", "open or close the group"],
  ["Esc", "pick nothing"],
];

const commands: Readonly<Record<string, Command>> = {
  w: { kind: "zoom", factor: 0.7 }, "+": { kind: "zoom", factor: 0.7 }, "=": { kind: "zoom", factor: 0.7 },
  s: { kind: "zoom", factor: 1 / 0.7 }, "-": { kind: "zoom", factor: 1 / 0.7 },
  a: { kind: "pan", share: -0.2 }, d: { kind: "pan", share: 0.2 },
  arrowleft: { kind: "event", direction: -1, extends: false }, arrowright: { kind: "event", direction: 1, extends: false },
  arrowup: { kind: "row", step: -1 }, arrowdown: { kind: "row", step: 1 }, pageup: { kind: "row", step: -10 }, pagedown: { kind: "row", step: 10 },
  home: { kind: "edge", end: "first" }, end: { kind: "edge", end: "last" },
  "0": { kind: "whole" }, "9": { kind: "ready" }, f: { kind: "range" }, enter: { kind: "go" }, escape: { kind: "clear" }, " ": { kind: "toggle" },
};

/** Undefined: the key is not the time line's. */
export function commandOf({ key, shiftKey, ctrlKey, metaKey, altKey }: Pick<KeyboardEvent, "key" | "shiftKey" | "ctrlKey" | "metaKey" | "altKey">): Command | undefined {
  if (ctrlKey || metaKey || altKey) return undefined;
  const command = commands[key.toLowerCase()];
  if (!shiftKey || command === undefined) return command;
  if (command.kind === "event") return { ...command, extends: true };
  return key === "+" ? command : undefined;
}
