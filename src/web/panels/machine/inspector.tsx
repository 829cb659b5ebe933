// Facts of what is picked, in words; what changed since the position before is marked.

import type { ComponentChildren } from "preact";
import type { Item } from "./tree.ts";
import { changesOf } from "./tree.ts";

const kindOf = ({ thing }: Item): string => (thing.kind === "part" ? thing.part.kind : thing.kind);

/** Number of facts that changed, in words. */
const changedWords = (count: number): string => (count === 0 ? "nothing changed since the position before" : `${count} changed since the position before`);

export function Inspector({ item, before, onClose, children }: { readonly item: Item; /** The same thing at the position before. */ readonly before: Item | null; readonly onClose: () => void; readonly children?: ComponentChildren }) {
  const changes = changesOf(item.facts, before?.facts);
  return (
    <section class="machine-inspector" aria-label={`Facts of ${item.name}`}>
      <header>
        <h3>{item.name}</h3>
        <span class="machine-kind">{kindOf(item)}{item.thing.kind === "part" && item.thing.part.address !== "" ? ` · ${item.thing.part.address}` : ""}</span>
        <button type="button" class="machine-close" aria-label="Close the facts" title="Close" onClick={onClose}>✕</button>
      </header>
      {children}
      <table>
        <caption class="machine-caption">{before === null ? "" : changedWords(changes.size)}</caption>
        <tbody>
          {item.facts.map(({ label, value }) => (
            <tr key={label} class={changes.has(label) ? "changed" : ""}>
              <th scope="row">{label}</th>
              <td>
                {value}
                {changes.has(label) && <small class="machine-was">changed, was {changes.get(label)}</small>}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
