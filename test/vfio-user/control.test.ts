// The control channel, asked what nobody should ask, and at its socket.

import { mkdtempSync, rmSync } from "node:fs";
import { createConnection } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { planScenario } from "../../src/scenario/plan.ts";
import type { ControlAnswer, ControlTarget } from "../../src/vfio-user/control.ts";
import { controlAnswer } from "../../src/vfio-user/control.ts";
import { askControl, listenControl } from "../../src/vfio-user/control-socket.ts";
import { serveMachine } from "../../src/vfio-user/served-machine.ts";
import { modules } from "../support/machine.ts";

const text = `version: 1
name: one card
machine: { hostBridges: [{ rootPorts: [{ device: { name: mem0, volatile: 256MiB } }] }] }
`;

function target(): ControlTarget {
  const { faults } = serveMachine(modules.checked, planScenario("served.yaml", text));
  return {
    devices: ["mem0"], faults, portOf: () => "rp0", reset: () => {}, done: () => {},
    status: () => ({ now: 0, isReady: false, devices: [], violations: null, trace: null }),
  };
}

/** As deep as a line can hold it: deeper than a program's stack. */
const deep = `${"[".repeat(32_000)}${"]".repeat(32_000)}`;

describe("what a line asks", () => {
  test.each([
    [`{"command":"reset","device":${deep}}`, "reset needs the name of a device as a text, one of mem0"],
    [`{"command":"remove","device":7}`, "remove needs the name of a device as a text, one of mem0"],
    [`{"command":"drop","device":"mem9"}`, `there is no device "mem9"`],
    [`{"command":"inject","fault":{"drop":${deep}}}`, "drop: not the name of a device; the machine has mem0"],
    [`{"command":"inject","fault":{"drop":"mem9"}}`, `drop: no device "mem9"; the machine has mem0`],
    [`{"command":"inject","fault":${deep}}`, "must be object"],
    [`{"command":"inject","fault":{"linkDown":${deep}}}`, "must be string"],
    [`{"command":"inject","fault":{"__proto__":{"linkDown":"rp0"}}}`, `unknown key "__proto__"`],
    [`{"command":"__proto__"}`, `there is no command "__proto__"`],
    [`{"__proto__":{"command":"status"}}`, `"command" is missing`],
  ])("is refused in words where it is nonsense: %#", (line, message) => {
    const answer = controlAnswer(target(), line);
    expect(answer).toEqual({ ok: false, error: expect.stringContaining(message) as string });
  });
});

describe("the channel", () => {
  let folder = "";
  beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), "vfio-"))));
  afterEach(() => rmSync(folder, { recursive: true }));

  test("answers also what meets a fault of this program, says so to whoever runs it, and goes on", async () => {
    const said: string[] = [];
    const channel = await listenControl(folder, (line): ControlAnswer => {
      if (line.includes("list")) throw new Error("no such thing");
      return { ok: true };
    }, (line) => void said.push(line));
    try {
      expect(await askControl(folder, { command: "list" })).toEqual({ ok: false, error: "fault of this program: no such thing" });
      expect(said).toEqual([expect.stringContaining("fault of this program: Error: no such thing")]);
      expect(await askControl(folder, { command: "status" })).toEqual({ ok: true });
    } finally {
      await channel.close();
    }
  });

  test("has sixteen users at a time; who comes then is told that others ask", async () => {
    const channel = await listenControl(folder, () => ({ ok: true }), () => {});
    try {
      const others = await Promise.all(Array.from({ length: 16 }, () => new Promise<ReturnType<typeof createConnection>>((resolve) => {
        const socket = createConnection({ path: channel.path }, () => resolve(socket));
        socket.on("error", () => {});
      })));
      await expect(askControl(folder, { command: "status" })).rejects.toThrow("nobody answered: the server has ended, or 16 others ask already");
      for (const other of others) other.destroy();
    } finally {
      await channel.close();
    }
  });
});
