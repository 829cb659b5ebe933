// Security of persistent memory (mailbox.md 16): two passphrases, attempts, locking, freezing, erasing.

import { securityCommands } from "../../../registers/security-commands.ts";
import { payloadBytes, payloadNumber } from "../../../src/platform/payload.ts";
import type { Reply } from "./reply.ts";
import { either, failure, success } from "./reply.ts";
import type { DeviceState, Handler } from "./state.ts";

const mostAttempts = 3;
const passphraseLength = 32;
const bits = { userSet: 1, masterSet: 2, locked: 4, frozen: 8, userUsedUp: 16, masterUsedUp: 32 } as const;
const names = ["master", "user"] as const;
type Kind = (typeof names)[number];

interface Passphrase {
  /** Undefined: not set. */
  value: string | undefined;
  failed: number;
  isUsedUp: boolean;
}

const textOf = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

export class SecurityState {
  readonly master: Passphrase;
  readonly user: Passphrase;
  isLocked = false;
  isFrozen = false;

  constructor(initial: number) {
    const passphrase = (isSet: boolean): Passphrase => ({ value: isSet ? textOf(new Uint8Array(passphraseLength)) : undefined, failed: 0, isUsedUp: false });
    this.master = passphrase((initial & bits.masterSet) !== 0);
    this.user = passphrase((initial & bits.userSet) !== 0);
  }

  get bits(): number {
    const flag = (holds: boolean, bit: number): number => (holds ? bit : 0);
    return flag(this.user.value !== undefined, bits.userSet) | flag(this.master.value !== undefined, bits.masterSet) | flag(this.isLocked, bits.locked) | flag(this.isFrozen, bits.frozen) | flag(this.user.isUsedUp, bits.userUsedUp) | flag(this.master.isUsedUp, bits.masterUsedUp);
  }

  /** User passphrase set or locked: no sanitize, no secure erase. */
  get isGuarded(): boolean {
    return this.user.value !== undefined || this.isLocked;
  }

  removeUser(): void {
    this.user.value = undefined;
    this.isLocked = false;
  }

  coldReset(): void {
    this.isFrozen = false;
    this.isLocked = this.user.value !== undefined;
    for (const passphrase of [this.user, this.master]) Object.assign(passphrase, { failed: 0, isUsedUp: false });
  }
}

/** One try at a passphrase: right, or one more failure. */
function attempt(passphrase: Passphrase, given: Uint8Array, right: () => void): Reply {
  if (passphrase.value !== textOf(given)) {
    return failure("incorrectPassphrase").map((wrong) => ({
      ...wrong,
      commit: () => {
        passphrase.failed++;
        if (passphrase.failed >= mostAttempts) passphrase.isUsedUp = true;
      },
    }));
  }
  return success(undefined, () => {
    passphrase.failed = 0;
    right();
  });
}

const typeOf = (input: Uint8Array): Kind | undefined => names[payloadNumber(input, securityCommands.setPassphrase.input.fields.type)];

/** Frozen, used up, or no such type: before any passphrase is looked at. */
function barred({ security }: DeviceState, kind: Kind | undefined): Reply | undefined {
  const badType: Reply = kind === undefined ? failure("invalidInput") : [];
  const isBarred = security.isFrozen || (kind !== undefined && security[kind].isUsedUp);
  const reply = [...badType, ...(isBarred ? failure("invalidSecurityState") : [])];
  return reply.length > 0 ? reply : undefined;
}

const getState: Handler = ({ security }) => success(Uint8Array.of(security.bits, 0, 0, 0));

const setPassphrase: Handler = (state, { input }) => {
  const { security } = state;
  const { fields } = securityCommands.setPassphrase.input;
  const kind = typeOf(input);
  const stop = barred(state, kind);
  if (kind === undefined || stop !== undefined) return stop ?? [];
  if (kind === "master" && security.user.value !== undefined) return failure("invalidSecurityState");
  const passphrase = security[kind];
  const change = (): void => { passphrase.value = textOf(payloadBytes(input, fields.next)); };
  const maybe = security.isLocked ? either("lockedPassphrase", failure("invalidSecurityState")) : [];
  if (passphrase.value === undefined) return [...maybe, ...success(undefined, change)];
  return [...maybe, ...attempt(passphrase, payloadBytes(input, fields.current), change)];
};

const disablePassphrase: Handler = (state, { input }) => {
  const { security } = state;
  const kind = typeOf(input);
  const stop = barred(state, kind);
  if (kind === undefined || stop !== undefined) return stop ?? [];
  if (security[kind].value === undefined) return failure("invalidSecurityState");
  return attempt(security[kind], payloadBytes(input, securityCommands.disablePassphrase.input.fields.current), () => {
    if (kind === "user") security.removeUser();
    else security.master.value = undefined;
  });
};

const unlock: Handler = (state, { input }) => {
  const { security } = state;
  const stop = barred(state, "user");
  if (stop !== undefined) return stop;
  if (security.user.value === undefined || !security.isLocked) return failure("invalidSecurityState");
  return attempt(security.user, payloadBytes(input, securityCommands.unlock.input.fields.current), () => { security.isLocked = false; });
};

const freeze: Handler = ({ security }) => success(undefined, () => { security.isFrozen = true; });

const erase: Handler = (state, { input }) => {
  const { security } = state;
  const kind = typeOf(input);
  const busy = state.background === undefined ? [] : either("eraseBusy", failure("busy"));
  const stop = barred(state, kind);
  if (kind === undefined || stop !== undefined) return [...busy, ...(stop ?? [])];
  const given = payloadBytes(input, securityCommands.passphraseErase.input.fields.current);
  const removed = (): void => {
    state.eraseMedia();
    security.removeUser();
    security.user.failed = 0;
    security.master.failed = 0;
  };
  if (kind === "master") return [...busy, ...(security.master.value === undefined ? failure("invalidInput") : attempt(security.master, given, removed))];
  if (security.user.value === undefined) return [...busy, ...success(undefined, () => state.eraseMedia())];
  return [...busy, ...attempt(security.user, given, removed)];
};

export const securityHandlers = { getSecurityState: getState, setPassphrase, disablePassphrase, unlock, freezeSecurityState: freeze, passphraseErase: erase } as const satisfies Record<string, Handler>;
