// docs/library-worker.md: every program that it shows runs as it stands and prints what it shows.

import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const root = fileURLToPath(new URL("../../", import.meta.url));
const page = readFileSync(`${root}docs/library-worker.md`, "utf8");
const programs = [...page.matchAll(/^```js\n([^]*?)^```\n\n^```\n([^]*?)^```$/gm)].map(([, program = "", shown = ""]) => [program.split("\n").find((line) => line.startsWith("const")) ?? "", program, shown] as const);

it("has programs", () => expect(programs.length).toBe(2));

// The package finds itself by its name from its own folder.
it.each(programs)("docs/library-worker.md: %s", (_, program, shown) => {
  const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", program], { cwd: root, encoding: "utf8", timeout: 60_000 });
  expect([stdout, stderr]).toEqual([shown, ""]);
});
