// @ts-check
// Draws a QR code. Loaded when it is wanted.

import { correction, generate } from "./lean-qr.js";

const SVG = "http://www.w3.org/2000/svg";
const MARGIN = 2;

/** @param {string} text */
export function drawCode(text) {
  /** @type {{size: number, get: (x: number, y: number) => boolean}} */
  const code = /** @type {any} */ (generate)(text, { minCorrectionLevel: correction.M });
  let path = "";
  for (let y = 0; y < code.size; y++) {
    for (let x = 0; x < code.size; x++) {
      if (code.get(x, y)) path += `M${x + MARGIN} ${y + MARGIN}h1v1h-1z`;
    }
  }
  const side = code.size + 2 * MARGIN;
  const picture = document.createElementNS(SVG, "svg");
  const shape = document.createElementNS(SVG, "path");
  picture.setAttribute("viewBox", `0 0 ${side} ${side}`);
  picture.setAttribute("role", "img");
  picture.setAttribute("aria-label", text);
  picture.setAttribute("shape-rendering", "crispEdges");
  shape.setAttribute("d", path);
  picture.append(shape);
  return picture;
}
