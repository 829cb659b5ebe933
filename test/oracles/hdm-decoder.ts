// Second statement of the HDM decoder rules: one component's HDM Decoder capability (id 5) as software sees it.
// Follows CXL 3.2 8.2.4.20 as restated in the component register sheet, section 6 (clauses 6.1-6.8 and C1-C14),
// and the one-level interleave arithmetic of the CEDT sheet, section 3. Shares no code with the product.

export interface HdmOracleOptions {
  readonly kind: "port" | "device";
  readonly decoderCount: number;
  /** Targets per decoder of a port: 1, 2, 4 or 8. Ignored on devices. */
  readonly targetCount: number;
  /** Device accepts 3, 6 and 12 ways. Ports never do (6.1). */
  readonly ways3_6_12: boolean;
  /** Device accepts 16 ways. Ports never do (6.1). */
  readonly ways16: boolean;
  /** Poison On Decode Error Capability. */
  readonly poisonOnDecodeError: boolean;
}

/** What of a component a commit depends on. */
export type CommitOptions = Pick<HdmOracleOptions, "kind" | "targetCount" | "ways3_6_12" | "ways16">;

export type HdmDecodeResult =
  | { readonly kind: "miss"; readonly read: "ones" | "poison" }
  | { readonly kind: "target"; readonly decoder: number; readonly target: number }
  | { readonly kind: "device"; readonly decoder: number; readonly dpa: bigint }
  | { readonly kind: "inactive" };

type Kind = HdmOracleOptions["kind"];

const CAPABILITY_OFFSET = 0x00;
const GLOBAL_CONTROL_OFFSET = 0x04;
const FIRST_DECODER_OFFSET = 0x10;
const DECODER_STRIDE = 0x20;

// 6.4: the registers of one decoder, 4 bytes each; +0x1C is reserved. The list pair is the DPA skip on devices.
const DECODER_LAYOUT = ["baseLow", "baseHigh", "sizeLow", "sizeHigh", "control", "listLow", "listHigh"] as const;
type RegisterName = (typeof DECODER_LAYOUT)[number];
export type DecoderRegisters = Record<RegisterName, number>;

// 6.3
const POISON_ON_DECODE_ERROR_ENABLE = 1 << 0;
const HDM_DECODER_ENABLE = 1 << 1;

// 6.5. BI, UIO, UIG, UIW and ISP are not implemented here: they read 0.
const LOCK_ON_COMMIT = 1 << 8;
const COMMIT = 1 << 9;
const COMMITTED = 1 << 10;
const ERROR_NOT_COMMITTED = 1 << 11;
const TARGET_RANGE_TYPE = 1 << 12;
const INTERLEAVE_FIELDS = 0xff;
const CONTROL_WRITABLE = INTERLEAVE_FIELDS | LOCK_ON_COMMIT | COMMIT | TARGET_RANGE_TYPE;

const ALL_BITS = 0xffff_ffff;
const BITS_31_28 = 0xf000_0000;
const ADDRESS_SPACE_END = 1n << 64n;
const LARGEST_GRANULARITY_ENCODING = 6;
const LARGEST_PORT_WAYS_ENCODING = 3;
const FIRST_THREE_WAY_ENCODING = 8;

// 6.2: the position in this list is the encoding.
const DECODER_COUNTS: readonly number[] = [1, 2, 4, 6, 8, 10, 12, 14, 16, 20, 24, 28, 32];
const LARGEST_DEVICE_DECODER_COUNT = 10;
const TARGET_COUNTS: readonly number[] = [1, 2, 4, 8];

// 6.6
const WAYS_BY_ENCODING: ReadonlyMap<number, number> = new Map([
  [0, 1],
  [1, 2],
  [2, 4],
  [3, 8],
  [4, 16],
  [8, 3],
  [9, 6],
  [10, 12],
]);

export class HdmOracle {
  readonly #options: HdmOracleOptions;
  #globalControl = 0;
  #decoders: DecoderRegisters[] = [];

  /** @throws RangeError when the capability register cannot express the options (6.1, 6.2). */
  constructor(options: HdmOracleOptions) {
    requireExpressible(options);
    this.#options = options;
    this.reset();
  }

  /** Conventional reset: every register back to 0, so nothing is committed and nothing is locked (C9, 6.3-6.5). */
  reset(): void {
    this.#globalControl = 0;
    this.#decoders = Array.from({ length: this.#options.decoderCount }, unprogrammedDecoder);
  }

  /** Unsigned 32-bit value at `offset` from the capability base; 0 where no register is implemented. */
  read32(offset: number): number {
    if (offset === CAPABILITY_OFFSET) return capabilityRegister(this.#options);
    if (offset === GLOBAL_CONTROL_OFFSET) return this.#globalControl;
    const register = registerAt(offset);
    const decoder = this.#decoders[decoderIndexAt(offset)];
    return register === undefined || decoder === undefined ? 0 : decoder[register];
  }

  /** Writes 32 bits at `offset` from the capability base; ignored where no register is implemented. */
  write32(offset: number, value: number): void {
    if (offset === GLOBAL_CONTROL_OFFSET) {
      this.#globalControl = value & globalControlWritable(this.#options);
      return;
    }
    const index = decoderIndexAt(offset);
    const register = registerAt(offset);
    const decoder = this.#decoders[index];
    if (register === undefined || decoder === undefined) return;
    if (isLocked(decoder)) return; // C9
    if (register === "control") this.#writeControl(decoder, this.#decoders[index - 1], value);
    else decoder[register] = (value & addressOrListWritable(register, this.#options.kind)) >>> 0;
  }

  /** Where an access to host physical address `hpa` (bytes, 0 <= hpa < 2^64) goes (6.8). */
  decode(hpa: bigint): HdmDecodeResult {
    const { kind } = this.#options;
    if (kind === "device" && (this.#globalControl & HDM_DECODER_ENABLE) === 0) return { kind: "inactive" };
    // Overlapping ranges (possible with C3): the lowest-numbered decoder wins.
    const index = this.#decoders.findIndex((candidate) => isHit(candidate, hpa));
    const decoder = this.#decoders[index];
    if (decoder === undefined) {
      const isPoison = (this.#globalControl & POISON_ON_DECODE_ERROR_ENABLE) !== 0;
      return { kind: "miss", read: isPoison ? "poison" : "ones" };
    }
    if (kind === "port") return { kind: "target", decoder: index, target: routedTarget(decoder, hpa) };
    const dpa = devicePhysicalBase(this.#decoders, index) + devicePhysicalOffset(decoder, hpa);
    return { kind: "device", decoder: index, dpa: BigInt.asUintN(64, dpa) };
  }

  #writeControl(decoder: DecoderRegisters, previous: DecoderRegisters | undefined, value: number): void {
    const wasRequested = (decoder.control & COMMIT) !== 0;
    const results = decoder.control & (COMMITTED | ERROR_NOT_COMMITTED);
    const fields = value & CONTROL_WRITABLE;
    if ((fields & COMMIT) === 0) {
      decoder.control = fields; // C8, C10: withdrawing Commit clears both results.
      return;
    }
    decoder.control = fields | results;
    if (wasRequested) return; // C8, C10: only an edge 0->1 starts a commit.
    // C1: one of the two results, here at once, so that C7 has no time to matter.
    decoder.control = fields | (isAccepted(decoder, previous, this.#options) ? COMMITTED : ERROR_NOT_COMMITTED);
  }
}

/** Whether a commit succeeds: C2 with Lock On Commit (C3 without), C5, C11. `previous` is the decoder numbered one less. */
export function isAccepted(decoder: Readonly<DecoderRegisters>, previous: Readonly<DecoderRegisters> | undefined, options: CommitOptions): boolean {
  return isExecutable(decoder, options) && passesLockChecks(decoder, previous, options.kind);
}

function requireExpressible(options: HdmOracleOptions): void {
  const { kind, decoderCount, targetCount } = options;
  if (!DECODER_COUNTS.includes(decoderCount)) throw new RangeError(`no encoding for ${decoderCount} decoders (6.2)`);
  if (kind === "device" && decoderCount > LARGEST_DEVICE_DECODER_COUNT)
    throw new RangeError(`a device has at most ${LARGEST_DEVICE_DECODER_COUNT} decoders, not ${decoderCount} (6.2)`);
  if (kind === "port" && !TARGET_COUNTS.includes(targetCount))
    throw new RangeError(`a port has 1, 2, 4 or 8 targets per decoder, not ${targetCount} (6.1)`);
}

function unprogrammedDecoder(): DecoderRegisters {
  return { baseLow: 0, baseHigh: 0, sizeLow: 0, sizeHigh: 0, control: 0, listLow: 0, listHigh: 0 };
}

/** 6.1. Address bits 11:8 and 14:12 can always be interleaved; no UIO, BI, MemData-NXM; coherency models unknown. */
function capabilityRegister(options: HdmOracleOptions): number {
  const isDevice = options.kind === "device";
  return (
    DECODER_COUNTS.indexOf(options.decoderCount) |
    ((isDevice ? 0 : options.targetCount) << 4) |
    (1 << 8) |
    (1 << 9) |
    (Number(options.poisonOnDecodeError) << 10) |
    (Number(isDevice && options.ways3_6_12) << 11) |
    (Number(isDevice && options.ways16) << 12)
  );
}

/** 6.3 */
function globalControlWritable(options: HdmOracleOptions): number {
  const poison = options.poisonOnDecodeError ? POISON_ON_DECODE_ERROR_ENABLE : 0;
  return poison | (options.kind === "device" ? HDM_DECODER_ENABLE : 0);
}

/** 6.4: base, size and DPA skip come in steps of 256 MiB; a port's target list uses every bit. */
function addressOrListWritable(register: RegisterName, kind: Kind): number {
  const isLowAddressHalf =
    register === "baseLow" || register === "sizeLow" || (register === "listLow" && kind === "device");
  return isLowAddressHalf ? BITS_31_28 : ALL_BITS;
}

/** Negative or beyond the last decoder when `offset` lies in no decoder. */
function decoderIndexAt(offset: number): number {
  return Math.floor((offset - FIRST_DECODER_OFFSET) / DECODER_STRIDE);
}

/** Undefined for reserved and for unaligned offsets. */
function registerAt(offset: number): RegisterName | undefined {
  return DECODER_LAYOUT[((offset - FIRST_DECODER_OFFSET) % DECODER_STRIDE) / 4];
}

function joined(high: number, low: number): bigint {
  return (BigInt(high) << 32n) | BigInt(low);
}

function baseOf(decoder: DecoderRegisters): bigint {
  return joined(decoder.baseHigh, decoder.baseLow);
}

function sizeOf(decoder: DecoderRegisters): bigint {
  return joined(decoder.sizeHigh, decoder.sizeLow);
}

/** May be 2^64 or more: sums are not cut to 64 bits. */
function endOf(decoder: DecoderRegisters): bigint {
  return baseOf(decoder) + sizeOf(decoder);
}

function granularityEncoding(decoder: DecoderRegisters): number {
  return decoder.control & 0xf;
}

function waysEncoding(decoder: DecoderRegisters): number {
  return (decoder.control >> 4) & 0xf;
}

function isCommitted(decoder: DecoderRegisters): boolean {
  return (decoder.control & COMMITTED) !== 0;
}

/** C9 */
function isLocked(decoder: DecoderRegisters): boolean {
  return isCommitted(decoder) && (decoder.control & LOCK_ON_COMMIT) !== 0;
}

/** 6.4: target port ids of ways 0..7. */
function targetList(decoder: DecoderRegisters): readonly number[] {
  return [decoder.listLow, decoder.listHigh].flatMap((four) => [0, 8, 16, 24].map((shift) => (four >>> shift) & 0xff));
}

/** C11 (strict): the interleave this decoder asks for is one that this component can do. Independent of the lock. */
function isExecutable(decoder: DecoderRegisters, options: CommitOptions): boolean {
  if (granularityEncoding(decoder) > LARGEST_GRANULARITY_ENCODING) return false;
  const encoding = waysEncoding(decoder);
  const ways = WAYS_BY_ENCODING.get(encoding);
  if (ways === undefined) return false;
  if (options.kind === "port") return encoding <= LARGEST_PORT_WAYS_ENCODING && ways <= options.targetCount;
  if (ways === 16) return options.ways16;
  return encoding < FIRST_THREE_WAY_ENCODING || options.ways3_6_12;
}

/** C2, and C3: without Lock On Commit software alone answers for all of these. Size 0 is no error (C5). */
function passesLockChecks(decoder: DecoderRegisters, previous: DecoderRegisters | undefined, kind: Kind): boolean {
  if ((decoder.control & LOCK_ON_COMMIT) === 0) return true;
  if (previous !== undefined && baseOf(decoder) < endOf(previous)) return false; // C2 (a)
  if (endOf(decoder) > ADDRESS_SPACE_END) return false; // C2 (b)
  if (waysEncoding(decoder) >= FIRST_THREE_WAY_ENCODING && sizeOf(decoder) % 3n !== 0n) return false; // C2 (c)
  if (kind === "port" && !hasDistinctTargets(decoder)) return false; // C2 (d)
  return previous === undefined || isCommitted(previous); // C2 (e)
}

function hasDistinctTargets(decoder: DecoderRegisters): boolean {
  const used = targetList(decoder).slice(0, 2 ** waysEncoding(decoder));
  return new Set(used).size === used.length;
}

/** 6.8; an empty range contains no address (C5). */
function isHit(decoder: DecoderRegisters, hpa: bigint): boolean {
  return isCommitted(decoder) && baseOf(decoder) <= hpa && hpa < endOf(decoder);
}

/** 6.8, ports: the way is a bit slice of the address itself. An encoding no port accepts counts as one way. */
function routedTarget(decoder: DecoderRegisters, hpa: bigint): number {
  const encoding = waysEncoding(decoder);
  const ways = encoding <= LARGEST_PORT_WAYS_ENCODING ? 2n ** BigInt(encoding) : 1n;
  const way = (hpa >> BigInt(granularityEncoding(decoder) + 8)) % ways;
  return targetList(decoder)[Number(way)] ?? 0;
}

/** 6.6; a reserved encoding counts as one way. */
function deviceWays(decoder: DecoderRegisters): bigint {
  return BigInt(WAYS_BY_ENCODING.get(waysEncoding(decoder)) ?? 1);
}

/** 6.8: DPABase[0] = skip[0]; DPABase[m+1] = skip[m+1] + DPABase[m] + size[m]/ways[m], committed or not. */
function devicePhysicalBase(decoders: readonly DecoderRegisters[], index: number): bigint {
  return decoders.slice(0, index + 1).reduce((base, decoder, position) => {
    const contribution = position === index ? 0n : sizeOf(decoder) / deviceWays(decoder);
    return base + joined(decoder.listHigh, decoder.listLow) + contribution;
  }, 0n);
}

/** CEDT sheet section 3, the identity valid for every number of ways. */
function devicePhysicalOffset(decoder: DecoderRegisters, hpa: bigint): bigint {
  const granularity = 256n << BigInt(granularityEncoding(decoder));
  const offset = hpa - baseOf(decoder);
  const chunk = offset / granularity;
  return (chunk / deviceWays(decoder)) * granularity + (offset % granularity);
}
