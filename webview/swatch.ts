const SVG = 'http://www.w3.org/2000/svg';

/** A piece of a line with its dashes, for a legend; drawn in the CSS variable `--color`. */
export function swatchOf(dash: readonly number[]): SVGElement {
  const swatch = document.createElementNS(SVG, 'svg');
  swatch.setAttribute('class', 'swatch');
  swatch.setAttribute('aria-hidden', 'true');
  const line = document.createElementNS(SVG, 'line');
  for (const [name, value] of Object.entries({ x1: 0, y1: 5, x2: 22, y2: 5 }))
    line.setAttribute(name, `${value}`);
  if (dash.length > 0) line.setAttribute('stroke-dasharray', dash.join(' '));
  swatch.append(line);
  return swatch;
}
