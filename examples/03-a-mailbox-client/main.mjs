// A mailbox client: a command by hand, register by register; the same through the library; events; a command that never ends.

import { createMachine, MailboxTimeoutError, registers } from "cxl-sandbox";

const machine = await createMachine({ hostBridges: [{ rootPorts: [{ device: { volatile: "512MiB", serial: 0xc0ffee } }] }] }, { strict: true });
const device = machine.device("dev0");
const { primaryMailbox, memoryDeviceStatus, deviceStatus } = device.deviceRegisters;

// By hand (CXL 3.2 8.2.9.4): ready, doorbell clear, command, doorbell, poll, return code, payload.
machine.runUntil(() => memoryDeviceStatus.status.get("mailboxReady") === 1, { what: "the mailbox" });
primaryMailbox.command.write({ opcode: registers.opcodes.identifyMemoryDevice, payloadLength: 0 });
primaryMailbox.control.write({ doorbell: 1 });
const rungAt = machine.now;
machine.runUntil(() => primaryMailbox.control.get("doorbell") === 0, { limit: 2_000_000_000, what: "the answer" });
console.log(`Identify took ${machine.now - rungAt} ns, return code ${primaryMailbox.status.get("returnCode")}, ${primaryMailbox.command.get("payloadLength")} bytes`);

// Through the library: one call.
const { output } = device.mailbox(registers.opcodes.identifyMemoryDevice);
const view = new DataView(output.buffer);
console.log(`firmware "${new TextDecoder().decode(output.subarray(0, 16)).replace(/\0+$/, "")}", ${view.getBigUint64(16, true) * 256n} MiB`);

// An event: the device sets its bit in the event status until the record is cleared.
const warning = registers.eventLogs.indexOf("warning");
machine.inject({ injectDramEvent: { of: "dev0", log: "warning", flags: 0, dpa: 0x2000, descriptor: 1, type: 0, "transaction-type": 1, channel: 3 } });
console.log(`event status: warning ${deviceStatus.eventStatus.get("warning")}`);
const events = device.mailbox(registers.opcodes.getEventRecords, new Uint8Array([warning])).output;
const record = new DataView(events.buffer, 0x20, 0x80);
const handle = record.getUint16(0x14, true);
console.log(`${new DataView(events.buffer).getUint16(0x14, true)} record, handle ${handle}, DPA 0x${(record.getBigUint64(0x30, true) & ~0x3fn).toString(16)}`);
device.mailbox(registers.opcodes.clearEventRecords, new Uint8Array([warning, 0, 1, 0, 0, 0, handle & 0xff, handle >> 8]));
console.log(`event status: warning ${deviceStatus.eventStatus.get("warning")}`);

// A command that never ends: the doorbell stays set, the client gives up after 2 s of the device's time.
machine.inject({ commandTimeout: { of: "dev0", command: "getHealth" } });
try {
  device.mailbox(registers.opcodes.getHealth);
} catch (error) {
  if (!(error instanceof MailboxTimeoutError)) throw error;
  console.log(error.message);
}
console.log(`faults that did not act: ${machine.unfired.length}, violations: ${machine.violations.length}`);
machine.dispose();
