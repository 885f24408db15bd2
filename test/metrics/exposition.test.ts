import { get, request } from 'node:http';
import t from 'tap';
import { silentLogger } from '../../src/log/logger.js';
import { type Family, formatMetrics } from '../../src/metrics/exposition.js';
import { serveMetrics } from '../../src/metrics/server.js';
import { parseMetrics } from '../fixtures/parse-metrics.js';

const FAMILIES: Family[] = [
  {
    name: 'proxyfs_jobs',
    type: 'gauge',
    help: 'Jobs\nby "state" \\ kind.',
    samples: [{ labels: { state: 'a"b\\c\nd' }, value: 3 }],
  },
  {
    name: 'proxyfs_seconds_total',
    type: 'counter',
    help: 'Time.',
    samples: [{ value: 0.25 }, { labels: { x: 'y' }, value: 1e21 }],
  },
  { name: 'proxyfs_none', type: 'gauge', help: 'Nothing to say.', samples: [] },
];

t.test('what is written is read back the same by a parser of the format, whatever the labels hold', (t) => {
  const parsed = parseMetrics(formatMetrics(FAMILIES, { project: 'p' }));
  t.same(parsed, [
    {
      name: 'proxyfs_jobs',
      type: 'gauge',
      help: 'Jobs\nby "state" \\ kind.',
      samples: [{ labels: { project: 'p', state: 'a"b\\c\nd' }, value: 3 }],
    },
    {
      name: 'proxyfs_seconds_total',
      type: 'counter',
      help: 'Time.',
      samples: [
        { labels: { project: 'p' }, value: 0.25 },
        { labels: { project: 'p', x: 'y' }, value: 1e21 },
      ],
    },
  ]);
  t.end();
});

t.test('the listener answers on the loopback interface, /metrics alone, and says when its port is taken', async (t) => {
  const server = await serveMetrics(0, async () => formatMetrics(FAMILIES, {}), silentLogger);
  t.teardown(() => server.close());
  const ask = (path: string, method = 'GET') =>
    new Promise<{ status: number; type: string; body: string }>((resolve, reject) => {
      const call = request({ host: '127.0.0.1', port: server.port, path, method }, (response) => {
        let body = '';
        response.setEncoding('utf8').on('data', (text: string) => {
          body += text;
        });
        const status = response.statusCode ?? 0;
        response.on('end', () => resolve({ status, type: response.headers['content-type'] ?? '', body }));
      });
      call.once('error', reject).end();
    });
  const answer = await ask('/metrics?x=1');
  t.match(answer, { status: 200, type: /^text\/plain; version=0\.0\.4/ });
  t.equal(parseMetrics(answer.body).length, 2);
  t.match(await ask('/'), { status: 404 });
  t.match(await ask('/metrics', 'POST'), { status: 405 });
  t.match(await ask('/metrics', 'HEAD'), { status: 200, body: '' });
  await t.rejects(
    serveMetrics(server.port, async () => '', silentLogger),
    {
      code: 'config/invalid',
      message: /EADDRINUSE.*choose another metrics-port/,
    },
  );
  const elsewhere = new Promise((resolve, reject) => {
    get({ host: '127.0.0.2', port: server.port, path: '/metrics' }, resolve).once('error', reject);
  });
  await t.rejects(elsewhere, { code: 'ECONNREFUSED' }, 'no other address is listened at');
});
