// `cxl reserve-dpa`, `free-dpa`: device memory set aside for a memdev's next decoder, or given back.

import type { FileSystem } from "../kernel/sysfs/file-system.ts";
import type { Task } from "../sim/task.ts";
import { describeDecoder, describeMemdev, endpointOf } from "./cxl-describe.ts";
import type { MemdevCall } from "./cxl-memdev-call.ts";
import { memdevTool } from "./cxl-memdev-call.ts";
import { ToolFailure, complaint, store } from "./failure.ts";
import { isNamed } from "./match.ts";
import { parseToolSize } from "./options.ts";
import { attribute, devicesOf, numberAttribute } from "./tree.ts";

const where = "__reserve_dpa";
type Mode = "ram" | "pmem";
const modes: Readonly<Record<string, Mode>> = { ram: "ram", volatile: "ram", pmem: "pmem", persistent: "pmem" };

/** Capacity of a partition that no decoder holds. */
function availableDpa(files: FileSystem, memdev: string, mode: Mode, decoders: readonly string[]): bigint {
  const held = decoders.filter((decoder) => attribute(files, "cxl", decoder, "mode") === mode).map((decoder) => numberAttribute(files, "cxl", decoder, "dpa_size"));
  return numberAttribute(files, "cxl", memdev, `${mode}/size`) - held.reduce((sum, size) => sum + size, 0n);
}

/** To reserve: the first decoder without DPA. To free: the highest with DPA, unless it decodes. */
function nextDecoder(files: FileSystem, decoders: readonly string[], isFreeing: boolean): string | undefined {
  const dpa = (decoder: string): bigint => numberAttribute(files, "cxl", decoder, "dpa_size");
  if (!isFreeing) return decoders.find((decoder) => dpa(decoder) === 0n);
  const last = decoders.findLast((decoder) => dpa(decoder) > 0n);
  return last === undefined || numberAttribute(files, "cxl", last, "size") > 0n ? undefined : last;
}

function chooseDecoder(call: MemdevCall, memdev: string, decoders: readonly string[], isFreeing: boolean): string {
  const { files, options, output } = call;
  const next = nextDecoder(files, decoders, isFreeing);
  const wish = options.values.get("decoder");
  if (wish === undefined) {
    if (next === undefined) throw new ToolFailure("ENXIO", where, `${memdev}: no suitable decoder found`);
    return next;
  }
  const found = decoders.find((decoder) => (/^\d+$/.test(wish) ? decoder.endsWith(`.${wish}`) : isNamed(decoder, wish)));
  if (found === undefined) throw new ToolFailure("ENXIO", where, `${memdev}: no match for decoder: '${wish}'`);
  if (found !== next) {
    const failure = new ToolFailure("EINVAL", where, `${memdev}: ${found} is out of sequence`);
    if (!options.flags.has("force")) throw failure;
    output.err(complaint(memdevTool, failure));
  }
  return found;
}

function chooseDpaSize(call: MemdevCall, memdev: string, available: bigint, isFreeing: boolean): bigint {
  const { options, output } = call;
  const text = options.values.get("size");
  if (text === undefined) {
    if (isFreeing) return 0n;
    if (available === 0n) throw new ToolFailure("ENOSPC", where, `${memdev}: no available capacity`);
    return available;
  }
  const size = parseToolSize(text);
  if (size === undefined) throw new ToolFailure("EINVAL", where, `${memdev}: failed to parse size option '${text}'`);
  if (size <= available) return size;
  const failure = new ToolFailure("ENOSPC", where, `${memdev}: '${text}' exceeds available capacity`);
  if (!options.flags.has("force")) throw failure;
  output.err(complaint(memdevTool, failure));
  return size;
}

/** Reserves for a memdev, or frees what its highest decoder has. */
export function* changeDpa(call: MemdevCall, memdev: string, isFreeing: boolean): Task<void> {
  const { files, options } = call;
  const type = options.values.get("type") ?? "ram";
  const mode = modes[type];
  if (mode === undefined) throw new ToolFailure("EINVAL", where, `${memdev}: unsupported type: ${type}`);
  const endpoint = endpointOf(files, memdev);
  if (endpoint === undefined) throw new ToolFailure("ENXIO", where, `${memdev}: CXL operation disabled`);
  const decoders = devicesOf(files, "cxl", "decoder").filter((name) => name.startsWith(`decoder${endpoint.slice("endpoint".length)}.`));
  const size = chooseDpaSize(call, memdev, availableDpa(files, memdev, mode, decoders), isFreeing);
  const decoder = chooseDecoder(call, memdev, decoders, isFreeing);
  const bare = (text: string) => ({ where: where, text: `${memdev}: ${decoder}: ${text}`, isBare: true }) as const;
  if (attribute(files, "cxl", decoder, "mode") !== mode) {
    yield* store(files, decoder, "dpa_size", "0", bare("failed to clear allocation to set mode"));
    yield* store(files, decoder, "mode", mode, bare(`failed to set ${mode} mode`));
  }
  yield* store(files, decoder, "dpa_size", `0x${size.toString(16)}`, bare("failed to set dpa allocation"));
  call.shown.push({ ...describeMemdev(files, memdev), decoder: describeDecoder(files, decoder, { areTargetsShown: false }) });
}
