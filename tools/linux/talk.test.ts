import { mkdtempSync, rmSync } from "node:fs";
import type { Socket } from "node:net";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { RigProblem } from "./problem.ts";
import type { Talk } from "./talk.ts";
import { listenForGuest } from "./talk.ts";

let folder = "";
let talk: Talk;
let guest: Socket;
/** What the rig sent, as the guest's script would run it. */
let commands: string[] = [];
let answer: (command: string) => string = () => "";

const base64 = (text: string): string => Buffer.from(text).toString("base64");

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "talk test "));
  talk = await listenForGuest(join(folder, "line"));
  commands = [];
  answer = () => "";
  guest = connect(join(folder, "line"));
  guest.on("data", (bytes) => {
    for (const line of bytes.toString().trim().split("\n")) {
      const command = Buffer.from(line, "base64").toString().trimEnd();
      commands.push(command);
      guest.write(answer(command));
    }
  });
  guest.write("@ready 7.2.13\n");
});

afterEach(() => {
  guest.destroy();
  talk.close();
  rmSync(folder, { recursive: true, force: true });
});

test("a command goes to the guest whole, and its status, output and complaints come back as they were", async () => {
  answer = () => `@done 3 12.50\n@out ${base64("one\ntwo\n")}\n@err ${base64("no such région\n")}\n`;
  expect(await talk.ready(5)).toBe("7.2.13");
  expect(await talk.run("cxl list\necho 'two words'", 5)).toEqual({ exitCode: 3, uptime: 12.5, stdout: "one\ntwo\n", stderr: "no such région\n" });
  expect(commands).toEqual(["cxl list\necho 'two words'"]);
});

test("a guest that does not answer is told with the command and the limit", async () => {
  await talk.ready(5);
  await expect(talk.run("sleep 1000", 0.05)).rejects.toThrow(new RigProblem('"sleep 1000": no answer within 0.05 s'));
});

test("a guest that ends while a command runs is told at once, and every command after it", async () => {
  await talk.ready(5);
  const waiting = talk.run("echo c > /proc/sysrq-trigger", 60);
  talk.lost("QEMU ended (0)");
  await expect(waiting).rejects.toThrow('"echo c > /proc/sysrq-trigger": QEMU ended (0)');
  await expect(talk.run("true", 60)).rejects.toThrow('"true": QEMU ended (0)');
});
