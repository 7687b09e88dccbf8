import { openToAll } from '../editor/barriers.mjs';
import { startVictim } from '../editor/victims.mjs';

/** Who reads it in another theme is shut out of nothing. */
export const story = {
  name: 'In light high contrast the timeline',
  settings: {
    'ioUringInspector.refreshInterval': 0.5,
    'workbench.colorTheme': 'Default High Contrast Light',
  },

  async prepare(stage) {
    stage.echo = await startVictim('echo', '32');
    stage.release(stage.echo.stop);
  },

  steps: openToAll('vscode-high-contrast-light'),
};
