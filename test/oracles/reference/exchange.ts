// The reference machine's data object exchange (PCIe 6.30, 7.9.24; config sheet 12): discovery and CDAT table access, without the time between
// Go and the answer. A request that is not one is dropped without an answer.

import { dataObjects } from "../../../registers/doe.ts";
import type { FieldHandle, RegisterFile } from "./registers.ts";

const dwordsOf = (bytes: Uint8Array): number[] => Array.from({ length: bytes.length / 4 }, (_, i) => new DataView(bytes.buffer, bytes.byteOffset).getUint32(i * 4, true));
const tableHeader = 16;
const lastEntry = 0xffff;
const nobody = 0x00ff_ffff;

/** Header and entries of a CDAT. */
function entriesOf(table: Uint8Array): Uint8Array[] {
  if (table.length === 0) return [];
  const entries = [table.slice(0, tableHeader)];
  for (let at = tableHeader; at < table.length; ) {
    const length = new DataView(table.buffer, table.byteOffset).getUint16(at + 2, true);
    entries.push(table.slice(at, at + length));
    at += length;
  }
  return entries;
}

export interface ExchangeState {
  readonly request: readonly number[];
  readonly answer: readonly number[];
}

export class Exchange {
  readonly #config: RegisterFile;
  readonly #entries: readonly Uint8Array[];
  #request: number[] = [];
  /** What is left to read. */
  #answer: number[] = [];

  constructor(config: RegisterFile, table: Uint8Array) {
    this.#config = config;
    this.#entries = entriesOf(table);
  }

  save(): ExchangeState {
    return { request: [...this.#request], answer: [...this.#answer] };
  }

  restore({ request, answer }: ExchangeState): void {
    this.#request = [...request];
    this.#answer = [...answer];
  }

  #field(register: string, field: string): FieldHandle {
    return this.#config.field("doe", register, field);
  }

  #show(): void {
    this.#field("status", "ready").set(this.#answer.length > 0 ? 1 : 0);
    this.#field("readMailbox", "value").set(this.#answer[0] ?? 0);
  }

  /** Abort, and every reset of the function. */
  clear(): void {
    this.#request = [];
    this.#answer = [];
    this.#show();
  }

  write(dword: number): void {
    if (this.#answer.length === 0) this.#request.push(dword);
  }

  /** A write to the read mailbox goes on to the next dword. */
  advance(): void {
    this.#answer.shift();
    this.#show();
  }

  /** Go. Returns whether an answer came. */
  go(): boolean {
    if (this.#answer.length > 0) return false;
    this.#answer = this.#answerTo(this.#request);
    this.#request = [];
    this.#show();
    return this.#answer.length > 0;
  }

  #answerTo(request: readonly number[]): number[] {
    const [type, length, argument] = request;
    if (type === undefined || argument === undefined || length !== request.length) return [];
    if (type === dataObjects.discovery) return [type, 3, discovered(argument & 0xff)];
    const handle = argument >>> 16;
    const entry = this.#entries[handle];
    if (type !== dataObjects.tableAccess || entry === undefined || (argument & 0xffff) !== 0) return [];
    const next = handle + 1 < this.#entries.length ? handle + 1 : lastEntry;
    const dwords = dwordsOf(entry);
    return [type, dwords.length + 3, (next << 16) >>> 0, ...dwords];
  }
}

/** Vendor 15:0, type 23:16, next index 31:24. */
function discovered(index: number): number {
  const known = [dataObjects.discovery | (1 << 24), dataObjects.tableAccess];
  return (known[index] ?? (nobody | ((index + 1) << 24))) >>> 0;
}
