// The vocabulary of a payload: named fields at byte offsets, little endian, packed; and of a command that carries two of them.

/** Bits of a field: one, or inclusive `[high, low]` with values of their own. They lie in the field's low 32 bits. */
export type PayloadBits = number | readonly [high: number, low: number, values?: PayloadValueNames];
/** Values of a field by name. */
export type PayloadValueNames = Readonly<Record<string, number>>;

/** What a field's bits and values are called: in the module, and behind the field's meaning in the reference page. */
export interface PayloadNames {
  readonly bits?: Readonly<Record<string, PayloadBits>>;
  readonly values?: PayloadValueNames;
}

/** A field: `[offset, bytes, meaning, names of its bits and values]`. Up to 8 bytes are an unsigned integer, more are bytes as they stand. */
export type PayloadField = readonly [offset: number, bytes: number, meaning: string, names?: PayloadNames];
/** Fields of a payload by name. */
export type PayloadFields = Readonly<Record<string, PayloadField>>;

/** Layout of a payload: a fixed part, then items or bytes. */
export interface PayloadLayout {
  /** Bytes without items or data. */
  readonly length: number;
  readonly fields: PayloadFields;
  /** Items that repeat behind the fixed part. */
  readonly items?: { readonly length: number; readonly fields: PayloadFields };
  /** Any bytes follow the fixed part. */
  readonly hasData?: true;
}

/** Bits of a Command Effect (8.2.10.5.2.1, sheet mailbox.md 2). */
export const commandEffects = {
  configurationAfterColdReset: 0, immediateConfiguration: 1, immediateData: 2, immediatePolicy: 3, immediateLog: 4, securityState: 5, background: 6,
  secondaryMailbox: 7, abortable: 8, resetEffectsValid: 9, configurationAfterConventionalReset: 10, configurationAfterCxlReset: 11,
} as const;
/** Name of a command effect. */
export type CommandEffect = keyof typeof commandEffects;

/** Return codes (8.2.9.4.5.1; mailbox.md 1). */
export const returnCodes = {
  success: 0x00, backgroundStarted: 0x01, invalidInput: 0x02, unsupported: 0x03, internalError: 0x04, retryRequired: 0x05, busy: 0x06, mediaDisabled: 0x07,
  firmwareTransferInProgress: 0x08, firmwareTransferOutOfOrder: 0x09, firmwareVerificationFailed: 0x0a, invalidSlot: 0x0b, activationFailedRolledBack: 0x0c,
  activationFailedColdReset: 0x0d, invalidHandle: 0x0e, invalidPhysicalAddress: 0x0f, poisonLimitReached: 0x10, permanentMediaFailure: 0x11, aborted: 0x12,
  invalidSecurityState: 0x13, incorrectPassphrase: 0x14, unsupportedMailbox: 0x15, invalidPayloadLength: 0x16, invalidLog: 0x17, interrupted: 0x18,
  unsupportedFeatureVersion: 0x19, unsupportedFeatureSelection: 0x1a, featureTransferInProgress: 0x1b, featureTransferOutOfOrder: 0x1c, resourcesExhausted: 0x1d,
  invalidExtentList: 0x1e, transferOutOfOrder: 0x1f, abortNotSupported: 0x20,
} as const;
/** Name of a return code. */
export type ReturnCode = keyof typeof returnCodes;

/** A mailbox command. */
export interface CommandDeclaration {
  readonly opcode: number;
  readonly meaning: string;
  readonly clause: string;
  /** What a machine file names to leave commands out. */
  readonly set: CommandSet;
  readonly input: PayloadLayout & {
    /** Shortest legal input: an older revision's; absent: the whole. */
    readonly least?: number;
    /** Longer by one is legal too (drivers disagree). */
    readonly most?: number;
  };
  readonly output: PayloadLayout;
  readonly effects: readonly CommandEffect[];
  /** Fails with Media Disabled while the media is disabled or not ready. */
  readonly needsMedia?: true;
  /** Return codes beside success, unsupported, invalid payload length and unsupported mailbox, which any command can give. */
  readonly returns: readonly ReturnCode[];
}

/** Sets of commands that a device has or lacks as a whole. */
export const commandSets = [
  "base", "abort", "firmware", "timestamp", "logs", "features", "maintenance", "partition", "labels", "health", "shutdown", "poison", "scan", "sanitize", "erase", "mediaOperations",
  "security", "securityTransport", "qos", "dynamicCapacity",
] as const;
/** Name of a set of commands. */
export type CommandSet = (typeof commandSets)[number];
