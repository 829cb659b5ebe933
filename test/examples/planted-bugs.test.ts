// Example 06 for real: its suite passes with the good driver, and with each of five planted bugs it fails with a message that names register, field and clause.

import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { beforeAll, describe, expect, it } from "vitest";

interface TestOutcome {
  readonly name: string;
  readonly state: string;
  readonly messages: readonly string[];
}

/** What must be said of a bug: register and field, clause, and how it is wrong. */
const bugs = [
  { driver: "wrong-mask", place: "rp0 timeoutIsolation.control.memoryIsolationEnable", clause: "CXL 8.2.4.24.2", says: "got 1, expected 0" },
  { driver: "missed-busy", place: "rp0 timeoutIsolation.status.memoryIsolation", clause: "CXL 8.2.4.24.3", says: "while rootPortBusy was 1. Rule TR1" },
  { driver: "cleared-before-link-down", place: "rp0 timeoutIsolation.status.memoryIsolation", clause: "CXL 12.3", says: "the link has not been down since the port isolated" },
  { driver: "lost-wake-up", place: "rp0 timeoutIsolation.status.memoryIsolation", clause: "CXL 8.2.4.24.3", says: "interruptEnable was set while the port was isolated already, and the status was not read afterwards" },
  { driver: "locked-decoder", place: "hb0 hdmDecoderPort.baseLow[0].base31to28", clause: "CXL 8.2.4.20.3", says: "while the decoder is committed and locked. Rule C9" },
] as const;

describe("the suite of example 06", () => {
  let outcomes: Readonly<Record<string, readonly TestOutcome[]>>;

  beforeAll(async () => {
    const script = fileURLToPath(new URL("suites.mjs", import.meta.url));
    const { stdout } = await promisify(execFile)(process.execPath, [script, "good", ...bugs.map(({ driver }) => driver)], { timeout: 170_000, maxBuffer: 1 << 26 });
    outcomes = JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "") as typeof outcomes;
  }, 180_000);

  it("passes with the driver as it should be", () => {
    expect(outcomes["good"]?.map(({ state, messages }) => [state, messages])).toEqual(Array.from({ length: 6 }, () => ["passed", []]));
  });

  it.each(bugs)("with $driver it fails, and names register, field and clause", ({ driver, place, clause, says }) => {
    const failed = outcomes[driver]?.filter(({ state }) => state === "failed") ?? [];
    expect(failed.length).toBeGreaterThan(0);
    const lines = failed.flatMap(({ messages }) => messages).flatMap((message) => message.split("\n"));
    expect(lines.filter((line) => line.includes(place) && line.includes(clause) && line.includes(says))).not.toEqual([]);
  });

  it("fails with a bug only where it shows: the other tests pass", () => {
    for (const { driver } of bugs) expect(outcomes[driver]?.filter(({ state }) => state === "passed").length, driver).toBeGreaterThan(1);
  });
});
