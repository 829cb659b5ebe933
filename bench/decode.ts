// HPA to root port through window and committed decoders, in the module, against the same algorithm in C.

import { createPlatform } from "../src/hardware/platform.ts";
import { hdmDecoderPort } from "../registers/hdm-decoder.ts";
import { blocks } from "../registers/blocks.ts";
import { structureAt } from "../src/platform/registers.ts";
import { build } from "./machine.ts";
import type { Measured } from "./main.ts";
import { median, nativeDecode } from "./main.ts";

export function measureDecode(module: WebAssembly.Module): Measured[] {
  const hardware = build(module);
  const handle = createPlatform(hardware).ioremap(0xfe00_1000n, 0x1000n);
  const decoders = structureAt(handle, blocks.hostBridgeComponent.placements.hdmDecoderPort.at, hdmDecoderPort);
  for (let n = 0; n < 4; n++) {
    const base = (16n << 30n) + (BigInt(n) << 30n);
    decoders.baseHigh.at(n).writeRaw(base >> 32n);
    decoders.baseLow.at(n).writeRaw(base & 0xffff_ffffn);
    decoders.sizeLow.at(n).writeRaw(1n << 30n);
    decoders.targetListLow.at(n).write({ way1: 1 });
    decoders.control.at(n).write({ interleaveWays: 1, commit: 1, targetRangeType: 1 });
  }
  const count = 4_000_000;
  const decode = median("HPA decode (window, 4 decoders, 2 ways), one call", count, () => void hardware.exports.decodeMany(count));
  const native = nativeDecode(count * 4);
  const own = 1e9 / decode.perSecond;
  return [{ ...decode, note: native === null ? "no C compiler" : `${own.toFixed(1)} ns, C ${native.toFixed(1)} ns, ratio ${(own / native).toFixed(2)}` }];
}
