import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { Skip } from '../editor/report.mjs';
import { startHungFileServer, startProgram } from '../editor/victims.mjs';

/** A program of the user's own, compiled from the folder that is open, reads from a file server that has fallen silent. */
export const story = {
  name: 'From the answer to the line',
  settings: {
    'workbench.colorTheme': 'Default Dark Modern',
    'ioUringInspector.refreshInterval': 1,
    'files.autoSave': 'off',
    'editor.stickyScroll.enabled': false,
  },

  async prepare(stage) {
    stage.files = await startHungFileServer();
    stage.release(stage.files.stop);
    stage.folder = await mkdtemp(path.join(os.tmpdir(), 'io-uring-inspector-store-'));
    stage.release(() => rm(stage.folder, { recursive: true }));
    const source = path.join(stage.folder, 'store.c');
    await copyFile(path.join(stage.root, 'test/ui/marks/store.c'), source);
    compile(source, path.join(stage.root, 'test/victims'), path.join(stage.folder, 'store'));
    const lines = (await readFile(source, 'utf8')).split('\n');
    stage.lineOf = (text) => lines.findIndex((line) => line.includes(text)) + 1;
    stage.victim = await startProgram(path.join(stage.folder, 'store'), `${stage.files.mount}/hang1`);
    stage.release(stage.victim.stop);
  },

  steps: [
    [
      'the thread has its stack in the program below it',
      async (workbench, { victim }) => {
        await workbench.command('Inspect io_uring');
        await workbench.pick('store', victim.pid);
        await unfoldThread(workbench, victim.pid);
        await workbench.row('wait_for_blocks').waitFor();
      },
    ],
    [
      'a click on a frame leads to its line',
      async (workbench, { lineOf }) => {
        await clickUntil(workbench, 'wait_for_blocks', async () => {
          const cursor = await workbench.find('cursor').textContent();
          return cursor.includes(`Ln ${lineOf('syscall(')},`);
        });
        await workbench.page.locator('.part.editor .tab[data-resource-name="store.c"]').waitFor();
      },
    ],
    [
      'so does Enter on one',
      async (workbench, { lineOf }) => {
        // A click leaves the tree for the editor.
        await workbench.page.locator('.tree-explorer-viewlet-tree-view .monaco-list').focus();
        await workbench.page.keyboard.press('ArrowDown');
        await workbench.page.keyboard.press('Enter');
        await atLine(workbench, lineOf('  wait_for_blocks(&ring)'));
      },
    ],
    [
      'the line is marked where the thread waits, and the one that the reads belong to',
      async (workbench) => {
        await toTop(workbench);
        const marks = await workbench.until('two marks', async () => {
          const found = await drawn(workbench);
          return found.length === 2 && found;
        });
        assert.match(marks[0].line, /^static void on_block/);
        assert.match(marks[0].text, /^4 reads pending, oldest \d.* — waits for .*(page|answer)/);
        assert.match(marks[1].line, /syscall\(/);
        assert.match(marks[1].text, /^1 thread waits for 4 stuck requests, \d/);
        assert.equal(await workbench.find('editorIcon').count(), 2);
      },
    ],
    [
      'the hover of a mark holds the finding, the stack, and a way to the row',
      async (workbench) => {
        const hover = await hoverOver(workbench, 'syscall(');
        const text = await hover.innerText();
        assert.match(text, /1 thread waits for 4 stuck requests/);
        assert.match(text, /Stack of store/);
        assert.match(text, /wait_for_blocks.*store\.c:\d+/);
      },
    ],
    [
      'its link selects the thread in the tree',
      async (workbench, { victim }) => {
        await workbench.row(/^Files and sockets/).click();
        const hover = await hoverOver(workbench, 'syscall(');
        await hover.getByText('Show in the tree').first().click();
        await workbench.until('the selected row', async () => {
          const selected = workbench.page.locator('.monaco-list-row.selected .label-name');
          return (await selected.allTextContents()).includes(`store (${victim.pid})`);
        });
      },
    ],
    [
      'marks follow edits',
      async (workbench) => {
        await toTop(workbench);
        await workbench.page.keyboard.type('\n\n');
        await stays(workbench, async () => {
          const lines = (await drawn(workbench)).map(({ line }) => line);
          return lines.length === 2 && /^static void on_block/.test(lines[0]) && /syscall\(/.test(lines[1]);
        });
        await workbench.page.keyboard.press('Control+Z');
        await workbench.page.keyboard.press('Control+Z');
      },
    ],
    [
      'the menu of a frame has its source and its stack',
      async (workbench) => {
        const menu = await workbench.contextMenu('wait_for_blocks');
        assert.ok(menu.includes('Go to Source'), menu.join());
        assert.ok(menu.includes('Copy Stack'), menu.join());
        await workbench.page.keyboard.press('Escape');
      },
    ],
    [
      'a source that was changed after the program was made is flagged',
      async (workbench) => {
        await toTop(workbench);
        await workbench.page.keyboard.type('// changed\n');
        await workbench.page.keyboard.press('Control+S');
        await workbench.until('the flag', async () => {
          const found = await drawn(workbench);
          return (
            found.length === 2 && found.every(({ text }) => /\(source newer than the program\)/.test(text))
          );
        });
      },
    ],
    [
      'in a light theme the marks stand there, too',
      async (workbench) => {
        await workbench.command('Preferences: Toggle between Light/Dark Themes');
        await workbench.until('the theme', async () =>
          /(^| )vs( |$)/.test(await workbench.find('workbench').first().getAttribute('class')),
        );
        assert.equal((await drawn(workbench)).length, 2);
      },
    ],
    [
      'they vanish with the inspection',
      async (workbench) => {
        await workbench.command('io_uring Inspector: Close Inspection');
        await workbench.until('no mark', async () => (await drawn(workbench)).length === 0);
        assert.equal(await workbench.find('editorIcon').count(), 0);
      },
    ],
  ],
};

function compile(source, victims, program) {
  const others = ['ring.c', 'victim.c'].map((name) => path.join(victims, name));
  try {
    execFileSync('cc', ['-g', '-O0', '-I', victims, '-o', program, source, ...others], { stdio: 'pipe' });
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
    throw new Skip('needs a C compiler to make its stuck program (apt-get install gcc libc6-dev)');
  }
}

async function unfoldThread(workbench, pid) {
  await workbench.until('the threads', async () =>
    (await workbench.rows()).some(({ label }) => /^(Other threads|Blocked threads)/.test(label)),
  );
  for (const section of [/^Blocked threads/, /^Other threads/])
    if ((await workbench.rows()).some(({ label }) => section.test(label))) await workbench.unfold(section);
  // The root has the same label.
  const label = workbench.page.locator('.label-name').filter({ hasText: `store (${pid})` });
  const thread = workbench.find('treeRow').filter({ has: label }).last();
  await workbench.until('the thread unfolded', async () => {
    if ((await thread.getAttribute('aria-expanded')) === 'true') return true;
    await thread.locator('.monaco-tl-twistie').click();
    await workbench.page.waitForTimeout(500);
    return false;
  });
}

/** A click is lost when the editor redraws the tree at that moment. */
async function clickUntil(workbench, row, done) {
  for (let attempt = 1; ; attempt++) {
    await workbench.row(row).click();
    try {
      return await workbench.until(`what a click on ${row} does`, done, 5000);
    } catch (error) {
      if (attempt === 3) throw error;
    }
  }
}

function atLine(workbench, line) {
  return workbench.until(`line ${line}`, async () =>
    (await workbench.find('cursor').textContent()).includes(`Ln ${line},`),
  );
}

/** To the top of the text, where both marks can be seen. */
async function toTop(workbench) {
  const { x, y, width, height } = await workbench.page.locator('.part.editor .monaco-editor').boundingBox();
  await workbench.page.mouse.click(x + width * 0.6, y + height * 0.8);
  await workbench.page.keyboard.press('Control+Home');
  await atLine(workbench, 1);
}

/** The marked lines that can be seen, from the top: their own text, and the mark behind it. */
function drawn(workbench) {
  return workbench.find('editorLine').evaluateAll((lines) =>
    lines
      .map((line) => {
        const after = [...line.querySelectorAll('span')]
          .map((span) => getComputedStyle(span, '::after').content)
          .find((content) => content.startsWith('"'));
        return {
          top: line.getBoundingClientRect().top,
          line: line.textContent.replaceAll('\u00a0', ' '),
          text: after && JSON.parse(after).replaceAll('\u00a0', ' '),
        };
      })
      .filter(({ text }) => text !== undefined)
      .sort((a, b) => a.top - b.top),
  );
}

/** The editor's hover over the line that holds a text. */
async function hoverOver(workbench, text) {
  const line = workbench.find('editorLine').filter({ hasText: text }).first();
  const hover = workbench.find('editorHover').filter({ hasText: 'Show in the tree' }).first();
  for (let attempt = 1; ; attempt++) {
    await workbench.page.mouse.move(5, 5);
    const { x, y, height } = await line.boundingBox();
    await workbench.page.mouse.move(x + 60, y + height / 2, { steps: 4 });
    try {
      await hover.waitFor({ timeout: 4000 });
      return hover;
    } catch (error) {
      // Marks are drawn anew now and then, and take their hover with them.
      if (attempt === 4) throw error;
    }
  }
}

/** Holds for two seconds in which the process is looked at again. */
async function stays(workbench, look) {
  await workbench.until('the marks at their lines', look);
  await workbench.page.waitForTimeout(2000);
  assert.ok(await look());
}
