// One command: the general checks in their order, then its own (mailbox.md 1; device-registers.md 4.6, 4.7, 4.9).

import type { CommandName } from "../../../registers/commands.ts";
import type { CommandDeclaration } from "../../../registers/payload-schema.ts";
import { capacityHandlers } from "./capacity.ts";
import { deviates } from "./deviations.ts";
import { eventHandlers } from "./events.ts";
import { featureHandlers } from "./features.ts";
import { firmwareHandlers } from "./firmware.ts";
import { commandOf, declarationOf, generalHandlers } from "./general.ts";
import { healthHandlers } from "./health.ts";
import { logHandlers } from "./logs.ts";
import { maintenanceHandlers } from "./maintenance.ts";
import { poisonHandlers } from "./poison.ts";
import type { Reply } from "./reply.ts";
import { either, failure, success } from "./reply.ts";
import { sanitizeHandlers } from "./sanitize.ts";
import { scanHandlers } from "./scan.ts";
import { securityHandlers } from "./security.ts";
import type { DeviceState, Handler, Request } from "./state.ts";
import { media } from "./units.ts";

export type MailboxName = "primary" | "secondary";

/** Ends the background operation that runs, without its effect (device-registers.md 4.7). */
const abort: Handler = (state) => {
  const { background } = state;
  if (background === undefined) return either("abortIdle", success(), failure("abortNotSupported", "invalidInput"));
  return background.isAbortable ? success(undefined, () => state.abortBackground()) : failure("abortNotSupported");
};

const handlers: Readonly<Record<CommandName, Handler>> = {
  abortBackground: abort, ...eventHandlers, ...firmwareHandlers, ...generalHandlers, ...logHandlers, ...featureHandlers, ...healthHandlers, ...maintenanceHandlers, ...poisonHandlers, ...scanHandlers, ...sanitizeHandlers, ...securityHandlers, ...capacityHandlers,
};

/** Whether a command can have an input of this length, whatever the input says. */
export function isLengthLegal({ input }: CommandDeclaration, length: number): boolean {
  const least = input.least ?? input.length;
  if (length < least) return false;
  if (input.hasData === true) return true;
  if (input.items !== undefined) return deviates("lateItems") || (length - input.length) % input.items.length === 0;
  return length <= (input.most ?? input.length);
}

export interface Given {
  readonly mailbox: MailboxName;
  readonly opcode: number;
  readonly length: number;
  readonly payload: Uint8Array;
}

/** What the device may answer. */
export function execute(state: DeviceState, { mailbox, opcode, length, payload }: Given): Reply {
  const name = commandOf(opcode);
  if (name === undefined || !state.settings.commands.includes(name)) return failure("unsupported");
  const declaration = declarationOf(name);
  if (length > payload.length || !isLengthLegal(declaration, length)) return failure("invalidPayloadLength");
  const { effects, needsMedia, input } = declaration;
  const given = new Uint8Array(Math.max(length, input.length));
  given.set(payload.subarray(0, length));
  const request: Request = { input: given, length, payloadSize: payload.length };
  const stop = restriction(state, mailbox, effects.includes("secondaryMailbox"), needsMedia === true, effects.includes("background"));
  if (stop === undefined) return handlers[name](state, request);
  // A length that the input's own count contradicts may come before the restriction, or after.
  const byContent = handlers[name](state, request).filter(({ code }) => code === lengthCode);
  return [...stop, ...byContent.map((alternative) => ({ code: alternative.code, question: "countLength" as const }))];
}

const lengthCode = failure("invalidPayloadLength")[0]?.code;

function restriction(state: DeviceState, mailbox: MailboxName, isSecondary: boolean, needsMedia: boolean, isBackground: boolean): Reply | undefined {
  if (mailbox === "secondary" && !isSecondary) return failure("unsupportedMailbox");
  if (needsMedia && state.mediaStatus !== media.ready) return failure("mediaDisabled");
  if (isBackground && state.background !== undefined) return failure("busy");
  return undefined;
}
