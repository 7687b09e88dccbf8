import { bundled, translateBy } from '../src/model/l10n';

// What the extension has put into the page, before anything asks for a text.
const { words } = document.body.dataset;
if (words !== undefined) translateBy(bundled(JSON.parse(words) as Record<string, string>));
