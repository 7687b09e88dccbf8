// npm run demo [-- --keep]: from a fresh clone to a stuck program explained, in the terminal.
// --keep leaves the program running (five minutes at most) and prints its pid; --built uses what is built already.
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { checkMachine, Missing, prepare, root } from './prepare.mjs';
import { startDemoProgram } from './program.mjs';

const keep = process.argv.includes('--keep');
const built = process.argv.includes('--built');
const say = (text) => process.stdout.write(`${text}\n`);

async function demo() {
  if (built) checkMachine();
  else prepare(say);
  say('Starting a small server that gets stuck …');
  const program = await startDemoProgram({ keep });
  const end = () => {
    program.stop();
    process.exit(130);
  };
  process.once('SIGINT', end);
  process.once('SIGTERM', end);
  try {
    say(`\n$ inspect-io-uring ${program.pid}\n`);
    const cli = path.join(root, 'dist/cli.js');
    const run = spawnSync(process.execPath, [cli, String(program.pid)], { stdio: 'inherit' });
    if (run.status !== 0) throw new Missing(`The inspection ended with exit code ${run.status}.`);
  } finally {
    if (!keep) program.stop();
  }
  say('');
  if (keep) say(`The server runs on for five minutes as process ${program.pid}; end it: kill ${program.pid}`);
  else say('That was a real process, and it has been ended. Keep it with: npm run demo -- --keep');
}

demo().catch((error) => {
  process.stderr.write(error instanceof Missing ? `${error.message}\n` : `${error.stack}\n`);
  process.exitCode = 1;
});
