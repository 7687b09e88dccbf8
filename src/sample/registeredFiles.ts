import type { Operand, Request, Resource } from '../model/sample';
import { withFields } from './requests/withFields';

/** Names of a ring's registered files by their index, as fdinfo prints them. */
export type RegisteredNames = ReadonlyMap<number, string>;

/**
 * The paths of requests that go to a registered file: what fdinfo prints, whole from 6.13 on, before that only the last part, which
 * is enough where one open file has it. What has no path is named as an operand.
 */
export function withRegisteredFiles(
  requests: readonly Request[],
  names: ReadonlyMap<number, RegisteredNames>,
  resources: readonly Resource[],
): Request[] {
  if (names.size === 0) return [...requests];
  return requests.map((request) => {
    const { ring, fixedFile, path } = request;
    if (ring === null || typeof fixedFile !== 'number' || path !== undefined) return request;
    const name = names.get(ring)?.get(fixedFile);
    if (name === undefined || name === '') return request;
    const known = name.startsWith('/') ? name : onlyPath(name, resources);
    if (known !== undefined) return withFields(request, { path: known });
    const operands: readonly Operand[] = [{ name: 'file', value: name }, ...(request.operands ?? [])];
    return withFields(request, { operands });
  });
}

function onlyPath(name: string, resources: readonly Resource[]): string | undefined {
  const paths = new Set(resources.flatMap(({ path }) => (path?.endsWith(`/${name}`) ? [path] : [])));
  const [only] = paths;
  return paths.size === 1 ? only : undefined;
}
