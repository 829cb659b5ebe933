// What is typed over a selection goes into the text without the browser's own editing: that keeps the colour of what was selected by an inline style, which the
// page's policy refuses with a message each time.

import { EditorView } from "@codemirror/view";

export const typedOver = EditorView.domEventHandlers({
  beforeinput: ({ inputType, data, isComposing, cancelable }, view) => {
    const { state } = view;
    const { from, to, empty } = state.selection.main;
    if (inputType !== "insertText" || data === null || isComposing || !cancelable || empty || state.readOnly) return false;
    const text = data.replaceAll(/\r\n?|\n/g, state.lineBreak);
    const insert = () => state.update(state.replaceSelection(text), { userEvent: "input.type", scrollIntoView: true });
    // Brackets go around what is selected, as with any other way of typing.
    if (!state.facet(EditorView.inputHandler).some((handle) => handle(view, from, to, text, insert))) view.dispatch(insert());
    return true;
  },
});
