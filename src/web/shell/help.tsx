// Keys of the page, and where more stands.

import type { Action } from "./actions.ts";
import { keyWords } from "./actions.ts";
import { Dialog } from "./dialog.tsx";

const inPlaces: readonly (readonly [string, string])[] = [
  ["← → Home End", "in a row of tabs: the tab beside, the first, the last"],
  ["Arrows, Enter", "on a bar between two areas: move it, fold the area away and back"],
  ["Escape", "close what is open over the page"],
];

export function Help({ actions, onClose }: { readonly actions: readonly Action[]; readonly onClose: () => void }) {
  return (
    <Dialog name="help" title="Keys and help" onClose={onClose}>
      <p>A run can be made again at any time, exactly as it was: going back is as exact as going forward. What you see is the machine at the position, and nothing that you look at changes it. Everything stays in this page; nothing is sent anywhere.</p>
      <table>
        <thead><tr><th scope="col">Key</th><th scope="col">Does</th></tr></thead>
        <tbody>
          {actions.filter(({ key }) => key !== undefined).map(({ id, key, title }) => <tr key={id}><th scope="row"><kbd>{keyWords(key ?? "")}</kbd></th><td>{title}</td></tr>)}
          {inPlaces.map(([key, title]) => <tr key={key}><th scope="row"><kbd>{key}</kbd></th><td>{title}</td></tr>)}
        </tbody>
      </table>
      <p>No key of one letter is taken while you type. F6 leads out of the editor and the terminal.</p>
    </Dialog>
  );
}
