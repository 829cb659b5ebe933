// The interface of wasm drivers as Markdown: the end of docs/c-drivers.md is this text (a test holds them equal). Pure.

import type { AbiFunction, RequestDeclaration } from "../src/drivers/wasm/abi.ts";
import { abiTypes, constants, errorNumbers, exports, importGroups, importModule, requests } from "../src/drivers/wasm/abi.ts";
import { capitals } from "./c-header.ts";

const cell = (text: string): string => text.replaceAll("|", "\\|");
const prototype = (name: string, { parameters, result }: AbiFunction): string => `${abiTypes[result].c} ${name}(${parameters.map(([parameter, type]) => `${abiTypes[type].c}${abiTypes[type].c.endsWith("*") ? "" : " "}${parameter}`).join(", ")})`;
const wasmType = ({ parameters, result }: AbiFunction): string => `(${parameters.map(([, type]) => abiTypes[type].wasm).join(" ")})${result === "void" ? "" : ` → ${abiTypes[result].wasm}`}`;

function importTables(): string[] {
  return Object.entries(importGroups).flatMap(([group, functions]) => [
    `### ${group}`, "", "| import | type | meaning | errors |", "|---|---|---|---|",
    ...Object.entries(functions).map(([name, one]: [string, AbiFunction]) => `| \`${prototype(name, one)}\` | \`${wasmType(one)}\` | ${cell(one.meaning)} | ${cell(one.errors ?? "")} |`),
    "",
  ]);
}

const exportTable = (): string[] => Object.entries(exports).map(([name, one]: [string, AbiFunction & { readonly isRequired: boolean }]) => `| \`${prototype(name, one)}\` | ${one.isRequired ? "required" : ""} | ${cell(one.meaning)} |`);
const requestTable = (): string[] => Object.entries(requests).map(([name, one]: [string, RequestDeclaration]) => `| \`CXL_REQUEST_${capitals(name)}\` | ${one.number} | ${one.parameters.join(", ")} | ${cell(one.meaning)} | ${cell(one.result)} |`);
const constantTable = (): string[] => Object.entries(constants).map(([group, values]) => `| \`CXL_${capitals(group)}_*\` | ${Object.entries(values).map(([name, value]) => `${capitals(name)} ${value}`).join(", ")} |`);

export const abiHeading = "## The interface";

/** From the heading to the end of the page. */
export function abiPage(): string {
  return [
    abiHeading, "",
    `Made from \`src/drivers/wasm/abi.ts\`, as the header is. Imports stand in the module \`${importModule}\`; there are no others. A result of type i32 or i64 is a value from 0 or a Linux error number below 0; EINVAL (a number that means`,
    "nothing), EFAULT (memory that is not the driver's) and ENODEV (a function that the driver was not given) are not repeated in each row. A u32 or u64 that cannot be had is all ones. Text goes in as pointer",
    "and length in bytes and comes out with a NUL, cut short to `capacity`; the result is the length of all of it.",
    "", ...importTables(),
    "### Requests", "", "Operations of `cxl_request`; `cxl_completed` brings the result.", "", "| operation | number | a, b, c | meaning | result |", "|---|---|---|---|---|", ...requestTable(), "",
    "### Exports", "", "| export | | meaning |", "|---|---|---|", ...exportTable(), "",
    "### Constants", "", "| group | values |", "|---|---|", ...constantTable(), `| errors | ${Object.entries(errorNumbers).map(([name, value]) => `${name} ${value}`).join(", ")} |`, "",
  ].join("\n");
}
