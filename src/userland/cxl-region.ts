// `cxl enable-region`, `disable-region`, `destroy-region` (user-interface sheet, section 4).

import type { Errno } from "../kernel/base/errno.ts";
import { errnoText } from "../kernel/base/errno.ts";
import type { FileSystem } from "../kernel/sysfs/file-system.ts";
import type { Task } from "../sim/task.ts";
import { memdevOfDecoder, parentOf } from "./cxl-describe.ts";
import { cxlUsage } from "./cxl-usage.ts";
import { daxDevicesOf } from "./dax-describe.ts";
import { blocksOf, offlineBlocks } from "./dax-memory.ts";
import { ToolFailure, bindDevice, complaint, counted, store, unbindDevice } from "./failure.ts";
import { isNamed } from "./match.ts";
import { parseOptions } from "./options.ts";
import type { Output } from "./output.ts";
import { attribute, devicesOf, driverOf, numberAttribute } from "./tree.ts";

interface Call {
  readonly files: FileSystem;
  readonly isForced: boolean;
  readonly output: Output;
}

/** Offlines memory first. What cannot be offlined stops it, unless forced: then the addresses are lost until reboot. */
function* disableRegion({ files, isForced, output }: Call, region: string): Task<void> {
  const where = "disable_region";
  let failed = 0;
  for (const device of daxDevicesOf(files, `dax_region${region.slice("region".length)}`, true)) {
    if (driverOf(files, "dax", device) !== "kmem" || !blocksOf(files, device).some((block) => block.isOnline)) continue;
    const errno = yield* offlineBlocks(files, device, output);
    if (errno === undefined) continue;
    const failure = new ToolFailure(errno, where, `${region}: unable to offline ${device}: ${errnoText(errno)}`);
    if (!isForced) throw failure;
    output.err(complaint("cxl region", failure));
    failed++;
  }
  const warnings = ["Forcing region disable without successful offline.", "Physical address space has now been permanently leaked.", "Leaked address cannot be recovered until a reboot."];
  if (failed > 0) for (const warning of warnings) output.err(`cxl region: ${where}: ${region}: ${warning}\n`);
  yield* unbindDevice(files, "cxl_region", region, "cxl_region_disable");
}

function* enableRegion({ files }: Call, region: string): Task<void> {
  yield* bindDevice(files, "cxl_region", region, "cxl_region_enable");
}

function* disableFirst(call: Call, region: string): Task<void> {
  if (driverOf(call.files, "cxl", region) === undefined) return;
  if (!call.isForced) throw new ToolFailure("EBUSY", "destroy_region", `${region} active. Disable it or use --force`);
  try {
    yield* disableRegion(call, region);
  } catch (thrown) {
    if (!(thrown instanceof ToolFailure)) throw thrown;
    call.output.err(complaint("cxl region", thrown));
    throw new ToolFailure(thrown.errno, "destroy_region", `${region}: error disabling region: ${errnoText(thrown.errno)}`);
  }
}

/**
 * Endpoint decoders of a region, by position. A later decoder of the same card that holds device memory bars the way: memory is given back from the highest decoder down.
 * @throws ToolFailure ENXIO a target that is not there; EBUSY a later decoder
 */
function validateOrder(files: FileSystem, region: string): readonly string[] {
  const where = "region_destroy_validate_order";
  const ways = Number(numberAttribute(files, "cxl", region, "interleave_ways"));
  if (ways === 0) throw new ToolFailure("ENXIO", where, `${region}: error getting interleave ways`);
  return Array.from({ length: ways }, (_, position) => {
    const decoder = attribute(files, "cxl", region, `target${position}`) ?? "";
    if (decoder === "") throw new ToolFailure("ENXIO", "", `libcxl: cxl_region_get_target_decoder: ${region}: error locating decoder for target${position}`);
    const idOf = (name: string): number => Number(name.slice(name.indexOf(".") + 1));
    const endpoint = parentOf(files, decoder);
    const laterOnes = devicesOf(files, "cxl", "decoder").filter((name) => parentOf(files, name) === endpoint && idOf(name) > idOf(decoder)).toSorted((a, b) => idOf(a) - idOf(b));
    const later = laterOnes.find((name) => numberAttribute(files, "cxl", name, "dpa_size") > 0n);
    if (later !== undefined) throw new ToolFailure("EBUSY", where, `${region}: destroy blocked, ${memdevOfDecoder(files, decoder) ?? ""} still has later active decoder ${later}`);
    return decoder;
  });
}

/** Nothing is touched unless every target is there and may go (S15). */
function* destroyRegion(call: Call, region: string): Task<void> {
  const { files } = call;
  const where = "destroy_region";
  const decoders = validateOrder(files, region);
  yield* disableFirst(call, region);
  yield* store(files, region, "commit", "0", { where, text: `${region}: failed to reset decode` });
  for (const [position, decoder] of decoders.entries()) {
    yield* store(files, region, `target${position}`, "\n", { where, text: `${region}: clearing target${position} failed` });
    yield* store(files, decoder, "dpa_size", "0", { where, text: `${decoder}: set_dpa_size failed` });
  }
  yield* store(files, parentOf(files, region), "delete_region", region, { where: "", text: `libcxl: cxl_region_delete: ${region}: failed to delete`, isBare: true });
}

const actions = {
  "disable-region": { done: "disabled", act: disableRegion },
  "enable-region": { done: "enabled", act: enableRegion },
  "destroy-region": { done: "destroyed", act: destroyRegion },
} as const;
export type RegionCommand = keyof typeof actions;
export const regionCommands = Object.keys(actions) as readonly RegionCommand[];

/** Regions are walked below their root decoders; a name that fits none is passed over, as in the tool. */
export function* regionCommand(files: FileSystem, command: RegionCommand, argv: readonly string[], output: Output): Task<number> {
  const options = parseOptions(cxlUsage[command].options, argv);
  const { act, done } = actions[command];
  const call: Call = { files, isForced: options.flags.has("force"), output };
  const roots = devicesOf(files, "cxl", "decoder").filter((name) => isNamed(name, options.values.get("decoder") ?? "all") && isNamed(parentOf(files, name), options.values.get("bus") ?? "all"));
  const wanted = devicesOf(files, "cxl", "region").filter((region) => roots.includes(parentOf(files, region)) && options.words.some((word) => isNamed(region, word)));
  let count = 0;
  let failed: Errno | undefined;
  for (const region of wanted) {
    try {
      yield* act(call, region);
      count++;
    } catch (thrown) {
      if (!(thrown instanceof ToolFailure)) throw thrown;
      failed = thrown.errno;
      output.err(`${complaint("cxl region", thrown)}cxl region: decoder_region_action: ${region}: failed: ${errnoText(thrown.errno)}\n`);
    }
  }
  if (failed !== undefined) output.err(`cxl region: region_action: one or more failures, last failure: ${errnoText(failed)}\n`);
  output.err(`cxl region: cmd_${command.replace("-", "_")}: ${done} ${counted(count, "region")}\n`);
  return failed === undefined ? 0 : 1;
}
