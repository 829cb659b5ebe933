// cxl_sandbox.h: what it says of registers, and what its helpers do on a real machine.

import { describe, expect, it } from "vitest";
import { abiHeading, abiPage } from "../../tools/abi-page.ts";
import { headerText } from "../../tools/c-header.ts";
import { readFileSync } from "node:fs";
import { errorNumbers, exports, imports, requests } from "../../src/drivers/wasm/abi.ts";
import { wasmDriver } from "../../src/drivers/wasm/driver.ts";
import { declaredStructures, structureNumber, structureOf } from "../../src/drivers/wasm/structures.ts";
import { errnoTable } from "../../src/kernel/base/errno.ts";
import { checkNative, compileDriver, example, hasClang, hasGcc } from "../support/clang.ts";
import type { DriverBench } from "../support/driver-services.ts";
import { driverBench } from "../support/driver-services.ts";

const header = headerText();
const valueOf = (name: string): string | undefined => new RegExp(`^#define ${name} (\\S+)`, "m").exec(header)?.[1];

describe("cxl_sandbox.h", () => {
  it.each([
    ["CXL_TIMEOUT_ISOLATION_STATUS", "0xcu"],
    ["CXL_TIMEOUT_ISOLATION_STATUS_ROOT_PORT_BUSY", "0x4000u"],
    ["CXL_TIMEOUT_ISOLATION_STATUS_ROOT_PORT_BUSY_SHIFT", "14"],
    ["CXL_TIMEOUT_ISOLATION_ID", "0x9u"],
    ["CXL_HDM_DECODER_DEVICE_CONTROL", "0x20u"],
    ["CXL_HDM_DECODER_DEVICE_CONTROL_STRIDE", "0x20u"],
    ["CXL_HDM_DECODER_DEVICE_CONTROL_COUNT", "10u"],
    ["CXL_HDM_DECODER_DEVICE_CONTROL_COMMITTED", "0x400u"],
    ["CXL_PRIMARY_MAILBOX_COMMAND_PAYLOAD_LENGTH", "0x1fffff0000ull"],
    ["CXL_MEMORY_DEVICE_STATUS_STATUS_MEDIA_STATUS_READY", "1u"],
    ["CXL_DVSEC_VENDOR", "0x1e98u"],
  ])("%s is %s, as the sheets have it", (name, value) => {
    expect(valueOf(name)).toBe(value);
  });

  it("every structure that a driver can find has a number of its own, which leads back to it", () => {
    const all = declaredStructures();
    expect(new Set(all.map(({ name }) => structureNumber(name))).size).toBe(all.length);
    for (const { name } of all) expect(structureOf(structureNumber(name))?.name).toBe(name);
    expect(structureOf(0)).toBeUndefined();
  });

  it("no import is missing, and no request or error number is said twice", () => {
    for (const name of Object.keys(imports)) expect(header).toContain(`CXL_IMPORT(${name}) `);
    for (const name of Object.keys(exports).filter((one) => !one.startsWith("_"))) expect(header).toContain(`CXL_EXPORT(${name}) `);
    const numbers = Object.values(requests).map(({ number }) => number);
    expect(new Set(numbers).size).toBe(numbers.length);
  });

  it("error numbers are the kernel's", () => {
    for (const [name, number] of Object.entries(errorNumbers)) expect([name, errnoTable[name as keyof typeof errnoTable][0]]).toEqual([name, number]);
  });

  it("docs/c-drivers.md ends with the interface as it is (node -e on tools/abi-page.ts writes it)", () => {
    const page = readFileSync(new URL("../../docs/c-drivers.md", import.meta.url), "utf8");
    expect(page.slice(page.indexOf(abiHeading))).toBe(abiPage());
  });
});

const start = `#include <cxl_sandbox.h>
CXL_DRIVER({ .kind = CXL_KIND_ROOT_PORT, .structure = CXL_TIMEOUT_ISOLATION })
`;

/** Probes the port of a bench with `body` as the driver's probe. Gives the lines that it logged. */
function probed(body: string, on: DriverBench = driverBench()): string[] {
  expect(wasmDriver("test", compileDriver(`${start}int32_t cxl_probe(uint32_t device)\n{\n\t(void)device;\n${body}\n\treturn 0;\n}\n`)).start(on.services).probe(on.port)).not.toBeNull();
  return on.lines;
}

describe.skipIf(!hasGcc)("the header as native C", () => {
  it("compiles without a warning, and so does the example", () => {
    checkNative("#include <cxl_sandbox.h>\n");
    checkNative(example("recovery.c"));
  });
});

describe.skipIf(!hasClang)("helpers of the header, compiled", () => {
  it("cxl_logf formats as printf does", () => {
    const lines = probed(`
      cxl_logf(CXL_LOG_INFO, "%s|%c|%d|%5d|%05d|%u|%x|%08x|%llx|%llu|%lld|%%", "text", 'c', -7, 42, 42, 4000000000u, 0xbeefu, 0xbeefu, 0x123456789abcdefull, 18446744073709551615ull, -9223372036854775807ll - 1);`);
    expect(lines).toEqual(["info: text|c|-7|   42|00042|4000000000|beef|0000beef|123456789abcdef|18446744073709551615|-9223372036854775808|%"]);
  });

  it("text that does not fit is cut short, with a NUL", () => {
    const lines = probed(`
      char small[8];
      uint32_t length = cxl_snprintf(small, sizeof(small), "%s", "twelve bytes");
      cxl_logf(CXL_LOG_WARN, "%u %s", (unsigned)length, small);
      int32_t all = cxl_device_name(device, small, sizeof(small));
      cxl_logf(CXL_LOG_WARN, "%d %s", (int)all, small);`);
    expect(lines).toEqual(["warn: 7 twelve ", "warn: 12 0000:0c"]);
  });

  it("readl and writel reach the registers of the structure by name; a field is taken out and put in by its mask", () => {
    const on = driverBench();
    const lines = probed(`
      cxl_iomem isolation = cxl_ioremap_structure(device, CXL_TIMEOUT_ISOLATION);
      uint32_t capability = readl(isolation + CXL_TIMEOUT_ISOLATION_CAPABILITY);
      writel(CXL_PREP(CXL_TIMEOUT_ISOLATION_CONTROL_MEMORY_TIMEOUT_VALUE, 6) | CXL_TIMEOUT_ISOLATION_CONTROL_MEMORY_TIMEOUT_ENABLE, isolation + CXL_TIMEOUT_ISOLATION_CONTROL);
      cxl_logf(CXL_LOG_INFO, "message %u", (unsigned)CXL_GET(CXL_TIMEOUT_ISOLATION_CAPABILITY_INTERRUPT_MESSAGE, capability));`, on);
    expect(lines).toEqual(["info: message 3"]);
    expect(on.bench.ports[0]?.read32(0x120 + 8)).toBe(0x16);
  });

  it("config space is read and written in bytes, words and dwords", () => {
    const on = driverBench();
    const address = on.bench.portAddress(0);
    const lines = probed(`
      uint8_t byte; uint16_t word; uint32_t dword;
      pci_read_config_byte(device, 0x0e, &byte);
      pci_read_config_word(device, CXL_ENDPOINT_HEADER_VENDOR_ID, &word);
      pci_read_config_dword(device, 0x08, &dword);
      cxl_logf(CXL_LOG_INFO, "%x %x %x", byte, word, (unsigned)dword);
      pci_write_config_byte(device, 0x3c, 0x5a);
      cxl_logf(CXL_LOG_INFO, "%d", (int)pci_read_config_dword(99, 0, &dword));`, on);
    const { config } = on.bench.platform;
    expect(lines[0]).toBe(`info: ${config.read8(address, 0x0e).toString(16)} ${config.read16(address, 0).toString(16)} ${config.read32(address, 8).toString(16)}`);
    expect(lines.at(-1)).toBe("info: -19");
  });

  it("mdelay spends virtual time, and a wait for virtual time ends", () => {
    const on = driverBench();
    const before = on.services.now;
    probed("uint64_t until = cxl_now() + 3000000u;\n mdelay(2);\n while (cxl_now() < until) udelay(10);", on);
    expect(on.services.now - before).toBeGreaterThanOrEqual(3_000_000);
    expect(on.services.now - before).toBeLessThan(3_100_000);
  });

  it("memory is mapped, loaded and stored by physical address", () => {
    const on = driverBench();
    const lines = probed(`
      uint64_t value = 0;
      cxl_iomem ram = ioremap(0x1000, 64);
      int32_t stored = cxl_store(0x2000, 8, 0x1122334455667788ull);
      int32_t loaded = cxl_load(0x2000, 4, &value);
      cxl_logf(CXL_LOG_INFO, "%d %d %llx", (int)stored, (int)loaded, (unsigned long long)value);
      iounmap(ram);
      cxl_logf(CXL_LOG_INFO, "%d", (int)cxl_put((uint32_t)(ram >> 32)));`, on);
    expect(lines[0]).toBe("info: 0 0 55667788");
    expect(lines.at(-1)).toBe("info: -22");
  });

  it("parameters are asked for by name", () => {
    const lines = probed(`
      char value[16];
      int32_t missing = cxl_parameter("colour", 6, value, sizeof(value));
      cxl_logf(CXL_LOG_INFO, "%d %d %d", cxl_parameter_is("order", "removal-first"), cxl_parameter_is("order", "removal"), (int)missing);`, driverBench({ order: "removal-first" }));
    expect(lines).toEqual(["info: 1 0 -2"]);
  });
});
