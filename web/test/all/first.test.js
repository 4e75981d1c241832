// @ts-check
// Suites that share a browser: to start one, and to fetch and compile the page anew, takes longer than most tests.

import "../browser/page.test.js";
import "../browser/share.test.js";
import "../browser/log.test.js";
import "../browser/rooms.test.js";
import "../browser/talk.test.js";
import "../browser/access.test.js";
