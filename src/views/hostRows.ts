import { type HostId, hostFrom, hostKey, hostName, LOCAL } from '../inspect/hostId';
import { t } from '../model/l10n';
import { withoutIcons } from './escape';
import { shown } from './words';

/** One line of the picker of hosts. */
export interface HostRow {
  readonly label: string;
  readonly description: string;
  /** Stays whatever is typed. */
  readonly alwaysShow?: boolean;
  readonly id: HostId;
}

/** The hosts that can be picked from, each list in its order. */
export interface KnownHosts {
  /** This machine is one: it runs Linux. */
  readonly local: boolean;
  readonly recent: readonly HostId[];
  /** Of the user's settings. */
  readonly configured: readonly HostId[];
  /** Names of ~/.ssh/config. */
  readonly aliases: readonly string[];
}

/** Each host once, those used last first; what is typed is a host for ssh where no row has its name. */
export function hostRows(known: KnownHosts, typed: string): HostRow[] {
  const rows: HostRow[] = [];
  const seen = new Set<string>();
  const add = (id: HostId | undefined, description: string) => {
    if (!id || seen.has(hostKey(id))) return;
    seen.add(hostKey(id));
    rows.push({ label: withoutIcons(shown(hostName(id), 64)), description: withoutIcons(description), id });
  };
  if (known.local) add(LOCAL, t('where this window’s extensions run'));
  for (const id of known.recent) add(id, t('used before{0}', wayOf(id)));
  for (const id of known.configured) add(id, t('of your settings{0}', wayOf(id)));
  for (const alias of known.aliases) add(hostFrom(alias), t('of ~/.ssh/config'));
  const id = hostFrom(typed);
  if (id && !seen.has(hostKey(id)))
    rows.push({
      label: withoutIcons(t('Connect to {0}', shown(hostName(id), 64))),
      description: t('by ssh'),
      alwaysShow: true,
      id,
    });
  return rows;
}

function wayOf(id: HostId): string {
  return id.kind === 'command' ? `: ${shown(id.command.join(' '), 100)}` : '';
}
