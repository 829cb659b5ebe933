// Gives a file to the reader: to the browser's own downloads.

/** A name that a file can have anywhere: the last part of a path, without letters that hide or mean something. */
export const fileNameOf = (file: string, otherwise: string): string => (file.split(/[/\\]/).at(-1) ?? "").replaceAll(/[\p{Cc}\p{Cf}\p{Cs}<>:"|?*]/gu, "_").replace(/^\.+/, "") || otherwise;

export function download(name: string, content: string | Uint8Array): void {
  const url = URL.createObjectURL(new Blob([content as string | Uint8Array<ArrayBuffer>], { type: "application/octet-stream" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  // The browser has taken it by then.
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
