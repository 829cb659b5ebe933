// Listens before anybody else in this worker does.

{
  let seen = 0;
  globalThis.addEventListener("message", (event) => {
    if (++seen < 3) return;
    event.stopImmediatePropagation();
    globalThis.close();
  });
}
