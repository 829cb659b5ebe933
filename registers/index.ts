// The declarations as the package gives them (`cxl-sandbox/registers`): data without behaviour, for drivers, generators and pages of others.

export { blocks } from "./blocks.ts";
export type { BlockName } from "./blocks.ts";
export { cacheMemoryRange, deviceBar, dvsecIdentity, messageNumbers } from "./constants.ts";
export { commands, commandNames } from "./commands.ts";
export type { CommandName } from "./commands.ts";
export { eventLogs, eventRecords, recordFlags, recordLayout } from "./events.ts";
export type { EventLog, EventRecordKind, EventRecordName } from "./events.ts";
export { deviceLogs, features } from "./features.ts";
export type { FeatureDeclaration, FeatureName } from "./features.ts";
export { commandEffects, commandSets, returnCodes } from "./payload-schema.ts";
export type { CommandDeclaration, CommandEffect, CommandSet, PayloadBits, PayloadField, PayloadFields, PayloadLayout, PayloadNames, PayloadValueNames, ReturnCode } from "./payload-schema.ts";
export { machineKeys } from "./schema.ts";
export type { Access, BlockDeclaration, BlockKind, FieldDeclaration, MachineKey, Placement, RegisterDeclaration, RegisterSpace, StructureDeclaration } from "./schema.ts";
