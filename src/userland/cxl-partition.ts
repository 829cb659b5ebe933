// `cxl set-partition`: how a memdev divides its partitionable capacity from the next reset on.

import { SystemError, errnoText } from "../kernel/base/errno.ts";
import { userPayloads } from "../kernel/cxl/ioctl.ts";
import type { FileSystem } from "../kernel/sysfs/file-system.ts";
import { encodePayload } from "../platform/payload.ts";
import type { Task } from "../sim/task.ts";
import type { Capacity } from "./cxl-mailbox.ts";
import { capacityUnit, readCapacity } from "./cxl-mailbox.ts";
import { ToolFailure } from "./failure.ts";
import { parseToolSize } from "./options.ts";

export interface PartitionWish {
  readonly type: string | undefined;
  /** Of the partition of that type; all there is when not given. */
  readonly size: string | undefined;
  readonly isAligned: boolean;
}

export interface PartitionFailure {
  readonly failure: ToolFailure;
  /** The command was sent. */
  readonly isSent: boolean;
}

const refuse = (where: string, message: string): never => {
  throw new ToolFailure("EINVAL", where, message);
};

/** Volatile capacity that fulfils the wish. @throws ToolFailure */
function volatileSize(memdev: string, capacity: Capacity, isVolatile: boolean, size: bigint | undefined, isAligned: boolean): bigint {
  const available = capacity.total - capacity.volatileOnly - capacity.persistentOnly;
  if (size !== undefined && size > available) refuse("param_size_to_volatile_size", `${memdev}: ${size} exceeds available capacity ${available}`);
  const share = size ?? available;
  const wanted = isVolatile ? share : available - share;
  const over = wanted % capacity.alignment;
  if (over === 0n) return wanted;
  if (!isAligned) refuse("partition_align", `${memdev}: size ${wanted} is not partition aligned ${capacity.alignment}`);
  // Rounded so that the type that was asked for gets no less than it wished.
  const aligned = isVolatile ? wanted - over + capacity.alignment : wanted - over;
  if (aligned > available) refuse("partition_align", `${memdev}: aligned partition size ${aligned} exceeds available size ${available}`);
  return aligned;
}

const where = "action_setpartition";

function* plan(files: FileSystem, memdev: string, wish: PartitionWish): Task<bigint> {
  const isVolatile = wish.type === "volatile" || wish.type === "ram";
  if (wish.type !== undefined && wish.type !== "pmem" && !isVolatile) refuse(where, `invalid type '${wish.type}'`);
  const size = wish.size === undefined ? undefined : (parseToolSize(wish.size) ?? refuse(where, `${memdev}: failed to parse size option '${wish.size}'`));
  const capacity = yield* readCapacity(files, memdev);
  if (capacity === undefined) throw new ToolFailure("EINVAL", "", "");
  if (capacity.alignment === 0n) refuse("validate_partition", `${memdev}: no available capacity`);
  return volatileSize(memdev, capacity, isVolatile, size, wish.isAligned);
}

/** Undefined: the device took it. */
export function* setPartition(files: FileSystem, memdev: string, wish: PartitionWish): Task<PartitionFailure | undefined> {
  let size: bigint;
  try {
    size = yield* plan(files, memdev, wish);
  } catch (thrown) {
    if (thrown instanceof ToolFailure) return { failure: thrown, isSent: false };
    throw thrown;
  }
  const { input } = userPayloads.setPartitionInfo;
  const payload = new Uint8Array(input.most);
  payload.set(encodePayload(input, { volatile: size / capacityUnit }));
  try {
    const { returnCode } = yield* files.send(`/dev/cxl/${memdev}`, "setPartitionInfo", payload, 0);
    return returnCode === 0 ? undefined : { failure: new ToolFailure("ENXIO", where, `${where}: mbox status: ${returnCode}`), isSent: true };
  } catch (thrown) {
    if (!(thrown instanceof SystemError)) throw thrown;
    return { failure: new ToolFailure(thrown.errno, where, `cmd submission failed: ${errnoText(thrown.errno)}`), isSent: true };
  }
}
