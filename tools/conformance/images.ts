// What a capture of accesses shows of the machine it was made on: bytes as they were read first, so that lists can be walked.

import { cacheMemoryRange } from "../../registers/constants.ts";
import { BusTree, busAddress } from "./bus-tree.ts";
import type { Entry } from "./capture.ts";
import { bigOf, numberOf, textOf } from "./capture.ts";
import type { Reader } from "./structures.ts";
import type { PlacedFunction, Topology } from "./topology.ts";

/** Bits of an address inside a register block. */
export const blockMask = BigInt(cacheMemoryRange.blockSize - 1);

/** Bytes as they were read first: what a capture says of places that never change, lists among them. */
export class Image {
  readonly #bytes = new Map<number, number>();

  learn(offset: number, width: number, value: bigint): void {
    for (let i = 0; i < width; i++) if (!this.#bytes.has(offset + i)) this.#bytes.set(offset + i, Number((value >> BigInt(8 * i)) & 0xffn));
  }

  /** Undefined where no byte was ever read. */
  readonly dword: Reader = (offset) => {
    const bytes = [0, 1, 2, 3].map((i) => this.#bytes.get(offset + i));
    return bytes.every((byte) => byte === undefined) ? undefined : bytes.reduce<number>((sum, byte, i) => sum + (byte ?? 0) * 2 ** (8 * i), 0);
  };
}

/** Their config spaces by function, and their register blocks by start, as the capture's reads show them. */
export interface Seen {
  readonly config: Map<string, Image>;
  readonly blocks: Map<bigint, Image>;
}

function imageIn<K>(images: Map<K, Image>, key: K): Image {
  const found = images.get(key) ?? new Image();
  images.set(key, found);
  return found;
}

/** Register blocks with lists of their own. */
const isBlock = (block: string): boolean => block === "component" || block.startsWith("device/");

export function learn(topology: Topology, entries: readonly Entry[]): Seen {
  const seen: Seen = { config: new Map(), blocks: new Map() };
  const tree = new BusTree(topology);
  for (const { value } of entries) {
    const [width, data] = [numberOf(value["w"]), bigOf(value["val"])];
    if (value["k"] === "cfg") {
      const { bus, devfn } = busAddress(textOf(value["bdf"]));
      const found = tree.locate(bus, devfn)?.function.id;
      if (found === undefined) continue;
      if (value["op"] === "w") tree.note(found, numberOf(value["off"]), width, data);
      else imageIn(seen.config, found).learn(numberOf(value["off"]), width, data);
    } else if (value["op"] === "r" && isBlock(textOf(value["block"]))) imageIn(seen.blocks, bigOf(value["addr"]) & ~blockMask).learn(Number(bigOf(value["addr"]) & blockMask), width, data);
  }
  return seen;
}

/** What a function of theirs shows, or another one of its kind where this one was never asked. */
export function imageReader(topology: Topology, seen: Seen, { id, kind }: PlacedFunction): Reader {
  const own = seen.config.get(id)?.dword;
  const others = topology.functions.filter((one) => one.kind === kind && one.id !== id).flatMap((one) => seen.config.get(one.id)?.dword ?? []);
  return (offset) => own?.(offset) ?? others.map((read) => read(offset)).find((value) => value !== undefined);
}
