// `cxl list` of every object, and -vvv without what the tool asks of the device itself.

import { differences, normalize, parse } from "./listing.mjs";

/** What is read through the device's node: an ioctl, or the poison list's trace. */
const askedOfDevices = ["health", "alert_config", "partition_info", "firmware", "media_errors"];
/** What the tool says on standard error when the node answers nothing. */
const complaints = [
  /^libcxl: do_cmd: failed to open \/dev\/cxl\/mem\d+: .*$/, /^libcxl: alloc_do_query: mem\d+: query commands failed: .*$/, /^libcxl: cxl_cmd_new_generic: mem\d+: query returned: .*$/, /^tracefs_instance_create\(\) failed$/,
];

const isVerbose = (/** @type {readonly string[]} */ argv) => argv.includes("-vvv");
const allObjects = ["cxl", "list", "-BDMPERTXi"];

/** @type {import("./main.mjs").Part["compare"]} */
function compare(machine, argv, said) {
  const asked = machine.own(["cxl", ...argv]);
  const own = asked.isAsked ? asked : machine.own(allObjects);
  const keys = isVerbose(argv) ? askedOfDevices : [];
  /** @type {string[]} */
  const leftOut = [];
  const found = differences(normalize(parse(said.stdout), keys, [], machine.isOrdered), normalize(parse(own.stdout), keys, leftOut, machine.isOrdered));
  const heard = said.stderr.split("\n").filter((line) => line.trim() !== "" && !(isVerbose(argv) && complaints.some((one) => one.test(line))));
  const expected = own.stderr.split("\n").filter((line) => line.trim() !== "");
  if (heard.join("\n") !== expected.join("\n")) found.push(`standard error: real ${JSON.stringify(heard)}, ours ${JSON.stringify(expected)}`);
  if (said.status !== 0) found.push(`exit status ${said.status}`);
  return { differences: found, leftOut, isSameText: said.stdout.trim() === own.stdout.trim() };
}

/** @type {import("./main.mjs").Part} */
export const cxlPart = { name: "cxl list", program: "cxl", commands: [["list", "-BDMPERTXi"], ["list", "-vvv"]], compare };
