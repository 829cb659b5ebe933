// Decoders as a moment's registers show them, in the words of what firmware leaves behind: how a second kernel finds the hardware of the first.

import { hdmDecoderPort } from "../../../registers/hdm-decoder.ts";
import type { FirmwareDecoder } from "../../../src/platform/firmware-setup.ts";
import type { MachineDescription } from "../../../src/platform/description.ts";
import type { Entry } from "../capture.ts";
import { bigOf, numberOf, textOf } from "../capture.ts";
import { asksForCommit, isCommitted, locks } from "../decoder-values.ts";
import { functionsOf } from "../topology.ts";

/** Ways by their code (CXL 8.2.4.20.7). */
const ways: Readonly<Record<number, number>> = { 0: 1, 1: 2, 2: 4, 3: 8, 4: 16, 8: 3, 9: 6, 10: 12 };
const leastGranularity = 256;
const part = (value: number, [high, low]: readonly [number, number]): number => (value >>> low) & (2 ** (high - low + 1) - 1);
const { interleaveGranularity, interleaveWays } = hdmDecoderPort.registers.control.fields;

/** Decoders that somebody programmed, in the order of the file; `partNamed` finds the machine's parts by the file's names. */
export function programmedDecoders(machine: MachineDescription, partNamed: (name: string) => string, entries: readonly Entry[]): FirmwareDecoder[] {
  const kinds = functionsOf(machine);
  return entries.flatMap(({ value }): FirmwareDecoder[] => {
    const control = numberOf(value["control"]);
    if (value["decoder"] === undefined || !(asksForCommit(control) || isCommitted(control))) return [];
    const place = partNamed(textOf(value["fn"]));
    const count = ways[part(control, interleaveWays.bits)] ?? 1;
    const list = bigOf(value["targets"]);
    const isDevice = kinds.get(place) === "type3";
    return [{
      place, index: numberOf(value["decoder"]), base: bigOf(value["base"]), size: bigOf(value["size"]), ways: count, granularity: leastGranularity << part(control, interleaveGranularity.bits),
      targets: isDevice ? [] : Array.from({ length: count }, (_, way) => Number((list >> BigInt(8 * way)) & 0xffn)), skip: isDevice ? list : 0n, isLocked: locks(control), isCommitted: true,
    }];
  });
}
