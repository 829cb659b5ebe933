// Firmware upload of a memdev (fw_upload class): an image is received through a file, transferred in slices that fit the mailbox, and activated for
// the next reset, in a task of its own (mailbox.md 6).

import { commands } from "../../../registers/commands.ts";
import { encodePayload, payloadNumber } from "../../platform/payload.ts";
import type { Task } from "../../sim/task.ts";
import { spawn, task } from "../../sim/task.ts";
import type { Attribute, Device, DeviceType } from "../base/device.ts";
import { addDevice } from "../base/device.ts";
import { SystemError } from "../base/errno.ts";
import type { Kernel } from "../base/kernel.ts";
import { mark, printk } from "../base/kernel.ts";
import { parseWord } from "../base/parse.ts";
import type { DeviceState, FirmwareUpload, UploadStep } from "./device-state.ts";
import { sendCommand } from "./mailbox.ts";

/** Offsets count in these. */
const unit = 128;
const transfers = { full: 0, initiate: 1, next: 2, end: 3, abort: 4 } as const;
const onReset = 1;
const activeSlotMask = 7;
/** A transfer that goes to the background is waited for so often, ms apart. */
const poll = { interval: 1000, count: 30 } as const;
const loadingWords = { start: "1", end: "0", abort: "-1" } as const;

type UploadError = "hw-error" | "user-abort" | "device-busy" | "invalid-file-size" | "read-write-error";

/** An upload that ends with an error; `step` is where. */
class UploadFailure extends Error {
  readonly reason: UploadError;
  constructor(reason: UploadError) {
    super(reason);
    this.reason = reason;
  }
}

/** Runs a command; what the device refuses becomes `reason`. */
const send = task("firmware.send", function* (kernel: Kernel, state: DeviceState, reason: UploadError, input: Uint8Array): Task<void> {
  try {
    yield* sendCommand(kernel, state, { name: "transferFirmware", input, poll });
  } catch (thrown) {
    if (!(thrown instanceof SystemError)) throw thrown;
    throw new UploadFailure(reason);
  }
});

/** Slot behind the active one, in a circle. */
const chooseSlot = task("firmware.chooseSlot", function* (kernel: Kernel, state: DeviceState): Task<number> {
  const { output } = commands.firmwareInfo;
  try {
    const bytes = yield* sendCommand(kernel, state, { name: "firmwareInfo", output: output.length });
    return ((payloadNumber(bytes, output.fields.slot) & activeSlotMask) % payloadNumber(bytes, output.fields.slots)) + 1;
  } catch (thrown) {
    if (!(thrown instanceof SystemError)) throw thrown;
    throw new UploadFailure("hw-error");
  }
});

/** The user takes it back: before the first slice nothing has happened, later the device is told. */
const checkCancel = task("firmware.checkCancel", function* (kernel: Kernel, state: DeviceState, isOpen: boolean): Task<void> {
  if (!state.upload.isCancelled) return;
  if (isOpen) {
    try {
      yield* sendCommand(kernel, state, { name: "transferFirmware", input: encodePayload(commands.transferFirmware.input, { action: transfers.abort }) });
    } catch (thrown) {
      if (!(thrown instanceof SystemError)) throw thrown;
      printk(kernel, "err", `cxl_mem ${state.memdev?.name ?? ""}: Error aborting FW transfer: -${thrown.number}`);
    }
  }
  throw new UploadFailure("user-abort");
});

function actionAt(offset: number, left: number, isWhole: boolean): number {
  if (isWhole) return transfers.full;
  if (offset === 0) return transfers.initiate;
  return left === 0 ? transfers.end : transfers.next;
}

/** Slices of the payload less the command's own bytes; a whole image in one command where it fits. */
const transfer = task("firmware.transfer", function* (kernel: Kernel, state: DeviceState, image: Uint8Array, slot: number): Task<void> {
  const { input } = commands.transferFirmware;
  const isWhole = input.length + image.length < state.payloadSize;
  const most = state.payloadSize - input.length;
  for (let offset = 0; offset < image.length; offset += most) {
    yield* checkCancel(kernel, state, offset > 0);
    const data = image.subarray(offset, offset + most);
    const left = image.length - offset - data.length;
    const action = actionAt(offset, left, isWhole);
    const named = action === transfers.full || action === transfers.end ? { slot } : {};
    yield* send(kernel, state, "read-write-error", encodePayload(input, { action, ...named, offset: offset / unit }, { data }));
    state.upload.remaining = left;
  }
});

const activate = task("firmware.activate", function* (kernel: Kernel, state: DeviceState, slot: number): Task<void> {
  const memdev = state.memdev?.name ?? "";
  printk(kernel, "debug", `cxl_mem ${memdev}: Activating firmware slot: ${slot}`);
  try {
    yield* sendCommand(kernel, state, { name: "activateFirmware", input: encodePayload(commands.activateFirmware.input, { action: onReset, slot }) });
  } catch (thrown) {
    if (!(thrown instanceof SystemError)) throw thrown;
    printk(kernel, "err", `cxl_mem ${memdev}: Error activating firmware: -${thrown.number}`);
    throw new UploadFailure("hw-error");
  }
});

/** The upload from the received image to the end. */
const runUpload = task("firmware.upload", function* (kernel: Kernel, state: DeviceState): Task<void> {
  const { upload } = state;
  try {
    const slot = yield* chooseSlot(kernel, state);
    yield* checkCancel(kernel, state, false);
    upload.step = "transferring";
    yield* transfer(kernel, state, Uint8Array.from(upload.bytes), slot);
    yield* activate(kernel, state, slot);
    upload.step = "programming";
    yield* checkCancel(kernel, state, false);
    mark(kernel, `${state.memdev?.name ?? ""} firmware uploaded`, `slot ${slot}`);
  } catch (thrown) {
    if (!(thrown instanceof UploadFailure)) throw thrown;
    upload.error = `${upload.step}:${thrown.reason}`;
  } finally {
    upload.bytes = [];
    upload.step = "idle";
    upload.isCancelled = false;
  }
});

function begin(upload: FirmwareUpload): void {
  if (upload.step !== "idle" && upload.step !== "receiving") throw new SystemError("EBUSY", `an upload is ${upload.step}`);
  upload.step = "receiving";
  upload.bytes = [];
}

function end(kernel: Kernel, state: DeviceState): void {
  const { upload } = state;
  if (upload.step !== "receiving") throw new SystemError("EINVAL", "nothing was received");
  if (upload.bytes.length === 0) {
    upload.step = "idle";
    return;
  }
  upload.step = "preparing";
  upload.remaining = upload.bytes.length;
  upload.error = "";
  upload.isCancelled = false;
  spawn(kernel.scheduler, `firmware:${state.memdev?.name ?? ""}`, runUpload(kernel, state));
}

const uploadOf = (device: Device): DeviceState => device.data as DeviceState;

const storeLoading = task("loading.store", function* (kernel: Kernel, device: Device, text: string): Task<void> {
  const state = uploadOf(device);
  const word = parseWord(text);
  if (word === loadingWords.start) begin(state.upload);
  else if (word === loadingWords.end) end(kernel, state);
  else if (word === loadingWords.abort && state.upload.step === "receiving") state.upload.step = "idle";
  else throw new SystemError("EINVAL", `"${word}" is no state of loading`);
});

/** Bytes as characters of code 0 to 255, one after the other. */
const storeData = task("data.store", function* (_kernel: Kernel, device: Device, text: string): Task<void> {
  const { upload } = uploadOf(device);
  if (upload.step !== "receiving") throw new SystemError("ENODEV", "loading has not begun");
  for (let at = 0; at < text.length; at++) upload.bytes.push(text.charCodeAt(at) & 0xff);
});

const storeCancel = task("cancel.store", function* (_kernel: Kernel, device: Device, text: string): Task<void> {
  const { upload } = uploadOf(device);
  if (parseWord(text) !== "1") throw new SystemError("EINVAL", "only 1 cancels");
  if (upload.step === "idle") throw new SystemError("ENODEV", "nothing to cancel");
  upload.isCancelled = true;
});

function showError(_kernel: Kernel, device: Device): string {
  const { upload } = uploadOf(device);
  if (upload.step !== "idle") throw new SystemError("EBUSY", `an upload is ${upload.step}`);
  return upload.error === "" ? "" : `${upload.error}\n`;
}

const shown = (name: string, show: (upload: FirmwareUpload) => string | number): Attribute => ({ name, show: (_kernel, device) => `${show(uploadOf(device).upload)}\n` });
const stepOf = (upload: FirmwareUpload): UploadStep => upload.step;

const uploadType: DeviceType = {
  name: "firmware_upload",
  attributes: [
    { name: "cancel", store: storeCancel }, { name: "data", store: storeData }, { name: "error", show: showError }, { ...shown("loading", (upload) => (upload.step === "receiving" ? 1 : 0)), store: storeLoading },
    shown("remaining_size", (upload) => upload.remaining), shown("status", stepOf),
  ],
};
const folderType: DeviceType = { name: "firmware", attributes: [] };

/** memX/firmware/memX, where the device can tell about its firmware. They go with the memdev. */
export function addUpload(kernel: Kernel, state: DeviceState): void {
  const { memdev } = state;
  if (memdev === null || memdev.isDead || !state.commands.has("firmwareInfo")) return;
  const folder = addDevice(kernel, { name: "firmware", bus: null, type: folderType, parent: memdev, data: {} });
  addDevice(kernel, { name: memdev.name, bus: null, type: uploadType, parent: folder, data: state });
}
