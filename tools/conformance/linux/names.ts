// Names that are a race between cards (memN, endpointN, decoderN.M, portN) by what does not change: serial number and host.

import type { Json } from "../capture.ts";
import { isObject } from "../capture.ts";

/** Lasting names (`mem<0x1>`, `port<pci0000:0c>`) by the names of one boot. */
export type Names = ReadonlyMap<string, string>;

function visit(value: Json, work: (object: { readonly [key: string]: Json }) => void): void {
  if (Array.isArray(value)) for (const item of value as readonly Json[]) visit(item, work);
  else if (isObject(value)) {
    work(value);
    for (const item of Object.values(value)) visit(item, work);
  }
}

/** Names in the output of `cxl list`, added to those known before: what is gone from a listing keeps its name. */
export function namesIn(listing: Json, before: Names = new Map()): Names {
  const names = new Map(before);
  visit(listing, ({ memdev, serial }) => {
    if (typeof memdev === "string" && (typeof serial === "number" || typeof serial === "string")) names.set(memdev, `mem<0x${BigInt(serial).toString(16)}>`);
  });
  visit(listing, ({ endpoint, port, host }) => {
    if (typeof host !== "string") return;
    if (typeof endpoint === "string") names.set(endpoint, (names.get(host) ?? host).replace(/^mem/, "endpoint"));
    if (typeof port === "string" && !port.startsWith("root")) names.set(port, `port<${host}>`);
  });
  return names;
}

const racing = /\b(mem|endpoint|port|decoder)(\d+)(\.\d+)?\b/g;

function lastingName(names: Names, whole: string, kind: string, number: string, index: string | undefined): string {
  if (kind !== "decoder") return index === undefined ? (names.get(whole) ?? whole) : whole;
  const above = names.get(`endpoint${number}`) ?? names.get(`port${number}`);
  return above === undefined ? whole : `decoder${above.replace(/^[a-z]+/, "")}${index ?? ""}`;
}

/** A text with every racing name replaced by the lasting one; unknown names stay. */
export const lasting = (names: Names, text: string): string => text.replaceAll(racing, (whole, kind: string, number: string, index: string | undefined) => lastingName(names, whole, kind, number, index));

/** A text with racing and lasting names alike replaced by their kind: for a boot of which no listing tells whose they are. */
export const nameless = (text: string): string => text.replaceAll(/\b(mem|endpoint|port|decoder)(?:\d+|<[^>]+>)(\.\d+)?/g, (whole, kind: string, index: string | undefined) => (whole.startsWith("decoder0.") ? whole : `${kind}<>${index ?? ""}`));

/** A text with lasting names turned into the names of a boot. */
export function present(names: Names, text: string): string {
  const back = new Map([...names].map(([name, last]) => [last, name]));
  return text.replaceAll(/\b(mem|endpoint|port|decoder)(<[^>]+>)(\.\d+)?/g, (whole, kind: string, identity: string, index: string | undefined) => {
    if (kind !== "decoder") return back.get(`${kind}${identity}`) ?? whole;
    const above = back.get(`endpoint${identity}`) ?? back.get(`port${identity}`);
    return above === undefined ? whole : `decoder${above.replace(/^[a-z]+/, "")}${index ?? ""}`;
  });
}
