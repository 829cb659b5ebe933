// The bundled scenarios, by theme: a field to search with and a list to choose from.

import { useSignal } from "@preact/signals";
import { useEffect, useId, useRef } from "preact/hooks";
import type { LibraryEntry, LibraryIndex, LibraryTheme } from "../../library/library.ts";
import { libraryFile, libraryIndex, runFromLibrary, searchLibrary } from "../../library/library.ts";
import type { PageStore } from "../../store/contract.ts";
import "./library.css";

export function LibraryPanel({ store }: { readonly store: PageStore }) {
  const index = useSignal<LibraryIndex | null | "failed">(null);
  const load = (): void => {
    index.value = null;
    libraryIndex().then((loaded) => (index.value = loaded), () => (index.value = "failed"));
  };
  useEffect(load, []);
  if (index.value === null) return <p class="empty">The library is being loaded.</p>;
  if (index.value === "failed") return <div class="empty" role="alert"><p>The library could not be loaded.</p><button type="button" onClick={load}>Try again</button></div>;
  return <LibraryList index={index.value} current={store.document.value.file} open={(path) => void runFromLibrary(store, path)} />;
}

interface Group {
  readonly theme: LibraryTheme;
  readonly entries: readonly LibraryEntry[];
}

const folderOf = (path: string): string => path.slice(0, Math.max(path.indexOf("/"), 0));

/** Entries by folder: folders that the README speaks of in its order, then the others. */
export function grouped({ themes, entries }: LibraryIndex, found: readonly LibraryEntry[]): readonly Group[] {
  const others = [...new Set(entries.map(({ path }) => folderOf(path)))].filter((folder) => !themes.some((theme) => theme.folder === folder)).map((folder) => ({ folder, about: "" }));
  return [...themes, ...others].map((theme) => ({ theme, entries: found.filter(({ path }) => folderOf(path) === theme.folder) })).filter((group) => group.entries.length > 0);
}

/** How a key moves the choice among `count` entries; undefined: it is no key of the list. */
export function moved(key: string, at: number, count: number): number | undefined {
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, PageDown: at + 10, PageUp: at - 10 }[key];
  return to === undefined ? undefined : Math.min(Math.max(to, 0), count - 1);
}

interface LibraryListProps {
  readonly index: LibraryIndex;
  /** File that is open. */
  readonly current: string;
  readonly open: (path: string) => void;
}

export function LibraryList({ index, current, open }: LibraryListProps) {
  const id = useId();
  const list = useRef<HTMLDivElement>(null);
  const query = useSignal("");
  const chosen = useSignal(-1);
  const groups = grouped(index, searchLibrary(index.entries, query.value));
  const flat = groups.flatMap(({ entries }) => entries);
  const optionId = (path: string): string => `${id}-${path}`;
  const active = flat[chosen.value];
  useEffect(() => {
    list.current?.querySelector("[data-active]")?.scrollIntoView({ block: "nearest" });
  });
  const onKeyDown = (event: KeyboardEvent): void => {
    const to = moved(event.key, chosen.value, flat.length);
    if (to !== undefined) chosen.value = to;
    else if (event.key === "Enter" && flat.length > 0) open((active ?? flat[0])?.path ?? "");
    else if (event.key === "Escape" && query.value !== "") [query.value, chosen.value] = ["", -1];
    else return;
    event.preventDefault();
  };
  return (
    <div class="library">
      <div class="library-search">
        <label for={`${id}-search`}>Search {index.entries.length} scenarios</label>
        <input
          id={`${id}-search`}
          type="search"
          role="combobox"
          list={undefined}
          aria-expanded="true"
          aria-autocomplete="list"
          aria-controls={`${id}-list`}
          aria-activedescendant={active === undefined ? undefined : optionId(active.path)}
          placeholder="name, folder, fault, outcome"
          autocomplete="off"
          spellcheck={false}
          value={query.value}
          onInput={(event) => {
            query.value = event.currentTarget.value;
            chosen.value = event.currentTarget.value.trim() === "" ? -1 : 0;
          }}
          onKeyDown={onKeyDown}
        />
        <p role="status" class="library-count">{flat.length === 0 ? "No scenario has all these words." : `${flat.length} of ${index.entries.length}; arrow keys choose, Enter opens.`}</p>
      </div>
      <div class="library-list" role="listbox" id={`${id}-list`} aria-label="Scenarios" ref={list}>
        {groups.map(({ theme, entries }) => (
          <div role="group" aria-labelledby={`${id}-${theme.folder}-title`} key={theme.folder}>
            <div class="library-theme" role="presentation">
              <b id={`${id}-${theme.folder}-title`}>{theme.folder}</b> {theme.about}
            </div>
            {entries.map((entry) => (
              <Option key={entry.path} id={optionId(entry.path)} entry={entry} isActive={entry === active} isCurrent={libraryFile(entry.path) === current} open={open} />
            ))}
          </div>
        ))}
      </div>
    </div>
  );
}

function Option({ id, entry, isActive, isCurrent, open }: { readonly id: string; readonly entry: LibraryEntry; readonly isActive: boolean; readonly isCurrent: boolean; readonly open: (path: string) => void }) {
  const { path, title, faults, outcome } = entry;
  return (
    <div id={id} class="library-entry" role="option" aria-selected={isActive} aria-current={isCurrent ? "true" : undefined} data-active={isActive ? "" : undefined} title={entry.about} onClick={() => open(path)}>
      <span class="library-title">{title}</span>
      <span class="library-path">{path}{isCurrent && " (open)"}</span>
      <span class="library-facts">{[...faults, outcome === "" ? "" : `→ ${outcome}`].filter((word) => word !== "").join(" ")}</span>
    </div>
  );
}
