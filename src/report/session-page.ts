// A played session as things to look at: the lines of its screen, a page of text, a picture. The picture is dark on any page, as terminals are.

/** Structure of an event on the screen, as a session gives it. */
export interface ShownEvent {
  readonly kind: "prompt" | "typed" | "printed";
  readonly at: number;
  readonly text: string;
}

type Tone = "prompt" | "typed" | "comment" | "printed";
interface Span {
  readonly tone: Tone;
  readonly text: string;
}
/** One line of the screen. */
type ScreenLine = readonly Span[];

/** Characters of a line; longer ones go on in the next. */
const columns = 110;

function wrap(line: ScreenLine): ScreenLine[] {
  const lines: Span[][] = [[]];
  let used = 0;
  for (const { tone, text } of line) {
    for (let at = 0; at < text.length; ) {
      if (used === columns) {
        lines.push([]);
        used = 0;
      }
      const piece = text.slice(at, at + columns - used);
      lines.at(-1)?.push({ tone, text: piece });
      used += piece.length;
      at += piece.length;
    }
  }
  return lines;
}

/** The screen at the end of a session. */
function screenLines(events: readonly ShownEvent[]): ScreenLine[] {
  const lines: Span[][] = [[]];
  for (const { kind, text } of events) {
    const tone: Tone = kind === "typed" && text.startsWith("#") ? "comment" : kind;
    for (const [index, part] of `${text}${kind === "typed" ? "\n" : ""}`.split("\n").entries()) {
      if (index > 0) lines.push([]);
      if (part !== "") lines.at(-1)?.push({ tone, text: part });
    }
  }
  if (lines.at(-1)?.length === 0) lines.pop();
  return lines.flatMap(wrap);
}

const plainText = (events: readonly ShownEvent[]): string => events.map(({ kind, text }) => (kind === "typed" ? `${text}\n` : text)).join("");

export interface SessionPage {
  readonly title: string;
  /** What a reader sees in it, in a few sentences. */
  readonly introduction: string;
  readonly scenario: { readonly file: string; readonly text: string };
  readonly session: string;
  readonly cast: string;
  readonly picture: string;
}

/** The session as a page of Markdown. */
export function sessionPage(page: SessionPage, events: readonly ShownEvent[]): string {
  const command = `cxl-sandbox shell ${page.scenario.file} --file ${page.session}`;
  return `# ${page.title}

${page.introduction}

![The session as a terminal shows it](${page.picture})

The machine is ${page.scenario.file}:

\`\`\`yaml
${page.scenario.text}\`\`\`

The lines are those of ${page.session}; \`${command}\` runs them, and [${page.cast}](${page.cast}) plays in any asciicast player.

\`\`\`
${plainText(events)}\`\`\`

This page, the recording and the picture are written by \`npm run session\`.
`;
}

const colours: Readonly<Record<Tone | "background" | "frame", string>> = { prompt: "#6cb6ff", typed: "#f0f3f6", comment: "#8ddb8c", printed: "#c5cdd6", background: "#171b22", frame: "#444c56" };
/** Of a picture, in its own units: height of a line, width of a character at this size, space around. */
const [lineHeight, characterWidth, fontSize, margin, head] = [17, 7.85, 13, 14, 26] as const;

const escaped = (text: string): string => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

function textLine(line: ScreenLine, index: number): string {
  const spans = line.map(({ tone, text }) => `<tspan class="${tone}">${escaped(text)}</tspan>`).join("");
  return `<text x="${margin}" y="${head + margin + (index + 1) * lineHeight - 5}">${spans}</text>`;
}

/** The screen at the end of a session as a picture. */
export function sessionPicture(title: string, events: readonly ShownEvent[]): string {
  const lines = screenLines(events);
  const width = Math.ceil(columns * characterWidth) + 2 * margin;
  const height = head + lines.length * lineHeight + 2 * margin;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escaped(title)}">
<style>
text { font: ${fontSize}px ui-monospace, "DejaVu Sans Mono", "Liberation Mono", Menlo, Consolas, monospace; white-space: pre; }
${(["prompt", "typed", "comment", "printed"] as const).map((tone) => `.${tone} { fill: ${colours[tone]}; }`).join("\n")}
</style>
<rect x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="8" fill="${colours.background}" stroke="${colours.frame}"/>
<line x1="0" y1="${head}" x2="${width}" y2="${head}" stroke="${colours.frame}"/>
<text x="${width / 2}" y="18" text-anchor="middle" class="printed">${escaped(title)}</text>
${lines.map(textLine).join("\n")}
</svg>
`;
}
