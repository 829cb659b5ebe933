// The registers of a structure: each with its value, in hexadecimal or by its fields; one of them open.

import type { ComponentChildren } from "preact";
import type { RegisterLook } from "../../../sandbox/live/registers-look.ts";
import { changedBits, fieldWords } from "./bits.ts";
import type { Values } from "./state.ts";

interface RegisterListProps {
  readonly registers: readonly RegisterLook[];
  readonly values: Values;
  readonly open: string | null;
  readonly showsFields: boolean;
  /** Names of registers as they stand, or without their structure's. */
  readonly isWhole: boolean;
  readonly pinned: ReadonlySet<string>;
  readonly onOpen: (register: string | null) => void;
  readonly onPin: (register: string) => void;
  /** What an open register shows. */
  readonly children: (register: RegisterLook) => ComponentChildren;
}

export function RegisterList({ registers, values, open, showsFields, isWhole, pinned, onOpen, onPin, children }: RegisterListProps) {
  return (
    <ul class="registers-list">
      {registers.map((register) => {
        const { name, fields, about } = register;
        const now = values.now[name] ?? "";
        const isChanged = changedBits(now, values.before[name]) !== 0n;
        const isOpen = open === name;
        const words = showsFields ? fieldWords(fields, now) : "";
        return (
          <li key={name} class={isOpen ? "open" : undefined}>
            <div class="registers-head">
              <button type="button" class="registers-name" aria-expanded={isOpen} title={about} onClick={() => onOpen(isOpen ? null : name)}>
                <span class="registers-label">{isWhole ? name : name.slice(name.indexOf(".") + 1)}</span>
                <span class={isChanged ? "registers-mono registers-changed" : "registers-mono"}>{now}</span>
                {isChanged ? <span class="unseen">changed</span> : null}
              </button>
              <button type="button" class="registers-pin" aria-pressed={pinned.has(name)} aria-label={`Pin ${name}`} title={pinned.has(name) ? "Pinned: click to unpin" : "Pin: watch it above"} onClick={() => onPin(name)}>{pinned.has(name) ? "★" : "☆"}</button>
            </div>
            {words === "" ? null : <p class="registers-words">{words}</p>}
            {isOpen ? children(register) : null}
          </li>
        );
      })}
    </ul>
  );
}
