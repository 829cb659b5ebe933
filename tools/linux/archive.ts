// An initramfs archive: cpio in the "newc" form of Documentation/driver-api/early-userspace/buffer-format.rst.

/** Something in the archive, by its path without a leading slash. */
export type ArchiveEntry =
  | { readonly path: string; readonly kind: "folder" }
  | { readonly path: string; readonly kind: "file"; readonly content: Uint8Array; readonly isProgram: boolean }
  | { readonly path: string; readonly kind: "link"; readonly target: string }
  | { readonly path: string; readonly kind: "characterDevice"; readonly major: number; readonly minor: number };

const modes = { folder: 0o040755, file: 0o100644, program: 0o100755, link: 0o120777, characterDevice: 0o020600 } as const;
const encoder = new TextEncoder();
const trailer = "TRAILER!!!";

const contentOf = (entry: ArchiveEntry): Uint8Array => (entry.kind === "file" ? entry.content : entry.kind === "link" ? encoder.encode(entry.target) : new Uint8Array());
const modeOf = (entry: ArchiveEntry): number => (entry.kind === "file" && entry.isProgram ? modes.program : modes[entry.kind]);
const hex = (value: number): string => value.toString(16).padStart(8, "0");

/** Rounds the archive up to four bytes. */
const padded = (bytes: Uint8Array): Uint8Array[] => [bytes, new Uint8Array(-bytes.length & 3)];

function member(number: number, name: string, mode: number, content: Uint8Array, device: readonly [number, number]): Uint8Array[] {
  const path = encoder.encode(`${name}\0`);
  const header = encoder.encode(["070701", number, mode, 0, 0, 1, 0, content.length, 0, 0, ...device, path.length, 0].map((field) => (typeof field === "string" ? field : hex(field))).join(""));
  const head = new Uint8Array(header.length + path.length);
  head.set(header);
  head.set(path, header.length);
  return [...padded(head), ...padded(content)];
}

/** The archive's bytes, members in the order given; folders come before what is in them. */
export function archiveOf(entries: readonly ArchiveEntry[]): Uint8Array {
  const members = entries.flatMap((entry, index) => member(index + 1, entry.path, modeOf(entry), contentOf(entry), entry.kind === "characterDevice" ? [entry.major, entry.minor] : [0, 0]));
  return Buffer.concat([...members, ...member(0, trailer, 0, new Uint8Array(), [0, 0])]);
}

/** The folders above paths, each once, outermost first. */
export function foldersAbove(paths: readonly string[]): ArchiveEntry[] {
  const all = new Set<string>();
  for (const path of paths) {
    const steps = path.split("/").slice(0, -1);
    for (let depth = 1; depth <= steps.length; depth++) all.add(steps.slice(0, depth).join("/"));
  }
  return [...all].toSorted().map((path) => ({ path, kind: "folder" }));
}
