// The part of docs/faults.md about a device's command interface: one row for each action, and how QMP scripts carry over.

import type { DeviceActionName } from "./device-faults.ts";
import { qmpCommands } from "./qmp.ts";

export interface Row {
  /** As it stands behind `do:`. */
  readonly example: string;
  readonly meaning: string;
  readonly clause: string;
}

export const deviceRows: Readonly<Record<DeviceActionName | "qmp", Row>> = {
  injectGeneralMediaEvent: { example: "injectGeneralMediaEvent: { of: dev0, log: informational, flags: 1, dpa: 0x1000, descriptor: 3, type: 3, transaction-type: 192, channel: 3, rank: 17, device: 5, component-id: iron mouse }", meaning: "a general media record in a log; also `is-comp-id-pldm`, `cme-ev-flags`, `cme-count`, `sub-type`", clause: "CXL 8.2.10.2.1.1" },
  injectDramEvent: { example: "injectDramEvent: { of: dev0, log: warning, flags: 0, dpa: 0x2000, descriptor: 1, type: 0, transaction-type: 1, channel: 3, rank: 17, nibble-mask: 0x3b00b2, bank-group: 7, bank: 11, row: 2, column: 77, correction-mask: [33, 44, 55, 66] }", meaning: "a DRAM record; also `component-id`, `is-comp-id-pldm`, `sub-channel`, `cme-ev-flags`, `cvme-count`, `sub-type`", clause: "CXL 8.2.10.2.1.2" },
  injectMemoryModuleEvent: { example: "injectMemoryModuleEvent: { of: dev0, log: failure, flags: 0, type: 3, health-status: 3, media-status: 7, additional-status: 33, life-used: 30, temperature: 15, dirty-shutdown-count: 4, corrected-volatile-error-count: 3233, corrected-persistent-error-count: 1300 }", meaning: "a memory module record with the health that it reports; also `component-id`, `is-comp-id-pldm`, `sub-type`", clause: "CXL 8.2.10.2.1.3" },
  injectMemorySparingEvent: { example: "injectMemorySparingEvent: { of: dev0, log: informational, flags: 0, maint-op-class: 2, maint-op-subclass: 1, operation: 4, result: 0, spare-resources: 2, channel: 1, rank: 0, bank-group: 2, bank: 3, row: 0x1000 }", meaning: "a memory sparing record; also `nibble-mask`, `column`, `component-id`, `is-comp-id-pldm`, `sub-channel`", clause: "CXL 8.2.10.2.1.4" },
  injectRecord: { example: 'injectRecord: { of: dev0, log: warning, uuid: 00112233-4455-6677-8899-aabbccddeeff, flags: 1, data: "01 02 ff" }', meaning: "a record of any kind by its UUID, with up to 80 bytes of data", clause: "CXL 8.2.10.2.1.5" },
  injectPoison: { example: "injectPoison: { of: dev0, start: 0x4000, length: 0x100 }", meaning: "as `poison`, with the argument names of QEMU", clause: "CXL 12.2.3" },
  injectCorrectableError: { example: "injectCorrectableError: { of: dev0, type: crc-threshold }", meaning: "as `rasError`, with the error names of QEMU", clause: "CXL 8.2.4.17" },
  injectUncorrectableErrors: { example: "injectUncorrectableErrors: { of: dev0, errors: [{ type: mem-data-ecc, header: [1, 2] }, { type: cache-be-parity, header: [3] }] }", meaning: "several at once, with their headers", clause: "CXL 8.2.4.17" },
  addDynamicCapacity: { example: "addDynamicCapacity: { of: dev0, host-id: 0, selection-policy: prescriptive, region: 0, extents: [{ offset: 0, len: 128MiB }, { offset: 128MiB, len: 128MiB }] }", meaning: "extents are offered to the host, by offset in a region of `mailbox.dynamicRegions`; `tag` is a UUID; one record an extent", clause: "CXL 8.2.10.2.1.6, 7.6.7.6.5" },
  releaseDynamicCapacity: { example: "releaseDynamicCapacity: { of: dev0, host-id: 0, removal-policy: prescriptive, forced-removal: false, region: 0, extents: [{ offset: 0, len: 128MiB }] }", meaning: "extents are asked back; with `forced-removal` they are gone", clause: "CXL 8.2.10.2.1.6, 7.6.7.6.6" },
  overflowEventLog: { example: "overflowEventLog: { of: dev0, log: warning, lost: 3 }", meaning: "so many records that a log that was empty is full and `lost` (1) more are lost", clause: "CXL 8.2.10.2.2" },
  mailboxBusy: { example: "mailboxBusy: dev0", meaning: "the doorbell of the primary mailbox is set with no command behind it, and nothing clears it but a reset", clause: "CXL 8.2.9.4" },
  commandTimeout: { example: "commandTimeout: { of: dev0, command: getHealth, nth: 2, count: 1 }", meaning: "the `nth` (1) command from now and `count` (1) in all never end; of one `command` by name or opcode, or any", clause: "CXL 8.2.9.4" },
  commandError: { example: "commandError: { of: dev0, code: busy, command: 0x4400 }", meaning: "commands end with a return code, by name or number", clause: "CXL 8.2.9.4.5.1" },
  truncateOutput: { example: "truncateOutput: { of: dev0, command: identifyMemoryDevice, bytes: 16 }", meaning: "the output of commands ends after so many bytes", clause: "CXL 8.2.9.4.5" },
  corruptOutput: { example: "corruptOutput: { of: dev0, command: getLog, mask: 0x40 }", meaning: "every byte of the output has the bits of `mask` (0xff) turned over", clause: "-" },
  deviceStatus: { example: "deviceStatus: { of: dev0, status: fatal }", meaning: "`fatal`, `firmware-halt` or `mailbox-not-ready`: commands do not end until a reset; `clear`: they go on. For media: `mediaState`; for a slow start: `mailbox: { readyTime }` and `mediaReadyTime` of the machine", clause: "CXL 8.2.9.5.1.1" },
  changeHealth: { example: "changeHealth: { of: dev0, temperature: 80, media-status: 1 }", meaning: "Get Health Info changes, and records follow: media status in the failure log, health status in the warning log, life and temperature where a threshold is passed; also `health-status`, `life-used`, `dirty-shutdown-count`, `corrected-volatile-error-count`, `corrected-persistent-error-count`", clause: "CXL 8.2.10.9.3.1" },
  interruptBackground: { example: "interruptBackground: { of: dev0, code: interrupted }", meaning: "the background operation under way, a sanitize say, ends at once with a return code (`interrupted`)", clause: "CXL 8.2.9.4.6" },
  breakFirmwareTransfer: { example: "breakFirmwareTransfer: dev0", meaning: "the firmware transfer under way, or the next one, is lost: its next part is out of order", clause: "CXL 8.2.10.3.2" },
  qmp: { example: 'qmp: { execute: cxl-inject-poison, arguments: { path: /machine/peripheral/dev0, start: 0, length: 64 } }', meaning: "a command of a QMP script, a list of them, or the script as text", clause: "-" },
};

export const deviceSection = (lines: string): string => `## Command interface of a device

Events take the arguments of QEMU's commands with their names and values. What is given is valid in the record; handle and timestamp are the
device's. \`of\` is the device (\`path\`, of which the last part counts, does as well); \`log\` is \`informational\`, \`warning\`, \`failure\` or \`fatal\`;
\`times\` puts a record in that often; \`maint-op-class\`, \`maint-op-subclass\`, \`ld-id\` and \`head-id\` go with every kind.

| do | what happens | clause |
|---|---|---|
${lines}

A fault of several records, errors or commands does them at once, in their order. A fault of commands has fired once a command met it, an
interruption once there was an operation to interrupt: else the run is invalid.

### QMP scripts

A script that injects into QEMU's devices carries over as it stands. Devices have the names that they have there:

\`\`\`yaml
faults:
  - id: storm
    when: { at: 1ms }
    do:
      qmp: |
        { "execute": "qmp_capabilities" }
        { "execute": "cxl-inject-poison", "arguments": { "path": "/machine/peripheral/dev0", "start": 4096, "length": 64 } }
\`\`\`

Known are ${qmpCommands.map((name) => `\`${name}\``).join(", ")}.
Identifiers are cut at 15 letters as there; of a header the 16 dwords that the registers have are kept; capacity requests are prescriptive, and
\`sanitize-on-release\` changes nothing.
`;
