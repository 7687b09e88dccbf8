import type { Target } from '../target/target';
import { EVENT_KINDS } from '../trace/events';
import { type EventFormat, type PageLayout, parseFormat, parseHeaderPage } from '../trace/format';
import { nothingTraced, traceRefused } from './tracingTrouble';

const PLACES = ['/sys/kernel/tracing', '/sys/kernel/debug/tracing'];

/** Where tracefs is mounted on a host, and how its kernel writes events of io_uring. */
export interface HostFormats {
  readonly place: string;
  readonly formats: readonly EventFormat[];
  readonly page: PageLayout;
  readonly processors: number;
}

/** Rejects with a UserError where there is none, or no right to read it. */
export async function readFormats(target: Target): Promise<HostFormats> {
  let errno = 'ENOENT';
  for (const place of PLACES) {
    const [listed, all, cpus] = await target.list([
      `${place}/events/io_uring`,
      `${place}/events`,
      `${place}/per_cpu`,
    ]);
    if (!listed?.ok) {
      if (all?.ok && all.entries.length > 0) throw nothingTraced('This kernel has no events of io_uring.');
      if (listed && listed.errno !== 'ENOENT') errno = listed.errno;
      continue;
    }
    const names = listed.entries.map(({ name }) => name).filter((name) => EVENT_KINDS.has(name));
    const [header, ...answers] = await target.read([
      `${place}/events/header_page`,
      ...names.map((name) => `${place}/events/io_uring/${name}/format`),
    ]);
    const formats = answers.flatMap((answer) => {
      const format = answer.ok ? parseFormat(answer.data.toString('latin1')) : undefined;
      return format ? [format] : [];
    });
    const page = parseHeaderPage(header?.ok ? header.data.toString('latin1') : '');
    return { place, formats, page, processors: cpus?.ok ? Math.max(1, cpus.entries.length) : 1 };
  }
  throw traceRefused(errno === 'ENOENT' ? 'ENODEV' : errno, target);
}
