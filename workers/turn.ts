// The end of the current turn of the event loop, when everything that could run now has run.

/** Calls `work` in the next turn. */
export function afterThisTurn(work: () => void): void {
  if (typeof setImmediate === "function") {
    setImmediate(work);
    return;
  }
  const channel = new MessageChannel();
  channel.port1.addEventListener("message", () => {
    channel.port1.close();
    work();
  });
  channel.port1.start();
  channel.port2.postMessage(null);
}
