// The listing of a twin held against the captured one: names that are a race between cards are mapped, all else must be the same.

import type { CaptureJson } from "./capture-json.ts";
import { isList, isObject, wholeNumber } from "./capture-json.ts";

/** One place of the listings where they differ. */
export interface ListingDifference {
  /** Path with lasting names: `root0.port<pci0000:0c>.decoders[0].size`. */
  readonly place: string;
  readonly captured: string | undefined;
  readonly twin: string | undefined;
}

/** Names of one boot by what lasts: serial numbers of cards, hosts of ports, addresses of regions. */
type Names = ReadonlyMap<string, string>;
type Visit = (object: { readonly [key: string]: CaptureJson }) => void;

function visit(value: CaptureJson, work: Visit): void {
  if (isList(value)) for (const item of value) visit(item, work);
  else if (isObject(value)) {
    work(value);
    for (const item of Object.values(value)) visit(item, work);
  }
}

function namesIn(listing: CaptureJson): Names {
  const names = new Map<string, string>();
  const said = (value: CaptureJson | undefined): string | undefined => (typeof value === "string" ? value : undefined);
  visit(listing, ({ memdev, serial, host }) => {
    const number = wholeNumber(serial);
    if (typeof memdev === "string" && typeof host === "string") names.set(memdev, `mem<${number === undefined ? host : `0x${number.toString(16)}`}>`);
  });
  visit(listing, ({ endpoint, parent_dport, port, host, region, resource, daxregion }) => {
    if (typeof endpoint === "string" && typeof parent_dport === "string" && !names.has(said(host) ?? "")) names.set(said(host) ?? "", `mem<${parent_dport}>`);
    if (typeof endpoint === "string") names.set(endpoint, (names.get(said(host) ?? "") ?? `mem<${said(host) ?? ""}>`).replace(/^mem/, "endpoint"));
    if (typeof port === "string") names.set(port, `port<${said(host) ?? ""}>`);
    if (typeof region !== "string" || resource === undefined) return;
    const at = `<0x${(wholeNumber(resource) ?? 0n).toString(16)}>`;
    names.set(region, `region${at}`);
    const devices = isObject(daxregion) && isList(daxregion["devices"]) ? daxregion["devices"] : [];
    for (const [index, device] of devices.entries()) if (isObject(device) && typeof device["chardev"] === "string") names.set(device["chardev"], `dax${at}.${index}`);
  });
  return names;
}

const racing = /\b(mem|endpoint|port|region|dax|decoder)(\d+)(\.\d+)?\b/g;

/** A text with every racing name replaced by the lasting one. */
const lasting = (names: Names, text: string): string => text.replaceAll(racing, (whole, kind: string, number: string, index: string | undefined) => {
  if (kind !== "decoder" || number === "0") return names.get(whole) ?? whole;
  const above = names.get(`endpoint${number}`) ?? names.get(`port${number}`);
  return above === undefined ? whole : `decoder${above.replace(/^[a-z]+/, "")}${index ?? ""}`;
});

const identities = ["bus", "port", "endpoint", "memdev", "decoder", "region", "dport", "target", "chardev"] as const;

/** What tells an object of a list from the others. */
function identityOf(names: Names, value: CaptureJson, index: number): string {
  if (!isObject(value)) return String(index);
  if (value["position"] !== undefined && value["target"] === undefined) return `position ${String(value["position"])}`;
  const key = identities.find((one) => typeof value[one] === "string");
  if (key !== undefined) return lasting(names, String(value[key]));
  const keys = Object.keys(value);
  return keys.length === 1 && isList(value[keys[0] ?? ""]) ? "" : String(index);
}

/** Keys whose text is a number of some form. */
const isNumberKey = (key: string): boolean => !/version|mode|type|state|host|alias|provider|source|flags|^ext_/.test(key);

function leaf(names: Names, key: string, value: CaptureJson): string {
  const number = isNumberKey(key) ? wholeNumber(value) : undefined;
  return number === undefined ? lasting(names, JSON.stringify(value)) : String(number);
}

function flatten(names: Names, value: CaptureJson, place: string, key: string, into: Map<string, string>): void {
  if (isList(value)) {
    for (const [index, item] of value.entries()) flatten(names, item, `${place}[${identityOf(names, item, index)}]`, key, into);
  } else if (isObject(value)) {
    // The number of a dax region is that of its region: a race.
    for (const [inner, item] of Object.entries(value)) if (!(key === "daxregion" && inner === "id")) flatten(names, item, `${place}.${lasting(names, inner)}`, inner, into);
  } else into.set(place, leaf(names, key, value));
}

/** Groups by kind (with a card that no driver has) and a bare list of buses are the same. */
function grouped(listing: CaptureJson): CaptureJson {
  const items = isList(listing) ? listing : [listing];
  return items.flatMap((item): readonly CaptureJson[] => {
    const [key, ...others] = isObject(item) ? Object.keys(item) : [];
    const inner = isObject(item) && key !== undefined ? item[key] : undefined;
    return others.length === 0 && isList(inner) ? inner : [item];
  });
}

function factsOf(listing: CaptureJson): Map<string, string> {
  const into = new Map<string, string>();
  flatten(namesIn(listing), grouped(listing), "", "", into);
  return into;
}

/** Every place where the twin's listing is another than the captured one. */
export function compareListings(captured: CaptureJson, twin: CaptureJson): ListingDifference[] {
  const [theirs, ours] = [factsOf(captured), factsOf(twin)];
  return [...new Set([...theirs.keys(), ...ours.keys()])].filter((place) => theirs.get(place) !== ours.get(place)).map((place) => ({ place: place.replace(/^\./, ""), captured: theirs.get(place), twin: ours.get(place) }));
}
