/** Everything of others that SSH needs: a bundle of its own (dist/ssh.js), loaded when a host is first asked for. */

export { parse } from 'ssh-config';
export { BaseAgent, Client, createAgent, utils } from 'ssh2';
