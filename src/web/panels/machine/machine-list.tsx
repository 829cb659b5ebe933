// The machine as nested lists: the drawing in words.

import { useSignal } from "@preact/signals";
import type { MachineLook } from "../../../sandbox/live/machine-types.ts";
import type { Item } from "./tree.ts";
import { treeOf } from "./tree.ts";

function Entry({ item, onPick }: { readonly item: Item; onPick(id: string): void }) {
  return (
    <li>
      <button type="button" class="machine-entry" onClick={() => onPick(item.id)}>{item.label}</button>
      {item.below.length > 0 && <ul>{item.below.map((one) => <Entry key={one.id} item={one} onPick={onPick} />)}</ul>}
    </li>
  );
}

export function MachineList({ look, onPick }: { readonly look: MachineLook; onPick(id: string): void }) {
  const isOpen = useSignal(false);
  return (
    <details class="machine-list" onToggle={(event) => (isOpen.value = event.currentTarget.open)}>
      <summary>The machine as a list</summary>
      {isOpen.value && <ul><Entry item={treeOf(look)} onPick={onPick} /></ul>}
      {isOpen.value && look.loose.length > 0 && <p>dax devices of no region: {look.loose.map(({ name, words }) => `${name}, ${words}`).join("; ")}.</p>}
    </details>
  );
}
