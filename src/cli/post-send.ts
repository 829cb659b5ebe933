// One result to the collector: HTTP POST with its key, tried again with growing pauses while the collector is away.

/** What sending needs of its surroundings. */
export interface Surroundings {
  readonly token: string | undefined;
  /** Milliseconds. */
  readonly sleep: (time: number) => Promise<void>;
  /** 0 to 1, for pauses that differ. */
  readonly random: () => number;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Ends a request that takes longer than so many milliseconds. */
  readonly timeout: (time: number) => AbortSignal;
}

/**
 * `sent`: the collector has it. `refused`: it does not want this one. `away`: it cannot be reached now, what waits goes on waiting. `misdirected`: address or
 * credentials are wrong, and would be for every other.
 */
export interface Answer {
  readonly state: "sent" | "refused" | "away" | "misdirected";
  readonly reason: string;
}

const attempts = 5;
const firstPause = 500;
/** A collector that asks for a longer pause gets the result the next time. */
const longestPause = 30_000;
const requestTime = 10_000;

/** The address without what may be secret in it, for messages. */
export function shownUrl(url: URL): string {
  return `${url.origin}${url.pathname}${url.search === "" ? "" : "?..."}`;
}

function headersOf(url: URL, key: string, token: string | undefined): Record<string, string> {
  const basic = url.username === "" && url.password === "" ? undefined : `Basic ${Buffer.from(`${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`).toString("base64")}`;
  const authorization = token === undefined ? basic : `Bearer ${token}`;
  return { "content-type": "application/json", "idempotency-key": key, ...(authorization === undefined ? {} : { authorization }) };
}

/** Milliseconds that a collector asks for: seconds, or a date. */
function askedPause(header: string | null, now: number): number | undefined {
  if (header === null) return undefined;
  if (/^\d{1,9}$/.test(header.trim())) return Number(header) * 1000;
  const until = Date.parse(header);
  return Number.isNaN(until) ? undefined : Math.max(0, until - now);
}

/** Statuses that say: the same request may do later (RFC 9110, 6585; a key whose first request is still under way). */
const passing = [408, 409, 425, 429];
/** Statuses that are about the address or the sender, not about what is sent. */
const misdirecting = [401, 403, 404, 405, 407, 410];

function judge(status: number): Answer["state"] {
  if (status >= 200 && status < 300) return "sent";
  if (status >= 500 || passing.includes(status)) return "away";
  return status < 400 || misdirecting.includes(status) ? "misdirected" : "refused";
}

const advice: Readonly<Record<number, string>> = { 401: "; is CXL_SANDBOX_POST_TOKEN right?", 403: "; is CXL_SANDBOX_POST_TOKEN right?", 413: "; the result is too large for the collector" };

interface Attempt extends Answer {
  readonly pause: number | undefined;
}

async function once(url: URL, key: string, body: string, { token, now, timeout }: Surroundings): Promise<Attempt> {
  const target = new URL(url);
  target.username = "";
  target.password = "";
  try {
    const response = await fetch(target, { method: "POST", body, redirect: "manual", headers: headersOf(url, key, token), signal: timeout(requestTime) });
    // What it answers besides is not read; that a reader elsewhere may still hold it is no matter here.
    void response.body?.cancel().catch(() => undefined);
    const { status } = response;
    const state = judge(status);
    const redirect = status >= 300 && status < 400 ? "; redirects are not followed, give the address that it leads to" : "";
    return { state, reason: `HTTP status ${status}${redirect}${advice[status] ?? ""}`, pause: askedPause(response.headers.get("retry-after"), now()) };
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    const isLate = error instanceof Error && (error.name === "TimeoutError" || error.name === "AbortError");
    return { state: "away", reason: isLate ? `no answer in ${requestTime / 1000} s` : cause instanceof Error ? cause.message : String(cause), pause: undefined };
  }
}

/** Sends one result, and again while the collector is away. The key is the same each time, so that one whose answer was lost is not new. */
export async function send(url: URL, key: string, body: string, surroundings: Surroundings): Promise<Answer> {
  for (let attempt = 1; ; attempt++) {
    const { state, reason, pause } = await once(url, key, body, surroundings);
    if (state !== "away") return { state, reason };
    const own = firstPause * 2 ** (attempt - 1) * (0.5 + surroundings.random());
    const wait = Math.max(own, pause ?? 0);
    if (attempt === attempts || wait > longestPause) return { state, reason: attempt === 1 ? reason : `${reason}, after ${attempt} attempts` };
    await surroundings.sleep(wait);
  }
}
