// @ts-check
// The page's beginning: reads what is remembered, gets the texts, and puts the page together.

import { byId } from "./dom.js";
import { choose, I18n } from "./i18n.js";
import { Page } from "./page.js";
import { Store } from "./store.js";

const store = new Store();
const session = new Store(() => sessionStorage);
const i18n = new I18n(async (wanted) => (await fetch(`assets/locale/${wanted}.json`)).json());

// A token comes in the fragment, which goes to no server and into no log, and does not stay in sight.
const token = new URLSearchParams(location.hash.slice(1)).get("token");
if (token) {
  session.set("token", token);
  history.replaceState(null, "", location.pathname);
}

try {
  await i18n.use(store.get("language") || choose(navigator.languages));
  new Page(i18n, store, session).start();
} catch (error) {
  byId("failed", HTMLElement).hidden = false;
  throw error;
}
