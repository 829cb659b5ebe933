// What the packed manifest promises, and what the repository carries along unused.

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { publint } from "publint";
import { describe, expect, it } from "vitest";
import { run } from "../support/programs.ts";
import { packed } from "./packed.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

describe("the manifest", () => {
  it("has nothing that publint would say of the packed file", async () => {
    const tarball = new Uint8Array(readFileSync(packed.tarball)).buffer;
    const { messages } = await publint({ pack: { tarball }, strict: true });
    expect(messages).toEqual([]);
  });

  it("knip finds no file, export or dependency that nobody uses", async () => {
    const { status, stdout } = await run(process.execPath, ["node_modules/knip/bin/knip.js", "--no-progress", "--treat-config-hints-as-errors"], root);
    expect([status, stdout]).toEqual([0, ""]);
  });
});
