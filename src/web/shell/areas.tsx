// The areas of the page: side by side with bars between them, or, on a narrow screen, one below the other in the order of reading.

import { useEffect, useMemo } from "preact/hooks";
import { signal, useSignal, useSignalEffect } from "@preact/signals";
import type { Panel } from "../panels.ts";
import type { PageStore } from "../store/contract.ts";
import type { AreaSize } from "./splitter.tsx";
import { Splitter, keptSize } from "./splitter.tsx";
import { AreaView } from "./tabs.tsx";

type Area = Panel["area"];

const narrow = "(max-width: 700px)";
/** On a narrow screen what happened comes before the text. */
const readingOrder: readonly Area[] = ["main", "bottom", "side", "left"];

/** Puts the focus on the shown tab of an area, with its panel in the window; unfolds nothing. */
export function focusArea(area: Area): void {
  const tab = document.querySelector<HTMLElement>(`[data-area=${area}] [role=tab][aria-selected=true]`);
  tab?.focus();
  tab?.scrollIntoView({ block: matchMedia(narrow).matches ? "start" : "nearest" });
}

/** Whether a media query holds, as a signal. */
function useMedia(query: string) {
  const holds = useSignal(matchMedia(query).matches);
  useEffect(() => {
    const list = matchMedia(query);
    const hear = (): void => {
      holds.value = list.matches;
    };
    list.addEventListener("change", hear);
    return () => list.removeEventListener("change", hear);
  }, [query, holds]);
  return holds;
}

function sizesOf(): Readonly<Record<"left" | "side" | "bottom", AreaSize>> {
  const wide = () => Math.round(innerWidth * 0.6);
  const high = () => Math.round(innerHeight * 0.7);
  return {
    left: { name: "left", least: 200, most: wide, size: signal(keptSize("left", Math.round(innerWidth * 0.3))) },
    side: { name: "side", least: 200, most: wide, size: signal(keptSize("side", Math.round(innerWidth * 0.3))) },
    bottom: { name: "bottom", least: 96, most: high, size: signal(keptSize("bottom", Math.round(innerHeight * 0.3))) },
  };
}

/** A panel that is asked for is seen: its area is unfolded. */
function useUnfolding({ asked }: PageStore, panels: readonly Panel[], sizes: ReturnType<typeof sizesOf>): void {
  useSignalEffect(() => {
    const area = panels.find(({ id }) => id === asked.value?.panel)?.area;
    if (area === undefined || area === "main") return;
    const { size, least } = sizes[area];
    if (size.peek() === 0) size.value = 1.5 * least;
  });
}

export function Areas({ store, panels }: { readonly store: PageStore; readonly panels: readonly Panel[] }) {
  const isNarrow = useMedia(narrow).value;
  const sizes = useMemo(sizesOf, []);
  const of = (area: Area): readonly Panel[] => panels.filter((panel) => panel.area === area);
  useUnfolding(store, panels, sizes);
  const isFolded = (area: Area): boolean => !isNarrow && area !== "main" && sizes[area].size.value === 0;
  const view = (area: Area) => <AreaView key={area} store={store} area={area} panels={of(area)} isFolded={isFolded(area)} />;
  if (isNarrow) return <main id="areas" class="areas narrow">{readingOrder.map(view)}</main>;
  const has = (area: Area): boolean => of(area).length > 0;
  const size = (area: "left" | "side" | "bottom"): string => (has(area) ? `minmax(0, ${sizes[area].size.value}px)` : "0px");
  // An area without panels gives its room to its neighbours; in a window that became small the areas beside the machine give way.
  const columns = has("main") ? `${size("left")} auto minmax(16rem, 1fr) auto ${size("side")}` : has("left") ? `${size("left")} auto 0 auto minmax(0, 1fr)` : "0 auto 0 auto minmax(0, 1fr)";
  return (
    <main id="areas" class="areas wide" style={{ gridTemplateColumns: columns, gridTemplateRows: `minmax(12rem, 1fr) auto ${size("bottom")}` }}>
      {view("left")}
      {has("left") ? <Splitter area={sizes.left} label="Width of the scenario" controls="area-left" orientation="vertical" direction={1} /> : null}
      {view("main")}
      {has("main") && has("side") ? <Splitter area={sizes.side} label="Width of the details" controls="area-side" orientation="vertical" direction={-1} /> : null}
      {view("side")}
      {has("bottom") ? <Splitter area={sizes.bottom} label="Height of the time line" controls="area-bottom" orientation="horizontal" direction={-1} /> : null}
      {view("bottom")}
    </main>
  );
}
