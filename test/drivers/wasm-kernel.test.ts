// A driver in C under the kernel: its hooks, one after the other (src/platform/driver.ts, docs/c-drivers.md).

import { describe, expect, it } from "vitest";
import { eventRecords, recordLayout } from "../../registers/events.ts";
import { wasmDriver } from "../../src/drivers/wasm/driver.ts";
import { encodePayload, uuidFrom } from "../../src/platform/payload.ts";
import { compileDriver, hasClang } from "../support/clang.ts";
import type { Host } from "./host.ts";
import { bootWith, second } from "./host.ts";

const source = `#include <cxl_sandbox.h>
CXL_DRIVER({ .kind = CXL_KIND_ENDPOINT, .class_code = 0x050210 })
static uint32_t first;
int32_t cxl_probe(uint32_t device)
{
	cxl_iomem mailbox = cxl_ioremap_structure(device, CXL_PRIMARY_MAILBOX);
	cxl_iomem header = cxl_ioremap_structure(device, CXL_COMPONENT_HEADER);
	uint32_t entries = CXL_GET(CXL_COMPONENT_HEADER_HEADER_ARRAY_SIZE, readl(header));
	if (first != 0)
		return 1;
	first = device;
	for (uint32_t i = 0; i < entries; i++) {
		uint32_t entry = readl(header + CXL_COMPONENT_HEADER_ENTRY + i * CXL_COMPONENT_HEADER_ENTRY_STRIDE);
		if (CXL_GET(CXL_COMPONENT_HEADER_ENTRY_ID, entry) == CXL_HDM_DECODER_DEVICE_ID)
			cxl_logf(CXL_LOG_INFO, "demo: decoders at 0x%x", (unsigned)CXL_GET(CXL_COMPONENT_HEADER_ENTRY_POINTER, entry));
	}
	cxl_logf(CXL_LOG_INFO, "demo: payload of 2^%u", (unsigned)CXL_GET(CXL_PRIMARY_MAILBOX_CAPABILITY_PAYLOAD_SIZE, readl(mailbox)));
	return 0;
}
void cxl_event(uint32_t device, uint32_t log)
{
	uint8_t record[128];
	int32_t length = cxl_event_record(record, sizeof(record));
	cxl_logf(CXL_LOG_INFO, "demo: %d in log %u, %d bytes, first %x", device == first, (unsigned)log, (int)length, record[0]);
}
void cxl_reset_done(uint32_t device) { cxl_logf(CXL_LOG_INFO, "demo: reset of %u", device == first); }
void cxl_remove(uint32_t device) { cxl_logf(CXL_LOG_INFO, "demo: remove %u", device == first); }
`;

describe.skipIf(!hasClang)("a driver in C under the kernel", () => {
  const bytes = hasClang ? compileDriver(source) : new Uint8Array();
  const boot = (): Host => bootWith([wasmDriver("demo", bytes)]);
  const said = (host: Host): string[] => host.log().filter((line) => line.startsWith("demo: ")).map((line) => line.slice(6));
  const decoders = "decoders at 0x200";

  it("finds structures by walking the capability array, as by name, and declines what it does not want", () => {
    expect(said(boot())).toEqual([decoders, "payload of 2^11"]);
  });

  it("is told of records of event logs, with their bytes", () => {
    const host = boot();
    const kind = eventRecords.memoryModule;
    host.act({ kind: "injectEvent", device: "rp0-dev", log: "warning", record: encodePayload(recordLayout("memoryModule"), { id: uuidFrom(kind.uuid) }) });
    host.run(second);
    expect(said(host).at(-1)).toBe(`1 in log 1, 128 bytes, first ${Number(uuidFrom(kind.uuid)[0]).toString(16)}`);
  });

  it("is told of a reset, and lets go of a function that is removed", () => {
    const host = boot();
    host.command("echo 1 > /sys/bus/pci/devices/0000:0d:00.0/reset");
    expect(said(host).at(-1)).toBe("reset of 1");
    host.command("echo 1 > /sys/bus/pci/devices/0000:0d:00.0/remove");
    expect(said(host).at(-1)).toBe("remove 1");
  });
});
