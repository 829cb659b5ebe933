// The examples for real: each page has its program's text and what it prints; the suite of example 06 passes with the good driver, and with each of five
// planted bugs it fails with a message that names register, field and clause.

import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { beforeAll, describe, expect, it } from "vitest";

interface TestOutcome {
  readonly name: string;
  readonly state: string;
  readonly messages: readonly string[];
}

interface Report {
  /** Folders whose page is not what the example does. */
  readonly stale: readonly string[];
  /** Tests of example 06 by driver. */
  readonly outcomes: Readonly<Record<string, readonly TestOutcome[]>>;
}

/** What must be said of a bug: register and field, clause, and how it is wrong. */
const bugs = [
  { driver: "wrong-mask", place: "rp0 timeoutIsolation.control.memoryIsolationEnable", clause: "CXL 8.2.4.24.2", says: "got 1, expected 0" },
  { driver: "missed-busy", place: "rp0 timeoutIsolation.status.memoryIsolation", clause: "CXL 8.2.4.24.3", says: "while rootPortBusy was 1. Rule TR1" },
  { driver: "cleared-before-link-down", place: "rp0 timeoutIsolation.status.memoryIsolation", clause: "CXL 12.3", says: "the link has not been down since the port isolated" },
  { driver: "lost-wake-up", place: "rp0 timeoutIsolation.status.memoryIsolation", clause: "CXL 8.2.4.24.3", says: "interruptEnable was set while the port was isolated already, and the status was not read afterwards" },
  { driver: "locked-decoder", place: "hb0 hdmDecoderPort.baseLow[0].base31to28", clause: "CXL 8.2.4.20.3", says: "while the decoder is committed and locked. Rule C9" },
] as const;

const run = promisify(execFile);
const root = fileURLToPath(new URL("../..", import.meta.url));

describe("the examples", () => {
  let report: Report;

  beforeAll(async () => {
    const { stdout } = await run(process.execPath, ["tools/examples/main.mjs", "--json"], { cwd: root, timeout: 230_000, maxBuffer: 1 << 26 }).catch((error: { readonly stdout: string; readonly stderr: string }) => {
      if (!error.stdout.includes("\"stale\"")) throw new Error(`tools/examples/main.mjs: ${error.stderr}`);
      return error;
    });
    report = JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "") as Report;
  }, 240_000);

  it("have pages with their own text and output (node tools/examples/main.mjs --write)", () => {
    expect(report.stale).toEqual([]);
  });

  it("06: the suite passes with the driver as it should be", () => {
    expect(report.outcomes["good"]?.map(({ state, messages }) => [state, messages])).toEqual(Array.from({ length: 6 }, () => ["passed", []]));
  });

  it.each(bugs)("06: with $driver the suite fails, and names register, field and clause", ({ driver, place, clause, says }) => {
    const failed = report.outcomes[driver]?.filter(({ state }) => state === "failed") ?? [];
    expect(failed.length).toBeGreaterThan(0);
    const lines = failed.flatMap(({ messages }) => messages).flatMap((message) => message.split("\n"));
    expect(lines.filter((line) => line.includes(place) && line.includes(clause) && line.includes(says))).not.toEqual([]);
    expect(report.outcomes[driver]?.filter(({ state }) => state === "passed").length).toBeGreaterThan(1);
  });

  it("have no type errors", async () => {
    const { stdout } = await run(process.execPath, ["node_modules/typescript/bin/tsc", "-p", "examples/tsconfig.json"], { cwd: root }).catch((error: { readonly stdout: string }) => error);
    expect(stdout).toBe("");
  }, 120_000);
});
