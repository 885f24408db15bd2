import { stat } from 'node:fs/promises';
import t from 'tap';
import { ERROR_CODES, errorKind, isErrorCode, ProxyfsError, toProxyfsError } from '../../src/base/error.js';
import { exitCodeOf } from '../../src/base/exit-code.js';

t.test('every code belongs to one kind, and kinds decide exit codes', async (t) => {
  const codes = Object.values(ERROR_CODES).flat();
  t.equal(new Set(codes).size, codes.length);
  t.equal(exitCodeOf(new ProxyfsError('source/missing', '')), 1);
  t.equal(exitCodeOf(new ProxyfsError('ffmpeg/failed', '')), 2);
  t.equal(exitCodeOf(new ProxyfsError('generate/partly-done', '')), 3);
  t.equal(exitCodeOf(new ProxyfsError('system/no-space', '')), 4);
  for (const code of codes) t.ok(errorKind(code) && isErrorCode(code));
  t.notOk(isErrorCode('no/such-code'));
});

t.test('a system error keeps its meaning and its cause', async (t) => {
  const error = await stat('/no/such/file').catch(toProxyfsError);
  t.match(error, { code: 'path/missing', cause: { code: 'ENOENT' } });
  t.equal(toProxyfsError(Object.assign(new Error('full'), { code: 'ENOSPC' })).code, 'system/no-space');
  t.equal(toProxyfsError('text').code, 'internal');
  const own = new ProxyfsError('mode/pinned', 'x');
  t.equal(toProxyfsError(own), own);
});
