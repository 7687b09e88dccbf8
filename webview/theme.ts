import { COLORS, type Color } from './series';

/** The editor's colours as they are now; charts are drawn on canvas, which takes no CSS variables. */
export interface Theme {
  readonly text: string;
  readonly faint: string;
  readonly grid: string;
  readonly font: string;
  readonly highContrast: boolean;
  color(name: Color): string;
}

export function currentTheme(): Theme {
  const style = getComputedStyle(document.body);
  const variable = (name: string, otherwise: string) => style.getPropertyValue(name).trim() || otherwise;
  const text = variable('--vscode-foreground', '#808080');
  const highContrast =
    document.body.classList.contains('vscode-high-contrast') ||
    document.body.classList.contains('vscode-high-contrast-light');
  // Asked once: each question may make the browser work out its styles anew.
  const colors = Object.fromEntries(COLORS.map((name) => [name, variable(`--vscode-charts-${name}`, text)]));
  return {
    text,
    faint: variable('--vscode-descriptionForeground', text),
    grid: faded(highContrast ? text : variable('--vscode-charts-lines', text), highContrast ? 60 : 35),
    font: variable('--vscode-font-family', 'sans-serif'),
    highContrast,
    color: (name) => colors[name] ?? text,
  };
}

/** The same colour, so many percent of it. */
export function faded(color: string, percent: number): string {
  return `color-mix(in srgb, ${color} ${percent}%, transparent)`;
}

/** Calls back when the editor's theme changes. */
export function onThemeChange(changed: () => void): void {
  new MutationObserver(changed).observe(document.body, {
    attributes: true,
    attributeFilter: ['class', 'data-vscode-theme-id'],
  });
}
