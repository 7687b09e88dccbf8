/**
 * A story is what one user does, step by step, in one window. A file `test/ui/NAME.story.mjs` exports
 * `story = { name, settings?, folder?, language?, others?, prepare?, steps: [[title, async (workbench, stage) => …], …] }`.
 * `others` are folders of more extensions for its editor. `prepare(stage)` starts what the story needs, and may leave variables for the editor in `stage.env`; what it registers with
 * `stage.release` ends with the story.
 * After each step a picture is taken. When a step fails, the rest of its story is skipped. A browser under load loses a
 * click or a redraw now and then: a story that failed is told once more from its beginning, in a window of its own, and
 * what failed first is printed; what fails twice has failed.
 */
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { launchBrowser } from './browser.mjs';
import { root } from './install.mjs';
import { Report, Skip } from './report.mjs';
import { startServer } from './server.mjs';
import { Workbench } from './workbench.mjs';

export async function runStories(editor, report, files) {
  const browser = await launchBrowser();
  try {
    for (const file of files) {
      const { story } = await import(pathToFileURL(file).href);
      const name = path.basename(file, '.story.mjs');
      const first = new Report();
      await tell(story, editor, browser, first, name);
      if (first.failed === 0) {
        report.add(first);
        continue;
      }
      console.log(`again ${story.name}: it failed once`);
      await tell(story, editor, browser, report, name);
    }
  } finally {
    await browser.close();
  }
}

async function tell(story, editor, browser, report, file) {
  const releases = [];
  const stage = { release: (end) => releases.push(end), editor, root };
  try {
    await story.prepare?.(stage);
    const { env } = stage;
    const server = await startServer(editor, {
      extension: root,
      settings: story.settings,
      language: story.language,
      others: (story.others ?? []).map((folder) => path.join(root, folder)),
      ...(env ? { env } : {}),
    });
    releases.push(() => server.stop());
    stage.server = server;
    const workbench = await Workbench.open(browser, server, {
      folder: stage.folder ?? story.folder,
      shots: `ui/${editor.vscode}-${file}`,
    });
    releases.push(() => workbench.close());
    await steps(story, workbench, stage, report);
  } catch (error) {
    const reason = error instanceof Skip ? error.message : undefined;
    if (reason === undefined) report.fail(`${story.name}: setting the stage`, error);
    else for (const [title] of story.steps) report.skip(`${story.name}: ${title}`, reason);
  } finally {
    for (const release of releases.reverse()) await release();
  }
}

async function steps(story, workbench, stage, report) {
  let broken;
  for (const [title, act] of story.steps) {
    const name = `${story.name}: ${title}`;
    if (broken) {
      report.skip(name, `it follows "${broken}", which failed`);
      continue;
    }
    const failed = report.failed;
    await report.test(name, () => act(workbench, stage));
    if (report.failed > failed) broken = title;
    await workbench.picture(broken ? `FAIL-${title}` : title);
  }
}
