import { printable } from '../model/printable';
import type { AioContext } from '../model/sample';
import { aioCallOf, aioCallWords, aioFacts, aioRequestFacts, aioRequestName } from './aio';
import type { Context } from './reportContext';
import { wrap } from './style';
import { counted, grouped, processName } from './words';

/** Contexts, and requests of one, that are written out. */
const MOST = { brief: { contexts: 16, requests: 8 }, verbose: { contexts: 1024, requests: 1000 } } as const;

/** The contexts of Linux AIO with what is pending in each. */
export function aioLines(context: Context): string[] {
  const { style, verbose } = context;
  const contexts = context.sample.aio ?? [];
  if (contexts.length === 0) return [];
  const shown = contexts.slice(0, (verbose ? MOST.verbose : MOST.brief).contexts);
  const left = contexts.length - shown.length;
  return [
    style.bold(`Linux AIO contexts (${contexts.length})`),
    ...shown.flatMap((one) => contextLines(context, one)),
    ...(left > 0 ? [`  … ${grouped(left)} more contexts (--verbose lists them)`] : []),
  ];
}

function contextLines({ sample, width, verbose }: Context, context: AioContext): string[] {
  const { id, address, requests, pending = 0 } = context;
  const shown = requests.slice(0, (verbose ? MOST.verbose : MOST.brief).requests);
  const left = requests.length - shown.length;
  const unlisted = pending - requests.length;
  const calls = sample.tasks.flatMap((task) => {
    const call = aioCallOf(sample, { task });
    return call?.context?.id === id ? [call] : [];
  });
  const line = (text: string, indent: string): string[] => wrap(`${indent}${text}`, width, `${indent}    `);
  return [
    ...line([`context ${id} · ${printable(address, 24)}`, ...aioFacts(context)].join(' · '), '  '),
    ...shown.flatMap((request) =>
      line([aioRequestName(request), ...aioRequestFacts(request)].join(' · '), '    '),
    ),
    ...(left > 0 ? [`    … ${grouped(left)} more (--verbose lists them)`] : []),
    ...(unlisted > 0 ? [`    ${counted(unlisted, 'request')} not listed`] : []),
    ...calls
      .slice(0, 8)
      .flatMap((call) =>
        line(
          `thread ${processName({ pid: call.task.tid, name: call.task.name })} ${aioCallWords(call)}`,
          '    ',
        ),
      ),
  ];
}
