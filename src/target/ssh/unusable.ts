import { access, readFile } from 'node:fs/promises';
import type { BaseAgent } from 'ssh2';
import { printable } from '../../model/printable';
import { keyTypeOf } from './hostKey';
import type { HostOptions } from './hostOptions';
import type { Library } from './loadLibrary';
import { publicLine } from './privateKey';

/** Milliseconds an agent has to list its keys. */
const AGENT_PATIENCE = 2_000;
/** Bytes of an agent's answer (PROTOCOL.agent, 3.5). */
const MOST_BYTES = 1 << 20;
/** Keys of an agent's that are told. */
const MOST_KEYS = 20;

/** What of the user's OpenSSH's client would show to a server and this one cannot, in sentences. Never rejects. */
export async function unusableIdentities(host: HostOptions, library: Library): Promise<string[]> {
  const files = await Promise.all(host.identityFiles.map(ofFile));
  const certificates = await Promise.all(
    host.certificateFiles.map(async (path) => ((await exists(path)) ? [certificate(path)] : [])),
  );
  const agent = host.agent === undefined || host.identitiesOnly ? [] : await ofAgent(host.agent, library);
  return [...new Set([...files.flat(), ...certificates.flat(), ...agent])];
}

async function ofFile(path: string): Promise<string[]> {
  const plain = path.replace(/(-cert)?\.pub$/, '');
  const told: string[] = [];
  const key = publicLine(await readFile(`${plain}.pub`, 'utf8').catch(() => ''));
  if (key && isFido(keyTypeOf(key)))
    told.push(`The key ${printable(plain)} is a FIDO key, which cannot be used here.`);
  if (await exists(`${plain}-cert.pub`)) told.push(certificate(`${plain}-cert.pub`));
  return told;
}

async function ofAgent(path: string, library: Library): Promise<string[]> {
  const types = (await agentKeyTypes(library.createAgent(path))).slice(0, MOST_KEYS);
  return [
    ...(types.some(isCertificate) ? ['The agent has a certificate, which cannot be used here.'] : []),
    ...(types.some((type) => isFido(type) && !isCertificate(type))
      ? ['The agent has a FIDO key, which cannot be used here.']
      : []),
  ];
}

function certificate(path: string): string {
  return `The certificate ${printable(path)} cannot be used here.`;
}

function isFido(type: string): boolean {
  return type.startsWith('sk-');
}

function isCertificate(type: string): boolean {
  return /-cert-v\d+@/.test(type);
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

const REQUEST_IDENTITIES = Buffer.from([0, 0, 0, 1, 11]);
const IDENTITIES_ANSWER = 12;

/** The types of all keys of an agent: ssh2 lists only those that it can use. Empty where it does not answer. */
function agentKeyTypes(agent: BaseAgent): Promise<string[]> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve([]), AGENT_PATIENCE);
    const end = (types: string[]) => {
      clearTimeout(timer);
      resolve(types);
    };
    if (!agent.getStream) return end([]);
    agent.getStream((error, stream) => {
      if (error || !stream) return end([]);
      let answer = Buffer.alloc(0);
      const done = () => {
        stream.destroy();
        end(typesIn(answer));
      };
      setTimeout(done, AGENT_PATIENCE).unref();
      stream.on('data', (chunk: Buffer) => {
        answer = Buffer.concat([answer, chunk]);
        if (answer.length > MOST_BYTES || (answer.length >= 4 && answer.length >= 4 + answer.readUInt32BE(0)))
          done();
      });
      stream.on('error', done);
      stream.on('close', done);
      stream.write(REQUEST_IDENTITIES);
    });
  });
}

/** Key types of an agent's answer: length, kind, number, then key and comment of each. What is cut off is left out. */
export function typesIn(answer: Buffer): string[] {
  const types: string[] = [];
  if (answer.length < 9 || answer[4] !== IDENTITIES_ANSWER) return types;
  let at = 9;
  const next = (): Buffer | undefined => {
    const end = at + 4 <= answer.length ? at + 4 + answer.readUInt32BE(at) : Number.POSITIVE_INFINITY;
    if (end > answer.length) return undefined;
    const part = answer.subarray(at + 4, end);
    at = end;
    return part;
  };
  for (let left = answer.readUInt32BE(5); left > 0; left--) {
    const key = next();
    if (!key || !next()) break;
    types.push(keyTypeOf(key));
  }
  return types;
}
