import { execFileSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { repeatCommand, shellFile, shellWord } from "./shell-word.ts";

const words = ["a", "a b", "it's", "$(touch x)", "`x`", "a\\b", "*", "~", "", "a\nb'\u001b\\", "\u00e9\u20ac", "#x", "!x", "a;b&c|d>e", "-n", '"'];

describe("words of a command to paste", () => {
  it("a shell reads them back as they were", () => {
    const script = words.map((word) => `printf '%s\\0' ${shellWord(word)}`).join("\n");
    expect(execFileSync("bash", ["-c", script], { encoding: "utf8" }).split("\0").slice(0, -1)).toEqual(words);
  });

  it("have no quotes where none are needed, and no controls", () => {
    expect(shellWord("scenarios/a-b_c.yaml")).toBe("scenarios/a-b_c.yaml");
    expect(words.map(shellWord).join("")).not.toMatch(/\p{Cc}/u);
  });

  it("a file is never taken for an option", () => {
    expect(shellFile("--help.yaml")).toBe("./--help.yaml");
    expect(repeatCommand("my scenario.yaml", 3, "seeded", " --defect no-link-down")).toBe("cxl-sandbox run 'my scenario.yaml' --seed 3 --schedule seeded --defect no-link-down");
  });
});
