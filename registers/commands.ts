// Mailbox commands of a memory device (CXL 3.2 8.2.10), in order of opcode: payloads byte by byte, effects, return codes (mailbox.md 2 to 18).
// Order is the number of a command in the module and its bit in the machine keys commandsLow and commandsHigh.

import { clearEventRecords, getEventInterruptPolicy, getEventRecords, setEventInterruptPolicy } from "./event-commands.ts";
import { activateFirmware, firmwareInfo, transferFirmware } from "./firmware-commands.ts";
import { mediaErrorRecord, poisonCommands } from "./poison-commands.ts";
import { securityCommands } from "./security-commands.ts";
import type { CommandDeclaration, PayloadFields, PayloadLayout } from "./payload-schema.ts";

const none = { length: 0, fields: {} } as const satisfies PayloadLayout;
const rangeFields = { address: [0, 8, "Start DPA, bytes"], length: [8, 8, "Bytes"] } as const satisfies PayloadFields;

/** A log in a list of logs. */
const logEntry = { length: 0x14, fields: { id: [0, 16, "Log UUID"], size: [0x10, 4, "Bytes"] } } as const;
const logId = { length: 0x10, fields: { id: [0, 16, "Log UUID"] } } as const;
const partition = { volatile: [0, 8, "Active volatile capacity, x 256 MiB"], persistent: [8, 8, "Active persistent capacity, x 256 MiB"], nextVolatile: [0x10, 8, "Volatile capacity after the next reset, x 256 MiB; 0 with the other: no change"], nextPersistent: [0x18, 8, "Persistent capacity after the next reset, x 256 MiB"] } as const;

/** Classes of maintenance operations (8.2.10.7.1). */
export const maintenanceClasses = { repair: 1, sparing: 2 } as const;

/** How bad a condition is. */
const conditions = { normal: 0, warning: 1, critical: 2 } as const;

/** Alerts, by their bit. */
const alerts = { bits: { lifeUsed: 0, overTemperature: 1, underTemperature: 2, correctedVolatile: 3, correctedPersistent: 4 } } as const;

/** Get Health Info, also part of a Memory Module event. */
export const healthFields = {
  healthStatus: [0, 1, "Health", { bits: { maintenanceNeeded: 0, performanceDegraded: 1, hardwareReplacementNeeded: 2, memoryCapacityDegraded: 3 } }],
  mediaStatus: [1, 1, "0 normal, 1 not ready, 2 write persistency lost, 3 all data lost, 4 persistency loss on power loss, 5 on shutdown, 6 imminent, 7 data loss on power loss, 8 on shutdown, 9 imminent"],
  additionalStatus: [2, 1, "Conditions of alerts", { bits: { lifeUsed: [1, 0, conditions], temperature: [3, 2, conditions], volatileWarning: 4, persistentWarning: 5 } }],
  lifeUsed: [3, 1, "Per cent", { values: { notImplemented: 0xff } }],
  temperature: [4, 2, "Signed degrees C", { values: { notImplemented: 0x7fff } }],
  dirtyShutdownCount: [6, 4, "Dirty shutdowns"],
  correctedVolatileCount: [0x0a, 4, "Corrected volatile errors; saturates"],
  correctedPersistentCount: [0x0e, 4, "Corrected persistent errors; saturates"],
} as const satisfies PayloadFields;

const configuration = ["configurationAfterColdReset", "immediateConfiguration", "resetEffectsValid", "configurationAfterConventionalReset", "configurationAfterCxlReset"] as const;
const extent = { length: 0x28, fields: { address: [0, 8, "Start DPA, bytes"], length: [8, 8, "Bytes"], tag: [0x10, 16, "Tag; 0: none"], sequence: [0x20, 2, "Shared extent sequence; 0: not shared"] } } as const;
const updatedExtent = { length: 0x18, fields: rangeFields } as const;
const extentUpdate = { length: 8, fields: { count: [0, 4, "Extents in this request"], flags: [4, 1, "Flags", { bits: { moreFollow: 0 } }] }, items: updatedExtent } as const;

/** Every mailbox command by name: opcode, command set, payloads, effects and return codes. */
export const commands = {
  abortBackground: { opcode: 0x0005, meaning: "Request Abort Background Operation", clause: "8.2.10.1.5", set: "abort", input: none, output: none, effects: [], returns: ["abortNotSupported"] },
  getEventRecords, clearEventRecords, getEventInterruptPolicy, setEventInterruptPolicy, firmwareInfo, transferFirmware, activateFirmware,
  getTimestamp: { opcode: 0x0300, meaning: "Get Timestamp", clause: "8.2.10.4.1", set: "timestamp", input: none, output: { length: 8, fields: { timestamp: [0, 8, "ns since 1970-01-01 UTC; 0 before it is set"] } }, effects: ["secondaryMailbox"], returns: [] },
  setTimestamp: { opcode: 0x0301, meaning: "Set Timestamp", clause: "8.2.10.4.2", set: "timestamp", input: { length: 8, fields: { timestamp: [0, 8, "ns since 1970-01-01 UTC"] } }, output: none, effects: ["immediatePolicy"], returns: [] },
  getSupportedLogs: { opcode: 0x0400, meaning: "Get Supported Logs", clause: "8.2.10.5.1", set: "base", input: none, output: { length: 8, fields: { count: [0, 2, "Entries"] }, items: logEntry }, effects: ["secondaryMailbox"], returns: [] },
  getLog: { opcode: 0x0401, meaning: "Get Log", clause: "8.2.10.5.2", set: "base", input: { length: 0x18, fields: { id: [0, 16, "Log UUID"], offset: [0x10, 4, "Bytes from the start of the log"], length: [0x14, 4, "Bytes wanted"] } }, output: { length: 0, fields: {}, hasData: true }, effects: ["secondaryMailbox"], returns: ["invalidInput", "invalidLog"] },
  getLogCapabilities: { opcode: 0x0402, meaning: "Get Log Capabilities", clause: "8.2.10.5.3", set: "logs", input: logId, output: { length: 4, fields: { flags: [0, 4, "Flags", { bits: { clearSupported: 0, populateSupported: 1, populatedByItself: 2, survivesColdReset: 3 } }] } }, effects: [], returns: ["invalidLog"] },
  clearLog: { opcode: 0x0403, meaning: "Clear Log", clause: "8.2.10.5.4", set: "logs", input: logId, output: none, effects: ["immediateLog"], returns: ["invalidInput", "invalidLog"] },
  populateLog: { opcode: 0x0404, meaning: "Populate Log", clause: "8.2.10.5.5", set: "logs", input: logId, output: none, effects: ["immediateLog", "background"], returns: ["backgroundStarted", "invalidInput", "busy", "invalidLog"] },
  getSupportedLogsSubList: { opcode: 0x0405, meaning: "Get Supported Logs Sub-List", clause: "8.2.10.5.6", set: "logs", input: { length: 2, fields: { most: [0, 1, "Entries wanted at most"], start: [1, 1, "First entry"] } }, output: { length: 8, fields: { count: [0, 1, "Entries"], total: [2, 2, "Logs in all"], start: [4, 1, "First entry"] }, items: logEntry }, effects: ["secondaryMailbox"], returns: ["invalidInput"] },
  getSupportedFeatures: {
    opcode: 0x0500, meaning: "Get Supported Features", clause: "8.2.10.6.1", set: "features",
    input: { length: 8, fields: { size: [0, 4, "Bytes of output wanted at most"], start: [4, 2, "First feature"] } },
    output: { length: 8, fields: { count: [0, 2, "Entries"], total: [2, 2, "Features in all"] }, items: { length: 0x30, fields: { id: [0, 16, "Feature UUID"], index: [0x10, 2, "Index"], getSize: [0x12, 2, "Readable bytes"], setSize: [0x14, 2, "Writable bytes"], flags: [0x16, 4, "Attributes", { bits: { changeable: 0, deepestResetSurvived: [3, 1, { cold: 4 }], survivesFirmwareUpdate: 4, defaultSelectable: 5, savedSelectable: 6 } }], getVersion: [0x1a, 1, "Version of the readable data"], setVersion: [0x1b, 1, "Version of the writable data"], effects: [0x1c, 2, "Command effects of Set Feature"] } } },
    effects: [], returns: ["invalidInput"],
  },
  getFeature: { opcode: 0x0501, meaning: "Get Feature", clause: "8.2.10.6.2", set: "features", input: { length: 0x15, fields: { id: [0, 16, "Feature UUID"], offset: [0x10, 2, "First byte"], count: [0x12, 2, "Bytes"], selection: [0x14, 1, "Which data", { values: { current: 0, default: 1, saved: 2 } }] } }, output: { length: 0, fields: {}, hasData: true }, effects: [], returns: ["invalidInput", "unsupportedFeatureSelection"] },
  setFeature: {
    opcode: 0x0502, meaning: "Set Feature", clause: "8.2.10.6.3", set: "features",
    input: { length: 0x20, fields: { id: [0, 16, "Feature UUID"], flags: [0x10, 4, "Flags", { bits: { transfer: [2, 0, { full: 0, initiate: 1, continue: 2, finish: 3, abort: 4 }], savedOverResets: 3 } }], offset: [0x14, 2, "First byte of this part"], version: [0x16, 1, "Version of the writable data"] }, hasData: true },
    output: none, effects: ["configurationAfterColdReset", "immediateConfiguration", "immediateData", "immediatePolicy", "immediateLog", "securityState"], returns: ["invalidInput", "unsupportedFeatureVersion", "featureTransferInProgress", "featureTransferOutOfOrder"],
  },
  performMaintenance: { opcode: 0x0600, meaning: "Perform Maintenance", clause: "8.2.10.7.1", set: "maintenance", input: { length: 2, fields: { class: [0, 1, "Class", { values: maintenanceClasses }], subclass: [1, 1, "PPR: 0 soft, 1 hard; sparing: 0 cacheline, 1 row, 2 bank, 3 rank"] }, hasData: true }, output: none, effects: ["immediateConfiguration", "immediateData", "immediateLog", "background"], needsMedia: true, returns: ["backgroundStarted", "invalidInput", "busy", "mediaDisabled", "invalidPhysicalAddress", "resourcesExhausted"] },
  identifyMemoryDevice: {
    opcode: 0x4000, meaning: "Identify Memory Device", clause: "8.2.10.9.1.1", set: "base", input: none,
    output: {
      length: 0x45,
      fields: {
        firmwareRevision: [0x00, 16, "ASCII"], totalCapacity: [0x10, 8, "x 256 MiB"], volatileOnlyCapacity: [0x18, 8, "x 256 MiB"], persistentOnlyCapacity: [0x20, 8, "x 256 MiB"], partitionAlignment: [0x28, 8, "x 256 MiB; 0: not partitionable"],
        informationalLogSize: [0x30, 2, "Records"], warningLogSize: [0x32, 2, "Records"], failureLogSize: [0x34, 2, "Records"], fatalLogSize: [0x36, 2, "Records"], labelAreaSize: [0x38, 4, "Bytes"],
        poisonListSize: [0x3c, 3, "Media error records at most"], injectPoisonLimit: [0x3f, 2, "0: none"], poisonHandling: [0x41, 1, "Poison handling", { bits: { injectsPersistentPoison: 0, scansForPoison: 1 } }], qosTelemetry: [0x42, 1, "0 egress port congestion, 1 temporary throughput reduction"], dynamicCapacityLogSize: [0x43, 2, "Records"],
      },
    },
    effects: ["secondaryMailbox"], returns: [],
  },
  getPartitionInfo: { opcode: 0x4100, meaning: "Get Partition Info", clause: "8.2.10.9.2.1", set: "partition", input: none, output: { length: 0x20, fields: partition }, effects: [], returns: [] },
  setPartitionInfo: { opcode: 0x4101, meaning: "Set Partition Info", clause: "8.2.10.9.2.2", set: "partition", input: { length: 9, most: 10, fields: { volatile: [0, 8, "Volatile capacity, x 256 MiB"], flags: [8, 1, "Flags", { bits: { atOnce: 0 } }] } }, output: none, effects: [...configuration, "immediateData"], returns: ["invalidInput"] },
  getLabels: { opcode: 0x4102, meaning: "Get LSA", clause: "8.2.10.9.2.3", set: "labels", input: { length: 8, fields: { offset: [0, 4, "Bytes"], length: [4, 4, "Bytes"] } }, output: { length: 0, fields: {}, hasData: true }, effects: [], needsMedia: true, returns: ["invalidInput", "mediaDisabled"] },
  setLabels: { opcode: 0x4103, meaning: "Set LSA", clause: "8.2.10.9.2.4", set: "labels", input: { length: 8, fields: { offset: [0, 4, "Bytes"] }, hasData: true }, output: none, effects: ["immediateConfiguration", "immediateData"], needsMedia: true, returns: ["invalidInput", "internalError", "mediaDisabled"] },
  getHealth: { opcode: 0x4200, meaning: "Get Health Info", clause: "8.2.10.9.3.1", set: "health", input: none, output: { length: 0x12, fields: healthFields }, effects: ["secondaryMailbox"], returns: [] },
  getAlerts: {
    opcode: 0x4201, meaning: "Get Alert Configuration", clause: "8.2.10.9.3.2", set: "health", input: none,
    output: { length: 0x10, fields: { valid: [0, 1, "Warnings that are enabled", alerts], programmable: [1, 1, "Warnings that can be set", alerts], lifeUsedCritical: [2, 1, "Per cent"], lifeUsedWarning: [3, 1, "Per cent"], overCritical: [4, 2, "Signed degrees C"], underCritical: [6, 2, "Signed degrees C"], overWarning: [8, 2, "Signed degrees C"], underWarning: [0x0a, 2, "Signed degrees C"], volatileWarning: [0x0c, 2, "Errors"], persistentWarning: [0x0e, 2, "Errors"] } },
    effects: [], returns: [],
  },
  setAlerts: { opcode: 0x4202, meaning: "Set Alert Configuration", clause: "8.2.10.9.3.3", set: "health", input: { length: 0x0c, fields: { valid: [0, 1, "Alerts to set", alerts], enable: [1, 1, "Warnings to enable", alerts], lifeUsed: [2, 1, "Per cent"], over: [4, 2, "Signed degrees C"], under: [6, 2, "Signed degrees C"], volatile: [8, 2, "Errors"], persistent: [0x0a, 2, "Errors"] } }, output: none, effects: ["immediatePolicy"], returns: ["invalidInput"] },
  getShutdown: { opcode: 0x4203, meaning: "Get Shutdown State", clause: "8.2.10.9.3.4", set: "shutdown", input: none, output: { length: 1, fields: { state: [0, 1, "Shutdown state", { bits: { dirty: 0 } }] } }, effects: [], returns: [] },
  setShutdown: { opcode: 0x4204, meaning: "Set Shutdown State", clause: "8.2.10.9.3.5", set: "shutdown", input: { length: 1, fields: { state: [0, 1, "Shutdown state", { bits: { dirty: 0 } }] } }, output: none, effects: ["immediatePolicy"], returns: [] },
  ...poisonCommands,
  sanitize: { opcode: 0x4400, meaning: "Sanitize", clause: "8.2.10.9.5.1", set: "sanitize", input: none, output: none, effects: ["immediateData", "securityState", "background", "abortable"], returns: ["backgroundStarted", "busy", "invalidSecurityState"] },
  secureErase: { opcode: 0x4401, meaning: "Secure Erase", clause: "8.2.10.9.5.2", set: "erase", input: none, output: none, effects: ["immediateData", "securityState"], returns: ["busy", "invalidSecurityState"] },
  mediaOperations: {
    opcode: 0x4402, meaning: "Media Operations", clause: "8.2.10.9.5.3", set: "mediaOperations",
    input: { length: 8, fields: { class: [0, 1, "Class", { values: { general: 0, sanitize: 1 } }], subclass: [1, 1, "General: 0 discovery; of class sanitize", { values: { sanitize: 0, zero: 1 } }], count: [4, 4, "DPA ranges"] }, hasData: true },
    output: { length: 0x0c, fields: { granularity: [0, 8, "Bytes"], total: [8, 2, "Operations in all"], count: [0x0a, 2, "Entries"] }, items: { length: 2, fields: { class: [0, 1, "Class"], subclass: [1, 1, "Subclass"] } } },
    effects: ["immediateData", "background"], returns: ["backgroundStarted", "invalidInput", "busy", "invalidPhysicalAddress"],
  },
  ...securityCommands,
  securitySend: { opcode: 0x4600, meaning: "Security Send", clause: "8.2.10.9.7.1", set: "securityTransport", input: { length: 8, fields: { protocol: [0, 1, "Security protocol"], specific: [1, 2, "Protocol specific"] }, hasData: true }, output: none, effects: ["securityState"], returns: ["invalidInput"] },
  securityReceive: { opcode: 0x4601, meaning: "Security Receive", clause: "8.2.10.9.7.2", set: "securityTransport", input: { length: 8, fields: { protocol: [0, 1, "Security protocol"], specific: [1, 2, "Protocol specific"] } }, output: { length: 0, fields: {}, hasData: true }, effects: [], returns: ["invalidInput"] },
  getQosControl: { opcode: 0x4700, meaning: "Get SLD QoS Control", clause: "8.2.10.9.8.1", set: "qos", input: none, output: { length: 4, fields: { control: [0, 1, "Telemetry control"], moderate: [1, 1, "Egress moderate, per cent"], severe: [2, 1, "Egress severe, per cent"], interval: [3, 1, "Backpressure sample interval"] } }, effects: [], returns: [] },
  setQosControl: { opcode: 0x4701, meaning: "Set SLD QoS Control", clause: "8.2.10.9.8.2", set: "qos", input: { length: 4, fields: { control: [0, 1, "Telemetry control"], moderate: [1, 1, "Egress moderate, per cent"], severe: [2, 1, "Egress severe, per cent"], interval: [3, 1, "Backpressure sample interval"] } }, output: none, effects: ["immediatePolicy"], returns: ["invalidInput"] },
  getQosStatus: { opcode: 0x4702, meaning: "Get SLD QoS Status", clause: "8.2.10.9.8.3", set: "qos", input: none, output: { length: 1, fields: { backpressure: [0, 1, "Average backpressure, per cent"] } }, effects: [], returns: [] },
  getDynamicCapacity: {
    opcode: 0x4800, meaning: "Get Dynamic Capacity Configuration", clause: "8.2.10.9.9.1", set: "dynamicCapacity", input: { length: 2, fields: { count: [0, 1, "Regions wanted at most"], start: [1, 1, "First region"] } },
    output: { length: 8, fields: { available: [0, 1, "Regions in all"], count: [1, 1, "Entries"] }, items: { length: 0x28, fields: { base: [0, 8, "DPA"], decodeLength: [8, 8, "x 256 MiB"], length: [0x10, 8, "Bytes"], blockSize: [0x18, 8, "Bytes"], dsmadHandle: [0x20, 4, "Handle of its DSMAS"], flags: [0x24, 1, "UNKNOWN: reads 0"] } } },
    effects: [], returns: ["invalidInput"],
  },
  getExtentList: { opcode: 0x4801, meaning: "Get Dynamic Capacity Extent List", clause: "8.2.10.9.9.2", set: "dynamicCapacity", input: { length: 8, fields: { count: [0, 4, "Extents wanted at most"], start: [4, 4, "First extent"] } }, output: { length: 0x10, fields: { count: [0, 4, "Entries"], total: [4, 4, "Extents in all"], generation: [8, 4, "Changes with the list"] }, items: extent }, effects: [], returns: ["invalidInput"] },
  addDynamicCapacity: { opcode: 0x4802, meaning: "Add Dynamic Capacity Response", clause: "8.2.10.9.9.3", set: "dynamicCapacity", input: extentUpdate, output: none, effects: ["immediateData"], returns: ["invalidPhysicalAddress", "resourcesExhausted", "invalidExtentList"] },
  releaseDynamicCapacity: { opcode: 0x4803, meaning: "Release Dynamic Capacity", clause: "8.2.10.9.9.4", set: "dynamicCapacity", input: extentUpdate, output: none, effects: ["immediateData"], returns: ["invalidPhysicalAddress", "resourcesExhausted", "invalidExtentList"] },
} as const satisfies Readonly<Record<string, CommandDeclaration>>;

/** Name of a mailbox command. */
export type CommandName = keyof typeof commands;
/** Names of all mailbox commands, in order of the declaration. */
export const commandNames = Object.keys(commands) as readonly CommandName[];
export const mediaError = mediaErrorRecord;
export const dynamicCapacityTail = { length: 0x10, fields: { extentsSupported: [0, 4, "Extents supported"], extentsAvailable: [4, 4, "Extents available"], tagsSupported: [8, 4, "Tags supported"], tagsAvailable: [0x0c, 4, "Tags available"] } } as const satisfies PayloadLayout;
export const discoveryArguments = { length: 4, fields: { start: [0, 2, "First operation"], count: [2, 2, "Operations wanted"] } } as const satisfies PayloadLayout;
/** Data of Perform Maintenance behind class and subclass. */
export const repairData = { length: 0x0c, fields: { flags: [0, 1, "Flags", { bits: { query: 0 } }], address: [1, 8, "DPA"], nibbleMask: [9, 3, "Nibble mask"] } } as const satisfies PayloadLayout;
export const sparingData = {
  length: 0x0e,
  fields: {
    flags: [0, 1, "Flags", { bits: { query: 0, hardSparing: 1, subChannelValid: 2, nibbleMaskValid: 3 } }], channel: [1, 1, "Channel"], rank: [2, 1, "Rank"], nibbleMask: [3, 3, "Nibble mask"],
    bankGroup: [6, 1, "Bank group"], bank: [7, 1, "Bank"], row: [8, 3, "Row"], column: [0x0b, 2, "Column"], subChannel: [0x0d, 1, "Sub-channel"],
  },
} as const satisfies PayloadLayout;
export const mediaRange = { length: 0x10, fields: rangeFields } as const satisfies PayloadLayout;
