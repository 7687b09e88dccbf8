import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Missing } from './missing';

/** A suite of Debian's archive. */
export interface Suite {
  /** As its Release file says it: `Debian`, `Debian-Security`. */
  readonly label: string;
  readonly name: string;
}

const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

/** Debian packages of a suite that this machine need not know of; everything apt learns stays below `directory`. */
export class Packages {
  private readonly options: string[];

  constructor(
    private readonly suite: Suite,
    directory: string,
  ) {
    const lists = join(directory, 'lists');
    const cache = join(directory, 'cache');
    mkdirSync(join(lists, 'partial'), { recursive: true });
    mkdirSync(join(cache, 'archives/partial'), { recursive: true });
    const sources = join(directory, 'sources.list');
    writeFileSync(sources, `deb [signed-by=${KEYRING}] ${mirrorOf(suite)} ${suite.name} main\n`);
    const settings = {
      'Dir::Etc::sourcelist': sources,
      'Dir::Etc::sourceparts': '/dev/null',
      'Dir::State::lists': lists,
      'Dir::Cache': cache,
      // An archived suite is signed once and for all.
      'Acquire::Check-Valid-Until': 'false',
      'Acquire::http::Timeout': '20',
      // Root's apt fetches as a user who cannot enter a private folder.
      'APT::Sandbox::User': '',
    };
    this.options = Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
  }

  /** Learns what the suite holds. Throws `Missing` when the mirror does not answer. */
  update(): void {
    const run = spawnSync('apt-get', [...this.options, '-qq', 'update'], { encoding: 'utf8' });
    // A mirror that cannot be reached is a warning to apt.
    if (run.status !== 0 || /^[EW]:.*fetch/m.test(run.stderr))
      throw new Missing(`needs Debian's ${this.suite.name}: ${firstLine(run.stderr)}`);
  }

  /** Names of the packages that the newest `name` depends on, exact versions and alternatives left out. */
  dependencies(name: string): string[] {
    const shown = spawnSync('apt-cache', [...this.options, 'show', '--no-all-versions', name], {
      encoding: 'utf8',
    });
    const depends = /^Depends: (.*)$/m.exec(shown.stdout)?.[1];
    if (depends === undefined) throw new Missing(`needs ${name} of Debian's ${this.suite.name}`);
    return depends.split(',').map((one) => one.trim().split(/[ :]/)[0] ?? '');
  }

  /** Unpacks packages below `place`, downloaded there first. */
  unpack(names: readonly string[], place: string): void {
    mkdirSync(place, { recursive: true });
    const run = spawnSync('apt-get', [...this.options, '-qq', 'download', ...names], {
      cwd: place,
      encoding: 'utf8',
    });
    if (run.status !== 0) throw new Missing(`needs ${names.join(', ')}: ${firstLine(run.stderr)}`);
    for (const file of readdirSync(place).filter((entry) => entry.endsWith('.deb'))) {
      const unpacked = spawnSync('dpkg', ['-x', file, '.'], { cwd: place, encoding: 'utf8' });
      if (unpacked.status !== 0) throw new Error(`dpkg -x ${file}: ${unpacked.stderr}`);
    }
  }
}

/** Where this machine gets Debian's packages of such a label from. */
function mirrorOf({ label, name }: Suite): string {
  const run = spawnSync(
    'apt-get',
    ['indextargets', '--format', '$(LABEL) $(REPO_URI)', 'Created-By: Packages'],
    {
      encoding: 'utf8',
    },
  );
  if (run.error) throw new Missing('needs apt-get, on Debian');
  const found = run.stdout.split('\n').find((line) => line.startsWith(`${label} `));
  if (found === undefined)
    throw new Missing(`needs a Debian machine whose apt knows the archive "${label}", for ${name}`);
  return found.slice(label.length + 1);
}

const firstLine = (text: string): string => text.trim().split('\n')[0] ?? '';
