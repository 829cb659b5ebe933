// A modal dialog of the browser's own: it keeps the focus, Escape closes it, and the focus goes back to where it was.

import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { Icon } from "./icon.tsx";

interface DialogProps {
  readonly title: string;
  readonly name: string;
  readonly onClose: () => void;
  readonly children: ComponentChildren;
}

export function Dialog({ title, name, onClose, children }: DialogProps) {
  const element = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    element.current?.showModal();
  }, []);
  // A click beside the dialog falls on the dialog element itself.
  const onClick = (event: MouseEvent): void => {
    if (event.target === element.current) element.current?.close();
  };
  return (
    <dialog ref={element} class={name} aria-labelledby={`${name}-title`} onClose={onClose} onClick={onClick}>
      <div class="dialog-body">
        <header>
          <h2 id={`${name}-title`}>{title}</h2>
          <button type="button" class="tool" aria-label="Close" title="Close (Escape)" onClick={() => element.current?.close()}><Icon name="close" /></button>
        </header>
        {children}
      </div>
    </dialog>
  );
}
