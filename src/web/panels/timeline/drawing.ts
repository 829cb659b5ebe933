// Draws the time line on a canvas: rows with bars and signs, the axis, the position with the known future dimmed, what is picked. Only rows that can be seen are drawn.

import type { TimeRange } from "../../store/contract.ts";
import type { Bar } from "./bars.ts";
import { barsOf } from "./bars.ts";
import type { DrawnColumns } from "./columns-of.ts";
import { columnsOf, empty } from "./columns-of.ts";
import type { TimelineData } from "./data.ts";
import type { Colours, ColourName } from "./kinds.ts";
import { kindLooks, notability } from "./kinds.ts";
import type { Row } from "./rows.ts";
import { axisHeight, rowHeight, rowOfLane, seriesOf } from "./rows.ts";
import type { View } from "./view.ts";
import { pixelOf, ticksOf } from "./view.ts";

/** CSS pixels: a column of events, and the room that a sign needs. */
export const columnWidth = 2;
const signRoom = 11;

export interface Scene {
  readonly data: TimelineData;
  readonly rows: readonly Row[];
  readonly view: View;
  /** CSS pixels of the canvas, and device pixels in each. */
  readonly width: number;
  readonly height: number;
  readonly ratio: number;
  /** CSS pixels that the rows are scrolled up. */
  readonly scroll: number;
  readonly colours: Colours;
  /** What the axis counts from. */
  readonly zeroNs: number;
  /** Virtual ns where the run stands; null: there is no run. */
  readonly positionNs: number | null;
  readonly record: number | null;
  readonly range: TimeRange | null;
  /** Row that the keyboard is in; null: it is elsewhere. */
  readonly focused: string | null;
  /** Name of the part that is picked in another panel. */
  readonly part: string | null;
}

const barColours: Readonly<Record<Bar["span"]["kind"], ColourName>> = { "link down": "dead", training: "impaired", isolated: "dead", recovery: "accent", background: "works", boot: "quiet", step: "accent", life: "works" };

/** Rows that can be seen. */
export const visibleRows = (rows: readonly Row[], scroll: number, height: number): readonly Row[] => rows.slice(Math.max(0, Math.floor(scroll / rowHeight)), Math.max(0, Math.ceil((scroll + height - axisHeight) / rowHeight)));

/** Columns of events that a canvas of so many CSS pixels has. */
export const columnCount = (width: number): number => Math.max(1, Math.ceil(width / columnWidth));

export class TimelineDrawing {
  readonly #context: CanvasRenderingContext2D;

  constructor(context: CanvasRenderingContext2D) {
    this.#context = context;
  }

  draw(scene: Scene): void {
    const { width, height, ratio, colours } = scene;
    const context = this.#context;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.fillStyle = colours.ground;
    context.fillRect(0, 0, width, height);
    context.textBaseline = "middle";
    context.font = "11px system-ui, sans-serif";
    const shown = visibleRows(scene.rows, scene.scroll, height);
    this.#grid(scene);
    context.save();
    context.beginPath();
    context.rect(0, axisHeight, width, height - axisHeight);
    context.clip();
    for (const row of shown) this.#row(scene, row, axisHeight + row.y - scene.scroll);
    context.restore();
    this.#range(scene);
    this.#position(scene);
    this.#picked(scene);
  }

  #grid({ view, width, height, zeroNs, colours }: Scene): void {
    const context = this.#context;
    context.fillStyle = colours.raised;
    context.fillRect(0, 0, width, axisHeight);
    for (const { atNs, text } of ticksOf(view, width, zeroNs)) {
      const x = Math.round(pixelOf(view, width, atNs));
      context.fillStyle = colours.line;
      context.fillRect(x, axisHeight - 6, 1, height);
      context.fillStyle = colours.quiet;
      context.fillText(text, x + 3, axisHeight / 2);
    }
    context.fillStyle = colours.line;
    context.fillRect(0, axisHeight - 1, width, 1);
  }

  #row(scene: Scene, row: Row, y: number): void {
    const { width, view, colours, data, focused, part } = scene;
    const context = this.#context;
    if (row.isOpen === true) {
      context.fillStyle = colours.sunken;
      context.fillRect(0, y, width, rowHeight);
    } else if (row.part !== null && row.part === part) {
      context.fillStyle = colours.changed;
      context.fillRect(0, y, width, rowHeight);
    }
    for (const lane of row.lanes) for (const bar of barsOf(lane.spans, view, width, data.endNs)) this.#bar(bar, y, colours);
    this.#events(columnsOf(data.times, seriesOf(row), view, columnCount(width), notability), y, colours);
    context.fillStyle = colours.line;
    context.fillRect(0, y + rowHeight - 1, width, 1);
    if (row.key !== focused) return;
    context.strokeStyle = colours.focus;
    context.lineWidth = 2;
    context.strokeRect(1, y + 1, width - 2, rowHeight - 3);
  }

  #bar({ span, from, until, count }: Bar, y: number, colours: Colours): void {
    const context = this.#context;
    const colour = colours[barColours[span.kind]];
    const [top, tall, wide] = [y + 2, rowHeight - 5, until - from];
    context.globalAlpha = 0.22;
    context.fillStyle = colour;
    context.fillRect(from, top, wide, tall);
    context.globalAlpha = 1;
    context.fillRect(from, top + tall - 2, wide, 2);
    if (span.kind === "isolated" && wide > 6) this.#hatch(from, top, wide, tall, colour);
    context.fillRect(from, top, 1, tall);
    if (wide < 34) return;
    context.save();
    context.beginPath();
    context.rect(from, top, wide - 2, tall);
    context.clip();
    context.fillStyle = colours.text;
    context.fillText(count === 1 ? span.text : `${span.text} (+${count - 1} before)`, from + 5, top + tall / 2);
    context.restore();
  }

  /** Slanting strokes: isolation is told from other bars without its colour. */
  #hatch(x: number, y: number, width: number, height: number, colour: string): void {
    const context = this.#context;
    context.save();
    context.beginPath();
    context.rect(x, y, width, height);
    context.clip();
    context.strokeStyle = colour;
    context.globalAlpha = 0.35;
    context.lineWidth = 1;
    context.beginPath();
    for (let at = x - height; at < x + width; at += 7) {
      context.moveTo(at, y + height);
      context.lineTo(at + height, y);
    }
    context.stroke();
    context.restore();
  }

  /** Strokes for all, run by run of the same kind; signs where there is room beside the one before. */
  #events({ kinds }: DrawnColumns, y: number, colours: Colours): void {
    const context = this.#context;
    const signs: { readonly kind: number; readonly x: number }[] = [];
    let free = -signRoom;
    for (let column = 0; column < kinds.length; ) {
      const kind = kinds[column] ?? empty;
      let next = column + 1;
      if (kind === empty) {
        column = next;
        continue;
      }
      while (kinds[next] === kind) next++;
      const look = kindLooks[kind];
      if (look !== undefined) {
        const inset = look.notability >= 60 ? 3 : look.notability >= 25 ? 6 : 8;
        context.fillStyle = colours[look.colour];
        context.fillRect(column * columnWidth, y + inset, (next - column) * columnWidth, rowHeight - 1 - 2 * inset);
        free = placeSigns(signs, kind, column * columnWidth, free);
      }
      column = next;
    }
    this.#signs(signs, y, colours);
  }

  #signs(signs: readonly { readonly kind: number; readonly x: number }[], y: number, colours: Colours): void {
    const context = this.#context;
    context.textAlign = "center";
    for (const { kind, x } of signs) {
      const look = kindLooks[kind];
      if (look === undefined) continue;
      context.fillStyle = colours.ground;
      context.fillRect(x - 4.5, y + 3, 11, rowHeight - 7);
      context.fillStyle = colours[look.colour];
      context.fillText(look.sign, x + 1, y + rowHeight / 2);
    }
    context.textAlign = "start";
  }

  #range({ range, view, width, height, colours }: Scene): void {
    if (range === null) return;
    const context = this.#context;
    const from = Math.max(0, pixelOf(view, width, range.fromNs));
    const until = Math.min(width, Math.max(from + 1, pixelOf(view, width, range.toNs)));
    if (until < 0 || from > width) return;
    context.fillStyle = colours.accent;
    context.globalAlpha = 0.14;
    context.fillRect(from, 0, until - from, height);
    context.globalAlpha = 1;
    context.fillRect(from, 0, 1, height);
    context.fillRect(until - 1, 0, 1, height);
  }

  /** Where the run stands; what is known behind it is dimmed. */
  #position({ positionNs, view, width, height, colours }: Scene): void {
    if (positionNs === null) return;
    const context = this.#context;
    const x = pixelOf(view, width, positionNs);
    if (x < width) {
      context.fillStyle = colours.ground;
      context.globalAlpha = 0.45;
      context.fillRect(Math.max(0, x + 1), axisHeight, width - Math.max(0, x + 1), height - axisHeight);
      context.globalAlpha = 1;
    }
    if (x < -6 || x > width + 6) return;
    context.fillStyle = colours.text;
    context.fillRect(Math.round(x) - 0.5, 0, 1.5, height);
    context.beginPath();
    context.moveTo(x - 6, 0);
    context.lineTo(x + 6, 0);
    context.lineTo(x, 9);
    context.fill();
  }

  #picked({ record, data, rows, view, width, scroll, colours }: Scene): void {
    if (record === null || record >= data.length) return;
    const row = rowOfLane(rows, data.laneOf[record] ?? 0);
    if (row === undefined || data.kinds[record] === empty) return;
    const context = this.#context;
    const x = pixelOf(view, width, data.times[record] ?? 0);
    const y = axisHeight + row.y - scroll;
    if (y < axisHeight - rowHeight) return;
    context.strokeStyle = colours.focus;
    context.lineWidth = 2;
    context.strokeRect(x - 6, y + 1, 14, rowHeight - 3);
  }
}

/** Puts a sign where it has room behind the last one; a more notable kind takes the place of a lesser one that is in its way. Gives what is taken. */
function placeSigns(signs: { kind: number; x: number }[], kind: number, x: number, free: number): number {
  const last = signs.at(-1);
  if (x < free && last !== undefined) {
    if ((notability[kind] ?? 0) <= (notability[last.kind] ?? 0)) return free;
    signs.pop();
    if (signs.length > 0 && x < (signs.at(-1)?.x ?? 0) + signRoom && (notability[signs.at(-1)?.kind ?? 0] ?? 0) >= (notability[kind] ?? 0)) {
      signs.push(last);
      return free;
    }
  }
  signs.push({ kind, x });
  return x + signRoom;
}
