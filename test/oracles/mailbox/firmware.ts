// Firmware: slots, transfer in parts, activation (mailbox.md 6).

import { activateFirmware, firmwareInfo, transferFirmware } from "../../../registers/firmware-commands.ts";
import type { MailboxDescription } from "../../../src/platform/description.ts";
import { encodePayload, payloadNumber } from "../../../src/platform/payload.ts";
import { KnownBytes } from "./known-bytes.ts";
import type { Reply } from "./reply.ts";
import { either, failure, inBackground, success } from "./reply.ts";
import type { DeviceState, Handler } from "./state.ts";
import { second } from "./units.ts";

const part = 128;
const revisionLength = 16;
const longestPause = 30 * second;
const actions = { full: 0, initiate: 1, continue: 2, end: 3, abort: 4 } as const;

interface Transfer {
  /** Units of 128 bytes: where the next part begins, and the last one did. */
  readonly next: number;
  readonly last: number;
  readonly at: number;
}

export class FirmwareState {
  /** Revision of each slot; undefined: empty. */
  readonly slots: (KnownBytes | undefined)[];
  active = 1;
  staged = 0;
  transfer: Transfer | undefined;

  constructor({ firmware }: MailboxDescription) {
    this.slots = firmware.map((revision) => {
      if (revision === "") return undefined;
      const bytes = new Uint8Array(revisionLength);
      bytes.set(new TextEncoder().encode(revision));
      return KnownBytes.from(bytes);
    });
  }

  isOpen(now: number): boolean {
    return this.transfer !== undefined && now - this.transfer.at <= longestPause;
  }

  activateStaged(): void {
    if (this.staged !== 0) this.active = this.staged;
    this.staged = 0;
  }
}

const getInfo: Handler = ({ firmware, choices }) => {
  const { output } = firmwareInfo;
  const bytes = new KnownBytes(output.length);
  bytes.put(0, encodePayload(output, { slots: firmware.slots.length, slot: firmware.active | (firmware.staged << 3), activation: choices.activation }));
  for (const [index, field] of [output.fields.revision1, output.fields.revision2, output.fields.revision3, output.fields.revision4].entries()) {
    const slot = firmware.slots[index];
    if (slot !== undefined) bytes.put(field[0], slot.bytes, slot.known);
  }
  return success(bytes);
};

/** Now, or in background; `stop`: what an abort leaves; `refused`: other ends that are possible. */
const work = (stop: () => void, commit: () => void, refused: Reply = []): Reply => [...success(undefined, commit), ...refused, ...either("backgroundOrNot", inBackground({ finish: () => [...success(undefined, commit), ...refused], stop }))];

function placePart(state: DeviceState, action: number, offset: number, units: number, isLast: boolean, slot: number): Reply {
  const { firmware } = state;
  const filled = (): void => {
    firmware.slots[slot - 1] = new KnownBytes(revisionLength).forget();
    firmware.transfer = undefined;
  };
  const dropped = (): void => { firmware.transfer = undefined; };
  const checked = work(dropped, filled, either("firmwarePackage", failure("firmwareVerificationFailed").map((refused) => ({ ...refused, commit: dropped }))));
  if (action === actions.full) return checked;
  if (isLast) return checked;
  // A first part is at 0, whatever it says (open question `firmwarePart`); the pause counts from the end of a part (`firmwarePause`).
  const from = action === actions.initiate ? 0 : offset;
  return work(dropped, () => {
    firmware.transfer = { next: from + units, last: from, at: state.now };
  });
}

/** Errors that the layout of a part may or may not be. */
const oddPart = (length: number, offset: number, action: number): boolean =>
  (length % part !== 0 && action !== actions.end && action !== actions.full) || length === 0 || (offset !== 0 && (action === actions.full || action === actions.initiate));

const transfer: Handler = (state, { input, length }) => {
  const { firmware } = state;
  const { fields, length: fixed } = transferFirmware.input;
  const [action, slot, offset] = [payloadNumber(input, fields.action), payloadNumber(input, fields.slot), payloadNumber(input, fields.offset)];
  if (action > actions.abort) return failure("invalidInput");
  const isOpen = firmware.isOpen(state.now);
  const wrong: Reply[] = [];
  const isBadSlot = (action === actions.full || action === actions.end) && (slot === 0 || slot > firmware.slots.length || slot === firmware.active);
  if (isBadSlot) wrong.push(failure("invalidSlot"));
  if ((action === actions.full || action === actions.initiate) && isOpen) wrong.push(failure("firmwareTransferInProgress"));
  if (action === actions.abort) return isOpen ? success(undefined, () => { firmware.transfer = undefined; }) : failure("firmwareTransferOutOfOrder");
  if (action === actions.continue || action === actions.end) {
    const { next, last } = firmware.transfer ?? { next: -1, last: -1 };
    if (!isOpen || (offset !== next && offset !== last)) wrong.push(failure("firmwareTransferOutOfOrder"));
  }
  const data = length - fixed;
  const isOdd = oddPart(data, offset, action);
  const maybe = isOdd ? either("firmwarePart", failure("invalidInput", "invalidPayloadLength", "firmwareTransferOutOfOrder", "firmwareVerificationFailed")) : [];
  if (wrong.length > 0) return [...wrong.flat(), ...maybe];
  return [...maybe, ...placePart(state, action, offset, Math.ceil(data / part), action === actions.end, slot)];
};

const activate: Handler = ({ firmware, settings }, { input }) => {
  const { fields } = activateFirmware.input;
  const [action, slot] = [payloadNumber(input, fields.action), payloadNumber(input, fields.slot)];
  const isBad = slot === 0 || slot > firmware.slots.length || firmware.slots[slot - 1] === undefined;
  const wrong: Reply[] = [];
  if (action > 1) wrong.push(failure("invalidInput"));
  if (isBad) wrong.push(failure("invalidSlot"));
  if (wrong.length > 0) return wrong.flat();
  const maybe = slot === firmware.active ? either("activateActive", failure("invalidSlot", "invalidInput")) : [];
  if (action === 0 && !settings.onlineActivation) return [...maybe, ...either("activateOnline", failure("invalidInput", "unsupported", "activationFailedColdReset"))];
  return [...maybe, ...work(() => undefined, () => {
    if (action === 1) firmware.staged = slot;
    else {
      firmware.active = slot;
      if (firmware.staged === slot) firmware.staged = 0;
    }
  })];
};

export const firmwareHandlers = { firmwareInfo: getInfo, transferFirmware: transfer, activateFirmware: activate } as const satisfies Record<string, Handler>;
