// One area of the page: its panels as tabs, as the ARIA practices describe them. The arrow keys go round, Home and End to the ends.

import { useEffect, useRef } from "preact/hooks";
import type { Panel } from "../panels.ts";
import { Shown } from "../panels/shown.ts";
import type { PageStore } from "../store/contract.ts";

type Area = Panel["area"];

export const areaNames: Readonly<Record<Area, string>> = { left: "Scenario", main: "Machine", side: "Details", bottom: "Time line" };

/** Where an arrow key leads; undefined: it is none. */
function nextOf(key: string, at: number, count: number): number | undefined {
  if (key === "ArrowRight" || key === "ArrowDown") return (at + 1) % count;
  if (key === "ArrowLeft" || key === "ArrowUp") return (at + count - 1) % count;
  if (key === "Home") return 0;
  return key === "End" ? count - 1 : undefined;
}

interface TabListProps {
  readonly store: PageStore;
  readonly area: Area;
  readonly panels: readonly Panel[];
  readonly shown: Panel;
}

function TabList({ store, area, panels, shown }: TabListProps) {
  const list = useRef<HTMLDivElement>(null);
  // In a narrow row the tab of a panel that was shown from elsewhere is brought in, and nothing else moves.
  useEffect(() => {
    const row = list.current;
    const tab = row?.querySelector<HTMLElement>(`#tab-${shown.id}`);
    if (row === null || tab === null || tab === undefined) return;
    row.scrollLeft = Math.min(tab.offsetLeft, Math.max(row.scrollLeft, tab.offsetLeft + tab.offsetWidth - row.clientWidth));
  }, [shown.id]);
  const onKeyDown = (event: KeyboardEvent): void => {
    const next = nextOf(event.key, panels.indexOf(shown), panels.length);
    const panel = next === undefined ? undefined : panels[next];
    if (panel === undefined) return;
    event.preventDefault();
    store.show(panel.id);
    list.current?.querySelector<HTMLElement>(`#tab-${panel.id}`)?.focus();
  };
  return (
    <div class="tabs" role="tablist" aria-label={areaNames[area]} ref={list} onKeyDown={onKeyDown}>
      {panels.map((panel) => (
        <button key={panel.id} type="button" role="tab" id={`tab-${panel.id}`} aria-selected={panel === shown} aria-controls={`panel-${panel.id}`} tabIndex={panel === shown ? 0 : -1} onClick={() => store.show(panel.id)}>
          {panel.title}
        </button>
      ))}
    </div>
  );
}

/** The shown panel is there, and those that keep what they hold (`isKept`) once they have been shown. */
export function AreaView({ store, area, panels, isFolded }: { readonly store: PageStore; readonly area: Area; readonly panels: readonly Panel[]; readonly isFolded: boolean }) {
  const visited = useRef(new Set<string>()).current;
  const wanted = store.shown.value[area];
  const shown = panels.find(({ id }) => id === wanted) ?? panels[0];
  if (shown === undefined) return null;
  if (shown.isKept === true) visited.add(shown.id);
  const mounted = panels.filter((panel) => panel === shown || visited.has(panel.id));
  return (
    <section id={`area-${area}`} class={`area area-${area}`} data-area={area} aria-label={areaNames[area]} hidden={isFolded}>
      <TabList store={store} area={area} panels={panels} shown={shown} />
      {mounted.map(({ id, title, component: Component }) => (
        <div key={id} class="panel" role="tabpanel" id={`panel-${id}`} aria-labelledby={`tab-${id}`} tabIndex={0} hidden={id !== shown.id}>
          <h2 class="unseen">{title}</h2>
          <Shown.Provider value={id === shown.id && !isFolded}><Component store={store} /></Shown.Provider>
        </div>
      ))}
    </section>
  );
}
