// Which single weight or time would flip the verdict: by scoring the same facts again. Points are linear in each of them, so that a side changes at most once between
// the present value and an end of its range; where, bisection says exactly.

import type { Setting } from "../settings.ts";
import { timeText } from "../units.ts";
import type { Flip, SeedFacts, Winner } from "./report.ts";
import { priceOf, wholePart, winnerOf } from "./cost.ts";
import type { VerdictSettingName, VerdictSettings } from "./settings.ts";
import { verdictSettings } from "./settings.ts";

/** Times are looked at up to a day, in steps of a millisecond. */
const longest = 86_400_000_000_000;
const millisecond = 1_000_000;

/** They are the machine's and firmware's at boot: to change them takes other runs. */
export const shaping: readonly VerdictSettingName[] = ["reboot", "firmwareClearsIsolation"];

export const scoredNames = (Object.keys(verdictSettings) as VerdictSettingName[]).filter((name) => !shaping.includes(name));

type Winning = (value: number | string | boolean) => Winner;

/** The value nearest to `current` in steps of `step` towards `end` at which another side wins; undefined: none. */
function nearest(current: number, end: number, step: number, winning: Winning): number | undefined {
  const now = winning(current);
  if (winning(end) === now) return undefined;
  const sign = end > current ? 1 : -1;
  let same = 0;
  let other = wholePart(Math.abs(end - current) + step - 1, step);
  while (other - same > 1) {
    const middle = wholePart(same + other, 2);
    if (winning(current + sign * middle * step) === now) same = middle;
    else other = middle;
  }
  const found = current + sign * other * step;
  return sign > 0 ? Math.min(found, end) : Math.max(found, end);
}

function otherValues(setting: Setting, current: number | string | boolean, winning: Winning): (number | string | boolean)[] {
  if (setting.kind === "switch") return [current !== true].filter((value) => winning(value) !== winning(current));
  if (setting.kind === "choice") return (setting.values ?? []).filter((value) => winning(value) !== winning(current));
  const [least, most] = setting.kind === "time" ? [0, longest] : (setting.range ?? [0, 0]);
  const step = setting.kind === "time" ? millisecond : 1;
  return [least, most].flatMap((end) => nearest(Number(current), end, step, winning) ?? []);
}

const textOf = (setting: Setting, value: number | string | boolean): string => (setting.kind === "time" ? timeText(Number(value)) : String(value));

/** Settings of `verdict:` that alone would flip it. */
export function scoredFlips(facts: readonly SeedFacts[], settings: VerdictSettings): Flip[] {
  return scoredNames.flatMap((name) => {
    const setting: Setting = verdictSettings[name];
    const winning: Winning = (value) => {
      const changed = { ...settings, [name]: value };
      return winnerOf(facts.map((one) => priceOf(one, changed)), changed);
    };
    const kind = setting.kind === "weight" || setting.kind === "percent" ? "weight" : setting.kind === "time" ? "time" : "setting";
    return otherValues(setting, settings[name], winning).map((value): Flip => ({ path: `verdict.${name}`, kind, current: textOf(setting, settings[name]), flipsAt: textOf(setting, value), winner: winning(value) }));
  });
}
