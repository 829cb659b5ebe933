// Results for a collector: nothing is lost, and nothing is taken for new twice, whatever the collector does. No test waits: pauses are counted, not slept.

import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { http, HttpResponse } from "msw";
import type { HttpResponseResolver } from "msw";
import { setupServer } from "msw/node";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { collectorOf, flush, messageOf, postResults } from "../../src/cli/post.ts";
import type { Surroundings } from "../../src/cli/post-send.ts";
import { addTo, lock, waiting } from "../../src/cli/post-spool.ts";
import type { RunResult } from "../../src/scenario/result.ts";
import { run as runProgram } from "../support/programs.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const url = new URL("https://collector.test/results");
const resultOf = (name: string): RunResult => ({ version: 1, tool: { version: name, moduleHash: "0" }, scenarios: [], summary: { pass: 0, fail: 0, invalid: 0, error: 0, limit: 0, driver: 0 } });

/** What the collector was sent, and what it took: one for each key. */
interface Delivery {
  readonly key: string;
  readonly id: string;
  readonly name: string;
  readonly headers: Headers;
}

let spool: string;
let deliveries: Delivery[];
let taken: Map<string, string>;
let slept: number[];
const server = setupServer();

const around = (more: Partial<Surroundings> = {}): Surroundings => ({
  token: undefined, random: () => 0.5, now: () => Date.parse("2026-01-01T00:00:00Z"), timeout: () => new AbortController().signal,
  sleep: (time) => {
    slept.push(time);
    return Promise.resolve();
  },
  ...more,
});

async function note(request: Request, isTaken: boolean): Promise<void> {
  const { id, result } = (await request.clone().json()) as { readonly id: string; readonly result: RunResult };
  const key = request.headers.get("idempotency-key") ?? "";
  deliveries.push({ key, id, name: result.tool.version, headers: request.headers });
  if (isTaken) taken.set(key, result.tool.version);
}

/** A collector that answers each request with the next of these, the last for ever; "ok" takes the result. */
function collector(...answers: readonly (HttpResponseResolver | "ok")[]): void {
  let index = 0;
  server.use(http.post(url.href, async (info) => {
    const answer = answers[Math.min(index++, answers.length - 1)] as HttpResponseResolver | "ok";
    await note(info.request, answer === "ok");
    return answer === "ok" ? HttpResponse.json({}, { status: 201 }) : answer(info);
  }));
}

const status = (code: number, headers: Record<string, string> = {}): HttpResponseResolver => () => new HttpResponse(null, { status: code, headers });
const post = (...names: readonly string[]) => postResults(url, spool, names.map(resultOf), around());

beforeAll(() => server.listen({ onUnhandledRequest: "error" }));
beforeEach(() => {
  spool = join(mkdtempSync(join(tmpdir(), "cxl-sandbox-post-")), "spool");
  [deliveries, taken, slept] = [[], new Map(), []];
});
afterEach(() => {
  server.resetHandlers();
  rmSync(join(spool, ".."), { recursive: true, force: true });
});
afterAll(() => server.close());

describe("a result for a collector", () => {
  it("is sent once, with its key as header and id, and leaves nothing behind", async () => {
    collector("ok");
    expect(await post("a")).toEqual({ sent: 1, left: 0, refused: 0, lines: [] });
    const { key, text } = messageOf(resultOf("a"), undefined);
    expect(deliveries.map(({ key: header, id, name }) => [header, id, name])).toEqual([[key, key, "a"]]);
    expect((JSON.parse(text) as { readonly id: string }).id).toBe(key);
    expect(readdirSync(spool)).toEqual([]);
  });

  it("the same result has the same key; another label or content has another", () => {
    expect(messageOf(resultOf("a"), undefined).key).toBe(messageOf(resultOf("a"), undefined).key);
    expect(new Set([messageOf(resultOf("a"), undefined), messageOf(resultOf("a"), "build 7"), messageOf(resultOf("b"), undefined)].map(({ key }) => key)).size).toBe(3);
  });

  it("is sent again after 500 until it is taken, with pauses that grow", async () => {
    collector(status(500), status(503), status(500), "ok");
    expect(await post("a")).toMatchObject({ sent: 1, left: 0, lines: [] });
    expect(slept).toEqual([500, 1000, 2000]);
    expect([deliveries.length, taken.size]).toEqual([4, 1]);
  });

  it("pauses differ between senders by their random part, within half and one and a half", async () => {
    collector(status(500), "ok", status(500), "ok");
    await postResults(url, spool, [resultOf("a")], around({ random: () => 0 }));
    await postResults(url, spool, [resultOf("b")], around({ random: () => 1 }));
    expect(slept).toEqual([250, 750]);
  });

  it("waits in the spool when the collector is away for good, and goes out first the next time, in order", async () => {
    collector(() => HttpResponse.error());
    const { lines, ...counts } = await post("a");
    expect(counts).toEqual({ sent: 0, left: 1, refused: 0 });
    expect(lines).toEqual([expect.stringMatching(/^post https:\/\/collector\.test\/results: .+, after 5 attempts; 1 result waits in .+spool, cxl-sandbox post sends them$/)]);
    await post("b");
    expect(waiting(spool).map(({ name }) => name.slice(0, 8))).toEqual(["00000001", "00000002"]);
    server.resetHandlers();
    collector("ok");
    deliveries = [];
    expect(await post("c")).toEqual({ sent: 3, left: 0, refused: 0, lines: [] });
    expect(deliveries.map(({ name }) => name)).toEqual(["a", "b", "c"]);
  });

  it("whose answer was lost comes again with the same key, so that the collector knows it", async () => {
    collector(async ({ request }) => {
      await note(request, true);
      return HttpResponse.error();
    }, "ok");
    expect(await post("a")).toMatchObject({ sent: 1, left: 0 });
    expect(deliveries.length).toBeGreaterThan(1);
    expect([...taken.values()]).toEqual(["a"]);
  });

  it("that was written and not sent, because the process was killed between, is sent by the next", async () => {
    const { key, text } = messageOf(resultOf("killed"), undefined);
    addTo(spool, key, text);
    writeFileSync(join(spool, "00000009-part.json.123.part"), "{ half");
    collector("ok");
    expect(await post("next")).toMatchObject({ sent: 2, left: 0 });
    expect(deliveries.map(({ name }) => name)).toEqual(["killed", "next"]);
  });

  it("that waits already is not spooled twice", async () => {
    collector(status(500));
    await post("a");
    await post("a");
    expect(waiting(spool)).toHaveLength(1);
  });

  it("of a slow collector is given up after its time, and tried again", async () => {
    const late = new AbortController();
    const times: number[] = [];
    collector(async () => {
      late.abort();
      return new Promise<never>(() => undefined);
    }, "ok");
    const timeout = (time: number): AbortSignal => {
      times.push(time);
      return times.length === 1 ? late.signal : new AbortController().signal;
    };
    expect(await postResults(url, spool, [resultOf("a")], around({ timeout }))).toMatchObject({ sent: 1 });
    expect([times, slept]).toEqual([[10_000, 10_000], [500]]);
  });

  it("waits as long as Retry-After says, in seconds or until a date; a longer pause than half a minute is for the next time", async () => {
    collector(status(429, { "retry-after": "7" }), status(503, { "retry-after": "Thu, 01 Jan 2026 00:00:20 GMT" }), "ok");
    expect(await post("a")).toMatchObject({ sent: 1 });
    expect(slept).toEqual([7000, 20_000]);
    server.resetHandlers();
    collector(status(429, { "retry-after": "3600" }));
    expect(await post("b")).toMatchObject({ sent: 0, left: 1, lines: [expect.stringContaining("HTTP status 429; 1 result waits")] });
    expect(slept).toHaveLength(2);
  });

  it("that the collector does not want is not sent again, put aside and told; those behind it go on", async () => {
    collector(status(413), "ok");
    const { lines, ...counts } = await post("large", "small");
    expect(counts).toEqual({ sent: 1, left: 0, refused: 1 });
    expect(lines).toEqual([expect.stringMatching(/a result was refused \(HTTP status 413; the result is too large for the collector\); it is kept as .+refused.+\.json$/)]);
    expect(readdirSync(join(spool, "refused"))).toHaveLength(1);
    expect(slept).toEqual([]);
  });

  it("at a wrong address, or with a wrong token, waits without being sent again", async () => {
    collector(status(401));
    expect(await post("a")).toMatchObject({ sent: 0, left: 1, refused: 0, lines: [expect.stringContaining("HTTP status 401; is CXL_SANDBOX_POST_TOKEN right?")] });
    server.resetHandlers();
    collector(status(307, { location: "https://elsewhere.test/" }));
    expect(await post("a")).toMatchObject({ sent: 0, left: 1, lines: [expect.stringContaining("redirects are not followed")] });
    expect([deliveries.length, slept]).toEqual([2, []]);
  });

  it("in a full spool goes out behind the others, or is told to be lost", async () => {
    collector(status(500));
    const limits = { files: 1, bytes: 1 << 20 };
    await postResults(url, spool, [resultOf("a")], around(), limits);
    expect(await postResults(url, spool, [resultOf("b")], around(), limits)).toMatchObject({ sent: 0, left: 1, refused: 1, lines: [expect.stringContaining("1 result waits"), expect.stringMatching(/the spool .+ is full \(it holds 1 results, or 1048576 bytes\), and the collector did not take the result .+: it is not kept$/)] });
    server.resetHandlers();
    collector("ok");
    expect(await postResults(url, spool, [resultOf("c")], around(), limits)).toMatchObject({ sent: 2, left: 0, refused: 0 });
    expect([...taken.values()]).toEqual(["a", "c"]);
  });

  it("goes out although no spool can be made, and that is told", async () => {
    collector("ok");
    mkdirSync(join(spool, ".."), { recursive: true });
    writeFileSync(spool, "a file where the folder should be");
    expect(await post("a")).toMatchObject({ sent: 1, left: 0, lines: [expect.stringContaining(`the spool ${spool} cannot be`)] });
  });
});

describe("the spool", () => {
  it("can be read by its owner alone, and has nothing of the token", async () => {
    collector(status(500));
    await postResults(url, spool, [resultOf("a")], around({ token: "secret-token" }));
    expect(deliveries[0]?.headers.get("authorization")).toBe("Bearer secret-token");
    const [one] = waiting(spool);
    const path = join(spool, one?.name ?? "");
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readFileSync(path, "utf8")).not.toContain("secret");
  });

  it("is sent by one process at a time; the lock of one that has ended is nobody's", async () => {
    collector("ok");
    const { key, text } = messageOf(resultOf("a"), undefined);
    addTo(spool, key, text);
    const held = lock(spool, Date.now());
    expect(await flush(url, spool, around())).toEqual({ sent: 0, left: 1, refused: 0, lines: [expect.stringContaining("another process is sending")] });
    held?.release();
    const { pid } = spawnSync(process.execPath, ["--eval", ""]);
    writeFileSync(join(spool, "lock"), JSON.stringify({ pid, host: hostname() }));
    expect(await flush(url, spool, around())).toMatchObject({ sent: 1, left: 0 });
    writeFileSync(join(spool, "lock"), JSON.stringify({ pid: 1, host: "another-host" }));
    expect(lock(spool, Date.now())).toBeUndefined();
    expect(lock(spool, Date.now() + 16 * 60_000)).not.toBeUndefined();
  });
});

describe("addresses", () => {
  it("are http or https, and what is secret in them is not shown", async () => {
    for (const wrong of ["collector.test/results", "ftp://collector.test/", "file:///etc/passwd", "https://a%:b@collector.test/"]) expect(() => collectorOf(wrong, "--post"), wrong).toThrow("--post is an address like https://collector.example/results");
    const seen: (string | null)[] = [];
    server.use(http.post("https://collector.test/in", ({ request }) => {
      seen.push(request.headers.get("authorization"));
      return new HttpResponse(null, { status: 404 });
    }));
    const { lines } = await postResults(collectorOf("https://me:pass%20word@collector.test/in?key=hidden", "--post"), spool, [resultOf("a")], around());
    expect(seen).toEqual([`Basic ${Buffer.from("me:pass word").toString("base64")}`]);
    expect(lines.join("\n")).toContain("post https://collector.test/in?...: HTTP status 404");
    expect(lines.join("\n")).not.toMatch(/me:|pass|hidden/);
  });
});

describe("cxl-sandbox post", () => {
  const run = (words: readonly string[], environment: Readonly<Record<string, string>> = {}) => spawnSync(process.execPath, ["dist/src/cli/main.js", "post", ...words], { cwd: root, encoding: "utf8", timeout: 60_000, env: { PATH: process.env["PATH"] ?? "", ...environment } });

  it("names what is wrong with its words, and with a file that is no result", () => {
    expect(run([])).toMatchObject({ status: 2, stderr: expect.stringContaining("post needs --url URL, or CXL_SANDBOX_POST_URL") as string });
    expect(run(["package.json", "--spool", spool], { CXL_SANDBOX_POST_URL: "http://127.0.0.1:9/" })).toMatchObject({ status: 2, stderr: expect.stringContaining("package.json is no result of a run") as string });
  });

  it("with nothing to send says so and ends 0", () => {
    expect(run(["--spool", spool], { CXL_SANDBOX_POST_URL: "http://127.0.0.1:9/", CXL_SANDBOX_POST_TOKEN: "secret" })).toMatchObject({ status: 0, stdout: "", stderr: "0 sent, 0 waiting, 0 refused\n" });
  });

  it("run --post sends its result, and a collector that refuses it changes nothing of the exit status; two senders with one spool send each result once", async () => {
    const keys: string[] = [];
    let answer = 422;
    const collecting = createServer((request, response) => {
      keys.push(String(request.headers["idempotency-key"]));
      request.resume().on("end", () => response.writeHead(answer).end());
    }).listen(0, "127.0.0.1");
    await once(collecting, "listening");
    const address = `http://127.0.0.1:${(collecting.address() as AddressInfo).port}/`;
    try {
      const ended = await runProgram(process.execPath, ["dist/src/cli/main.js", "run", "scenarios/isolation/a-link-down.yaml", "--no-golden", "--no-worker", "--post", address, "--spool", spool], root);
      expect([ended.status, ended.stderr, keys.length]).toEqual([0, expect.stringContaining(`post ${address}: a result was refused (HTTP status 422)`) as string, 1]);

      answer = 201;
      const messages = ["a", "b", "c", "d"].map((name) => messageOf(resultOf(name), undefined));
      for (const { key, text } of messages) addTo(spool, key, text);
      keys.length = 0;
      const both = await Promise.all([1, 2].map(() => runProgram(process.execPath, ["dist/src/cli/main.js", "post", "--url", address, "--spool", spool], root)));
      expect(both.map(({ status: code }) => code)).toContain(0);
      expect(new Set(keys)).toEqual(new Set(messages.map(({ key }) => key)));
      expect(waiting(spool)).toEqual([]);
    } finally {
      collecting.close();
    }
  });
});
