// Drivers made byte by byte: none of them needs a compiler, so that they run in every engine.

import type { AbiFunction, ImportName } from "../../src/drivers/wasm/abi.ts";
import { abiTypes, constants, imports, requests } from "../../src/drivers/wasm/abi.ts";
import { wasmDriver } from "../../src/drivers/wasm/driver.ts";
import { structureNumber } from "../../src/drivers/wasm/structures.ts";
import { driverBench } from "./driver-services.ts";
import type { ImportedFunction, ModuleFunction, ModuleParts, Type } from "./wasm-builder.ts";
import { code, wasmOf } from "./wasm-builder.ts";

/** Where the match table lies. */
export const table = 1024;
export const words = (...values: number[]): Uint8Array => new Uint8Array(new Uint32Array(values).buffer);
export const matchTable: readonly [number, Uint8Array] = [table, words(constants.kind["root-port"], structureNumber("timeoutIsolation"), 0, 0, 0, 0, 0, 0, 0, 0)];
export const constant = (name: string, value: number): ModuleFunction => ({ name, result: "i32", body: code.i32(value) });

/** An import with the types of the table. */
export function imported(name: ImportName): ImportedFunction {
  const { parameters, result }: AbiFunction = imports[name];
  const wasm = abiTypes[result].wasm;
  return { name, parameters: parameters.map(([, type]) => abiTypes[type].wasm as Type), ...(wasm === "" ? {} : { result: wasm }) };
}

/** A driver that does nothing wrong but what `parts` adds. `probe`: its body; imports come first in the order given. */
export function driverOf(parts: ModuleParts & { readonly probe?: readonly number[] } = {}): Uint8Array<ArrayBuffer> {
  const given = new Set(parts.functions?.map((one) => one.name));
  const base: ModuleFunction[] = [constant("cxl_driver_abi", 1), constant("cxl_match", table), { name: "cxl_probe", parameters: ["i32"], result: "i32", body: parts.probe ?? code.i32(0) }];
  return wasmOf({ data: [matchTable], ...parts, functions: [...base.filter((one) => !given.has(one.name)), ...(parts.functions ?? [])] });
}

/** A driver that reads and writes registers, spends time and waits for a request; gives the digest of what it did to the machine, and what the log says. */
export function driveByHand(): { readonly digest: string; readonly lines: readonly string[] } {
  const on = driverBench();
  const find = [...code.local(0), ...code.i32(structureNumber("timeoutIsolation")), ...code.call(0)];
  const wait = [...code.i32(requests.sleep.number), ...code.i64(5_000_000n), ...code.i64(0n), ...code.i64(0n), ...code.call(3), ...code.drop];
  const bytes = driverOf({
    imports: (["cxl_find", "cxl_read32", "cxl_write32", "cxl_request", "cxl_delay", "cxl_read64", "cxl_log"] as const).map(imported),
    data: [matchTable, [2048, new TextEncoder().encode("done")]],
    probe: [...find, ...code.i32(8), ...find, ...code.i32(0), ...code.call(1), ...code.call(2), ...code.drop, ...code.i64(1234n), ...code.call(4), ...code.drop, ...wait, ...code.i32(0)],
    functions: [{ name: "cxl_completed", parameters: ["i32", "i64"], body: [...code.i32(1), ...code.i32(0), ...code.call(5), ...code.drop, ...code.i32(6), ...code.i32(2048), ...code.i32(4), ...code.call(6), ...code.drop] }],
  });
  wasmDriver("by_hand", bytes).start(on.services).probe(on.port);
  on.settle();
  return { digest: on.bench.hardware.digest("access"), lines: on.lines };
}
