// Hardware snapshots restored per second.

import { build } from "./machine.ts";
import type { Measured } from "./main.ts";
import { median } from "./main.ts";

export function measureSnapshots(module: WebAssembly.Module): Measured[] {
  const hardware = build(module);
  const snapshot = hardware.snapshot();
  const count = 5000;
  const measured = median("hardware snapshots restored", count, () => {
    for (let i = 0; i < count; i++) hardware.restore(snapshot);
  });
  return [{ ...measured, note: `${snapshot.state.length} bytes of state` }];
}
