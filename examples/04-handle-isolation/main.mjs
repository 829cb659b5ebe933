// CXL.mem isolation with bare registers: arm the port, break the link, hear of it, wait for the port, leave isolation, recover.

import { createMachine } from "cxl-sandbox";

const MILLISECOND = 1_000_000;
const machine = await createMachine({
  machine: { hostBridges: [{ rootPorts: [{ isolation: { mem: true, timeoutRanges: "ABCD", interrupt: 3 }, device: { volatile: "256MiB" } }] }] },
  firmware: { windows: [{ targets: ["hb0"], size: "256MiB" }] },
}, { strict: true });
const [window] = machine.description.windows;
if (window === undefined) throw new Error("the machine has no window");
const base = window.base;
const port = machine.rootPort("rp0");
const device = machine.device("dev0");
const { timeoutIsolation } = port.registers;

/** @param {string} text */
const say = (text) => console.log(`[${String(machine.now / MILLISECOND).padStart(10)} ms] ${text}`);

function routeMemory() {
  device.configRegisters.dvsecDevice.control.modify({ memoryEnable: 1 });
  const decoders = [device.registers.hdmDecoderDevice, machine.hostBridge("hb0").registers.hdmDecoderPort];
  for (const decoder of decoders) {
    if (decoder.control.get("committed") === 1) continue;
    decoder.baseHigh.write({ base63to32: Number(base >> 32n) });
    decoder.baseLow.write({ base31to28: Number((base >> 28n) & 15n) });
    decoder.sizeLow.write({ size31to28: 1 });
    decoder.control.write({ targetRangeType: 1, commit: 1 });
  }
  device.registers.hdmDecoderDevice.globalControl.modify({ decoderEnable: 1 });
}

// Arm it before there is traffic: timeout, isolation and the interrupt in one write, then a look at the status.
routeMemory();
const { first } = port.enableMessages();
const message = first + timeoutIsolation.capability.get("interruptMessage");
machine.interrupts.on(({ data }) => {
  if (data === message) say(`interrupt: isolated ${timeoutIsolation.status.get("memoryIsolation")}, by link down ${timeoutIsolation.status.get("memoryIsolationLinkDown")}`);
});
timeoutIsolation.control.modify({ memoryTimeoutEnable: 1, memoryIsolationEnable: 1, interruptEnable: 1 });
timeoutIsolation.status.read();
machine.memory.store(base, 0x1234n);
say(`armed; a load gives 0x${machine.memory.load(base).value.toString(16)}`);

// The cable goes. Reads end in poison and writes are dropped, at once: nobody hangs.
machine.inject({ linkFlap: { port: "rp0", time: "50ms" } }, { at: "1ms" });
machine.advance(2 * MILLISECOND);
say(`load: ${machine.memory.load(base).status}, store: ${machine.memory.store(base, 1n)}, link ${port.state.link}`);

// Root Port Busy first (TR1), then the status: what was read is written back.
machine.runUntil(() => timeoutIsolation.status.get("rootPortBusy") === 0, { limit: 2000 * MILLISECOND, what: "the port to be idle" });
const { memoryTimeout, memoryIsolation, memoryIsolationLinkDown } = timeoutIsolation.status.read();
timeoutIsolation.status.write({ memoryTimeout, memoryIsolation, memoryIsolationLinkDown });
say("left isolation");

// The device comes back reset: buses, BARs and decoders anew. The host bridge kept its decoder.
machine.runUntil(() => port.configRegisters.pcie.linkStatus.get("linkActive") === 1, { what: "the link" });
say("link up");
machine.enumerate();
machine.runUntil(() => device.deviceRegisters.memoryDeviceStatus.status.get("mediaStatus") === 1, { what: "the media" });
routeMemory();
machine.memory.store(base, 0x5678n);
say(`recovered; a load gives 0x${machine.memory.load(base).value.toString(16)}`);
console.log(`faults that did not act: ${machine.unfired.length}, violations: ${machine.violations.length}`);
machine.dispose();
