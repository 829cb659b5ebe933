// The peer in plain JavaScript is one only as long as it does what the module does.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createHandle } from "../src/hardware/platform.ts";
import { loadModule } from "../src/hardware/module.ts";
import { imageBehind } from "./image.ts";
import { build } from "./machine.ts";
import { PlainModel } from "./plain-model.ts";

const { module } = await loadModule();
const hex = (value: number): string => value.toString(16).padStart(8, "0");

describe("registers in plain JavaScript", () => {
  it("read as the module's, and leave its digest, whatever the offsets", () => {
    const hardware = build(module);
    const handle = createHandle(hardware, 0xfe00_1000n, 0x1000n);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 0x1010 }), { maxLength: 200 }), (offsets) => {
        const image = imageBehind(hardware, handle);
        const plain = new PlainModel(image);
        for (const offset of offsets) {
          const value = handle.read32(offset);
          expect([plain.read(offset), plain.readOnly(offset)]).toEqual([value, value]);
        }
        expect(hex(plain.digest[1]) + hex(plain.digest[0])).toBe(hardware.digest("access"));
      }),
      { numRuns: 50, seed: 20_307 },
    );
  });
});
