// @ts-check
// Keeps the page above the on-screen keyboard where the browser lays that over the page instead of shrinking it.

export function fitToKeyboard() {
  const viewport = window.visualViewport;
  if (!viewport) return;
  viewport.addEventListener("resize", () => {
    const covered = window.innerHeight - viewport.height;
    const zoomed = viewport.scale > 1.01; // a person has pinched; the layout is not to blame
    const height = covered > 1 && !zoomed ? `${viewport.height}px` : "";
    document.documentElement.style.setProperty("--height", height);
    if (height !== "") window.scrollTo(0, 0);
  });
}
