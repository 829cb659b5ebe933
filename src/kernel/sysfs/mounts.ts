// /proc/mounts: the kernel's own file systems where they are in this tree; tools look here for the debug files. (A link to self/mounts in Linux.)

import type { Node } from "./node.ts";
import { file } from "./node.ts";

const mounts = [["sysfs", "/sys", "sysfs"], ["proc", "/proc", "proc"], ["devtmpfs", "/dev", "devtmpfs"], ["debugfs", "/sys/kernel/debug", "debugfs"], ["tracefs", "/sys/kernel/tracing", "tracefs"]];

export const mountsNode: Node = file(() => mounts.map(([device, path, type]) => `${device} ${path} ${type} rw,nosuid,nodev,noexec,relatime 0 0\n`).join(""));
