// Modules and the moment of the decision, as files say them (seeds S59-S62).

import { describe, expect, it } from "vitest";
import { runText } from "../support/scenarios.ts";

const file = (kernel: string, mediaReadyTime = "0s"): string => `version: 1
name: whose memory
machine:
  hostBridges:
    - rootPorts:
        - { device: { volatile: 256MiB, mediaReadyTime: ${mediaReadyTime} } }
        - { device: { volatile: 256MiB } }
firmware:
  windows: [{ targets: [hb0], size: 1GiB }]
  regions: [{ targets: [dev0, dev1], softReserved: true }]
kernel: { ${kernel} }
expect:
  - { log: "CXL claims resource, dropping", equals: 1 }
`;
const passes = (kernel: string, mediaReadyTime?: string): string => runText("f.yaml", file(kernel, mediaReadyTime)).result.status;

describe("whose memory", () => {
  it("[S61] [POL-QUIESCE] slow media: a fixed delay is too short, the barrier is not", () => {
    expect([passes("policies: { quiesce: delay(10s) }", "40s"), passes("policies: { quiesce: delay(50s) }", "40s"), passes("policies: { quiesce: barrier }", "40s")]).toEqual(["fail", "pass", "pass"]);
  });

  it("[S59] [S60] an unlucky order of modules under naive-wait and behind the barrier", () => {
    const order = "modules: [cxl_port, cxl_acpi, dax_hmem, dax_cxl, cxl_mem, cxl_pci]";
    expect([passes(`${order}, policies: { quiesce: naive-wait }`), passes(order)]).toEqual(["fail", "pass"]);
  });

  it("[rule 5] the same run twice, in slices or not, with modules and a delay", () => {
    const text = file("modules: [dax_hmem, cxl_pci, cxl_acpi, cxl_mem, dax_cxl, cxl_port], policies: { quiesce: delay(1s) }");
    expect(runText("f.yaml", text, { pauseOneIn: 7 }).result.traceDigest).toBe(runText("f.yaml", text).result.traceDigest);
  });
});
