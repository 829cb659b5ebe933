// Which function of a topology a bus address means at the moment: bus numbers as the capture has written them so far.

import type { PciAddress } from "../../src/platform/pci-address.ts";
import { pciAddress } from "../../src/platform/pci-address.ts";
import type { PlacedFunction, Topology } from "./topology.ts";

const secondaryBus = 0x19;

interface Located {
  readonly function: PlacedFunction;
  /** Where our machine has it: the same bus, its own device number. */
  readonly address: PciAddress;
}

/** Bytes 1 of a bridge's bus register, as written. */
export class BusTree {
  readonly #topology: Topology;
  readonly #secondary = new Map<string, number>();
  /** Device number of a function here: its place among those of its bus. */
  readonly #device: ReadonlyMap<string, number>;

  constructor(topology: Topology) {
    this.#topology = topology;
    const next = new Map<string, number>();
    this.#device = new Map(topology.functions.map(({ id, bus }) => {
      const device = next.get(bus) ?? 0;
      next.set(bus, device + 1);
      return [id, device];
    }));
  }

  /** Takes a config write to a function, if it is one to its secondary bus number. */
  note(id: string, offset: number, width: number, value: bigint): void {
    if (offset > secondaryBus || offset + width <= secondaryBus) return;
    this.#secondary.set(id, Number((value >> BigInt(8 * (secondaryBus - offset))) & 0xffn));
  }

  #busOf(parent: string): number | undefined {
    return this.#topology.bridges.find((bridge) => bridge.id === parent)?.bus ?? this.#secondary.get(parent);
  }

  /** The function at a bus address, reached from its host bridge down. */
  locate(bus: number, devfn: number): Located | undefined {
    const found = this.#topology.functions.find((one) => one.devfn === devfn && this.#busOf(one.bus) === bus && bus !== 0);
    return found === undefined ? undefined : { function: found, address: pciAddress(0, bus, this.#device.get(found.id) ?? 0, 0) };
  }
}

export interface BusAddress {
  readonly bus: number;
  readonly devfn: number;
}

/** Parts of a checked `bb:dd.f`. */
export function busAddress(bdf: string): BusAddress {
  const [, bus = "0", device = "0", fn = "0"] = /([0-9a-f]{2}):([0-9a-f]{2})\.([0-7])$/i.exec(bdf) ?? [];
  return { bus: Number.parseInt(bus, 16), devfn: Number.parseInt(device, 16) * 8 + Number(fn) };
}
