// What was thrown by code of others, in words: it may be anything, and even to look at it may throw.

const longest = 2000;
const wordless = "something that cannot be put into words";

const shortened = (text: string): string => (text.length > longest ? `${text.slice(0, longest)}...` : text);

/** Name and message of an error, a text of anything else; cut short after 2000 characters. Never throws. */
export function textOfThrown(thrown: unknown): string {
  try {
    if (!(thrown instanceof Error)) return shortened(String(thrown));
    return shortened(thrown.name === "Error" ? String(thrown.message) : `${thrown.name}: ${thrown.message}`);
  } catch {
    return wordless;
  }
}
