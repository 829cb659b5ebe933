// Faults of a device's command interface in scenario files: what is legal, every refusal with its place, and QMP scripts.

import { describe, expect, it } from "vitest";
import { ScenarioFileError } from "../load.ts";
import { planScenario } from "../plan.ts";
import type { ActionFile } from "../plan.ts";
import { parseQmpScript } from "./qmp.ts";

const head = `version: 1
name: device faults
machine:
  hostBridges:
    - rootPorts:
        - device: { name: cxl-mem0, volatile: 256MiB, persistent: 256MiB, mailbox: { dynamicRegions: [{ length: 512MiB, block: 2MiB }, { length: 256MiB }], logs: { warning: 3 } } }
        - device: { volatile: 256MiB }
faults:
`;
const fault = (what: string): string => `${head}  - { id: x, when: { at: 1ms }, do: { ${what} } }\n`;
const actionOf = (text: string): ActionFile => planScenario("d.yaml", text).faults[0]?.do ?? {};

function problem(text: string): string {
  try {
    planScenario("d.yaml", text);
  } catch (error) {
    if (error instanceof ScenarioFileError) return error.message;
    throw error;
  }
  return "";
}

const media = "log: informational, flags: 0, dpa: 0, descriptor: 0, type: 0, transaction-type: 0";
const extents = "extents: [{ offset: 0, len: 2MiB }]";
const add = `host-id: 0, selection-policy: prescriptive, region: 0`;

describe("what a fault of a device can say", () => {
  it("the device is named by of, or by the last part of a path", () => {
    expect(problem(fault(`injectGeneralMediaEvent: { of: cxl-mem0, ${media} }`))).toBe("");
    expect(problem(fault(`injectGeneralMediaEvent: { path: /machine/peripheral/cxl-mem0, ${media} }`))).toBe("");
  });

  it("numbers are decimal, hexadecimal or sizes, and in quotes when a double cannot hold them", () => {
    expect(actionOf(fault(`injectGeneralMediaEvent: { of: dev1, ${media.replace("dpa: 0", "dpa: 4KiB")} }`)).injectGeneralMediaEvent?.["dpa"]).toBe(4096n);
    expect(actionOf(fault(`injectDramEvent: { of: dev1, ${media}, correction-mask: ["0xffffffffffffffff", 33] }`)).injectDramEvent?.["correction-mask"]).toEqual([0xffff_ffff_ffff_ffffn, 33n]);
  });

  it("commands and return codes are names or numbers", () => {
    expect(actionOf(fault("commandError: { of: dev1, command: sanitize, code: mediaDisabled }")).commandError).toMatchObject({ command: 0x4400, code: 7 });
    expect(actionOf(fault("commandError: { of: dev1, command: 0x4400, code: 0x7 }")).commandError).toMatchObject({ command: 0x4400, code: 7 });
  });

  const refusals: readonly (readonly [what: string, place: string, message: RegExp])[] = [
    [`injectGeneralMediaEvent: { of: dev7, ${media} }`, "injectGeneralMediaEvent.of", /no device "dev7" in the machine; did you mean "dev1"\?/],
    [`injectGeneralMediaEvent: { path: /machine/rp0, ${media} }`, "injectGeneralMediaEvent.path", /no device "rp0"/],
    [`injectGeneralMediaEvent: { ${media} }`, "injectGeneralMediaEvent", /say which device: of: its name/],
    [`injectGeneralMediaEvent: { of: dev1, path: dev1, ${media} }`, "injectGeneralMediaEvent", /say which device/],
    [`injectGeneralMediaEvent: { of: dev1, ${media}, chanel: 1 }`, "injectGeneralMediaEvent.chanel", /unknown key "chanel"; did you mean "channel"\?/],
    [`injectGeneralMediaEvent: { of: dev1, ${media}, rank: 300 }`, "injectGeneralMediaEvent.rank", /300 is not in 0\.\.255/],
    [`injectGeneralMediaEvent: { of: dev1, ${media}, component-id: a far too long name }`, "injectGeneralMediaEvent.component-id", /19 bytes, but there are 16; shorten it/],
    [`injectGeneralMediaEvent: { of: dev1, ${media.replace("informational", "info")} }`, "injectGeneralMediaEvent.log", /no event log "info"; known: informational, warning, failure, fatal/],
    [`injectGeneralMediaEvent: { of: dev1, ${media.replace("dpa: 0", "dpa: nine")} }`, "injectGeneralMediaEvent.dpa", /"nine" is no number of 64 bits; write it like 4096, 0x1000, 4KiB/],
    [`injectDramEvent: { of: dev1, ${media}, correction-mask: [18446744073709551615] }`, "injectDramEvent.correction-mask.0", /is no number of 64 bits; .* in quotes/],
    ["injectDramEvent: { of: dev1, log: fatal, flags: 0 }", "injectDramEvent.dpa", /is missing; write it like 4096/],
    ["injectRecord: { of: dev1, log: fatal, uuid: none }", "injectRecord.uuid", /"none" is no UUID/],
    ["injectRecord: { of: dev1, log: fatal, uuid: 00112233-4455-6677-8899-aabbccddeeff, data: 0x }", "injectRecord.data", /"0x" is no list of bytes; write two hexadecimal digits for each/],
    [`injectRecord: { of: dev1, log: fatal, uuid: 00112233-4455-6677-8899-aabbccddeeff, data: ${"a0".repeat(81)} }`, "injectRecord.data", /81 bytes, but a record has 80/],
    ["injectPoison: { of: dev1, start: 10, length: 64 }", "injectPoison", /start and length are multiples of 64/],
    ["injectPoison: { of: dev1, start: 0, length: 0 }", "injectPoison", /start and length are multiples of 64/],
    ["injectCorrectableError: { of: dev1, type: crc }", "injectCorrectableError.type", /no correctable error "crc"/],
    ["injectUncorrectableErrors: { of: dev1, errors: [{ type: mem-data-ec, header: [] }] }", "injectUncorrectableErrors.errors.0.type", /did you mean "mem-data-ecc"\?/],
    [`addDynamicCapacity: { of: dev1, ${add}, ${extents} }`, "addDynamicCapacity.region", /dev1 has no dynamic capacity; give it mailbox: \{ dynamicRegions/],
    [`addDynamicCapacity: { of: cxl-mem0, ${add.replace("region: 0", "region: 2")}, ${extents} }`, "addDynamicCapacity.region", /2 is not one of the 2 regions of cxl-mem0/],
    [`addDynamicCapacity: { of: cxl-mem0, ${add}, extents: [{ offset: 0, len: 1MiB }] }`, "addDynamicCapacity.extents.0", /multiples of the region's block of 2097152 bytes/],
    [`addDynamicCapacity: { of: cxl-mem0, ${add}, extents: [{ offset: 0, len: 2MiB }, { offset: 512MiB, len: 2MiB }] }`, "addDynamicCapacity.extents.1", /ends at 538968064 of a region of 536870912 bytes/],
    [`addDynamicCapacity: { of: cxl-mem0, ${add.replace("prescriptive", "free")}, ${extents} }`, "addDynamicCapacity.selection-policy", /only prescriptive requests/],
    [`addDynamicCapacity: { of: cxl-mem0, ${add}, tag: mine, ${extents} }`, "addDynamicCapacity.tag", /"mine" is no UUID/],
    [`releaseDynamicCapacity: { of: cxl-mem0, host-id: 0, removal-policy: tag-based, region: 0, ${extents} }`, "releaseDynamicCapacity.removal-policy", /only prescriptive requests/],
    ["mailboxBusy: rp0", "mailboxBusy", /no device "rp0"/],
    ["commandTimeout: { of: dev1, command: getHelth }", "commandTimeout.command", /did you mean "getHealth"\?/],
    ["commandError: { of: dev1, code: bussy }", "commandError.code", /did you mean "busy"\?/],
    ["truncateOutput: { of: dev1, bytes: 2KiB }", "truncateOutput.bytes", /2048 bytes are no less than the payload of 2048; keep fewer/],
    ["corruptOutput: { of: dev1, mask: 256 }", "corruptOutput.mask", /expected number to be <=255/],
    ["changeHealth: { of: dev1 }", "changeHealth", /says nothing of the health; give what changes/],
    ["changeHealth: { of: dev1, temperature: 40000 }", "changeHealth.temperature", /expected number to be <=32767/],
    ["deviceStatus: { of: dev1, status: dead }", "deviceStatus.status", /expected one of "fatal"/],
  ];
  it.each(refusals)("%s is refused at its place", (what, place, message) => {
    const lines = problem(fault(what)).split("\n");
    expect(lines[0]).toMatch(/^d\.yaml:9:\d+: /);
    expect(lines[0]).toContain(`faults.0.do.${place}: `);
    expect(lines[0]).toMatch(message);
  });

  it("the fault table is as large as the faults of the file ask, up to what the hardware has", () => {
    const many = (lists: number): string => head + Array.from({ length: lists }, (_, index) => `  - { id: f${index}, when: { at: 1ms }, do: { injectUncorrectableErrors: { of: dev1, errors: [${Array.from({ length: 32 }, () => "{ type: internal, header: [] }").join(", ")}] } } }\n`).join("");
    expect(planScenario("d.yaml", many(2)).machine.limits.probes).toBe(128);
    expect(planScenario("d.yaml", many(20)).machine.limits.probes).toBe(640);
    expect(problem(many(33))).toMatch(/faults: they are 1056 actions in the hardware, 1024 are possible/);
  });
});

const script = `{ "execute": "qmp_capabilities" }
{ "execute": "cxl-inject-general-media-event", "id": 7,
  "arguments": { "path": "/machine/peripheral/cxl-mem0", "log": "informational", "flags": 1, "dpa": 1000, "descriptor": 3, "type": 3,
                 "transaction-type": 192, "channel": 3, "rank": 17, "device": 5, "component-id": "iron {mouse} with a long name" } }
{"execute":"cxl-inject-dram-event","arguments":{"path":"/machine/peripheral/cxl-mem0","log":"fatal","flags":1,"dpa":1000,"descriptor":3,"type":3,"transaction-type":192,"correction-mask":[18446744073709551615, 44]}}
{"execute":"cxl-inject-uncorrectable-errors","arguments":{"path":"/machine/peripheral/cxl-mem0","errors":[{"type":"cache-address-parity","header":[${Array.from({ length: 32 }, (_, index) => index).join(",")}]},{"type":"rsvd-encoding","header":[5]}]}}
{"execute":"cxl-release-dynamic-capacity","arguments":{"path":"/machine/peripheral/cxl-mem0","host-id":0,"removal-policy":"prescriptive","region":1,"extents":[{"offset":0,"len":134217728}]}}
`;
const indented = (text: string): string => text.split("\n").map((line) => `        ${line}`).join("\n");
const withScript = (text: string): string => `${head}  - id: x\n    when: { at: 1ms }\n    do:\n      qmp: |\n${indented(text)}\n`;

describe("QMP scripts", () => {
  it("a script as text becomes its actions, in order; the greeting is none", () => {
    const actions = actionOf(withScript(script)).qmp ?? [];
    expect(actions.flatMap((action) => Object.keys(action))).toEqual(["injectGeneralMediaEvent", "injectDramEvent", "injectUncorrectableErrors", "releaseDynamicCapacity"]);
    expect(actions[0]?.injectGeneralMediaEvent).toMatchObject({ "transaction-type": 192, "component-id": "iron {mouse} wi", dpa: 1000n });
    expect(actions[1]?.injectDramEvent?.["correction-mask"]).toEqual([0xffff_ffff_ffff_ffffn, 44n]);
    expect(actions[2]?.injectUncorrectableErrors?.errors.map(({ type, header }) => [type, header.length])).toEqual([["cache-address-parity", 16], ["rsvd-encoding", 1]]);
  });

  it("one command and a list of commands are the same in YAML", () => {
    const poison = "{ execute: cxl-inject-poison, arguments: { path: dev1, start: 0, length: 64 } }";
    expect(actionOf(fault(`qmp: ${poison}`)).qmp).toEqual([{ injectPoison: { path: "dev1", start: 0n, length: 64n } }]);
    expect(actionOf(fault(`qmp: [${poison}, ${poison}]`)).qmp).toHaveLength(2);
  });

  const refusals: readonly (readonly [what: string, message: RegExp])[] = [
    ["qmp: { execute: cxl-inject-poisn }", /do\.qmp\.execute: no command "cxl-inject-poisn" here; did you mean "cxl-inject-poison"\?/],
    ["qmp: [{ execute: qmp_capabilities }, { execute: cxl-inject-poison, arguments: { path: dev1, start: 0 } }]", /do\.qmp\.1\.arguments\.length: is missing/],
    ["qmp: { execute: cxl-inject-correctable-error, arguments: { path: dev1 } }", /do\.qmp\.arguments: the argument "type" is missing/],
    ["qmp: { execute: cxl-inject-poison, arguments: { path: dev1, start: 0, length: 64, color: red } }", /do\.qmp\.arguments\.color: unknown argument "color"/],
    ["qmp: { execute: cxl-inject-poison, arguments: { path: dev9, start: 0, length: 64 } }", /do\.qmp: no device "dev9"/],
    ["qmp: { execute: cxl-inject-poison, arguments: { path: dev1, start: 1, length: 64 } }", /do\.qmp: action 1, injectPoison: poison covers whole lines/],
    [`qmp: { execute: cxl-inject-general-media-event, arguments: { path: dev1, ${media}, rank: 300 } }`, /do\.qmp: action 1, injectGeneralMediaEvent: rank: 300 is not in 0\.\.255/],
    ["qmp: { execute: qmp_capabilities }", /do\.qmp: the script injects nothing/],
    ["qmp: nonsense", /do\.qmp: "nonsense" is no QMP command; each is an object/],
    [`qmp: '{ "execute": "cxl-inject-poison", "arguments": { "path": "dev1" '`, /is no QMP command/],
    [`qmp: '{ "exec": 1 }'`, /do\.qmp: command 1 is no QMP command; it has execute, arguments/],
    [`qmp: '{ "execute": "stop" }'`, /do\.qmp: command 1, stop: no command "stop" here; known: cxl-inject/],
    [`qmp: '{ "execute": "cxl-inject-poison", "arguments": { "path": "dev1", "start": "x", "length": 64 } }'`, /do\.qmp: command 1, cxl-inject-poison: start: "x" is no number of 64 bits/],
  ];
  it.each(refusals)("%s is refused", (what, message) => {
    expect(problem(fault(what))).toMatch(message);
    expect(problem(fault(what))).toMatch(/^d\.yaml:9:\d+: /);
  });

  it("objects are told apart by their braces, not by their lines, and braces in text do not count", () => {
    expect(parseQmpScript('[{"execute":"a","arguments":{"x":"}{\\"}"}},\n\n{"execute":\n"b"}]')).toEqual([{ execute: "a", arguments: { x: '}{"}' } }, { execute: "b" }]);
    expect(parseQmpScript("")).toEqual([]);
  });
});
