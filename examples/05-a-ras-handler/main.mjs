// A RAS handler: unmasks a device's errors, hears of them through AER at the root port, reads status and header log, clears what it read.

import { createMachine } from "cxl-sandbox";

const machine = await createMachine({ hostBridges: [{ rootPorts: [{ device: { volatile: "256MiB" } }] }] }, { strict: true });
const port = machine.rootPort("rp0");
const device = machine.device("dev0");
const { ras } = device.registers;
const { aer: deviceAer, pcie } = device.configRegisters;
const { aer: rootAer } = port.configRegisters;

// A masked error leaves no trace (8.2.4.17), and AER has internal errors masked too (PCIe 7.8.4.3).
ras.uncorrectableMask.modify({ memoryDataEcc: 0, poisonReceived: 0 });
ras.correctableMask.modify({ memoryDataEcc: 0 });
deviceAer.uncorrectableMask.modify({ uncorrectableInternal: 0 });
deviceAer.correctableMask.modify({ correctedInternal: 0 });
pcie.deviceControl.modify({ correctableEnable: 1, nonFatalEnable: 1, fatalEnable: 1 });
port.configRegisters.pcie.deviceControl.modify({ correctableEnable: 1, nonFatalEnable: 1, fatalEnable: 1 });
port.configRegisters.bridgeHeader.bridgeControl.modify({ serrEnable: 1 });
rootAer.rootErrorCommand.modify({ correctableEnable: 1, nonFatalEnable: 1, fatalEnable: 1 });

/** Names of the bits of a register's value that are set. @param {Readonly<Record<string, number>>} fields */
const set = (fields) => Object.keys(fields).filter((name) => fields[name] === 1);

function handle() {
  const { interruptMessage: _, ...root } = rootAer.rootErrorStatus.read();
  const source = rootAer.errorSource.read();
  console.log(`root: ${set(root).join(", ")}`);
  if (root.correctableReceived === 1) {
    const status = ras.correctableStatus.read();
    console.log(`correctable, from ${source.correctable.toString(16)}: ${set(status).join(", ")}`);
    ras.correctableStatus.write(status);
    deviceAer.correctableStatus.write(deviceAer.correctableStatus.read());
  }
  if (root.uncorrectableReceived === 1) {
    const status = ras.uncorrectableStatus.read();
    const pointer = ras.control.get("firstErrorPointer");
    const header = Array.from({ length: 4 }, (_word, dword) => ras.headerLog.at(dword).get("dword").toString(16).padStart(8, "0"));
    console.log(`uncorrectable, from ${source.uncorrectable.toString(16)}: ${set(status).join(", ")}; first is bit ${pointer}, header ${header.join(" ")}`);
    ras.uncorrectableStatus.write(status);
    deviceAer.uncorrectableStatus.write(deviceAer.uncorrectableStatus.read());
  }
  rootAer.rootErrorStatus.writeRaw(rootAer.rootErrorStatus.readRaw());
}

const { first } = port.enableMessages();
machine.interrupts.on(({ data }) => {
  if (data === first + rootAer.rootErrorStatus.get("interruptMessage")) handle();
});

machine.inject({ rasError: { of: "dev0", correctable: "memoryDataEcc" } });
machine.advance(1000);
machine.inject({ rasError: { of: "dev0", uncorrectable: "memoryDataEcc", header: [0xdead, 0xbeef, 1, 2] } });
machine.advance(1000);
console.log(`left: ${ras.uncorrectableStatus.readRaw()} ${ras.correctableStatus.readRaw()} ${rootAer.rootErrorStatus.readRaw() & 0x7fn}`);
console.log(`faults that did not act: ${machine.unfired.length}, violations: ${machine.violations.length}`);
machine.dispose();
