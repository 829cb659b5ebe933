// Messages that a fault could repeat without end come at most ten times in five seconds (dev_err_ratelimited), or once (dev_warn_once).

import type { Kernel, LogLevel } from "./kernel.ts";
import { defineState, printk } from "./kernel.ts";

const interval = 5_000_000_000;
const burst = 10;

interface Window {
  begin: number;
  printed: number;
  /** Lines that were not printed since one told of them. */
  kept: number;
}

const sites = defineState("ratelimit", () => ({ windows: new Map<string, { begin: number; printed: number }>(), once: new Set<string>(), storms: new Map<string, Window>() }));

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

const stormInterval = 60_000_000_000;
const stormBurst = 200;

function stormOf(kernel: Kernel, site: string): Window {
  const { storms } = sites(kernel);
  const now = kernel.platform.clock.now;
  const known = storms.get(site);
  if (known !== undefined && now - known.begin <= stormInterval) return known;
  if (known !== undefined && known.kept > 0) printk(kernel, "warn", `${site}: ${known.kept} more lines are not shown`);
  const fresh = { begin: now, printed: 0, kept: 0 };
  storms.set(site, fresh);
  return fresh;
}

/**
 * Prints at most 200 lines of a site in 60 s of virtual time; the first line behind them says how many there were beside those. Linux prints all of these (our own
 * bound: a storm would fill any memory).
 */
export function printkBounded(kernel: Kernel, level: LogLevel, site: string, text: string): void {
  const storm = stormOf(kernel, site);
  if (storm.printed >= stormBurst) {
    storm.kept++;
    return;
  }
  storm.printed++;
  printk(kernel, level, text);
}

/** Lines of a site that were counted in closed form. */
export function countKept(kernel: Kernel, site: string, count: number): void {
  stormOf(kernel, site).kept += count;
}
