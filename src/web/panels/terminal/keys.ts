// What keys mean to a line that is being typed: the sequences of a terminal, and text that is pasted.

export type Key =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "left" | "right" | "wordLeft" | "wordRight" | "home" | "end" | "up" | "down" | "backspace" | "delete" | "killEnd" | "killStart" | "killWord" | "killWordRight" | "yank" | "enter" | "complete" | "search" | "interrupt" | "end of input" | "clear" | "escape" };

type Named = Exclude<Key["kind"], "text">;

const controls: Readonly<Record<string, Named>> = {
  "\u0001": "home", "\u0002": "left", "\u0003": "interrupt", "\u0004": "end of input", "\u0005": "end", "\u0006": "right", "\u0007": "escape", "\b": "backspace", "\t": "complete", "\n": "enter", "\u000b": "killEnd", "\u000c": "clear", "\r": "enter",
  "\u000e": "down", "\u0010": "up", "\u0012": "search", "\u0015": "killStart", "\u0017": "killWord", "\u0019": "yank", "\u007f": "backspace",
};

const sequences: Readonly<Record<string, Named>> = {
  "[A": "up", "[B": "down", "[C": "right", "[D": "left", "[H": "home", "[F": "end", OA: "up", OB: "down", OC: "right", OD: "left", OH: "home", OF: "end", "[1~": "home", "[4~": "end", "[7~": "home", "[8~": "end", "[3~": "delete",
  "[1;5C": "wordRight", "[1;5D": "wordLeft", "[1;3C": "wordRight", "[1;3D": "wordLeft", b: "wordLeft", f: "wordRight", d: "killWordRight", "\u007f": "killWord", "\b": "killWord",
};

// eslint-disable-next-line no-control-regex
const sequence = /^\u001b(\[[0-9;?<>=]*[A-Za-z~]|O[A-Z]|[^[O])/;

const named = (kind: Named): Key => ({ kind });

/** Keys of what a terminal sends. What is no key of a line is left out. */
export function keysOf(data: string): Key[] {
  const keys: Key[] = [];
  let text = "";
  const flush = (): void => {
    if (text !== "") keys.push({ kind: "text", text });
    text = "";
  };
  for (let rest = data; rest !== ""; ) {
    const letter = String.fromCodePoint(rest.codePointAt(0) ?? 0);
    const found = letter === "\u001b" ? sequence.exec(rest) : null;
    const kind = letter === "\u001b" ? (found === null ? "escape" : sequences[found[1] ?? ""]) : controls[letter];
    if (kind !== undefined) {
      flush();
      keys.push(named(kind));
    } else if (letter >= " " && !(letter >= "\u007f" && letter <= "\u009f")) text += letter;
    rest = rest.slice(found?.[0].length ?? letter.length);
  }
  flush();
  return keys;
}

/** Keys of a pasted text: every line end is Enter, a tab is a space, and other control characters are nothing. */
export function pastedKeys(text: string): Key[] {
  const lines = text.replace(/\r\n?/g, "\n").split("\n");
  // eslint-disable-next-line no-control-regex
  const clean = lines.map((line) => line.replace(/\t/g, " ").replace(/[\u0000-\u001f\u007f-\u009f]/g, ""));
  return clean.flatMap((line, index): Key[] => [...(line === "" ? [] : [{ kind: "text", text: line } as const]), ...(index < clean.length - 1 ? [named("enter")] : [])]);
}
