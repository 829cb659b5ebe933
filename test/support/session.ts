// A session in front of a scenario's machine, as the prompt drives it.

import type { Moment } from "../../src/sandbox/moment.ts";
import type { Session } from "../../src/sandbox/session.ts";
import { openSession } from "../../src/sandbox/session.ts";
import type { Progress } from "../../src/sandbox/session.ts";
import { planScenario } from "../../src/scenario/plan.ts";
import { modules } from "./machine.ts";

export interface Seat {
  readonly session: Session;
  /** Everything printed so far. */
  readonly said: { out: string; err: string };
  /** Runs a line until it ends or waits for nothing that is due; gives what it printed and its exit code. */
  readonly type: (line: string) => { readonly out: string; readonly err: string; readonly status: number; readonly progress: Progress };
  /** Goes on with the line. */
  readonly goOn: () => Progress;
  /** Virtual ns since power-on. */
  readonly now: () => number;
  readonly read: (path: string) => string;
}

export interface SeatOptions {
  readonly at?: Exclude<Moment, { readonly kind: "end" }>;
  /** Every step is a slice of its own. */
  readonly isSliced?: boolean;
}

export function sit(text: string, options: SeatOptions = {}): Seat {
  const said = { out: "", err: "" };
  const session = openSession(modules.release, planScenario("test.yaml", text), { seed: 1, schedule: "fixed", at: options.at ?? { kind: "ready" }, output: { out: (more) => void (said.out += more), err: (more) => void (said.err += more) } });
  if (session.arrive(() => false) !== "there") throw new Error(session.death ?? "never came there");
  const goOn = (): Progress => {
    let progress = session.goOn(() => options.isSliced === true);
    while (progress === "paused") progress = session.goOn(() => options.isSliced === true);
    return progress;
  };
  return {
    session, said, goOn,
    type: (line) => {
      const before = { ...said };
      session.start(line);
      const progress = goOn();
      return { out: said.out.slice(before.out.length), err: said.err.slice(before.err.length), status: session.status, progress };
    },
    now: () => session.run.system.hardware.now,
    read: (path) => session.run.files.read(path),
  };
}

/** Two cards, each with a region of its own as System RAM or as a dax device. */
export const twoCards = (more = "", policies = "use: device-dax-only"): string => `version: 1
name: two cards
machine:
  hostBridges:
    - rootPorts:
        - { name: rp0, device: { name: d0, volatile: 512MiB } }
        - { name: rp1, device: { name: d1, volatile: 512MiB } }
firmware: { windows: [{ targets: [hb0], size: 4GiB }] }
kernel: { policies: { ${policies} } }
${more}`;
