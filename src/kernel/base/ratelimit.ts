// Messages that a fault could repeat without end come at most ten times in five seconds (dev_err_ratelimited), or once (dev_warn_once).

import type { Kernel, LogLevel } from "./kernel.ts";
import { defineState, printk } from "./kernel.ts";

const interval = 5_000_000_000;
const burst = 10;

const sites = defineState("ratelimit", () => ({ windows: new Map<string, { begin: number; printed: number }>(), once: new Set<string>() }));

/** Prints unless this site has used up its share. */
export function printkLimited(kernel: Kernel, level: LogLevel, site: string, text: string): void {
  const { windows } = sites(kernel);
  const now = kernel.platform.clock.now;
  let window = windows.get(site);
  if (window === undefined || now - window.begin > interval) windows.set(site, (window = { begin: now, printed: 0 }));
  if (window.printed >= burst) return;
  window.printed++;
  printk(kernel, level, text);
}

/** Prints the first time only. */
export function printkOnce(kernel: Kernel, level: LogLevel, site: string, text: string): void {
  const { once } = sites(kernel);
  if (once.has(site)) return;
  once.add(site);
  printk(kernel, level, text);
}
