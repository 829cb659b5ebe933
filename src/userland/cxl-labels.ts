// `cxl read-labels`, `write-labels`, `zero-labels`: a memdev's label area, in slices that fit its mailbox. While an nvdimm has the area, only it writes.

import { SystemError, errnoText } from "../kernel/base/errno.ts";
import { userPayloads } from "../kernel/cxl/ioctl.ts";
import { toBytes, toText } from "../kernel/sysfs/bytes.ts";
import type { FileSystem } from "../kernel/sysfs/file-system.ts";
import { encodePayload } from "../platform/payload.ts";
import type { Task } from "../sim/task.ts";
import type { MemdevCall } from "./cxl-memdev-call.ts";
import { ToolFailure, tryStore } from "./failure.ts";
import { deviceFolder, numberAttribute } from "./tree.ts";

const where = "lsa_op";

/** Sends one slice. @throws ToolFailure in the library's words; `action` and `failure` are what the tool adds */
function* sendSlice(files: FileSystem, memdev: string, command: "getLabels" | "setLabels", payload: Uint8Array, room: number, failed: (errno: ToolFailure["errno"], said: string) => never): Task<Uint8Array> {
  try {
    const { returnCode, output } = yield* files.send(`/dev/cxl/${memdev}`, command, payload, room);
    return returnCode === 0 ? output : failed("ENXIO", `libcxl: ${where}: ${memdev}: firmware status: ${returnCode}\n`);
  } catch (thrown) {
    if (!(thrown instanceof SystemError)) throw thrown;
    // The library makes no command that the device does not have.
    return thrown.errno === "ENOTTY" ? failed("ENOMEM", "") : failed(thrown.errno, `libcxl: ${where}: ${memdev}: cmd submission failed: ${errnoText(thrown.errno)}\n`);
  }
}

const numberOf = (call: MemdevCall, name: "size" | "offset"): number => Math.max(0, Number(call.options.values.get(name) ?? 0));
const labelSize = ({ files }: MemdevCall, memdev: string): number => Number(numberAttribute(files, "cxl", memdev, "label_storage_size"));

function fail(call: MemdevCall, action: string, memdev: string, what: string) {
  return (errno: ToolFailure["errno"], said: string): never => {
    call.output.err(said);
    throw new ToolFailure(errno, action, `${memdev}: ${what} failed: ${errnoText(errno)}`);
  };
}

/** Into the file of --output, one memdev after the other, or to standard output. */
export function* readLabels(call: MemdevCall, memdev: string): Task<void> {
  const { files, options, output } = call;
  const { input } = userPayloads.getLabels;
  const size = numberOf(call, "size") || labelSize(call, memdev);
  const most = Number(numberAttribute(files, "cxl", memdev, "payload_max"));
  let text = "";
  for (let done = 0; done < size; done += most) {
    const length = Math.min(most, size - done);
    const payload = encodePayload(input, { offset: numberOf(call, "offset") + done, length });
    text += toText(yield* sendSlice(files, memdev, "getLabels", payload, length, fail(call, "action_read", memdev, "label read")));
  }
  const path = options.values.get("output");
  if (path === undefined) {
    output.out(text);
    return;
  }
  const errno = yield* tryStore(files.append(path, text));
  if (errno !== undefined) throw new ToolFailure(errno, "action_read", `failed to write: ${path}: (${errnoText(errno)})`);
}

/** @throws ToolFailure EBUSY */
function refuseActive({ files }: MemdevCall, action: string, memdev: string): void {
  const folder = deviceFolder("cxl", memdev);
  const isActive = files.list(folder).some((name) => /^pmem\d+$/.test(name) && files.exists(`${folder}/${name}/driver`));
  if (isActive) throw new ToolFailure("EBUSY", action, `${memdev}: has active nvdimm bridge, abort label write`);
}

function* storeLabels(call: MemdevCall, memdev: string, bytes: Uint8Array, action: string, what: string): Task<void> {
  const { input } = userPayloads.setLabels;
  const most = Number(numberAttribute(call.files, "cxl", memdev, "payload_max")) - input.length;
  const failed = fail(call, action, memdev, what);
  const warning = action === "action_write" ? `libcxl: ${where}: ${memdev}: labels may be in an inconsistent state\n` : "";
  for (let done = 0; done < bytes.length; done += most) {
    const payload = encodePayload(input, { offset: numberOf(call, "offset") + done }, { data: bytes.subarray(done, done + most) });
    yield* sendSlice(call.files, memdev, "setLabels", payload, 0, (errno, said) => failed(errno, said + warning));
  }
}

/** The length of what is not a file is not known: the tool takes it for the longest there is. */
const endless = (1n << 64n) - 1n;

/** From the file of --input, or so many bytes of standard input. A source with fewer bytes than --size says fails without a word, as the tool's. */
export function* writeLabels(call: MemdevCall, memdev: string): Task<void> {
  const action = "action_write";
  refuseActive(call, action, memdev);
  const { text, isFile } = call.source;
  const wish = numberOf(call, "size");
  const size = wish > 0 ? BigInt(wish) : isFile ? BigInt(text.length) : endless;
  if (wish === 0 && size > labelSize(call, memdev)) throw new ToolFailure("EINVAL", action, `File size (${size}) greater than label area size (${labelSize(call, memdev)}), aborting`);
  if (size > text.length) throw new ToolFailure("ENXIO", "", "");
  const bytes = toBytes(text.slice(0, Number(size)));
  yield* storeLabels(call, memdev, bytes, action, "label write");
}

export function* zeroLabels(call: MemdevCall, memdev: string): Task<void> {
  refuseActive(call, "action_zero", memdev);
  const size = numberOf(call, "size") || labelSize(call, memdev);
  yield* storeLabels(call, memdev, new Uint8Array(size), "action_zero", "label zeroing");
}
