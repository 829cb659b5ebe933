// Tasks of the kernel as they stand: ready, asleep until a time, or waiting for somebody, and for whom.

import type { Kernel } from "../../kernel/base/kernel.ts";
import { holderName } from "../../kernel/mm/page-reference.ts";
import { awaitedPins } from "../../kernel/mm/pin.ts";

export interface TaskLine {
  readonly id: number;
  readonly name: string;
  readonly state: "ready" | "sleeps" | "waits";
  /** What it stands at or waits for, in words. */
  readonly what: string;
  /** Virtual ns since when it waits; of a task that is ready, since it came there. */
  readonly sinceNs: number;
  /** Virtual ns at which a sleeper goes on; null: nobody knows. */
  readonly untilNs: number | null;
  /** A signal ends its wait. */
  readonly isInterruptible: boolean;
  /** Who is in the way, as far as the kernel can tell. */
  readonly blockers: readonly string[];
}

const words: Readonly<Record<string, (who: string) => string>> = {
  pins: (who) => `pages of ${who} to be unpinned`,
  lock: (who) => `the lock of ${who}`,
  mailbox: (who) => `the mailbox of ${who}`,
  pages: (who) => `pages: ${who}`,
};

function channelText(kernel: Kernel, channel: string): string {
  const at = channel.indexOf(":");
  const [kind, who] = at < 0 ? [channel, ""] : [channel.slice(0, at), channel.slice(at + 1)];
  if (kind === "task") return `the end of task ${kernel.scheduler.threads.get(Number(who))?.name ?? who}`;
  return words[kind]?.(who) ?? channel;
}

/** In order of their making. */
export function taskLines(kernel: Kernel): TaskLine[] {
  return [...kernel.scheduler.threads.values()].map(({ id, name, wait, wakeAt, parkedAt }): TaskLine => {
    const own = { id, name, sinceNs: parkedAt };
    if (wait.kind === "point") return { ...own, state: "ready", what: wait.name, untilNs: null, isInterruptible: false, blockers: [] };
    const isInterruptible = wait.isInterruptible === true;
    if (wait.kind === "sleep") return { ...own, state: kernel.scheduler.ready.some((one) => one.id === id) ? "ready" : "sleeps", what: "its time", untilNs: wakeAt, isInterruptible, blockers: [] };
    const isWoken = kernel.scheduler.waiting.get(wait.channel)?.some((one) => one.id === id) !== true;
    return { ...own, state: isWoken ? "ready" : "waits", what: channelText(kernel, wait.channel), untilNs: null, isInterruptible, blockers: awaitedPins(kernel, wait.channel).map(holderName) };
  });
}
