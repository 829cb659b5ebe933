// What a driver module looks like, and what is said of one that does not.

import { describe, expect, it } from "vitest";
import type { DriverModule } from "../../src/platform/driver.ts";
import { defineDriver, isolationDriver } from "../../src/sandbox.ts";
import { bootWith, driverOf } from "./host.ts";

const good: DriverModule = { name: "demo", match: { kind: "root-port" }, start: () => ({ probe: () => null }) };
const bad = (over: Record<string, unknown>): DriverModule => ({ ...good, ...over }) as unknown as DriverModule;

describe("defineDriver", () => {
  it("gives back what is right, the built-in driver among it", () => {
    expect(defineDriver(good)).toBe(good);
    expect(defineDriver(isolationDriver)).toBe(isolationDriver);
  });

  it.each([
    [{ name: undefined }, /a driver has a name: a-z, 0-9 and _/],
    [{ name: "My-Driver" }, /driver name "My-Driver": a-z, 0-9 and _ are allowed/],
    [{ match: undefined }, /driver demo: match is missing/],
    [{ match: [] }, /match is an empty list/],
    [{ match: {} }, /match is empty and would take every function/],
    [{ match: { vender: 1 } }, /there is no "vender"; did you mean "vendor"\?/],
    [{ match: { kind: "rootport" } }, /"rootport" is none of root-port/],
    [{ match: { capability: "timeoutIsolations" } }, /did you mean "timeoutIsolation"\?/],
    [{ match: { capability: "aer" } }, /no structure "aer" in component registers/],
    [{ match: { vendor: 0x1_0000 } }, /match.vendor: 0 to 0xffff, not 65536/],
    [{ start: undefined }, /start\(kernel\) is missing/],
    [{ takesFunction: 1 }, /takesFunction is true or false/],
    [{ strat: 1 }, /there is no "strat"; did you mean "start"\?/],
  ])("%j is refused where it stands", (over, message) => {
    expect(() => defineDriver(bad(over))).toThrow(message);
  });

  it("two drivers of one name are refused, and the names of Linux's own", () => {
    expect(() => bootWith([good, { ...good }])).toThrow(/two drivers are named demo/);
    expect(() => bootWith([{ ...good, name: "cxl_pci" }])).toThrow(/driver name cxl_pci is one of Linux's own/);
  });
});

describe("what start and probe give", () => {
  it("hooks of unknown names are named with what was meant", () => {
    const module = driverOf(() => ({ interupt: () => undefined }) as object);
    expect(() => bootWith([module])).toThrow(/driver demo: probe of 0000:0c:00.0: TypeError: hooks: there is no "interupt"; did you mean "interrupt"\?/);
  });

  it("a probe that gives nothing, a promise or no object is named", () => {
    expect(() => bootWith([driverOf(() => undefined as unknown as null)])).toThrow(/probe returns an object of hooks/);
    expect(() => bootWith([driverOf((async () => await Promise.resolve(null)) as unknown as () => null)])).toThrow(/it is async and gave a promise/);
    expect(() => bootWith([{ ...good, start: () => ({}) as never }])).toThrow(/driver demo: start: TypeError: start returns an object with probe/);
  });

  it("hooks may be an object of a class, with parts of its own", () => {
    class Hooks {
      count = 0;
      helper = (): number => this.count++;
      remove(): void {
        this.helper();
      }
    }
    expect(bootWith([driverOf(() => new Hooks())]).kernel.panic).toBeNull();
  });
});
