// The recorded session: plays docs/examples/partial-region.session and gives the page, the recording and the picture of it. With --write it writes
// them; without it says which are not current (exit 1).

import { readFileSync, writeFileSync } from "node:fs";
import { loadModule, planScenario } from "../src/sandbox.ts";
import { createCast, readableText } from "../src/report/asciicast.ts";
import { sessionPage, sessionPicture } from "../src/report/session-page.ts";
import { playSession } from "../src/sandbox/scripted.ts";

const scenario = "docs/examples/partial-region.yaml";
const session = "docs/examples/partial-region.session";
const title = "A partial region, and how it is taken apart";
const introduction = `Firmware made a region of two cards and one of them is missing. Linux keeps what there is: a region that is not committed, with a decoder that is. The tool
cannot destroy it (S15): it stops at the empty slot, and the other member's device memory is held by the committed decoder. With the policy \`unwind: full\` (S17)
what firmware did can be taken back file by file, in reverse order, and the card that is there serves again.`;

/** Files of the session by path. @param read gives a file of the project */
export function sessionFiles(module: WebAssembly.Module, read: (path: string) => string): Readonly<Record<string, string>> {
  const text = read(scenario);
  const events = playSession(module, planScenario(scenario, text), read(session).replace(/\n$/, "").split("\n")).map((event) => ({ ...event, text: event.kind === "printed" ? readableText(event.text) : event.text }));
  let recording = "";
  const cast = createCast({ columns: 110, rows: 40, title }, events[0]?.at ?? 0, (line) => void (recording += line));
  for (const { kind, at, text: shown } of events) {
    if (kind === "prompt") cast.prompt(at, shown);
    else if (kind === "typed") cast.type(at, shown);
    else cast.print(at, shown);
  }
  return {
    "docs/partial-region.md": sessionPage({ title, introduction, scenario: { file: scenario, text }, session, cast: "partial-region.cast", picture: "partial-region.svg" }, events),
    "docs/partial-region.cast": recording,
    "docs/partial-region.svg": sessionPicture(title, events),
  };
}

export async function main(argv: readonly string[]): Promise<number> {
  const read = (path: string): string => readFileSync(path, "utf8");
  const { module } = await loadModule();
  let stale = 0;
  for (const [path, text] of Object.entries(sessionFiles(module, read))) {
    if (argv.includes("--write")) writeFileSync(path, text);
    else if (read(path) !== text) {
      process.stderr.write(`${path} is not current: npm run session\n`);
      stale = 1;
    }
  }
  return stale;
}

if (process.argv[1]?.endsWith("session.js") === true) process.exitCode = await main(process.argv.slice(2));
