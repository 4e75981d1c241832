// @ts-check
// The other suites, beside the first ones.

import "../browser/barriers.test.js";
import "../browser/states.test.js";
import "../browser/reconnect.test.js";
import "../interop.test.js";
import "../recado.test.js";
import "../http.test.js";
