// A scenario or a trace from this page's own host: fetched with progress, ended by the reader alone, and never more of it than can be.

import { isTrace, magicLength } from "../store/document.ts";
import { OpeningError, checkSize } from "./received.ts";

/** How far a transfer is, in bytes; `total` null: the host does not say. */
export interface Progress {
  readonly received: number;
  readonly total: number | null;
}

export interface Fetched {
  readonly name: string;
  readonly kind: "trace" | "scenario";
  readonly bytes: Uint8Array;
}

/** The address that is fetched for `address` on the page `page`. @throws OpeningError for any other host than the page's own */
export function ownAddress(address: string, page: string): URL {
  let url: URL;
  try {
    url = new URL(address, page);
  } catch {
    throw new OpeningError(`"${address.slice(0, 200)}" is no address. Write it from this page on, like traces/run.trace.`);
  }
  if (url.origin !== new URL(page).origin || url.origin === "null" || !/^https?:$/.test(url.protocol)) throw new OpeningError(`${url.host === "" ? address.slice(0, 200) : url.host} is another host; files are fetched from this page's own host alone. Download the file there, and open it here or drop it on the page.`);
  url.hash = "";
  return url;
}

const nameOf = (url: URL): string => {
  const last = url.pathname.split("/").at(-1) ?? "";
  try {
    return decodeURIComponent(last) || "scenario.yaml";
  } catch {
    return last;
  }
};

const statusWords: Readonly<Record<number, string>> = { 401: "asks for a login; log in there first, in another tab", 403: "may not be read by you", 404: "is not there; look whether the address is right", 410: "is there no more" };

async function answerOf(url: URL, signal: AbortSignal): Promise<Response> {
  const response = await fetch(url, { signal, credentials: "same-origin" }).catch((error: unknown) => {
    if (signal.aborted) throw error;
    throw new OpeningError(`${url.pathname} could not be fetched: the host does not answer, or sends it on to another host. Look whether you are online, then try again.`);
  });
  if (!response.ok) throw new OpeningError(`${url.pathname} ${statusWords[response.status] ?? "was not given by the host"} (HTTP ${response.status}).`);
  return response;
}

/** Length that the host says; null where it says none that could be held against what comes. */
function lengthOf({ headers }: Response): number | null {
  const length = headers.get("content-length");
  return length === null || headers.has("content-encoding") || !/^\d{1,15}$/.test(length) ? null : Number(length);
}

/** Fetches a file. What the host says of its length is shown and not trusted. @throws OpeningError, or the signal's reason */
export async function fetchFile(url: URL, signal: AbortSignal, hear: (progress: Progress) => void): Promise<Fetched> {
  const name = nameOf(url);
  const response = await answerOf(url, signal);
  const total = lengthOf(response);
  const reader = response.body?.getReader();
  const parts: Uint8Array[] = [];
  let received = 0;
  let kind: Fetched["kind"] | null = null;
  for (;;) {
    const step = await reader?.read().catch((error: unknown) => {
      if (signal.aborted) throw error;
      throw new OpeningError(`${name} came only in part: the connection broke after ${received} bytes. Try again.`);
    });
    if (step === undefined || step.done) break;
    parts.push(step.value);
    received += step.value.length;
    if (kind === null && received >= magicLength) kind = isTrace(joined(parts, received)) ? "trace" : "scenario";
    try {
      if (kind !== null) checkSize(name, received, kind);
    } catch (error) {
      void reader?.cancel().catch(() => undefined);
      throw error;
    }
    hear({ received, total });
  }
  if (total !== null && received < total) throw new OpeningError(`${name} came only in part: ${received} of ${total} bytes. Try again.`);
  return { name, kind: kind ?? "scenario", bytes: joined(parts, received) };
}

function joined(parts: readonly Uint8Array[], length: number): Uint8Array {
  const all = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
