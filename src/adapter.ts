import { ADAPTER_HELP, type AdapterAsked, parseAdapterArguments } from './adapter/arguments';
import { type MakeServices, servePort, serveStreams } from './adapter/serve';
import { standaloneServices } from './adapter/standalone';
import { EXIT } from './cli/exitCode';
import { complain, complainLine, print } from './cli/terminal';
import { UserError } from './model/errors';

/** Milliseconds that what was opened has to close. A way to a host may never do so. */
const FAREWELL = 2000;

/**
 * The debug adapter in a process of its own: DAP on stdin and stdout, or on a port of the loopback.
 * Resolves to the exit code when its last session has ended; says what is wrong by itself. Never rejects.
 */
async function serveAdapter(args: readonly string[]): Promise<number> {
  try {
    await serve(parseAdapterArguments(args));
    return EXIT.ok;
  } catch (error) {
    if (error instanceof UserError) complain(error);
    else complainLine(`something went wrong that should not have: ${String(error)}`);
    return EXIT.error;
  }
}

async function serve(asked: AdapterAsked): Promise<void> {
  if (asked.help) return print(ADAPTER_HELP);
  const services: MakeServices = (ended) => standaloneServices(asked, __dirname, ended);
  if (asked.port !== undefined)
    return servePort(asked.port, services, (port) => {
      process.stderr.write(`Listening on 127.0.0.1:${port}\n`);
    });
  await serveStreams(process.stdin, process.stdout, services);
  process.stdin.destroy();
}

/** Runs the debug adapter with these arguments, and ends the process when its last session has ended. */
export async function runAdapter(args: readonly string[]): Promise<void> {
  process.exitCode = await serveAdapter(args);
  setTimeout(() => process.exit(), FAREWELL).unref();
}
