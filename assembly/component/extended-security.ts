// Extended Security of a host bridge (CXL 3.2 8.2.4.21): which root port each policy is for.

import * as R from "../generated/registers";
import { Bridge, keyOf, portOf } from "../machine";
import { setDword } from "../registers";

/** Root Port k ID holds the port number of root port k. */
export function setRootPortNumbers(bridge: Bridge): void {
  for (let place: u32 = 0; place < bridge.portCount; place++) {
    setDword(bridge.component, R.COMPONENT_EXTENDED_SECURITY_ROOT_PORT_ID + place * R.EXTENDED_SECURITY_ROOT_PORT_ID_STRIDE, keyOf(portOf(bridge, place), R.KEY_PORT_NUMBER));
  }
}
