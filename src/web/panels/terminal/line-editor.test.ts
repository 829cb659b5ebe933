import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cellsOf, lettersOf, outputReader } from "./cells.ts";
import { keysOf, pastedKeys } from "./keys.ts";
import type { Edit, Wish } from "./line-editor.ts";
import { completion, emptyEdit, press, textOf } from "./line-editor.ts";

/** The line with a bar where the cursor stands. */
const shown = ({ letters, cursor }: Edit): string => `${letters.slice(0, cursor).join("")}|${letters.slice(cursor).join("")}`;

function type(data: string, from: Edit = emptyEdit()): { edit: Edit; wishes: Wish[] } {
  let edit = from;
  const wishes: Wish[] = [];
  for (const key of keysOf(data)) {
    const pressed = press(edit, key);
    edit = pressed.edit;
    if (pressed.wish.kind !== "none") wishes.push(pressed.wish);
  }
  return { edit, wishes };
}

const [left, right, up, down, home, end, del] = ["\u001b[D", "\u001b[C", "\u001b[A", "\u001b[B", "\u001b[H", "\u001b[F", "\u001b[3~"];
const ctrl = (letter: string): string => String.fromCharCode(letter.toUpperCase().charCodeAt(0) - 64);

describe("a line that is typed", () => {
  it.each([
    ["letters go in at the cursor", `ac${left}b`, "ab|c"],
    ["Home and Ctrl-A, End and Ctrl-E", `b${home}a${end}c${ctrl("A")}0${ctrl("E")}d`, "0abcd|"],
    ["Backspace and Delete take one letter", `abcd${left}${left}\u007f${del}`, "a|d"],
    ["the cursor stays inside", `${left}a${right}${right}b`, "ab|"],
    ["Ctrl-K and Ctrl-U cut, Ctrl-Y puts back", `one two${ctrl("A")}${ctrl("K")}x${ctrl("Y")}`, "xone two|"],
    ["Ctrl-U cuts what stands before the cursor", `one two${left}${left}${left}${ctrl("U")}`, "|two"],
    ["Ctrl-W cuts a word up to a space", `cxl list -m /a/b${ctrl("W")}`, "cxl list -m |"],
    ["Ctrl-W takes the spaces behind the word too", `cxl list  ${ctrl("W")}`, "cxl |"],
    ["Alt-B and Alt-F go by words", `one two-three\u001bb\u001bbX\u001bfY`, "one XtwoY|-three"],
    ["Alt-D cuts the word behind", `one two${home}\u001bd`, "| two"],
    ["Ctrl-D in a line deletes", `ab${home}${ctrl("D")}`, "|b"],
    ["a letter with its marks is one", `e\u0301x${left}${left}\u007f${end}`, "e\u0301x|"],
    ["sequences that mean nothing leave no text", `a\u001b[5~\u001bOP\u001b[12;5R\u001b[?1;2cb`, "ab|"],
  ])("%s", (_name, data, expected) => {
    expect(shown(type(data).edit)).toBe(expected);
  });

  it("a mark that is typed behind its letter joins it", () => {
    expect(type("e").edit.letters).toEqual(["e"]);
    expect(type(`e\u0301${left}`).edit).toMatchObject({ letters: ["e\u0301"], cursor: 0 });
  });

  it("Enter gives the line, keeps it once, and begins a new one", () => {
    const { edit, wishes } = type("pwd\rpwd\r\r ls\r");
    expect([wishes, edit.history, shown(edit)]).toEqual([[{ kind: "line", line: "pwd" }, { kind: "line", line: "pwd" }, { kind: "line", line: "" }, { kind: "line", line: " ls" }], ["pwd", " ls"], "|"]);
  });

  it("Ctrl-C drops the line, Ctrl-L clears, Tab completes, Ctrl-D on an empty line ends", () => {
    expect(type(`ab${ctrl("C")}${ctrl("L")}\t${ctrl("D")}`)).toMatchObject({ edit: { letters: [] }, wishes: [{ kind: "interrupt" }, { kind: "clear" }, { kind: "complete" }, { kind: "end of input" }] });
  });

  it("never leaves its bounds, whatever is pressed, and its letters are those of its text", () => {
    const data = fc.array(fc.oneof(fc.string({ unit: "grapheme", maxLength: 4 }), fc.constantFrom(left, right, up, down, home, end, del, "\u007f", "\r", ...["A", "C", "D", "E", "K", "R", "U", "W", "Y", "G"].map(ctrl))), { maxLength: 60 });
    fc.assert(fc.property(data, (pieces) => {
      const { edit } = type(pieces.join(""));
      expect(edit.cursor >= 0 && edit.cursor <= edit.letters.length && edit.at >= 0 && edit.at <= edit.history.length).toBe(true);
      // eslint-disable-next-line no-control-regex
      expect(/[\u0000-\u001f\u007f]/.test(textOf(edit))).toBe(false);
    }), { numRuns: 300 });
  });
});

describe("lines before it", () => {
  const before = emptyEdit(["cxl list", "dmesg -w", "cxl list -M"]);

  it("Up and Down go through them, and what was typed comes back", () => {
    expect(shown(type(`ne${up}${up}`, before).edit)).toBe("dmesg -w|");
    expect(shown(type(`ne${up}${up}${up}${up}${up}`, before).edit)).toBe("cxl list|");
    expect(shown(type(`ne${up}${up}${down}${down}${down}w`, before).edit)).toBe("new|");
  });

  it("Ctrl-R looks for a text, again for an older line; Enter gives it, Escape goes back", () => {
    expect(textOf(type(`${ctrl("R")}list`, before).edit)).toBe("cxl list -M");
    expect(textOf(type(`${ctrl("R")}list${ctrl("R")}`, before).edit)).toBe("cxl list");
    expect(textOf(type(`${ctrl("R")}list${ctrl("R")}${ctrl("R")}`, before).edit)).toBe("cxl list");
    expect(type(`${ctrl("R")}dm\r`, before).wishes).toEqual([{ kind: "line", line: "dmesg -w" }]);
    expect(shown(type(`typed${ctrl("R")}list\u001b`, before).edit)).toBe("typed|");
    expect(textOf(type(`typed${ctrl("R")}nowhere`, before).edit)).toBe("typed");
    expect(shown(type(`${ctrl("R")}dm${left}x`, before).edit)).toBe("dmesg -xw|".replace("xw|", "x|w"));
  });

  it("a search that finds a line goes on from there with Up and Down", () => {
    expect(textOf(type(`${ctrl("R")}dm${up}`, before).edit)).toBe("cxl list");
    expect(textOf(type(`${ctrl("R")}dm${down}`, before).edit)).toBe("cxl list -M");
  });
});

describe("completion", () => {
  it.each([
    ["dme", ["dmesg"], { insert: "sg ", isListed: false }],
    ["cat /sys/bus/c", ["/sys/bus/cxl/"], { insert: "xl/", isListed: false }],
    ["cat x >/tm", ["/tmp/"], { insert: "p/", isListed: false }],
    ["cat ", ["a", "b"], { insert: "", isListed: true }],
    ["cat me", ["mem0", "mem1"], { insert: "m", isListed: false }],
    ["cat mem", ["mem0", "mem1"], { insert: "", isListed: true }],
    ["x", [], { insert: "", isListed: false }],
    ["cat ${me", ["${mem:rp0}"], { insert: "m:rp0}", isListed: false }],
  ])("of %j with %j", (line, candidates, expected) => {
    expect(completion(line, candidates)).toEqual(expected);
  });
});

describe("pasted text", () => {
  it("gives one line after the other, the last one stays to be edited; control characters are nothing", () => {
    expect(pastedKeys("ls\r\ncat\tx\u001b[2J\u0003\n\nend")).toEqual([{ kind: "text", text: "ls" }, { kind: "enter" }, { kind: "text", text: "cat x[2J" }, { kind: "enter" }, { kind: "enter" }, { kind: "text", text: "end" }]);
  });
});

describe("text of programs", () => {
  it("is UTF-8 where it is bytes, also where a letter is cut in two, and itself where it is text", () => {
    const read = outputReader();
    expect([read("\u00e2\u0082"), read("\u00ac!"), read("\u20ac")]).toEqual(["", "\u20ac!", "\u20ac"]);
  });

  it("has the cells that a terminal gives it", () => {
    expect(["a", "\u00e9", "e\u0301", "\u4e2d", "\uff21", "\u{1f600}", "\u200d"].map(cellsOf)).toEqual([1, 1, 1, 2, 2, 2, 0]);
    expect(lettersOf("e\u0301\u4e2d\u{1f600}")).toEqual(["e\u0301", "\u4e2d", "\u{1f600}"]);
  });
});
