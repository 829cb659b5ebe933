import { expect, test } from "vitest";
import { archiveOf, foldersAbove } from "./archive.ts";

interface Member {
  readonly name: string;
  readonly mode: number;
  readonly content: string;
  readonly device: string;
}

/** Reads "newc" as the kernel does: header of 110 letters, name and content each up to the next multiple of four. */
function membersIn(bytes: Uint8Array): Member[] {
  const text = Buffer.from(bytes).toString("latin1");
  const members: Member[] = [];
  for (let at = 0; at < text.length; ) {
    expect(text.slice(at, at + 6)).toBe("070701");
    const field = (index: number): number => Number.parseInt(text.slice(at + 6 + 8 * index, at + 14 + 8 * index), 16);
    const name = text.slice(at + 110, at + 110 + field(11) - 1);
    const start = (at + 110 + field(11) + 3) & ~3;
    members.push({ name, mode: field(1), content: text.slice(start, start + field(6)), device: `${field(9)}:${field(10)}` });
    at = (start + field(6) + 3) & ~3;
  }
  return members;
}

test("an archive holds folders, programs, links and devices in the order given, and ends with its trailer", () => {
  const content = Buffer.from("hello");
  const members = membersIn(archiveOf([
    ...foldersAbove(["usr/bin/hello", "usr/lib/x"]), { path: "usr/bin/hello", kind: "file", content, isProgram: true }, { path: "usr/bin/hi", kind: "link", target: "hello" },
    { path: "dev/console", kind: "characterDevice", major: 5, minor: 1 },
  ]));
  expect(members.map(({ name }) => name)).toEqual(["usr", "usr/bin", "usr/lib", "usr/bin/hello", "usr/bin/hi", "dev/console", "TRAILER!!!"]);
  expect(members.map(({ mode }) => mode.toString(8))).toEqual(["40755", "40755", "40755", "100755", "120777", "20600", "0"]);
  expect(members[3]?.content).toBe("hello");
  expect(members[4]?.content).toBe("hello");
  expect(members[5]?.device).toBe("5:1");
});
