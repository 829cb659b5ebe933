// Trace files damaged at random: bytes, sections, headers, records, texts. Checksums fit again where only what they cover is to be met.

import type { TraceFile } from "../../src/scenario/trace/file.ts";
import { encodeTrace } from "../../src/scenario/trace/file.ts";
import type { RandomState } from "../../src/sim/random.ts";
import { nextBelow } from "../../src/sim/random.ts";
import type { Section } from "./traces.ts";
import { fileOf, sectionsOf } from "./traces.ts";

const interesting = [0, 1, 2, 0x7f, 0x80, 0xff, 0x7fff_ffff, 0x8000_0000, 0xffff_fffd, 0xffff_fffe, 0xffff_ffff] as const;
const texts = ["", "\u001b[2J", "a\nb", "\u0000", "\u2028", "🙂", "x".repeat(5000), "__proto__", "constructor", "../../etc/passwd", "${dax:region0}", "%s%n", "-1", "1e400"] as const;
const values: readonly unknown[] = [null, true, -1, 0.5, 2 ** 53, "", "seeded", "recorded", [], {}, [0], [[[]]], { access: "0" }, Array.from({ length: 300 }, () => 7), ...texts];
const tags = ["HEAD", "PART", "STRS", "RECS", "END ", "NEXT", "    ", "\u0000\u0000\u0000\u0000", "head"] as const;

const pick = <T>(random: RandomState, from: readonly T[]): T => from[nextBelow(random, from.length)] as T;
const wordOf = (random: RandomState): number => (nextBelow(random, 2) === 0 ? pick(random, interesting) : nextBelow(random, 0xffff_ffff));

/** Turned, cut out, doubled, cut off, put in. */
function damageBytes(random: RandomState, bytes: Uint8Array): Uint8Array {
  const list = [...bytes];
  for (let left = 1 + nextBelow(random, 4); left > 0; left--) {
    const at = nextBelow(random, Math.max(list.length, 1));
    const kind = nextBelow(random, 5);
    if (kind === 0) list[at] = (list[at] ?? 0) ^ (1 << nextBelow(random, 8));
    else if (kind === 1) list.splice(at, 1 + nextBelow(random, 64));
    else if (kind === 2) list.splice(at, 0, ...list.slice(at, at + nextBelow(random, 64)));
    else if (kind === 3) list.length = at;
    else list.splice(at, 4, ...new Uint8Array(new Uint32Array([wordOf(random)]).buffer));
  }
  return Uint8Array.from(list);
}

function damageSections(random: RandomState, sections: readonly Section[]): Section[] {
  const list = [...sections];
  const at = nextBelow(random, list.length);
  const one = list[at];
  const kind = nextBelow(random, 5);
  if (one === undefined) return list;
  if (kind === 0) list.splice(at, 1);
  else if (kind === 1) list.splice(nextBelow(random, list.length), 0, one);
  else if (kind === 2) list[at] = { tag: pick(random, tags), payload: one.payload };
  else if (kind === 3) list[at] = { tag: one.tag, payload: damageBytes(random, one.payload) };
  else list.push({ tag: pick(random, tags), payload: damageBytes(random, one.payload.subarray(0, 64)) });
  return list;
}

/** One key of the header, or one below it, becomes something else, or goes. */
export function damageHeader(random: RandomState, header: TraceFile["header"]): unknown {
  const copy = structuredClone(header) as unknown as Record<string, unknown>;
  const key = pick(random, Object.keys(copy));
  const below = copy[key];
  if (nextBelow(random, 6) === 0) delete copy[key];
  else if (typeof below === "object" && below !== null && nextBelow(random, 2) === 0) (below as Record<string, unknown>)[pick(random, [...Object.keys(below), "later", "0"])] = pick(random, values);
  else copy[key] = pick(random, values);
  return copy;
}

function damageRecords(random: RandomState, { records }: TraceFile): Uint32Array {
  const changed = records.slice();
  for (let left = 1 + nextBelow(random, 40); left > 0; left--) changed[nextBelow(random, changed.length)] = wordOf(random);
  return changed;
}

/** One damaged file of a trace. */
export function damaged(random: RandomState, trace: TraceFile, bytes: Uint8Array): Uint8Array {
  const kind = nextBelow(random, 6);
  if (kind === 0) return damageBytes(random, bytes);
  if (kind === 1) return fileOf(damageSections(random, sectionsOf(bytes)));
  if (kind === 2) return fileOf(sectionsOf(bytes).map((one) => (one.tag === "HEAD" ? { tag: "HEAD", payload: new TextEncoder().encode(JSON.stringify(damageHeader(random, trace.header))) } : one)));
  if (kind === 3) return encodeTrace({ ...trace, strings: trace.strings.map((text) => (nextBelow(random, 20) === 0 ? pick(random, texts) : text)) });
  if (kind === 4) return encodeTrace({ ...trace, parts: new Map([...trace.parts].map(([id, name]) => [nextBelow(random, 4) === 0 ? wordOf(random) : id, nextBelow(random, 4) === 0 ? pick(random, texts) : name])) });
  return encodeTrace({ ...trace, records: damageRecords(random, trace) });
}
