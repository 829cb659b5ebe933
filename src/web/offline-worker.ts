// The service worker: keeps every built file of one version, and answers from that version alone. The build puts `version` and `files` before this text
// (src/web/build/offline.ts). A newer version is kept beside it and takes over when the page is next loaded while no other shows the old one.

/** As much of a service worker's scope as is used here; TypeScript's DOM library has none. */
interface Scope {
  readonly registration: { readonly scope: string; readonly waiting: { postMessage(message: string): void } | null };
  readonly clients: { matchAll(options: { readonly type: "window" }): Promise<readonly unknown[]> };
  skipWaiting(): Promise<void>;
  addEventListener(type: "install" | "activate", listener: (event: { waitUntil(work: Promise<unknown>): void }) => void): void;
  addEventListener(type: "message", listener: (event: { readonly data: unknown }) => void): void;
  addEventListener(type: "fetch", listener: (event: { readonly request: Request; respondWith(answer: Promise<Response>): void }) => void): void;
}
declare const self: Scope;
declare const version: string;
declare const files: readonly string[];

const { scope } = self.registration;
// Several copies of the page may stand on one host, each with versions of its own.
const family = `cxl-sandbox page ${scope} `;
const own = family + version;
const index = new URL("index.html", scope).href;

self.addEventListener("install", (event) => {
  // Past the browser's own cache, where files of an older version may lie under the same name.
  const wanted = files.map((file) => new Request(new URL(file, scope), { cache: "reload" }));
  event.waitUntil(caches.open(own).then((cache) => cache.addAll(wanted)));
});

self.addEventListener("activate", (event) => {
  const old = (names: readonly string[]): string[] => names.filter((name) => name.startsWith(family) && name !== own);
  event.waitUntil(caches.keys().then((names) => Promise.all(old(names).map((name) => caches.delete(name)))));
});

self.addEventListener("message", ({ data }) => {
  if (data === "take over") void self.skipWaiting();
});

async function page(request: Request): Promise<Response> {
  const { waiting } = self.registration;
  if (waiting !== null && (await self.clients.matchAll({ type: "window" })).length < 2) {
    const newer = await newerPage();
    if (newer !== undefined) {
      // Nobody else shows this version: the newer one has the page from here on. What the page asks for until it has taken over has names of its own.
      // eslint-disable-next-line unicorn/require-post-message-target-origin -- A worker has none.
      waiting.postMessage("take over");
      return newer;
    }
  }
  return kept(index, request);
}

/** The page of the version that waits; all files of a version come into its cache at once. */
async function newerPage(): Promise<Response | undefined> {
  for (const name of (await caches.keys()).filter((one) => one.startsWith(family) && one !== own).toReversed()) {
    const found = await (await caches.open(name)).match(index);
    if (found !== undefined) return found;
  }
  return undefined;
}

async function kept(url: string, request: Request): Promise<Response> {
  return (await (await caches.open(own)).match(url)) ?? (await caches.match(url)) ?? fetch(request);
}

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  url.search = "";
  url.hash = "";
  if (request.method !== "GET" || !url.href.startsWith(scope)) return;
  if (request.mode !== "navigate") event.respondWith(kept(url.href, request));
  else if (url.href === scope || url.href === index) event.respondWith(page(request));
});

// eslint-disable-next-line unicorn/require-module-specifiers -- Makes this file a module.
export {};
