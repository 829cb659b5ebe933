// A document for libraries that make <style> elements and style attributes, which the page's policy forbids (docs/decisions/0010): their rules go into constructed style
// sheets, and attributes through the CSS object model.

export interface QuietDocument {
  /** Stands for the document wherever a library takes one. */
  readonly document: Document;
  /** Does something whose library asks for the real document all the same. */
  during<T>(work: () => T): T;
  /** Takes the sheets away. */
  dispose(): void;
}

type Make = (name: string, options?: ElementCreationOptions) => HTMLElement;

function setStyle(this: HTMLElement, name: string, value: string): void {
  if (name === "style") this.style.cssText = value;
  else Element.prototype.setAttribute.call(this, name, value);
}

/**
 * Cells that xterm styles by attribute while it draws (what is selected) are made by the real document, whatever it was given. A span takes such an
 * attribute by the CSS object model from now on, which is what the attribute would do; it stays so for the page's life.
 */
function quietSpans(): void {
  Object.defineProperty(HTMLSpanElement.prototype, "setAttribute", { value: setStyle, configurable: true, writable: true });
}

export function quietDocument(real: Document): QuietDocument {
  quietSpans();
  const sheets: CSSStyleSheet[] = [];
  const make: Make = (name, options) => {
    const isStyle = name.toLowerCase() === "style";
    const element = Document.prototype.createElement.call(real, isStyle ? "span" : name, options);
    Object.defineProperty(element, "setAttribute", { value: setStyle });
    if (!isStyle) return element;
    const sheet = new CSSStyleSheet();
    sheets.push(sheet);
    real.adoptedStyleSheets.push(sheet);
    element.hidden = true;
    Object.defineProperty(element, "textContent", {
      get: () => "",
      set: (text: string) => {
        sheet.replaceSync(text);
      },
    });
    return element;
  };
  const document = new Proxy(real, {
    get: (target, key) => {
      if (key === "createElement") return make;
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === "function" ? (value as (...values: unknown[]) => unknown).bind(target) : value;
    },
    set: (target, key, value) => Reflect.set(target, key, value, target),
  });
  return {
    document,
    during: (work) => {
      Object.defineProperty(real, "createElement", { value: make, configurable: true });
      try {
        return work();
      } finally {
        Reflect.deleteProperty(real, "createElement");
      }
    },
    dispose: () => {
      real.adoptedStyleSheets = real.adoptedStyleSheets.filter((sheet) => !sheets.includes(sheet));
    },
  };
}
