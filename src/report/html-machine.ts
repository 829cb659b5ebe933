// The machine of a run as a tree of lists, the kernel's regions, and registers at several moments.

import type { FieldDump, PartCondition, RegisterDump, RunDetails, TopologyPart } from "../scenario/details.ts";
import { timeText } from "../scenario/time-text.ts";
import { Markup, markup, nothing } from "./html-text.ts";

const conditions: Readonly<Record<PartCondition, string>> = { works: "✓ works", impaired: "! impaired", dead: "✕ dead", empty: "○ empty" };

function partItem({ name, kind, address, condition, facts, below }: TopologyPart): Markup {
  const inside = below.length === 0 ? nothing : markup`<ul>${below.map(partItem)}</ul>`;
  return markup`<li><div class="part ${condition}"><b>${name}</b> <span class="kind">${kind}</span> ${address === "" ? nothing : markup`<code>${address}</code>`} <span class="condition">${conditions[condition]}</span>${facts.length === 0 ? nothing : markup`<ul class="facts">${facts.map((fact) => markup`<li>${fact}</li>`)}</ul>`}</div>${inside}</li>`;
}

export function machineSection({ topology, regions }: RunDetails): Markup {
  const list = regions.length === 0 ? markup`<p class="note">The kernel has no region.</p>` : markup`<ul class="regions">${regions.map(({ name, facts }) => markup`<li><b>${name}</b>: ${facts.join("; ")}</li>`)}</ul>`;
  return markup`<ul class="tree">${topology.map(partItem)}</ul><h4>Regions of the kernel</h4>${list}`;
}

const differs = (values: readonly (string | null)[]): boolean => values.some((value) => value !== values[0]);
const fieldDiffers = ({ values }: FieldDump): boolean => values.some((value) => value?.[0] !== values[0]?.[0]);

const fieldValue = (value: FieldDump["values"][number]): string => (value === null ? "–" : `${value[0]}${value[1] === "" ? "" : ` (${value[1]})`}`);

/** Fields that changed, or are set. */
function fieldItem(field: FieldDump): Markup {
  const isChanged = fieldDiffers(field);
  const shown = isChanged ? field.values.map(fieldValue).join(" → ") : fieldValue(field.values.find((value) => value !== null) ?? null);
  return markup`<li${isChanged ? markup` class="changed"` : nothing} title="${field.about}">${field.name} = ${shown}</li>`;
}

function registerRow(register: RegisterDump): Markup {
  const isChanged = differs(register.values);
  const fields = register.fields.filter((field) => fieldDiffers(field) || field.values.some((value) => value !== null && value[0] !== 0));
  const values = register.values.map((value, index) => {
    const isNew = index > 0 && value !== register.values[index - 1];
    return markup`<td${isNew ? markup` class="changed"` : nothing}><code>${value ?? "–"}</code>${isNew ? markup` <span class="flag">changed</span>` : nothing}</td>`;
  });
  return markup`<tr${isChanged ? nothing : markup` class="same"`}><th scope="row" title="${register.about}"><code>${register.register}</code> <small>${register.clause}</small></th>${values}<td>${fields.length === 0 ? nothing : markup`<ul class="fields">${fields.map(fieldItem)}</ul>`}</td></tr>`;
}

function partTable(of: string, registers: readonly RegisterDump[], { moments }: RunDetails): Markup {
  const changed = registers.filter(({ values }) => differs(values)).length;
  const head = moments.map(({ atNs, what }) => markup`<th scope="col">${what} <small>${timeText(atNs)}</small></th>`);
  return markup`<details class="registers"${changed > 0 ? markup` open` : nothing}><summary>${of} <small>${registers.length} registers, ${changed} changed</small></summary>
<div class="wide" tabindex="0" role="region" aria-label="${`Registers of ${of}`}"><table><thead><tr><th scope="col">Register</th>${head}<th scope="col">Fields that are set or changed</th></tr></thead><tbody>${registers.map(registerRow)}</tbody></table></div></details>`;
}

export function registersSection(details: RunDetails): Markup {
  const parts = [...new Set(details.registers.map(({ of }) => of))];
  return markup`<div class="tools" hidden><label><input type="checkbox" data-only-changed checked> only what changed</label></div>${parts.map((of) => partTable(of, details.registers.filter((one) => one.of === of), details))}`;
}
