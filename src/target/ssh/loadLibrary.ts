export type Library = typeof import('./library');

let loading: Promise<Library> | undefined;

/** The libraries, which take some 30 ms to load: once, and not before somebody asks. */
export function loadLibrary(): Promise<Library> {
  loading ??= import('./library');
  return loading;
}
