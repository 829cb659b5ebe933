// Where the order of arrival shows (slots of a region that waits for a member, numbers of regions), it was a race in the captured kernel: ours is booted with
// other orders until its first moment shows the same.

import { DriveError } from "../../../src/sandbox/drive.ts";
import type { Step } from "./case.ts";
import type { Host } from "./host.ts";
import { bootHost } from "./host.ts";
import type { Run } from "./moment.ts";
import { compareMoment } from "./moment.ts";
import { isModuleCommand } from "./start.ts";
import type { Stage } from "./start.ts";

/** Orders that are tried beside the fixed one. */
const mostOrders = 48;

/** The first moment with drivers, if nothing was done before it. */
function untouchedMoment({ steps, startsBeforeDrivers }: Stage): Extract<Step, { readonly kind: "moment" }> | undefined {
  const rest = steps.filter((step) => !(step.kind === "command" && isModuleCommand(step.line)));
  const first = rest[startsBeforeDrivers && rest[0]?.kind === "moment" ? 1 : 0];
  return first?.kind === "moment" ? first : undefined;
}

/** A boot in another order; undefined: it ended. */
function bootSeeded(module: WebAssembly.Module, stage: Stage, seed: number): Host | undefined {
  try {
    return bootHost(module, { ...stage.booting, seed });
  } catch (thrown) {
    if (thrown instanceof DriveError) return undefined;
    throw thrown;
  }
}

/** Boots a stage's kernel in the order of probing that its first moment shows, as far as one is found. */
export function bootInOrder(module: WebAssembly.Module, stage: Stage, shared: Omit<Run, "host">): Host {
  const inOrder = bootHost(module, stage.booting);
  const step = untouchedMoment(stage);
  const moment = step === undefined ? undefined : shared.linux.moments.get(step.name);
  if (moment === undefined) return inOrder;
  // Only what depends on the order is worth a search: a machine without firmware's decoders shows none of it.
  if (stage.booting.setup.decoders.length + stage.booting.setup.regions.length === 0) return inOrder;
  const differencesOf = (host: Host): number => compareMoment({ ...shared, used: new Map(), host }, moment).different.length;
  let [best, least] = [inOrder, differencesOf(inOrder)];
  for (let seed = 1; least > 0 && seed <= mostOrders; seed++) {
    const host = bootSeeded(module, stage, seed);
    const count = host === undefined ? least : differencesOf(host);
    if (host === undefined || count >= least) continue;
    [best, least] = [host, count];
    shared.notes.add("the order of probing is that of the first moment, found by trying");
  }
  return best;
}
