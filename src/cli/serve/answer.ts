// What a request for the page is answered with. Nothing here touches the disk or the net.

import type { Site, SiteFile } from "./site.ts";

/** The page's own policy (src/web/index.html), and who may frame it, which only a header can say. */
export const contentPolicy =
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; worker-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'";

/** Of every answer. */
const common: Readonly<Record<string, string>> = {
  "content-security-policy": contentPolicy,
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-resource-policy": "same-origin",
};

export interface Asked {
  readonly method: string;
  /** As it stands in the request. */
  readonly target: string;
  readonly host: string | undefined;
  readonly encodings: string | undefined;
  readonly ifNoneMatch: string | undefined;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | null;
}

const loopbackNames = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d{1,5})?$/i;

/** A page of another site can have its own name lead here (DNS rebinding): then the request names that site. */
const isLoopbackHost = (host: string | undefined): boolean => host !== undefined && loopbackNames.test(host);

function plain(status: number, text: string, isHead: boolean, more: Readonly<Record<string, string>> = {}): Answer {
  const body = Buffer.from(`${text}\n`);
  return { status, headers: { ...common, ...more, "content-type": "text/plain; charset=utf-8", "content-length": String(body.length), "cache-control": "no-store" }, body: isHead ? null : body };
}

/** The path below the page, decoded once; undefined: it is none. */
function pathOf(target: string): string | undefined {
  if (!target.startsWith("/")) return undefined;
  try {
    const path = decodeURIComponent(target.slice(1).split(/[?#]/, 1)[0] ?? "");
    return /[\0\\]/.test(path) ? undefined : path === "" ? "index.html" : path;
  } catch {
    return undefined;
  }
}

/** Whether the reader takes gzip: named, or by `*`, and not with a weight of nothing. */
function takesGzip(encodings: string | undefined): boolean {
  const weights = new Map((encodings ?? "").toLowerCase().split(",").map((one) => [one.split(";")[0]?.trim() ?? "", !/;\s*q=0(?:\.0*)?\s*$/.test(one)] as const));
  return weights.get("gzip") ?? weights.get("*") ?? false;
}

const isKnown = ({ etag }: SiteFile, ifNoneMatch: string | undefined): boolean =>
  ifNoneMatch !== undefined && (ifNoneMatch.trim() === "*" || ifNoneMatch.split(",").some((one) => one.trim().replace(/^W\//, "") === etag.slice(2)));

/** `isOpen`: the server can be reached from elsewhere, by names that it does not know. */
export function answerTo(site: Site, { method, target, host, encodings, ifNoneMatch }: Asked, isOpen: boolean): Answer {
  const isHead = method === "HEAD";
  if (!isOpen && !isLoopbackHost(host)) return plain(421, "this server answers to localhost only", isHead);
  if (method !== "GET" && !isHead) return plain(405, "only GET and HEAD", isHead, { allow: "GET, HEAD" });
  const path = pathOf(target);
  if (path === undefined) return plain(400, "no such path can be", isHead);
  const file = site.get(path);
  if (file === undefined) return plain(404, "not found", isHead);
  const headers = { ...common, etag: file.etag, "cache-control": file.isImmutable ? "public, max-age=31536000, immutable" : "no-cache", vary: "accept-encoding" };
  if (isKnown(file, ifNoneMatch)) return { status: 304, headers, body: null };
  const zipped = takesGzip(encodings) ? file.gzip() : null;
  const body = zipped ?? file.bytes;
  return { status: 200, headers: { ...headers, "content-type": file.type, "content-length": String(body.length), ...(zipped === null ? {} : { "content-encoding": "gzip" }) }, body: isHead ? null : body };
}
