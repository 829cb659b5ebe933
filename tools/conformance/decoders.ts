// HDM decoders of a moment (*.hdm-regs.txt): capabilities are compared, then the same decoders are programmed here in order, and what they
// read back is compared: the driver's programming must be taken as theirs took it.

import { cacheMemoryRange } from "../../registers/constants.ts";
import { hdmDecoderPort } from "../../registers/hdm-decoder.ts";
import type { Bench } from "./bench.ts";
import { readerOf } from "./bench.ts";
import type { Capture, Entry } from "./capture.ts";
import { CaptureError, bigOf, numberOf, textOf } from "./capture.ts";
import type { Difference, Pointed, Tally } from "./compare.ts";
import { count, theirsAlone, valueDifferences } from "./compare.ts";
import { asksForCommit, decoderAt, decoderOffsets } from "./decoder-values.ts";
import { layoutOf } from "./structures.ts";
import { componentNamed } from "./topology.ts";

const cm = cacheMemoryRange.offset;
const identity = "component 0x5";
const dword = 4;
const { capability, globalControl, control } = hdmDecoderPort.registers;
const commitBit = 1n << BigInt(control.fields.commit.bits);

export function compareDecoders(capture: Capture, entries: readonly Entry[], bench: Bench, tally: Tally): void {
  for (const { value, place: at } of entries) {
    const name = textOf(value["fn"]);
    const target = bench.functions.get(componentNamed(bench.topology, name));
    if (target === undefined) throw new CaptureError(capture.file, at, `"${name}" is nowhere in the command line beside it; there are ${[...bench.functions.keys()].join(", ")}`);
    const read = readerOf(target.block, cm);
    const layout = layoutOf(target.kind, "component", read, read);
    const declared = layout.declared.get(identity);
    const place: Pointed = { capture: "decoders", kind: target.kind, function: name, text: at };
    if (declared === undefined) {
      count(tally, [theirsAlone(place, identity, "list", numberOf(value["cap"]))]);
      continue;
    }
    const base = cm + declared.at;
    // Dword by dword, whatever the width in the listing: component registers are read so.
    const compare = (inside: number, width: number, theirs: bigint): Difference[] =>
      Array.from({ length: width / dword }, (_, index) => index * dword).flatMap((from) => valueDifferences(place, declared, inside + from, dword, (theirs >> BigInt(8 * from)) & 0xffff_ffffn, target.block.read(base + inside + from, dword)));
    if (value["decoder"] === undefined) {
      target.block.write(base + globalControl.offset, 4, bigOf(value["global"]));
      count(tally, [...compare(capability.offset, 4, bigOf(value["cap"])), ...compare(globalControl.offset, 4, bigOf(value["global"]))]);
      continue;
    }
    const decoder = decoderAt(numberOf(value["decoder"]));
    for (const key of ["base", "size", "targets"] as const) for (const half of [4, 0]) target.block.write(base + decoder + decoderOffsets[key] + half, 4, (bigOf(value[key]) >> BigInt(8 * half)) & 0xffff_ffffn);
    const wanted = bigOf(value["control"]);
    target.block.write(base + decoder + decoderOffsets.control, 4, wanted & ~commitBit);
    if (asksForCommit(Number(wanted))) target.block.write(base + decoder + decoderOffsets.control, 4, wanted);
    count(tally, [
      ...(["base", "size", "targets"] as const).flatMap((key) => compare(decoder + decoderOffsets[key], 8, bigOf(value[key]))),
      ...compare(decoder + decoderOffsets.control, 4, wanted), ...compare(decoder + decoderOffsets.reserved, 4, bigOf(value["reserved"])),
    ]);
  }
  tally.notes.add("the decoders were programmed anew, component by component, in the order of the file");
}
