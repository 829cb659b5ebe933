import { describe, expect, it } from "vitest";
import type { PlacedTouch, Position, Touch } from "../../../sandbox/live/contract.ts";
import { drawnOf, columnsOf } from "./drawing.ts";
import { emptyEdit, insert } from "./line-editor.ts";
import { asRefused, emptyTranscript, firstLines, linesOf, screenText, withLine, withOutput } from "./transcript.ts";

const at = (records: number, turns = 0): Position => ({ records, turns, atNs: records });
const placed = (records: number, touch: Touch = { kind: "line", line: "x" }): PlacedTouch => ({ position: at(records), touch });

const three = [["one", "1\n"], ["two", "2"], ["three", ""]].reduce((transcript, [line = "", printed = ""]) => withOutput(withLine(transcript, "# ", line), printed), emptyTranscript);

describe("a transcript", () => {
  it("shows every line with its prompt and what it printed, each from its own row on", () => {
    expect(screenText(three)).toBe("\u001b[1m# \u001b[22mone\n1\n\u001b[1m# \u001b[22mtwo\n2\n\u001b[1m# \u001b[22mthree\n");
  });

  it("of an earlier position has the lines before it, and no later ones", () => {
    expect([0, 1, 2, 3, 9].map((count) => firstLines(three, count).spoken.length)).toEqual([0, 1, 2, 3, 3]);
  });

  it("counts no refused line as one of the run, and keeps it with the line before", () => {
    const refused = withLine(asRefused(withLine(withLine(emptyTranscript, "# ", "one"), "# ", "refused")), "# ", "two");
    expect([0, 1, 2].map((count) => firstLines(refused, count).spoken.map(({ line }) => line))).toEqual([[], ["one", "refused"], ["one", "refused", "two"]]);
  });

  it("counts the lines of a run up to its position, other touches not", () => {
    const touches = [placed(5), placed(6, { kind: "interrupt" }), placed(9), placed(20)];
    expect([4, 5, 8, 9, 30].map((records) => linesOf({ touches, position: at(records) }))).toEqual([0, 1, 1, 2, 3].map((before) => ({ before, all: 3 })));
  });

  it("keeps the newest text and says how much is gone", () => {
    const long = withOutput(withLine(withOutput(withLine(emptyTranscript, "", "a"), "x".repeat(60)), "", "b"), "y".repeat(60), 100);
    expect([long.spoken.map(({ printed }) => printed.length), long.dropped, screenText(long).startsWith("(22 characters of earlier output are gone)\n")]).toEqual([[38, 60], 22, true]);
  });
});

describe("a drawn line", () => {
  it("of a search shows what is looked for and what was found", () => {
    const edit = { ...insert(emptyEdit(["dmesg"]), "dmesg"), search: { text: "dm", at: 0, before: "" } };
    expect(drawnOf("# ", edit)).toEqual({ prompt: "(search) dm: ", text: "dmesg", cursor: 11 });
    expect(drawnOf("# ", { ...edit, search: { text: "zz", at: -1, before: "" } }).prompt).toBe("(search, nothing found) zz: ");
  });

  it("lists names in columns, and says how many are left out", () => {
    expect(columnsOf(["mem0", "mem1", "decoder0.0", "x"], 30)).toBe("mem0        decoder0.0\nmem1        x\n");
    expect(columnsOf(["a", "b", "c"], 3, 2)).toBe("a\nb\n... and 1 more\n");
  });
});
