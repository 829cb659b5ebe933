// The device's clock (CXL 3.2 8.2.10.4; mailbox.md 7): 0 until it is set, then it counts.

import * as C from "../generated/commands";
import { Device, Machine } from "../machine";
import { in64, out64, startOutput } from "./memory";
import { Mailbox } from "./state";

/** ns since 1970, or 0. */
export function deviceClock(m: Machine, device: Device): u64 {
  const cci = device.cci;
  return cci.clockIsSet != 0 ? cci.clockBase + (m.now - cci.clockAt) : 0;
}

export function getTimestamp(m: Machine, device: Device, mailbox: Mailbox): u32 {
  startOutput(mailbox, C.OUT_GET_TIMESTAMP_BYTES);
  out64(mailbox, C.OUT_GET_TIMESTAMP_TIMESTAMP, deviceClock(m, device));
  return C.RETURN_SUCCESS;
}

export function setTimestamp(m: Machine, device: Device, mailbox: Mailbox): u32 {
  const cci = device.cci;
  cci.clockIsSet = 1;
  cci.clockBase = in64(mailbox, C.IN_SET_TIMESTAMP_TIMESTAMP);
  cci.clockAt = m.now;
  return C.RETURN_SUCCESS;
}
