// Foreign text as it is shown: what could hide or turn round what stands beside it becomes visible. Markup needs nothing: text is only ever set as text.

/** Control characters but tab and line feed, marks of direction, invisible letters and halves of letters. */
const harmful = /(?![\t\n])[\p{Cc}\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]|\p{Cs}/gu;

/** `text` with each such letter as its number, like <U+202E>. A carriage return before a line feed goes. */
export const shownText = (text: string): string => text.replaceAll("\r\n", "\n").replaceAll(harmful, (letter) => `<U+${(letter.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}>`);
