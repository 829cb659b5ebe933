// `power` of devices that take part in power management, which no driver here uses: runtime power management is off (as the captured dax devices).

import { SystemError } from "../base/errno.ts";
import { file, fixed } from "./node.ts";
import type { Node } from "./node.ts";

const line = (text: string): Node => file(() => `${text}\n`);
const refused = file(() => {
  throw new SystemError("EIO", "the driver does not use autosuspend");
});

export const powerNode: Node = fixed({
  async: line("disabled"), autosuspend_delay_ms: refused, control: line("auto"), runtime_active_kids: line("0"), runtime_active_time: line("0"),
  runtime_enabled: line("disabled"), runtime_status: line("unsupported"), runtime_suspended_time: line("0"), runtime_usage: line("0"),
});
