// A wasm driver is foreign code: what it may import, how much memory it may have, and what becomes of one that breaks down (docs/c-drivers.md, decision 7).

import { describe, expect, it } from "vitest";
import { errorNumbers, requests } from "../../src/drivers/wasm/abi.ts";
import type { ImportName } from "../../src/drivers/wasm/abi.ts";
import { wasmDriver, WasmDriverError } from "../../src/drivers/wasm/driver.ts";
import { structureNumber } from "../../src/drivers/wasm/structures.ts";
import type { DeviceHooks } from "../../src/platform/driver.ts";
import type { DriverBench } from "../support/driver-services.ts";
import { driverBench, Panic } from "../support/driver-services.ts";
import type { ModuleFunction, ModuleParts } from "../support/wasm-builder.ts";
import { code, unsigned, wasmOf } from "../support/wasm-builder.ts";
import { constant, driverOf, imported, matchTable, table, words } from "../support/wasm-drivers.ts";

const load = (parts?: Parameters<typeof driverOf>[0]) => wasmDriver("hostile", driverOf(parts));

/** Loads, starts and probes. */
function probed(parts: Parameters<typeof driverOf>[0], on: DriverBench = driverBench()): DeviceHooks {
  const hooks = load(parts).start(on.services).probe(on.port);
  if (hooks === null || "next" in hooks) throw new Error("it did not want the port");
  return hooks;
}

/** The result of `probe` when its body is `body`, as the error number with which it fails: what an import gave the driver. */
function answerOf(names: readonly ImportName[], body: readonly number[], on: DriverBench = driverBench()): string {
  try {
    load({ imports: names.map(imported), probe: body }).start(on.services).probe(on.port);
    return "0";
  } catch (thrown) {
    const error = on.services.errorOf(thrown);
    if (error === undefined) throw thrown;
    return error.name;
  }
}

describe("what a wasm driver may be made of", () => {
  it("a driver with the three required exports is loaded and matches as its table says", () => {
    expect(load().match).toEqual([{ kind: "root-port", capability: "timeoutIsolation" }]);
  });

  it.each([
    ["a function of Node", [{ module: "node:fs", name: "readFileSync" }], [], 'function "readFileSync" from "node:fs"'],
    ["a system interface", [{ module: "wasi_snapshot_preview1", name: "fd_write" }], [], 'function "fd_write" from "wasi_snapshot_preview1"'],
    ["the host's globals", [{ module: "env", name: "globalThis" }], [], '"globalThis" from "env"'],
    ["a function that the module cxl does not have", [{ name: "cxl_eval" }], [], '"cxl_eval" from "cxl"'],
    ["a property that every object has", [{ name: "constructor" }], [], '"constructor" from "cxl"'],
    ["the prototype of the import object", [{ name: "__proto__" }], [], '"__proto__" from "cxl"'],
    ["somebody else's memory", [], [["cxl", "memory", [2, 0, 1]]], 'memory "memory" from "cxl"'],
    ["somebody else's table", [], [["cxl", "table", [1, 0x70, 0, 1]]], 'table "table" from "cxl"'],
    ["a global", [], [["cxl", "cxl_now", [3, 0x7e, 0]]], 'global "cxl_now" from "cxl"'],
  ] as const)("a driver that imports %s is refused, and the message names it and lists what there is", (_what, functions, otherImports, message) => {
    const attempt = (): unknown => load({ imports: functions, otherImports, ...(otherImports.some(([, , [kind]]) => kind === 2) ? { memory: null } : {}) });
    expect(attempt).toThrow(WasmDriverError);
    expect(attempt).toThrow(message);
    expect(attempt).toThrow(/cxl_find, cxl_config, .*cxl_recovery_end/);
  });

  it("names in a module do nothing to a reader's terminal, however long they are", () => {
    const attempt = (name: string) => (): unknown => load({ imports: [{ name }] });
    expect(attempt("\u001b[2J\nwiped")).toThrow('it imports function "?[2J?wiped" from "cxl"');
    expect(attempt("n".repeat(5000))).toThrow(/^wasm driver hostile: it imports function "n{3900,4000}\.\.\.$/);
  });

  it("a driver reaches nothing by an import of its own types: it is ended when it calls it", () => {
    const asFloat = { name: "cxl_delay", parameters: ["f64"], result: "i32" } as const;
    expect(() => probed({ imports: [asFloat], probe: [...code.f64(0.5), ...code.call(0)] })).toThrow("it declares the import cxl_delay with other types");
    const fewer = { name: "cxl_read32", parameters: [], result: "i32" } as const;
    expect(() => probed({ imports: [fewer], probe: code.call(0) })).toThrow("it declares the import cxl_read32 with other types");
  });

  it.each(["cxl_driver_abi", "cxl_match", "cxl_probe"])("a driver without %s is refused", (name) => {
    const functions = [constant("cxl_driver_abi", 1), constant("cxl_match", table), constant("cxl_probe", 0)].filter((one) => one.name !== name);
    expect(() => wasmDriver("hostile", wasmOf({ functions, data: [matchTable] }))).toThrow(`it exports no ${name}`);
  });

  it("a driver for another version of the interface is refused", () => {
    expect(() => load({ functions: [constant("cxl_driver_abi", 9)] })).toThrow("version 9 of the interface, and this is version 1");
  });

  it("a driver without a memory is refused", () => {
    expect(() => wasmDriver("hostile", wasmOf({ memory: null, functions: [constant("cxl_driver_abi", 1), constant("cxl_match", 0), constant("cxl_probe", 0)] }))).toThrow("exports no memory");
  });

  it.each([
    ["does not end", table + 20, words(...Array.from({ length: 17 * 5 }, (_, index) => (index % 5 === 0 ? 1 : 0))), "more than 16 entries"],
    ["is empty", table + 20, words(0, 0, 0, 0, 0), "wants no function"],
    ["names no structure", table + 20, words(0, 12345, 0, 0, 0), "the number of no structure"],
    ["names no kind", table + 20, words(77, 0, 0, 0, 0), "no kind 77"],
  ])("a match table that %s is refused", (_what, pointer, bytes, message) => {
    expect(() => load({ functions: [constant("cxl_match", pointer)], data: [[pointer, bytes]] })).toThrow(message);
  });

  it("a match table outside the memory is refused", () => {
    expect(() => load({ functions: [constant("cxl_match", -8)] })).toThrow("not in the driver's memory");
  });

  it.each([
    ["text", new TextEncoder().encode("not a module"), "not a WebAssembly module"],
    ["nothing", new Uint8Array(), "ends inside a section"],
    ["a module cut short", driverOf().slice(0, 40), "section"],
  ])("%s is refused", (_what, bytes, message) => {
    expect(() => wasmDriver("hostile", bytes)).toThrow(message);
  });

  it("a module whose bytes do not compile is refused by name", () => {
    expect(() => load({ probe: code.drop })).toThrow(/wasm driver hostile: it does not compile/);
  });
});

describe("memory of a wasm driver", () => {
  const grow = (pages: number): number[] => [...code.i32(pages), ...code.growMemory];
  /** Grows by one page for ever, until it is told that there is no more; then the error number says how many there are. */
  const growing: ModuleFunction = { name: "cxl_probe", parameters: ["i32"], result: "i32", body: [0x03, 0x40, ...grow(1), ...code.i32(-1), 0x47, 0x0d, 0, 0x0b, 0x41, 0, 0x3f, 0, 0x6b] };

  it("one that declares no maximum cannot grow beyond the limit", () => {
    const on = driverBench();
    const driver = wasmDriver("hostile", driverOf({ memory: [0, 1], functions: [growing] }), { memoryLimit: 5 * 65_536 });
    expect(() => driver.start(on.services).probe(on.port)).toThrow("failed with error -5");
  });

  it("one that declares more than the limit is held to the limit", () => {
    const on = driverBench();
    const driver = wasmDriver("hostile", driverOf({ memory: [1, 1, ...unsigned(65_536)], functions: [growing] }), { memoryLimit: 11 * 65_536 });
    expect(() => driver.start(on.services).probe(on.port)).toThrow("failed with error -11");
  });

  it("one that declares less keeps its own maximum", () => {
    const on = driverBench();
    expect(() => wasmDriver("hostile", driverOf({ memory: [1, 1, 2], functions: [growing] })).start(on.services).probe(on.port)).toThrow("failed with error -2");
  });

  it("one that begins with more than the limit is refused", () => {
    expect(() => wasmDriver("hostile", driverOf({ memory: [0, ...unsigned(300)] }))).toThrow("begins with 300 pages, more than the 256");
  });

  it("a shared memory and one with 64-bit addresses are refused", () => {
    expect(() => load({ memory: [3, 1, 1] })).toThrow("shared or has 64-bit addresses");
    expect(() => load({ memory: [5, 1, 1] })).toThrow("shared or has 64-bit addresses");
  });

  it("a table has a maximum too, and there is one at most", () => {
    expect(() => load({ tables: [[0x70, 0, ...unsigned(100_000)]] })).toThrow("begins with 100000 elements");
    expect(() => load({ tables: [[0x70, 0, 1], [0x70, 0, 1]] })).toThrow("2 tables");
    expect(load({ tables: [[0x70, 0, 1]] }).name).toBe("hostile");
  });

  it("a compiled module is refused when it may grow beyond the limit, with the remedy, and taken when it may not", () => {
    expect(() => wasmDriver("hostile", new WebAssembly.Module(driverOf({ memory: [0, 1] })))).toThrow(/may grow beyond 16777216 bytes: link it with -Wl,--max-memory=16777216/);
    expect(wasmDriver("hostile", new WebAssembly.Module(driverOf())).name).toBe("hostile");
    expect(() => wasmDriver("hostile", new WebAssembly.Module(driverOf({ memory: [1, 9, 9] })), { memoryLimit: 65_536 })).toThrow("begins with 9 pages");
  });
});

describe("what a wasm driver hands over is checked", () => {
  const bad = 0x7fff_0000;
  it.each([
    ["cxl_log of text outside its memory", "cxl_log", [...code.i32(6), ...code.i32(bad), ...code.i32(4)], "EFAULT"],
    ["cxl_log of text that begins inside and ends outside", "cxl_log", [...code.i32(6), ...code.i32(65_532), ...code.i32(8)], "EFAULT"],
    ["cxl_log with a length below 0", "cxl_log", [...code.i32(6), ...code.i32(0), ...code.i32(-1)], "EINVAL"],
    ["cxl_log at no level", "cxl_log", [...code.i32(8), ...code.i32(0), ...code.i32(0)], "EINVAL"],
    ["cxl_device_name into memory that is not there", "cxl_device_name", [...code.local(0), ...code.i32(bad), ...code.i32(16)], "EFAULT"],
    ["cxl_load into memory that is not there", "cxl_load", [...code.i64(0n), ...code.i32(8), ...code.i32(-4)], "EFAULT"],
    ["cxl_load of 3 bytes", "cxl_load", [...code.i64(0n), ...code.i32(3), ...code.i32(0)], "EINVAL"],
    ["cxl_store of 16 bytes", "cxl_store", [...code.i64(0n), ...code.i32(16), ...code.i64(0n)], "EINVAL"],
    ["cxl_find on a function that it was not given", "cxl_find", [...code.i32(99), ...code.i32(structureNumber("timeoutIsolation"))], "ENODEV"],
    ["cxl_find of a structure that the function has not", "cxl_find", [...code.local(0), ...code.i32(structureNumber("ras"))], "ENODEV"],
    ["cxl_find of no structure", "cxl_find", [...code.local(0), ...code.i32(1)], "EINVAL"],
    ["cxl_write32 through no mapping", "cxl_write32", [...code.i32(5), ...code.i32(0), ...code.i32(0)], "EINVAL"],
    ["cxl_put of nothing", "cxl_put", code.i32(5), "EINVAL"],
    ["cxl_claim of what somebody has", "cxl_claim", [...code.local(0), ...code.i64(0n), ...code.i64(4096n)], "EBUSY"],
    ["cxl_invalidate_caches where the platform cannot", "cxl_invalidate_caches", [...code.i64(0n), ...code.i64(4096n)], "EOPNOTSUPP"],
    ["cxl_event_record outside an event", "cxl_event_record", [...code.i32(0), ...code.i32(128)], "ENOENT"],
    ["cxl_parameter of a name that every object has", "cxl_parameter", [...code.i32(2048), ...code.i32(11), ...code.i32(0), ...code.i32(8)], "ENOENT"],
    ["cxl_delay beyond what a busy wait may be", "cxl_delay", code.i64(-1n), "EINVAL"],
    ["cxl_request of no operation", "cxl_request", [...code.i32(99), ...code.i64(0n), ...code.i64(0n), ...code.i64(0n)], "EINVAL"],
    ["cxl_request without cxl_completed", "cxl_request", [...code.i32(requests.work.number), ...code.i64(0n), ...code.i64(0n), ...code.i64(0n)], "EOPNOTSUPP"],
    ["cxl_plan of a mapping", "cxl_plan", code.i32(1), "EINVAL"],
    ["cxl_recovery_enter without a record", "cxl_recovery_enter", [...code.i32(1), ...code.i32(1), ...code.i32(0), ...code.i32(0)], "EINVAL"],
    ["cxl_pin_owners of a list outside its memory", "cxl_pin_owners", [...code.i32(65_530), ...code.i32(4), ...code.i32(0), ...code.i32(8)], "EFAULT"],
    ["cxl_pin_owners of a list without end", "cxl_pin_owners", [...code.i32(0), ...code.i32(-1), ...code.i32(0), ...code.i32(8)], "EINVAL"],
  ] as const)("%s", (_what, name, body, error) => {
    const named: ModuleParts["data"] = [matchTable, [2048, new TextEncoder().encode("constructor")]];
    const on = driverBench();
    let found = "0";
    try {
      load({ imports: [imported(name)], data: named, probe: [...body, ...code.call(0)] }).start(on.services).probe(on.port);
    } catch (thrown) {
      found = on.services.errorOf(thrown)?.name ?? String(thrown);
    }
    expect(found).toBe(error);
  });

  it("a read beyond a mapping is all ones, and the log says so", () => {
    const on = driverBench();
    const find = [...code.local(0), ...code.i32(structureNumber("timeoutIsolation")), ...code.call(0)];
    expect(answerOf(["cxl_find", "cxl_read32"], [...find, ...code.i32(0x4000), ...code.call(1)], on)).toBe("EPERM");
    expect(on.lines.join()).toMatch(/warn: hostile: cxl_read32: 4 bytes at offset 0x4000 are not in the mapping/);
  });

  it("a driver that goes on asking for nonsense is warned of 16 times", () => {
    const on = driverBench();
    const once = [...code.i32(5), ...code.call(0), ...code.drop];
    answerOf(["cxl_put"], [...Array.from({ length: 40 }, () => once).flat(), ...code.i32(0)], on);
    expect(on.lines.filter((line) => line.startsWith("warn"))).toHaveLength(16);
    expect(on.lines.at(-1)).toMatch(/the last of these warnings/);
  });

  it("a driver that gives nothing back runs out of objects", () => {
    const find = [...code.local(0), ...code.call(0)];
    expect(answerOf(["cxl_config"], [...Array.from({ length: 4096 }, () => [...find, ...code.drop]).flat(), ...find])).toBe("ENOMEM");
  });

  it("text in the log cannot act on a terminal", () => {
    const on = driverBench();
    const evil = new TextEncoder().encode("a\u001b[2Jb\nc\u009bd");
    probed({ imports: [imported("cxl_log")], data: [matchTable, [2048, evil]], probe: [...code.i32(6), ...code.i32(2048), ...code.i32(evil.length), ...code.call(0)] }, on);
    expect(on.lines).toEqual(["info: a?[2Jb?c?d"]);
  });
});

describe("a wasm driver that breaks down", () => {
  const recursive = (index: number): number[] => [...code.local(0), ...code.call(index)];
  it.each([
    ["traps", code.unreachable, /unreachable/],
    ["divides by zero", [...code.i32(1), ...code.i32(0), ...code.divide], /divi/],
    ["loads from outside its memory", [...code.i32(-16), ...code.load], /out of bounds/],
    ["calls itself without end", recursive(2), /stack overflow/],
  ])("one that %s ends with an error that names driver, export and device", (_what, body, message) => {
    const on = driverBench();
    const attempt = (): unknown => load({ probe: body }).start(on.services).probe(on.port);
    expect(attempt).toThrow(WasmDriverError);
    expect(attempt).toThrow(/^wasm driver hostile: cxl_probe for 0000:0c:00\.0: /);
    expect(attempt).toThrow(message);
  });

  it("one that uses up the stack inside an import is told from a fault of ours", () => {
    const on = driverBench();
    const again = (): number => 1 + again();
    on.whileDisabling = () => void again();
    expect(() => probed({ imports: [imported("cxl_link_disable")], probe: [...code.local(0), ...code.call(0)] }, on)).toThrow("cxl_probe for 0000:0c:00.0: stack overflow");
  });

  it("one that traps in an interrupt names the interrupt, and nothing of it is called any more", () => {
    const on = driverBench();
    const count = [...code.i32(4096), ...code.i32(4096), ...code.load, ...code.i32(1), 0x6a, ...code.store];
    const hooks = probed({ functions: [{ name: "cxl_interrupt", parameters: ["i32", "i32"], body: [...count, ...code.i32(4096), ...code.load, ...code.i32(2), 0x46, 0x04, 0x40, ...code.unreachable, 0x0b] }] }, on);
    hooks.interrupt?.(3);
    expect(() => hooks.interrupt?.(3)).toThrow("cxl_interrupt for 0000:0c:00.0: ");
    expect(() => hooks.interrupt?.(3)).not.toThrow();
  });

  it("one whose start function traps is not loaded", () => {
    expect(() => load({ functions: [{ name: "trap", body: code.unreachable }], start: 3 })).toThrow("start function: ");
  });

  it("an import that is called before the driver is started does nothing", () => {
    const started = [...code.i32(0), ...code.call(0), ...code.drop];
    expect(load({ imports: [imported("cxl_put")], functions: [{ name: "first", body: started }], start: 4 }).name).toBe("hostile");
  });

  it("an answer that does not exist is an error", async () => {
    const hooks = probed({ functions: [{ name: "cxl_error", parameters: ["i32", "i32", "i32"], result: "i32", body: code.i32(9) }] });
    expect(() => hooks.error?.("fatal", 1)).toThrow("cxl_error for 0000:0c:00.0: there is no answer 9");
  });

  it("an export with other types is an error", () => {
    const hooks = probed({ functions: [{ name: "cxl_interrupt", parameters: ["i32", "i32"], result: "i64", body: code.i64(1n) }] });
    expect(() => hooks.interrupt?.(1)).toThrow("does not give what the interface says");
  });

  it("the panic that a driver asks for reaches the host, and is not a fault of the driver", () => {
    expect(() => probed({ imports: [imported("cxl_panic")], data: [matchTable, [2048, new TextEncoder().encode("enough")]], probe: [...code.i32(2048), ...code.i32(6), ...code.call(0), ...code.i32(0)] })).toThrow(new Panic("enough"));
  });
});

describe("a wasm driver is one thread", () => {
  it("an interrupt that comes while the driver runs is told when it has returned", () => {
    const on = driverBench();
    const say = (at: number): number[] => [...code.i32(6), ...code.i32(at), ...code.i32(1), ...code.call(0), ...code.drop];
    const hooks = probed({
      imports: [imported("cxl_log"), imported("cxl_link_disable")],
      data: [matchTable, [2048, new TextEncoder().encode("abi")]],
      functions: [
        { name: "cxl_isolation", parameters: ["i32", "i32"], body: [...say(2048), ...code.local(0), ...code.call(1), ...code.drop, ...say(2049)] },
        { name: "cxl_interrupt", parameters: ["i32", "i32"], body: say(2050) },
      ],
    }, on);
    on.whileDisabling = () => hooks.interrupt?.(3);
    hooks.isolation?.("machine check");
    expect(on.lines).toEqual(["info: a", "info: b", "info: i"]);
  });

  it("a request ends in cxl_completed with its number and result, in virtual time", () => {
    const on = driverBench();
    const ask = (nanoseconds: bigint): number[] => [...code.i32(requests.sleep.number), ...code.i64(nanoseconds), ...code.i64(0n), ...code.i64(0n), ...code.call(0), ...code.drop];
    const before = on.services.now;
    probed({
      imports: [imported("cxl_request"), imported("cxl_request_interrupt")],
      probe: [...ask(2_000_000n), ...ask(1_000_000n), ...code.i32(0)],
      functions: [{ name: "cxl_completed", parameters: ["i32", "i64"], body: [...code.i32(7), ...code.local(0), ...code.call(1), ...code.drop] }],
    }, on);
    expect(on.requested).toEqual([]);
    on.settle();
    expect(on.requested).toEqual([2, 1]);
    expect(on.services.now - before).toBeGreaterThanOrEqual(2_000_000);
  });

  it("256 requests may be open", () => {
    const ask = [...code.i32(requests.work.number), ...code.i64(0n), ...code.i64(0n), ...code.i64(0n), ...code.call(0)];
    const on = driverBench();
    const completed: ModuleFunction = { name: "cxl_completed", parameters: ["i32", "i64"], body: [] };
    const attempt = (): unknown => load({ imports: [imported("cxl_request")], functions: [completed], probe: [...Array.from({ length: 256 }, () => [...ask, ...code.drop]).flat(), ...ask] }).start(on.services).probe(on.port);
    expect(attempt).toThrow(`failed with error -${errorNumbers.EAGAIN}`);
  });

  it("two kernels have two instances: what one driver writes the other does not see", () => {
    const driver = load({ probe: [...code.i32(4096), ...code.i32(4096), ...code.load, ...code.i32(1), 0x6a, ...code.store, ...code.i32(0), ...code.i32(4096), ...code.load, 0x6b, ...code.i32(1), 0x6a] });
    const [first, second] = [driverBench(), driverBench()];
    for (const on of [first, second]) expect(driver.start(on.services).probe(on.port)).not.toBeNull();
  });
});
