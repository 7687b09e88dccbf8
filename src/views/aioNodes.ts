import { aioCallOf, aioCallWords, aioFacts, aioRequestFacts, aioRequestName } from '../explain/aio';
import { t } from '../model/l10n';
import type { AioContext, AioRequest, Sample } from '../model/sample';
import { markdownText } from './escape';
import { UNLISTED_CONTEXT } from './ids';
import { type Node, paged } from './node';
import { taskRow } from './taskNodes';
import { count, dots, shown } from './words';

/** The contexts of Linux AIO, the interface before io_uring. */
export function aioNodes(sample: Sample): readonly Node[] {
  const contexts = sample.aio ?? [];
  if (contexts.length === 0) return [];
  return [
    {
      id: 'aio',
      label: t('Linux AIO contexts ({0})', contexts.length),
      icon: { id: 'history' },
      expanded: contexts.length <= 4,
      tooltip: () =>
        t(
          'What the program asked for with io\\_setup and io\\_submit \\(libaio\\), the interface before io\\_uring\\.',
        ),
      children: () => paged(contexts, (context) => aioRow(context, sample)),
    },
  ];
}

/** A context with its pending requests and the threads inside its calls below it. */
export function aioRow(context: AioContext, sample: Sample): Node {
  const { id, address, pending = 0, requests } = context;
  const facts = dots(...aioFacts(context));
  const unlisted = pending - requests.length;
  return {
    id: `aio-${id}`,
    label: t('context {0}', id),
    description: facts,
    icon: { id: 'circle-large-outline' },
    tooltip: () =>
      [
        t('**Linux AIO context {0}**', id),
        markdownText(shown(t('at {0} in the process', address))),
        markdownText(facts),
      ]
        .filter(Boolean)
        .join('\n\n'),
    expanded: sample.rings.length === 0,
    children: () => [
      ...paged(requests, requestNode),
      ...(unlisted > 0
        ? [
            {
              id: 'unlisted',
              label: t('{0} pending, not listed', count(unlisted, 'more request')),
              icon: { id: 'eye-closed' },
              context: UNLISTED_CONTEXT,
              tooltip: () =>
                t(
                  'The kernel counts them, and lists polls alone\\. A search through its memory finds all others, each with file and place\\.',
                ),
            },
          ]
        : []),
      ...callNodes(context, sample),
    ],
  };
}

function requestNode(request: AioRequest): Node {
  const label = shown(aioRequestName(request));
  const description = shown(dots(...aioRequestFacts(request)));
  return {
    id: `request-${request.iocb}-${request.userData}`,
    label,
    description,
    icon: { id: request.operation === 'POLL' ? 'watch' : 'circle-filled' },
    spoken: `${label}, ${description}`,
    tooltip: () => markdownText(shown(t('{0}, its iocb is at {1}', request.operation, request.iocb))),
  };
}

function callNodes({ id }: AioContext, sample: Sample): readonly Node[] {
  const calls = sample.tasks.flatMap((task) => {
    const call = aioCallOf(sample, { task });
    return call?.context?.id === id ? [call] : [];
  });
  return paged(calls, (call) => ({
    ...taskRow(call.task, sample),
    id: `call-${call.task.tid}`,
    description: shown(aioCallWords(call)),
  }));
}
