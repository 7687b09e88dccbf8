/** Counts and prints test results, one line each: `ok`, `skip` with its reason, `FAIL` with what went wrong. */
import { format } from 'node:util';

/** Thrown by a test that cannot run here; the message is the reason. */
export class Skip extends Error {}

export class Report {
  passed = 0;
  failed = 0;
  skipped = 0;

  constructor(print = console.log) {
    this.print = print;
  }

  ok(name, seconds) {
    this.passed++;
    this.print(`ok    ${name}${seconds === undefined ? '' : ` (${seconds.toFixed(1)} s)`}`);
  }

  skip(name, reason) {
    this.skipped++;
    this.print(`skip  ${name}: ${reason}`);
  }

  fail(name, error) {
    this.failed++;
    this.print(
      `FAIL  ${name}\n${indent(error instanceof Error ? (error.stack ?? error.message) : format(error))}`,
    );
  }

  /** Takes over what another report has counted and printed. */
  add({ passed, failed, skipped }) {
    this.passed += passed;
    this.failed += failed;
    this.skipped += skipped;
  }

  /** Runs one test; true = it passed. */
  async test(name, body) {
    const started = Date.now();
    try {
      await body();
      this.ok(name, (Date.now() - started) / 1000);
      return true;
    } catch (error) {
      if (error instanceof Skip) this.skip(name, error.message);
      else this.fail(name, error);
      return false;
    }
  }

  /** Prints the last line and sets the exit code of this process. */
  finish() {
    this.print(`${this.passed} passed, ${this.failed} failed, ${this.skipped} skipped`);
    // Nothing but skips is told by its reasons; an empty run is an error of ours.
    process.exitCode = this.failed > 0 || this.passed + this.skipped === 0 ? 1 : 0;
  }
}

function indent(text) {
  return text.replace(/^/gm, '      ');
}
