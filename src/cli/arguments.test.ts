import { describe, expect, it } from "vitest";
import { UsageError } from "./arguments.ts";
import { commands, mainHelp } from "./commands.ts";
import { reporters } from "../report/reporters.ts";
import { parseRun } from "./run/arguments.ts";
import { runHelp } from "./run/help.ts";

describe("the command line", () => {
  it("run takes files and defaults", () => {
    expect(parseRun(["a.yaml", "scenarios"])).toEqual({
      paths: ["a.yaml", "scenarios"], seeds: [1], schedule: "fixed", scheduleFile: null, reporters: [{ reporter: reporters[0], target: undefined }], steps: false, trace: "off", golden: "hold", output: "traces", worker: true,
      allowDriver: false, drivers: [], defects: [], bail: 0, shard: null, isListed: false, journal: null, isResumed: false, isWatched: false, hangTimeout: 60_000, jobs: expect.any(Number) as number, post: null, spool: ".cxl-sandbox-spool", budgets: { steps: 10_000_000, time: 10_000, heap: 256 },
    });
  });

  it("seeds are one or a bounded range", () => {
    expect(parseRun(["a", "--seeds", "3..5"])).toMatchObject({ seeds: [3, 4, 5] });
    expect(parseRun(["a", "--seed", "4294967295"])).toMatchObject({ seeds: [4294967295] });
    for (const bad of [["--seed", "-1"], ["--seed", "4294967296"], ["--seed", "1.5"], ["--seeds", "5..3"], ["--seeds", "1"], ["--seeds", "0..99999"], ["--seed", "1", "--seeds", "1..2"]]) {
      expect(() => parseRun(["a", ...bad])).toThrow(UsageError);
    }
  });

  it("what is wrong is named in one line that points to the help", () => {
    for (const [argv, message] of [
      [[], /at least one scenario file/],
      [["a", "--reporter", "htm"], /there is no reporter "htm" \(did you mean "html"\?\)/],
      [["a", "--nope"], /--nope/],
    ] as const) {
      expect(() => parseRun(argv)).toThrow(message);
      expect(() => parseRun(argv)).toThrow(/cxl-sandbox --help$/);
    }
  });

  it("help names every option and exit status", () => {
    for (const word of ["--seed ", "--seeds", "--schedule", "--reporter", "--steps", "--trace", "--output", "--update", "--no-golden", "--no-worker", "--allow-driver", "--driver ", "--driver-steps", "--driver-time", "--driver-heap", "--jobs", "--bail", "--shard", "--list", "--journal", "--resume", "--watch", "--hang-timeout", "130"]) expect(runHelp).toContain(word);
  });

  it("every command is in the main help, and has a help of its own that begins with its usage and tells its exit statuses", async () => {
    for (const { name, summary, load } of commands) {
      expect(mainHelp).toContain(`${name} `);
      expect(mainHelp).toContain(summary);
      const { command } = await load();
      expect(command.help).toMatch(new RegExp(`^usage: cxl-sandbox ${name}[ \n]`));
      expect(command.help).toContain("exit status");
    }
  });
});
