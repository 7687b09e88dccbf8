import type { Sample } from '../model/sample';

/** By thread inside io_submit: the descriptor that all requests it hands over are about. */
export function submittedFiles({ aio = [] }: Sample): ReadonlyMap<number, number> {
  const files = new Map<number, number>();
  for (const { task, count, requests } of aio.flatMap(({ submitting = [] }) => submitting)) {
    const [fd, ...others] = new Set(requests.map((request) => request.fd));
    if (fd !== undefined && others.length === 0 && requests.length === count) files.set(task, fd);
  }
  return files;
}
