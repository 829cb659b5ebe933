// Random mailbox transactions in episodes from a clean machine, the first divergence made short and told.

import type { DeviceDescription } from "../../../src/platform/description.ts";
import { fold, foldStart } from "../differential/run.ts";
import type { Action } from "./actions.ts";
import { perform, tell } from "./actions.ts";
import { Bench } from "./bench.ts";
import { AnswerError } from "./device.ts";
import { learn } from "./learn.ts";
import { DivergenceError, SideBySide } from "./side-by-side.ts";
import { TransactionSource } from "./transactions.ts";

const perEpisode = 250;
const layers = ["access", "hardware"] as const;

/** Modules brought up, and the reference told what the sheets leave to the device. `believed`: what the reference takes the device for. */
export function bringUpMailbox(modules: readonly WebAssembly.Module[], description: DeviceDescription, believed = description): SideBySide {
  const benches = modules.map((module) => new Bench(module, description));
  const [first] = benches;
  if (first === undefined) throw new Error("no module");
  const choices = learn(first, description);
  return new SideBySide(benches, believed, choices);
}

interface Found {
  readonly index: number;
  readonly what: string;
}

function replay(side: SideBySide, actions: readonly Action[]): Found | undefined {
  side.restart();
  for (const [index, action] of actions.entries()) {
    try {
      perform(side, action);
    } catch (error) {
      if (error instanceof DivergenceError || error instanceof AnswerError) return { index, what: error.message };
      throw error;
    }
  }
  return undefined;
}

/** Leaves out actions as long as something still diverges. */
function shorten(side: SideBySide, actions: readonly Action[], first: Found): { readonly kept: readonly Action[]; readonly what: string } {
  let kept = actions.slice(0, first.index + 1);
  let { what } = first;
  for (let size = Math.ceil(kept.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = kept.length - size; at > -size; at -= size) {
      const candidate = [...kept.slice(0, Math.max(at, 0)), ...kept.slice(Math.max(at + size, 0))];
      const found = candidate.length === 0 ? undefined : replay(side, candidate);
      if (found === undefined) continue;
      kept = candidate.slice(0, found.index + 1);
      ({ what } = found);
    }
  }
  return { kept, what };
}

export interface MailboxResult {
  readonly transactions: number;
  readonly divergences: number;
  readonly stories: readonly string[];
}

export interface MailboxOptions {
  readonly transactions: number;
  readonly seed: number;
  /** Divergences after which it gives up. */
  readonly stopAfter: number;
}

export function episode(description: DeviceDescription, seed: number, transactions: number): Action[] {
  const source = new TransactionSource(description, seed);
  return Array.from({ length: transactions }, () => source.next()).flat();
}

export function runMailboxCampaign(side: SideBySide, description: DeviceDescription, { transactions, seed, stopAfter }: MailboxOptions): MailboxResult {
  const stories: string[] = [];
  let done = 0;
  for (let number = 0; done < transactions && stories.length < stopAfter; number++) {
    const count = Math.min(perEpisode, transactions - done);
    done += count;
    const actions = episode(description, seed + number, count);
    const found = replay(side, actions);
    if (found !== undefined) {
      const { kept, what } = shorten(side, actions, found);
      stories.push([`seed ${seed + number}, ${kept.length} actions after shortening:`, ...kept.map((action) => `  ${tell(action)}`), what].join("\n"));
      continue;
    }
    const [first, ...others] = side.benches.map(({ hardware }) => layers.map((layer) => hardware.digest(layer)).join(" "));
    if (others.some((other) => other !== first)) stories.push(`seed ${seed + number}: the modules' trace digests differ`);
  }
  return { transactions: done, divergences: stories.length, stories };
}

/** The same transactions in one module alone: its folded trace digest. */
export function mailboxDigest(module: WebAssembly.Module, description: DeviceDescription, { transactions, seed }: Pick<MailboxOptions, "transactions" | "seed">): string {
  const bench = new Bench(module, description);
  let digest = foldStart;
  for (let number = 0, done = 0; done < transactions; number++, done += perEpisode) {
    bench.hardware.restore(bench.clean);
    for (const action of episode(description, seed + number, Math.min(perEpisode, transactions - done))) perform(bench, action);
    digest = fold(digest, layers.map((layer) => bench.hardware.digest(layer)).join(" "));
  }
  return digest.toString(16).padStart(16, "0");
}
