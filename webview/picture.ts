import type { ChartView } from './chartView';
import type { Theme } from './theme';

const GAP = 28;

/** All charts below one another with their titles as a PNG, base64 without its prefix. */
export function pictureOf(title: string, charts: readonly ChartView[], theme: Theme): string {
  const ratio = window.devicePixelRatio || 1;
  const width = Math.max(1, ...charts.map(({ canvas }) => canvas.width));
  const height = charts.reduce((sum, { canvas }) => sum + canvas.height + GAP * ratio, GAP * ratio);
  const page = document.createElement('canvas');
  Object.assign(page, { width, height });
  const context = page.getContext('2d');
  if (!context) return '';
  context.fillStyle = getComputedStyle(document.body).backgroundColor || '#000';
  context.fillRect(0, 0, width, height);
  context.fillStyle = theme.text;
  context.font = `${13 * ratio}px ${theme.font}`;
  context.fillText(title, 8 * ratio, 18 * ratio);
  let top = GAP * ratio;
  for (const { canvas, node } of charts) {
    context.fillText(node.querySelector('.chart-head')?.textContent ?? '', 8 * ratio, top + 18 * ratio);
    context.drawImage(canvas, 0, top + GAP * ratio);
    top += canvas.height + GAP * ratio;
  }
  return page.toDataURL('image/png').replace(/^data:image\/png;base64,/, '');
}
