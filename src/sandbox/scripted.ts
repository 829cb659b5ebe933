// A session that nobody types: lines of a text over a scenario's machine, with all that a screen would show of it.

import type { ScenarioPlan } from "../scenario/plan.ts";
import type { Session } from "./session.ts";
import { openSession } from "./session.ts";

/** What appears on the screen, in order; `at` is virtual ns since power-on, a printed text has bytes as characters 0 to 255. */
export type ScreenEvent = { readonly kind: "prompt" | "typed" | "printed"; readonly at: number; readonly text: string };

/** Plays a session to its end, or to `exit`. What waits for nothing that is due is interrupted. @throws Error the machine never comes to ready */
export function playSession(module: WebAssembly.Module, plan: ScenarioPlan, lines: readonly string[]): ScreenEvent[] {
  const events: ScreenEvent[] = [];
  const note = (kind: ScreenEvent["kind"], text: string): void => void events.push({ kind, at: session.run.system.hardware.now, text });
  const print = (text: string): void => note("printed", text);
  const session: Session = openSession(module, plan, { seed: 1, schedule: "fixed", at: { kind: "ready" }, output: { out: print, err: print } });
  if (session.arrive(() => false) !== "there") throw new Error(`${plan.file}: ${session.death ?? "never ready"}`);
  for (const line of lines) {
    note("prompt", session.prompt);
    note("typed", line);
    session.start(line);
    for (let idles = 0; session.goOn(() => false) !== "ended"; idles++) {
      if (idles === 0) session.interrupt();
      else session.leaveBehind();
    }
    if (session.isOver) break;
  }
  return events;
}
