import { describe, expect, inject, it } from "vitest";
import { wasmDriver } from "../../src/drivers/wasm/driver.ts";
import { driverBench } from "../support/driver-services.ts";
import { code } from "../support/wasm-builder.ts";
import { driveByHand, driverOf } from "../support/wasm-drivers.ts";

describe("[rule 5] a wasm driver in this engine", () => {
  it("does to the machine what it does in Node", () => {
    expect(driveByHand()).toEqual(inject("wasmDriver"));
  });

  it.each([
    ["a trap", code.unreachable, /unreachable/],
    ["a recursion without end", [...code.local(0), ...code.call(2)], /stack overflow/],
  ])("%s is an error that names driver, export and device", (_what, body, message) => {
    const on = driverBench();
    const attempt = (): unknown => wasmDriver("hostile", driverOf({ probe: body })).start(on.services).probe(on.port);
    expect(attempt).toThrow(/^wasm driver hostile: cxl_probe for 0000:0c:00\.0: /);
    expect(attempt).toThrow(message);
  });
});
