// Bytes from outside: what they are, and what stands against them. Nothing is read that is too large.

import { isTrace, largestTrace, magicLength } from "../store/document.ts";

/** Letters of a scenario, as its loader has it. */
export const longestScenario = 262_144;
/** No text of so many letters has more bytes. */
export const largestScenario = 4 * longestScenario;

/** Why a file cannot be opened, with what to do. */
export class OpeningError extends Error {}

const inMiB = (bytes: number): string => `${Math.ceil(bytes / 2 ** 20)} MiB`;

/** Refuses a size, known before or counted. */
export function checkSize(name: string, bytes: number, kind: "trace" | "scenario"): void {
  if (kind === "trace" && bytes > largestTrace) throw new OpeningError(`${name} is larger than ${inMiB(largestTrace)}, more than a page can hold. Look into it with cxl-sandbox trace.`);
  if (kind === "scenario" && bytes > largestScenario) throw new OpeningError(`${name} is too large for a scenario (${longestScenario} characters at most), and it is no trace. Is it the right file?`);
}

/** Bytes as the text of a scenario. */
export function scenarioText(name: string, bytes: Uint8Array): string {
  checkSize(name, bytes.length, "scenario");
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new OpeningError(`${name} is neither a scenario nor a trace: its bytes are no text. A scenario is YAML in UTF-8; a trace that was changed on its way has to be sent anew, as a binary file.`);
  }
  if (text.length > longestScenario) throw new OpeningError(`${name} has ${text.length} characters; a scenario has at most ${longestScenario}. Is it the right file?`);
  if (text.includes("\0")) throw new OpeningError(`${name} is neither a scenario nor a trace: it has zero bytes. Is it the right file?`);
  if (/^\s*(<!doctype html|<html)/i.test(text)) throw new OpeningError(`${name} is a web page, not a scenario. Where a site shows files in pages, use the address of the file itself, often called raw.`);
  return text;
}

/** What can be asked for bytes: a file that was dropped or chosen. */
export interface Readable {
  readonly name: string;
  readonly size: number;
  slice(from: number, to: number): { arrayBuffer(): Promise<ArrayBuffer> };
  arrayBuffer(): Promise<ArrayBuffer>;
}

/** Bytes of a file whose size is a possible one. @throws OpeningError */
export async function readFile(file: Readable): Promise<{ readonly name: string; readonly kind: "trace" | "scenario"; readonly bytes: Uint8Array }> {
  const unreadable = (): never => {
    throw new OpeningError(`${file.name} cannot be read. If it is a folder, take the files in it; otherwise look whether it is still there.`);
  };
  const head = await file.slice(0, magicLength).arrayBuffer().catch(unreadable);
  const kind = isTrace(new Uint8Array(head)) ? "trace" : "scenario";
  checkSize(file.name, file.size, kind);
  return { name: file.name, kind, bytes: new Uint8Array(await file.arrayBuffer().catch(unreadable)) };
}

export const isPart = (name: string): boolean => /\.inc\.ya?ml$/.test(name);
