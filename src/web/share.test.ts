import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bundledScenarios } from "../../test/support/library.ts";
import type { SharedState } from "./share.ts";
import { libraryHash, longestHash, mostUnpacked, packState, readLink } from "./share.ts";

const state: SharedState = { file: "a.yaml", text: "version: 1\r\nname: ünïcode \u{1f480}\n", includes: { "p/q.inc.yaml": "a: 1\n" }, seed: 4294967295, schedule: "seeded", atNs: 123_456_789, panel: "registers" };

async function hashOf(shared: SharedState): Promise<string> {
  const packed = await packState(shared);
  return packed.kind === "link" ? packed.hash : `refused: ${packed.reason}`;
}

async function packedBytes(bytes: Uint8Array<ArrayBuffer>, sum = 0): Promise<string> {
  const body = new Uint8Array(await new Response(new Blob([bytes]).stream().pipeThrough(new CompressionStream("deflate-raw"))).arrayBuffer());
  const whole = Buffer.concat([Buffer.from(new Uint32Array([sum]).buffer), body]);
  return `#s1=${whole.toString("base64url")}`;
}

describe("a link", () => {
  it("leads back to what it was made of, whatever the text", async () => {
    const texts = fc.string({ unit: "binary", maxLength: 400 });
    await fc.assert(
      fc.asyncProperty(fc.record({ file: fc.string({ minLength: 1, maxLength: 50 }), text: fc.oneof(texts, texts.map((text) => text.replaceAll("\n", "\r\n"))), includes: fc.dictionary(fc.stringMatching(/^[a-z]{1,9}\.yaml$/), texts, { noNullPrototype: true }), seed: fc.nat(0xffff_ffff), schedule: fc.constantFrom("fixed" as const, "seeded" as const) }), async (shared) => {
        expect(await readLink(await hashOf(shared))).toEqual({ kind: "state", state: shared });
      }),
      { numRuns: 50 },
    );
    expect(await readLink(await hashOf(state))).toEqual({ kind: "state", state });
  });

  it("of any bundled scenario is short enough for a mail: under 8 KiB", async () => {
    for (const [file, text] of Object.entries(bundledScenarios()).filter((_, index) => index % 10 === 0)) {
      const hash = await hashOf({ file, text, includes: {}, seed: 1, schedule: "fixed" });
      expect(hash.length).toBeLessThan(8192);
      expect(await readLink(hash)).toMatchObject({ state: { text } });
    }
  });

  it("of a bundled scenario that was not changed names it", async () => {
    expect(libraryHash({ path: "isolation/a.yaml", seed: 3, schedule: "fixed" })).toBe("#lib=isolation/a.yaml&seed=3");
    const library = { path: "odd name/ä&b=c.yaml", seed: 0, schedule: "seeded", atNs: 5, panel: "x&y" } as const;
    expect(await readLink(libraryHash(library))).toEqual({ kind: "library", library });
    expect(await readLink("#lib=a/b.yaml")).toEqual({ kind: "library", library: { path: "a/b.yaml", seed: 1, schedule: "fixed" } });
  });

  it("of a file names its address", async () => expect(await readLink("#open=traces/a%20b.cxt")).toEqual({ kind: "open", url: "traces/a b.cxt" }));
  it("of something else is none of ours", async () => expect(await Promise.all(["", "#", "#chapter-2", "#open="].map(readLink))).toEqual(Array.from({ length: 4 }, () => ({ kind: "none" }))));
});

describe("a link is refused, with the reason and what to do", () => {
  it.each([
    ["of another version", "#s2=AAAA", /another version of the page \(s2\)/],
    ["of letters that are none of its own", "#s1=<script>", /damaged/],
    ["of nothing", "#s1=", /damaged/],
    ["of letters that are no packed bytes", `#s1=${"x".repeat(400)}`, /damaged/],
    ["with a seed that is none", "#lib=a.yaml&seed=-1", /no good seed/],
    ["with a seed beyond 32 bits", "#lib=a.yaml&seed=4294967296", /no good seed/],
    ["with a schedule that is none", "#lib=a.yaml&schedule=random", /fixed or seeded/],
    ["without a path", "#lib=", /names no scenario/],
    ["of 50 MB", `#s1=${"A".repeat(50 << 20)}`, /too long/],
  ])("%s", async (_, hash, reason) => expect(await readLink(hash)).toEqual({ kind: "refused", reason: expect.stringMatching(reason) }));

  it("with any one letter changed or left out, or cut short anywhere", async () => {
    const hash = await hashOf(state);
    for (let at = 4; at < hash.length; at += 3) {
      const other = hash[at] === "A" ? "B" : "A";
      for (const wrong of [hash.slice(0, at) + other + hash.slice(at + 1), hash.slice(0, at) + hash.slice(at + 1), hash.slice(0, at)]) {
        const read = await readLink(wrong);
        // The last letter of base64 has bits that mean nothing.
        if (read.kind === "state") expect(read.state).toEqual(state);
        else expect(read.kind).toBe("refused");
      }
    }
  });

  it("that unpacks to more than a scenario: unpacking stops there", async () => {
    const hash = await packedBytes(new Uint8Array(40 << 20));
    expect(hash.length).toBeLessThan(longestHash);
    expect(await readLink(hash)).toEqual({ kind: "refused", reason: expect.stringContaining(`more than ${mostUnpacked / 1024} KiB`) });
  });

  it("that holds something else than a scenario", async () => {
    const { crc32 } = await import("../sim/crc32.ts");
    for (const value of [null, [], 3, {}, { ...state, text: 3 }, { ...state, seed: 1.5 }, { ...state, seed: "1" }, { ...state, schedule: "x" }, { ...state, includes: { a: 1 } }, { ...state, file: "" }, "{"]) {
      const bytes = new TextEncoder().encode(value === "{" ? value : JSON.stringify(value));
      expect((await readLink(await packedBytes(bytes, crc32(bytes)))).kind).toBe("refused");
    }
    const bytes = new TextEncoder().encode(JSON.stringify({ ...state, atNs: -1, panel: 7, more: 1 }));
    const { atNs: _, panel: __, ...plain } = state;
    expect(await readLink(await packedBytes(bytes, crc32(bytes)))).toEqual({ kind: "state", state: plain });
  });

  it("is not made of a text that is too long for one", async () => {
    expect(await packState({ ...state, text: "x".repeat(mostUnpacked) })).toMatchObject({ kind: "refused" });
    const noise = Array.from({ length: 100_000 }, (_, index) => ((index * 2_654_435_761) >>> 0).toString(36)).join("").slice(0, 200_000);
    expect(await packState({ ...state, text: noise })).toMatchObject({ kind: "refused", reason: expect.stringContaining("Download it") });
  });
});
