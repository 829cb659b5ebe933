// The page without a network: a service worker that keeps its files. Only of the built page, and only where browsers allow one.

/** Resolves when it is registered; false: it is not, and nothing is lost but that. */
export async function keepForOffline(): Promise<boolean> {
  if (!import.meta.env.PROD || !isSecureContext || !("serviceWorker" in navigator)) return false;
  // What is on the screen comes first.
  if (document.readyState !== "complete") await new Promise((resolve) => addEventListener("load", resolve, { once: true }));
  try {
    await navigator.serviceWorker.register("./offline.js", { scope: "./" });
    return true;
  } catch {
    // Frames without the right, private windows: the page works all the same.
    return false;
  }
}
