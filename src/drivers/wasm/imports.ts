// What a wasm driver can call: the imports of abi.ts over DriverServices. Nothing else reaches a driver.

import { configSize } from "../../../registers/constants.ts";
import type { DriverServices } from "../../platform/driver.ts";
import { constants, nameOf } from "./abi.ts";
import type { ImportFunctions } from "./bind.ts";
import { Refusal } from "./errors.ts";
import { recoveryImports } from "./imports-recovery.ts";
import { startRequest } from "./requests.ts";
import type { DriverState } from "./state.ts";
import { addObject, bytesAt, deviceOf, noDevice, objectOf, putObject, putText, servicesOf, textAt } from "./state.ts";
import { structureOf } from "./structures.ts";

const longestDelay = 10_000_000_000n;

/** Those that take no part in a recovery stand here, the others in imports-recovery.ts. */
export const importsOf = (state: DriverState): ImportFunctions => ({ ...registerImports(state), ...accessImports(state), ...deviceImports(state), ...memoryImports(state), ...textImports(state), ...timeImports(state), ...recoveryImports(state) });

type Part<K extends keyof ImportFunctions> = Pick<ImportFunctions, K>;

function registerImports(state: DriverState): Part<"cxl_find" | "cxl_config" | "cxl_map" | "cxl_put"> {
  return {
    cxl_find: (id, number) => {
      const services = servicesOf(state);
      const device = deviceOf(state, id);
      const structure = structureOf(number);
      if (structure === undefined) throw new Refusal("EINVAL", `0x${number.toString(16)} is the number of no structure; use those of cxl_sandbox.h`);
      const place = services.locate(device, structure);
      if (place === undefined) throw services.error("ENODEV", `${device.name} has no ${structure.name}`);
      return addObject(state, { kind: "mapping", device: id, bus: place.bus, offset: place.offset, size: place.size - place.offset, unmap: null });
    },
    cxl_config: (id) => {
      const bus = servicesOf(state).config(deviceOf(state, id));
      return addObject(state, { kind: "mapping", device: id, bus, offset: 0, size: configSize, unmap: null });
    },
    cxl_map: (base, size) => {
      const bus = servicesOf(state).map(base, size);
      return addObject(state, { kind: "mapping", device: noDevice, bus, offset: 0, size: Number(size), unmap: () => bus.unmap() });
    },
    cxl_put: (number) => {
      putObject(state, number);
      return 0;
    },
  };
}

/** A place inside a mapping. */
function placeOf(state: DriverState, mapping: number, offset: number, width: number): { readonly bus: DriverBus; readonly at: number } {
  const { bus, offset: start, size } = objectOf(state, mapping, "mapping");
  if (offset + width > size) throw new Refusal("EINVAL", `${width} bytes at offset 0x${offset.toString(16)} are not in the mapping of ${size} bytes`);
  return { bus, at: start + offset };
}
type DriverBus = ReturnType<DriverServices["config"]>;

function accessImports(state: DriverState): Part<"cxl_read8" | "cxl_read16" | "cxl_read32" | "cxl_read64" | "cxl_write8" | "cxl_write16" | "cxl_write32" | "cxl_write64"> {
  const place = (mapping: number, offset: number, width: number) => placeOf(state, mapping, offset, width);
  const write = (mapping: number, offset: number, width: number, access: (bus: DriverBus, at: number) => void): number => {
    const { bus, at } = place(mapping, offset, width);
    access(bus, at);
    return 0;
  };
  return {
    cxl_read8: (mapping, offset) => {
      const { bus, at } = place(mapping, offset, 1);
      return bus.read8(at);
    },
    cxl_read16: (mapping, offset) => {
      const { bus, at } = place(mapping, offset, 2);
      return bus.read16(at);
    },
    cxl_read32: (mapping, offset) => {
      const { bus, at } = place(mapping, offset, 4);
      return bus.read32(at);
    },
    cxl_read64: (mapping, offset) => {
      const { bus, at } = place(mapping, offset, 8);
      return bus.read64(at);
    },
    cxl_write8: (mapping, offset, value) => write(mapping, offset, 1, (bus, at) => bus.write8(at, value & 0xff)),
    cxl_write16: (mapping, offset, value) => write(mapping, offset, 2, (bus, at) => bus.write16(at, value & 0xffff)),
    cxl_write32: (mapping, offset, value) => write(mapping, offset, 4, (bus, at) => bus.write32(at, value)),
    cxl_write64: (mapping, offset, value) => write(mapping, offset, 8, (bus, at) => bus.write64(at, value)),
  };
}

function deviceImports(state: DriverState): Part<"cxl_device_address" | "cxl_device_kind" | "cxl_device_name" | "cxl_request_interrupt" | "cxl_free_interrupt" | "cxl_event_record" | "cxl_claim"> {
  return {
    cxl_device_address: (id) => deviceOf(state, id).address,
    cxl_device_kind: (id) => constants.kind[deviceOf(state, id).kind],
    cxl_device_name: (id, out, capacity) => putText(state, out, capacity, deviceOf(state, id).name),
    cxl_request_interrupt: (id, message) => {
      servicesOf(state).requestInterrupt(deviceOf(state, id), message);
      return 0;
    },
    cxl_free_interrupt: (id, message) => {
      servicesOf(state).freeInterrupt(deviceOf(state, id), message);
      return 0;
    },
    cxl_event_record: (out, capacity) => {
      if (state.event === undefined) throw new Refusal("ENOENT", "no event is being told: only cxl_event may ask for its record");
      const shown = state.event.subarray(0, capacity);
      bytesAt(state, out, shown.length).set(shown);
      return state.event.length;
    },
    cxl_claim: (id, start, size) => addObject(state, { kind: "claim", device: id, range: servicesOf(state).claim(deviceOf(state, id), start, size) }),
  };
}

type Width = 1 | 2 | 4 | 8;

function widthOf(width: number): Width {
  if (width !== 1 && width !== 2 && width !== 4 && width !== 8) throw new Refusal("EINVAL", `an access of ${width} bytes; it has 1, 2, 4 or 8`);
  return width;
}

function memoryImports(state: DriverState): Part<"cxl_load" | "cxl_store" | "cxl_invalidate_caches"> {
  return {
    cxl_load: (address, width, out) => {
      const target = bytesAt(state, out, 8);
      const { status, value } = servicesOf(state).memory.load(address, widthOf(width));
      new DataView(target.buffer, target.byteOffset).setBigUint64(0, value, true);
      return constants.memory[status];
    },
    cxl_store: (address, width, value) => constants.memory[servicesOf(state).memory.store(address, widthOf(width), BigInt.asUintN(width * 8, value))],
    cxl_invalidate_caches: (base, size) => {
      const services = servicesOf(state);
      if (!services.invalidateCaches(base, size)) throw services.error("EOPNOTSUPP", "the platform cannot invalidate caches");
      return 0;
    },
  };
}

function textImports(state: DriverState): Part<"cxl_log" | "cxl_mark" | "cxl_panic" | "cxl_error_text" | "cxl_parameter"> {
  return {
    cxl_log: (level, pointer, length) => {
      const name = nameOf(constants.log, level);
      if (name === undefined) throw new Refusal("EINVAL", `there is no log level ${level}`);
      servicesOf(state).log(name, textAt(state, pointer, length));
      return 0;
    },
    cxl_mark: (pointer, length, detail, detailLength) => {
      servicesOf(state).mark(textAt(state, pointer, length), textAt(state, detail, detailLength));
      return 0;
    },
    cxl_panic: (pointer, length) => servicesOf(state).panic(textAt(state, pointer, length)),
    cxl_error_text: (out, capacity) => putText(state, out, capacity, state.errorText),
    cxl_parameter: (pointer, length, out, capacity) => {
      const services = servicesOf(state);
      const name = textAt(state, pointer, length);
      const value = Object.hasOwn(services.parameters, name) ? services.parameters[name] : undefined;
      if (value === undefined) throw services.error("ENOENT", `there is no parameter ${name}`);
      return putText(state, out, capacity, value);
    },
  };
}

function timeImports(state: DriverState): Part<"cxl_now" | "cxl_delay" | "cxl_request"> {
  return {
    cxl_now: () => BigInt(servicesOf(state).now),
    cxl_delay: (nanoseconds) => {
      if (nanoseconds > longestDelay) throw new Refusal("EINVAL", `a delay of ${nanoseconds} ns; it has ${longestDelay} at most, a request to sleep may have more`);
      servicesOf(state).delay(Number(nanoseconds));
      return 0;
    },
    cxl_request: (operation, a, b, c) => startRequest(state, operation, [a, b, c]),
  };
}
