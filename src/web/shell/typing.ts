// Whether a key that was struck belongs to a text: then no shortcut of one letter may take it.

const texts = "input:not([type=button], [type=checkbox], [type=radio], [type=range], [type=reset], [type=submit]), textarea, select, [role=textbox], [role=combobox], [role=searchbox], .xterm, [data-typing]";

/** Looks through shadow roots, in one of which the editor stands. */
export const isTyping = (event: Event): boolean => event.composedPath().some((one) => one instanceof HTMLElement && (one.isContentEditable || one.matches(texts)));
