/** `proxyfs metrics`: the daemon's figures for Prometheus. */

import { defineCommand } from '../command.js';
import { withSession } from '../session.js';

export const metrics = defineCommand<object>({
  usage: 'metrics',
  summary: "Print the project's figures in Prometheus' text format",
  examples: [
    ['$0 metrics', 'once'],
    ['$0 metrics --project /mnt/show >/var/lib/node_exporter/proxyfs.prom', 'for the textfile collector'],
    ['$0 mount /raid/show /mnt/show --metrics-port 9464', 'serve them at 127.0.0.1:9464/metrics instead'],
  ],
  options: (yargs) => yargs,
  run: async (args, terminal) => {
    const { text } = await withSession(args, [], terminal, ({ client }) => client.call('metrics', {}));
    return { result: { text }, text: () => text.trimEnd() };
  },
});
