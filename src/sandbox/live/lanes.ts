// Lanes of the time line: one for each thing that records tell of, found by number so that a million records need no texts.

import type { PartKind } from "../../platform/register-places.ts";
import type { TraceNames } from "../../scenario/trace/words.ts";
import type { LaneGroup, ShownLane } from "./columns.ts";

/** What of a part of the machine a lane shows. */
export const facets = ["part", "link", "traffic", "mailbox", "events", "accesses"] as const;
export type Facet = (typeof facets)[number];

interface KnownLane extends ShownLane {
  /** Record that it was first needed for. */
  readonly since: number;
}

/** Lanes in all; what comes later shares one in each group. Numbers of lanes are 16 bits wide. */
const mostLanes = 4096;
const noPart = 0xffff_ffff;

const groupOfFacet: Readonly<Record<Exclude<Facet, "part" | "traffic">, LaneGroup>> = { link: "Links", mailbox: "Mailboxes", events: "Event logs", accesses: "Accesses" };
const isPort = (kind: PartKind | undefined): boolean => kind === "root port" || kind === "downstream port";

/** A number for a part and what is shown of it. */
const keyOf = (part: number, facet: number): number => part * facets.length + facet;

export class Lanes {
  readonly #names: TraceNames;
  readonly #lanes: KnownLane[] = [];
  readonly #byPart = new Map<number, number>();
  readonly #byName = new Map<string, number>();
  readonly #partOrder: ReadonlyMap<number, number>;

  constructor(names: TraceNames) {
    this.#names = names;
    this.#partOrder = new Map([...names.parts.keys()].map((id, order) => [id, order]));
  }

  /** The lane of a part. @param facet place in `facets`; @param record number of the record that needs it */
  ofPart(part: number, facet: number, record: number): number {
    const key = keyOf(part, facet);
    const known = this.#byPart.get(key);
    if (known !== undefined) return known;
    const made = this.#makeForPart(part, facets[facet] ?? "part", record);
    // Numbers that no part has are foreign: they share a lane and are not kept.
    if (this.#names.parts.has(part) || part === noPart) this.#byPart.set(key, made);
    return made;
  }

  #makeForPart(part: number, facet: Facet, record: number): number {
    const name = this.#names.parts.get(part);
    if (name === undefined) return facet === "accesses" ? this.of("Accesses", "nobody answers", record) : this.of("Switches and devices", "machine", record);
    const own = isPort(this.#names.kinds.get(part)) ? "Ports" : "Switches and devices";
    const group = facet === "part" || facet === "traffic" ? own : groupOfFacet[facet];
    return this.of(group, facet === "traffic" ? `${name} traffic` : name, record, name, (this.#partOrder.get(part) ?? 0) * 2 + (facet === "traffic" ? 1 : 0));
  }

  /** The lane by its name in its group. */
  of(group: LaneGroup, name: string, record: number, part: string | null = null, order = 1_000_000): number {
    const key = `${group} ${name}`;
    const known = this.#byName.get(key);
    if (known !== undefined) return known;
    const others = `${group} others`;
    const isFull = this.#lanes.length >= mostLanes;
    const shared = isFull ? this.#byName.get(others) : undefined;
    if (shared !== undefined) return shared;
    const lane = this.#lanes.length;
    this.#lanes.push({ name: isFull ? "others" : name, group, part: isFull ? null : part, order: isFull ? Number.MAX_SAFE_INTEGER : order, since: record });
    this.#byName.set(isFull ? others : key, lane);
    return lane;
  }

  /** Those first needed for records from `from` until before `until`. */
  since(from: number, until: number): ShownLane[] {
    return this.#lanes.filter(({ since }) => since >= from && since < until).map(({ name, group, part, order }) => ({ name, group, part, order }));
  }
}
