// A session as asciicast v2 (.cast): a header and one event a line. Times are virtual, so that the same session gives the same file; since virtual
// time stands still while somebody types and reads, a fixed pace of typing and reading is added, in whole microseconds.

export interface CastHeader {
  readonly columns: number;
  readonly rows: number;
  readonly title: string;
}

/** Microseconds of one key, and of a look at what came out. */
const keyTime = 40_000;
const lookTime = 700_000;

export interface Cast {
  /** The prompt appears; `now` is virtual time in ns. */
  prompt(now: number, text: string): void;
  /** A line is typed, and Enter pressed. */
  type(now: number, line: string): void;
  /** Something is printed; bytes are characters 0 to 255. */
  print(now: number, text: string): void;
}

/** Bytes that came as characters 0 to 255, as text; what is no UTF-8 is shown as such. */
export const readableText = (bytes: string): string => new TextDecoder().decode(Uint8Array.from(bytes, (letter) => letter.charCodeAt(0) & 0xff));

/** @param write gets the file, line by line */
export function createCast(header: CastHeader, start: number, write: (line: string) => void): Cast {
  let pace = 0;
  let last = 0;
  write(`${JSON.stringify({ version: 2, width: header.columns, height: header.rows, title: header.title })}\n`);
  const event = (now: number, text: string): void => {
    last = Math.max(last, Math.floor((now - start) / 1000) + pace);
    write(`[${Math.floor(last / 1_000_000)}.${String(last % 1_000_000).padStart(6, "0")}, "o", ${JSON.stringify(text)}]\n`);
  };
  return {
    prompt: (now, text) => {
      event(now, text);
      pace += lookTime;
    },
    type: (now, line) => {
      for (const letter of line) {
        pace += keyTime;
        event(now, letter);
      }
      pace += lookTime;
      event(now, "\r\n");
    },
    print: (now, text) => event(now, readableText(text).replace(/\r?\n/g, "\r\n")),
  };
}
