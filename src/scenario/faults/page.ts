// The faults of a scenario as a page: docs/faults.md is this text (a test holds them equal), one row for each action of the schema.

import { deviceRows, deviceSection } from "./device-faults-page.ts";
import type { Row } from "./device-faults-page.ts";
import { steps } from "../../kernel/base/steps.ts";
import { actionSchemas } from "../schema.ts";

/** Every action with an example, what it does and its clause. */
export const faultRows: Readonly<Record<keyof typeof actionSchemas, Row>> = {
  linkDown: { example: "linkDown: rp0", meaning: "the cable of a port is pulled; the link goes down and presence with it", clause: "PCIe 7.5.3.11, CXL 9.9" },
  linkUp: { example: "linkUp: rp0", meaning: "the cable is put back; the link trains", clause: "PCIe 7.5.3.8" },
  neverRetrain: { example: "neverRetrain: rp0", meaning: "once the link is down it does not train any more, until `linkUp`", clause: "PCIe 7.5.3.8" },
  linkFlap: { example: "linkFlap: { port: rp0, time: 2ms }", meaning: "down, and the cable is back after `time`", clause: "PCIe 7.5.3.8" },
  dropResponse: { example: "dropResponse: { port: rp0, count: 1 }", meaning: "the next `count` (1) answers of what is below a root port never come", clause: "CXL 12.3, T2" },
  delayResponse: { example: "delayResponse: { port: rp0, by: 5ms, count: 3 }", meaning: "the next `count` (1) answers come late", clause: "CXL 12.3, T2" },
  cacheTimeout: { example: "cacheTimeout: rp0", meaning: "a CXL.cache transaction of a root port gets no complete answer in time", clause: "CXL 12.3.1, T10" },
  loseInterrupt: { example: "loseInterrupt: { of: rp0, message: 3, count: 1 }", meaning: "the next `count` (1) messages of a function are lost: of number `message`, or any", clause: "PCIe 6.1.4" },
  duplicateInterrupt: { example: "duplicateInterrupt: { of: dev0 }", meaning: "the next messages arrive twice", clause: "PCIe 6.1.4" },
  delayInterrupt: { example: "delayInterrupt: { of: rp0, by: 3ms }", meaning: "the next messages arrive late", clause: "PCIe 6.1.4" },
  replaceDevice: { example: "replaceDevice: { port: rp0, with: spare }", meaning: "the card of a port is pulled and another one that the port declares put in", clause: "CXL 9.9" },
  plug: { example: "plug: { port: dsp1, card: dsp1-dev }", meaning: "a card that the port declares (`present: false`, or an alternate) is put in: hot-add of a device or of a switch with all below it", clause: "CXL 9.9" },
  unplug: { example: "unplug: rp0", meaning: "the card is pulled, with requests on their way", clause: "CXL 9.9" },
  rasError: { example: "rasError: { of: dev0, uncorrectable: memoryDataEcc, header: [1, 2] }", meaning: "an error is detected, `uncorrectable` or `correctable` by its name in the RAS registers, with up to 16 header dwords; masks, log and AER as the registers say", clause: "CXL 8.2.4.17, 12.2.1" },
  poison: { example: "poison: { device: dev0, dpa: 0x1000, length: 256 }", meaning: "lines of the media become poisoned; `length` bytes (64)", clause: "CXL 8.2.4.20, 12.2.3" },
  clearPoison: { example: "clearPoison: { device: dev0, dpa: 0x1000 }", meaning: "and clean again, with what they held", clause: "CXL 12.2.3" },
  mediaState: { example: "mediaState: { device: dev0, state: disabled }", meaning: "`ready`, `not-ready`, `error` or `disabled`: media that is not ready reads all ones and takes nothing", clause: "CXL 8.1.3.8, 8.2.8.5" },
  stuckRegister: { example: "stuckRegister: { of: dev0, field: hdmDecoderDevice.control.committed, value: 0 }", meaning: "a field keeps a value, whoever writes it, until it is released", clause: "-" },
  corruptRegister: { example: "corruptRegister: { of: rp0, field: timeoutIsolation.control.memoryIsolationEnable, value: 0 }", meaning: "a field changes once", clause: "-" },
  writeRegister: { example: "writeRegister: { of: rp0, field: pcie.slotControl.powerControllerControl, value: 1 }", meaning: "a field is written behind the kernel's back, by firmware or a management controller, with everything that a write does: Link Disable, bus reset (unmask them in `dvsecPort.control` first), slot power (with `powerController: true` of the port), a DPC software trigger", clause: "PCIe 7.5, CXL 8.1.5" },
  releaseRegister: { example: "releaseRegister: { of: dev0, field: hdmDecoderDevice.control.committed }", meaning: "a stuck field can change again", clause: "-" },
  refuseCommit: { example: "refuseCommit: { of: dev0, count: 1 }", meaning: "the next `count` (1) decoder commits of a host bridge, switch or device end with Error Not Committed", clause: "CXL 8.2.4.20.12, C1" },
  neverCommit: { example: "neverCommit: { of: hb0 }", meaning: "the next commits never end: neither result bit", clause: "C1, C7" },
  lateCommit: { example: "lateCommit: { of: dev0, by: 30ms }", meaning: "the next commits end late", clause: "C1" },
  resetDevice: { example: "resetDevice: dev0", meaning: "a device resets itself while its link stays up: decoders, config space and volatile contents are lost", clause: "component-registers 14" },
  kernelStep: { example: "kernelStep: { step: region.attach.A14, of: region0, errno: EIO, nth: 1, count: 1 }", meaning: "a step of Linux fails, see below", clause: "S12" },
  ...deviceRows,
};

/** Examples by action, for tests and for `docs/faults.md`. */
export const faultExamples: Readonly<Record<string, string>> = Object.fromEntries(Object.entries(faultRows).map(([name, row]) => [name, row.example]));

/** A cell of a table: braces of JSON and bars are as they are. */
const line = ({ example, meaning, clause }: Row): string => `| \`${example.replaceAll("|", "\\|")}\` | ${meaning} | ${clause} |`;

function stepsSection(): string {
  return `## Steps of the kernel

\`kernelStep\` makes a step of Linux fail, as if it had gone wrong by itself: hardware is not touched. \`step\` is a name of the table, \`of\` what it is
done to as the kernel names it (memdev, decoder, region, port, dax device; names like \`mem0\` are a race, a PCI function like \`0000:0d:00.0\` is
none), \`errno\` what it fails with, \`nth\` (1) which time, \`count\` (1) how often from then on. Its trigger is \`at: 0ms, from: boot\` for what happens
at boot, a later time, a mark (\`after:\`), a log line, another step or another fault; it does nothing before that.

| step | what fails | errno, unless said |
|---|---|---|
${Object.entries(steps).map(([name, step]) => `| \`${name}\` | ${step.meaning} | ${step.errno} |`).join("\n")}
`;
}

export function faultsPage(): string {
  const names = Object.keys(actionSchemas) as (keyof typeof actionSchemas)[];
  const lines = names.filter((name) => !(name in deviceRows)).map((name) => line(faultRows[name]));
  return `# Faults

A fault of a scenario has an id, a trigger and one action: \`{ id: cable, when: { at: 5ms }, do: { linkDown: rp0 } }\`. Names are those of the
machine's parts: host bridges (\`hb0\`), root ports (\`rp0\`), switches (\`sw0\`), their downstream ports (\`dsp0\`), devices. A part behind a switch
is named like any other. A fault that did not fire makes the run invalid, unless it says \`optional: true\`.

Triggers are times, accesses, requests, registers, marks, log lines, steps of the kernel and other faults, with delays, windows and series:
[triggers](scenarios.md#triggers). Each fault's [evidence](scenarios.md#evidence) is in the result.

| do | what happens | clause |
|---|---|---|
${lines.join("\n")}

${stepsSection()}
${deviceSection(Object.values(deviceRows).map(line).join("\n"))}`;
}
