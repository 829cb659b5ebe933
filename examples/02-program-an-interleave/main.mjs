// Programs a two-way interleave by hand: the host bridge's decoder, the decoders of two devices, commit. Then shows where bytes went.

import { createMachine } from "cxl-sandbox";

const machine = await createMachine({
  machine: { hostBridges: [{ rootPorts: [{ device: { volatile: "256MiB" } }, { device: { volatile: "256MiB" } }] }] },
  firmware: { windows: [{ targets: ["hb0"], size: "1GiB" }] },
}, { strict: true });
const [window] = machine.description.windows;
if (window === undefined) throw new Error("the machine has no window");

const size = 512n << 20n;
const range = {
  base: { high: Number(window.base >> 32n), low: Number((window.base >> 28n) & 15n) },
  size: { high: Number(size >> 32n), low: Number((size >> 28n) & 15n) },
};
/** 2 ways (code 1) of 1 KiB (code 2), host-only coherent. */
const interleave = { interleaveWays: 1, interleaveGranularity: 2, targetRangeType: 1, commit: 1 };

/** Base and size lie alike in ports and devices (8.2.4.20.3 to .6). @param {Pick<import("cxl-sandbox").DeviceView["registers"]["hdmDecoderDevice"], "baseHigh" | "baseLow" | "sizeHigh" | "sizeLow">} decoder */
function writeRange(decoder) {
  decoder.baseHigh.write({ base63to32: range.base.high });
  decoder.baseLow.write({ base31to28: range.base.low });
  decoder.sizeHigh.write({ size63to32: range.size.high });
  decoder.sizeLow.write({ size31to28: range.size.low });
}

/** Devices first, the host bridge last: nothing is routed to a device that does not decode yet. */
for (const name of ["dev0", "dev1"]) {
  const device = machine.device(name);
  device.configRegisters.dvsecDevice.control.modify({ memoryEnable: 1 });
  const decoder = device.registers.hdmDecoderDevice;
  writeRange(decoder);
  decoder.globalControl.modify({ decoderEnable: 1 });
  decoder.control.write(interleave);
  console.log(`${name}: committed ${decoder.control.get("committed")}, error ${decoder.control.get("errorNotCommitted")}`);
}
const bridge = machine.hostBridge("hb0").registers.hdmDecoderPort;
writeRange(/** @type {any} */ (bridge));
/** @param {string} name */
const portNumber = (name) => machine.rootPort(name).configRegisters.pcie.linkCapabilities.get("portNumber");
bridge.targetListLow.write({ way0: portNumber("rp0"), way1: portNumber("rp1") });
bridge.control.write(interleave);
console.log(`hb0: committed ${bridge.control.get("committed")}`);

// Chunks of 1 KiB go to the devices in turn: a poisoned line of dev1 shows in the second chunk.
for (let chunk = 0n; chunk < 4n; chunk++) machine.memory.store(window.base + chunk * 1024n, 0xc0ffee00n + chunk);
machine.inject({ poison: { device: "dev1", dpa: 0 } });
machine.inject({ poison: { device: "dev0", dpa: 1024 } });
for (let chunk = 0n; chunk < 4n; chunk++) {
  const { status, value } = machine.memory.load(window.base + chunk * 1024n);
  console.log(`chunk ${chunk}: ${status}${status === "ok" ? ` 0x${value.toString(16)}` : ""}`);
}
console.log(`violations: ${machine.violations.length}`);
machine.dispose();
