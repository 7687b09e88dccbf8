/**
 * Records what a debug adapter and its client say: node record.mjs lldb|debugpy|delve PROGRAM LINE [ARGUMENT…] > sessions/NAME.json
 * The client starts the program, stops it at the line of its source, asks for its threads, lets it go on and ends the session.
 */
import { spawn } from 'node:child_process';
import { connect } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';

const [kind, source, line, program = source, ...args] = process.argv.slice(2);
const adapters = {
  lldb: { type: 'lldb-dap', command: ['lldb-vscode-14'], launch: { program, args } },
  debugpy: {
    type: 'debugpy',
    command: ['/usr/bin/python3', '-m', 'debugpy.adapter'],
    launch: { program, args, console: 'internalConsole', subProcess: true },
  },
  delve: {
    type: 'go',
    command: ['dlv', 'dap', '--listen=127.0.0.1:0'],
    launch: { mode: 'exec', program, args },
  },
};
const { type, command, launch } = adapters[kind];
const messages = [];
const waiting = new Set();
let sequence = 0;

const child = spawn(command[0], command.slice(1), { stdio: ['pipe', 'pipe', 'inherit'] });
const stream = kind === 'delve' ? await listening(child) : { input: child.stdin, output: child.stdout };

let rest = Buffer.alloc(0);
stream.output.on('data', (data) => {
  rest = Buffer.concat([rest, data]);
  for (;;) {
    const end = rest.indexOf('\r\n\r\n');
    const length = Number(/Content-Length: (\d+)/.exec(rest.subarray(0, Math.max(0, end)))?.[1]);
    if (end < 0 || rest.length < end + 4 + length) return;
    receive(JSON.parse(rest.subarray(end + 4, end + 4 + length)));
    rest = rest.subarray(end + 4 + length);
  }
});

const configuration = { type, request: 'launch', name: 'Debug', ...launch };
await request('initialize', { adapterID: type, linesStartAt1: true, supportsRunInTerminalRequest: false });
const launched = request('launch', configuration);
await event('initialized');
await request('setBreakpoints', { source: { path: source }, breakpoints: [{ line: Number(line) }] });
await request('setExceptionBreakpoints', { filters: [] }).catch(() => undefined);
await request('configurationDone', {});
await launched;
const { threadId } = await event('stopped', ({ reason }) => /breakpoint/.test(reason));
await request('threads', {});
await request('stackTrace', { threadId, startFrame: 0, levels: 1 });
await request('continue', { threadId });
await event('stopped', ({ reason }) => /breakpoint/.test(reason));
await request('setBreakpoints', { source: { path: source }, breakpoints: [] });
await request('continue', { threadId });
await wait(500);
await request('disconnect', { terminateDebuggee: true });
await wait(300);
child.kill();
process.stdout.write(
  `{\n"from": ${JSON.stringify(`recorded: ${command.join(' ')}`)},\n"configuration": ${JSON.stringify(configuration)},\n"messages": [\n${messages.map((one) => JSON.stringify(one)).join(',\n')}\n]\n}\n`,
);
process.exit(0);

function listening(dlv) {
  dlv.stdout.setEncoding('utf8');
  return new Promise((resolve) => {
    dlv.stdout.on('data', (text) => {
      const port = /listening at: 127\.0\.0\.1:(\d+)/.exec(text)?.[1];
      if (port === undefined) return;
      const socket = connect(Number(port), '127.0.0.1');
      resolve({ input: socket, output: socket });
    });
  });
}

function receive(message) {
  messages.push({ from: message });
  for (const one of [...waiting]) one(message);
}

function seen(fits) {
  return new Promise((resolve) => {
    const look = (message) => {
      if (!fits(message)) return;
      waiting.delete(look);
      resolve(message);
    };
    waiting.add(look);
  });
}

async function event(name, fits = () => true) {
  return (await seen((one) => one.type === 'event' && one.event === name && fits(one.body ?? {}))).body;
}

async function request(name, words) {
  sequence += 1;
  const message = { seq: sequence, type: 'request', command: name, arguments: words };
  messages.push({ to: message });
  const text = JSON.stringify(message);
  stream.input.write(`Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`);
  const answer = await seen((one) => one.type === 'response' && one.request_seq === message.seq);
  if (!answer.success) throw new Error(`${name}: ${answer.message}`);
  return answer.body;
}
