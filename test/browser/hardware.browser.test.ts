import { describe, expect, inject, it } from "vitest";
import { referenceDigests } from "../support/disturb.ts";

describe("[rule 5] the hardware in this engine leaves the digests that Node left", () => {
  for (const variant of ["release", "checked"] as const) {
    it(`${variant} module`, () => {
      const expected = inject("hardwareDigests");
      expect(Object.keys(expected)).toContain("isolation");
      expect(referenceDigests(variant)).toEqual(expected);
    });
  }
});
