// Text that others wrote (names of scenarios, drivers' messages, log lines): it does nothing to whoever shows it, and no line of it can be taken for one of the report.

/** Controls, halves of characters, separators of lines, marks that turn the direction of writing, and what XML does not have. */
const harmful = /[\p{Cc}\p{Cs}\u2028\u2029\u202a-\u202e\u2066-\u2069\ufffe\uffff]/gu;

/** One line. */
export const oneLine = (text: string): string => text.replaceAll(/\r?\n/g, " ").replaceAll("\t", " ").replaceAll(harmful, "?");

/** Lines, without an empty last one. */
export const linesOfText = (text: string): string[] => text.replace(/\n$/, "").split("\n").map((line) => line.split("\t").map((part) => part.replaceAll(harmful, "?")).join("\t"));
