import { CheckedClient, INITIALIZE } from '../dap/client';
import { actor } from '../real/support/actor';
import { alternate, type Benchmark, median, milliseconds, timed } from './figures';
import { withVictim } from './target';

const GOAL = 300;

/** From the start of the adapter to the first stack, as an editor gets it; what of that is node and our program alone is told beside. */
export const debugAdapter: Benchmark = ({ rounds }) =>
  withVictim('crowd', ['20', '2'], async ({ pid }) => {
    const { node, cli } = actor('root');
    const session = async (work: (client: CheckedClient) => Promise<unknown>): Promise<number> => {
      let client: CheckedClient | undefined;
      const took = await timed(async () => {
        client = CheckedClient.spawned(node, [cli, 'dap']);
        await client.initializeRequest(INITIALIZE);
        await work(client);
      });
      client?.leave();
      await client?.ended;
      if (client && client.problems.length > 0) throw new Error(client.problems[0]);
      return took;
    };
    const toStack = (client: CheckedClient) =>
      Promise.all([
        client.attachRequest({ pid } as object),
        client.event('initialized').then(() => client.configurationDoneRequest()),
        client.event('stopped').then(async () => {
          await client.threadsRequest();
          await client.stackTraceRequest({ threadId: pid, startFrame: 0, levels: 20 });
        }),
      ]);
    const [whole, loading] = await alternate(
      rounds,
      () => session(toStack),
      () => session(() => Promise.resolve()),
    );
    const value = median(whole);
    return [
      { name: 'adapter start to the answer of initialize', value: milliseconds(median(loading)) },
      {
        name: 'adapter start to the first stack, 20 threads and 2 rings',
        value: milliseconds(value),
        goal: `< ${GOAL} ms`,
        met: value < GOAL,
      },
    ];
  });
