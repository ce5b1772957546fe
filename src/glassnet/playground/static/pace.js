// When to draw: with the screen's next picture, or once a second in a hidden tab, which has none.
// Every drawing asks for the next frame, so that a session in a hidden tab does not end as idle while it trains.

const HIDDEN = 1000;

/** Return a function that asks for one call of `draw`; asking again before it came changes nothing. */
export function pace(draw) {
  let cancel = null;
  const now = () => {
    cancel = null;
    draw();
  };
  const plan = () => {
    if (document.hidden) {
      const timer = setTimeout(now, HIDDEN);
      cancel = () => clearTimeout(timer);
    } else {
      const request = requestAnimationFrame(now);
      cancel = () => cancelAnimationFrame(request);
    }
  };
  document.addEventListener("visibilitychange", () => {
    if (!cancel) return;
    cancel();
    plan();
  });
  return () => {
    if (!cancel) plan();
  };
}
