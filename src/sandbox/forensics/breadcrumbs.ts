// Objects that are there and do nothing, each with a listing whose output names it, found by running the listings over the machine's files (seeds S20, S28; invariant 4).

import type { Device } from "../../kernel/base/device.ts";
import { busDevices } from "../../kernel/base/device.ts";
import { platformBus } from "../../kernel/base/platform-bus.ts";
import { cxlBus, decoderOf, isDecoder, isMemdev, isPort, isRegion, portOf, regionOf, regionStates } from "../../kernel/cxl/types.ts";
import { daxBus, daxRegionTypeName } from "../../kernel/dax/types.ts";
import type { Breadcrumb } from "../../scenario/explanation.ts";
import { listAtOnce } from "../questions.ts";
import type { Scene } from "./scene.ts";

interface Idle {
  readonly name: string;
  readonly what: string;
  /** Commands to try, the nearest first. */
  readonly listings: readonly string[];
}

const kindOf = (device: Device): string => (isMemdev(device) ? "memdev" : portOf(device).kind === "endpoint" ? "endpoint" : "port");

function idleOnCxl(device: Device): Idle | undefined {
  const { name } = device;
  if (isRegion(device)) {
    const { state, targetCount, ways } = regionOf(device);
    if (state >= regionStates.commit && device.driver !== null) return undefined;
    return { name, what: state >= regionStates.commit ? "region without a driver" : `region that is not complete: ${targetCount} of ${ways} members`, listings: ["cxl list -Ri"] };
  }
  if (isDecoder(device)) {
    const { endpoint, region } = decoderOf(device);
    return endpoint === null || endpoint.dpa === null || region !== null ? undefined : { name, what: endpoint.stagedIn === null ? "decoder that holds device memory and is in no region" : `decoder that waits in ${endpoint.stagedIn.name}`, listings: ["cxl list -Di", "cxl list -RTi", "cxl list -EDi"] };
  }
  if (device.driver !== null) return undefined;
  if (device.type.name === daxRegionTypeName) return { name, what: "dax region of CXL without a driver", listings: ["cxl list -RXi", "ls /sys/bus/cxl/devices"] };
  if (isMemdev(device)) return { name, what: "memdev without a driver", listings: ["cxl list -Mi"] };
  if (!isPort(device) || portOf(device).kind === "root") return undefined;
  return { name, what: `${kindOf(device)} without a driver`, listings: ["cxl list -PEi"] };
}

function idleObjects({ kernel }: Pick<Scene, "kernel">): Idle[] {
  const dax = busDevices(kernel, daxBus).filter(({ driver }) => driver === null).map(({ name }): Idle => ({ name, what: "dax device without a driver", listings: ["daxctl list -Di"] }));
  const hmem = busDevices(kernel, platformBus).filter(({ name, driver }) => name.startsWith("hmem") && driver === null).map(({ name }): Idle => ({ name, what: "hmem device without a driver", listings: ["daxctl list -Ri", "ls /sys/bus/platform/devices"] }));
  return [...busDevices(kernel, cxlBus).flatMap((device) => idleOnCxl(device) ?? []), ...dax, ...hmem];
}

/** Names as listings quote them, or lines of `ls`. */
const shows = (text: string, name: string): boolean => text.includes(`"${name}"`) || text.split("\n").includes(name);

export function breadcrumbs(scene: Pick<Scene, "kernel" | "files">): Breadcrumb[] {
  const outputs = new Map<string, string>();
  const outputOf = (line: string): string => {
    const text = outputs.get(line) ?? listAtOnce(scene.kernel, scene.files, line);
    outputs.set(line, text);
    return text;
  };
  return idleObjects(scene).map(({ name, what, listings }) => ({ name, what, listing: listings.find((line) => shows(outputOf(line), name)) ?? null }));
}
