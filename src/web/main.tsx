// The page's entry.

import { render } from "preact";
import "./style/tokens.css";

const place = document.querySelector("#page");
if (place !== null) render(<p>cxl-sandbox</p>, place);
