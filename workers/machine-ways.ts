// Chains of members as they are written (`rootPort("rp0").registers.timeoutIsolation.status.read`), recorded as ways that travel.

import type { Step, Way } from "./machine-wire.ts";

/** Members that lead on when they are called, instead of answering. */
const selectors: ReadonlySet<string> = new Set(["hostBridge", "rootPort", "upstreamPort", "downstreamPort", "device", "at"]);

/** What has been walked so far. One per chain, whoever walks it, so that its way is sent once. */
export class WayNode {
  readonly way: { readonly steps: readonly Step[] };
  readonly #children = new Map<string, WayNode>();

  constructor(steps: readonly Step[] = []) {
    this.way = { steps };
  }

  child(step: Step): WayNode {
    const key = typeof step === "string" ? step : JSON.stringify(step.map(String));
    let child = this.#children.get(key);
    if (child === undefined) {
      child = new WayNode([...this.way.steps, step]);
      this.#children.set(key, child);
    }
    return child;
  }
}

/** What is done when a call is made at the end of a chain. */
export type Send = (way: Way, values: readonly unknown[]) => unknown;

/** An object whose members, at any depth, are chains from `node`; calling one sends it. It is no promise: `then` is no member. */
export function chainsFrom<T>(node: WayNode, send: Send): T {
  const members = new Map<string, unknown>();
  const get = (_: unknown, name: string | symbol): unknown => {
    if (typeof name === "symbol" || name === "then") return undefined;
    if (!members.has(name)) members.set(name, memberAt(node, name, send));
    return members.get(name);
  };
  return new Proxy({}, { get }) as T;
}

function memberAt(node: WayNode, name: string, send: Send): unknown {
  if (selectors.has(name)) {
    const selected = new Map<WayNode, unknown>();
    return (...values: unknown[]): unknown => {
      const child = node.child([name, ...values]);
      if (!selected.has(child)) selected.set(child, chainsFrom(child, send));
      return selected.get(child);
    };
  }
  const child = node.child(name);
  const chains = chainsFrom<object>(child, send);
  return new Proxy(() => undefined, {
    get: (_, deeper) => Reflect.get(chains, deeper),
    apply: (_, __, values: unknown[]) => send(child.way, values),
  });
}
