// Links and ways to memory as a file gives them: names of link speeds, figures of a host bridge.

import type { HostBridgeDescription, LinkDescription } from "../platform/description.ts";
import { defaultLink } from "../platform/description.ts";
import type { MachineFile } from "./schema.ts";

/** Speeds that CXL runs at without flit mode (CXL 3.2 6.4), by their names in a file; codes as in Link Capabilities. */
const speeds = { "8GT/s": 3, "16GT/s": 4, "32GT/s": 5 } as const;
export const linkNames = Object.keys(speeds) as (keyof typeof speeds)[];

type BridgeFile = MachineFile["hostBridges"][number];
type LinkFile = NonNullable<BridgeFile["rootPorts"][number]["link"]>;

/** One end of a link, the rest as on an end that says nothing; absent: nothing is said. */
export function describeLink(file: LinkFile | undefined): { readonly link?: LinkDescription } {
  return file === undefined ? {} : { link: { speed: file.speed === undefined ? defaultLink.speed : speeds[file.speed], width: file.width ?? defaultLink.width } };
}

/** Figures of a host bridge; writes are like reads unless said otherwise. */
export function describePerformance(file: BridgeFile["performance"]): Pick<HostBridgeDescription, "performance"> {
  if (file === undefined) return {};
  const { readLatency, readBandwidth } = file;
  return { performance: { readLatency, writeLatency: file.writeLatency ?? readLatency, readBandwidth, writeBandwidth: file.writeBandwidth ?? readBandwidth } };
}
