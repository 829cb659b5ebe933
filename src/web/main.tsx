// The page's entry.

import { render } from "preact";
import { startPageWorker } from "../../workers/page-client.ts";
import { App, areaOf } from "./app.tsx";
import { keepForOffline } from "./offline.ts";
import { start } from "./start.ts";
import { createStore } from "./store/create.ts";
import "./style/tokens.css";
import "./style/shell.css";

const place = document.querySelector("#page");
if (place !== null) {
  const store = createStore(startPageWorker, areaOf);
  render(<App store={store} />, place);
  // Fetching all of the page's files for later would take what the first run needs.
  void start(store).finally(() => void keepForOffline());
}
