// Registers that are watched, of any part: what is in them now and what was at the position before.

import type { Pin, Values } from "./state.ts";

interface PinsProps {
  readonly pins: readonly Pin[];
  readonly values: Readonly<Record<string, Values>>;
  readonly onOpen: (pin: Pin) => void;
  readonly onUnpin: (pin: Pin) => void;
}

export const isPinned = (pins: readonly Pin[], of: string, register: string): boolean => pins.some((pin) => pin.of === of && pin.register === register);

export function Pins({ pins, values, onOpen, onUnpin }: PinsProps) {
  if (pins.length === 0) return null;
  return (
    <table class="registers-pins">
      <caption>Pinned</caption>
      <thead><tr><th scope="col">Register</th><th scope="col">Now</th><th scope="col">Before</th><th scope="col"><span class="unseen">Unpin</span></th></tr></thead>
      <tbody>
        {pins.map((pin) => {
          const { of, register } = pin;
          const now = values[of]?.now[register];
          const before = values[of]?.before[register];
          const isChanged = now !== undefined && before !== undefined && now !== before;
          return (
            <tr key={`${of} ${register}`}>
              <th scope="row"><button type="button" class="registers-link" onClick={() => onOpen(pin)}>{of} {register}</button></th>
              <td class={isChanged ? "registers-mono registers-changed" : "registers-mono"}>{now ?? "not in this machine"}{isChanged ? <span class="unseen"> changed</span> : null}</td>
              <td class="registers-mono">{before ?? ""}</td>
              <td><button type="button" class="registers-pin" aria-label={`Unpin ${of} ${register}`} onClick={() => onUnpin(pin)}>×</button></td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
