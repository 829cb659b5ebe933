// Small things the page remembers of its reader: sizes, the theme. A browser that keeps nothing is as good.

const prefix = "cxl-sandbox ";

export function kept(name: string): string | null {
  try {
    return localStorage.getItem(prefix + name);
  } catch {
    return null;
  }
}

export function keep(name: string, value: string): void {
  try {
    localStorage.setItem(prefix + name, value);
  } catch {
    // Private windows and sandboxed frames keep nothing.
  }
}
