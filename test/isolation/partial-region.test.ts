// A port isolates below which a region of firmware's waits for a member: recovery has nothing to give back there.

import { describe, expect, it } from "vitest";
import { recoveries } from "../../src/kernel/isolation/state.ts";
import { bootWith, devices, read, regionOver, wideMachine } from "../support/firmware-regions.ts";
import { act, pass } from "../support/memdev.ts";
import { safePolicies } from "../support/kernel.ts";

describe("recovery over a region that never came together", () => {
  it("[S3] ends recovered; the region stays with its slot empty, and the card is a memdev again", () => {
    const booted = bootWith(wideMachine(1, 2, 256, ["d01"]), { regions: [regionOver(["d01", "d00"])] }, { policies: safePolicies });
    expect([read(booted, "region0/commit"), read(booted, "region0/target0")]).toEqual(["0", "decoder2.0"]);
    act(booted, { kind: "flapLink", port: "rp00", time: 50_000_000 });
    pass(booted, 2_000_000_000);
    expect(recoveries(booted.kernel).map(({ state, bytesBefore }) => [state, bytesBefore])).toEqual([["RECOVERED", 0n]]);
    expect([read(booted, "region0/commit"), read(booted, "region0/target0"), read(booted, "region0/target1")]).toEqual(["0", "", ""]);
    const endpoint = booted.files.list(devices).find((name) => name.startsWith("endpoint")) ?? "";
    // The hot reset took what firmware had programmed.
    expect(read(booted, `decoder${endpoint.slice(8)}.0/size`)).toBe("0x0");
  });
});
