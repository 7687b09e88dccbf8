/** The servers of DEBUGINFOD_URLS. */
export function environmentUrls({ DEBUGINFOD_URLS = '' }: NodeJS.ProcessEnv = process.env): string[] {
  return DEBUGINFOD_URLS.split(/\s+/).filter((url) => url !== '');
}
