import { t } from '../model/l10n';
import type { FromPage } from '../model/timeline';

export interface PageParts {
  readonly script: string;
  readonly style: string;
  /** The origin that the editor serves the extension's files from. */
  readonly source: string;
  readonly nonce: string;
  readonly language: string;
  /** What the page says in that language, by its English; absent = it speaks English. */
  readonly words?: Readonly<Record<string, string>> | undefined;
}

/** The timeline's page: one script, one style sheet, and nothing else may be loaded or run. */
export function timelineHtml({ script, style, source, nonce, language, words }: PageParts): string {
  const policy = [
    "default-src 'none'",
    `style-src ${source}`,
    `script-src 'nonce-${nonce}'`,
    `font-src ${source}`,
  ].join('; ');
  return `<!DOCTYPE html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${t('io_uring timeline')}</title>
<link rel="stylesheet" href="${style}">
</head>
<body${words ? ` data-words="${attribute(JSON.stringify(words))}"` : ''}>
<script nonce="${nonce}" src="${script}"></script>
</body>
</html>
`;
}

function attribute(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;');
}

/** What a page may ask for; anything else is none of ours. */
export function readMessage(value: unknown): FromPage | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { kind, at, from, png } = value as Record<string, unknown>;
  switch (kind) {
    case 'ready':
    case 'pause':
    case 'resume':
    case 'trace':
    case 'stop trace':
      return { kind };
    case 'select':
      if (!isTime(at) || (from !== undefined && !isTime(from))) return undefined;
      return { kind, at, ...(from === undefined ? {} : { from }) };
    case 'picture':
      return typeof png === 'string' && /^[A-Za-z0-9+/]+=*$/.test(png) ? { kind, png } : undefined;
    default:
      return undefined;
  }
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}
