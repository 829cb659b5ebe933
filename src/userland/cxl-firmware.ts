// `cxl update-firmware`: hands an image to the kernel's firmware loader (memX/firmware/memX), cancels an upload, or waits for its end.

import type { Errno } from "../kernel/base/errno.ts";
import { SystemError, errnoText } from "../kernel/base/errno.ts";
import type { Task } from "../sim/task.ts";
import { sleep } from "../sim/task.ts";
import { describeMemdev } from "./cxl-describe.ts";
import { readFirmware } from "./cxl-mailbox.ts";
import type { MemdevCall } from "./cxl-memdev-call.ts";
import { ToolFailure, tryStore } from "./failure.ts";
import type { Options } from "./options.ts";
import { attribute, deviceFolder } from "./tree.ts";

const where = "action_update_fw";
/** Virtual ns between two looks at an upload (INFERRED: the tool looks as often as it can). */
const lookEvery = 10_000_000;

/** What the count line says was done. */
export const updateWord = (options: Options): string => (options.flags.has("cancel") ? "cancelled" : options.flags.has("wait") ? "completed" : "started");

/** Content of the image. @throws ToolFailure */
function readImage({ files, output }: MemdevCall, path: string, failed: (errno: Errno) => never): string {
  try {
    const image = files.read(path);
    if (image !== "") return image;
    output.err(`libcxl: cxl_memdev_update_fw: failed to map: ${path}: (${errnoText("EINVAL")})\n`);
    return failed("EINVAL");
  } catch (thrown) {
    if (!(thrown instanceof SystemError)) throw thrown;
    output.err(`libcxl: cxl_memdev_update_fw: failed to open: ${path}: (${errnoText(thrown.errno)})\n`);
    return failed(thrown.errno);
  }
}

/** 1, the image, 0. */
function* startUpload(call: MemdevCall, memdev: string, path: string): Task<void> {
  const { files, output } = call;
  const failed = (errno: Errno): never => {
    throw new ToolFailure(errno, where, `${memdev} error: ${errnoText(errno)}`);
  };
  const image = readImage(call, path, failed);
  const folder = `${deviceFolder("cxl", memdev)}/firmware/${memdev}`;
  for (const [file, text] of [["loading", "1"], ["data", image], ["loading", "0"]] as const) {
    const errno = yield* tryStore(files.write(`${folder}/${file}`, text));
    if (errno === undefined) continue;
    output.err(file === "data" ? `libcxl: cxl_memdev_fwl_copy_data: failed to open: ${folder}/data: (${errnoText(errno)})\n` : `libcxl: cxl_memdev_fwl_set_loading: ${memdev}: failed to trigger fw loading to ${text} (${errnoText(errno)})\n`);
    failed(errno);
  }
}

const isUploading = ({ files }: MemdevCall, memdev: string): boolean => !["idle", undefined].includes(attribute(files, "cxl", memdev, `firmware/${memdev}/status`));

/** A cancellation shows nothing of the memdev; it fails without a word when nothing is under way, as the tool's. */
export function* updateFirmware(call: MemdevCall, memdev: string): Task<void> {
  const { files, options, shown } = call;
  if (options.flags.has("cancel")) {
    if (!isUploading(call, memdev)) throw new ToolFailure("ENXIO", "", "");
    const errno = yield* tryStore(files.write(`${deviceFolder("cxl", memdev)}/firmware/${memdev}/cancel`, "1"));
    if (errno !== undefined) throw new ToolFailure(errno, where, `${memdev} error: ${errnoText(errno)}`);
    return;
  }
  const path = options.values.get("firmware-file");
  let failure: ToolFailure | undefined;
  try {
    if (path !== undefined) yield* startUpload(call, memdev, path);
  } catch (thrown) {
    if (!(thrown instanceof ToolFailure)) throw thrown;
    failure = thrown;
  }
  if (failure === undefined && options.flags.has("wait")) while (isUploading(call, memdev)) yield sleep(lookEvery);
  shown.push(describeMemdev(files, memdev, { areTargetsShown: false, answers: new Map([[memdev, { firmware: yield* readFirmware(files, memdev) }]]) }));
  if (failure !== undefined) throw failure;
}
