// Perform Maintenance (mailbox.md 10): what the sheets say is layouts; most is the open question `maintenance`.

import { commands } from "../../../registers/commands.ts";
import { eventRecords, recordFields } from "../../../registers/events.ts";
import { payloadBig, payloadNumber, uuidFrom } from "../../../src/platform/payload.ts";
import { informationalLog, looseRecord } from "./poison.ts";
import type { Reply } from "./reply.ts";
import { either, failure, inBackground, success } from "./reply.ts";
import type { DeviceState, Handler } from "./state.ts";
import { lineBytes } from "./units.ts";

const classes = { repair: 1, sparing: 2 } as const;
/** Bytes of the arguments, and how many subclasses there are, by class. */
const argumentLengths: Readonly<Record<number, number>> = { [classes.repair]: 12, [classes.sparing]: 14 };
const subclasses: Readonly<Record<number, number>> = { [classes.repair]: 2, [classes.sparing]: 4 };
const flagBits = { query: 1, hard: 2 } as const;

/** Event of a sparing operation, told when it is accepted. */
function reportSparing(state: DeviceState, subclass: number, flags: number): void {
  const { uuid, fields } = eventRecords.memorySparing;
  const record = looseRecord(informationalLog).put(0, uuidFrom(uuid));
  record.set(recordFields.maintenanceClass, classes.sparing).set(fields.class, classes.sparing).set(fields.subclass, subclass).set(fields.operation, flags & (flagBits.query | flagBits.hard));
  state.report(informationalLog, record);
}

const perform: Handler = (state, { input, length }) => {
  const { fields, length: fixed } = commands.performMaintenance.input;
  const [operation, subclass, flags] = [payloadNumber(input, fields.class), payloadNumber(input, fields.subclass), input[fixed] ?? 0];
  if (subclass >= (subclasses[operation] ?? 0)) return either("maintenance", failure("invalidInput", "unsupported", "invalidPayloadLength"));
  const needed = fixed + (argumentLengths[operation] ?? 0);
  if (length < needed) return either("maintenance", failure("invalidPayloadLength", "invalidInput"));
  const address = payloadBig(input, [fixed + 1, 8, ""]);
  if (operation === classes.repair && address >= state.bytes) return failure("invalidPhysicalAddress", "invalidInput");
  const told = (): void => {
    if (operation === classes.sparing) reportSparing(state, subclass, flags);
  };
  const exhausted: Reply = either("maintenance", failure("resourcesExhausted").map((reply) => ({ ...reply, commit: told })));
  const refused = either("maintenance", failure("invalidInput", ...(length > needed ? ["invalidPayloadLength" as const] : [])));
  const repaired = (): void => {
    if (operation === classes.repair && (flags & flagBits.query) === 0) state.poison.remove(address / lineBytes, state);
  };
  const later = inBackground({ finish: () => [...success(undefined, repaired), ...exhausted] }).map((reply) => ({ ...reply, commit: told }));
  return [...refused, ...exhausted, ...either("backgroundOrNot", success(undefined, told)), ...later];
};

export const maintenanceHandlers = { performMaintenance: perform } as const satisfies Record<string, Handler>;
