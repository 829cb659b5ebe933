// Every file and link of a session's machine that reading does not change, as one table.

import { SystemError } from "../../src/kernel/base/errno.ts";
import type { Seat } from "./session.ts";

const roots = ["/sys/bus/cxl/devices", "/sys/bus/dax/devices", "/sys/devices/system/memory"];

/** Text of a file, or why it has none. */
function content(seat: Seat, path: string): string {
  for (const look of [seat.session.run.files.readlink, seat.session.run.files.read]) {
    try {
      return look(path);
    } catch (thrown) {
      if (!(thrown instanceof SystemError)) throw thrown;
    }
  }
  return "";
}

export function readTree(seat: Seat): Record<string, string> {
  const { files } = seat.session.run;
  const table: Record<string, string> = { iomem: files.read("/proc/iomem"), modules: files.read("/proc/modules") };
  for (const root of roots) for (const name of files.list(root)) {
    const folder = `${root}/${name}`;
    table[folder] = content(seat, folder);
    try {
      for (const inner of files.list(folder)) table[`${folder}/${inner}`] = content(seat, `${folder}/${inner}`);
    } catch (thrown) {
      if (!(thrown instanceof SystemError)) throw thrown;
    }
  }
  return table;
}
