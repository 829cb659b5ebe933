// Bytes of backing files: the media of our devices at the places that the note of an entry names.

import { CaptureError, isObject, listOf, textOf } from "./capture.ts";
import type { Entry } from "./capture.ts";
import type { Bench } from "./bench.ts";
import type { Difference, Pointed } from "./compare.ts";
import { mediaBytes, mediaPlace } from "./datapath.ts";

/** @throws CaptureError */
export function backingDifferences(bench: Bench, file: string, { value, place: at }: Entry, place: Pointed): Difference[] {
  const offsets = [...textOf(value["note"]).matchAll(/0x[0-9a-f]+/gi)].map(([text]) => BigInt(text));
  const files = value["files"];
  return Object.entries(isObject(files) ? files : {}).flatMap(([name, bytes]) => {
    const wanted = listOf(bytes).map(textOf);
    if (wanted.length !== offsets.length) throw new CaptureError(file, at, `has bytes of ${wanted.length} places of "${name}", and its note names ${offsets.length}; name each like 0x40`);
    return wanted.flatMap((text, index): Difference[] => {
      const there = mediaPlace(bench, name.replace(/\.bin$/, ""), offsets[index] ?? 0n);
      if (there === undefined) throw new CaptureError(file, at, `names the backing file "${name}"; files are named after the devices of the command line, with -vol or -pmem behind`);
      const found = mediaBytes(bench, there.device, there.dpa, text.length / 2);
      const different = found.findIndex((byte, position) => byte !== Number.parseInt(text.slice(2 * position, 2 * position + 2), 16));
      return different < 0 ? [] : [{ ...place, structure: "media", register: "backing", field: "byte", theirs: Number.parseInt(text.slice(2 * different, 2 * different + 2), 16), ours: found[different] ?? 0 }];
    });
  });
}
