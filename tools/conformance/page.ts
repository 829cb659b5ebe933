// The comparison as a page: what is read, how it is compared, and every explanation. docs/conformance.md is this text.

import type { Expected, Explanation } from "./explanations.ts";
import { explanations } from "./explanations.ts";
import { findings } from "./findings.ts";
import { linuxRules } from "./linux/rules.ts";
import { nameOf } from "./report.ts";

const value = (one: number): string => (one < 0 ? "none" : `0x${one.toString(16)}`);
function expectation({ expect, states }: { readonly expect: Expected; readonly states?: string }): string {
  if (states !== undefined) return states;
  return typeof expect === "object" ? expect.map(([theirs, ours]) => `${value(theirs)} / ${value(ours)}`).join(", ") : "any";
}

const cell = (text: string): string => text.replaceAll("|", "\\|");
const row = (one: Explanation): string => `| ${[one.id, (one.kinds ?? ["any"]).join(", "), `\`${nameOf(one)}\`${one.isWhole === true ? " (all of it)" : ""}${one.circumstance === undefined ? "" : `, ${one.circumstance}`}`, expectation(one), one.clause, `${one.reason}${one.documentedOnly === true ? " (Known of QEMU; not in the project's captures.)" : ""}`].map(cell).join(" | ")} |`;

/** Text of docs/conformance.md. */
export function pageOf(): string {
  const open = findings.length === 0 ? "None.\n" : `| finding | functions | field | theirs / ours | clause | what is missing |\n|---|---|---|---|---|---|\n${findings.map((one) => `| ${[one.id, (one.kinds ?? ["any"]).join(", "), `\`${nameOf(one)}\``, expectation(one), one.clause, one.reason].map(cell).join(" | ")} |`).join("\n")}\n`;
  return `# Conformance

\`npm run conformance [-- FOLDER]\` holds the register model against captures of QEMU 11.1 and of a real Linux driver, and the kernel model against
what a running Linux 7.2 showed. FOLDER defaults to the project's own captures (\`test/fixtures/captures\`); other topologies and other sequences in
the same formats can be given. Exit status 0: everything is equal or explained; 1: it is not; 2: bad input. \`npm run conformance:linux\` is the part
about Linux alone. This page is written by \`npm run conformance -- --write-docs\`.

## What is read

| file | what is compared |
|---|---|
| JSON with \`entries\`, \`block\` \`cfg\` or \`comp\`, \`op\` \`r\` or \`w\` | registers after reset, or after the writes of the capture |
| the same, \`op\` \`mask\` or \`ones-range\` | what is read after ones, after zeros and after the first value |
| the same, \`op\` \`exchange\` | answers of data object exchanges, CDAT structures field by field |
| the same, \`type\` \`CHBS\`, \`CFMWS\` or \`CXIMS\`; \`CEDT.bin\` | tables of our firmware for the same topology |
| the same, \`program\` and \`rows\` | which device and DPA an HPA reaches |
| \`mmio.ndjson\` beside \`qemu-cmdline.txt\` (and \`CEDT.bin\`) | every access of a driver, in order; outputs of commands by the fields of the command |
| \`*.hdm-regs.txt\` beside \`qemu-cmdline.txt\` | decoders of a moment: programmed anew, and read back |
| the same, \`block\` \`device\` | device registers after reset, under masks and in every width, by capability |
| the same, \`block\` \`mailbox\` | a transcript: every command is sent here too, in order; return codes, registers, outputs field by field |

\`node dist/tools/conformance/compact.js FROM TO\` makes small copies of captures, without sockets, paths and duplicates; both forms are read.

## How it is compared

Structures are compared by identity, not by place: where a structure lies is each machine's own business (PCIe 7.5.1.1.11, 7.6.3; CXL 8.2.4). Lists
are compared as lists of ids and versions, registers field by field. A capture that leaves zeros out is held to them: a register of ours that is not 0
where theirs was left out is a difference. The machine is built from the command line, with QEMU's own constants (four decoders, eight vectors, no
isolation, figures of the CDAT, commands and logs of the mailbox) where the description has them.

A transcript has few times: ours waits where theirs had ended an operation, and does not where theirs was still at it. So that one explained difference
does not bring others with it, a command that theirs refused is taken back here, and one that ours refused for an explained reason is sent again
without that reason; records that ours logs of itself are told and cleared; handles of event records are translated. An event from outside is the record
that the transcript shows later: what is compared is what becomes of it. Lists of poisoned lines are compared as lines, lists by UUID entry by entry.

A difference is explained by one of the rules below, for one field and, where they can be stated, for exactly these values, or it is unexplained.
Where the model lacks what the specification asks for, the difference is a finding and stays open.

## Explanations

| rule | functions | field | theirs / ours | clause | reason |
|---|---|---|---|---|---|
${explanations.map(row).join("\n")}

## Findings

${open}
## A running Linux

A case is a folder with \`qemu-cmdline.txt\`, \`steps.log\` and the files of its moments. The machine of the command line is booted with preset
linux-7.2 (and what \`memhp_default_state=\` and \`memmap=\` on the kernel's command line change); windows lie where the case's \`/proc/iomem\` has them.
The steps of the log are done in order; a second kernel (kexec) finds decoders as the registers of its first moment show them.

| what | how it is compared |
|---|---|
| a command, \`$ cxl create-region ...\` to \`[rc=0, ...]\` | given here too; messages line by line, JSON leaf by leaf, exit code |
| \`NAME.cxl-vvv.json\`, \`NAME.cxl-all.json\`, \`NAME.cxl.json\`, \`NAME.daxctl.json\` | leaf by leaf; elements of lists by what they are |
| \`NAME.iomem\` | CXL windows with everything in them; register ranges that CXL drivers claimed, by function and size |
| \`NAME.attrs.txt\` | every attribute, link and driver of the cxl, dax and nd buses |
| \`NAME.hdm-regs.txt\` | decoder registers and global control |
| \`host-request del CARD\` | the card is gone: from the start where no driver has run yet, else pulled |
| \`host-request\` of anything else | of what was done from outside the poison that a later list shows as the device's own; the order of a list is the device's |

Where firmware's decoders meet a race (slots of a region that misses a member), ours is booted with other orders of probing until its first moment shows
the same as theirs. A kernel whose dax regions never had a driver is taken to have had no dax_cxl.

Names that are a race (memN, endpointN, portN, decoderN.M) are compared by serial number and host. Not given, and told: loading of modules (drivers are
built in), lines that need a shell or a program that is not here, actions from outside that the folder does not describe.

\`--scenario FILE\` holds a case against a scenario instead: its machine, firmware, preset and policies, and its steps, if it has any, one for each
command of the log. Parts of the machine are found by the capture's names, or by their place where the command line is there.

A difference is explained by one of these rules, or it is listed.

| rule | place | reason |
|---|---|---|
${linuxRules.map((one) => `| ${[one.id, `\`${one.place.source}\``, one.reason].map(cell).join(" | ")} |`).join("\n")}
`;
}
