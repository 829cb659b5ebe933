// lspci -t: buses and functions as a tree, as wide as it comes.

import { bridge, hex, u8 } from "./config.ts";
import type { Filter } from "./filter.ts";
import { matches } from "./filter.ts";
import type { PciFunction } from "./functions.ts";
import { isBridge } from "./functions.ts";
import { deviceName } from "./names.ts";
import type { Naming } from "./names.ts";

interface Bus {
  readonly number: number;
  readonly functions: Node[];
}

interface Node {
  readonly one: PciFunction;
  /** Buses behind a bridge: its own, and others that no bridge of its own leads to. */
  readonly below: { readonly secondary: number; readonly subordinate: number; readonly buses: Bus[] } | null;
}

interface Look {
  readonly verbosity: number;
  readonly naming: Naming;
  readonly filter: Filter | undefined;
}

const nodeOf = (one: PciFunction): Node => {
  if (!isBridge(one)) return { one, below: null };
  const [secondary, subordinate] = [u8(one.config, bridge.secondary), u8(one.config, bridge.subordinate)];
  return { one, below: { secondary, subordinate, buses: [{ number: secondary, functions: [] }] } };
};

/** Whether a bridge leads to a bus that does not hold itself. */
const leadsTo = (node: Node, bus: number): boolean => node.below !== null && node.below.secondary <= bus && bus <= node.below.subordinate && node.one.bus < node.below.secondary;

/** Buses of one domain that nothing leads to, each with all that is below. */
function grow(functions: readonly PciFunction[]): Bus[] {
  const nodes = functions.map(nodeOf);
  const top: Bus[] = [];
  for (const node of nodes) {
    const above = nodes.filter((other) => other !== node && leadsTo(other, node.one.bus)).toSorted((a, b) => spanOf(a) - spanOf(b))[0];
    const buses = above?.below?.buses ?? top;
    let bus = buses.find(({ number }) => number === node.one.bus);
    if (bus === undefined) buses.push((bus = { number: node.one.bus, functions: [] }));
    bus.functions.push(node);
  }
  return top;
}

const spanOf = ({ below }: Node): number => (below === null ? 0 : below.subordinate - below.secondary);

const isWanted = (node: Node, filter: Filter | undefined): boolean => filter === undefined || matches(filter, node.one) || (node.below?.buses.some((bus) => bus.functions.some((inner) => isWanted(inner, filter))) ?? false);

/** What stays of a line for those below it. */
const continued = (line: string): string => line.replaceAll(/[^+|]/g, " ").replaceAll("+", "|");

/** Lines of several branches that begin behind `line`; the first goes on in it. */
function branches<T>(line: string, items: readonly T[], single: string, show: (item: T, line: string) => string[]): string[] {
  if (items.length === 0) return [line];
  if (items.length === 1) return items.flatMap((item) => show(item, line + single));
  return items.flatMap((item, index) => show(item, `${index === 0 ? line : continued(line)}${index === items.length - 1 ? "\\-" : "+-"}`));
}

function nodeLines(node: Node, line: string, look: Look): string[] {
  const here = `${line}${hex(node.one.device, 2)}.${node.one.fn}`;
  const filter = look.filter !== undefined && matches(look.filter, node.one) ? undefined : look.filter;
  if (node.below === null) return [look.verbosity > 0 ? `${here}  ${deviceName(node.one.vendor, node.one.deviceId, look.naming)}` : here];
  const { secondary, subordinate, buses } = node.below;
  const range = secondary === 0 ? "-" : secondary === subordinate ? `-[${hex(secondary, 2)}]-` : `-[${hex(secondary, 2)}-${hex(subordinate, 2)}]-`;
  const [own] = buses;
  return buses.length === 1 && own !== undefined ? busLines(own, `${here}${range}-`, { ...look, filter }) : titledLines(node.one.domain, buses, `${here}${range}-`, { ...look, filter });
}

function busLines(bus: Bus, line: string, look: Look): string[] {
  return branches(line, bus.functions.filter((node) => isWanted(node, look.filter)), "--", (node, next) => nodeLines(node, next, look));
}

/** Buses under their numbers. */
function titledLines(domain: number, buses: readonly Bus[], line: string, look: Look): string[] {
  const wanted = buses.filter((bus) => look.filter === undefined || bus.functions.some((node) => isWanted(node, look.filter)));
  return branches(line, wanted, "", (bus, next) => busLines(bus, `${next}[${hex(domain, 4)}:${hex(bus.number, 2)}]-`, look));
}

/** One tree per domain. */
export function treeLines(functions: readonly PciFunction[], look: Look): string[] {
  const domains = [...new Set(functions.map(({ domain }) => domain))];
  return domains.flatMap((domain) => titledLines(domain, grow(functions.filter((one) => one.domain === domain)), "-", look));
}
