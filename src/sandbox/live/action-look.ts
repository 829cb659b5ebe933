// Looks `actions` and `compose`: what can be done to what is pointed at, and the words for it in a scenario and at the prompt.

import { parseDocument, stringify } from "yaml";
import { blocks } from "../../../registers/blocks.ts";
import type { StructureDeclaration } from "../../../registers/schema.ts";
import { busDevices } from "../../kernel/base/device.ts";
import { cxlBus, isMemdev, memdevOf } from "../../kernel/cxl/types.ts";
import type { MachineDescription, SlotDescription } from "../../platform/description.ts";
import { isSwitch, portsBelow } from "../../platform/description.ts";
import { faultRows } from "../../scenario/faults/page.ts";
import type { JsonSchema } from "../../scenario/json-schema.ts";
import { actionJsonSchemas } from "../../scenario/json-schema.ts";
import { blocksOf, kindOf } from "../../scenario/machine-parts.ts";
import { ActionError, readAction } from "../../scenario/read-action.ts";
import { timeText } from "../../scenario/units.ts";
import type { Offer } from "./action-offers.ts";
import { offers } from "./action-offers.ts";
import type { ActionOffer, ActionParameter, ActionsLook, ActionsQuestion, ComposeLook, ComposeQuestion } from "./action-types.ts";
import type { LiveRun } from "./contract.ts";

const idOf = ({ action, variant }: Offer): string => (variant === undefined ? action : `${action} ${variant}`);

const everyPort = (machine: MachineDescription) => machine.hostBridges.flatMap(({ rootPorts }) => portsBelow(rootPorts));
const portAbove = (machine: MachineDescription, card: string): string => everyPort(machine).find(({ slots }) => slots.some(({ name }) => name === card))?.name ?? "";

/** What an action of the offer is done to. */
const targetName = (machine: MachineDescription, offer: Offer, name: string): string => (offer.isAbove === true ? portAbove(machine, name) : name);

/** Cards that a port declares and that are not in it now. */
function cardsFor(live: LiveRun, port: string): readonly string[] {
  const plugged = live.atHardware((hardware) => hardware.port(port).device);
  return (everyPort(live.run.plan.machine).find(({ name }) => name === port)?.slots ?? []).map(({ name }) => name).filter((name) => name !== plugged);
}

function declared(machine: MachineDescription, name: string): SlotDescription | undefined {
  return everyPort(machine).flatMap(({ slots }) => slots).find((slot) => slot.name === name);
}

function decoderCount(machine: MachineDescription, name: string): number {
  return machine.hostBridges.find((bridge) => bridge.name === name)?.decoders ?? declared(machine, name)?.decoders ?? 0;
}

function isMet(live: LiveRun, { needs }: Offer, name: string): boolean {
  const { machine } = live.run.plan;
  const root = machine.hostBridges.flatMap(({ rootPorts }) => rootPorts).find((port) => port.name === name);
  const card = declared(machine, name);
  switch (needs) {
    case undefined: return true;
    case "card": return live.atHardware((hardware) => hardware.port(name).device) !== null;
    case "empty slot or alternate": return cardsFor(live, name).length > 0;
    case "alternate": return cardsFor(live, name).length > 0 && live.atHardware((hardware) => hardware.port(name).device) !== null;
    case "isolation": return root !== undefined && root.isolation !== null;
    case "cache isolation": return root?.isolation?.cacheTimeout === true || root?.isolation?.cache === true;
    case "dynamic capacity": return card !== undefined && !isSwitch(card) && (card.mailbox?.dynamicRegions ?? []).length > 0;
    default: return decoderCount(machine, name) > 0;
  }
}

/** Names under which actions say what they are done to, the usual one first. */
const targetKeys = ["of", "port", "device"] as const;
const isTarget = (key: string): boolean => key === "path" || targetKeys.some((name) => name === key);

/** The key that names the part; null: the action is nothing but its name. */
const targetKey = (schema: JsonSchema): string | null => targetKeys.find((key) => schema.properties?.[key] !== undefined) ?? null;

function choicesOf(schema: JsonSchema): string[] {
  const own = Array.isArray(schema["enum"]) ? schema["enum"].map(String) : schema.type === "boolean" ? ["true", "false"] : [];
  return [...own, ...(schema.anyOf ?? []).flatMap(choicesOf)];
}

const inner = { collectionStyle: "flow", flowCollectionPadding: true, lineWidth: 0 } as const;
/** A value as it is typed. */
const typed = (value: unknown): string => stringify(value, inner).trim();

/** Values of the row in docs/faults.md. */
function exampleOf({ action }: Offer): Readonly<Record<string, unknown>> {
  const document = parseDocument(faultRows[action].example);
  const value: unknown = document.toJS();
  const below = typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>)[action] : null;
  return typeof below === "object" && below !== null ? (below as Readonly<Record<string, unknown>>) : {};
}

/** Values that are put in for the reader to change. */
function usualOf(offer: Offer, { kind, name }: ActionsQuestion, live: LiveRun): Readonly<Record<string, string>> {
  const example = Object.fromEntries(Object.entries(exampleOf(offer)).filter(([key]) => !isTarget(key)).map(([key, value]) => [key, typed(value)]));
  const card = offer.needs?.includes("alternate") === true ? (cardsFor(live, name)[0] ?? "") : undefined;
  return { ...example, ...offer.values?.any, ...offer.values?.[kind], ...(card === undefined ? {} : { card, with: card }) };
}

function parametersOf(live: LiveRun, offer: Offer, schema: JsonSchema, question: ActionsQuestion): ActionParameter[] {
  const usual = usualOf(offer, question, live);
  return Object.entries(schema.properties ?? {}).filter(([key]) => !isTarget(key)).map(([key, below]) => ({
    key, about: below.description ?? "", value: usual[key] ?? "", isRequired: schema.required?.includes(key) === true,
    choices: key === "field" ? ("fields" as const) : key === "card" || key === "with" ? cardsFor(live, question.name) : choicesOf(below),
  }));
}

/** Fields of the registers of a part, as scenarios name them. */
function fieldsOf(machine: MachineDescription, name: string): string[] {
  const kind = kindOf(machine, name);
  if (kind === undefined) return [];
  const structures = blocksOf[kind].flatMap((one) => Object.entries(blocks[one].placements) as [string, { readonly structure: StructureDeclaration }][]);
  return structures.flatMap(([block, { structure }]) => Object.entries(structure.registers).flatMap(([register, { fields }]) => Object.keys(fields).map((field) => `${block}.${register}.${field}`)));
}

/** Whether the machine has what is pointed at: a question may be older than the run. */
function isThere({ run }: LiveRun, { kind, name }: ActionsQuestion): boolean {
  if (kind === "host" || kind === "region") return true;
  const found = kindOf(run.plan.machine, name);
  return (found === "bridge" ? "host bridge" : found) === kind;
}

const offersFor = (live: LiveRun, question: ActionsQuestion): Offer[] => (isThere(live, question) ? offers.filter((offer) => offer.on.includes(question.kind) && isMet(live, offer, question.name)) : []);

/** Actions that fit what is pointed at, where the run stands. */
export function actionsLook(live: LiveRun, question: ActionsQuestion): ActionsLook {
  const { machine } = live.run.plan;
  const schemas = actionJsonSchemas();
  return {
    offers: offersFor(live, question).map((offer): ActionOffer => {
      const { meaning, clause } = faultRows[offer.action];
      return { id: idOf(offer), group: offer.group, title: offer.title, about: `${meaning.charAt(0).toUpperCase()}${meaning.slice(1)}.`.replaceAll("`", ""), clause: clause === "-" ? "" : clause, parameters: parametersOf(live, offer, schemas[offer.action] ?? {}, question) };
    }),
    fields: fieldsOf(machine, question.name),
  };
}

/** What the kernel calls what is pointed at; undefined: it has no name there. */
function kernelName(live: LiveRun, { kind, name }: ActionsQuestion): string | undefined {
  if (kind === "host") return undefined;
  if (kind === "region") return name;
  const card = declared(live.run.plan.machine, name);
  return busDevices(live.run.system.kernel, cxlBus).find((device) => isMemdev(device) && memdevOf(device).serial === card?.serial)?.name;
}

/** When a fault that is written now would act: here. */
function whenOf({ status }: LiveRun): Readonly<Record<string, unknown>> {
  const { atNs } = status.position;
  return status.readyAtNs < 0 ? { at: timeText(atNs), from: "boot" } : { at: timeText(Math.max(0, atNs - status.readyAtNs)) };
}

function readValue(text: string): unknown {
  const document = parseDocument(text, { prettyErrors: false });
  if (document.errors.length > 0) return text;
  try {
    return document.toJS({ maxAliasCount: 0 }) as unknown;
  } catch {
    // An alias: what it stands for is not in a value.
    return text;
  }
}

/** The action in the words of a scenario, or what is wrong with its values. */
export function composeLook(live: LiveRun, question: ComposeQuestion): ComposeLook {
  const { machine } = live.run.plan;
  const offer = offersFor(live, question).find((one) => idOf(one) === question.id);
  if (offer === undefined) return { kind: "problems", problems: [`${question.name} cannot be done this any more; choose again`] };
  const schema = actionJsonSchemas()[offer.action] ?? {};
  const key = targetKey(schema);
  const target = offer.action === "kernelStep" ? kernelName(live, question) : targetName(machine, offer, question.name);
  const given = Object.entries(question.values).filter(([name, text]) => text.trim() !== "" && schema.properties?.[name] !== undefined && !isTarget(name)).map(([name, text]) => [name, readValue(text)] as const);
  const value = key === null ? target : { ...(target === undefined ? {} : { [key]: target }), ...Object.fromEntries(given) };
  const line = `${offer.action}: ${typed(value)}`;
  try {
    readAction(machine, line);
  } catch (error) {
    if (!(error instanceof ActionError)) throw error;
    return { kind: "problems", problems: error.message.split("\n").map((problem) => problem.replace(new RegExp(`^${offer.action}\\.?(: )?`), "")) };
  }
  return { kind: "action", line, fault: { when: whenOf(live), do: { [offer.action]: value } } };
}
