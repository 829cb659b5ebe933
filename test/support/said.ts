// What a failing expectation says to the one who reads it.

/** The message; "it passed" where it holds, which no message is. */
export function said(work: () => void): string {
  try {
    work();
  } catch (thrown) {
    return thrown instanceof Error ? thrown.message : String(thrown);
  }
  return "it passed";
}
