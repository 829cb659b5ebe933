// A panel whose code is fetched when it is first shown.

import type { ComponentType } from "preact";
import { useEffect } from "preact/hooks";
import { useSignal } from "@preact/signals";
import type { PageStore } from "./store/contract.ts";

type PanelComponent = ComponentType<{ readonly store: PageStore }>;

type Loading = { readonly kind: "loading" } | { readonly kind: "loaded"; readonly component: PanelComponent } | { readonly kind: "failed"; readonly reason: string };

/** `title`: what is loaded, for the reader who waits. */
export function lazy(title: string, load: () => Promise<PanelComponent>): PanelComponent {
  // Code is loaded once for the page, whoever asks first; a failure is tried again.
  let loaded: PanelComponent | null = null;
  return function Lazy({ store }) {
    const state = useSignal<Loading>(loaded === null ? { kind: "loading" } : { kind: "loaded", component: loaded });
    const fetchIt = async (): Promise<void> => {
      state.value = { kind: "loading" };
      try {
        loaded = await load();
        state.value = { kind: "loaded", component: loaded };
      } catch (error) {
        state.value = { kind: "failed", reason: error instanceof Error ? error.message : String(error) };
      }
    };
    useEffect(() => {
      if (loaded === null) void fetchIt();
    }, []);
    if (state.value.kind === "loaded") {
      const Component = state.value.component;
      return <Component store={store} />;
    }
    if (state.value.kind === "loading") return <p class="empty" aria-busy="true">{title}: loading …</p>;
    return (
      <div class="empty" role="alert">
        <p>{title} could not be loaded: {state.value.reason}</p>
        <button type="button" onClick={() => void fetchIt()}>Try again</button>
      </div>
    );
  };
}
