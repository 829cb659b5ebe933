// Finds the component registers of a root port by hand, from config space to the capability array, and then by name.

import { createMachine } from "cxl-sandbox";

const machine = await createMachine({
  hostBridges: [{ rootPorts: [{ isolation: { mem: true, interrupt: 3 }, device: { volatile: "256MiB" } }] }],
});
const port = machine.rootPort("rp0");

// The Register Locator is a DVSEC (extended capability 0x0023) of vendor 0x1e98 with id 8 (CXL 3.2 8.1.9).
let dvsec = 0x100;
while ((machine.config.read32(port.bdf, dvsec + 8) & 0xffff) !== 8 || (machine.config.read32(port.bdf, dvsec) & 0xffff) !== 0x23) {
  dvsec = machine.config.read32(port.bdf, dvsec) >>> 20;
}
const entry = machine.config.read32(port.bdf, dvsec + 0x0c);
const bar = machine.config.read32(port.bdf, 0x10) & ~0xf;
const barHigh = machine.config.read32(port.bdf, 0x14);
const block = (BigInt(barHigh) << 32n) + BigInt(bar >>> 0) + BigInt(entry & 0xffff0000);
console.log(`${port.bdf}: Register Locator at 0x${dvsec.toString(16)}, block ${(entry >>> 8) & 0xff} in BAR ${entry & 7}`);

// The CXL.cache/mem registers begin 4 KiB behind the block, with an array of headers (8.2.4).
const registers = machine.ioremap(block + 0x1000n, 0x1000n);
const count = registers.read32(0) >>> 24;
for (let index = 1; index <= count; index++) {
  const header = registers.read32(4 * index);
  if ((header & 0xffff) === 0) continue; // A place for what this port does not have.
  console.log(`capability 0x${(header & 0xffff).toString(16).padStart(4, "0")} version ${(header >>> 16) & 0xf} at 0x${(header >>> 20).toString(16)}`);
}

// The same by name: offsets, masks and access widths are those of the declaration.
// A message number counts from the messages that software has enabled.
port.enableMessages();
const { memoryIsolation, memoryTimeout, interrupt, interruptMessage } = port.registers.timeoutIsolation.capability.read();
console.log(`isolation ${memoryIsolation}, timeout ${memoryTimeout}, interrupt ${interrupt} as message ${interruptMessage}`);
machine.dispose();
