// The page around its panels: bars, areas with tabs, what lies over them, and the keys.

import { useEffect, useMemo } from "preact/hooks";
import { useSignal } from "@preact/signals";
import { libraryIndex, runFromLibrary } from "./library/library.ts";
import { OpeningLayer } from "./opening/opening-layer.tsx";
import { FailureBanner } from "./panels/outcome/failure-banner.tsx";
import { panels as allPanels } from "./panels.ts";
import type { Panel } from "./panels.ts";
import { actionsOf, keyWords } from "./shell/actions.ts";
import type { Action } from "./shell/actions.ts";
import { Areas, focusArea } from "./shell/areas.tsx";
import { Help } from "./shell/help.tsx";
import { listenForKeys } from "./shell/keys.ts";
import { DeathBar, NoticeBar } from "./shell/notices.tsx";
import { Palette } from "./shell/palette.tsx";
import type { Entry } from "./shell/palette.tsx";
import { followTheme } from "./shell/theme.ts";
import { PlayerBar, TitleBar } from "./shell/toolbar.tsx";
import type { PageStore } from "./store/contract.ts";

interface AppProps {
  readonly store: PageStore;
  /** Those of the page, where none are given. */
  readonly panels?: readonly Panel[];
}

/** Which area a panel of the page stands in. */
export const areaOf = (id: string): Panel["area"] | undefined => allPanels.find((panel) => panel.id === id)?.area;

function entriesOf(store: PageStore, actions: readonly Action[], panels: readonly Panel[]): readonly Entry[] {
  const forActions = actions.filter(({ id }) => id !== "palette").map(({ id, title, key, run }): Entry => ({ id: `action ${id}`, kind: "action", title, run, ...(key === undefined ? {} : { keys: keyWords(key) }) }));
  const open = ({ id, area }: Panel): void => {
    store.show(id);
    // Once its tab is the shown one.
    requestAnimationFrame(() => focusArea(area));
  };
  return [...forActions, ...panels.map((panel): Entry => ({ id: `panel ${panel.id}`, kind: "panel", title: panel.title, run: () => open(panel) }))];
}

/** Bundled scenarios as entries; each is run when it is chosen. */
const scenariosOf = (store: PageStore) => async (): Promise<readonly Entry[]> =>
  (await libraryIndex()).entries.map(({ path, title }): Entry => ({ id: `scenario ${path}`, kind: "scenario", title, detail: path, run: () => void runFromLibrary(store, path) }));

const areaOrder: readonly Panel["area"][] = ["left", "main", "side", "bottom"];

/** The area behind the one that has the focus, or before it. */
function nextArea(step: 1 | -1): void {
  const areas = areaOrder.filter((area) => document.querySelector(`[data-area=${area}]:not([hidden])`) !== null);
  const at = areas.findIndex((area) => document.querySelector(`[data-area=${area}]`)?.contains(document.activeElement) === true);
  const next = areas[at < 0 ? (step > 0 ? 0 : areas.length - 1) : (at + step + areas.length) % areas.length];
  if (next !== undefined) focusArea(next);
}

export function App({ store, panels = allPanels }: AppProps) {
  const over = useSignal<"palette" | "help" | null>(null);
  const actions = useMemo(() => actionsOf(store, {
    openPalette: () => (over.value = "palette"),
    openHelp: () => (over.value = "help"),
    focusMark: () => document.querySelector<HTMLElement>("#mark")?.focus(),
    nextArea,
  }), [store, over]);
  useEffect(() => listenForKeys(actions), [actions]);
  useEffect(() => followTheme(store), [store]);
  const loadMore = useMemo(() => scenariosOf(store), [store]);
  // A dialog's end is told late, when what was chosen in it may have opened another.
  const closerOf = (what: "palette" | "help") => (): void => {
    if (over.peek() === what) over.value = null;
  };
  return (
    <>
      <a class="skip" href="#areas" onClick={(event) => {
        event.preventDefault();
        nextArea(1);
      }}>Skip to the scenario</a>
      <header class="bars">
        <TitleBar store={store} actions={actions} />
        <PlayerBar store={store} actions={actions} />
      </header>
      <DeathBar store={store} />
      <FailureBanner store={store} />
      <NoticeBar store={store} />
      <OpeningLayer store={store} />
      <Areas store={store} panels={panels} />
      {over.value === "palette" ? <Palette entries={entriesOf(store, actions, panels)} loadMore={loadMore} onClose={closerOf("palette")} /> : null}
      {over.value === "help" ? <Help actions={actions} onClose={closerOf("help")} /> : null}
    </>
  );
}
