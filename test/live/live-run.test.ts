// A live run comes to what the command's run comes to, however it is driven.

import { describe, expect, it } from "vitest";
import { startScenario } from "../../src/sandbox.ts";
import type { LiveInput } from "../../src/sandbox/live/contract.ts";
import { createLive } from "../../src/sandbox/live/live-run.ts";
import { bundledScenarios } from "../support/library.ts";
import { modules } from "../support/machine.ts";

const texts = Object.entries(bundledScenarios());
const input = (part: string, more: Partial<LiveInput> = {}): LiveInput => {
  const [file, text] = texts.find(([path]) => path.includes(part)) ?? ["", ""];
  return { file, text, includes: {}, seed: 1, schedule: "fixed", ...more };
};

describe("a live run", () => {
  it("gives the digests and every record of the command's run, with a pause after every step", () => {
    const given = input(texts[3]?.[0] ?? "");
    const command = startScenario(modules.release, { ...given, keepTrace: true });
    command.run(() => false);
    const live = createLive(modules.release, given);
    const way = live.go({ kind: "end" });
    while (way.goOn(() => true) === "paused") continue;
    expect(live.status.result?.digests).toEqual(command.result().digests);
    const words = command.takeTrace().flatMap((chunk) => [...new Uint32Array(chunk.buffer, chunk.byteOffset, chunk.length / 4)]);
    expect(live.trace.length).toBe(words.length / 8);
    expect([...live.trace.words(0, live.trace.length)]).toEqual(words);
  });
});
