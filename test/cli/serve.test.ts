// The server of the page: what it hands out, to whom, and how it ends.

import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Asked } from "../../src/cli/serve/answer.ts";
import { answerTo, contentPolicy } from "../../src/cli/serve/answer.ts";
import { readSite } from "../../src/cli/serve/site.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const main = join(root, "dist/src/cli/main.js");
const folder = mkdtempSync(join(tmpdir(), "cxl-sandbox-serve-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A small page, with a link that leads out of it and a secret beside it. */
function smallSite() {
  const page = join(folder, "page");
  mkdirSync(join(page, "assets"), { recursive: true });
  writeFileSync(join(folder, "secret.txt"), "secret");
  writeFileSync(join(page, "index.html"), `<!doctype html>${"a".repeat(2000)}`);
  writeFileSync(join(page, "assets/machine-Ab12_-9z.wasm"), Uint8Array.of(0, 0x61, 0x73, 0x6d));
  writeFileSync(join(page, "a b.svg"), "<svg/>");
  symlinkSync(join(folder, "secret.txt"), join(page, "link.txt"));
  symlinkSync(folder, join(page, "up"));
  return readSite(page);
}
const site = smallSite();
const asked = (target: string, more: Partial<Asked> = {}) => answerTo(site, { method: "GET", target, host: "localhost:8720", encodings: undefined, ifNoneMatch: undefined, ...more }, false);

describe("what the server of the page answers", () => {
  it("gives files with their types and the page's policy, names with a hash for ever and others only as long as they are the same", () => {
    expect(asked("/")).toMatchObject({ status: 200, headers: { "content-type": "text/html; charset=utf-8", "cache-control": "no-cache", "content-security-policy": contentPolicy, "x-content-type-options": "nosniff", "referrer-policy": "no-referrer" } });
    expect(asked("/index.html?open=x#y").body).toEqual(asked("/").body);
    expect(asked("/assets/machine-Ab12_-9z.wasm")).toMatchObject({ status: 200, headers: { "content-type": "application/wasm", "cache-control": "public, max-age=31536000, immutable" } });
    expect(asked("/a%20b.svg")).toMatchObject({ status: 200, headers: { "content-type": "image/svg+xml" } });
  });

  it.each(["/../secret.txt", "/%2e%2e/secret.txt", "/..%2fsecret.txt", "/assets/../../secret.txt", "//secret.txt", "/link.txt", "/up/secret.txt", "/up/page/index.html", "/assets", "/assets/", "/./index.html", "/%252e%252e/secret.txt"])("%s is not there", (target) => {
    expect(asked(target).status).toBe(404);
  });

  it.each(["/..\\secret.txt", "/%5c..%5csecret.txt", "/index.html%00.txt", "/%", "/%ff", "index.html", "http://localhost/index.html", "*", ""])("%j is no path", (target) => {
    expect(asked(target)).toMatchObject({ status: 400, headers: { "x-content-type-options": "nosniff" } });
  });

  it.each(["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "get"])("%s is not allowed, and it says what is", (method) => {
    expect(asked("/", { method })).toMatchObject({ status: 405, headers: { allow: "GET, HEAD" } });
  });

  it("HEAD gives what GET would, without the body", () => {
    expect(asked("/", { method: "HEAD" })).toEqual({ ...asked("/"), body: null });
    expect(asked("/nothing", { method: "HEAD" })).toMatchObject({ status: 404, body: null });
  });

  it("a file that the browser has is not sent again, whatever the form of the tag", () => {
    const { etag = "" } = asked("/").headers;
    for (const ifNoneMatch of [etag, etag.slice(2), `"other", ${etag}`, "*"]) expect(asked("/", { ifNoneMatch })).toMatchObject({ status: 304, body: null, headers: { etag } });
    expect(asked("/", { ifNoneMatch: '"other"' }).status).toBe(200);
  });

  it("packs what gets smaller for who takes it", () => {
    const zipped = asked("/", { encodings: "br, gzip;q=0.8" });
    expect(zipped.headers).toMatchObject({ "content-encoding": "gzip", vary: "accept-encoding", "content-length": String(zipped.body?.length) });
    expect(gunzipSync(zipped.body ?? "")).toEqual(asked("/").body);
    for (const encodings of [undefined, "br", "gzip;q=0", "identity"]) expect(asked("/", { encodings }).headers).not.toHaveProperty("content-encoding");
    expect(asked("/assets/machine-Ab12_-9z.wasm", { encodings: "gzip" }).headers).not.toHaveProperty("content-encoding");
  });

  it("at a loopback address answers to names of this machine only: the name of another site can be made to lead here", () => {
    for (const host of ["localhost", "LOCALHOST:1", "127.0.0.1:8720", "127.1.2.3", "[::1]:8720"]) expect(asked("/", { host }).status).toBe(200);
    for (const host of [undefined, "", "evil.example", "localhost.evil.example:8720", "127.0.0.1.evil.example", "[::2]", "0.0.0.0"]) expect(asked("/", { host })).toMatchObject({ status: 421 });
    expect(answerTo(site, { method: "GET", target: "/", host: "lab7:8720", encodings: undefined, ifNoneMatch: undefined }, true).status).toBe(200);
  });
});

interface Got {
  readonly status: number | undefined;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly length: number;
}

const get = (url: URL, path: string, headers: Readonly<Record<string, string>> = {}): Promise<Got> =>
  new Promise((resolve, reject) => {
    const asking = request({ host: url.hostname, port: url.port, path, headers, agent: false }, (response) => {
      let length = 0;
      response.on("data", (chunk: Buffer) => (length += chunk.length)).on("end", () => resolve({ status: response.statusCode, headers: response.headers, length }));
    });
    asking.on("error", reject).end();
  });

describe("cxl-sandbox serve", () => {
  const child = spawn(process.execPath, [main, "serve", "--port", "0"], { stdio: ["ignore", "pipe", "pipe"] });
  let url: URL;
  let stderr = "";
  child.stderr.on("data", (chunk: Buffer) => void (stderr += String(chunk)));
  const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
  beforeAll(async () => {
    const line = await new Promise<string>((resolve, reject) => {
      child.stdout.once("data", (chunk: Buffer) => resolve(String(chunk)));
      child.once("exit", () => reject(new Error(`serve ended: ${stderr}`)));
    });
    expect(line).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/\n$/);
    url = new URL(line.trim());
  });
  afterAll(() => child.kill("SIGKILL"));

  it("hands out the built page and its files, and no more", async () => {
    const page = await get(url, "/");
    expect(page).toMatchObject({ status: 200, headers: { "content-security-policy": contentPolicy, "content-type": "text/html; charset=utf-8" } });
    const { etag } = page.headers as { readonly etag: string };
    expect(await get(url, "/", { "if-none-match": etag })).toMatchObject({ status: 304, length: 0 });
    expect((await get(url, "/../package.json")).status).toBe(404);
    expect((await get(url, "/", { host: "evil.example" })).status).toBe(421);
  });

  it("says on a taken port what to do", async () => {
    const { status, stderr: said, stdout } = spawnSync(process.execPath, [main, "serve", "--port", url.port], { encoding: "utf8", timeout: 60_000 });
    expect([status, stdout, said]).toEqual([1, "", `cxl-sandbox: port ${url.port} is taken; name another with --port, or take any free one with --port 0\n`]);
  });

  it("ends with 0 when it is told to, though a browser still holds a connection", async () => {
    const held = connect(Number(url.port), url.hostname);
    await new Promise((resolve) => held.once("connect", resolve));
    held.on("error", () => undefined);
    child.kill("SIGTERM");
    expect(await ended).toBe(0);
    expect(stderr).toBe("");
    held.destroy();
  });

  it("warns when others can reach it, and ends by Ctrl-C", async () => {
    const open = spawn(process.execPath, [main, "serve", "--port", "0", "--host", "0.0.0.0"], { stdio: ["ignore", "pipe", "pipe"] });
    let warned = "";
    open.stderr.on("data", (chunk: Buffer) => void (warned += String(chunk)));
    const done = new Promise<number | null>((resolve) => open.once("exit", resolve));
    const line = await new Promise<string>((resolve) => void open.stdout.once("data", (chunk: Buffer) => resolve(String(chunk))));
    expect(line).toMatch(/^http:\/\/localhost:\d+\/\n$/);
    expect((await get(new URL(line.trim()), "/", { host: "lab7.example" })).status).toBe(200);
    open.kill("SIGINT");
    expect(await done).toBe(0);
    expect(warned).toContain("warning: listening at 0.0.0.0: everybody who reaches this machine can open the page");
  });

  it.each([[["--port", "70000"], '--port "70000" is no number from 0 to 65535'], [["--port", "x"], '--port "x" is no number'], [["first.yaml"], 'serve takes no "first.yaml"'], [["--host", ""], "--host names no address"], [["--prot", "1"], "Unknown option '--prot'"]])("%j is wrong usage", (argv, said) => {
    const { status, stderr: words } = spawnSync(process.execPath, [main, "serve", ...argv], { encoding: "utf8", timeout: 60_000 });
    expect([status, words]).toEqual([2, expect.stringContaining(said)]);
  });

  it("an address that is not this machine's is told as one", () => {
    const { status, stderr: said } = spawnSync(process.execPath, [main, "serve", "--port", "0", "--host", "192.0.2.1"], { encoding: "utf8", timeout: 60_000 });
    expect([status, said]).toEqual([1, 'cxl-sandbox: "192.0.2.1" is no address of this machine; leave --host out for 127.0.0.1\n']);
  });
});
