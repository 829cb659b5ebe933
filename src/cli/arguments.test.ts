import { describe, expect, it } from "vitest";
import { UsageError, help, parseCommand } from "./arguments.ts";

describe("the command line", () => {
  it("run takes files and defaults", () => {
    expect(parseCommand(["run", "a.yaml", "scenarios"])).toEqual({ command: "run", paths: ["a.yaml", "scenarios"], seeds: [1], schedule: "fixed", reporter: "console", steps: false, trace: "off", output: "traces", worker: true });
  });

  it("seeds are one or a bounded range", () => {
    expect(parseCommand(["run", "a", "--seeds", "3..5"])).toMatchObject({ seeds: [3, 4, 5] });
    expect(parseCommand(["run", "a", "--seed", "4294967295"])).toMatchObject({ seeds: [4294967295] });
    for (const bad of [["--seed", "-1"], ["--seed", "4294967296"], ["--seed", "1.5"], ["--seeds", "5..3"], ["--seeds", "1"], ["--seeds", "0..99999"], ["--seed", "1", "--seeds", "1..2"]]) {
      expect(() => parseCommand(["run", "a", ...bad])).toThrow(UsageError);
    }
  });

  it("what is wrong is named in one line that points to the help", () => {
    for (const [argv, message] of [
      [["rum", "a"], /no command "rum"/],
      [["run"], /at least one scenario file/],
      [["run", "a", "--reporter", "xml"], /--reporter is console, json, not "xml"/],
      [["run", "a", "--nope"], /--nope/],
    ] as const) {
      expect(() => parseCommand(argv)).toThrow(message);
      expect(() => parseCommand(argv)).toThrow(/cxl-sandbox --help$/);
    }
  });

  it("help names every option and exit status", () => {
    expect(parseCommand(["run", "--help"])).toEqual({ command: "help", topic: "run" });
    for (const word of ["--seed ", "--seeds", "--schedule", "--reporter", "--steps", "--trace", "--output", "--no-worker", "130"]) expect(help.run).toContain(word);
  });
});
