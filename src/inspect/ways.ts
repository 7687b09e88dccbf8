import { noWay, type Ways } from './openHost';

/** The ways of this build; loaded when a host elsewhere, or more rights, are asked for. */
export async function ways(): Promise<Ways> {
  return {
    ssh: async (alias) => {
      throw noWay({ kind: 'ssh', alias });
    },
    command: (command, label) => {
      throw noWay({ kind: 'command', command, label });
    },
    probe: async (host) => {
      throw noWay({ kind: 'command', command: [], label: host.label });
    },
    elevated: async () => {
      throw noWay({ kind: 'local', sudo: true });
    },
  };
}
