// What the page has to say beside its panels: a notice that does not stand in the way, and the end of the worker.

import { shownText } from "../shown-text.ts";
import type { PageStore } from "../store/contract.ts";
import { Icon } from "./icon.tsx";

export function NoticeBar({ store }: { readonly store: PageStore }) {
  const notice = store.notice.value;
  // The place is always there, so that what comes into it is read out.
  return (
    <div class="notices">
      <div role="alert">{notice?.kind === "problem" ? <NoticeBody store={store} /> : null}</div>
      <div role="status">{notice?.kind === "info" ? <NoticeBody store={store} /> : null}</div>
    </div>
  );
}

function NoticeBody({ store }: { readonly store: PageStore }) {
  const notice = store.notice.value;
  if (notice === null) return null;
  const { action } = notice;
  const close = (): void => {
    if (store.notice.peek() === notice) store.notice.value = null;
  };
  const act = (): void => {
    close();
    action?.run();
  };
  return (
    <p class={`notice ${notice.kind}`}>
      <span class="words">{shownText(notice.text)}</span>
      {action === undefined ? null : <button type="button" onClick={act}>{shownText(action.label)}</button>}
      <button type="button" class="tool" aria-label="Dismiss" title="Dismiss" onClick={close}><Icon name="close" /></button>
    </p>
  );
}

export function DeathBar({ store }: { readonly store: PageStore }) {
  const death = store.death.value;
  return (
    <div role="alert">
      {death === null ? null : (
        <p class="notice problem death">
          <span class="words">The machine's worker has ended, and the run with it ({death}). Your text is still here.</span>
          <button type="button" onClick={() => void store.restart()}>Restart</button>
        </p>
      )}
    </div>
  );
}
