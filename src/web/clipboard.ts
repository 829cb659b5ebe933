// The clipboard, which a page may not have: without https, in a frame without the right, or where the reader forbids it.

/** False: nothing was copied. */
export async function toClipboard(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}
